//! The mutex: Go's rules, the bound on overtaking, deadlines.

use std::time::Instant;

use gosync::{Mutex, RawMutex, go};
use gosync_atomic::__sys::control::{be_patient, expire_deadlines, wake_spuriously};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

pub(super) const ORDER: &str = "mutex.n-unlock-before-m-lock";
const TRY: &str = "mutex.trylock-success-is-lock";
const OTHER: &str = "mutex.unlock-by-other-goroutine";
pub(super) const BOUND: &str = "gosync.mutex-bound";
const DEADLINE: &str = "gosync.mutex-deadline";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(ORDER, "two threads, twice", || sections(2, 2)).bound(4).reaches(&["sleeper.wake", "mutex.front.take"]),
        holds(ORDER, "three threads", || sections(3, 1)).bound(3).reaches(&["sleeper.wake", "mutex.call"]),
        holds(ORDER, "overtaken", || {
            // A front that lost steps back, and is called again.
            be_patient(1);
            sections(2, 3);
        })
        .bound(3)
        .reaches(&["mutex.pass.fail"]),
        holds(ORDER, "what came before the section", || {
            // The data is outside the sections; the flag that is inside says whether it is there.
            let (d, flag) = (Plain::new(), Arc::new(Mutex::new(false)));
            let other = go({
                let (d, flag) = (d.clone(), Arc::clone(&flag));
                move || {
                    d.write(1);
                    *flag.lock() = true;
                }
            });
            if *flag.lock() {
                witness("flag seen");
                d.write(2);
            }
            other.join().unwrap();
        })
        .witnesses(&["flag seen"])
        .reaches(&["sleeper.wake"]),
        fails(ORDER, "outside the sections", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawMutex::new()));
            let section = |d: &Plain, mutex: &RawMutex| {
                mutex.lock();
                mutex.unlock();
                d.increment();
            };
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || section(&d, &mutex)
            });
            section(&d, &mutex);
            other.join().unwrap();
        }),
        fails(ORDER, "two mutexes", Verdict::Race, || {
            let d = Plain::new();
            let section = |d: &Plain| {
                let mutex = Mutex::new(());
                let _guard = mutex.lock();
                d.increment();
            };
            let other = go({
                let d = d.clone();
                move || section(&d)
            });
            section(&d);
            other.join().unwrap();
        }),
        fails("mutex.lock-alone-no-edge", "write after the unlock", Verdict::Race, || {
            // A lock is ordered after earlier unlocks, and that only.
            let (d, mutex) = (Plain::new(), Arc::new(Mutex::new(())));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    drop(mutex.lock());
                    d.write(1);
                }
            });
            drop(mutex.lock());
            d.read();
            other.join().unwrap();
        }),
        holds(OTHER, "message", || {
            // Go's own example: the second lock waits for an unlock by another thread.
            let (d, mutex) = (Plain::new(), Arc::new(RawMutex::new()));
            mutex.lock();
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    d.write(1);
                    mutex.unlock();
                }
            });
            mutex.lock();
            assert_eq!(d.read(), 1);
            other.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        fails(OTHER, "write after the unlock", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawMutex::new()));
            mutex.lock();
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    mutex.unlock();
                    d.write(1);
                }
            });
            mutex.lock();
            d.read();
            other.join().unwrap();
        }),
        holds(TRY, "try_lock", || {
            let mutex = Arc::new(Mutex::new(0));
            let other = increment(&mutex);
            if let Some(mut value) = mutex.try_lock() {
                witness(if *value == 0 { "before" } else { "after" });
                *value += 1;
            } else {
                witness("locked");
            }
            other.join().unwrap();
        })
        .witnesses(&["before", "after", "locked"]),
        holds(TRY, "unlock after a try", || {
            // The successful try excludes the other thread, and its unlock wakes it.
            let mutex = Arc::new(Mutex::new(0));
            let guard = mutex.try_lock().expect("nobody else has it");
            let other = increment(&mutex);
            drop(guard);
            *mutex.lock() += 1;
            other.join().unwrap();
            assert_eq!(*mutex.lock(), 2);
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
        holds(TRY, "with a deadline", || {
            let mutex = Arc::new(Mutex::new(0));
            let other = increment(&mutex);
            *mutex.lock_deadline(Instant::now()).expect("this deadline never passes") += 1;
            other.join().unwrap();
            assert_eq!(*mutex.lock(), 2);
        })
        .reaches(&["sleeper.wake"]),
        holds("gosync.mutex-try", "after being told", || {
            // A mutex that is known to be unlocked can be locked: a try fails for no other reason.
            let (mutex, told) = (Arc::new(RawMutex::new()), Arc::new(AtomicBool::new(false)));
            let other = go({
                let (mutex, told) = (Arc::clone(&mutex), Arc::clone(&told));
                move || {
                    mutex.lock();
                    mutex.unlock();
                    told.store(true, loom::sync::atomic::Ordering::Release);
                }
            });
            if told.load(loom::sync::atomic::Ordering::Acquire) {
                witness("told");
                assert!(mutex.try_lock());
            }
            other.join().unwrap();
        })
        .witnesses(&["told"]),
        fails("mutex.trylock-failure-no-edge", "read after a failed try", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawMutex::new()));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    mutex.lock();
                    d.write(1);
                    mutex.unlock();
                }
            });
            if mutex.try_lock() {
                mutex.unlock();
            } else {
                d.read();
            }
            other.join().unwrap();
        }),
        holds("gosync.mutex-calls", "two unlocks, two in line", || {
            // Only one of them is called: the code asserts it.
            let mutex = Arc::new(Mutex::new(0));
            let guard = mutex.lock();
            let waiters = [increment(&mutex), increment(&mutex)];
            let newcomer = go({
                let mutex = Arc::clone(&mutex);
                move || drop(mutex.try_lock())
            });
            drop(guard);
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
            newcomer.join().unwrap();
        })
        .bound(2)
        .reaches(&["mutex.call", "mutex.call.look"]),
        holds(BOUND, "no patience", || overtaking(0))
            .bound(3)
            .pinged()
            .mutants_at(3)
            .witnesses(&["served"])
            .reaches(&["mutex.reserve"]),
        holds(BOUND, "some patience", || overtaking(1))
            .bound(3)
            .pinged()
            .witnesses(&["overtaken as often as may be", "served"])
            .reaches(&["mutex.pass.fail", "mutex.reserve"]),
        fails(BOUND, "endless patience", Verdict::Assertion, || overtaking(usize::MAX)).bound(3).pinged(),
        holds(BOUND, "nor by a try", || {
            let (mutex, served) = (Arc::new(RawMutex::new()), Arc::new(AtomicBool::new(false)));
            let other = front(&mutex, &served);
            mutex.lock();
            let in_line = format!("{mutex:?}").contains("queued: true");
            mutex.unlock();
            if mutex.try_lock() {
                witness(if in_line { "after it" } else { "nobody in line" });
                assert!(!in_line || served.load(Relaxed), "a try has overtaken the front");
                mutex.unlock();
            } else if in_line {
                witness("refused");
            }
            other.join().unwrap();
        })
        .bound(3)
        .pinged()
        .witnesses(&["after it", "nobody in line", "refused"]),
        holds(DEADLINE, "meets an unlock", || {
            be_patient(1);
            let mutex = Arc::new(Mutex::new(0));
            let guard = mutex.lock();
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || match mutex.lock_deadline(Instant::now()) {
                    Some(mut value) => {
                        witness("in time");
                        *value += 1;
                        1
                    }
                    None => {
                        witness("too late");
                        0
                    }
                }
            });
            expire_deadlines();
            drop(guard);
            *mutex.lock() += 1;
            let locked = other.join().unwrap();
            assert_eq!(*mutex.lock(), 1 + locked);
        })
        .bound(4)
        .witnesses(&["in time", "too late"])
        .reaches(&["sleeper.wake", "mutex.leave", "mutex.pass"]),
        holds(DEADLINE, "the next in line is called", || {
            // Whether the one with the deadline was the front or not, called or not.
            be_patient(1);
            let mutex = Arc::new(Mutex::new(0));
            let others = [timed(&mutex), increment(&mutex)];
            expire_deadlines();
            for _ in 0..2 {
                *mutex.lock() += 1;
            }
            others.into_iter().for_each(|other| other.join().unwrap());
            assert!(*mutex.lock() >= 3);
        })
        .bound(2)
        .reaches(&["mutex.leave", "mutex.call", "mutex.pass"]),
        holds(DEADLINE, "a called front gives up", || {
            be_patient(2);
            let mutex = Arc::new(Mutex::new(0));
            let other = timed(&mutex);
            expire_deadlines();
            for _ in 0..3 {
                *mutex.lock() += 1;
            }
            other.join().unwrap();
            assert!(*mutex.lock() >= 3);
        })
        .bound(3)
        .reaches(&["mutex.pass"]),
        holds(DEADLINE, "a late release", || {
            // It calls somebody who was called before, and whom others have overtaken meanwhile.
            be_patient(1);
            let mutex = Arc::new(Mutex::new(0));
            let late = increment(&mutex);
            let overtakes = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    drop(mutex.try_lock());
                    expire_deadlines();
                    drop(mutex.try_lock());
                }
            });
            match mutex.lock_deadline(Instant::now()) {
                Some(_) => witness("in time"),
                None => witness("gave up"),
            }
            late.join().unwrap();
            overtakes.join().unwrap();
            assert!(mutex.try_lock().is_some(), "nobody has it");
        })
        .bound(2)
        .witnesses(&["in time", "gave up"])
        .reaches(&["mutex.call.look"]),
        holds("gosync.no-spurious-return", "mutex", || {
            let mutex = Arc::new(Mutex::new(0));
            let other = increment(&mutex);
            wake_spuriously();
            *mutex.lock() += 1;
            other.join().unwrap();
            assert_eq!(*mutex.lock(), 2);
        })
        .reaches(&["sleeper.wake"]),
    ]
}

/// Threads that increment a value under the lock, and nothing else.
pub(super) fn sections(threads: usize, rounds: usize) {
    let mutex = Arc::new(Mutex::new(0));
    let work = move |mutex: &Mutex<usize>| (0..rounds).for_each(|_| *mutex.lock() += 1);
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let mutex = Arc::clone(&mutex);
            go(move || work(&mutex))
        })
        .collect();
    work(&mutex);
    others.into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(*mutex.lock(), threads * rounds);
}

pub(super) fn increment(mutex: &Arc<Mutex<usize>>) -> gosync::JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || *mutex.lock() += 1)
}

/// Increments if it gets the lock in time.
fn timed(mutex: &Arc<Mutex<usize>>) -> gosync::JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || {
        if let Some(mut value) = mutex.lock_deadline(Instant::now()) {
            *value += 1;
        }
    })
}

/// Locks once, and tells when it had the lock.
fn front(mutex: &Arc<RawMutex>, served: &Arc<AtomicBool>) -> gosync::JoinHandle<()> {
    let (mutex, served) = (Arc::clone(mutex), Arc::clone(served));
    go(move || {
        mutex.lock();
        served.store(true, Relaxed);
        mutex.unlock();
    })
}

/// One thread locks again and again, another one once; the latter is overtaken when it has joined the line and, if it has
/// some patience, once more when it was called.
fn overtaking(patience: usize) {
    be_patient(patience);
    let most = if patience == 0 { 1 } else { 2 };
    let (mutex, served) = (Arc::new(RawMutex::new()), Arc::new(AtomicBool::new(false)));
    let front = front(&mutex, &served);
    let mut seen = 0;
    for _ in 0..most + 1 {
        mutex.lock();
        // In line and not called: it has joined, or stepped back after the unlock that called it.
        if format!("{mutex:?}").contains("queued: true, called: false") {
            seen += 1;
            assert!(seen <= most, "overtaken too often");
        }
        if seen == most {
            witness("overtaken as often as may be");
        }
        if served.load(Relaxed) && seen > 0 {
            witness("served");
        }
        mutex.unlock();
    }
    front.join().unwrap();
}
