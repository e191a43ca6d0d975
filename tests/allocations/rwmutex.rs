//! `RwMutex`, `RawRwMutex` and `ShardedRwMutex`: nothing allocates, blocked or not.

use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{RawRwMutex, RwMutex, RwMutexReadGuard, RwMutexWriteGuard, ShardedRwMutex};

use crate::counter::without_allocating;
use crate::watchdog::Watchdog;

#[test]
fn alone() {
    // The first look at the table of slots may allocate, for a thread's end.
    let sharded = ShardedRwMutex::<_>::new(0);
    assert_eq!(*sharded.read(), 0);
    without_allocating(|| {
        let (mutex, raw) = (RwMutex::new([0; 10]), RawRwMutex::new());
        for _ in 0..100 {
            mutex.write()[0] += 1;
            mutex.try_write().unwrap()[0] += 1;
            mutex.write_timeout(Duration::MAX).unwrap()[0] += 1;
            let guard = RwMutexWriteGuard::downgrade(mutex.write_deadline(Instant::now()).unwrap());
            let part = RwMutexReadGuard::map(mutex.read(), |value| &value[0]);
            assert_eq!((guard[0], mutex.try_write().is_none()), (*part, true));
            drop((guard, part));
            raw.rlock();
            assert!(!raw.try_lock());
            raw.runlock();
            *sharded.write() += 1;
            assert!(*sharded.read() > 0);
        }
        assert_eq!(mutex.into_inner()[0], 300);
    });
}

/// Waits that end by their deadline, in the lines and before them.
#[test]
fn timeouts() {
    let (written, read) = (RwMutex::new(()), RwMutex::new(()));
    let _guards = (written.write(), read.read());
    without_allocating(|| {
        for timeout in [0, 1, 100, 1_000].map(Duration::from_micros) {
            assert!(written.read_timeout(timeout).is_none());
            assert!(written.write_timeout(timeout).is_none());
            assert!(read.write_deadline(Instant::now() + timeout).is_none());
        }
    });
}

/// Locks that block, and the unlocks that end them; waiters that give up among them.
#[test]
fn blocked() {
    const ROUNDS: usize = 100;
    let _watchdog = Watchdog::new();
    let (mutex, start) = (RwMutex::new(0), Barrier::new(5));
    let (mutex, start) = (&mutex, &start);
    let rounds = |lock: fn(&RwMutex<usize>)| {
        move || {
            for _ in 0..ROUNDS {
                start.wait();
                without_allocating(|| lock(mutex));
                start.wait();
            }
        }
    };
    thread::scope(|s| {
        s.spawn(rounds(|mutex| drop(mutex.read())));
        s.spawn(rounds(|mutex| *mutex.write() += 1));
        s.spawn(rounds(|mutex| *mutex.write_timeout(Duration::from_secs(3600)).unwrap() += 1));
        s.spawn(rounds(|mutex| drop(mutex.read_timeout(Duration::from_micros(50)))));
        for round in 0..ROUNDS {
            let guard = mutex.write();
            start.wait();
            (0..round % 5).for_each(|_| thread::yield_now());
            without_allocating(|| drop(guard));
            let guard = mutex.read();
            (0..round % 3).for_each(|_| thread::yield_now());
            without_allocating(|| drop(guard));
            start.wait();
        }
    });
    assert_eq!(*mutex.read(), 2 * ROUNDS);
}

/// Tasks that lock at once, wait, are polled with another waker, and go.
#[test]
fn tasks() {
    let mut context = Context::from_waker(Waker::noop());
    let context = &mut context;
    without_allocating(|| {
        let raw = RawRwMutex::new();
        for _ in 0..100 {
            assert!(pin!(raw.lock_async()).poll(context).is_ready());
            let (mut reader, mut writer) = (pin!(raw.rlock_async()), pin!(raw.lock_async()));
            for _ in 0..2 {
                assert!(reader.as_mut().poll(context).is_pending());
                assert!(writer.as_mut().poll(context).is_pending());
            }
            assert!(pin!(raw.rlock_async()).poll(context).is_pending());
            assert!(pin!(raw.lock_async()).poll(context).is_pending());
            raw.unlock();
            assert!(reader.poll(context).is_ready());
            raw.runlock();
            assert!(writer.poll(context).is_ready());
            raw.unlock();
        }
    });
}
