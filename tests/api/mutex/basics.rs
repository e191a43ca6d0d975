//! Values, guards, tries, misuse, panics and drops.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{ArcMutexGuard, MappedMutexGuard, Mutex, MutexGuard, RawMutex, chan};
use gosync_tests::times;

use super::{FREE, IN_LINE, LOCKED, until};
use crate::settle;
use crate::watchdog::Watchdog;

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn values_go_in_and_out() {
    let mut mutex = Mutex::new(vec![1]);
    mutex.get_mut().push(2);
    mutex.lock().push(3);
    mutex.try_lock().unwrap().push(4);
    mutex.lock_timeout(Duration::ZERO).unwrap().push(5);
    mutex.lock_deadline(Instant::now()).unwrap().push(6);
    assert_eq!(mutex.lock()[..3], [1, 2, 3]);
    assert_eq!(mutex.into_inner(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(*Mutex::<u8>::default().lock(), 0);
    assert_eq!(*Mutex::from("x").lock(), "x");
    let raw = RawMutex::default();
    assert!(raw.try_lock());
    raw.unlock();
}

/// The value if it can be had; never by blocking. A guard shows the value alone.
#[test]
fn printed() {
    let mutex = Mutex::new("x");
    assert_eq!(format!("{mutex:?}"), r#"Mutex { value: "x" }"#);
    let guard = mutex.lock();
    assert_eq!(format!("{mutex:?}"), "Mutex { value: <locked> }");
    assert_eq!((format!("{guard:?}"), format!("{guard:>3}")), (r#""x""#.into(), "  x".into()));
    drop(guard);
    assert_eq!(format!("{mutex:?}"), r#"Mutex { value: "x" }"#);
    assert!(mutex.try_lock().is_some(), "printing unlocks what it locks");

    let raw = RawMutex::new();
    assert_eq!(format!("{raw:?}"), FREE);
    raw.lock();
    assert_eq!(format!("{raw:?}"), LOCKED);
    raw.unlock();
    assert_eq!(format!("{raw:?}"), FREE);
}

/// A try fails if the mutex is locked, by whomever and however, and succeeds if it is not.
#[test]
fn tries() {
    let (mutex, raw) = (Mutex::new(0), RawMutex::new());
    let locked = || {
        let here = (mutex.try_lock().is_none(), !raw.try_lock());
        let there = thread::scope(|s| s.spawn(|| (mutex.try_lock().is_none(), !raw.try_lock())).join().unwrap());
        assert_eq!(here, there);
        assert_eq!(here.0, here.1);
        if !here.0 {
            // Once here and once there.
            raw.unlock();
            raw.unlock();
        }
        here.0
    };
    let locks: [&dyn Fn(); 3] =
        [&|| raw.lock(), &|| assert!(raw.try_lock() || raw.lock_timeout(Duration::ZERO)), &|| {
            assert!(raw.lock_deadline(Instant::now()))
        }];
    for lock in locks {
        let guard = mutex.lock();
        lock();
        assert!(locked());
        raw.unlock();
        drop(guard);
        assert!(mutex.try_lock().is_some_and(|mut value| {
            *value += 1;
            true
        }));
        assert!(raw.try_lock());
        raw.unlock();
    }
    assert_eq!(mutex.into_inner(), 3);
}

/// Values without a size of their own.
#[test]
fn unsized_values() {
    let mutex: &Mutex<[i32]> = &Mutex::new([1, 2, 3]);
    mutex.lock()[1] = 5;
    assert_eq!(format!("{mutex:?}"), "Mutex { value: [1, 5, 3] }");
    assert_eq!(mutex.try_lock().map(|slice| slice.len()), Some(3));

    let mutex: Arc<Mutex<dyn FnMut() -> u32 + Send>> = Arc::new(Mutex::new({
        let mut n = 0;
        move || {
            n += 1;
            n
        }
    }));
    thread::scope(|s| assert_eq!(s.spawn(|| (mutex.lock())()).join().unwrap(), 1));
    assert_eq!((mutex.lock_timeout(Duration::ZERO).unwrap())(), 2);

    let mut mutex: Box<Mutex<dyn Display>> = Box::new(Mutex::new(7));
    assert_eq!(mutex.get_mut().to_string(), "7");
    assert_eq!(mutex.lock().to_string(), "7");
    assert_eq!(format!("{:>2}", mutex.lock()), " 7");
}

/// Empty, over-aligned, large and borrowed values.
#[test]
fn odd_values() {
    let empty = Mutex::new(());
    let guard = empty.lock();
    assert!(empty.try_lock().is_none());
    drop(guard);

    #[repr(align(128))]
    struct Aligned(u8);
    let aligned = [const { Mutex::new(Aligned(0)) }; 3];
    for (n, mutex) in aligned.iter().enumerate() {
        let mut guard = mutex.lock();
        guard.0 = n as u8;
        assert_eq!(&raw const *guard as usize % 128, 0);
    }
    assert_eq!(aligned.map(|mutex| mutex.into_inner().0), [0, 1, 2]);

    let large = Mutex::new([0_u8; 4096]);
    thread::scope(|s| {
        for n in 1..5 {
            let large = &large;
            s.spawn(move || (0..201).for_each(|_| large.lock().iter_mut().for_each(|byte| *byte ^= n)));
        }
    });
    let bytes = large.into_inner();
    assert!(bytes.iter().all(|&byte| byte == bytes[0]));
    assert_eq!(bytes[0], 4, "1 ^ 2 ^ 3 ^ 4");

    let mut local = 1;
    let borrowed = Mutex::new(&mut local);
    **borrowed.lock() += 1;
    assert_eq!(local, 2);
}

/// A guard may unlock in another thread, while others wait.
#[test]
fn guards_travel() {
    let _watchdog = Watchdog::new();
    let mutex = Mutex::new(vec![0]);
    let (tx, rx) = chan::bounded::<MutexGuard<'_, Vec<i32>>>(0);
    thread::scope(|s| {
        let guard = mutex.lock();
        let waiter = s.spawn(|| mutex.lock().push(2));
        s.spawn(|| {
            let mut guard = rx.recv().unwrap();
            settle();
            assert!(mutex.try_lock().is_none(), "it is still locked");
            guard.push(1);
        });
        tx.send(guard).unwrap();
        waiter.join().unwrap();
        assert_eq!(*mutex.lock(), [0, 1, 2]);
    });
    // A shared guard shares the value.
    let guard = mutex.lock();
    thread::scope(|s| assert_eq!(s.spawn(|| guard.len()).join().unwrap(), 3));
}

/// A guard that is forgotten never unlocks. The value is reached by the owner all the same.
#[test]
fn forgotten_guards() {
    let _watchdog = Watchdog::new();
    let mut mutex = Mutex::new(1);
    std::mem::forget(mutex.lock());
    assert!(mutex.try_lock().is_none());
    assert!(mutex.lock_timeout(Duration::from_millis(1)).is_none());
    *mutex.get_mut() += 1;
    assert!(mutex.try_lock().is_none());
    assert_eq!(mutex.into_inner(), 2);
}

/// A `RawMutex` passes from thread to thread: whoever is told so unlocks it.
#[test]
fn raw_unlocked_by_others() {
    let _watchdog = Watchdog::new();
    let raw = RawMutex::new();
    let (tx, rx) = chan::bounded(0);
    let inside = AtomicU32::new(0);
    thread::scope(|s| {
        s.spawn(|| {
            for () in &rx {
                assert_eq!(inside.fetch_sub(1, Ordering::Relaxed), 1);
                raw.unlock();
            }
        });
        let lockers = [(); 3].map(|()| {
            s.spawn(|| {
                for _ in 0..200 {
                    raw.lock();
                    assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two are inside");
                    tx.send(()).unwrap();
                }
            })
        });
        lockers.into_iter().for_each(|locker| locker.join().unwrap());
        tx.close().unwrap();
    });
    raw.lock();
    assert_eq!(format!("{raw:?}"), LOCKED);
}

/// An unlock too many panics and changes nothing, however often, and also while a free mutex has been contended.
#[test]
fn misuse_changes_nothing() {
    let _watchdog = Watchdog::new();
    let raw = RawMutex::new();
    for _ in 0..3 {
        let payload = catch_unwind(AssertUnwindSafe(|| raw.unlock())).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"sync: unlock of unlocked mutex"));
        assert_eq!(format!("{raw:?}"), FREE);
        raw.lock();
        thread::scope(|s| {
            let waiter = s.spawn(|| raw.lock());
            until(&raw, &[IN_LINE]);
            raw.unlock();
            waiter.join().unwrap();
        });
        raw.unlock();
    }
}

/// A panic in a critical section unlocks and leaves the value as it is; the next one in line gets it.
#[test]
fn panic_in_a_section() {
    let _watchdog = Watchdog::new();
    let mutex = Mutex::new(1);
    for n in 1..4 {
        thread::scope(|s| {
            let guard = mutex.lock();
            let waiters = [(); 2].map(|()| {
                s.spawn(|| {
                    let mut value = mutex.lock();
                    *value *= 3;
                    panic!("expected by this test");
                })
            });
            settle();
            drop(guard);
            waiters.into_iter().for_each(|waiter| assert!(waiter.join().is_err()));
        });
        assert_eq!(*mutex.lock(), 9_i32.pow(n));
        assert!(mutex.try_lock().is_some());
        assert!(mutex.lock_timeout(Duration::ZERO).is_some());
    }
}

/// While unwinding, as in a destructor that runs because of a panic, it locks, blocks and unlocks as ever.
#[test]
fn while_unwinding() {
    struct Locks<'a>(&'a Mutex<Vec<u32>>, &'a RawMutex);
    impl Drop for Locks<'_> {
        fn drop(&mut self) {
            assert!(thread::panicking());
            self.1.unlock();
            self.0.lock().push(2);
        }
    }
    let _watchdog = Watchdog::new();
    let (mutex, raw) = (Mutex::new(Vec::new()), RawMutex::new());
    thread::scope(|s| {
        let mut guard = mutex.lock();
        raw.lock();
        let other = s.spawn(|| {
            let _locks = Locks(&mutex, &raw);
            panic!("expected by this test");
        });
        raw.lock();
        settle();
        guard.push(1);
        drop(guard);
        assert!(other.join().is_err());
    });
    assert_eq!(*mutex.lock(), [1, 2]);
}

/// Counts its drops, and panics in the drop if it is armed.
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

/// A value is dropped once, by whoever has it last: the mutex, the caller of `into_inner`, or who replaces it. A panic
/// in that drop is theirs.
#[test]
fn drops() {
    let drops = AtomicU32::new(0);
    let dropped = || drops.swap(0, Ordering::Relaxed);
    let make = |armed| Bomb { armed, drops: &drops };

    drop(Mutex::new(make(false)));
    assert_eq!(dropped(), 1);
    let inner = Mutex::new(make(false)).into_inner();
    assert_eq!(dropped(), 0);
    drop(inner);
    assert_eq!(dropped(), 1);
    let mutex = Mutex::new(make(false));
    drop(mutex.lock());
    assert_eq!(dropped(), 0, "a guard drops nothing");
    std::mem::forget(mutex.lock());
    drop(mutex);
    assert_eq!(dropped(), 1, "locked or not");

    assert!(panics(|| drop(Mutex::new(make(true)))));
    assert_eq!(dropped(), 1);
    let mutex = Mutex::new(make(true));
    assert!(panics(|| *mutex.lock() = make(false)));
    assert_eq!(dropped(), 1);
    assert!(mutex.try_lock().is_some_and(|value| !value.armed), "the panic has unlocked it");
    drop(mutex);
    assert_eq!(dropped(), 1);
}

/// A guard for a part unlocks as the one that it was made of; if there is no such part that one comes back, and if the function panics it unlocks.
#[test]
fn guards_of_a_part() {
    let mutex = Mutex::new((1, vec![2, 3]));
    let part = MutexGuard::map(mutex.lock(), |pair| &mut pair.1);
    let mut element = MappedMutexGuard::map(part, |list| &mut list[1]);
    *element += 1;
    assert!(mutex.try_lock().is_none());
    assert_eq!((format!("{element:?}"), format!("{element:>2}")), ("4".into(), " 4".into()));
    drop(element);
    assert_eq!(*mutex.try_lock().unwrap(), (1, vec![2, 4]));

    let part = MutexGuard::filter_map(mutex.lock(), |pair| Some(&mut pair.1)).unwrap();
    let part = MappedMutexGuard::filter_map(part, |list| list.get_mut(9)).unwrap_err();
    assert!(mutex.try_lock().is_none());
    *MappedMutexGuard::filter_map(part, |list| list.get_mut(0)).unwrap() = 5;
    let whole = MutexGuard::filter_map(mutex.lock(), |_| None::<&mut u8>).unwrap_err();
    assert_eq!(*whole, (1, vec![5, 4]));
    drop(whole);

    assert!(panics(|| drop(MutexGuard::map(mutex.lock(), |_| -> &mut u8 { panic!("expected by this test") }))));
    let part = MutexGuard::map(mutex.lock(), |pair| &mut pair.0);
    assert!(panics(|| drop(MappedMutexGuard::map(part, |_| -> &mut u8 { panic!("expected by this test") }))));
    assert!(mutex.try_lock().is_some());
    // Elsewhere, and of what has no size.
    let part = MutexGuard::map(mutex.lock(), |pair| &mut pair.1[..]);
    thread::scope(|s| s.spawn(move || assert_eq!(part[..], [5, 4])).join().unwrap());
    assert!(mutex.try_lock().is_some());
}

/// An owned guard keeps its mutex, in all ways to get one.
#[test]
fn guards_that_own() {
    let mutex = Arc::new(Mutex::new(0));
    let mut guard = mutex.lock_arc();
    assert_eq!(Arc::strong_count(&mutex), 2);
    *guard += 1;
    assert_eq!((format!("{guard:?}"), format!("{guard:>2}")), ("1".into(), " 1".into()));
    assert!(mutex.try_lock_arc().is_none());
    assert!(mutex.lock_arc_timeout(Duration::from_millis(1)).is_none());
    assert!(mutex.lock_arc_deadline(Instant::now()).is_none());
    assert_eq!(Arc::strong_count(&mutex), 2, "a try that fails keeps nothing");
    thread::spawn(move || drop(guard)).join().unwrap();
    *mutex.try_lock_arc().unwrap() += 1;
    *mutex.lock_arc_timeout(Duration::MAX).unwrap() += 1;
    *mutex.lock_arc_deadline(Instant::now()).unwrap() += 1;
    let guard = mutex.lock_arc();
    drop(mutex);
    assert_eq!(*guard, 4);
    // The last share goes with the guard, and the value with it.
    let value = Arc::new(());
    let guard = Arc::new(Mutex::new(Arc::clone(&value))).lock_arc();
    assert_eq!(Arc::strong_count(&value), 2);
    drop(guard);
    assert_eq!(Arc::strong_count(&value), 1);
    let unsized_value: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2]));
    assert_eq!(unsized_value.lock_arc()[..], [1, 2]);
}

/// A section that is interrupted, by both kinds of guards: others come in meanwhile, and it is locked afterwards, on all ways.
#[test]
fn unlocked_for_a_while() {
    let _watchdog = Watchdog::new();
    let mutex = Arc::new(Mutex::new(0));
    let meanwhile = || {
        assert!(!mutex.is_locked());
        thread::scope(|s| s.spawn(|| *mutex.lock() += 1).join().unwrap());
        let mut inner = mutex.lock();
        *inner += 1;
        assert!(mutex.is_locked());
        // By no other guard than this one.
        assert_eq!(MutexGuard::unlocked(&mut inner, || mutex.try_lock().map(|guard| *guard)), Some(*inner));
        *inner
    };
    let fails = || -> i32 {
        *mutex.lock() += 1;
        panic!("expected by this test")
    };
    let mut guard = mutex.lock();
    assert_eq!((MutexGuard::unlocked(&mut guard, meanwhile), mutex.is_locked()), (2, true));
    assert!(panics(|| _ = MutexGuard::unlocked(&mut guard, fails)));
    assert!(mutex.try_lock().is_none(), "the guard is there, so it is locked");
    assert_eq!(*guard, 3);
    drop(guard);
    let mut guard = mutex.lock_arc();
    assert_eq!((ArcMutexGuard::unlocked(&mut guard, meanwhile), mutex.is_locked()), (5, true));
    assert!(panics(|| _ = ArcMutexGuard::unlocked(&mut guard, fails)));
    assert!(mutex.try_lock().is_none());
    drop(guard);
    assert_eq!((mutex.is_locked(), *mutex.lock()), (false, 6));
    // While it panics, from a destructor.
    struct InDrop<'a>(MutexGuard<'a, i32>, &'a Mutex<i32>);
    impl Drop for InDrop<'_> {
        fn drop(&mut self) {
            let mutex = self.1;
            MutexGuard::unlocked(&mut self.0, || *mutex.lock() += 1);
        }
    }
    assert!(panics(|| {
        let _guard = InDrop(mutex.lock(), &mutex);
        panic!("expected by this test");
    }));
    assert_eq!((mutex.is_locked(), *mutex.lock()), (false, 7));
}

/// It waits for its turn again, behind others.
#[test]
fn unlocked_and_contended() {
    let _watchdog = Watchdog::new();
    let mutex = Mutex::new(0);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                let mut guard = mutex.lock();
                for _ in 0..times(500) {
                    let before = *guard;
                    MutexGuard::unlocked(&mut guard, thread::yield_now);
                    assert!(*guard >= before);
                    *guard += 1;
                }
            });
        }
    });
    assert_eq!(mutex.into_inner(), 4 * times(500));
}

/// Snapshots: what a lock without data is asked, too.
#[test]
fn is_it_locked() {
    let raw = RawMutex::new();
    assert!(!raw.is_locked());
    raw.lock();
    assert!(raw.is_locked());
    raw.unlock();
    assert!(!raw.is_locked());
}

/// Another crate's guards on our lock.
#[test]
fn as_a_lock_of_lock_api() {
    use lock_api::RawMutex as _;

    static VALUE: lock_api::Mutex<RawMutex, usize> = lock_api::Mutex::new(0);
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| (0..times(1_000)).for_each(|_| *VALUE.lock() += 1));
        }
    });
    let guard = VALUE.lock();
    assert_eq!(*guard, 4 * times(1_000));
    assert!(VALUE.is_locked() && VALUE.try_lock().is_none());
    assert!(VALUE.try_lock_for(Duration::from_millis(1)).is_none());
    assert!(VALUE.try_lock_until(Instant::now()).is_none());
    // Any thread may unlock: so the guard can be sent.
    thread::scope(|s| s.spawn(|| drop(guard)).join().unwrap());
    assert!(!VALUE.is_locked() && VALUE.try_lock_for(Duration::ZERO).is_some());
    let fresh = RawMutex::INIT;
    assert!(!fresh.is_locked());
    // A waker that panics does not get in their way, not even where a guard is there without its lock.
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("expected by this test");
        }
    }
    let (armed, other) = (Waker::from(Arc::new(Bomb)), lock_api::Mutex::<RawMutex, u32>::new(0));
    let mut guard = other.lock();
    // SAFETY: it unlocks what it has locked.
    let mut task = Box::pin(unsafe { other.raw() }.lock_async());
    assert!(task.as_mut().poll(&mut Context::from_waker(&armed)).is_pending());
    thread::scope(|s| {
        lock_api::MutexGuard::unlocked(&mut guard, || {
            let task = s.spawn(|| {
                while task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
                // SAFETY: just locked.
                unsafe { other.force_unlock() };
            });
            // If this one locked again before it, it would wait for the guard.
            task.join().unwrap();
        });
    });
    assert!(other.is_locked());
    drop(guard);
    assert!(!other.is_locked());
}
