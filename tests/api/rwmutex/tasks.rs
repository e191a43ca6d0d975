//! Futures, by hand and on tokio, beside threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use gosync::{RawReadAsync, RawRwMutex, RwMutex};
use gosync_tests::times;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::{BOTH, FREE, PENDING, WAITING, WRITER, until};
use crate::async_locks::Task;
use crate::rng::Rng;
use crate::watchdog::Watchdog;

#[test]
fn ready_at_once() {
    let mutex = RwMutex::new(1);
    let Poll::Ready(reader) = Task::new(mutex.read_async()).poll() else { panic!("it is free") };
    let Poll::Ready(other) = Task::new(mutex.read_async()).poll() else { panic!("readers share") };
    assert_eq!((*reader, *other), (1, 1));
    drop((reader, other));
    let Poll::Ready(mut writer) = Task::new(mutex.write_async()).poll() else { panic!("it is free") };
    *writer += 1;
    drop(writer);
    assert_eq!(mutex.into_inner(), 2);
}

fn readers(raw: &RawRwMutex, n: usize) -> Vec<Task<RawReadAsync<'_>>> {
    (0..n).map(|_| Task::waiting(raw.rlock_async())).collect()
}

/// However many readers are in line, one unlock lets all of them in, and wakes each once; a writer comes after the last.
#[test]
fn all_readers_in_line_come_in() {
    for n in [1, 2, 15, 16, 17, 32, 33, times(1_000)] {
        let raw = RawRwMutex::new();
        raw.lock();
        let mut readers = readers(&raw, n);
        let mut writer = Task::waiting(raw.lock_async());
        raw.unlock();
        assert!(!raw.try_lock() && !raw.try_rlock());
        for reader in &mut readers {
            assert_eq!((reader.wakes(), writer.wakes()), (1, 0));
            assert!(reader.is_ready());
            assert!(!writer.is_ready());
            raw.runlock();
        }
        assert!(writer.wakes() == 1 && writer.is_ready());
        assert_eq!(format!("{raw:?}"), WRITER);
        raw.unlock();
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// Writers are served in their order, and the readers that come meanwhile between them.
#[test]
fn phases() {
    let raw = RawRwMutex::new();
    raw.rlock();
    let mut writers = [Task::waiting(raw.lock_async()), Task::waiting(raw.lock_async())];
    assert_eq!(format!("{raw:?}"), PENDING);
    let mut first = readers(&raw, 3);
    assert_eq!(format!("{raw:?}"), BOTH);
    raw.runlock();
    assert!(first.iter_mut().all(|reader| !reader.is_ready()) && !writers[1].is_ready());
    assert!(writers[0].is_ready());
    let mut second = readers(&raw, 3);
    raw.unlock();
    assert!(first.iter_mut().chain(&mut second).all(|reader| reader.wakes() == 1 && reader.is_ready()));
    // It was called to the writers' lock, and is the next.
    assert!(writers[1].wakes() == 1 && !writers[1].is_ready());
    let mut third = readers(&raw, 1);
    (0..6).for_each(|_| raw.runlock());
    assert!(!third[0].is_ready());
    assert!(writers[1].wakes() == 2 && writers[1].is_ready());
    raw.unlock();
    assert!(third[0].is_ready());
    raw.runlock();
    assert_eq!(format!("{raw:?}"), FREE);
}

/// Futures that go, wherever they are.
#[test]
fn dropped() {
    let raw = RawRwMutex::new();
    // A reader in line, one of several; and one that was let in.
    raw.lock();
    let mut line = readers(&raw, 3);
    drop(line.remove(1));
    assert_eq!(format!("{raw:?}"), WAITING);
    raw.unlock();
    drop(line.pop());
    assert!(line[0].is_ready() && !raw.try_lock());
    raw.runlock();
    assert_eq!(format!("{raw:?}"), FREE);
    // The last one in line.
    raw.lock();
    drop(readers(&raw, 2));
    assert_eq!(format!("{raw:?}"), WRITER);
    raw.unlock();

    // A pending writer lets the readers in, and the one behind it becomes the next.
    raw.rlock();
    let [first, mut second] = [Task::waiting(raw.lock_async()), Task::waiting(raw.lock_async())];
    let mut line = readers(&raw, 20);
    drop(first);
    assert!(line.iter_mut().all(Task::is_ready));
    assert!(second.wakes() == 1 && !second.is_ready());
    assert!(!raw.try_rlock());
    (0..21).for_each(|_| raw.runlock());
    assert!(second.is_ready());
    raw.unlock();

    // One in the writers' line; and one that was let in.
    raw.rlock();
    let [first, second] = [Task::waiting(raw.lock_async()), Task::waiting(raw.lock_async())];
    drop(second);
    raw.runlock();
    assert_eq!(format!("{raw:?}"), WRITER);
    let mut line = readers(&raw, 2);
    drop(first);
    assert!(line.iter_mut().all(Task::is_ready));
    (0..2).for_each(|_| raw.runlock());
    assert_eq!(format!("{raw:?}"), FREE);
    assert!(raw.try_lock());
}

/// Futures that are forgotten in line are as guards that are forgotten; a new mutex at that address knows nothing of them.
#[test]
fn forgotten() {
    let mut raw = Box::new(RawRwMutex::new());
    for _ in 0..3 {
        // Not the tasks' boxes: these stay for ever.
        let at = &raw const *raw;
        // SAFETY: alive until the box is assigned to below; what borrows from it is forgotten, and never used again.
        let forgotten: &'static RawRwMutex = unsafe { &*at };
        forgotten.rlock();
        std::mem::forget(Task::waiting(forgotten.lock_async()));
        std::mem::forget(readers(forgotten, 3));
        *raw = RawRwMutex::new();
        raw.lock();
        let mut line = readers(&raw, 2);
        raw.unlock();
        assert!(line.iter_mut().all(Task::is_ready));
        let mut writer = Task::waiting(raw.lock_async());
        (0..2).for_each(|_| raw.runlock());
        assert!(writer.is_ready());
        raw.unlock();
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// Futures that borrow nothing: they may outlive all other shares of their mutex, in line, let in or dropped.
#[test]
fn owned() {
    let mutex = Arc::new(RwMutex::new(1));
    let guard = mutex.write_arc();
    let mut readers = [0; 3].map(|_| Task::waiting(mutex.read_arc_async()));
    let mut writers = [0; 3].map(|_| Task::waiting(mutex.write_arc_async()));
    let weak = Arc::downgrade(&mutex);
    drop(mutex);
    drop(guard);
    assert_eq!(readers.each_ref().map(Task::wakes), [1, 1, 1]);
    let Poll::Ready(reader) = readers[0].poll() else { panic!("it was let in") };
    assert!(catch_unwind(AssertUnwindSafe(|| readers[0].poll())).is_err(), "once too often");
    // Two were let in and are dropped, and the one that is in.
    drop(readers);
    assert_eq!((*reader, writers[0].wakes()), (1, 0));
    drop(reader);
    assert_eq!(writers.each_ref().map(Task::wakes), [1, 0, 0]);
    let Poll::Ready(mut guard) = writers[0].poll() else { panic!("it was let in") };
    *guard += 1;
    drop(guard);
    // Dropped when it was called: the next one is.
    let [first, second, mut third] = writers;
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    drop((first, second));
    let Poll::Ready(guard) = third.poll() else { panic!("it was called") };
    drop(third);
    assert_eq!((*guard, weak.strong_count()), (2, 1));
    drop(guard);
    assert!(weak.upgrade().is_none());
}

#[test]
fn polled_once_too_often() {
    let raw = RawRwMutex::new();
    let (mut reader, mut writer) = (Task::new(raw.rlock_async()), Task::new(raw.lock_async()));
    assert!(reader.is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| reader.is_ready())).is_err());
    raw.runlock();
    assert!(writer.is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| writer.is_ready())).is_err());
    drop((reader, writer));
    assert_eq!(format!("{raw:?}"), WRITER);
}

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("expected by this test");
    }
}

/// A waker that panics keeps nobody from being woken, and the panic is the unlocker's.
#[test]
fn wakers_that_panic() {
    let bomb = Waker::from(Arc::new(Bomb));
    let armed = &mut Context::from_waker(&bomb);
    let raw = RawRwMutex::new();
    raw.lock();
    let mut line = readers(&raw, 40);
    for n in [0, 3, 17, 39] {
        assert!(line[n].future.as_mut().poll(armed).is_pending());
    }
    let mut writer = Task::waiting(raw.lock_async());
    assert!(catch_unwind(AssertUnwindSafe(|| raw.unlock())).is_err());
    assert!(line.iter_mut().all(Task::is_ready));
    assert!(writer.future.as_mut().poll(armed).is_pending());
    (0..39).for_each(|_| raw.runlock());
    assert!(catch_unwind(AssertUnwindSafe(|| raw.runlock())).is_err());
    assert!(writer.is_ready());
    assert_eq!(format!("{raw:?}"), WRITER);
    // And once more, with another writer at the end.
    let mut line = readers(&raw, 2);
    assert!(line[1].future.as_mut().poll(armed).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| raw.unlock())).is_err());
    assert!(line.iter_mut().all(Task::is_ready));
    (0..2).for_each(|_| raw.runlock());
    assert_eq!(format!("{raw:?}"), FREE);
}

/// Tasks and threads in the same lines.
#[test]
fn beside_threads() {
    let _watchdog = Watchdog::new();
    for _ in 0..50 {
        let raw = RawRwMutex::new();
        raw.lock();
        thread::scope(|s| {
            let mut task = Task::waiting(raw.rlock_async());
            // Whether it is in line in time or comes after the writer, it gets in.
            s.spawn(|| {
                raw.rlock();
                raw.runlock();
            });
            s.spawn(|| {
                raw.lock();
                raw.unlock();
            });
            until(&raw, &WAITING.replace("pending: false", "pending: true"));
            raw.unlock();
            assert!(task.is_ready() && !raw.try_lock());
            raw.runlock();
        });
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// Tasks on tokio that read and write, with timeouts that drop futures wherever they stand, beside threads.
#[test]
fn on_tokio() {
    const ROUNDS: usize = 300;
    let _watchdog = Watchdog::new();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let mutex = Arc::new(RwMutex::new([0_usize; 2]));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let mutex = Arc::clone(&mutex);
            runtime.spawn(async move {
                let mut rng = Rng::new(task);
                let mut written = 0;
                for _ in 0..ROUNDS {
                    let limit = Duration::from_micros(rng.below(300) as u64);
                    match rng.below(4) {
                        0 => {
                            if let Ok(mut pair) = timeout(limit, mutex.write_async()).await {
                                pair[0] += 1;
                                tokio::task::yield_now().await;
                                pair[1] += 1;
                                written += 1;
                            }
                        }
                        1 => {
                            if let Ok(pair) = timeout(limit, mutex.read_async()).await {
                                assert_eq!(pair[0], pair[1]);
                            }
                        }
                        _ => {
                            let pair = mutex.read_async().await;
                            tokio::task::yield_now().await;
                            assert_eq!(pair[0], pair[1]);
                        }
                    }
                }
                written
            })
        })
        .collect();
    let threads = thread::scope(|s| {
        let threads = [(); 2].map(|()| {
            s.spawn(|| {
                (0..ROUNDS)
                    .map(|_| {
                        assert_eq!(mutex.read()[0], mutex.read()[1]);
                        mutex.write_timeout(Duration::from_micros(50)).map_or(0, |mut pair| {
                            pair.iter_mut().for_each(|n| *n += 1);
                            1
                        })
                    })
                    .sum::<usize>()
            })
        });
        threads.map(|thread| thread.join().unwrap()).iter().sum::<usize>()
    });
    let tasks: usize = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).sum();
    assert_eq!(*mutex.try_write().expect("nobody has it"), [threads + tasks; 2]);
}
