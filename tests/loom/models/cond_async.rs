//! The condition variable, waited for by tasks, beside threads: the rules are the same, and a future may go at any time.

use std::pin::pin;

use gosync::{JoinHandle, go};
use gosync_atomic::__sys::Parker;
use loom::sync::Arc;

use super::cond::{BROADCAST, Hall, NOBODY, SIGNAL, UNLOCK, release};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const CANCEL: &str = "gosync.cond-async";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(SIGNAL, "a task", || {
            let (d, hall) = (Plain::new(), Hall::new());
            let task = waits_for_call(&hall, &d);
            if hall.all_wait(1) {
                witness("it waits");
                d.write(1);
                hall.cond.signal();
            } else {
                d.write(1);
                release(&[hall]);
            }
            task.join().unwrap();
        })
        .bound(4)
        .witnesses(&["it waits"])
        .reaches(&["table.wake-task"]),
        holds(BROADCAST, "a task and a thread", || {
            let (d, [hall, beside]) = (Plain::new(), Hall::pair());
            let task = waits_for_call(&hall, &d);
            let thread = go({
                let (d, beside) = (d.clone(), Arc::clone(&beside));
                move || {
                    if beside.wait_for_call() {
                        assert_eq!(d.read(), 1);
                    }
                }
            });
            if hall.all_wait(1) && beside.all_wait(1) {
                witness("they wait");
                d.write(1);
                assert_eq!(hall.cond.broadcast(), 2);
            } else {
                d.write(1);
                release(&[hall, beside]);
            }
            task.join().unwrap();
            thread.join().unwrap();
        })
        .bound(2)
        .witnesses(&["they wait"])
        .reaches(&["table.wake-task", "sleeper.wake"]),
        holds(UNLOCK, "a flag, a task", || {
            let (d, hall) = (Plain::new(), Hall::new());
            let task = go({
                let (d, hall) = (d.clone(), Arc::clone(&hall));
                move || {
                    block_on(async {
                        let guard = hall.state.lock_async().await;
                        d.increment();
                        let _guard = hall.cond.wait_while_async(guard, |state| !state.told).await;
                        d.increment();
                    });
                }
            });
            let mut state = hall.state.lock();
            d.increment();
            state.told = true;
            drop(state);
            hall.cond.signal();
            task.join().unwrap();
            assert_eq!(d.read(), 3);
        })
        .bound(4)
        .reaches(&["table.wake-task"]),
        holds(CANCEL, "dropped, alone", || {
            let hall = Hall::new();
            let task = dropped_after_one_poll(&hall);
            witness(if hall.cond.signal() { "called" } else { "not there" });
            task.join().unwrap();
            assert_eq!(format!("{:?}", &*hall.cond), NOBODY);
            assert!(hall.state.try_lock().is_some(), "nobody has it");
        })
        .witnesses(&["called", "not there"]),
        holds(CANCEL, "dropped, before a thread", || {
            // One signal: the one who goes had it, and hands it on, or was gone.
            let [hall, beside] = Hall::pair();
            let task = dropped_after_one_poll(&hall);
            let thread = go({
                let beside = Arc::clone(&beside);
                move || beside.wait_for_call()
            });
            if beside.all_wait(1) {
                witness("it waits");
                assert!(hall.cond.signal());
            } else {
                release(&[beside]);
            }
            thread.join().unwrap();
            task.join().unwrap();
        })
        .bound(2)
        .witnesses(&["it waits"])
        .reaches(&["cond.async.hand-on", "sleeper.wake"]),
        holds(CANCEL, "dropped while it relocks", || {
            // It was called and finds the lock taken. The signal goes to the next, and the lock to whoever wants it.
            let [hall, beside] = Hall::pair();
            let (mut future, parker) = (Box::pin(hall.cond.wait_async(hall.state.lock())), Parker::new());
            assert!(poll_once(future.as_mut(), &parker).is_pending());
            let thread = go({
                let beside = Arc::clone(&beside);
                move || beside.wait_for_call()
            });
            if beside.all_wait(1) {
                witness("they wait");
                let _state = hall.state.lock();
                assert!(hall.cond.signal());
                assert!(poll_once(future.as_mut(), &parker).is_pending());
                drop(future);
            } else {
                drop(future);
                release(&[beside]);
            }
            thread.join().unwrap();
            assert!(hall.state.try_lock().is_some(), "nobody has it");
        })
        .bound(3)
        .witnesses(&["they wait"])
        .reaches(&["sleeper.wake", "cond.async.hand-on"]),
        holds(CANCEL, "dropped when it is over", || {
            // It has got the signal and the lock. The signal is used up, and the other one waits on.
            let hall = Hall::new();
            let [mut first, mut second] = [(); 2].map(|()| {
                let mut future = Box::pin(hall.cond.wait_async(hall.state.lock()));
                assert!(poll_once(future.as_mut(), &Parker::new()).is_pending());
                future
            });
            let other = go({
                let hall = Arc::clone(&hall);
                move || assert!(hall.cond.signal())
            });
            drop(block_on(first.as_mut()));
            drop(first);
            other.join().unwrap();
            assert!(poll_once(second.as_mut(), &Parker::new()).is_pending(), "woken for no reason");
        })
        .reaches(&["table.wake-task"]),
        holds(CANCEL, "dropped, in a broadcast", || {
            // It is still in the line that was detached, or called: there is nothing to hand on, and nobody is left.
            let [hall, beside] = Hall::pair();
            let task = dropped_after_one_poll(&hall);
            let thread = go({
                let beside = Arc::clone(&beside);
                move || beside.wait_for_call()
            });
            if beside.all_wait(1) {
                let called = hall.cond.broadcast();
                witness(if called == 2 { "both" } else { "one" });
            } else {
                release(&[beside]);
            }
            thread.join().unwrap();
            task.join().unwrap();
            assert_eq!(format!("{:?}", &*hall.cond), NOBODY);
        })
        .bound(3)
        .mutants_at(3)
        .witnesses(&["both", "one"]),
        holds(CANCEL, "another waker", || {
            let hall = Hall::new();
            let task = go({
                let hall = Arc::clone(&hall);
                move || {
                    let state = hall.state.lock();
                    if state.told {
                        return;
                    }
                    let mut future = pin!(hall.cond.wait_async(state));
                    assert!(poll_once(future.as_mut(), &Parker::new()).is_pending());
                    assert!(block_on(future).told);
                }
            });
            hall.tell();
            hall.cond.signal();
            task.join().unwrap();
        })
        .bound(4)
        .mutants_at(4)
        .reaches(&["table.wake-task"]),
        fails(CANCEL, "a future that is put aside", Verdict::Deadlock, || {
            // Neither polled nor dropped: it has the signal, and keeps it.
            let hall = Hall::new();
            let mut future = Box::pin(hall.cond.wait_async(hall.state.lock()));
            assert!(poll_once(future.as_mut(), &Parker::new()).is_pending());
            let thread = go({
                let hall = Arc::clone(&hall);
                move || hall.wait_for_call()
            });
            hall.cond.signal();
            thread.join().unwrap();
            drop(future);
        }),
    ]
}

/// Waits for the call, as a task on a thread, and reads then.
fn waits_for_call(hall: &Arc<Hall>, d: &Plain) -> JoinHandle<()> {
    let (hall, d) = (Arc::clone(hall), d.clone());
    go(move || {
        block_on(async {
            let mut state = hall.state.lock();
            if !state.called {
                state.waiting += 1;
                drop(hall.cond.wait_async(state).await);
                assert_eq!(d.read(), 1);
            }
        });
    })
}

/// A task that polls once and goes.
fn dropped_after_one_poll(hall: &Arc<Hall>) -> JoinHandle<()> {
    let hall = Arc::clone(hall);
    go(move || {
        let mut future = Box::pin(hall.cond.wait_async(hall.state.lock()));
        assert!(poll_once(future.as_mut(), &Parker::new()).is_pending());
    })
}
