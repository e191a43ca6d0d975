//! The lines: phases, deadlines, and many mutexes at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{Mutex, RawRwMutex, RwMutex};
use gosync_tests::times;

use super::{BOTH, FREE, PENDING, WAITING, WRITER, until};
use crate::settle;
use crate::watchdog::Watchdog;
use crate::with_some_pause;

/// A reader that comes when a writer is pending for good is served after it. (For a moment before that, it may come first.)
#[test]
fn a_pending_writer_keeps_readers_out() {
    for _ in 0..30 {
        with_some_pause(|pause| {
            let (raw, order) = (RawRwMutex::new(), Mutex::new(Vec::new()));
            raw.rlock();
            let kept_out = thread::scope(|s| {
                s.spawn(|| {
                    raw.lock();
                    order.lock().push("writer");
                    raw.unlock();
                });
                until(&raw, PENDING);
                thread::sleep(pause);
                let reader = s.spawn(|| {
                    raw.rlock();
                    order.lock().push("reader");
                    raw.runlock();
                });
                while format!("{raw:?}") != BOTH && !reader.is_finished() {
                    thread::yield_now();
                }
                let (by_try, by_time) = (raw.try_rlock(), raw.rlock_timeout(Duration::ZERO));
                (0..1 + u32::from(by_try) + u32::from(by_time)).for_each(|_| raw.runlock());
                !by_try && !by_time
            });
            assert_eq!(format!("{raw:?}"), FREE);
            kept_out && order.into_inner() == ["writer", "reader"]
        });
    }
}

/// A reader in line comes before the next writer, be it one that waits or one that runs.
#[test]
fn a_reader_in_line_comes_before_the_next_writer() {
    let _watchdog = Watchdog::new();
    for round in 0..100 {
        let (raw, read) = (RawRwMutex::new(), AtomicBool::new(false));
        raw.lock();
        thread::scope(|s| {
            s.spawn(|| {
                raw.rlock();
                if round % 2 == 0 {
                    thread::sleep(Duration::from_micros(50));
                }
                read.store(true, Ordering::Relaxed);
                raw.runlock();
            });
            until(&raw, WAITING);
            s.spawn(|| {
                raw.lock();
                assert!(read.load(Ordering::Relaxed));
                raw.unlock();
            });
            until(&raw, &WAITING.replace("pending: false", "pending: true"));
            raw.unlock();
            raw.lock();
            assert!(read.load(Ordering::Relaxed));
            raw.unlock();
        });
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// Writers that joined one after the other are served in that order, when nobody overtakes them.
#[test]
fn writers_in_the_order_of_arrival() {
    with_some_pause(|pause| {
        let order = RwMutex::new(Vec::new());
        thread::scope(|s| {
            let guard = order.read();
            for n in 0..5 {
                let order = &order;
                s.spawn(move || match n {
                    // One in the middle that lasts, and one that does not.
                    1 => order.write_timeout(Duration::from_secs(3600)).unwrap().push(n),
                    3 => drop(order.write_timeout(pause / 2).map(|mut order| order.push(n))),
                    _ => order.write().push(n),
                });
                thread::sleep(pause);
            }
            drop(guard);
        });
        order.into_inner() == [0, 1, 2, 4]
    });
}

/// A moment that is certainly over.
fn past() -> Instant {
    let now = Instant::now();
    thread::sleep(Duration::from_millis(1));
    now
}

/// A passed deadline fails on what is locked without joining a line or keeping anybody out.
#[test]
fn passed_deadlines() {
    let _watchdog = Watchdog::new();
    let (raw, past) = (RawRwMutex::new(), past());
    raw.lock();
    for _ in 0..times(300) {
        assert!(!raw.lock_deadline(past) && !raw.lock_timeout(Duration::ZERO));
        assert!(!raw.rlock_deadline(past) && !raw.rlock_timeout(Duration::ZERO));
        assert_eq!(format!("{raw:?}"), WRITER);
    }
    raw.unlock();
    raw.rlock();
    for _ in 0..times(300) {
        assert!(!raw.lock_deadline(past) && !raw.lock_timeout(Duration::ZERO));
        assert!(raw.rlock_deadline(past) && raw.rlock_timeout(Duration::ZERO));
        (0..2).for_each(|_| raw.runlock());
        assert_eq!(format!("{raw:?}"), FREE.replace("readers: 0", "readers: 1"));
    }
}

/// Nothing that fails does so before its time.
#[test]
fn never_early() {
    let _watchdog = Watchdog::new();
    let raw = RawRwMutex::new();
    raw.lock();
    for timeout in [10, 100, 1_000, 10_000].map(Duration::from_micros) {
        for lock in [RawRwMutex::lock_timeout, RawRwMutex::rlock_timeout] {
            let start = Instant::now();
            assert!(!lock(&raw, timeout));
            assert!(start.elapsed() >= timeout);
        }
        for lock in [RawRwMutex::lock_deadline, RawRwMutex::rlock_deadline] {
            let deadline = Instant::now() + timeout;
            assert!(!lock(&raw, deadline));
            assert!(Instant::now() >= deadline);
        }
    }
}

/// Timeouts that the clock cannot add, and those that last long enough.
#[test]
fn far_deadlines() {
    let _watchdog = Watchdog::new();
    let raw = &RawRwMutex::new();
    for timeout in
        [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(1 << 33), Duration::from_secs(3600)]
    {
        raw.lock();
        thread::scope(|s| {
            let waiters = [(); 2].map(|()| {
                s.spawn(move || {
                    assert!(raw.rlock_timeout(timeout));
                    raw.runlock();
                    assert!(raw.lock_timeout(timeout));
                    raw.unlock();
                })
            });
            until(raw, WAITING);
            settle();
            raw.unlock();
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        });
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// A writer that gives up lets the readers in that it has kept out, while the one that it has waited for stays.
#[test]
fn a_writer_gives_up() {
    let _watchdog = Watchdog::new();
    let raw = RawRwMutex::new();
    for _ in 0..10 {
        raw.rlock();
        thread::scope(|s| {
            let writers = [(); 3].map(|()| s.spawn(|| raw.lock_timeout(Duration::from_millis(3))));
            let readers = [(); 20].map(|()| {
                s.spawn(|| {
                    raw.rlock();
                    raw.runlock();
                })
            });
            writers.into_iter().for_each(|writer| assert!(!writer.join().unwrap()));
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        });
        assert!(raw.try_rlock());
        (0..2).for_each(|_| raw.runlock());
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// Some give up, from anywhere in the lines: the others are served, and nothing is left.
#[test]
fn some_give_up() {
    let _watchdog = Watchdog::new();
    let mutex = RwMutex::new(0);
    for round in 0..6 {
        let guard = mutex.write();
        thread::scope(|s| {
            let waiters: Vec<_> = (0..24)
                .map(|n| {
                    let (mutex, impatient) = (&mutex, (n + round) % 3 != 0);
                    let waiter = s.spawn(move || match (impatient, n % 2) {
                        (true, 0) => assert!(mutex.write_timeout(Duration::from_millis(2)).is_none()),
                        (true, _) => assert!(mutex.read_timeout(Duration::from_millis(2)).is_none()),
                        (false, 0) => *mutex.write() += 1,
                        (false, _) => assert!(*mutex.read() >= 0),
                    });
                    (impatient, waiter)
                })
                .collect();
            let (impatient, patient): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|(impatient, _)| *impatient);
            impatient.into_iter().for_each(|(_, waiter)| waiter.join().unwrap());
            drop(guard);
            patient.into_iter().for_each(|(_, waiter)| waiter.join().unwrap());
        });
        assert_eq!(*mutex.try_write().expect("nobody has it"), 4 * (round + 1));
    }
}

/// Far more mutexes than the table has places, and waiters of both kinds on many of them: nobody is woken in another's place.
#[test]
fn many_mutexes() {
    const WAITERS: usize = 200;
    let _watchdog = Watchdog::new();
    let mutexes: &[RawRwMutex] = &[const { RawRwMutex::new() }; WAITERS];
    mutexes.iter().for_each(RawRwMutex::lock);
    thread::scope(|s| {
        let small = || thread::Builder::new().stack_size(64 << 10);
        let waiters: Vec<_> = mutexes
            .iter()
            .map(|raw| {
                let reader = small().spawn_scoped(s, || {
                    raw.rlock();
                    raw.runlock();
                });
                let writer = small().spawn_scoped(s, || {
                    raw.lock();
                    raw.unlock();
                });
                [reader.unwrap(), writer.unwrap()]
            })
            .collect();
        let state = WAITING.replace("pending: false", "pending: true");
        mutexes.iter().for_each(|raw| until(raw, &state));
        // In another order than that of their addresses: the factor and the number are coprime.
        let mut waiters: Vec<_> = waiters.into_iter().map(Some).collect();
        for n in (0..WAITERS).map(|n| n * 157 % WAITERS) {
            until(&mutexes[n], &state);
            mutexes[n].unlock();
            waiters[n].take().unwrap().into_iter().for_each(|waiter| waiter.join().unwrap());
            assert_eq!(format!("{:?}", mutexes[n]), FREE);
        }
    });
}
