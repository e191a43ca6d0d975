//! `Mutex` and `RawMutex` beyond Go's tests.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{Mutex, MutexGuard, RawMutex, chan};

use crate::watchdog::Watchdog;
use crate::{settle, with_some_pause};

const FREE: &str = "RawMutex { locked: false, queued: false, called: false, reserved: false }";
const LOCKED: &str = "RawMutex { locked: true, queued: false, called: false, reserved: false }";
const IN_LINE: &str = "RawMutex { locked: true, queued: true, called: false, reserved: false }";
const RESERVED: &str = "RawMutex { locked: true, queued: true, called: false, reserved: true }";

/// A waiter lets itself be overtaken for so long at least.
const PATIENCE: Duration = Duration::from_millis(1);

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// A moment that is certainly over.
fn past() -> Instant {
    let now = Instant::now();
    thread::sleep(Duration::from_millis(1));
    now
}

/// Waits until `mutex` shows one of these states; which.
fn until<'a>(mutex: &RawMutex, states: &[&'a str]) -> &'a str {
    loop {
        let state = format!("{mutex:?}");
        if let Some(seen) = states.iter().find(|&&wanted| wanted == state) {
            return seen;
        }
        thread::yield_now();
    }
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

/// A passed deadline locks what is free, and fails on what is not without joining the line.
#[test]
fn passed_deadlines() {
    let _watchdog = Watchdog::new();
    let (mutex, raw, past) = (Mutex::new(0), RawMutex::new(), past());
    *mutex.lock_deadline(past).unwrap() += 1;
    *mutex.lock_timeout(Duration::ZERO).unwrap() += 1;
    assert!(raw.lock_deadline(past));
    raw.unlock();
    assert!(raw.lock_timeout(Duration::ZERO));
    let guard = mutex.lock();
    // So often that a wait for anything would add up to the watchdog's limit.
    for _ in 0..1_000 {
        assert!(mutex.lock_deadline(past).is_none());
        assert!(mutex.lock_timeout(Duration::ZERO).is_none());
        assert!(!raw.lock_deadline(past));
        assert!(!raw.lock_timeout(Duration::ZERO));
        assert_eq!(format!("{raw:?}"), LOCKED);
    }
    assert_eq!(*guard, 2);
}

/// As above, while others are in line: it neither waits nor disturbs them.
#[test]
fn passed_deadlines_behind_a_line() {
    let _watchdog = Watchdog::new();
    let (raw, past) = (RawMutex::new(), past());
    raw.lock();
    thread::scope(|s| {
        let waiter = s.spawn(|| raw.lock());
        until(&raw, &[IN_LINE]);
        assert!((0..100).all(|_| !raw.lock_deadline(past)));
        assert_eq!(format!("{raw:?}"), IN_LINE);
        raw.unlock();
        waiter.join().unwrap();
    });
    assert_eq!(format!("{raw:?}"), LOCKED);
}

/// Nothing that fails does so before its time.
#[test]
fn never_early() {
    let _watchdog = Watchdog::new();
    let (mutex, raw) = (Mutex::new(()), RawMutex::new());
    let _guard = mutex.lock();
    raw.lock();
    for timeout in [10, 100, 1_000, 10_000].map(Duration::from_micros) {
        let tries: [&dyn Fn() -> bool; 2] = [&|| mutex.lock_timeout(timeout).is_some(), &|| raw.lock_timeout(timeout)];
        for locks in tries {
            let start = Instant::now();
            assert!(!locks());
            assert!(start.elapsed() >= timeout);
        }
        let tries: [&dyn Fn(Instant) -> bool; 2] =
            [&|deadline| mutex.lock_deadline(deadline).is_some(), &|deadline| raw.lock_deadline(deadline)];
        for locks in tries {
            let deadline = Instant::now() + timeout;
            assert!(!locks(deadline));
            assert!(Instant::now() >= deadline);
        }
    }
}

/// Timeouts that the clock cannot add, or that the system cannot count, are for ever; any that lasts long enough
/// succeeds when another thread unlocks.
#[test]
fn far_deadlines() {
    let _watchdog = Watchdog::new();
    // As far as the clock can tell, rounded down to a power of two.
    let mut powers = (0..64).rev().map(|n| Duration::from_secs(1 << n));
    let farthest = powers.find(|&d| Instant::now().checked_add(d + Duration::from_secs(3600)).is_some()).unwrap();
    let (mutex, raw) = (&Mutex::new(0), &RawMutex::new());
    let far = [Duration::MAX, Duration::from_secs(u64::MAX), farthest, Duration::from_secs(1 << 33)];
    for timeout in far.into_iter().chain([Duration::from_secs(3600)]) {
        let guard = mutex.lock();
        raw.lock();
        thread::scope(|s| {
            let by_timeout = s.spawn(move || raw_and_value(timeout));
            let deadline = Instant::now().checked_add(timeout);
            let by_deadline = s.spawn(move || deadline.is_none_or(|deadline| mutex.lock_deadline(deadline).is_some()));
            let waiter = s.spawn(|| *mutex.lock_timeout(timeout).expect("it lasts for ever") += 1);
            let raw_waiter = s.spawn(|| raw.lock_timeout(timeout));
            until(raw, &[IN_LINE]);
            settle();
            drop(guard);
            raw.unlock();
            waiter.join().unwrap();
            assert!(by_timeout.join().unwrap() && by_deadline.join().unwrap() && raw_waiter.join().unwrap());
        });
        raw.unlock();
    }
    assert_eq!(*mutex.lock(), 5);
}

/// What is free is locked whatever the timeout.
fn raw_and_value(timeout: Duration) -> bool {
    let (mutex, raw) = (Mutex::new(0), RawMutex::new());
    mutex.lock_timeout(timeout).is_some() && raw.lock_timeout(timeout) && !raw.try_lock()
}

/// Many wait, and all give up: nothing is left of them, and who comes later is served.
#[test]
fn all_give_up() {
    let _watchdog = Watchdog::new();
    let raw = RawMutex::new();
    for _ in 0..5 {
        raw.lock();
        thread::scope(|s| {
            let waiters: Vec<_> = (0..16)
                .map(|n| {
                    s.spawn({
                        let raw = &raw;
                        move || raw.lock_timeout(Duration::from_micros(n % 4 * 1_000))
                    })
                })
                .collect();
            waiters.into_iter().for_each(|waiter| assert!(!waiter.join().unwrap()));
            assert_eq!(format!("{raw:?}"), LOCKED, "nobody is in line");
            let patient = s.spawn(|| raw.lock());
            until(&raw, &[IN_LINE]);
            raw.unlock();
            patient.join().unwrap();
        });
        assert_eq!(format!("{raw:?}"), LOCKED);
        raw.unlock();
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// Some give up, from anywhere in the line: the others are served.
#[test]
fn some_give_up() {
    let _watchdog = Watchdog::new();
    let mutex = Mutex::new(0);
    for round in 0..8 {
        let guard = mutex.lock();
        thread::scope(|s| {
            let waiters: Vec<_> = (0..12)
                .map(|n| {
                    let (mutex, impatient) = (&mutex, (n + round) % 3 != 0 || round % 4 == n % 4);
                    let waiter = s.spawn(move || {
                        if impatient {
                            assert!(mutex.lock_timeout(Duration::from_millis(2)).is_none());
                        } else {
                            *mutex.lock() += 1;
                        }
                    });
                    (impatient, waiter)
                })
                .collect();
            let (impatient, patient): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|(impatient, _)| *impatient);
            impatient.into_iter().for_each(|(_, waiter)| waiter.join().unwrap());
            let (before, n) = (*guard, patient.len());
            drop(guard);
            patient.into_iter().for_each(|(_, waiter)| waiter.join().unwrap());
            assert_eq!(*mutex.lock(), before + n);
        });
    }
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

/// Far more mutexes than the table has places, and waiters on many of them: each gets the mutex that it waits for, and
/// nobody else is woken in its place.
#[test]
fn many_mutexes() {
    const WAITERS: usize = 400;
    const STEP: usize = 9;
    let _watchdog = Watchdog::new();
    let mutexes: &[RawMutex] = &[const { RawMutex::new() }; WAITERS * STEP];
    let served: &[AtomicU32] = &[const { AtomicU32::new(0) }; WAITERS];
    let gave_up = &AtomicUsize::new(0);
    // No regular distance between them.
    let mutex_of = |waiter: usize| &mutexes[STEP * waiter + waiter * waiter % STEP];
    let wait = |waiter| {
        // Every other one gives up first, among others that stay.
        if waiter % 2 == 0 {
            assert!(!mutex_of(waiter).lock_timeout(Duration::from_millis(1)));
            gave_up.fetch_add(1, Ordering::Relaxed);
        }
        mutex_of(waiter).lock();
        served[waiter].fetch_add(1, Ordering::Relaxed);
        mutex_of(waiter).unlock();
    };
    mutexes.iter().for_each(RawMutex::lock);
    thread::scope(|s| {
        let small = || thread::Builder::new().stack_size(64 << 10);
        let mut waiters: Vec<_> =
            (0..WAITERS).map(|waiter| Some(small().spawn_scoped(s, move || wait(waiter)).unwrap())).collect();
        while gave_up.load(Ordering::Relaxed) < WAITERS / 2 {
            thread::yield_now();
        }
        (0..WAITERS).for_each(|waiter| _ = until(mutex_of(waiter), &[IN_LINE]));
        // In another order than that of their arrival and of their addresses: the factor and the number are coprime.
        for waiter in (0..WAITERS).map(|n| n * 157 % WAITERS) {
            assert_eq!(served[waiter].load(Ordering::Relaxed), 0);
            mutex_of(waiter).unlock();
            waiters[waiter].take().unwrap().join().unwrap();
            assert_eq!(served[waiter].load(Ordering::Relaxed), 1);
            assert_eq!(format!("{:?}", mutex_of(waiter)), FREE);
        }
    });
    assert_eq!(mutexes.iter().filter(|mutex| mutex.try_lock()).count(), WAITERS, "the others are locked");
}

/// Those who joined one after the other are served in that order, when nobody overtakes them.
#[test]
fn in_the_order_of_arrival() {
    with_some_pause(|pause| {
        let order = Mutex::new(Vec::new());
        thread::scope(|s| {
            let guard = order.lock();
            for n in 0..5 {
                let order = &order;
                s.spawn(move || match n {
                    // One in the middle that lasts, and one that does not.
                    1 => order.lock_timeout(Duration::from_secs(3600)).unwrap().push(n),
                    3 => drop(order.lock_timeout(pause / 2).map(|mut order| order.push(n))),
                    _ => order.lock().push(n),
                });
                thread::sleep(pause);
            }
            drop(guard);
        });
        order.into_inner() == [0, 1, 2, 4]
    });
}

/// Plays the first in line against a thread that overtakes it, with two more behind it: once, or again and again until
/// the mutex is `reserved`; then lets `end` unlock it. The order in which the three were served; `None` if the first one
/// was too quick to be overtaken.
fn overtaken(
    raw: &RawMutex,
    pause: Duration,
    reserved: bool,
    end: impl FnOnce(&Mutex<Vec<usize>>),
) -> Option<Vec<usize>> {
    let order = Mutex::new(Vec::new());
    raw.lock();
    let before = Instant::now();
    let waited = thread::scope(|s| {
        for n in 0..3 {
            let order = &order;
            s.spawn(move || {
                raw.lock();
                order.lock().push(n);
                raw.unlock();
            });
            until(raw, &[IN_LINE]);
            thread::sleep(pause);
        }
        loop {
            raw.unlock();
            if !raw.try_lock() {
                break None;
            }
            // Nor does it count if somebody has been served in between.
            if !order.lock().is_empty() {
                raw.unlock();
                break None;
            }
            // The front was called, finds it taken, and goes back.
            match until(raw, &[IN_LINE, RESERVED]) {
                IN_LINE if reserved => thread::sleep(PATIENCE),
                _ => {
                    let waited = before.elapsed();
                    end(&order);
                    break Some(waited);
                }
            }
        }
    });
    // Not before: a panic in the scope would leave the mutex locked.
    assert!(!reserved || waited? >= PATIENCE, "reserved too soon");
    waited.map(|_| order.into_inner())
}

/// One that was overtaken goes back to where it was: to the front.
#[test]
fn overtaking_keeps_the_order() {
    for reserved in [false, true] {
        with_some_pause(|pause| {
            let raw = RawMutex::new();
            let order = (0..3_000).find_map(|_| overtaken(&raw, pause, reserved, |_| raw.unlock()));
            order.expect("a thread that wakes up is slower than one that runs") == [0, 1, 2]
        });
    }
}

/// One that was overtaken for too long has the mutex reserved: nobody else locks it next, in whatever way.
#[test]
fn overtaking_ends() {
    let _watchdog = Watchdog::new();
    let raw = RawMutex::new();
    let locks: [fn(&RawMutex) -> bool; 4] = [
        |raw| {
            raw.lock();
            true
        },
        RawMutex::try_lock,
        |raw| raw.lock_timeout(Duration::from_secs(3600)),
        |raw| raw.lock_deadline(Instant::now()),
    ];
    for lock in locks {
        let mut too_soon = false;
        let mut round = || {
            overtaken(&raw, Duration::ZERO, true, |order| {
                raw.unlock();
                if lock(&raw) {
                    too_soon |= order.lock().is_empty();
                    raw.unlock();
                }
            })
        };
        assert!((0..3_000).any(|_| round().is_some()), "a thread that wakes up is slower than one that runs");
        assert!(!too_soon, "the front was overtaken once more");
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// One that has the mutex reserved and gives up leaves no reservation behind.
#[test]
fn a_reservation_is_given_up() {
    let _watchdog = Watchdog::new();
    let raw = RawMutex::new();
    let round = |timeout| {
        raw.lock();
        let reserved = thread::scope(|s| {
            let waiter = s.spawn(|| raw.lock_timeout(timeout));
            while format!("{raw:?}") != IN_LINE && !waiter.is_finished() {
                thread::yield_now();
            }
            let reserved = loop {
                raw.unlock();
                if !raw.try_lock() {
                    break false;
                }
                match until(&raw, &[IN_LINE, RESERVED, LOCKED]) {
                    IN_LINE => thread::sleep(PATIENCE),
                    state => break state == RESERVED,
                }
            };
            if waiter.join().unwrap() {
                raw.unlock();
                return false;
            }
            assert_eq!(format!("{raw:?}"), LOCKED);
            raw.unlock();
            reserved
        });
        assert!(raw.try_lock(), "nobody has it, and nobody waits for it");
        raw.unlock();
        reserved
    };
    let mut timeouts = (0..1_000).map(|n| Duration::from_millis(5 + n / 10));
    assert!(timeouts.any(round), "never reserved before it gave up");
}

/// Different mutexes nest to any depth, and unlock in any order.
#[test]
fn nested() {
    let mutexes = [const { Mutex::new(0) }; 50];
    let mut guards: Vec<_> = mutexes.iter().map(Mutex::lock).collect();
    (0..guards.len()).for_each(|n| *guards[n] = n);
    while !guards.is_empty() {
        drop(guards.remove(guards.len() * 3 / 7));
    }
    drop(guards);
    assert_eq!(mutexes.map(Mutex::into_inner), std::array::from_fn(|n| n));
}
