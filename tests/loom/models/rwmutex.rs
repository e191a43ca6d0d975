//! The readers-writer mutex: Go's rules, phases, downgrades, deadlines.

use std::time::{Duration, Instant};

use gosync::{JoinHandle, Mutex, RawRwMutex, RwMutex, RwMutexWriteGuard, go};
use gosync_atomic::__sys::control::{expire_deadlines, set_clock, stop_clock, wake_spuriously};
use gosync_atomic::__sys::now;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

pub(super) const WRITERS: &str = "rw.n-unlock-before-m-lock";
pub(super) const READER: &str = "rw.unlock-before-rlock";
pub(super) const NEXT: &str = "rw.runlock-before-next-lock";
const TRY: &str = "rw.try";
pub(super) const PHASES: &str = "gosync.rw-phases";
const DOWNGRADE: &str = "gosync.rw-downgrade";
const DEADLINE: &str = "gosync.rw-deadline";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(WRITERS, "two writers, twice", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 2);
            (0..2).for_each(|_| *mutex.write() += 1);
            other.join().unwrap();
            assert_eq!(*mutex.write(), 4);
        })
        .bound(4)
        .reaches(&["sleeper.wake", "rw.claim", "rw.advance"]),
        holds(WRITERS, "three writers", || {
            let mutex = Arc::new(RwMutex::new(0));
            let others = [increments(&mutex, 1), increments(&mutex, 1)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(*mutex.write(), 3);
        })
        .bound(2)
        .reaches(&["sleeper.wake", "rw.end.next", "rw.advance"]),
        holds(WRITERS, "the writers' lock is handed on", || {
            // A writer that came by way of the line leaves by `advance`, because a reader waits.
            let mutex = Arc::new(RwMutex::new(0));
            let guard = mutex.write();
            let others = [increments(&mutex, 1), reads(&mutex)];
            drop(guard);
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(*mutex.write(), 2);
        })
        .bound(2)
        .mutants_at(2)
        .reaches(&["rw.advance.next"]),
        holds(WRITERS, "message", || {
            // Unlocked by another thread than the one that has locked.
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
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
            mutex.unlock();
            other.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        fails(WRITERS, "outside the sections", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let section = |d: &Plain, mutex: &RawRwMutex| {
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
        fails(WRITERS, "a Mutex and an RwMutex", Verdict::Race, || {
            let (d, mutex, rw) = (Plain::new(), Arc::new(Mutex::new(())), Arc::new(RwMutex::new(())));
            let other = go({
                let d = d.clone();
                move || {
                    let _guard = mutex.lock();
                    d.increment();
                }
            });
            {
                let _guard = rw.write();
                d.increment();
            }
            other.join().unwrap();
        }),
        holds(READER, "one reader", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            witness(if *mutex.read() == 0 { "before" } else { "after" });
            other.join().unwrap();
        })
        .witnesses(&["before", "after"])
        .reaches(&["sleeper.wake"]),
        holds(READER, "two readers", || {
            let mutex = Arc::new(RwMutex::new(0));
            let others = [reads(&mutex), reads(&mutex)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(3)
        .mutants_at(3)
        .reaches(&["sleeper.wake", "rw.advance", "rw.retract"]),
        holds(READER, "one in line and one that comes later", || {
            // An unlock without a guard, which is no more than the step that lets the first one in.
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            mutex.lock();
            let others = [(); 2].map(|()| {
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                go(move || {
                    mutex.rlock();
                    assert_eq!(d.read(), 1);
                    mutex.runlock();
                })
            });
            d.write(1);
            mutex.unlock();
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(2)
        .reaches(&["rw.advance", "rw.enter"]),
        holds(READER, "what came before the section", || {
            let (d, flag) = (Plain::new(), Arc::new(RwMutex::new(false)));
            let other = go({
                let (d, flag) = (d.clone(), Arc::clone(&flag));
                move || {
                    d.write(1);
                    *flag.write() = true;
                }
            });
            if *flag.read() {
                witness("flag seen");
                assert_eq!(d.read(), 1);
            }
            other.join().unwrap();
        })
        .witnesses(&["flag seen"])
        .reaches(&["sleeper.wake"]),
        fails(READER, "without the lock", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    mutex.lock();
                    d.write(1);
                    mutex.unlock();
                }
            });
            d.read();
            other.join().unwrap();
        }),
        holds(NEXT, "one reader", || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    mutex.rlock();
                    witness(if d.read() == 0 { "before" } else { "after" });
                    mutex.runlock();
                }
            });
            mutex.lock();
            d.write(1);
            mutex.unlock();
            other.join().unwrap();
        })
        .witnesses(&["before", "after"])
        .reaches(&["rw.read-unlock", "sleeper.wake"]),
        holds(NEXT, "two readers", || {
            // Of both, whichever of them is the last and hands the lock over.
            let mutex = Arc::new(RwMutex::new(0));
            let others = [reads(&mutex), reads(&mutex)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(3)
        .reaches(&["rw.read-release", "sleeper.wake"]),
        holds(NEXT, "what came before the section's end", || {
            let (d, mutex) = (Plain::new(), Arc::new(RwMutex::new(())));
            let read = Arc::new(AtomicBool::new(false));
            let other = go({
                let (d, mutex, read) = (d.clone(), Arc::clone(&mutex), Arc::clone(&read));
                move || {
                    d.write(1);
                    let guard = mutex.read();
                    read.store(true, Relaxed);
                    drop(guard);
                }
            });
            drop(mutex.write());
            if read.load(Relaxed) && mutex.try_write().is_some() {
                witness("seen");
                assert_eq!(d.read(), 1);
            }
            other.join().unwrap();
        })
        .bound(4)
        .witnesses(&["seen"]),
        fails(NEXT, "read after the unlock", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RwMutex::new(())));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    drop(mutex.read());
                    d.read();
                }
            });
            {
                let _guard = mutex.write();
                d.write(1);
            }
            other.join().unwrap();
        }),
        fails("rw.readers-mutually-unordered", "a reader that writes", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RwMutex::new(())));
            let other = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    let _guard = mutex.read();
                    d.write(1);
                }
            });
            {
                let _guard = mutex.read();
                d.read();
            }
            other.join().unwrap();
        }),
        holds(TRY, "try_read", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            match mutex.try_read() {
                Some(value) => witness(if *value == 0 { "before" } else { "after" }),
                None => witness("locked"),
            }
            other.join().unwrap();
        })
        .witnesses(&["before", "after", "locked"]),
        holds(TRY, "try_write", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || *mutex.read()
            });
            match mutex.try_write() {
                Some(mut value) => {
                    witness("succeeded");
                    *value += 1;
                }
                None => witness("locked"),
            }
            witness(if other.join().unwrap() == 0 { "before" } else { "after" });
        })
        .witnesses(&["succeeded", "locked", "before", "after"]),
        holds(TRY, "with a deadline", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            *mutex.write_deadline(Instant::now()).expect("this deadline never passes") += 1;
            assert!(*mutex.read_deadline(Instant::now()).expect("this deadline never passes") >= 1);
            other.join().unwrap();
            assert_eq!(*mutex.read(), 2);
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
        holds(TRY, "after being told", || {
            // One that is known to be unlocked can be locked: a try fails for no other reason.
            let (mutex, told) = (Arc::new(RawRwMutex::new()), Arc::new(AtomicBool::new(false)));
            let other = go({
                let (mutex, told) = (Arc::clone(&mutex), Arc::clone(&told));
                move || {
                    mutex.rlock();
                    mutex.runlock();
                    mutex.lock();
                    mutex.unlock();
                    told.store(true, loom::sync::atomic::Ordering::Release);
                }
            });
            if told.load(loom::sync::atomic::Ordering::Acquire) {
                witness("told");
                assert!(mutex.try_rlock());
                mutex.runlock();
                assert!(mutex.try_lock());
            }
            other.join().unwrap();
        })
        .witnesses(&["told"]),
        fails(TRY, "read after a failed try_read", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = writes(&d, &mutex);
            if mutex.try_rlock() {
                mutex.runlock();
            } else {
                d.read();
            }
            other.join().unwrap();
        }),
        fails(TRY, "read after a failed try_write", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let other = writes(&d, &mutex);
            if mutex.try_lock() {
                mutex.unlock();
            } else {
                d.read();
            }
            other.join().unwrap();
        }),
        holds(PHASES, "a pending writer keeps readers out", || {
            let (mutex, wrote) = (Arc::new(RawRwMutex::new()), Arc::new(AtomicBool::new(false)));
            mutex.rlock();
            let writer = go({
                let (mutex, wrote) = (Arc::clone(&mutex), Arc::clone(&wrote));
                move || {
                    mutex.lock();
                    wrote.store(true, Relaxed);
                    mutex.unlock();
                }
            });
            let pending = is(&mutex, "pending: true");
            if pending {
                witness("pending");
                assert!(!mutex.try_rlock());
            }
            let reader = go({
                let (mutex, wrote) = (Arc::clone(&mutex), Arc::clone(&wrote));
                move || {
                    mutex.rlock();
                    assert!(!pending || wrote.load(Relaxed), "a reader has overtaken the pending writer");
                    mutex.runlock();
                }
            });
            mutex.runlock();
            [writer, reader].into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .bound(3)
        .witnesses(&["pending"])
        .reaches(&["rw.retract.last", "sleeper.wake"]),
        holds(PHASES, "a reader in line comes before a writer that waits", || reader_first(false))
            .bound(2)
            .witnesses(&["a reader in line and a pending writer"])
            .reaches(&["sleeper.wake"]),
        fails(PHASES, "not in line, before a writer that waits", Verdict::Assertion, || reader_first(true)).bound(2),
        holds(PHASES, "a reader in line comes before a writer that runs", || overtaken(false))
            .bound(3)
            .witnesses(&["in line"])
            .reaches(&["sleeper.wake"]),
        fails(PHASES, "not in line, before a writer that runs", Verdict::Assertion, || overtaken(true)).bound(3),
        holds(DOWNGRADE, "readers in line come in", || {
            // And the writer stays out.
            let mutex = Arc::new(RwMutex::new(0));
            let mut guard = mutex.write();
            let others = [increments(&mutex, 1), reads(&mutex)];
            *guard += 1;
            let guard = RwMutexWriteGuard::downgrade(guard);
            assert_eq!(*guard, 1);
            drop(guard);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(*mutex.read(), 2);
        })
        .bound(2)
        .reaches(&["sleeper.wake"]),
        holds(DOWNGRADE, "a reader needs no unlock", || {
            // It is in while the downgraded guard is still there.
            let mutex = Arc::new(RwMutex::new(0));
            let mut guard = mutex.write();
            let reader = go({
                let mutex = Arc::clone(&mutex);
                move || *mutex.read()
            });
            *guard += 1;
            let guard = RwMutexWriteGuard::downgrade(guard);
            assert_eq!(reader.join().unwrap(), 1);
            assert_eq!(*guard, 1);
        })
        .reaches(&["sleeper.wake", "rw.end"]),
        fails(DOWNGRADE, "write after the downgrade", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RwMutex::new(())));
            let guard = mutex.write();
            let reader = go({
                let (d, mutex) = (d.clone(), Arc::clone(&mutex));
                move || {
                    let _guard = mutex.read();
                    d.read();
                }
            });
            let _guard = RwMutexWriteGuard::downgrade(guard);
            d.write(1);
            reader.join().unwrap();
        }),
        holds(DEADLINE, "a writer that gives up lets readers in", || {
            stop_clock();
            let mutex = Arc::new(RawRwMutex::new());
            let deadline = now() + Duration::from_secs(1);
            mutex.rlock();
            let writer = go({
                let mutex = Arc::clone(&mutex);
                move || assert!(!mutex.lock_deadline(deadline))
            });
            let reader = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    mutex.rlock();
                    mutex.runlock();
                }
            });
            set_clock(deadline);
            // Both end while this one still reads.
            [writer, reader].into_iter().for_each(|other| other.join().unwrap());
            mutex.runlock();
            assert_eq!(format!("{:?}", &*mutex), FREE);
            assert!(mutex.try_lock());
        })
        .bound(3)
        .reaches(&["sleeper.wake"]),
        holds(DEADLINE, "a writer's meets the last reader", || {
            let mutex = Arc::new(RwMutex::new(0));
            let guard = mutex.read();
            let other = timed_write(&mutex);
            expire_deadlines();
            drop(guard);
            other.join().unwrap();
            assert!(mutex.try_write().is_some());
        })
        .witnesses(&["in time", "too late"])
        .reaches(&["sleeper.wake"]),
        holds(DEADLINE, "a writer's meets a writer", || {
            let mutex = Arc::new(RwMutex::new(0));
            let guard = mutex.write();
            let others = [timed_write(&mutex), increments(&mutex, 1)];
            expire_deadlines();
            drop(guard);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert!(*mutex.try_write().expect("nobody has it") >= 1);
        })
        .bound(2)
        .witnesses(&["in time", "too late"])
        .reaches(&["sleeper.wake"]),
        holds(DEADLINE, "a reader's meets a writer", || {
            let mutex = Arc::new(RwMutex::new(0));
            let guard = mutex.write();
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    let value = mutex.read_deadline(Instant::now()).map(|value| *value);
                    witness(if value.is_some() { "in time" } else { "too late" });
                }
            });
            expire_deadlines();
            drop(guard);
            other.join().unwrap();
            assert!(mutex.try_write().is_some());
        })
        .bound(4)
        .witnesses(&["in time", "too late"])
        .reaches(&["sleeper.wake", "rw.leave"]),
        holds(DEADLINE, "the next reader in line stays", || {
            let mutex = Arc::new(RwMutex::new(0));
            let guard = mutex.write();
            let timed = go({
                let mutex = Arc::clone(&mutex);
                move || drop(mutex.read_deadline(Instant::now()))
            });
            let reader = reads(&mutex);
            expire_deadlines();
            drop(guard);
            [timed, reader].into_iter().for_each(|other| other.join().unwrap());
            assert!(mutex.try_write().is_some());
        })
        .bound(2)
        .reaches(&["sleeper.wake", "rw.leave"]),
        holds("gosync.no-spurious-return", "rwmutex", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            wake_spuriously();
            *mutex.write() += 1;
            assert!(*mutex.read() >= 1);
            other.join().unwrap();
            assert_eq!(*mutex.read(), 2);
        })
        .bound(4)
        .reaches(&["sleeper.wake"]),
    ]
}

pub(super) const FREE: &str = "RawRwMutex { writer: false, readers: 0, pending: false, waiting: false }";

pub(super) fn is(mutex: &RawRwMutex, what: &str) -> bool {
    format!("{mutex:?}").contains(what)
}

pub(super) fn increments(mutex: &Arc<RwMutex<usize>>, times: usize) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || (0..times).for_each(|_| *mutex.write() += 1))
}

pub(super) fn reads(mutex: &Arc<RwMutex<usize>>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || assert!(*mutex.read() < 5))
}

/// Increments if it gets the lock in time.
fn timed_write(mutex: &Arc<RwMutex<usize>>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || match mutex.write_deadline(Instant::now()) {
        Some(mut value) => {
            witness("in time");
            *value += 1;
        }
        None => witness("too late"),
    })
}

/// Writes under the lock.
fn writes(d: &Plain, mutex: &Arc<RawRwMutex>) -> JoinHandle<()> {
    let (d, mutex) = (d.clone(), Arc::clone(mutex));
    go(move || {
        mutex.lock();
        d.write(1);
        mutex.unlock();
    })
}

/// A writer unlocks, while a reader is in line and another writer is pending: the reader reads before that one writes.
fn reader_first(though_not_in_line: bool) {
    let (mutex, read, due) = (Arc::new(RawRwMutex::new()), Plain::new(), Plain::new());
    mutex.lock();
    let reader = go({
        let (mutex, read) = (Arc::clone(&mutex), read.clone());
        move || {
            mutex.rlock();
            read.write(1);
            mutex.runlock();
        }
    });
    let writer = go({
        let (mutex, read, due) = (Arc::clone(&mutex), read.clone(), due.clone());
        move || {
            mutex.lock();
            assert!(read.read() >= due.read(), "a writer has overtaken a reader in line");
            mutex.unlock();
        }
    });
    let state = format!("{:?}", &*mutex);
    let in_line = state.contains("waiting: true");
    if in_line && state.contains("pending: true") {
        witness("a reader in line and a pending writer");
    }
    due.write(usize::from(in_line || though_not_in_line));
    mutex.unlock();
    [reader, writer].into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(format!("{:?}", &*mutex), FREE);
}

/// Locks, unlocks and locks again, while a reader comes: if it was in line by the unlock, it has read by then.
fn overtaken(though_not_in_line: bool) {
    let (mutex, read) = (Arc::new(RawRwMutex::new()), Arc::new(AtomicBool::new(false)));
    mutex.lock();
    let reader = go({
        let (mutex, read) = (Arc::clone(&mutex), Arc::clone(&read));
        move || {
            mutex.rlock();
            read.store(true, Relaxed);
            mutex.runlock();
        }
    });
    let in_line = is(&mutex, "waiting: true");
    mutex.unlock();
    mutex.lock();
    if in_line {
        witness("in line");
    }
    assert!(read.load(Relaxed) || !(in_line || though_not_in_line), "a writer has overtaken a reader in line");
    mutex.unlock();
    reader.join().unwrap();
}
