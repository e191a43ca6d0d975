//! The readers-writer mutex: who comes before whom, downgrades, deadlines.

use std::time::{Duration, Instant};

use gosync::{JoinHandle, RawRwMutex, RwMutex, RwMutexWriteGuard, go};
use gosync_atomic::__sys::control::{close_for, expire_deadlines, set_clock, stop_clock};
use gosync_atomic::__sys::now;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::rwmutex::{FREE, increments, is, reads};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

pub(super) const PHASES: &str = "gosync.rw-phases";
const DOWNGRADE: &str = "gosync.rw-downgrade";
const DEADLINE: &str = "gosync.rw-deadline";

pub(crate) fn models() -> Vec<Model> {
    vec![
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
        holds(PHASES, "a writer closes for a moment", || closes_for_a_moment(false))
            .bound(2)
            .witnesses(&["a reader in line for a reader", "before", "after"])
            .reaches(&["rw.await-lock", "sleeper.wake"]),
        fails(PHASES, "a writer closes for a moment, and a reader is late", Verdict::Race, || {
            closes_for_a_moment(true)
        })
        .bound(3),
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
    ]
}

/// A writer keeps readers out on trial, and opens again unless the one that is in has left by then. Nobody is forgotten.
fn closes_for_a_moment(read_late: bool) {
    close_for(2);
    let (mutex, d) = (Arc::new(RawRwMutex::new()), Plain::new());
    mutex.rlock();
    let writer = go({
        let (mutex, d) = (Arc::clone(&mutex), d.clone());
        move || {
            mutex.lock();
            d.write(1);
            mutex.unlock();
        }
    });
    let reader = go({
        let (mutex, d) = (Arc::clone(&mutex), d.clone());
        move || {
            mutex.rlock();
            witness(if d.read() == 0 { "before" } else { "after" });
            mutex.runlock();
            if read_late {
                d.read();
            }
        }
    });
    if is(&mutex, "writer: false") && is(&mutex, "waiting: true") {
        witness("a reader in line for a reader");
    }
    d.read();
    mutex.runlock();
    [writer, reader].into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(format!("{:?}", &*mutex), FREE);
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
