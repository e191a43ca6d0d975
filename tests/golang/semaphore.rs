//! `semaphore_test.go` of `golang.org/x/sync`.

use std::panic::catch_unwind;
use std::thread;
use std::time::Duration;

use gosync::atomic::Bool;
use gosync::context::{Context, ContextError};
use gosync::semaphore::Weighted;

use crate::settle;
use crate::watchdog::Watchdog;

fn cpus() -> usize {
    thread::available_parallelism().map_or(2, usize::from).max(2)
}

/// `TestWeighted`: threads of different weights.
#[test]
fn test_weighted() {
    let _watchdog = Watchdog::new();
    let n = cpus() * 2;
    let semaphore = Weighted::new(n);
    let ctx = Context::background();
    thread::scope(|scope| {
        for weight in 0..n {
            let (semaphore, ctx) = (&semaphore, &ctx);
            scope.spawn(move || {
                for i in 0..2_000 / n {
                    semaphore.acquire(ctx, weight).unwrap();
                    if i % 64 == weight {
                        settle();
                    }
                    semaphore.release(weight);
                }
            });
        }
    });
    assert!(semaphore.try_acquire(n));
}

/// `TestWeightedPanic`.
#[test]
fn test_weighted_panic() {
    let payload = catch_unwind(|| Weighted::new(1).release(1)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"semaphore: released more than held"));
}

/// `TestWeightedTryAcquire`.
#[test]
fn test_weighted_try_acquire() {
    let ctx = Context::background();
    let semaphore = Weighted::new(2);
    semaphore.acquire(&ctx, 1).unwrap();
    let mut tries = vec![semaphore.try_acquire(1), semaphore.try_acquire(1)];
    semaphore.release(2);
    tries.push(semaphore.try_acquire(1));
    semaphore.acquire(&ctx, 1).unwrap();
    tries.push(semaphore.try_acquire(1));
    assert_eq!(tries, [true, false, true, false]);
}

/// `TestWeightedAcquire`.
#[test]
fn test_weighted_acquire() {
    let ctx = Context::background();
    let semaphore = Weighted::new(2);
    let attempt = |n| {
        let (ctx, _cancel) = ctx.with_timeout(Duration::from_millis(10));
        semaphore.acquire(&ctx, n)
    };
    semaphore.acquire(&ctx, 1).unwrap();
    let mut attempts = vec![attempt(1), attempt(1)];
    semaphore.release(2);
    attempts.push(attempt(1));
    semaphore.acquire(&ctx, 1).unwrap();
    attempts.push(attempt(1));
    let late = Err(ContextError::DeadlineExceeded);
    assert_eq!(attempts, [Ok(()), late, Ok(()), late]);
}

/// `TestWeightedDoesntBlockIfTooBig`: one that can never be served is in nobody's way.
#[test]
fn test_weighted_doesnt_block_if_too_big() {
    let _watchdog = Watchdog::new();
    let n = 2;
    let semaphore = Weighted::new(n);
    let (ctx, cancel) = Context::background().with_cancel();
    thread::scope(|scope| {
        let too_big = scope.spawn(|| semaphore.acquire(&ctx, n + 1));
        let others: Vec<_> = (0..n * 3)
            .map(|_| {
                scope.spawn(|| {
                    semaphore.acquire(&ctx, 1).unwrap();
                    settle();
                    semaphore.release(1);
                })
            })
            .collect();
        others.into_iter().for_each(|other| other.join().unwrap());
        cancel.cancel();
        assert_eq!(too_big.join().unwrap(), Err(ContextError::Canceled));
    });
}

/// `TestLargeAcquireDoesntStarve`: small ones come and go all the time.
#[test]
fn test_large_acquire_doesnt_starve() {
    let _watchdog = Watchdog::new();
    let n = cpus();
    let (semaphore, running, ctx) = (Weighted::new(n), Bool::new(true), Context::background());
    thread::scope(|scope| {
        for _ in 0..n {
            semaphore.acquire(&ctx, 1).unwrap();
            scope.spawn(|| {
                while running.load() {
                    settle();
                    semaphore.release(1);
                    semaphore.acquire(&ctx, 1).unwrap();
                }
                semaphore.release(1);
            });
        }
        semaphore.acquire(&ctx, n).unwrap();
        running.store(false);
        semaphore.release(n);
    });
}

/// `TestAllocCancelDoesntStarve`: a large one that gives up lets the small ones in behind it.
#[test]
fn test_alloc_cancel_doesnt_starve() {
    let _watchdog = Watchdog::new();
    let semaphore = Weighted::new(10);
    // As many readers as there are, and a writer that waits for them.
    semaphore.acquire(&Context::background(), 1).unwrap();
    let (ctx, cancel) = Context::background().with_cancel();
    thread::scope(|scope| {
        let large = scope.spawn(|| semaphore.acquire(&ctx, 10));
        while semaphore.try_acquire(1) {
            semaphore.release(1);
            thread::yield_now();
        }
        // It is in line.
        let small = scope.spawn(|| semaphore.acquire(&Context::background(), 1));
        cancel.cancel();
        assert_eq!(large.join().unwrap(), Err(ContextError::Canceled));
        assert_eq!(small.join().unwrap(), Ok(()));
    });
    semaphore.release(2);
}

/// `TestWeightedAcquireCanceled`: the context ends before there are enough, so it fails, and takes none.
#[test]
fn test_weighted_acquire_canceled() {
    let _watchdog = Watchdog::new();
    let n = 2;
    let semaphore = Weighted::new(n);
    let (ctx, cancel) = Context::background().with_cancel();
    semaphore.acquire(&Context::background(), 1).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            while semaphore.try_acquire(1) {
                semaphore.release(1);
                thread::yield_now();
            }
            cancel.cancel();
            semaphore.release(1);
        });
        assert_eq!(semaphore.acquire(&ctx, n), Err(ContextError::Canceled));
        other.join().unwrap();
    });
    assert!(semaphore.try_acquire(n));
    semaphore.release(n);
    assert_eq!(semaphore.acquire(&ctx, 1), Err(ContextError::Canceled));
    assert!(semaphore.try_acquire(n));
}
