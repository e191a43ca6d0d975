//! Values, guards, tries, misuse, panics and drops.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{RawRwMutex, RwMutex, RwMutexReadGuard, RwMutexWriteGuard, chan};

use super::{FREE, PENDING, WAITING, WRITER, panics, until};
use crate::async_locks::Task;
use crate::settle;
use crate::watchdog::Watchdog;

#[test]
fn values_go_in_and_out() {
    let mut mutex = RwMutex::new(vec![1]);
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
    assert_eq!(*RwMutex::<u8>::default().read(), 0);
    assert_eq!(*RwMutex::from("x").read(), "x");
    let raw = RawRwMutex::default();
    assert!(raw.try_lock());
    raw.unlock();
}

/// The value if it can be had; never by blocking. A guard shows the value alone.
#[test]
fn printed() {
    let mutex = RwMutex::new("x");
    assert_eq!(format!("{mutex:?}"), r#"RwMutex { value: "x" }"#);
    let guard = mutex.read();
    assert_eq!(format!("{mutex:?}"), r#"RwMutex { value: "x" }"#);
    assert_eq!((format!("{guard:?}"), format!("{guard:>3}")), (r#""x""#.into(), "  x".into()));
    drop(guard);
    let guard = mutex.write();
    assert_eq!(format!("{mutex:?}"), "RwMutex { value: <locked> }");
    assert_eq!((format!("{guard:?}"), format!("{guard:>3}")), (r#""x""#.into(), "  x".into()));
    drop(guard);
    assert!(mutex.try_write().is_some(), "printing unlocks what it locks");

    let raw = RawRwMutex::new();
    assert_eq!(format!("{raw:?}"), FREE);
    raw.lock();
    assert_eq!(format!("{raw:?}"), WRITER);
    raw.unlock();
    assert!((0..3).all(|_| raw.try_rlock()));
    assert_eq!(format!("{raw:?}"), FREE.replace("readers: 0", "readers: 3"));
}

type LockRaw = fn(&RawRwMutex, Instant) -> bool;
type Reader = fn(&RwMutex<i32>, Instant) -> RwMutexReadGuard<'_, i32>;
type Writer = fn(&RwMutex<i32>, Instant) -> RwMutexWriteGuard<'_, i32>;

/// A try fails if the mutex is locked in the other way, by whomever and however, and succeeds if it is not.
#[test]
fn tries() {
    let (mutex, raw) = (RwMutex::new(0), RawRwMutex::new());
    // What can be had: by a reader, by a writer.
    let open = || {
        let now = || {
            let value = (mutex.try_read().map(drop).is_some(), mutex.try_write().map(drop).is_some());
            let read = raw.try_rlock().then(|| raw.runlock()).is_some();
            assert_eq!((read, raw.try_lock().then(|| raw.unlock()).is_some()), value);
            value
        };
        let there = thread::scope(|s| s.spawn(now).join().unwrap());
        assert_eq!(now(), there);
        there
    };
    let past = Instant::now();
    assert_eq!(open(), (true, true));
    let readers: [(LockRaw, Reader); 4] = [
        (
            |raw, _| {
                raw.rlock();
                true
            },
            |mutex, _| mutex.read(),
        ),
        (|raw, _| raw.try_rlock(), |mutex, _| mutex.try_read().unwrap()),
        (|raw, _| raw.rlock_timeout(Duration::ZERO), |mutex, _| mutex.read_timeout(Duration::ZERO).unwrap()),
        (RawRwMutex::rlock_deadline, |mutex, past| mutex.read_deadline(past).unwrap()),
    ];
    // All at the same time.
    let guards = readers.map(|(lock_raw, lock)| {
        assert!(lock_raw(&raw, past));
        let guard = lock(&mutex, past);
        assert_eq!(open(), (true, false));
        guard
    });
    drop(guards);
    (0..4).for_each(|_| raw.runlock());
    assert_eq!(open(), (true, true));
    let writers: [(LockRaw, Writer); 4] = [
        (
            |raw, _| {
                raw.lock();
                true
            },
            |mutex, _| mutex.write(),
        ),
        (|raw, _| raw.try_lock(), |mutex, _| mutex.try_write().unwrap()),
        (|raw, _| raw.lock_timeout(Duration::ZERO), |mutex, _| mutex.write_timeout(Duration::ZERO).unwrap()),
        (RawRwMutex::lock_deadline, |mutex, past| mutex.write_deadline(past).unwrap()),
    ];
    for (lock_raw, lock) in writers {
        assert!(lock_raw(&raw, past));
        let guard = lock(&mutex, past);
        assert_eq!(open(), (false, false));
        drop(guard);
        raw.unlock();
        assert_eq!(open(), (true, true));
    }
}

/// Readers share: each is in while all others are.
#[test]
fn readers_share() {
    let _watchdog = Watchdog::new();
    let (mutex, all) = (RwMutex::new(7), Barrier::new(8));
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                let guard = mutex.read();
                all.wait();
                assert_eq!(*guard, 7);
            });
        }
    });
}

/// Values without a size of their own.
#[test]
fn unsized_values() {
    let mutex: &RwMutex<[i32]> = &RwMutex::new([1, 2, 3]);
    mutex.write()[1] = 5;
    assert_eq!(format!("{mutex:?}"), "RwMutex { value: [1, 5, 3] }");
    assert_eq!(mutex.try_read().map(|slice| slice.len()), Some(3));

    let mutex: Arc<RwMutex<dyn Fn() -> u32 + Send + Sync>> = Arc::new(RwMutex::new(|| 3));
    thread::scope(|s| assert_eq!(s.spawn(|| (mutex.read())()).join().unwrap(), 3));

    let mut mutex: Box<RwMutex<dyn Display>> = Box::new(RwMutex::new(7));
    assert_eq!(mutex.get_mut().to_string(), "7");
    assert_eq!(format!("{:>2}", mutex.read()), " 7");
}

/// Empty, over-aligned and borrowed values.
#[test]
fn odd_values() {
    let empty = RwMutex::new(());
    let guard = empty.write();
    assert!(empty.try_read().is_none());
    drop(guard);

    #[repr(align(128))]
    struct Aligned(u8);
    let aligned = [const { RwMutex::new(Aligned(0)) }; 3];
    for (n, mutex) in aligned.iter().enumerate() {
        mutex.write().0 = n as u8;
        assert_eq!(&raw const *mutex.read() as usize % 128, 0);
    }
    assert_eq!(aligned.map(|mutex| mutex.into_inner().0), [0, 1, 2]);

    let mut local = 1;
    let borrowed = RwMutex::new(&mut local);
    **borrowed.write() += 1;
    assert_eq!(**borrowed.read(), 2);
    assert_eq!(local, 2);
}

/// A guard may unlock in another thread, while others wait.
#[test]
fn guards_travel() {
    let _watchdog = Watchdog::new();
    let mutex = RwMutex::new(vec![0]);
    let (tx, rx) = chan::bounded::<RwMutexReadGuard<'_, Vec<i32>>>(0);
    thread::scope(|s| {
        let guard = mutex.read();
        let writer = s.spawn(|| mutex.write().push(1));
        s.spawn(|| {
            let guard = rx.recv().unwrap();
            settle();
            assert!(mutex.try_write().is_none(), "it is still locked");
            assert_eq!(*guard, [0]);
        });
        tx.send(guard).unwrap();
        writer.join().unwrap();
    });
    let mut guard = mutex.write();
    thread::scope(|s| _ = s.spawn(|| guard.push(2)));
    thread::scope(|s| {
        let reader = s.spawn(|| mutex.read().len());
        s.spawn(move || drop(guard));
        assert_eq!(reader.join().unwrap(), 3);
    });
}

/// A guard that is forgotten never unlocks. The value is reached by the owner all the same.
#[test]
fn forgotten_guards() {
    let _watchdog = Watchdog::new();
    let mut mutex = RwMutex::new(1);
    std::mem::forget(mutex.read());
    assert!(mutex.try_write().is_none());
    assert!(mutex.write_timeout(Duration::from_millis(1)).is_none());
    assert_eq!(*mutex.read(), 1);
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 2);

    let mut mutex = RwMutex::new(1);
    std::mem::forget(mutex.write());
    assert!(mutex.read_timeout(Duration::from_millis(1)).is_none());
    assert!(mutex.write_timeout(Duration::from_millis(1)).is_none());
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 2);
}

/// An unlock too many panics and changes nothing, however often, and also while others wait.
#[test]
fn misuse_changes_nothing() {
    let _watchdog = Watchdog::new();
    let raw = RawRwMutex::new();
    let refused = |unlock: fn(&RawRwMutex), text: &'static str| {
        let before = format!("{raw:?}");
        let payload = catch_unwind(AssertUnwindSafe(|| unlock(&raw))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&text));
        assert_eq!(format!("{raw:?}"), before);
    };
    let (unlock, runlock) = ("sync: Unlock of unlocked RWMutex", "sync: RUnlock of unlocked RWMutex");
    for _ in 0..3 {
        refused(RawRwMutex::unlock, unlock);
        refused(RawRwMutex::runlock, runlock);
        raw.rlock();
        thread::scope(|s| {
            // A task, for a thread is pending for a moment at first, and then again.
            let mut writer = Task::waiting(raw.lock_async());
            assert_eq!(format!("{raw:?}"), PENDING);
            refused(RawRwMutex::unlock, unlock);
            raw.runlock();
            assert!(writer.is_ready());
            refused(RawRwMutex::runlock, runlock);
            let reader = s.spawn(|| raw.rlock());
            until(&raw, WAITING);
            refused(RawRwMutex::runlock, runlock);
            raw.unlock();
            reader.join().unwrap();
        });
        refused(RawRwMutex::unlock, unlock);
        raw.runlock();
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// A panic in a section unlocks and leaves the value as it is; the others get it.
#[test]
fn panic_in_a_section() {
    let _watchdog = Watchdog::new();
    let mutex = RwMutex::new(1);
    for n in 1..4 {
        thread::scope(|s| {
            let guard = mutex.write();
            let writers = [(); 2].map(|()| {
                s.spawn(|| {
                    let mut value = mutex.write();
                    *value *= 3;
                    panic!("expected by this test");
                })
            });
            let reader = s.spawn(|| {
                let _value = mutex.read();
                panic!("expected by this test");
            });
            settle();
            drop(guard);
            writers.into_iter().for_each(|writer| assert!(writer.join().is_err()));
            assert!(reader.join().is_err());
        });
        assert_eq!(*mutex.read(), 9_i32.pow(n));
        assert!(mutex.try_write().is_some());
    }
}

/// While unwinding, as in a destructor that runs because of a panic, it locks, blocks and unlocks as ever.
#[test]
fn while_unwinding() {
    struct Locks<'a>(&'a RwMutex<Vec<u32>>);
    impl Drop for Locks<'_> {
        fn drop(&mut self) {
            assert!(thread::panicking());
            assert_eq!(self.0.read().len(), 1);
            self.0.write().push(2);
        }
    }
    let _watchdog = Watchdog::new();
    let mutex = RwMutex::new(Vec::new());
    thread::scope(|s| {
        let mut guard = mutex.write();
        let other = s.spawn(|| {
            let _locks = Locks(&mutex);
            panic!("expected by this test");
        });
        settle();
        guard.push(1);
        drop(guard);
        assert!(other.join().is_err());
    });
    assert_eq!(*mutex.read(), [1, 2]);
}

/// A value is dropped once, by whoever has it last; a panic in that drop is theirs.
#[test]
fn drops() {
    struct Bomb<'a> {
        armed: bool,
        drops: &'a AtomicU32,
    }
    impl Drop for Bomb<'_> {
        fn drop(&mut self) {
            self.drops.fetch_add(1, Ordering::Relaxed);
            assert!(!self.armed, "expected by this test");
        }
    }
    let drops = AtomicU32::new(0);
    let dropped = || drops.swap(0, Ordering::Relaxed);
    let make = |armed| Bomb { armed, drops: &drops };

    drop(RwMutex::new(make(false)));
    assert_eq!(dropped(), 1);
    let inner = RwMutex::new(make(false)).into_inner();
    assert_eq!(dropped(), 0);
    drop(inner);
    assert_eq!(dropped(), 1);
    let mutex = RwMutex::new(make(false));
    drop(mutex.read());
    drop(mutex.write());
    assert_eq!(dropped(), 0, "a guard drops nothing");
    std::mem::forget(mutex.write());
    drop(mutex);
    assert_eq!(dropped(), 1, "locked or not");

    assert!(panics(|| drop(RwMutex::new(make(true)))));
    assert_eq!(dropped(), 1);
    let mutex = RwMutex::new(make(true));
    assert!(panics(|| *mutex.write() = make(false)));
    assert_eq!(dropped(), 1);
    assert!(mutex.try_write().is_some_and(|value| !value.armed), "the panic has unlocked it");
}
