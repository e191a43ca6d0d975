//! Downgrades, interruptions, guards for a part of the value, and those of lock_api.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{
    ArcRwMutexWriteGuard, MappedRwMutexReadGuard, MappedRwMutexWriteGuard, RawRwMutex, RwMutex, RwMutexReadGuard,
    RwMutexWriteGuard,
};
use gosync_tests::times;

use super::panics;
use crate::settle;
use crate::watchdog::Watchdog;

/// From writing to reading: readers come in, writers do not, and what was written is there.
#[test]
fn downgrade() {
    let mutex = RwMutex::new(1);
    let mut writer = mutex.write();
    *writer = 2;
    let reader = RwMutexWriteGuard::downgrade(writer);
    assert_eq!((*reader, mutex.try_read().as_deref()), (2, Some(&2)));
    assert!(mutex.try_write().is_none());
    drop(reader);
    assert!(mutex.try_write().is_some());
}

/// With everybody in line: the readers get in, the writer when all are gone.
#[test]
fn downgrade_before_a_line() {
    let _watchdog = Watchdog::new();
    let mutex = RwMutex::new(0);
    let written = AtomicBool::new(false);
    for _ in 0..20 {
        written.store(false, Ordering::Relaxed);
        thread::scope(|s| {
            let mut writer = mutex.write();
            let readers = [(); 20].map(|()| s.spawn(|| *mutex.read()));
            let next = s.spawn(|| {
                *mutex.write() += 1;
                written.store(true, Ordering::Relaxed);
            });
            settle();
            *writer += 1;
            let value = *writer;
            let reader = RwMutexWriteGuard::downgrade(writer);
            settle();
            assert!(!written.load(Ordering::Relaxed), "a writer is in beside a reader");
            assert_eq!(*reader, value);
            drop(reader);
            readers.into_iter().for_each(|reader| assert!(reader.join().unwrap() >= value));
            next.join().unwrap();
        });
    }
    assert_eq!(mutex.into_inner(), 40);
}

/// Nobody writes between what a writer wrote and what it then reads.
#[test]
fn downgrade_is_one_step() {
    let _watchdog = Watchdog::new();
    let mutex = RwMutex::new(0);
    thread::scope(|s| {
        for n in 1..5 {
            let mutex = &mutex;
            s.spawn(move || {
                for _ in 0..times(2_000) {
                    let mut writer = mutex.write();
                    *writer = n;
                    let reader = RwMutexWriteGuard::downgrade(writer);
                    assert_eq!(*reader, n);
                }
            });
        }
    });
    assert!(mutex.try_write().is_some());
}

/// A writer's section that is interrupted: others come in meanwhile, and it is locked for writing afterwards, on all ways.
#[test]
fn unlocked_for_a_while() {
    let _watchdog = Watchdog::new();
    let mutex = RwMutex::new(0);
    let mut guard = mutex.write();
    let seen = RwMutexWriteGuard::unlocked(&mut guard, || {
        assert!(!mutex.is_locked());
        thread::scope(|s| s.spawn(|| *mutex.write() += 1).join().unwrap());
        *mutex.read()
    });
    assert_eq!((seen, *guard), (1, 1));
    assert!(mutex.is_write_locked());
    let fails = || -> i32 {
        *mutex.write() += 1;
        panic!("expected by this test")
    };
    assert!(panics(|| _ = RwMutexWriteGuard::unlocked(&mut guard, fails)));
    assert!(mutex.try_read().is_none() && mutex.try_write().is_none(), "the guard is there, so it is locked");
    assert_eq!(*guard, 2);
    // Those in line come in, and it waits for them.
    thread::scope(|s| {
        let mut others = Vec::new();
        others.extend((0..10).map(|_| s.spawn(|| *mutex.read() >= 2)));
        others.extend((0..10).map(|_| {
            s.spawn(|| {
                *mutex.write() += 1;
                true
            })
        }));
        settle();
        for n in 0..100 {
            let before = *guard;
            RwMutexWriteGuard::unlocked(&mut guard, thread::yield_now);
            assert!(*guard >= before, "round {n}");
        }
        drop(guard);
        others.into_iter().for_each(|other| assert!(other.join().unwrap()));
    });
    assert!(!mutex.is_locked());
    assert_eq!(mutex.into_inner(), 12);
}

/// Snapshots: what a lock without data is asked, too.
#[test]
fn is_it_locked() {
    let (mutex, raw) = (RwMutex::new(1), RawRwMutex::new());
    let asked = || (mutex.is_locked(), mutex.is_write_locked(), raw.is_locked(), raw.is_write_locked());
    assert_eq!(asked(), (false, false, false, false));
    let writer = mutex.write();
    raw.lock();
    assert_eq!(asked(), (true, true, true, true));
    let reader = RwMutexWriteGuard::downgrade(writer);
    raw.unlock();
    raw.rlock();
    assert_eq!(asked(), (true, false, true, false));
    // Somebody who waits does not hold it; and a try that fails leaves nothing behind.
    assert!(mutex.try_write().is_none() && !raw.try_lock());
    assert_eq!(asked(), (true, false, true, false));
    drop(reader);
    raw.runlock();
    assert_eq!(asked(), (false, false, false, false));
}

/// Guards for a part hold the lock, nest, and unlock once.
#[test]
fn parts() {
    let mutex = RwMutex::new((1, vec!["a", "b"]));
    let names = RwMutexReadGuard::map(mutex.read(), |value| &value.1);
    let second = MappedRwMutexReadGuard::map(names, |names| names[1]);
    assert_eq!((&*second, format!("{second:?}"), format!("{second}")), ("b", r#""b""#.into(), "b".into()));
    assert!(mutex.try_write().is_none() && mutex.try_read().is_some());
    drop(second);

    let names = RwMutexWriteGuard::map(mutex.write(), |value| &mut value.1);
    let mut first = MappedRwMutexWriteGuard::map(names, |names| &mut names[0]);
    *first = "c";
    assert_eq!((*first, format!("{first:?}"), format!("{first}")), ("c", r#""c""#.into(), "c".into()));
    assert!(mutex.try_read().is_none());
    drop(first);
    assert_eq!(mutex.into_inner(), (1, vec!["c", "b"]));
}

/// What is not there gives the guard back, which still holds the lock.
#[test]
fn parts_that_are_not_there() {
    let mutex = RwMutex::new(vec![vec![1], vec![]]);
    let guard = RwMutexReadGuard::filter_map(mutex.read(), |rows| rows.get(2)).unwrap_err();
    assert_eq!(guard.len(), 2);
    let row = RwMutexReadGuard::filter_map(guard, |rows| rows.get(1)).unwrap();
    let row = MappedRwMutexReadGuard::filter_map(row, |row| row.first()).unwrap_err();
    assert!(row.is_empty() && mutex.try_write().is_none());
    drop(row);

    let guard = RwMutexWriteGuard::filter_map(mutex.write(), |rows| rows.get_mut(2)).unwrap_err();
    let row = RwMutexWriteGuard::filter_map(guard, |rows| rows.get_mut(0)).unwrap();
    let row = MappedRwMutexWriteGuard::filter_map(row, |row| row.get_mut(1)).unwrap_err();
    *MappedRwMutexWriteGuard::filter_map(row, |row| row.get_mut(0)).unwrap() += 1;
    assert_eq!(*mutex.try_read().unwrap(), [vec![2], vec![]]);
}

/// A panic in the closure unlocks.
#[test]
fn parts_and_panics() {
    let mutex = RwMutex::new(1);
    fn fails(_: &i32) -> &i32 {
        panic!("expected by this test")
    }
    fn fails_mut(_: &mut i32) -> &mut i32 {
        panic!("expected by this test")
    }
    assert!(panics(|| drop(RwMutexReadGuard::map(mutex.read(), fails))));
    assert!(panics(|| drop(RwMutexReadGuard::filter_map(mutex.read(), |value| Some(fails(value))))));
    assert!(panics(|| drop(RwMutexWriteGuard::map(mutex.write(), fails_mut))));
    assert!(panics(|| drop(RwMutexWriteGuard::filter_map(mutex.write(), |value| Some(fails_mut(value))))));
    let part = || RwMutexReadGuard::map(mutex.read(), |value| value);
    assert!(panics(|| drop(MappedRwMutexReadGuard::map(part(), fails))));
    let part = || RwMutexWriteGuard::map(mutex.write(), |value| value);
    assert!(panics(|| drop(MappedRwMutexWriteGuard::map(part(), fails_mut))));
    assert!(mutex.try_write().is_some());
}

/// A part that is no part: something that outlives the mutex.
#[test]
fn parts_from_elsewhere() {
    let elsewhere = Cell::new(1);
    let mutex = RwMutex::new(&elsewhere);
    let guard = RwMutexReadGuard::map(mutex.read(), |value| *value);
    guard.set(2);
    assert!(mutex.try_write().is_none());
    drop(guard);
    assert_eq!(elsewhere.get(), 2);
}

/// An owned guard keeps its mutex, in all ways to get one.
#[test]
fn guards_that_own() {
    let _watchdog = Watchdog::new();
    let mutex = Arc::new(RwMutex::new(0));
    let (reader, other) = (mutex.read_arc(), mutex.try_read_arc().unwrap());
    assert_eq!((*reader, format!("{other:?}"), format!("{other:>2}")), (0, "0".into(), " 0".into()));
    assert_eq!(Arc::strong_count(&mutex), 3);
    assert!(mutex.try_write_arc().is_none());
    assert!(mutex.write_arc_timeout(Duration::from_millis(1)).is_none());
    assert!(mutex.write_arc_deadline(Instant::now()).is_none());
    assert_eq!(Arc::strong_count(&mutex), 3, "a try that fails keeps nothing");
    thread::spawn(move || drop((reader, other))).join().unwrap();
    drop((mutex.read_arc_timeout(Duration::MAX).unwrap(), mutex.read_arc_deadline(Instant::now()).unwrap()));

    let mut writer = mutex.write_arc();
    *writer += 1;
    assert_eq!((format!("{writer:?}"), format!("{writer:>2}")), ("1".into(), " 1".into()));
    assert!(mutex.try_read_arc().is_none());
    assert!(mutex.read_arc_timeout(Duration::from_millis(1)).is_none());
    assert!(mutex.read_arc_deadline(Instant::now()).is_none());
    assert_eq!(Arc::strong_count(&mutex), 2);
    thread::spawn(move || drop(writer)).join().unwrap();
    *mutex.try_write_arc().unwrap() += 1;
    *mutex.write_arc_timeout(Duration::MAX).unwrap() += 1;
    *mutex.write_arc_deadline(Instant::now()).unwrap() += 1;
    assert_eq!((mutex.is_locked(), Arc::strong_count(&mutex)), (false, 1));

    let mut writer = mutex.write_arc();
    let seen = ArcRwMutexWriteGuard::unlocked(&mut writer, || *mutex.read());
    assert_eq!((seen, mutex.is_write_locked()), (4, true));
    assert!(panics(|| ArcRwMutexWriteGuard::unlocked(&mut writer, || panic!("expected by this test"))));
    assert!(mutex.is_write_locked());
    let reader = ArcRwMutexWriteGuard::downgrade(writer);
    assert_eq!((*reader, mutex.try_read().as_deref(), Arc::strong_count(&mutex)), (4, Some(&4), 2));
    drop(mutex);
    assert_eq!(*reader, 4);
    // The last share goes with the guard, and the value with it.
    let value = Arc::new(());
    for downgrades in [true, false] {
        let writer = Arc::new(RwMutex::new(Arc::clone(&value))).write_arc();
        assert_eq!(Arc::strong_count(&value), 2);
        if downgrades {
            drop(ArcRwMutexWriteGuard::downgrade(writer));
        } else {
            drop(writer);
        }
        assert_eq!(Arc::strong_count(&value), 1);
    }
    let unsized_value: Arc<RwMutex<[u8]>> = Arc::new(RwMutex::new([1, 2]));
    assert_eq!((&unsized_value.read_arc()[..], unsized_value.try_write_arc().is_none()), (&[1, 2][..], true));
}

/// Another crate's guards on our lock.
#[test]
fn as_a_lock_of_lock_api() {
    use lock_api::{RawRwLock as _, RwLock, RwLockReadGuard, RwLockWriteGuard};

    static VALUE: RwLock<RawRwMutex, usize> = RwLock::new(0);
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        for n in 0..4 {
            s.spawn(move || {
                for _ in 0..times(1_000) {
                    let mut writer = VALUE.write();
                    *writer += 1;
                    let seen = *writer;
                    if n % 2 == 0 {
                        assert_eq!(*RwLockWriteGuard::downgrade(writer), seen, "nobody has written meanwhile");
                    }
                }
            });
        }
    });
    let mut reader = VALUE.read();
    assert_eq!((*reader, *VALUE.try_read().unwrap()), (4 * times(1_000), 4 * times(1_000)));
    assert!(VALUE.is_locked() && !VALUE.is_locked_exclusive() && VALUE.try_write().is_none());
    assert!(VALUE.try_read_for(Duration::ZERO).is_some() && VALUE.try_read_until(Instant::now()).is_some());
    assert!(VALUE.try_write_for(Duration::from_millis(1)).is_none() && VALUE.try_write_until(Instant::now()).is_none());
    RwLockReadGuard::unlocked(&mut reader, || *VALUE.try_write().unwrap() += 1);
    assert_eq!((*reader, VALUE.is_locked()), (4_001, true));
    // Any thread may unlock: so guards can be sent.
    thread::scope(|s| s.spawn(|| drop(reader)).join().unwrap());
    let mut writer = VALUE.write();
    assert!(VALUE.is_locked_exclusive() && VALUE.try_read().is_none());
    RwLockWriteGuard::unlocked(&mut writer, || assert!(!VALUE.is_locked()));
    assert!(VALUE.try_read_for(Duration::from_millis(1)).is_none() && VALUE.try_read_until(Instant::now()).is_none());
    thread::scope(|s| s.spawn(|| drop(writer)).join().unwrap());
    assert!(VALUE.try_write_for(Duration::ZERO).is_some() && VALUE.try_write_until(Instant::now()).is_some());
    let fresh = RawRwMutex::INIT;
    assert!(!fresh.is_locked());
}

/// A waker that panics does not get in their way, not even where a guard is there that holds something else meanwhile.
#[test]
fn wakers_that_panic_beside_lock_api() {
    use lock_api::{RwLock, RwLockReadGuard, RwLockWriteGuard};

    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("expected by this test");
        }
    }
    let _watchdog = Watchdog::new();
    let armed = Waker::from(Arc::new(Bomb));
    let armed = &mut Context::from_waker(&armed);
    let lock: RwLock<RawRwMutex, usize> = RwLock::new(0);
    // SAFETY: it unlocks what it has locked.
    let raw = unsafe { lock.raw() };
    // A reader is let in by a downgrade, and by the unlock of a writer.
    for downgrades in [true, false] {
        let writer = lock.write();
        let mut task = Box::pin(raw.rlock_async());
        assert!(task.as_mut().poll(armed).is_pending());
        if downgrades {
            drop(RwLockWriteGuard::downgrade(writer));
        } else {
            drop(writer);
        }
        assert!(!lock.is_locked_exclusive() && lock.is_locked(), "the reader has it");
        assert!(task.as_mut().poll(armed).is_ready());
        raw.runlock();
        assert!(!lock.is_locked());
    }
    // A writer is let in by the unlock of a reader, whose guard then waits for it.
    let mut reader = lock.read();
    let mut task = Box::pin(raw.lock_async());
    assert!(task.as_mut().poll(armed).is_pending());
    thread::scope(|s| {
        RwLockReadGuard::unlocked(&mut reader, || {
            assert!(lock.is_locked_exclusive());
            s.spawn(|| {
                assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
                raw.unlock();
            });
        });
    });
    assert!(lock.is_locked() && !lock.is_locked_exclusive());
    drop(reader);
    assert!(!lock.is_locked());
}

/// Guards nest in any order; different mutexes do not know each other.
#[test]
fn nested() {
    let mutexes = [const { RawRwMutex::new() }; 30];
    for (n, mutex) in mutexes.iter().enumerate() {
        if n % 3 == 0 { mutex.lock() } else { mutex.rlock() }
    }
    for n in (0..30).map(|n| n * 7 % 30) {
        if n % 3 == 0 {
            mutexes[n].unlock()
        } else {
            mutexes[n].runlock()
        }
        assert!(mutexes[n].try_lock());
    }
}
