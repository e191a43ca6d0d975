//! The semaphore: who gets permits, in which order, and what is ordered by it.

use std::pin::pin;
use std::time::Instant;

use gosync::context::Context;
use gosync::semaphore::Weighted;
use gosync::{JoinHandle, go};
use gosync_atomic::__sys::Parker;
use gosync_atomic::__sys::control::{expire_deadlines, wake_spuriously};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const ORDER: &str = "semaphore.release-before-acquire";
const FIFO: &str = "gosync.semaphore-order";
const CANCEL: &str = "gosync.semaphore-cancel";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(ORDER, "as a mutex", || {
            let (d, semaphore) = (Plain::new(), one());
            let other = section(&d, &semaphore);
            in_section(&d, &semaphore);
            in_section(&d, &semaphore);
            other.join().unwrap();
            assert_eq!(d.read(), 3);
        })
        .bound(3)
        .reaches(&["sleeper.wake", "semaphore.hand"]),
        holds(ORDER, "as a mutex of three", || {
            let (d, semaphore) = (Plain::new(), one());
            let others = [section(&d, &semaphore), section(&d, &semaphore)];
            in_section(&d, &semaphore);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(d.read(), 3);
        })
        .bound(2)
        .reaches(&["sleeper.wake"]),
        holds(ORDER, "a writer after two readers", || {
            // Of the two releases, either may be the one that lets it in.
            let (ds, semaphore) = ([Plain::new(), Plain::new()], Arc::new(Weighted::new(2)));
            let readers = ds.clone().map(|d| {
                assert!(semaphore.try_acquire(1));
                let semaphore = Arc::clone(&semaphore);
                go(move || {
                    d.write(1);
                    semaphore.release(1);
                })
            });
            acquire(&semaphore, 2);
            assert!(ds.iter().all(|d| d.read() == 1));
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        })
        .bound(2)
        .reaches(&["sleeper.wake"]),
        holds(ORDER, "behind another", || {
            // What was returned before anybody was in line is for the second in line, too.
            let (d, semaphore) = (Plain::new(), Arc::new(Weighted::new(3)));
            assert!(semaphore.try_acquire(3));
            let returns = go({
                let (d, semaphore) = (d.clone(), Arc::clone(&semaphore));
                move || {
                    d.write(1);
                    semaphore.release(1);
                }
            });
            let others = [2, 1].map(|n| {
                let semaphore = Arc::clone(&semaphore);
                go(move || acquire(&semaphore, n))
            });
            // All but one permit are there only after both.
            semaphore.release(2);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(d.read(), 1);
            returns.join().unwrap();
        })
        .bound(1)
        .reaches(&["sleeper.wake"]),
        holds(ORDER, "past a line that has gone", || {
            // The release that serves the last one in line has some left, which a newcomer finds.
            let (d, semaphore) = (Plain::new(), Arc::new(Weighted::new(2)));
            assert!(semaphore.try_acquire(2));
            let mut first = Box::pin(semaphore.acquire_async(1));
            assert!(poll_once(first.as_mut(), &Parker::new()).is_pending());
            let other = go({
                let (d, semaphore) = (d.clone(), Arc::clone(&semaphore));
                move || {
                    d.write(1);
                    semaphore.release(2);
                }
            });
            if semaphore.try_acquire(1) {
                witness("some left");
                assert_eq!(d.read(), 1);
            }
            other.join().unwrap();
            drop(first);
        })
        .pinged()
        .witnesses(&["some left"]),
        holds(ORDER, "a try", || {
            let (d, semaphore) = (Plain::new(), one());
            let other = section(&d, &semaphore);
            if semaphore.try_acquire(1) {
                witness(if d.read() == 0 { "before" } else { "after" });
                d.increment();
                semaphore.release(1);
            } else {
                witness("none free");
            }
            other.join().unwrap();
        })
        .witnesses(&["before", "after", "none free"]),
        holds(ORDER, "with a deadline", || {
            let (d, semaphore) = (Plain::new(), one());
            let other = section(&d, &semaphore);
            assert!(semaphore.acquire_deadline(1, Instant::now()), "this deadline never passes");
            d.increment();
            semaphore.release(1);
            other.join().unwrap();
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
        holds(ORDER, "a task and a thread", || {
            let (d, semaphore) = (Plain::new(), one());
            let other = section(&d, &semaphore);
            block_on(async {
                let _permit = semaphore.permit_async(1).await;
                d.increment();
            });
            other.join().unwrap();
            assert_eq!(d.read(), 2);
        })
        .bound(3)
        .reaches(&["table.wake-task"]),
        holds(ORDER, "with a context", || {
            let (d, semaphore) = (Plain::new(), one());
            let (ctx, cancel) = Context::background().with_cancel();
            let other = section(&d, &semaphore);
            semaphore.acquire(&ctx, 1).unwrap();
            d.increment();
            semaphore.release(1);
            other.join().unwrap();
            drop(cancel);
        })
        .bound(2)
        .reaches(&["table.wake-task"]),
        fails(ORDER, "two at a time", Verdict::Race, || {
            let (d, semaphore) = (Plain::new(), Arc::new(Weighted::new(2)));
            let other = section(&d, &semaphore);
            in_section(&d, &semaphore);
            other.join().unwrap();
        }),
        fails(ORDER, "read after a failed try", Verdict::Race, || {
            let (d, semaphore) = (Plain::new(), one());
            let other = section(&d, &semaphore);
            if semaphore.try_acquire(1) {
                semaphore.release(1);
            } else {
                d.read();
            }
            other.join().unwrap();
        }),
        holds(FIFO, "a small one does not overtake", || {
            // The large one is in line; then a small one, or a try, finds one permit free and must not take it.
            let semaphore = Arc::new(Weighted::new(2));
            assert!(semaphore.try_acquire(1));
            let parker = Parker::new();
            let mut large = Box::pin(semaphore.acquire_async(2));
            assert!(poll_once(large.as_mut(), &parker).is_pending());
            let small = go({
                let semaphore = Arc::clone(&semaphore);
                move || {
                    let taken = semaphore.try_acquire(1);
                    if taken {
                        semaphore.release(1);
                    }
                    taken
                }
            });
            semaphore.release(1);
            block_on(large);
            semaphore.release(2);
            witness(if small.join().unwrap() { "after it" } else { "refused" });
        })
        .witnesses(&["after it", "refused"]),
        holds(FIFO, "more than a batch", || {
            // One release serves more tasks than are taken out of the line at a time.
            let semaphore = Arc::new(Weighted::new(9));
            assert!(semaphore.try_acquire(9));
            let parker = Parker::new();
            let mut tasks: Vec<_> = (0..9).map(|_| Box::pin(semaphore.acquire_async(1))).collect();
            assert!(tasks.iter_mut().all(|task| poll_once(task.as_mut(), &parker).is_pending()));
            let other = go({
                let semaphore = Arc::clone(&semaphore);
                move || semaphore.release(9)
            });
            tasks.into_iter().for_each(block_on);
            other.join().unwrap();
            assert_eq!(format!("{:?}", &*semaphore), "Weighted { size: 9, free: 0, queued: false }");
        })
        .bound(1)
        .reaches(&["semaphore.more.look"]),
        holds(CANCEL, "a deadline meets a release", || {
            let semaphore = one();
            assert!(semaphore.try_acquire(1));
            let other = go({
                let semaphore = Arc::clone(&semaphore);
                move || {
                    if semaphore.acquire_deadline(1, Instant::now()) {
                        witness("in time");
                        semaphore.release(1);
                    } else {
                        witness("too late");
                    }
                }
            });
            expire_deadlines();
            semaphore.release(1);
            other.join().unwrap();
            free(&semaphore);
        })
        .bound(4)
        .witnesses(&["in time", "too late"])
        .reaches(&["sleeper.wake", "semaphore.leave.serve"]),
        holds(CANCEL, "the next in line is served", || {
            // The large one in front goes; there is enough for the small one behind it.
            let semaphore = Arc::new(Weighted::new(2));
            assert!(semaphore.try_acquire(1));
            let mut large = Box::pin(semaphore.acquire_async(2));
            assert!(poll_once(large.as_mut(), &Parker::new()).is_pending());
            let small = go({
                let semaphore = Arc::clone(&semaphore);
                move || acquire(&semaphore, 1)
            });
            drop(large);
            small.join().unwrap();
            semaphore.release(2);
            free(&semaphore);
        })
        .reaches(&["sleeper.wake"]),
        holds(CANCEL, "a task goes", || {
            let semaphore = one();
            assert!(semaphore.try_acquire(1));
            let other = go({
                let semaphore = Arc::clone(&semaphore);
                move || {
                    let mut task = Box::pin(semaphore.permit_async(1));
                    match poll_once(task.as_mut(), &Parker::new()) {
                        std::task::Poll::Ready(_permit) => witness("ready at once"),
                        std::task::Poll::Pending => {
                            let served = format!("{semaphore:?}").contains("queued: false");
                            witness(if served { "dropped when served" } else { "dropped in line" });
                        }
                    }
                }
            });
            semaphore.release(1);
            other.join().unwrap();
            free(&semaphore);
        })
        .witnesses(&["ready at once", "dropped in line", "dropped when served"])
        .reaches(&["semaphore.async.give-back"]),
        holds(CANCEL, "a task goes, before a thread", || {
            let semaphore = one();
            assert!(semaphore.try_acquire(1));
            let mut task = Box::pin(semaphore.acquire_async(1));
            assert!(poll_once(task.as_mut(), &Parker::new()).is_pending());
            let next = go({
                let semaphore = Arc::clone(&semaphore);
                move || acquire(&semaphore, 1)
            });
            let gone = go({
                let semaphore = Arc::clone(&semaphore);
                move || semaphore.release(1)
            });
            drop(task);
            next.join().unwrap();
            gone.join().unwrap();
            semaphore.release(1);
            free(&semaphore);
        })
        .bound(3)
        .reaches(&["semaphore.async.give-back", "sleeper.wake"]),
        holds(CANCEL, "a task goes between two releases", || {
            // Who returns a permit has found somebody in line, who has gone since, and so has the rule that nobody else changes the
            // word: a second return is not to be overwritten.
            let semaphore = Arc::new(Weighted::new(2));
            assert!(semaphore.try_acquire(2));
            let mut task = Box::pin(semaphore.acquire_async(2));
            assert!(poll_once(task.as_mut(), &Parker::new()).is_pending());
            let releases = [(); 2].map(|()| {
                let semaphore = Arc::clone(&semaphore);
                go(move || semaphore.release(1))
            });
            drop(task);
            releases.into_iter().for_each(|release| release.join().unwrap());
            assert_eq!(format!("{:?}", &*semaphore), "Weighted { size: 2, free: 2, queued: false }");
        })
        .bound(3)
        .mutants_at(3)
        .reaches(&["semaphore.give-late", "semaphore.leave.serve"]),
        holds(CANCEL, "another waker", || {
            let semaphore = one();
            assert!(semaphore.try_acquire(1));
            let other = go({
                let semaphore = Arc::clone(&semaphore);
                move || {
                    let mut task = pin!(semaphore.acquire_async(1));
                    if poll_once(task.as_mut(), &Parker::new()).is_pending() {
                        block_on(task);
                    }
                }
            });
            semaphore.release(1);
            other.join().unwrap();
        })
        .mutants_at(4)
        .reaches(&["table.wake-task"]),
        holds(CANCEL, "a context ends", || {
            let semaphore = one();
            assert!(semaphore.try_acquire(1));
            let (ctx, cancel) = Context::background().with_cancel();
            let other = go({
                let (semaphore, ctx) = (Arc::clone(&semaphore), ctx.clone());
                move || {
                    if semaphore.acquire(&ctx, 1).is_ok() {
                        witness("acquired");
                        semaphore.release(1);
                    } else {
                        witness("cancelled");
                    }
                }
            });
            cancel.cancel();
            semaphore.release(1);
            other.join().unwrap();
            free(&semaphore);
            drop(ctx);
        })
        .bound(3)
        .witnesses(&["acquired", "cancelled"])
        .reaches(&["semaphore.give-back"]),
        fails(CANCEL, "a future that is put aside", Verdict::Deadlock, || {
            let semaphore = one();
            assert!(semaphore.try_acquire(1));
            let mut task = Box::pin(semaphore.acquire_async(1));
            assert!(poll_once(task.as_mut(), &Parker::new()).is_pending());
            let other = go({
                let semaphore = Arc::clone(&semaphore);
                move || acquire(&semaphore, 1)
            });
            semaphore.release(1);
            other.join().unwrap();
            drop(task);
        }),
        holds("gosync.no-spurious-return", "semaphore", || {
            let (d, semaphore) = (Plain::new(), one());
            let other = section(&d, &semaphore);
            wake_spuriously();
            in_section(&d, &semaphore);
            other.join().unwrap();
            assert_eq!(d.read(), 2);
        })
        .reaches(&["sleeper.wake"]),
    ]
}

pub(super) fn one() -> Arc<Weighted> {
    Arc::new(Weighted::new(1))
}

fn acquire(semaphore: &Weighted, n: usize) {
    semaphore.acquire(&Context::background(), n).unwrap();
}

/// Nothing is held, and nobody waits.
pub(super) fn free(semaphore: &Weighted) {
    assert!(semaphore.try_acquire(1), "{semaphore:?}");
    assert!(format!("{semaphore:?}").contains("queued: false"));
}

pub(super) fn in_section(d: &Plain, semaphore: &Weighted) {
    acquire(semaphore, 1);
    d.increment();
    semaphore.release(1);
}

pub(super) fn section(d: &Plain, semaphore: &Arc<Weighted>) -> JoinHandle<()> {
    let (d, semaphore) = (d.clone(), Arc::clone(semaphore));
    go(move || in_section(&d, &semaphore))
}
