//! The condition variable where a wait ends for another reason than a call: deadlines, and misuse.

use gosync::{Cond, JoinHandle, RawMutex, go};
use gosync_atomic::__sys::Parker;
use gosync_atomic::__sys::control::set_clock;
use loom::sync::Arc;

use super::cond::{Hall, NOBODY, release, stopped_clock};
use crate::model::{Model, holds, witness};
use crate::task::poll_once;

const DEADLINE: &str = "gosync.cond-deadline";
const MISUSE: &str = "gosync.cond-misuse";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(DEADLINE, "meets a signal", || {
            let called = deadline_meets(|hall| usize::from(hall.cond.signal()));
            witness(if called == 1 { "in time" } else { "too late" });
        })
        .witnesses(&["in time", "too late"])
        .reaches(&["table.still-queued"]),
        holds(DEADLINE, "meets a broadcast", || {
            let called = deadline_meets(|hall| hall.cond.broadcast());
            witness(if called == 1 { "in time" } else { "too late" });
        })
        .witnesses(&["in time", "too late"])
        .reaches(&["table.still-queued"]),
        holds(DEADLINE, "two of them meet a broadcast", || {
            // One is still in the line that was detached when its deadline passes.
            let ([hall, beside], deadline) = (Hall::pair(), stopped_clock());
            let waiters = [Hall::waits_until(&hall, deadline), Hall::waits_until(&beside, deadline)];
            set_clock(deadline);
            let called = hall.cond.broadcast();
            let woken: usize = waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum();
            assert_eq!(woken, called);
            witness(["too late", "one in time", "in time"][called]);
            assert_eq!(format!("{:?}", &*hall.cond), NOBODY);
        })
        .bound(2)
        .witnesses(&["too late", "one in time", "in time"]),
        holds(DEADLINE, "the next one gets the signal", || {
            // Whoever is woken passes it on; so nobody is left if it was not lost.
            let ([hall, beside], deadline) = (Hall::pair(), stopped_clock());
            let hasty = go({
                let hall = Arc::clone(&hall);
                move || {
                    let mut state = hall.state.lock();
                    state.waiting += 1;
                    let woken = hall.cond.wait_deadline(&mut state, deadline);
                    drop(state);
                    if woken {
                        witness("in time");
                        hall.cond.signal();
                    } else {
                        witness("too late");
                    }
                }
            });
            let patient = go({
                let beside = Arc::clone(&beside);
                move || {
                    beside.wait_for_call();
                    beside.cond.signal();
                }
            });
            let all_wait = hall.all_wait(1) && beside.all_wait(1);
            set_clock(deadline);
            if all_wait {
                witness("they wait");
                hall.cond.signal();
            } else {
                release(&[beside]);
            }
            hasty.join().unwrap();
            patient.join().unwrap();
            assert_eq!(format!("{:?}", &*hall.cond), NOBODY);
        })
        .bound(2)
        .witnesses(&["they wait", "in time", "too late"]),
        holds(MISUSE, "unlocked by another thread", || {
            let misused = Arc::new((RawMutex::new(), Cond::new()));
            misused.0.lock();
            let other = misuse(&misused);
            if refused(|| misused.1.wait(&mut &misused.0)) {
                witness("refused");
            } else {
                witness("waited");
                misused.0.unlock();
            }
            other.join().unwrap();
            assert_eq!(format!("{:?}", misused.1), NOBODY);
        })
        .bound(4)
        .witnesses(&["refused", "waited"])
        .reaches(&["cond.wake-one"]),
        holds(MISUSE, "a signal that it got goes to the next", || {
            let (misused, hall) = (Arc::new(RawMutex::new()), Hall::new());
            misused.lock();
            let waiter = go({
                let hall = Arc::clone(&hall);
                move || {
                    hall.wait_for_call();
                    hall.cond.signal();
                }
            });
            let other = go({
                let (misused, hall) = (Arc::clone(&misused), Arc::clone(&hall));
                move || {
                    if refused(|| misused.unlock()) {
                        // As above.
                        misused.lock();
                        misused.unlock();
                        release(&[hall]);
                    } else if hall.all_wait(1) {
                        witness("they wait");
                        hall.cond.signal();
                    } else {
                        release(&[hall]);
                    }
                }
            });
            if refused(|| hall.cond.wait(&mut &*misused)) {
                witness("refused");
            } else {
                misused.unlock();
                hall.cond.signal();
            }
            waiter.join().unwrap();
            other.join().unwrap();
        })
        .bound(2)
        .witnesses(&["they wait", "refused"])
        .reaches(&["cond.hand-on"]),
        holds(MISUSE, "a broadcast that it got is nobody else's", || {
            // Whoever came after the broadcast waits on. And whoever is refused leaves when its call has come, not before.
            let (misused, hall) = (Arc::new(RawMutex::new()), Hall::new());
            misused.lock();
            let waiter = go({
                let (misused, hall) = (Arc::clone(&misused), Arc::clone(&hall));
                move || {
                    let refused = refused(|| hall.cond.wait(&mut &*misused));
                    if !refused {
                        misused.unlock();
                    }
                    refused
                }
            });
            if refused(|| misused.unlock()) {
                // As above.
                misused.lock();
                misused.unlock();
            }
            let called = hall.cond.broadcast();
            let mut newcomer = Box::pin(hall.cond.wait_async(hall.state.lock()));
            assert!(poll_once(newcomer.as_mut(), &Parker::new()).is_pending());
            witness(match (waiter.join().unwrap(), called) {
                (true, 1) => "refused, and called",
                (true, _) => "refused",
                _ => "waited",
            });
            assert!(poll_once(newcomer.as_mut(), &Parker::new()).is_pending(), "woken for no reason");
        })
        .bound(3)
        .mutants_at(3)
        .witnesses(&["refused, and called", "refused", "waited"]),
    ]
}

/// A waiter whose deadline passes, and a call; how many were called, which is how many were woken.
fn deadline_meets(call: impl Fn(&Hall) -> usize) -> usize {
    let (hall, deadline) = (Hall::new(), stopped_clock());
    let waiter = Hall::waits_until(&hall, deadline);
    set_clock(deadline);
    let called = call(&hall);
    assert_eq!(waiter.join().unwrap(), called);
    assert_eq!(format!("{:?}", &*hall.cond), NOBODY);
    called
}

/// Unlocks what another thread waits with, or calls it if it has done so itself.
fn misuse(misused: &Arc<(RawMutex, Cond)>) -> JoinHandle<()> {
    let misused = Arc::clone(misused);
    go(move || {
        if refused(|| misused.0.unlock()) {
            // It was unlocked by the wait, which has to be ended. To know that it waits is to have locked after it.
            misused.0.lock();
            misused.0.unlock();
            misused.1.signal();
        }
    })
}

/// Whether it panicked because of a mutex that is not locked.
fn refused(f: impl FnOnce()) -> bool {
    let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) else { return false };
    let ours = payload.downcast_ref::<&str>().is_some_and(|text| text.contains("unlock of unlocked"));
    if ours { true } else { std::panic::resume_unwind(payload) }
}
