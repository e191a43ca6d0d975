//! Locks: who is alone is alone, everybody comes in, and in the order that is promised.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

use gosync::{Mutex, RwMutex, RwMutexWriteGuard, ShardedRwMutex};
use gosync_atomic::__sys::control::expire_deadlines;
use gosync_atomic::__sys::{Parker, RawLock};

use crate::kit::{Room, SOON, any, finish, poll_once, scope, threads, turn};
use crate::scenario::{EITHER, HANGS, IS_WRONG, Scenario, fails, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("the seam's lock", 8, lock),
        holds("mutex", 6, mutex)
            .convicts(HANGS, &["mutex.call.wake", "mutex.call-afterwards"])
            .convicts(IS_WRONG, &["mutex.call-one"]),
        holds("mutex, tries and deadlines", 7, mutex_deadlines).witnesses(&["taken", "not taken"]),
        holds("rwmutex", 7, rwmutex)
            .witnesses(&["readers together"])
            .convicts(HANGS, &["rw.advance.next", "rw.end.next", "rw.retract.last"]),
        holds("rwmutex, tries and deadlines", 7, rwmutex_deadlines).witnesses(&["readers together", "too late"]),
        holds("rwmutex, downgrades", 6, downgrades).witnesses(&["readers together"]).convicts(HANGS, &["rw.wake"]),
        holds("rwmutex, phases", 7, || phases(1)).witnesses(&["waited", "a writer in between"]),
        // The reader is told so that it has waited: the scenario can see who passes it.
        fails("rwmutex, phases, claims too much", 7, || phases(0)),
        holds("sharded rwmutex", 6, sharded).witnesses(&["readers together"]).convicts(EITHER, &["sharded.write"]),
    ]
}

fn lock() {
    let (lock, room) = (RawLock::new(), Room::default());
    threads(8, |_| {
        for _ in 0..2 {
            lock.lock();
            room.alone(|| ());
            // SAFETY: this thread holds it.
            unsafe { lock.unlock() };
        }
    });
}

fn mutex() {
    let (mutex, room) = (Mutex::new(0), Room::default());
    threads(6, |_| {
        for _ in 0..3 {
            let mut count = mutex.lock();
            room.alone(|| *count += 1);
        }
    });
    assert_eq!(mutex.into_inner(), 18);
}

fn mutex_deadlines() {
    let (mutex, room, times) = (Mutex::new(0), Room::default(), AtomicUsize::new(0));
    expire_deadlines();
    threads(7, |me| {
        for _ in 0..2 {
            let guard = match me % 3 {
                0 => Some(mutex.lock()),
                1 => mutex.lock_timeout(SOON),
                _ => mutex.try_lock(),
            };
            witness(if guard.is_some() { "taken" } else { "not taken" });
            if let Some(mut count) = guard {
                room.alone(|| *count += 1);
                times.fetch_add(1, Relaxed);
            }
        }
    });
    assert_eq!(mutex.into_inner(), times.into_inner());
}

fn read(room: &Room) {
    room.among(|others| {
        if others > 0 {
            witness("readers together");
        }
    });
}

fn rwmutex() {
    let (mutex, room) = (RwMutex::new(0), Room::default());
    threads(7, |me| {
        for _ in 0..2 {
            if me < 3 {
                let mut count = mutex.write();
                room.alone(|| *count += 1);
            } else {
                let count = mutex.read();
                let before = *count;
                read(&room);
                assert_eq!(*count, before);
            }
        }
    });
    assert_eq!(mutex.into_inner(), 6);
}

fn rwmutex_deadlines() {
    let (mutex, room, times) = (RwMutex::new(0), Room::default(), AtomicUsize::new(0));
    expire_deadlines();
    threads(7, |me| {
        for _ in 0..2 {
            if me % 2 == 0 {
                let guard = match any(4) {
                    0 => mutex.try_read(),
                    1 => Some(mutex.read()),
                    _ => mutex.read_timeout(SOON),
                };
                guard.map_or_else(|| witness("too late"), |_guard| read(&room));
            } else {
                let guard = match any(4) {
                    0 => mutex.try_write(),
                    1 => Some(mutex.write()),
                    _ => mutex.write_timeout(SOON),
                };
                if let Some(mut count) = guard {
                    room.alone(|| *count += 1);
                    times.fetch_add(1, Relaxed);
                }
            }
        }
    });
    assert_eq!(mutex.into_inner(), times.into_inner());
}

fn downgrades() {
    let (mutex, room) = (RwMutex::new(0), Room::default());
    threads(6, |me| {
        for _ in 0..2 {
            if me < 3 {
                let mut count = mutex.write();
                room.alone(|| *count += 1);
                let written = *count;
                let count = RwMutexWriteGuard::downgrade(count);
                read(&room);
                assert_eq!(*count, written, "no writer in between");
            } else {
                let _guard = mutex.read();
                read(&room);
            }
        }
    });
    assert_eq!(mutex.into_inner(), 6);
}

/// A reader that stands in line is passed by no writer: when it comes in, no more than `writers` have begun since, which is
/// the one that had the lock already, or had been told so.
fn phases(writers: usize) {
    let (mutex, room, begun) = (RwMutex::new(()), Room::default(), AtomicUsize::new(0));
    scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for _ in 0..2 {
                    let _guard = mutex.write();
                    begun.fetch_add(1, Relaxed);
                    room.alone(turn);
                }
            });
        }
        for _ in 0..4 {
            s.spawn(|| {
                let (parker, mut task) = (Parker::new(), pin!(mutex.read_async()));
                let _guard = match poll_once(task.as_mut(), &parker) {
                    Poll::Ready(guard) => guard,
                    Poll::Pending => {
                        witness("waited");
                        let before = begun.load(Relaxed);
                        let guard = finish(task, &parker);
                        let passed = begun.load(Relaxed) - before;
                        assert!(passed <= writers, "{passed} writers have passed a reader");
                        if passed == 1 {
                            witness("a writer in between");
                        }
                        guard
                    }
                };
                room.among(|_| ());
            });
        }
    });
}

fn sharded() {
    let (mutex, room) = (ShardedRwMutex::<_, 2>::with_shards(0), Room::default());
    threads(6, |me| {
        for _ in 0..2 {
            if me < 2 {
                let mut count = mutex.write();
                room.alone(|| *count += 1);
            } else {
                let _guard = mutex.read();
                read(&room);
            }
        }
    });
    assert_eq!(mutex.into_inner(), 4);
}
