//! `src/sync/pool_test.go`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use gosync::Pool;

use crate::watchdog::Watchdog;

/// A pool without `New`.
fn without_new<T>() -> Pool<T> {
    Pool::new(|| unreachable!("New is not called"))
}

/// `TestPool`, with what stands for a collection: `clear`. There is no second one that things survive to.
#[test]
fn test_pool() {
    let pool = without_new();
    assert_eq!(pool.try_take(), None, "expected empty");
    pool.put("a");
    pool.put("b");
    // Go's order, a before b, comes of a place for one beside its queue; no order is promised.
    let mut got = [pool.try_take(), pool.try_take()];
    got.sort_unstable();
    assert_eq!(got, [Some("a"), Some("b")]);
    assert_eq!(pool.try_take(), None);

    (0..100).for_each(|_| pool.put("c"));
    assert_eq!(pool.try_take(), Some("c"));
    pool.clear();
    assert_eq!(pool.try_take(), None);
}

/// `TestPoolNew`.
#[test]
fn test_pool_new() {
    let i = AtomicUsize::new(0);
    let pool = Pool::new(|| i.fetch_add(1, Ordering::Relaxed) + 1);
    assert_eq!((pool.take(), pool.take()), (1, 2));
    pool.put(42);
    assert_eq!(pool.take(), 42);
    assert_eq!(pool.take(), 3);
}

/// `TestPoolGC` and `TestPoolRelease`: what is not in use goes when the pool is emptied. `drain` takes some out first.
fn test_pool_release_with(drain: bool) {
    const N: usize = 100;
    let pool = without_new();
    let alive = Arc::new(());
    for _ in 0..3 {
        (0..N).for_each(|_| pool.put(Arc::clone(&alive)));
        if drain {
            (0..N).for_each(|_| drop(pool.try_take()));
        }
        pool.clear();
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}

#[test]
fn test_pool_gc() {
    test_pool_release_with(false);
}

#[test]
fn test_pool_release() {
    test_pool_release_with(true);
}

/// `TestPoolStress`.
#[test]
fn test_pool_stress() {
    const P: usize = 10;
    const N: usize = 10_000;
    let _watchdog = Watchdog::new();
    let pool = &without_new();
    thread::scope(|s| {
        for _ in 0..P {
            s.spawn(|| {
                let mut v = Some(0);
                for _ in 0..N {
                    pool.put(v.unwrap_or(0));
                    v = pool.try_take();
                    assert!(v.is_none_or(|v| v == 0), "expect 0");
                }
            });
        }
    });
}

/// `TestPoolDequeue` and `TestPoolChain`, of Go's queue by itself: one puts and takes what it has put last, the others take; each
/// number comes once. Here it is the whole pool, which may have no room for a number.
#[test]
fn test_pool_dequeue() {
    const P: usize = 10;
    const N: usize = 20_000;
    let _watchdog = Watchdog::new();
    let (pool, barrier, left) = (&without_new(), &Barrier::new(P), &AtomicUsize::new(P - 1));
    let have: Vec<AtomicUsize> = (0..N).map(|_| AtomicUsize::new(0)).collect();
    let have = &have;
    let record = move |n: Box<usize>| have[*n].fetch_add(1, Ordering::Relaxed);
    thread::scope(|s| {
        for _ in 1..P {
            s.spawn(move || {
                barrier.wait();
                let mut failures = 0;
                while failures < 1_000 {
                    match pool.try_take() {
                        Some(n) => {
                            failures = 0;
                            record(n);
                        }
                        None => {
                            failures += 1;
                            thread::yield_now();
                        }
                    }
                }
                left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        barrier.wait();
        for n in 0..N {
            pool.put(Box::new(n));
            if n % 10 == 0 {
                pool.try_take().map(record);
            }
        }
        while left.load(Ordering::Relaxed) > 0 {
            pool.try_take().map(record);
            thread::yield_now();
        }
    });
    while pool.try_take().map(record).is_some() {}
    assert!(have.iter().all(|times| times.load(Ordering::Relaxed) <= 1), "a number came twice");
    assert!(have.iter().any(|times| times.load(Ordering::Relaxed) == 1));
}
