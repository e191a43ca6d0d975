//! The sharded one: its readers are told by their threads, and a writer excludes them all.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use gosync::ShardedRwMutex;

use crate::watchdog::Watchdog;

#[test]
fn values_go_in_and_out() {
    let mut mutex = ShardedRwMutex::new(vec![1]);
    mutex.get_mut().push(2);
    mutex.write().push(3);
    mutex.try_write().unwrap().push(4);
    mutex.write_timeout(Duration::ZERO).unwrap().push(5);
    mutex.write_deadline(Instant::now()).unwrap().push(6);
    assert_eq!(mutex.read()[..3], [1, 2, 3]);
    assert_eq!(mutex.try_read().unwrap().len(), 6);
    assert_eq!(mutex.read_timeout(Duration::ZERO).unwrap().len(), 6);
    assert_eq!(mutex.read_deadline(Instant::now()).unwrap().len(), 6);
    assert_eq!(mutex.into_inner(), [1, 2, 3, 4, 5, 6]);
    let mutex: ShardedRwMutex<u8> = ShardedRwMutex::default();
    assert_eq!(format!("{mutex:?} {:?}", mutex.read()), "ShardedRwMutex { value: 0 } 0");
    let guard = mutex.write();
    assert_eq!(format!("{mutex:?} {guard:?} {guard}"), "ShardedRwMutex { value: <locked> } 0 0");
    drop(guard);
    assert_eq!(mutex.read().to_string(), "0");
    assert_eq!(*ShardedRwMutex::<_, 2>::from("x").read(), "x");
    let mutex: &ShardedRwMutex<[u8], 1> = &ShardedRwMutex::with_shards([1, 2]);
    assert_eq!(mutex.read().len(), 2);
}

/// Whichever thread reads, whatever its lock, no writer is let in, and none of the locks stays taken.
#[test]
fn tries() {
    let _watchdog = Watchdog::new();
    fn with<const N: usize>() {
        const READERS: usize = 9;
        let (mutex, step) = (ShardedRwMutex::<u8, N>::with_shards(0), Barrier::new(READERS + 1));
        thread::scope(|s| {
            for _ in 0..READERS {
                s.spawn(|| {
                    let guard = mutex.read();
                    // All are in.
                    step.wait();
                    // The writer has failed, and readers still come in.
                    step.wait();
                    assert!(mutex.try_read().is_some());
                    drop(guard);
                    step.wait();
                    // The writer is in.
                    step.wait();
                    assert!(mutex.try_read().is_none() && mutex.try_write().is_none());
                    assert!(mutex.read_timeout(Duration::from_micros(10)).is_none());
                    step.wait();
                });
            }
            step.wait();
            assert!(mutex.try_write().is_none());
            assert!(mutex.write_timeout(Duration::from_millis(1)).is_none());
            step.wait();
            step.wait();
            let guard = mutex.try_write().unwrap();
            step.wait();
            step.wait();
            drop(guard);
        });
        assert!(mutex.try_write().is_some());
    }
    with::<1>();
    with::<2>();
    with::<8>();
    with::<64>();
}

/// Guards may unlock in another thread, whose slot is another one.
#[test]
fn guards_travel() {
    let _watchdog = Watchdog::new();
    let mutex = ShardedRwMutex::new(0);
    for _ in 0..20 {
        thread::scope(|s| {
            let guards: Vec<_> = (0..5).map(|_| mutex.read()).collect();
            guards.into_iter().for_each(|guard| _ = s.spawn(move || drop(guard)));
        });
        thread::scope(|s| {
            let mut guard = mutex.write();
            *guard += 1;
            s.spawn(move || drop(guard));
        });
    }
    assert_eq!(*mutex.try_read().unwrap(), 20);
}

/// A panic unlocks; a forgotten guard does not.
#[test]
fn panics_and_forgotten_guards() {
    let mutex = ShardedRwMutex::new(0);
    for _ in 0..3 {
        thread::scope(|s| {
            let writer = s.spawn(|| {
                let mut guard = mutex.write();
                *guard += 1;
                panic!("expected by this test");
            });
            assert!(writer.join().is_err());
        });
        assert!(mutex.try_write().is_some());
    }
    std::mem::forget(mutex.read());
    assert!(mutex.try_write().is_none());
    assert_eq!(*mutex.try_read().unwrap(), 3);
}
