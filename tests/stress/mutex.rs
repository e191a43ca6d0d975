//! One mutex, locked in every way by several threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{Mutex, MutexGuard, RawMutex, chan};

use crate::checker::{Effect, Event, linearizable};
use crate::plain::Plain;
use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

const THREADS: usize = 5;

/// A timeout around the time for which a waiter lets itself be overtaken.
fn impatient(rng: &mut Rng) -> Duration {
    Duration::from_micros(100 + rng.below(1_500) as u64)
}

/// One attempt, in some way.
fn attempt<'a, T>(mutex: &'a Mutex<T>, rng: &mut Rng) -> Option<MutexGuard<'a, T>> {
    match rng.below(8) {
        0 | 1 => mutex.try_lock(),
        2 | 3 => mutex.lock_timeout(rng.tiny()),
        4 => mutex.lock_deadline(Instant::now() + impatient(rng)),
        5 => mutex.lock_timeout(Duration::MAX),
        _ => Some(mutex.lock()),
    }
}

/// The same without a guard.
fn attempt_raw(raw: &RawMutex, rng: &mut Rng) -> bool {
    match rng.below(8) {
        0 | 1 => raw.try_lock(),
        2 | 3 => raw.lock_timeout(rng.tiny()),
        4 => raw.lock_deadline(Instant::now() + impatient(rng)),
        _ => {
            raw.lock();
            true
        }
    }
}

/// Holds for a moment: mostly a short one, at times until others have run or have gone to sleep.
fn hold(rng: &mut Rng) {
    match rng.below(200) {
        0 => thread::sleep(Duration::from_micros(300)),
        1..20 => thread::yield_now(),
        20..60 => (0..rng.below(500)).for_each(|_| std::hint::spin_loop()),
        _ => {}
    }
}

/// Nobody has it, and nobody is in line.
#[track_caller]
fn assert_free(raw: &RawMutex) {
    assert_eq!(format!("{raw:?}"), "RawMutex { locked: false, queued: false, called: false, reserved: false }");
    assert!(raw.try_lock());
    raw.unlock();
}

/// One thread at a time is inside, sees what the others did, and nothing that anybody did is lost.
#[test]
fn sections() {
    #[derive(Default)]
    struct Shared {
        inside: Option<usize>,
        counts: [usize; THREADS],
        sum: usize,
    }
    let _watchdog = Watchdog::new();
    let mutex = Mutex::new(Shared::default());
    let counts = thread::scope(|s| {
        let threads = start(s, THREADS, |thread| {
            let (mutex, mut rng) = (&mutex, Rng::new(thread));
            move || {
                let mut count = 0;
                for _ in rounds(20_000, LIMIT) {
                    if let Some(mut shared) = attempt(mutex, &mut rng) {
                        assert_eq!(shared.inside.replace(thread), None, "two are inside");
                        assert_eq!(shared.sum, shared.counts.iter().sum());
                        hold(&mut rng);
                        count += 1;
                        shared.counts[thread] += 1;
                        shared.sum += 1;
                        assert_eq!(shared.inside.take(), Some(thread));
                    }
                    rng.pause();
                }
                count
            }
        });
        join(threads)
    });
    assert_eq!(mutex.lock().counts[..], counts);
    let shared = mutex.into_inner();
    assert_eq!(shared.sum, counts.iter().sum());
}

/// Whoever locks may leave the unlock to another thread. The section goes on there.
#[test]
fn sections_handed_over() {
    const UNLOCKERS: usize = 2;
    let _watchdog = Watchdog::new();
    let (raw, number) = (RawMutex::new(), Plain::default());
    let (raw, number) = (&raw, &number);
    let (tx, rx) = chan::unbounded();
    thread::scope(|s| {
        let unlockers = start(s, UNLOCKERS, |unlocker| {
            let (rx, mut rng) = (rx.clone(), Rng::new(THREADS + unlocker));
            move || {
                rx.iter()
                    .map(|seen| {
                        hold(&mut rng);
                        // SAFETY: the mutex is locked, and its unlock is up to this thread.
                        assert_eq!(unsafe { number.increment() }, seen + 1, "somebody was inside");
                        raw.unlock();
                    })
                    .count()
            }
        });
        let lockers = start(s, THREADS, |thread| {
            let (tx, mut rng) = (tx.clone(), Rng::new(thread));
            move || {
                let mut count = 0;
                for _ in rounds(10_000, LIMIT) {
                    if attempt_raw(raw, &mut rng) {
                        count += 1;
                        // SAFETY: the mutex is locked, by this thread.
                        let seen = unsafe { number.increment() };
                        if rng.one_in(3) {
                            tx.send(seen).unwrap();
                        } else {
                            hold(&mut rng);
                            raw.unlock();
                        }
                    }
                    rng.pause();
                }
                count
            }
        });
        let locked: usize = join(lockers).into_iter().sum();
        tx.close().unwrap();
        let handed_over: usize = join(unlockers).into_iter().sum();
        assert_free(raw);
        // SAFETY: all threads have ended.
        assert_eq!(unsafe { number.increment() }, locked + handed_over + 1);
    });
}

/// Waiters that give up at any moment, in line, called or overtaken, among others that do not:
/// nobody is left behind, and no mutex is left locked, called or reserved.
#[test]
fn giving_up() {
    let _watchdog = Watchdog::new();
    let give_ups = AtomicUsize::new(0);
    for round in rounds(500, 2 * LIMIT) {
        let raw = &RawMutex::new();
        thread::scope(|s| {
            let threads = start(s, THREADS, |thread| {
                let (mut rng, give_ups) = (Rng::new(THREADS * round + thread), &give_ups);
                // In some rounds all give up, so that nobody clears up behind the last one.
                let patient = thread < round % 3;
                move || {
                    for _ in 0..10 {
                        let timeout = if rng.one_in(4) { rng.tiny() } else { impatient(&mut rng) };
                        if patient {
                            raw.lock();
                        } else if !raw.lock_timeout(timeout) {
                            give_ups.fetch_add(1, Ordering::Relaxed);
                            continue;
                        }
                        if rng.one_in(8) {
                            thread::sleep(Duration::from_micros(200));
                        } else {
                            (0..rng.below(4_000)).for_each(|_| std::hint::spin_loop());
                        }
                        raw.unlock();
                    }
                }
            });
            join(threads);
        });
        assert_free(raw);
    }
    assert!(give_ups.into_inner() > 0);
}

/// The shape of golang/go issue 33747: many threads, each back at the mutex as soon as it has unlocked. All get on.
#[test]
fn saturated() {
    const SATURATING: usize = 16;
    const SECTIONS: usize = 50;
    let _watchdog = Watchdog::new();
    let (mutex, over) = (Mutex::new([0; SATURATING]), AtomicBool::new(false));
    thread::scope(|s| {
        let threads = start(s, SATURATING, |thread| {
            let (mutex, over) = (&mutex, &over);
            move || {
                let mut count = 0;
                while !over.load(Ordering::Relaxed) {
                    let mut counts = mutex.lock();
                    counts[thread] += 1;
                    count += 1;
                    if counts.iter().all(|&count| count >= SECTIONS) {
                        over.store(true, Ordering::Relaxed);
                    }
                    (0..100).for_each(|_| std::hint::spin_loop());
                }
                count
            }
        });
        let counts = join(threads);
        assert_eq!(mutex.lock()[..], counts);
    });
}

/// One round of the histories: a new mutex, a few operations of each thread, and when they were called and returned.
///
/// A mutex is a channel with room for one value: locking is sending, unlocking is receiving that value, and a failed
/// attempt has found no room.
struct History {
    raw: RawMutex,
    clock: AtomicUsize,
    start: SpinBarrier,
}

impl History {
    fn play(number: usize) -> Vec<Event> {
        let history =
            &History { raw: RawMutex::new(), clock: AtomicUsize::new(0), start: SpinBarrier::new(THREADS - 1) };
        let mut events = thread::scope(|s| {
            let thread = |thread| move || history.play_thread(thread, &mut Rng::new(THREADS * number + thread));
            join(start(s, THREADS - 1, thread)).concat()
        });
        // It is free at the end.
        events.push(history.lock(255, RawMutex::try_lock));
        events
    }

    fn record(&self, operation: impl FnOnce() -> Effect) -> Event {
        let called = self.clock.fetch_add(1, Ordering::SeqCst);
        let effect = operation();
        Event { effect, called, returned: self.clock.fetch_add(1, Ordering::SeqCst) }
    }

    fn lock(&self, value: u8, operation: impl FnOnce(&RawMutex) -> bool) -> Event {
        self.record(|| if operation(&self.raw) { Effect::Sent { value, patient: true } } else { Effect::Full })
    }

    fn play_thread(&self, thread: usize, rng: &mut Rng) -> Vec<Event> {
        let mut events = Vec::new();
        self.start.wait();
        for n in 0..2 + rng.below(4) {
            let value = (10 * thread + n) as u8;
            let event = self.lock(value, |raw| attempt_raw(raw, rng));
            events.push(event);
            if event.effect != Effect::Full {
                hold(rng);
                events.push(self.record(|| {
                    self.raw.unlock();
                    Effect::Received { value, patient: true }
                }));
            }
            rng.pause();
        }
        events
    }
}

/// Attempts fail while the mutex is locked, and at no other time; locks come one after the other.
#[test]
fn histories() {
    let _watchdog = Watchdog::new();
    for number in rounds(3_000, LIMIT) {
        let events = History::play(number);
        assert!(linearizable(1, &events), "no order explains this: {events:#?}");
    }
}

/// Real histories with one lie in them are rejected: a lock that never was, one that is said to have failed, and an
/// unlock that never was.
#[test]
fn histories_with_a_lie_are_rejected() {
    let _watchdog = Watchdog::new();
    for number in rounds(500, LIMIT / 3) {
        let events = History::play(number);
        for i in 0..events.len() {
            let mut lie = events.clone();
            match events[i].effect {
                Effect::Full => lie[i].effect = Effect::Sent { value: 254, patient: true },
                Effect::Sent { .. } => lie[i].effect = Effect::Full,
                _ => drop(lie.remove(i)),
            }
            assert!(!linearizable(1, &lie), "{i}: {events:#?}");
        }
    }
}
