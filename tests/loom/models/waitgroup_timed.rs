//! The wait group, waited for until a deadline: it passes at any moment or never. Where a wait is `Ok` the rules are those
//! of `wait`; where it is not, nothing is ordered and nobody is forgotten.

use std::time::{Duration, Instant};

use gosync::{WaitGroup, WaitTimeoutError, go};
use gosync_atomic::__sys::control::{expire_deadlines, wake_spuriously};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::waitgroup::{ALL, DONE, FAST, FREE, GO, REUSE, Shared, caught, leaked, work};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const DEADLINE: &str = "gosync.wg-deadline";
const BOTH: &[&str] = &["in time", "too late"];

/// How long is not the point: in a model a deadline has passed or never does.
const SOON: Duration = Duration::from_secs(1);

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(DONE, "one worker, deadline", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    if in_time(&wg) {
                        assert_eq!(d.read(), 1);
                    }
                }
            });
            expire_deadlines();
            d.write(1);
            wg.done();
            waiter.join().unwrap();
        })
        .witnesses(BOTH)
        .reaches(&["wg.wake"]),
        holds(ALL, "two workers, deadline", || {
            let (a, b, wg) = (Plain::new(), Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(2);
            let workers = [work(&wg, &a, true), work_expiring(&wg, &b)];
            if in_time(&wg) {
                assert_eq!(a.read() + b.read(), 2);
            }
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        })
        .bound(3)
        .witnesses(BOTH)
        .reaches(&["wg.wake"]),
        holds(FAST, "done first, deadline", || {
            // Passed or not: the count is zero. The flag orders nothing.
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            let flag = Arc::new(AtomicBool::new(false));
            wg.add(1);
            let worker = go({
                let (d, wg, flag) = (d.clone(), Arc::clone(&wg), Arc::clone(&flag));
                move || {
                    expire_deadlines();
                    d.write(1);
                    wg.done();
                    flag.store(true, Relaxed);
                }
            });
            if flag.load(Relaxed) {
                witness("done first");
                if in_time(&wg) {
                    assert_eq!(d.read(), 1);
                }
            }
            worker.join().unwrap();
            assert_eq!(wg.wait_timeout(SOON), Ok(()));
        })
        .witnesses(&["done first", "in time"]),
        holds(GO, "two tasks, deadline", || {
            let (a, b, wg) = (Plain::new(), Plain::new(), leaked());
            for d in [&a, &b] {
                let d = d.clone();
                wg.go_static(move || {
                    expire_deadlines();
                    d.increment();
                });
            }
            if !in_time(wg) {
                wg.wait();
            }
            assert_eq!(a.read() + b.read(), 2);
        })
        .bound(2)
        .witnesses(BOTH)
        .reaches(&["wg.wake"]),
        holds(GO, "a task that panics, deadline", || {
            let (d, wg) = (Plain::new(), leaked());
            let task = d.clone();
            wg.go_static(move || {
                expire_deadlines();
                task.write(1);
                std::panic::resume_unwind(Box::new("expected by this model"));
            });
            if caught(|| assert!(!in_time(wg), "the panic was not reported")) {
                witness("reported in time");
            } else {
                assert!(caught(|| wg.wait()), "the panic was not reported");
            }
            assert_eq!(d.read(), 1);
            assert!(wg.clear_panicked());
            assert_eq!(wg.wait_timeout(SOON), Ok(()));
        })
        .bound(3)
        .witnesses(&["reported in time", "too late"])
        .reaches(&["wg.wake"]),
        holds(REUSE, "a round that was given up", || {
            // A wait that ends by its deadline has returned too; what it waited for is waited for in the next round.
            let (a, b, wg) = (Plain::new(), Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let first = work_expiring(&wg, &a);
            in_time(&wg);
            wg.add(1);
            let second = work(&wg, &b, true);
            wg.wait();
            assert_eq!(a.read() + b.read(), 2);
            first.join().unwrap();
            second.join().unwrap();
        })
        .bound(3)
        .witnesses(BOTH)
        .reaches(&["wg.wake"]),
        holds(DEADLINE, "waits again", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    if !in_time(&wg) {
                        wg.wait();
                    }
                    assert_eq!(d.read(), 1);
                }
            });
            expire_deadlines();
            d.write(1);
            wg.done();
            waiter.join().unwrap();
        })
        .witnesses(BOTH)
        .reaches(&["wg.wake"]),
        holds(DEADLINE, "two waiters", || {
            // The one that leaves does not take the other's wake-up with it.
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let hasty = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    if in_time(&wg) {
                        assert_eq!(d.read(), 1);
                    }
                }
            });
            let patient = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    wg.wait();
                    assert_eq!(d.read(), 1);
                }
            });
            expire_deadlines();
            d.write(1);
            wg.done();
            hasty.join().unwrap();
            patient.join().unwrap();
        })
        .bound(2)
        .witnesses(BOTH)
        .reaches(&["wg.wake"]),
        fails(DEADLINE, "read after a timeout", Verdict::Race, || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    if !in_time(&wg) {
                        d.read();
                    }
                }
            });
            expire_deadlines();
            d.write(1);
            wg.done();
            waiter.join().unwrap();
        }),
        holds(FREE, "the waiter frees, deadline", || {
            let wg = Box::into_raw(Box::new(WaitGroup::new()));
            // SAFETY: nobody else has the pointer yet.
            unsafe { &*wg }.add(1);
            let shared = Shared(wg);
            let worker = go(move || {
                let shared = &shared;
                expire_deadlines();
                // SAFETY: the group lives until this very done.
                unsafe { &*shared.0 }.done();
            });
            // SAFETY: this thread is the one that frees it.
            let group = unsafe { &*wg };
            if !in_time(group) {
                group.wait();
            }
            // SAFETY: the only done has happened.
            drop(unsafe { Box::from_raw(wg) });
            worker.join().unwrap();
        })
        .witnesses(BOTH)
        .reaches(&["wg.wake"]),
        holds("gosync.no-spurious-return", "wait, deadline", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    // It does not pass here, so there is one way for this to end.
                    assert_eq!(wg.wait_timeout(SOON), Ok(()));
                    assert_eq!(d.read(), 1);
                }
            });
            wake_spuriously();
            d.write(1);
            wg.done();
            waiter.join().unwrap();
        })
        .reaches(&["wg.wake"]),
    ]
}

/// Waits until a deadline; whether the tasks were done in time.
fn in_time(wg: &WaitGroup) -> bool {
    let outcome = wg.wait_deadline(Instant::now() + SOON);
    witness(if outcome.is_ok() { "in time" } else { "too late" });
    outcome != Err(WaitTimeoutError)
}

/// As [`work`], but from its start on the waiter's deadline may pass.
fn work_expiring(wg: &Arc<WaitGroup>, d: &Plain) -> gosync::JoinHandle<()> {
    let (wg, d) = (Arc::clone(wg), d.clone());
    go(move || {
        expire_deadlines();
        d.write(1);
        wg.done();
    })
}
