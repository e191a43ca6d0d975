//! The wait group, waited for by tasks, beside threads.

use std::pin::pin;

use gosync::{JoinHandle, WaitGroup, go};
use gosync_atomic::__sys::Parker;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::waitgroup::{ALL, DONE, FAST, FREE, GO, REUSE, Shared, caught, leaked, work};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const CANCEL: &str = "gosync.wg-async";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(DONE, "one worker, a task", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let worker = work(&wg, &d, true);
            block_on(wg.wait_async());
            assert_eq!(d.read(), 1);
            worker.join().unwrap();
        })
        .reaches(&["table.wake-task"]),
        holds(DONE, "a task and a thread", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let task = waits(&wg, &d);
            let worker = work(&wg, &d, true);
            wg.wait();
            assert_eq!(d.read(), 1);
            task.join().unwrap();
            worker.join().unwrap();
        })
        .bound(3)
        .reaches(&["wg.wake", "wg.wake-beside-tasks", "table.wake-task"]),
        holds(DONE, "two tasks", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let tasks = [waits(&wg, &d), waits(&wg, &d)];
            d.write(1);
            wg.done();
            tasks.into_iter().for_each(|task| task.join().unwrap());
        })
        .bound(3)
        .reaches(&["table.wake-task"]),
        fails(DONE, "write after done, a task", Verdict::Race, || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let worker = work(&wg, &d, false);
            block_on(wg.wait_async());
            d.read();
            worker.join().unwrap();
        }),
        holds(ALL, "two workers, a task", || {
            let (a, b, wg) = (Plain::new(), Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(2);
            let workers = [work(&wg, &a, true), work(&wg, &b, true)];
            block_on(wg.wait_async());
            assert_eq!(a.read() + b.read(), 2);
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        })
        .bound(2)
        .reaches(&["table.wake-task"]),
        holds(FAST, "done first, a task", || {
            // The flag says that the done has happened, and orders nothing.
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            let flag = Arc::new(AtomicBool::new(false));
            wg.add(1);
            let worker = go({
                let (d, wg, flag) = (d.clone(), Arc::clone(&wg), Arc::clone(&flag));
                move || {
                    d.write(1);
                    wg.done();
                    flag.store(true, Relaxed);
                }
            });
            if flag.load(Relaxed) {
                witness("done first");
                block_on(wg.wait_async());
                assert_eq!(d.read(), 1);
            }
            worker.join().unwrap();
        })
        .witnesses(&["done first"]),
        holds(GO, "a task that panics, a future", || {
            let (d, wg) = (Plain::new(), leaked());
            let task = d.clone();
            wg.go_static(move || {
                task.write(1);
                std::panic::resume_unwind(Box::new("expected by this model"));
            });
            assert!(caught(|| block_on(wg.wait_async())), "the panic was not reported");
            assert_eq!(d.read(), 1);
            assert!(wg.clear_panicked());
            block_on(wg.wait_async());
        })
        .reaches(&["table.wake-task"]),
        holds(REUSE, "two rounds, a task", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            for round in 1..=2 {
                wg.add(1);
                let worker = go({
                    let (d, wg) = (d.clone(), Arc::clone(&wg));
                    move || {
                        d.write(round);
                        wg.done();
                    }
                });
                block_on(wg.wait_async());
                assert_eq!(d.read(), round);
                worker.join().unwrap();
            }
        })
        .bound(3)
        .reaches(&["table.wake-task"]),
        holds(REUSE, "a task that is late", || {
            // The first round's task may see only the second round's zero; it is not forgotten.
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let wg = Arc::clone(&wg);
                move || {
                    let (mut future, parker) = (pin!(wg.wait_async()), Parker::new());
                    if poll_once(future.as_mut(), &parker).is_pending() {
                        parker.park();
                        if poll_once(future.as_mut(), &parker).is_pending() {
                            witness("woken, and late");
                            block_on(future);
                        }
                    }
                }
            });
            wg.done();
            wg.add(1);
            let worker = work(&wg, &d, true);
            wg.wait();
            assert_eq!(d.read(), 1);
            waiter.join().unwrap();
            worker.join().unwrap();
        })
        .bound(2)
        .witnesses(&["woken, and late"])
        .reaches(&["table.wake-task"]),
        holds(FREE, "the task frees", || {
            // A done that takes the count to zero does not touch the group afterwards, although it wakes by its address.
            let wg = Box::into_raw(Box::new(WaitGroup::new()));
            // SAFETY: nobody else has the pointer yet.
            unsafe { &*wg }.add(1);
            let shared = Shared(wg);
            let worker = go(move || {
                let shared = &shared;
                // SAFETY: the group lives until this very done.
                unsafe { &*shared.0 }.done();
            });
            // SAFETY: this thread is the one that frees it.
            block_on(unsafe { &*wg }.wait_async());
            // SAFETY: the only done has happened.
            drop(unsafe { Box::from_raw(wg) });
            worker.join().unwrap();
        })
        .reaches(&["table.wake-task"]),
        holds(CANCEL, "dropped while it waits", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let hasty = go({
                let wg = Arc::clone(&wg);
                move || {
                    let ready = poll_once(pin!(wg.wait_async()), &Parker::new()).is_ready();
                    witness(if ready { "ready at once" } else { "dropped" });
                }
            });
            let patient = waits(&wg, &d);
            d.write(1);
            wg.done();
            hasty.join().unwrap();
            patient.join().unwrap();
        })
        .bound(3)
        .witnesses(&["ready at once", "dropped"])
        .reaches(&["table.wake-task", "table.still-queued"]),
        holds(CANCEL, "another waker", || {
            let wg = Arc::new(WaitGroup::new());
            wg.add(1);
            let task = go({
                let wg = Arc::clone(&wg);
                move || {
                    let mut future = pin!(wg.wait_async());
                    if poll_once(future.as_mut(), &Parker::new()).is_pending() {
                        block_on(future);
                    }
                }
            });
            wg.done();
            task.join().unwrap();
        })
        .mutants_at(4)
        .reaches(&["table.wake-task"]),
    ]
}

/// A task that waits, and then reads.
fn waits(wg: &Arc<WaitGroup>, d: &Plain) -> JoinHandle<()> {
    let (wg, d) = (Arc::clone(wg), d.clone());
    go(move || {
        block_on(wg.wait_async());
        assert_eq!(d.read(), 1);
    })
}
