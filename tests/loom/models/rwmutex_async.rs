//! The readers-writer mutex, locked by tasks, beside threads: the rules are those of threads, and a future may go at any
//! time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Wake, Waker};

use gosync::{ArcRwMutexReadGuard, JoinHandle, RawRwMutex, RwMutex, go};
use gosync_atomic::__sys::Parker;
use gosync_atomic::__sys::control::wake_spuriously;
use loom::sync::Arc;

use super::rwmutex::{FREE, NEXT, READER, WRITERS, increments, is, reads};
use super::rwmutex_phases::PHASES;
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const CANCEL: &str = "gosync.rw-async";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(WRITERS, "two tasks, twice", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = writer_task(&mutex, 2);
            block_on(async {
                *mutex.write_async().await += 1;
                *mutex.write_async().await += 1;
            });
            other.join().unwrap();
            assert_eq!(*mutex.read(), 4);
        })
        .bound(3)
        .reaches(&["table.wake-task", "rw.claim", "rw.next"]),
        holds(WRITERS, "a task and a thread in one line", || {
            let mutex = Arc::new(RwMutex::new(0));
            let guard = mutex.write();
            let others = [writer_task(&mutex, 1), increments(&mutex, 1)];
            drop(guard);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(*mutex.read(), 2);
        })
        .bound(2)
        .reaches(&["table.wake-task", "sleeper.wake"]),
        fails(WRITERS, "a task, outside the sections", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawRwMutex::new()));
            let section = |d: &Plain, mutex: &RawRwMutex| {
                block_on(mutex.lock_async());
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
        holds(READER, "a task", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = increments(&mutex, 1);
            witness(if block_on(async { *mutex.read_async().await }) == 0 { "before" } else { "after" });
            other.join().unwrap();
        })
        .witnesses(&["before", "after"])
        .reaches(&["table.wake-task"]),
        holds(READER, "a task and a thread", || {
            let mutex = Arc::new(RwMutex::new(0));
            let others = [reader_task(&mutex), reads(&mutex)];
            *mutex.write() += 1;
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(2)
        .reaches(&["table.wake-task", "sleeper.wake"]),
        holds(NEXT, "a task writes", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = reads(&mutex);
            block_on(async { *mutex.write_async().await += 1 });
            other.join().unwrap();
        })
        .reaches(&["table.wake-task"]),
        holds(PHASES, "all readers in line come in", || {
            // Two tasks on this thread, which are polled after a writer may have tried to come between.
            let (mutex, read) = (Arc::new(RawRwMutex::new()), Plain::new());
            mutex.lock();
            let (mut first, mut second) = (pin!(mutex.rlock_async()), pin!(mutex.rlock_async()));
            let parker = Parker::new();
            assert!(poll_once(first.as_mut(), &parker).is_pending());
            assert!(poll_once(second.as_mut(), &parker).is_pending());
            let writer = go({
                let (mutex, read) = (Arc::clone(&mutex), read.clone());
                move || {
                    mutex.lock();
                    assert_eq!(read.read(), 2, "a writer has overtaken a reader in line");
                    mutex.unlock();
                }
            });
            if is(&mutex, "pending: true") {
                witness("pending");
            }
            mutex.unlock();
            for reader in [first, second] {
                assert!(poll_once(reader, &parker).is_ready());
                read.increment();
                mutex.runlock();
            }
            writer.join().unwrap();
        })
        .bound(3)
        .witnesses(&["pending"])
        .reaches(&["sleeper.wake"]),
        holds(CANCEL, "a reader, dropped", || {
            let mutex = Arc::new(RawRwMutex::new());
            mutex.lock();
            let other = reader_dropped(&mutex);
            mutex.unlock();
            mutex.lock();
            mutex.unlock();
            other.join().unwrap();
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .bound(4)
        .witnesses(&["ready at once", "dropped in line", "dropped when let in"])
        .reaches(&["rw.leave", "rw.async.unlock-read"]),
        holds(CANCEL, "a writer, dropped", || {
            let mutex = Arc::new(RawRwMutex::new());
            mutex.rlock();
            let other = writer_dropped(&mutex);
            mutex.runlock();
            other.join().unwrap();
            assert_eq!(format!("{:?}", &*mutex), FREE);
            assert!(mutex.try_lock());
        })
        .witnesses(&["ready at once", "dropped in line", "dropped when let in"])
        .reaches(&["rw.async.unlock-write"]),
        holds(CANCEL, "a writer, dropped, lets a reader in", || {
            // Both end while this one still reads.
            let mutex = Arc::new(RawRwMutex::new());
            mutex.rlock();
            let mut future = Box::pin(mutex.lock_async());
            assert!(poll_once(future.as_mut(), &Parker::new()).is_pending());
            let reader = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    mutex.rlock();
                    mutex.runlock();
                }
            });
            if is(&mutex, "waiting: true") {
                witness("in line");
            }
            drop(future);
            reader.join().unwrap();
            mutex.runlock();
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .witnesses(&["in line"])
        .reaches(&["sleeper.wake"]),
        holds(CANCEL, "a writer, dropped, lets a writer in", || {
            let mutex = Arc::new(RawRwMutex::new());
            mutex.rlock();
            let others = [writer_dropped(&mutex), locks(&mutex)];
            mutex.runlock();
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .bound(2)
        .witnesses(&["dropped in line", "dropped when let in"])
        .reaches(&["sleeper.wake", "rw.next.unlock"]),
        holds(CANCEL, "another waker, a reader's", || {
            let mutex = Arc::new(RawRwMutex::new());
            mutex.lock();
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    let mut future = pin!(mutex.rlock_async());
                    if poll_once(future.as_mut(), &Parker::new()).is_pending() {
                        block_on(future);
                    }
                    mutex.runlock();
                }
            });
            mutex.unlock();
            other.join().unwrap();
        })
        .mutants_at(4)
        .reaches(&["table.wake-task"]),
        holds(CANCEL, "another waker, a writer's", || {
            let mutex = Arc::new(RawRwMutex::new());
            mutex.rlock();
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    let mut future = pin!(mutex.lock_async());
                    if poll_once(future.as_mut(), &Parker::new()).is_pending() {
                        block_on(future);
                    }
                    mutex.unlock();
                }
            });
            mutex.runlock();
            other.join().unwrap();
        })
        .mutants_at(4)
        .reaches(&["table.wake-task"]),
        holds(PHASES, "who comes while readers are let in is none of them", comes_meanwhile)
            .bound(2)
            .witnesses(&["in between"]),
        fails(CANCEL, "a writer that is put aside", Verdict::Deadlock, || {
            // Neither polled nor dropped: it is let in, and the other one waits for it.
            let mutex = Arc::new(RawRwMutex::new());
            mutex.rlock();
            let mut future = Box::pin(mutex.lock_async());
            assert!(poll_once(future.as_mut(), &Parker::new()).is_pending());
            let next = locks(&mutex);
            mutex.runlock();
            next.join().unwrap();
            drop(future);
        }),
        holds("gosync.no-spurious-return", "write_async", || {
            let mutex = Arc::new(RwMutex::new(0));
            let other = writer_task(&mutex, 1);
            wake_spuriously();
            *mutex.write() += 1;
            other.join().unwrap();
            assert_eq!(*mutex.read(), 2);
        })
        .reaches(&["table.wake-task"]),
    ]
}

fn writer_task(mutex: &Arc<RwMutex<usize>>, times: usize) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || {
        block_on(async {
            for _ in 0..times {
                *mutex.write_async().await += 1;
            }
        });
    })
}

fn reader_task(mutex: &Arc<RwMutex<usize>>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || assert!(block_on(async { *mutex.read_async().await }) < 2))
}

fn locks(mutex: &Arc<RawRwMutex>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || {
        mutex.lock();
        mutex.unlock();
    })
}

/// A reader's task that polls once and goes.
fn reader_dropped(mutex: &Arc<RawRwMutex>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || {
        let mut future = Box::pin(mutex.rlock_async());
        if poll_once(future.as_mut(), &Parker::new()).is_ready() {
            witness("ready at once");
            mutex.runlock();
            return;
        }
        witness(if is(&mutex, "waiting: true") { "dropped in line" } else { "dropped when let in" });
    })
}

/// A writer's task that polls once and goes.
fn writer_dropped(mutex: &Arc<RawRwMutex>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || {
        let mut future = Box::pin(mutex.lock_async());
        if poll_once(future.as_mut(), &Parker::new()).is_ready() {
            witness("ready at once");
            mutex.unlock();
            return;
        }
        witness(if is(&mutex, "pending: true") { "dropped in line" } else { "dropped when let in" });
    })
}

type Reading = Pin<Box<dyn Future<Output = ArcRwMutexReadGuard<()>>>>;

/// A waker that joins the line of readers, then and there: a task that runs as soon as it is woken may do so.
struct Joins(Mutex<Option<Reading>>);

// SAFETY: loom runs one thread at a time and reports unordered accesses.
unsafe impl Send for Joins {}
// SAFETY: as above.
unsafe impl Sync for Joins {}

impl Wake for Joins {
    fn wake(self: std::sync::Arc<Joins>) {
        if let Some(reading) = &mut *self.0.lock().unwrap() {
            witness("in between");
            assert!(
                reading.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(),
                "past a writer that waits"
            );
        }
    }
}

/// Two readers are in line, and let in one after the other, and a writer waits. A third reader comes in between, and has to wait for
/// that writer, or readers could keep it out for ever.
fn comes_meanwhile() {
    let mutex = std::sync::Arc::new(RwMutex::new(()));
    let reading = || -> Reading { Box::pin(mutex.read_arc_async()) };
    let section = mutex.write_arc();
    let joins = std::sync::Arc::new(Joins(Mutex::new(Some(reading()))));
    let mut writer = Box::pin(mutex.write_arc_async());
    let (mut first, mut second) = (reading(), reading());
    let waker = Waker::from(std::sync::Arc::clone(&joins));
    assert!(writer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let other = go(move || drop(section));
    let sections = [block_on(first), block_on(second)];
    other.join().unwrap();
    let mut third = joins.0.lock().unwrap().take().expect("it was joined");
    assert!(third.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "past a writer that waits");
    drop(sections);
    drop(block_on(writer));
    drop(block_on(third));
}
