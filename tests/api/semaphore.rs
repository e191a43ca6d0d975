//! `Weighted` and its permits on threads: bounds, misuse, order, contexts that end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use gosync::Mutex;
use gosync::context::{Context, ContextError};
use gosync::semaphore::{Permit, Weighted};

use crate::watchdog::Watchdog;
use crate::with_some_pause;

static_assertions::assert_impl_all!(Weighted: Send, Sync, std::fmt::Debug);
static_assertions::assert_impl_all!(Permit<'static>: Send, Sync);
static_assertions::assert_not_impl_any!(Permit<'static>: Clone);

fn shown(semaphore: &Weighted) -> String {
    format!("{semaphore:?}")
}

#[test]
fn the_bounds() {
    static MOST: Weighted = Weighted::new(Weighted::MAX_SIZE);
    let semaphore = &MOST;
    assert!(semaphore.try_acquire(Weighted::MAX_SIZE) && !semaphore.try_acquire(1) && semaphore.try_acquire(0));
    assert!(!semaphore.try_acquire(usize::MAX));
    semaphore.release(Weighted::MAX_SIZE);
    semaphore.release(0);
    assert!(catch_unwind(|| Weighted::new(Weighted::MAX_SIZE + 1)).is_err());
    let none = Weighted::new(0);
    assert!(none.try_acquire(0) && !none.try_acquire(1));
    assert!(!none.acquire_timeout(1, Duration::MAX), "there never will be one");
}

#[test]
fn too_many_released_is_none_released() {
    let semaphore = Weighted::new(3);
    assert!(semaphore.try_acquire(2));
    for n in [3, 4, usize::MAX, usize::MAX / 2 + 2] {
        let payload = catch_unwind(AssertUnwindSafe(|| semaphore.release(n))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"semaphore: released more than held"));
        assert_eq!(shown(&semaphore), "Weighted { size: 3, free: 1, queued: false }");
    }
}

/// A permit that was released by hand as well: who drops it panics, unless it does so already.
#[test]
fn a_permit_that_is_not_held_any_more() {
    let semaphore = Weighted::new(1);
    let release_twice = |panics: bool| {
        let permit = semaphore.try_permit(1).unwrap();
        semaphore.release(1);
        assert!(!panics, "the first panic");
        drop(permit);
    };
    for (panics, text) in [(false, "semaphore: released more than held"), (true, "the first panic")] {
        let payload = catch_unwind(AssertUnwindSafe(|| release_twice(panics))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&text));
        assert_eq!(shown(&semaphore), "Weighted { size: 1, free: 1, queued: false }");
    }
}

/// Also if somebody is in line.
#[test]
fn too_many_released_past_a_line() {
    let _watchdog = Watchdog::new();
    let semaphore = Weighted::new(2);
    assert!(semaphore.try_acquire(1));
    thread::scope(|scope| {
        scope.spawn(|| semaphore.acquire(&Context::background(), 2).unwrap());
        while !shown(&semaphore).contains("queued: true") {
            thread::yield_now();
        }
        assert!(catch_unwind(AssertUnwindSafe(|| semaphore.release(2))).is_err());
        assert!(!semaphore.try_acquire(1) && !semaphore.try_acquire(0), "nobody passes the line");
        semaphore.release(1);
    });
    assert_eq!(shown(&semaphore), "Weighted { size: 2, free: 0, queued: false }");
}

#[test]
fn permits_return_themselves() {
    let semaphore = Weighted::new(3);
    let ctx = Context::background();
    let two = semaphore.permit(&ctx, 2).unwrap();
    assert_eq!((two.count(), semaphore.try_permit(2).is_none()), (2, true));
    let one = semaphore.permit_timeout(1, Duration::ZERO).unwrap();
    assert!(semaphore.permit_deadline(1, Instant::now()).is_none());
    thread::scope(|scope| _ = scope.spawn(move || drop(two)));
    drop(one);
    let panics = || {
        let _permit = semaphore.try_permit(3);
        panic!("expected by this test");
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert!(semaphore.try_acquire(3));
}

/// Threads are served in the order in which they came, each as soon as there is enough.
#[test]
fn order_of_arrival() {
    with_some_pause(|pause| {
        let (semaphore, order) = (Weighted::new(4), Mutex::new(Vec::new()));
        assert!(semaphore.try_acquire(4));
        let (semaphore, order) = (&semaphore, &order);
        thread::scope(|scope| {
            for weight in [3, 1, 2, 4] {
                scope.spawn(move || {
                    semaphore.acquire(&Context::background(), weight).unwrap();
                    order.lock().push(weight);
                    thread::sleep(pause);
                    semaphore.release(weight);
                });
                thread::sleep(pause);
            }
            semaphore.release(2);
            thread::sleep(pause);
            semaphore.release(2);
        });
        let order = order.lock();
        // The first two fit together.
        *order == [3, 1, 2, 4] || *order == [1, 3, 2, 4]
    });
}

#[test]
fn a_context_that_ends() {
    let _watchdog = Watchdog::new();
    let semaphore = Weighted::new(1);
    let (ctx, cancel) = Context::background().with_cancel();
    assert!(semaphore.try_acquire(1));
    thread::scope(|scope| {
        let waiters = [1, 1, 5].map(|n| {
            scope.spawn({
                let (semaphore, ctx) = (&semaphore, &ctx);
                move || semaphore.acquire(ctx, n)
            })
        });
        while !shown(&semaphore).contains("queued: true") {
            thread::yield_now();
        }
        cancel.cancel();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Err(ContextError::Canceled));
        }
    });
    assert_eq!(shown(&semaphore), "Weighted { size: 1, free: 0, queued: false }");
    semaphore.release(1);
    assert_eq!(semaphore.permit(&ctx, 0).err(), Some(ContextError::Canceled));
    let (late, _cancel) = Context::background().with_timeout(Duration::from_millis(1));
    assert_eq!(semaphore.acquire(&late, 2), Err(ContextError::DeadlineExceeded));
    assert!(semaphore.try_acquire(1));
}

/// Threads with deadlines, contexts and neither, of all weights: nobody is left behind, and nothing is lost.
#[test]
fn all_together() {
    let _watchdog = Watchdog::new();
    let semaphore = Weighted::new(5);
    thread::scope(|scope| {
        for id in 0..6_usize {
            let semaphore = &semaphore;
            scope.spawn(move || {
                for i in 0..500 {
                    let n = (i * 7 + id) % 6;
                    let (ctx, cancel) = Context::background().with_timeout(Duration::from_micros(50));
                    let taken = match (i + id) % 3 {
                        0 => semaphore.acquire_timeout(n, Duration::from_micros(20)),
                        1 => semaphore.acquire(&ctx, n).is_ok(),
                        _ => semaphore.acquire(&Context::background(), n).is_ok(),
                    };
                    if taken {
                        semaphore.release(n);
                    }
                    drop(cancel);
                }
            });
        }
    });
    assert_eq!(shown(&semaphore), "Weighted { size: 5, free: 5, queued: false }");
}
