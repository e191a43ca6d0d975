//! `RwMutex` and its kin under random traffic: writers exclude everybody, readers only writers, nobody is left behind.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{RawRwMutex, RwMutex, RwMutexWriteGuard, ShardedRwMutex};

use crate::plain::Plain;
use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, join, rounds, start};

const THREADS: usize = 6;

/// Holds for a moment: mostly a short one, at times until others have run or have gone to sleep.
fn hold(rng: &mut Rng) {
    match rng.below(200) {
        0 => thread::sleep(Duration::from_micros(300)),
        1..20 => thread::yield_now(),
        20..60 => (0..rng.below(500)).for_each(|_| std::hint::spin_loop()),
        _ => {}
    }
}

/// Nobody has it, and nobody waits.
#[track_caller]
fn assert_free(raw: &RawRwMutex) {
    assert_eq!(format!("{raw:?}"), "RawRwMutex { writer: false, readers: 0, pending: false, waiting: false }");
    assert!(raw.try_lock());
    raw.unlock();
    assert!(raw.try_rlock());
    raw.runlock();
}

fn write(raw: &RawRwMutex, rng: &mut Rng) -> bool {
    match rng.below(8) {
        0 | 1 => raw.try_lock(),
        2 | 3 => raw.lock_timeout(rng.tiny()),
        4 => raw.lock_deadline(Instant::now() + Duration::from_micros(500)),
        _ => {
            raw.lock();
            true
        }
    }
}

fn read(raw: &RawRwMutex, rng: &mut Rng) -> bool {
    match rng.below(8) {
        0 | 1 => raw.try_rlock(),
        2 | 3 => raw.rlock_timeout(rng.tiny()),
        4 => raw.rlock_deadline(Instant::now() + Duration::from_micros(500)),
        _ => {
            raw.rlock();
            true
        }
    }
}

/// Writers count, in memory without synchronisation of its own; readers see a number that nobody changes meanwhile.
#[test]
fn sections() {
    let _watchdog = Watchdog::new();
    // From almost only readers to writers alone.
    for (round, one_write_in) in [50, 8, 2, 1].into_iter().enumerate() {
        let (raw, number, inside) = (&RawRwMutex::new(), &Plain::default(), &AtomicUsize::new(0));
        let written: usize = thread::scope(|s| {
            let threads = start(s, THREADS, |thread| {
                let mut rng = Rng::new(THREADS * round + thread);
                move || {
                    let mut count = 0;
                    for _ in rounds(10_000, LIMIT / 2) {
                        if rng.one_in(one_write_in) {
                            if write(raw, &mut rng) {
                                assert_eq!(inside.fetch_add(THREADS, Ordering::Relaxed), 0, "a writer is not alone");
                                // SAFETY: the mutex is locked for writing.
                                unsafe { number.increment() };
                                count += 1;
                                hold(&mut rng);
                                inside.fetch_sub(THREADS, Ordering::Relaxed);
                                raw.unlock();
                            }
                        } else if read(raw, &mut rng) {
                            assert!(inside.fetch_add(1, Ordering::Relaxed) < THREADS, "a reader is beside a writer");
                            // SAFETY: the mutex is locked for reading.
                            let seen = unsafe { number.get() };
                            hold(&mut rng);
                            // SAFETY: as above.
                            assert_eq!(unsafe { number.get() }, seen);
                            inside.fetch_sub(1, Ordering::Relaxed);
                            raw.runlock();
                        }
                        rng.pause();
                    }
                    count
                }
            });
            join(threads).into_iter().sum()
        });
        assert_free(raw);
        // SAFETY: all threads have ended.
        assert_eq!(unsafe { number.get() }, written);
    }
}

/// A downgrade lets no writer in between, whatever goes on around it.
#[test]
fn downgrades() {
    let _watchdog = Watchdog::new();
    let mutex = &RwMutex::new([0_usize; 2]);
    let written: usize = thread::scope(|s| {
        let threads = start(s, THREADS, |thread| {
            let mut rng = Rng::new(thread);
            move || {
                let mut count = 0;
                for _ in rounds(10_000, LIMIT) {
                    match rng.below(3) {
                        0 => {
                            if let Some(pair) = mutex.read_timeout(rng.tiny()) {
                                assert_eq!(pair[0], pair[1]);
                            }
                        }
                        1 => {
                            let mut pair = mutex.write();
                            pair[0] += 1;
                            hold(&mut rng);
                            pair[1] += 1;
                            count += 1;
                            let wrote = *pair;
                            let pair = RwMutexWriteGuard::downgrade(pair);
                            hold(&mut rng);
                            assert_eq!(*pair, wrote, "a writer came between");
                        }
                        _ => {
                            let pair = mutex.read();
                            assert_eq!(pair[0], pair[1]);
                            hold(&mut rng);
                        }
                    }
                }
                count
            }
        });
        join(threads).into_iter().sum()
    });
    assert_eq!(*mutex.try_write().expect("nobody has it"), [written; 2]);
}

/// Waiters that give up at any moment, as readers and as writers, pending or behind: nobody is left behind.
#[test]
fn giving_up() {
    let _watchdog = Watchdog::new();
    let give_ups = AtomicUsize::new(0);
    for round in rounds(500, 2 * LIMIT) {
        let raw = &RawRwMutex::new();
        thread::scope(|s| {
            let threads = start(s, THREADS, |thread| {
                let (mut rng, give_ups) = (Rng::new(THREADS * round + thread), &give_ups);
                // In some rounds all give up, so that nobody clears up behind the last one.
                let patient = thread < round % 3;
                move || {
                    for _ in 0..10 {
                        let writes = rng.one_in(2);
                        let timeout = if rng.one_in(4) { rng.tiny() } else { Duration::from_micros(400) };
                        let got = match (patient, writes) {
                            (true, true) => {
                                raw.lock();
                                true
                            }
                            (true, false) => {
                                raw.rlock();
                                true
                            }
                            (false, true) => raw.lock_timeout(timeout),
                            (false, false) => raw.rlock_timeout(timeout),
                        };
                        if !got {
                            give_ups.fetch_add(1, Ordering::Relaxed);
                            continue;
                        }
                        if rng.one_in(8) {
                            thread::sleep(Duration::from_micros(200));
                        } else {
                            (0..rng.below(4_000)).for_each(|_| std::hint::spin_loop());
                        }
                        if writes { raw.unlock() } else { raw.runlock() }
                    }
                }
            });
            join(threads);
        });
        assert_free(raw);
    }
    assert!(give_ups.into_inner() > 0);
}

/// Readers and writers, each back as soon as it has unlocked: all get on.
#[test]
fn saturated() {
    const SATURATING: usize = 12;
    const SECTIONS: usize = 50;
    let _watchdog = Watchdog::new();
    let (mutex, over) = (RwMutex::new(0_usize), AtomicBool::new(false));
    let counts = [const { AtomicUsize::new(0) }; SATURATING];
    thread::scope(|s| {
        let threads = start(s, SATURATING, |thread| {
            let (mutex, over, counts) = (&mutex, &over, &counts);
            move || {
                while !over.load(Ordering::Relaxed) {
                    if thread < 3 {
                        *mutex.write() += 1;
                    } else {
                        std::hint::black_box(*mutex.read());
                    }
                    counts[thread].fetch_add(1, Ordering::Relaxed);
                    if counts.iter().all(|count| count.load(Ordering::Relaxed) >= SECTIONS) {
                        over.store(true, Ordering::Relaxed);
                    }
                }
            }
        });
        join(threads);
    });
    let written: usize = counts[..3].iter().map(|count| count.load(Ordering::Relaxed)).sum();
    assert_eq!(mutex.into_inner(), written);
}

/// The sharded one, with threads that come and go, and so change their slots.
#[test]
fn sharded() {
    let _watchdog = Watchdog::new();
    let mutex = &ShardedRwMutex::<[usize; 2], 4>::with_shards([0; 2]);
    let mut written = 0;
    for round in rounds(60, LIMIT) {
        written += thread::scope(|s| {
            let threads = start(s, THREADS, |thread| {
                let mut rng = Rng::new(THREADS * round + thread);
                move || {
                    let mut count = 0;
                    for _ in 0..100 {
                        let guard = match rng.below(12) {
                            0 => Some(mutex.write()),
                            1 => mutex.try_write(),
                            2 => mutex.write_timeout(rng.tiny()),
                            n => {
                                let pair = if n % 2 == 0 { Some(mutex.read()) } else { mutex.read_timeout(rng.tiny()) };
                                if let Some(pair) = pair {
                                    assert_eq!(pair[0], pair[1]);
                                    hold(&mut rng);
                                }
                                None
                            }
                        };
                        if let Some(mut pair) = guard {
                            pair[0] += 1;
                            hold(&mut rng);
                            pair[1] += 1;
                            count += 1;
                        }
                    }
                    count
                }
            });
            join(threads).into_iter().sum::<usize>()
        });
    }
    assert_eq!(*mutex.try_write().expect("nobody has it"), [written; 2]);
}
