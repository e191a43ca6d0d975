//! `Weighted` and its permits on threads: bounds, misuse, order, contexts that end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use gosync::Mutex;
use gosync::context::{Context, ContextError};
use gosync::semaphore::{ArcPermit, Permit, Weighted};

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

/// Permits that own a share of their semaphore, in all ways to get some.
#[test]
fn permits_that_own() {
    let _watchdog = Watchdog::new();
    let semaphore = Arc::new(Weighted::new(3));
    let ctx = Context::background();
    let two = semaphore.permit_arc(&ctx, 2).unwrap();
    assert_eq!((two.count(), Arc::strong_count(&semaphore)), (2, 2));
    assert!(semaphore.try_permit_arc(2).is_none());
    assert!(semaphore.permit_arc_timeout(2, Duration::from_millis(1)).is_none());
    assert!(semaphore.permit_arc_deadline(2, Instant::now()).is_none());
    let (late, _cancel) = ctx.with_timeout(Duration::from_millis(1));
    assert_eq!(semaphore.permit_arc(&late, 2).err(), Some(ContextError::DeadlineExceeded));
    assert_eq!(Arc::strong_count(&semaphore), 2, "a try that fails keeps nothing");
    let waiter = thread::spawn({
        let semaphore = Arc::clone(&semaphore);
        move || semaphore.permit_arc(&Context::background(), 3)
    });
    thread::spawn(move || drop(two)).join().unwrap();
    drop(waiter.join().unwrap().unwrap());
    drop(semaphore.try_permit_arc(3).unwrap());
    drop(semaphore.permit_arc_timeout(3, Duration::MAX).unwrap());
    let all = semaphore.permit_arc_deadline(3, Instant::now()).unwrap();
    assert_eq!(
        (format!("{semaphore:?}"), Arc::strong_count(&semaphore)),
        ("Weighted { size: 3, free: 0, queued: false }".into(), 2)
    );
    // The last share goes with the permits.
    let weak = Arc::downgrade(&semaphore);
    drop(semaphore);
    assert_eq!(weak.upgrade().unwrap().available(), 0);
    drop(all);
    assert!(weak.upgrade().is_none());
}

/// Permits that were taken to be kept, and are returned by hand later on or never.
#[test]
fn permits_that_are_kept() {
    let semaphore = Arc::new(Weighted::new(5));
    semaphore.try_permit(2).unwrap().forget();
    assert_eq!(semaphore.available(), 3);
    semaphore.try_permit_arc(1).unwrap().forget();
    assert_eq!((semaphore.available(), Arc::strong_count(&semaphore)), (2, 1), "its share is given up");
    semaphore.release(3);
    assert_eq!(semaphore.available(), 5);
}

/// The same for permits of both kinds, `other` being of another semaphore.
macro_rules! split_and_merge {
    ($semaphore:expr, $permit:expr, $other:expr) => {{
        let (semaphore, mut permit) = ($semaphore, $permit);
        assert!(permit.split(6).is_none() && permit.split(usize::MAX).is_none());
        assert_eq!((permit.count(), semaphore.available()), (5, 0));
        let (mut two, none) = (permit.split(2).unwrap(), permit.split(0).unwrap());
        assert_eq!((permit.count(), two.count(), none.count(), semaphore.available()), (3, 2, 0, 0));
        two.merge(none);
        let three = permit.split(3).unwrap();
        assert_eq!((permit.count(), two.count()), (0, 2));
        drop(three);
        assert_eq!(semaphore.available(), 3);
        permit.merge(two);
        assert_eq!((permit.count(), semaphore.available()), (2, 3));
        // The other's go back to where they came from, and nothing is lost here.
        let payload = catch_unwind(AssertUnwindSafe(|| permit.merge($other))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"semaphore: merged permits of different semaphores"));
        assert_eq!((permit.count(), semaphore.available()), (2, 3));
        drop(permit);
        assert_eq!(semaphore.available(), 5);
    }};
}

#[test]
fn permits_are_split_and_merged() {
    let (semaphore, other) = (Arc::new(Weighted::new(5)), Arc::new(Weighted::new(5)));
    split_and_merge!(&*semaphore, semaphore.try_permit(5).unwrap(), other.try_permit(5).unwrap());
    assert_eq!(other.available(), 5);
    split_and_merge!(&*semaphore, semaphore.try_permit_arc(5).unwrap(), other.try_permit_arc(5).unwrap());
    assert_eq!((other.available(), Arc::strong_count(&semaphore), Arc::strong_count(&other)), (5, 1, 1));
}

/// Nobody gets what is split and merged, not even who is in line.
#[test]
fn split_past_a_line() {
    let _watchdog = Watchdog::new();
    let semaphore = Weighted::new(3);
    thread::scope(|scope| {
        let mut permit = semaphore.try_permit(3).unwrap();
        let waiter = scope.spawn(|| semaphore.acquire(&Context::background(), 2).unwrap());
        while !shown(&semaphore).contains("queued: true") {
            thread::yield_now();
        }
        let one = permit.split(1).unwrap();
        drop(one);
        assert_eq!((semaphore.available(), semaphore.try_acquire(1)), (1, false), "it is for who is in line");
        let two = permit.split(2).unwrap();
        permit.merge(two);
        assert!(shown(&semaphore).contains("queued: true"));
        drop(permit);
        waiter.join().unwrap();
    });
    assert_eq!(semaphore.available(), 1);
}

/// Permits that were released by hand as well may be more than there are numbers: they are refused like any that are not held.
#[test]
fn merged_beyond_all_numbers() {
    let semaphore = Arc::new(Weighted::new(Weighted::MAX_SIZE));
    let again = || {
        let permit = semaphore.try_permit_arc(Weighted::MAX_SIZE).unwrap();
        semaphore.release(Weighted::MAX_SIZE);
        permit
    };
    let mut all: ArcPermit = again();
    (0..3).for_each(|_| all.merge(again()));
    assert_eq!(all.count(), usize::MAX);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(all))).is_err());
    assert_eq!((semaphore.available(), Arc::strong_count(&semaphore)), (Weighted::MAX_SIZE, 1));
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
