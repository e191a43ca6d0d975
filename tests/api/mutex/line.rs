//! The line of waiters: who is served when, and many lines at once.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{Mutex, RawMutex};

use super::{FREE, IN_LINE, until};
use crate::watchdog::Watchdog;
use crate::with_some_pause;

/// A waiter that was called lets itself be overtaken for less than that.
const TURN: Duration = Duration::from_millis(1);

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

/// Plays the first in line against a thread that overtakes it, with two more behind it, until its time is up; then lets
/// `end` unlock the mutex. The order in which the three were served; `None` if the first one was too quick to be
/// overtaken.
fn overtaken(raw: &RawMutex, pause: Duration, end: impl FnOnce(&Mutex<Vec<usize>>)) -> Option<Vec<usize>> {
    let order = Mutex::new(Vec::new());
    raw.lock();
    let overtaken = thread::scope(|s| {
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
        // This calls the first one; the one behind it stays in line.
        raw.unlock();
        if !raw.try_lock() {
            return false;
        }
        // It does not count if somebody has been served in between.
        if !order.lock().is_empty() {
            raw.unlock();
            return false;
        }
        // It finds it taken and goes back, and its time passes.
        until(raw, &[IN_LINE]);
        thread::sleep(TURN);
        end(&order);
        true
    });
    overtaken.then(|| order.into_inner())
}

/// One that was overtaken goes back to where it was: to the front.
#[test]
fn overtaking_keeps_the_order() {
    with_some_pause(|pause| {
        let raw = RawMutex::new();
        let order = (0..3_000).find_map(|_| overtaken(&raw, pause, |_| raw.unlock()));
        order.expect("a thread that wakes up is slower than one that runs") == [0, 1, 2]
    });
}

/// One that was overtaken for long enough is not overtaken once more, in whatever way.
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
            overtaken(&raw, Duration::ZERO, |order| {
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
