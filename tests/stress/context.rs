//! Trees of contexts that many threads build, cancel and drop at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::context::{Context, ContextError};

use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

const THREADS: usize = 4;

/// Done by the channel and by `err`, which must agree once the channel says so.
fn is_done(ctx: &Context) -> bool {
    let done = ctx.done().try_recv() == Err(gosync::chan::TryRecvError::Disconnected);
    assert!(!done || ctx.err().is_some() && ctx.cause().is_some());
    done
}

/// When a cancellation returns, all below it is done, whoever cancels what in between; functions are called once.
#[test]
fn trees() {
    let _watchdog = Watchdog::new();
    let (called, added) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let barrier = SpinBarrier::new(THREADS);
    for round in rounds(300, LIMIT) {
        let (root, cancel) = Context::background().with_cancel_cause();
        let (added, called, barrier) = (&added, &called, &barrier);
        thread::scope(|s| {
            let threads = start(s, THREADS, |n| {
                let (root, cancel, mut rng) = (root.clone(), cancel.clone(), Rng::new(round * THREADS + n));
                move || {
                    barrier.wait();
                    let mut own = vec![];
                    let mut parent = root.clone();
                    for depth in 0..20 {
                        let (ctx, cancel) = if rng.one_in(3) {
                            parent.with_timeout(rng.tiny())
                        } else {
                            parent.with_value(depth).with_cancel()
                        };
                        if rng.one_in(4) {
                            added.fetch_add(1, Ordering::Relaxed);
                            let called = Arc::clone(called);
                            let stop = ctx.after_func(move || {
                                called.fetch_add(1, Ordering::Relaxed);
                            });
                            if rng.one_in(2) && stop.stop() {
                                added.fetch_sub(1, Ordering::Relaxed);
                            }
                        }
                        if rng.one_in(8) {
                            cancel.cancel();
                            assert!(is_done(&ctx));
                        }
                        if rng.one_in(2) {
                            parent = ctx.clone();
                        }
                        own.push((ctx, cancel));
                        if rng.one_in(6) {
                            drop(own.swap_remove(0));
                        }
                    }
                    if rng.one_in(2) {
                        cancel.cancel(ContextError::Canceled);
                        assert!(is_done(&root) && own.iter().all(|(ctx, _)| is_done(ctx)));
                    }
                    own
                }
            });
            let contexts: Vec<_> = join(threads).into_iter().flatten().collect();
            cancel.cancel("the end");
            assert!(contexts.iter().all(|(ctx, _)| is_done(ctx)));
        });
        // Each was stopped or is called: by now the contexts of all have been cancelled.
        while called.load(Ordering::Relaxed) < added.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        assert_eq!(called.load(Ordering::Relaxed), added.load(Ordering::Relaxed));
    }
}
