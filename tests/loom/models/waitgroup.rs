//! The wait group.

use gosync::{WaitGroup, go};
use gosync_atomic::__sys::control::wake_spuriously;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

pub(super) const DONE: &str = "wg.done-before-unblocked-wait";
pub(super) const ALL: &str = "wg.all-dones-before-wait";
pub(super) const FAST: &str = "wg.fast-wait";
pub(super) const GO: &str = "wg.go-return-before-unblocked-wait";
pub(super) const REUSE: &str = "wg.reuse-after-wait-returned";
pub(super) const FREE: &str = "gosync.wg-free";
const MISUSE: &str = "gosync.wg-misuse";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(DONE, "one worker", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let worker = work(&wg, &d, true);
            wg.wait();
            assert_eq!(d.read(), 1);
            worker.join().unwrap();
        })
        .reaches(&["wg.wake"]),
        fails(DONE, "write after done", Verdict::Race, || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let worker = work(&wg, &d, false);
            wg.wait();
            d.read();
            worker.join().unwrap();
        }),
        holds(DONE, "two waiters", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    wg.wait();
                    assert_eq!(d.read(), 1);
                }
            });
            let worker = work(&wg, &d, true);
            wg.wait();
            assert_eq!(d.read(), 1);
            waiter.join().unwrap();
            worker.join().unwrap();
        })
        .bound(3)
        .reaches(&["wg.wake"]),
        holds(ALL, "two workers", || {
            let (a, b, wg) = (Plain::new(), Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(2);
            let workers = [work(&wg, &a, true), work(&wg, &b, true)];
            wg.wait();
            assert_eq!(a.read() + b.read(), 2);
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        })
        .bound(3)
        .reaches(&["wg.wake"]),
        fails(ALL, "a worker not counted", Verdict::Race, || {
            let (a, b, wg) = (Plain::new(), Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let counted = work(&wg, &a, true);
            let uncounted = go({
                let b = b.clone();
                move || b.write(1)
            });
            wg.wait();
            b.read();
            counted.join().unwrap();
            uncounted.join().unwrap();
        }),
        holds(FAST, "done first", || {
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
                wg.wait();
                assert_eq!(d.read(), 1);
            }
            worker.join().unwrap();
        })
        .witnesses(&["done first"]),
        fails(FAST, "without the wait", Verdict::Race, || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let worker = work(&wg, &d, true);
            d.read();
            worker.join().unwrap();
        }),
        holds(GO, "two tasks", || {
            let (a, b, wg) = (Plain::new(), Plain::new(), leaked());
            a.write(1);
            for d in [&a, &b] {
                let d = d.clone();
                wg.go_static(move || d.increment());
            }
            wg.wait();
            assert_eq!(a.read() + b.read(), 3);
        })
        .bound(3)
        .reaches(&["wg.wake"]),
        fails(GO, "read before the wait", Verdict::Race, || {
            let (d, wg) = (Plain::new(), leaked());
            let task = d.clone();
            wg.go_static(move || task.increment());
            d.read();
            wg.wait();
        }),
        holds(GO, "a task that panics", || {
            let (d, wg) = (Plain::new(), leaked());
            let task = d.clone();
            wg.go_static(move || {
                task.write(1);
                std::panic::resume_unwind(Box::new("expected by this model"));
            });
            assert!(caught(|| wg.wait()), "the panic was not reported");
            assert_eq!(d.read(), 1);
            assert_eq!(format!("{wg:?}"), "WaitGroup { count: 0, panicked: true }");
            assert!(wg.clear_panicked());
            wg.wait();
        })
        .reaches(&["wg.wake"]),
        fails("wg.dones-mutually-unordered", "two writers", Verdict::Race, || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(2);
            let workers = [work(&wg, &d, true), work(&wg, &d, true)];
            wg.wait();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        }),
        fails("wg.add-and-wait-release-nothing", "as a lock", Verdict::Race, || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            let section = |d: &Plain, wg: &WaitGroup| {
                wg.wait();
                wg.add(1);
                d.write(1);
                wg.done();
            };
            let other = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || section(&d, &wg)
            });
            section(&d, &wg);
            other.join().unwrap();
        }),
        fails("wg.add-before-wait", "add in the worker", Verdict::Race, || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            let worker = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    wg.add(1);
                    d.write(1);
                    wg.done();
                }
            });
            wg.wait();
            d.read();
            worker.join().unwrap();
        }),
        holds(REUSE, "two rounds", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            for round in 1..=2 {
                wg.add(1);
                let worker = work_to(&wg, &d, round);
                wg.wait();
                assert_eq!(d.read(), round);
                worker.join().unwrap();
            }
        })
        .bound(3)
        .reaches(&["wg.wake"]),
        holds(REUSE, "a waiter that is late", || {
            // The first round's waiter may see only the second round's zero; it is not forgotten.
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let wg = Arc::clone(&wg);
                move || wg.wait()
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
        .reaches(&["wg.wake"]),
        holds(FREE, "the waiter frees", || {
            // A done that takes the count to zero does not touch the group afterwards.
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
            unsafe { &*wg }.wait();
            // SAFETY: the only done has happened.
            drop(unsafe { Box::from_raw(wg) });
            worker.join().unwrap();
        })
        .reaches(&["wg.wake"]),
        holds("gosync.no-spurious-return", "wait", || {
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let waiter = go({
                let (d, wg) = (d.clone(), Arc::clone(&wg));
                move || {
                    wg.wait();
                    assert_eq!(d.read(), 1);
                }
            });
            wake_spuriously();
            d.write(1);
            wg.done();
            waiter.join().unwrap();
        })
        .reaches(&["wg.wake"]),
        holds(MISUSE, "a done too many", || {
            // It is refused, and nobody else notices.
            let (d, wg) = (Plain::new(), Arc::new(WaitGroup::new()));
            wg.add(1);
            let worker = work(&wg, &d, true);
            if caught(|| wg.add(-2)) {
                witness("refused");
            }
            wg.wait();
            assert_eq!(d.read(), 1);
            worker.join().unwrap();
        })
        .witnesses(&["refused"])
        .reaches(&["wg.wake"]),
        holds(MISUSE, "an add too many", || {
            let most = (1 << 29) - 1;
            let wg = Arc::new(WaitGroup::new());
            wg.add(most);
            let finisher = go({
                let wg = Arc::clone(&wg);
                move || wg.add(-most)
            });
            // Counted, if the others have finished first; loom needs pings to try that.
            if caught(|| wg.add(1)) {
                witness("refused");
            } else {
                wg.done();
            }
            wg.wait();
            finisher.join().unwrap();
        })
        .witnesses(&["refused"])
        .reaches(&["wg.wake"]),
    ]
}

/// A worker that writes 1 before its done, or after it.
pub(super) fn work(wg: &Arc<WaitGroup>, d: &Plain, before: bool) -> gosync::JoinHandle<()> {
    let (wg, d) = (Arc::clone(wg), d.clone());
    go(move || {
        if before {
            d.write(1);
        }
        wg.done();
        if !before {
            d.write(1);
        }
    })
}

fn work_to(wg: &Arc<WaitGroup>, d: &Plain, value: usize) -> gosync::JoinHandle<()> {
    let (wg, d) = (Arc::clone(wg), d.clone());
    go(move || {
        d.write(value);
        wg.done();
    })
}

/// loom's Arc cannot be a method's receiver and std's orders nothing that loom sees: groups with `go` are never freed.
pub(super) fn leaked() -> &'static WaitGroup {
    Box::leak(Box::new(WaitGroup::new()))
}

/// Whether this panics as a wait group does. loom's own panics go on: they are findings.
pub(super) fn caught(f: impl FnOnce()) -> bool {
    let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) else { return false };
    let ours = payload.downcast_ref::<&str>().is_some_and(|text| text.contains("WaitGroup"));
    if ours { true } else { std::panic::resume_unwind(payload) }
}

pub(super) struct Shared(pub(super) *const WaitGroup);

// SAFETY: the pointee is Sync; whoever uses the pointer says why it is alive.
unsafe impl Send for Shared {}
