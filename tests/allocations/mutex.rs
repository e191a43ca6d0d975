//! `Mutex` and `RawMutex`: nothing allocates, blocked or not.

use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{Mutex, RawMutex};

use crate::counter::without_allocating;
use crate::watchdog::Watchdog;

#[test]
fn alone() {
    without_allocating(|| {
        let (mutex, raw) = (Mutex::new([0; 10]), RawMutex::new());
        for _ in 0..100 {
            mutex.lock()[0] += 1;
            mutex.try_lock().unwrap()[0] += 1;
            mutex.lock_timeout(Duration::MAX).unwrap()[0] += 1;
            let guard = mutex.lock_deadline(Instant::now()).unwrap();
            assert!(mutex.try_lock().is_none());
            drop(guard);
            raw.lock();
            assert!(!raw.try_lock());
            raw.unlock();
        }
        assert_eq!(mutex.into_inner()[0], 300);
    });
}

/// Waits that end by their deadline, in the line and before it.
#[test]
fn timeouts() {
    let (mutex, raw) = (Mutex::new(()), RawMutex::new());
    let _guard = mutex.lock();
    raw.lock();
    let timeouts = || {
        for timeout in [0, 1, 100, 1_000].map(Duration::from_micros) {
            assert!(mutex.lock_timeout(timeout).is_none());
            assert!(!raw.lock_deadline(Instant::now() + timeout));
        }
    };
    without_allocating(timeouts);
}

/// Locks that block, and the unlocks that end them; waiters that were overtaken, and some that give up among them.
#[test]
fn blocked() {
    const WARM_UP: usize = 10;
    let _watchdog = Watchdog::new();
    let (mutex, start) = (Mutex::new(0), Barrier::new(4));
    let (mutex, start) = (&mutex, &start);
    // Not even the first wait of a process allocates: the mutex may be one inside of an allocator.
    let guard = mutex.lock();
    assert!(without_allocating(|| mutex.lock_timeout(Duration::from_millis(1))).is_none());
    drop(guard);
    let rounds = |n: usize, lock: fn(&Mutex<usize>)| {
        for _ in 0..n {
            start.wait();
            lock(mutex);
            start.wait();
        }
    };
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(move || {
                rounds(WARM_UP, |mutex| *mutex.lock() += 1);
                rounds(100, |mutex| without_allocating(|| *mutex.lock() += 1));
                rounds(100, |mutex| {
                    without_allocating(|| *mutex.lock_timeout(Duration::from_secs(3600)).unwrap() += 1)
                });
            });
        }
        s.spawn(move || {
            rounds(WARM_UP + 200, |mutex| {
                without_allocating(|| mutex.lock_timeout(Duration::from_micros(50)).is_some());
            });
        });
        for round in 0..WARM_UP + 200 {
            let mut guard = mutex.lock();
            start.wait();
            for _ in 0..round % 8 {
                (0..round % 5).for_each(|_| thread::yield_now());
                without_allocating(|| drop(guard));
                guard = mutex.lock();
            }
            drop(guard);
            start.wait();
        }
    });
    assert_eq!(*mutex.lock(), 2 * (WARM_UP + 200));
}

/// Tasks that lock at once, wait, are overtaken, are polled with another waker, and go.
#[test]
fn tasks() {
    let mut context = Context::from_waker(Waker::noop());
    let context = &mut context;
    without_allocating(|| {
        let (mutex, raw) = (Mutex::new(0), RawMutex::new());
        for _ in 0..100 {
            assert!(pin!(mutex.lock_async()).poll(context).is_ready());
            raw.lock();
            let (mut first, mut second) = (pin!(raw.lock_async()), pin!(raw.lock_async()));
            for _ in 0..2 {
                assert!(first.as_mut().poll(context).is_pending());
                assert!(second.as_mut().poll(context).is_pending());
            }
            assert!(pin!(raw.lock_async()).poll(context).is_pending());
            raw.unlock();
            if raw.try_lock() {
                assert!(first.as_mut().poll(context).is_pending());
                raw.unlock();
            }
            assert!(first.poll(context).is_ready());
            raw.unlock();
            assert!(second.poll(context).is_ready());
            raw.unlock();
        }
    });
}
