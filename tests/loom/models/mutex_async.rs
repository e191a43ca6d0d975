//! The mutex, locked by tasks, beside threads: the rules are those of `lock`, and a future may go at any time.

use std::pin::pin;
use std::task::Poll;

use gosync::{JoinHandle, Mutex, RawMutex, go};
use gosync_atomic::__sys::Parker;
use gosync_atomic::__sys::control::{be_patient, wake_spuriously};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::mutex::{BOUND, ORDER, increment};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const CANCEL: &str = "gosync.mutex-async";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(ORDER, "two tasks, twice", || {
            let mutex = Arc::new(Mutex::new(0));
            let other = as_task(&mutex, 2);
            sections(&mutex, 2);
            other.join().unwrap();
            assert_eq!(*mutex.lock(), 4);
        })
        .bound(4)
        .reaches(&["table.wake-task", "mutex.front.take"]),
        holds(ORDER, "a task and a thread", || {
            let mutex = Arc::new(Mutex::new(0));
            let other = as_task(&mutex, 1);
            (0..2).for_each(|_| *mutex.lock() += 1);
            other.join().unwrap();
            assert_eq!(*mutex.lock(), 3);
        })
        .bound(4)
        .reaches(&["table.wake-task", "sleeper.wake"]),
        holds(ORDER, "a task and a thread in one line", || {
            let mutex = Arc::new(Mutex::new(0));
            let guard = mutex.lock();
            let others = [as_task(&mutex, 1), increment(&mutex)];
            drop(guard);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(*mutex.lock(), 2);
        })
        .bound(2)
        .reaches(&["table.wake-task", "sleeper.wake", "mutex.call"]),
        holds(ORDER, "a task, overtaken", || {
            // A front that lost steps back, and is called again.
            be_patient(1);
            let mutex = Arc::new(Mutex::new(0));
            let other = as_task(&mutex, 1);
            (0..3).for_each(|_| *mutex.lock() += 1);
            other.join().unwrap();
            assert_eq!(*mutex.lock(), 4);
        })
        .bound(3)
        .reaches(&["table.wake-task", "mutex.pass.fail"]),
        fails(ORDER, "a task, outside the sections", Verdict::Race, || {
            let (d, mutex) = (Plain::new(), Arc::new(RawMutex::new()));
            let section = |d: &Plain, mutex: &RawMutex| {
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
        holds(BOUND, "a task", || overtaking(0))
            .bound(3)
            .pinged()
            .witnesses(&["overtaken as often as may be", "served"])
            .reaches(&["mutex.reserve"]),
        holds(BOUND, "a task with some patience", || overtaking(1))
            .bound(2)
            .pinged()
            .witnesses(&["overtaken as often as may be", "served"])
            .reaches(&["mutex.pass.fail", "mutex.reserve"]),
        fails(BOUND, "a task with endless patience", Verdict::Assertion, || overtaking(usize::MAX)).bound(3).pinged(),
        holds(CANCEL, "dropped, alone", || {
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
            let other = dropped_after_one_poll(&mutex);
            mutex.unlock();
            other.join().unwrap();
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .witnesses(&["ready at once", "dropped in line", "dropped when called"])
        .reaches(&["mutex.leave", "mutex.async.give-up.look"]),
        holds(CANCEL, "dropped, before a thread", || {
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
            let others = [dropped_after_one_poll(&mutex), locks(&mutex)];
            mutex.unlock();
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .bound(3)
        .mutants_at(3)
        .witnesses(&["dropped in line", "dropped when called"])
        .reaches(&["sleeper.wake", "mutex.async.hand-on"]),
        holds(CANCEL, "dropped, before a task", || {
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
            let next = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    block_on(mutex.lock_async());
                    mutex.unlock();
                }
            });
            let dropped = dropped_after_one_poll(&mutex);
            mutex.unlock();
            dropped.join().unwrap();
            next.join().unwrap();
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .bound(2)
        .witnesses(&["dropped in line", "dropped when called"])
        .reaches(&["table.wake-task", "mutex.async.hand-on"]),
        holds(CANCEL, "dropped after it stepped back", || {
            be_patient(1);
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
            let other = go({
                let mutex = Arc::clone(&mutex);
                move || {
                    let (mut future, parker) = (pin!(mutex.lock_async()), Parker::new());
                    if poll_once(future.as_mut(), &parker).is_pending() {
                        parker.park();
                        match poll_once(future, &parker) {
                            Poll::Ready(()) => mutex.unlock(),
                            Poll::Pending => witness("dropped after it stepped back"),
                        }
                    } else {
                        mutex.unlock();
                    }
                }
            });
            mutex.unlock();
            mutex.lock();
            mutex.unlock();
            other.join().unwrap();
            assert_eq!(format!("{:?}", &*mutex), FREE);
        })
        .bound(3)
        .witnesses(&["dropped after it stepped back"]),
        holds(CANCEL, "another waker", || {
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
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
            mutex.unlock();
            other.join().unwrap();
        })
        .mutants_at(4)
        .reaches(&["table.wake-task"]),
        fails(CANCEL, "a future that is put aside", Verdict::Deadlock, || {
            // Neither polled nor dropped: it is called, and the other one waits for it.
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
            let mut future = Box::pin(mutex.lock_async());
            assert!(poll_once(future.as_mut(), &Parker::new()).is_pending());
            let next = locks(&mutex);
            mutex.unlock();
            next.join().unwrap();
            drop(future);
        }),
        holds("gosync.no-spurious-return", "lock_async", || {
            let mutex = Arc::new(Mutex::new(0));
            let other = as_task(&mutex, 1);
            wake_spuriously();
            *mutex.lock() += 1;
            other.join().unwrap();
            assert_eq!(*mutex.lock(), 2);
        })
        .reaches(&["table.wake-task"]),
    ]
}

const FREE: &str = "RawMutex { locked: false, queued: false, called: false, reserved: false }";

/// Increments under the lock, as a task on this thread.
fn sections(mutex: &Mutex<usize>, rounds: usize) {
    block_on(async {
        for _ in 0..rounds {
            *mutex.lock_async().await += 1;
        }
    });
}

fn as_task(mutex: &Arc<Mutex<usize>>, rounds: usize) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || sections(&mutex, rounds))
}

fn locks(mutex: &Arc<RawMutex>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || {
        mutex.lock();
        mutex.unlock();
    })
}

/// A task that polls once and goes.
fn dropped_after_one_poll(mutex: &Arc<RawMutex>) -> JoinHandle<()> {
    let mutex = Arc::clone(mutex);
    go(move || {
        let mut future = Box::pin(mutex.lock_async());
        if poll_once(future.as_mut(), &Parker::new()).is_ready() {
            witness("ready at once");
            mutex.unlock();
            return;
        }
        let called = format!("{:?}", &*mutex).contains("called: true");
        witness(if called { "dropped when called" } else { "dropped in line" });
    })
}

/// As the model of the same name for threads, with a task that is overtaken.
fn overtaking(patience: usize) {
    be_patient(patience);
    let most = if patience == 0 { 1 } else { 2 };
    let (mutex, served) = (Arc::new(RawMutex::new()), Arc::new(AtomicBool::new(false)));
    let front = go({
        let (mutex, served) = (Arc::clone(&mutex), Arc::clone(&served));
        move || {
            block_on(mutex.lock_async());
            served.store(true, Relaxed);
            mutex.unlock();
        }
    });
    let mut seen = 0;
    for _ in 0..most + 1 {
        mutex.lock();
        // In line and not called: it has joined, or stepped back after the unlock that called it.
        if format!("{:?}", &*mutex).contains("queued: true, called: false") {
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
