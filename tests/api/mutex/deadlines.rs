//! Deadlines: passed, far and early ones, and waiters that give up.

use std::thread;
use std::time::{Duration, Instant};

use gosync::{Mutex, RawMutex};
use gosync_tests::times;

use super::{FREE, IN_LINE, LOCKED, until};
use crate::settle;
use crate::watchdog::Watchdog;

/// A moment that is certainly over.
fn past() -> Instant {
    let now = Instant::now();
    thread::sleep(Duration::from_millis(1));
    now
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
    for _ in 0..times(1_000) {
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
