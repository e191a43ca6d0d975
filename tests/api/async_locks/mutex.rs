//! Futures of mutexes, polled by hand.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use gosync::{Mutex, RawMutex, RawRwMutex};
use gosync_tests::times;

use super::{FREE, Task, line};
use crate::watchdog::Watchdog;
use crate::with_some_pause;

/// What is free is locked at the first poll and not before.
#[test]
fn a_free_mutex() {
    let mutex = Mutex::new(1);
    let mut task = Task::new(mutex.lock_async());
    assert!(mutex.try_lock().is_some(), "a future that was not polled has locked");
    let std::task::Poll::Ready(mut guard) = task.poll() else { panic!("it is free") };
    *guard += 1;
    assert!(mutex.try_lock().is_none());
    drop(guard);
    // A future that is over has nothing to do with the mutex any more.
    let guard = mutex.lock();
    drop(task);
    assert!(mutex.try_lock().is_none());
    assert_eq!(*guard, 2);
}

/// One unlock wakes one task, the one that has waited longest, once; and nobody before the unlock.
#[test]
fn one_wake_for_one_unlock() {
    let raw = RawMutex::new();
    raw.lock();
    let mut tasks = line(&raw, 40);
    for n in 0..tasks.len() {
        let woken: Vec<usize> = tasks.iter().map(Task::wakes).collect();
        assert_eq!(woken, (0..tasks.len()).map(|k| usize::from(k < n)).collect::<Vec<_>>());
        raw.unlock();
        // Others that look for no reason find nothing, and are not woken for it.
        (n + 1..tasks.len()).for_each(|k| assert!(!tasks[k].is_ready()));
        assert!(tasks[n].is_ready());
    }
    raw.unlock();
    assert_eq!(format!("{raw:?}"), FREE);
}

/// Polls until it is ready, and has the mutex: nothing else may be waited for meanwhile.
fn lock_now(task: &mut Task<gosync::RawLockAsync<'_>>) {
    while !task.is_ready() {
        thread::yield_now();
    }
}

/// Tasks and threads stand in one line.
#[test]
fn one_line_for_tasks_and_threads() {
    with_some_pause(|pause| {
        let (raw, order) = (&RawMutex::new(), &Mutex::new(Vec::new()));
        let section = |who| {
            order.lock().push(who);
            raw.unlock();
        };
        raw.lock();
        thread::scope(|s| {
            let mut before = Task::waiting(raw.lock_async());
            s.spawn(|| {
                raw.lock();
                section("thread");
            });
            thread::sleep(pause);
            let mut behind = Task::waiting(raw.lock_async());
            raw.unlock();
            lock_now(&mut before);
            section("before");
            lock_now(&mut behind);
            section("behind");
        });
        order.lock().as_slice() == ["before", "thread", "behind"]
    });
}

/// A task that was called is overtaken for a while, keeps its place, and then is not overtaken any more.
#[test]
fn overtaking_ends() {
    let _watchdog = Watchdog::new();
    let raw = RawMutex::new();
    raw.lock();
    let mut tasks = line(&raw, 2);
    raw.unlock();
    let mut overtaken = 0;
    while raw.try_lock() {
        overtaken += 1;
        // Now and then it looks, finds the mutex taken, and steps back.
        if overtaken % 3 == 0 && tasks[0].was_woken() {
            assert!(!tasks[0].is_ready());
        }
        raw.unlock();
    }
    assert_eq!(format!("{raw:?}"), "RawMutex { locked: false, queued: true, called: true, reserved: true }");
    assert!(tasks[0].was_woken());
    assert_eq!(tasks[1].wakes(), 0);
    assert!(!tasks[1].is_ready());
    assert!(tasks[0].is_ready());
    raw.unlock();
    assert_eq!(tasks[1].wakes(), 1);
    assert!(tasks[1].is_ready());
    raw.unlock();
    assert_eq!(format!("{raw:?}"), FREE);
}

/// A task that steps back takes the time of its first call with it: when that is up, the very next one is refused.
#[test]
fn stepping_back_keeps_the_time() {
    let round = || {
        let raw = RawMutex::new();
        raw.lock();
        let mut task = Task::waiting(raw.lock_async());
        raw.unlock();
        if !raw.try_lock() {
            return false;
        }
        assert!(!task.is_ready());
        // More than it lets itself be overtaken.
        thread::sleep(Duration::from_millis(1));
        raw.unlock();
        assert!(!raw.try_lock(), "overtaken once more");
        assert!(task.is_ready());
        true
    };
    assert!((0..3_000).any(|_| round()), "reserved at once, every time");
}

/// When one of them is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    InLine,
    Called,
    Overtaken,
    SteppedBack,
    Reserved,
}

/// Drops one of three that wait; the others are served in their order, woken once each. `false` if the mutex was reserved
/// before it could be overtaken.
fn drop_one(who: usize, stage: Stage) -> bool {
    let raw = RawMutex::new();
    raw.lock();
    let mut tasks = line(&raw, 3);
    // Those before it go through.
    (0..who).for_each(|n| {
        raw.unlock();
        assert!(tasks[n].is_ready());
    });
    let mut held = stage == Stage::InLine;
    if !held {
        raw.unlock();
        assert!(tasks[who].was_woken());
    }
    match stage {
        Stage::InLine | Stage::Called => {}
        Stage::Overtaken | Stage::SteppedBack => {
            if !raw.try_lock() {
                return false;
            }
            held = true;
            assert!(stage == Stage::Overtaken || !tasks[who].is_ready());
        }
        Stage::Reserved => {
            while raw.try_lock() {
                raw.unlock();
            }
        }
    }
    drop(tasks.remove(who));
    if held {
        raw.unlock();
    }
    for task in &mut tasks[who..] {
        assert_eq!(task.wakes(), 1, "{who} {stage:?}");
        assert!(task.is_ready());
        raw.unlock();
    }
    assert_eq!(format!("{raw:?}"), FREE, "{who} {stage:?}");
    true
}

#[test]
fn dropped_at_every_stage() {
    use Stage::{Called, InLine, Overtaken, Reserved, SteppedBack};
    let _watchdog = Watchdog::new();
    for who in 0..3 {
        for stage in [InLine, Called, Overtaken, SteppedBack, Reserved] {
            assert!((0..3_000).any(|_| drop_one(who, stage)), "reserved at once, every time");
        }
    }
}

/// A task that goes hands on to a thread, too.
#[test]
fn dropped_before_a_thread() {
    let _watchdog = Watchdog::new();
    let raw = RawMutex::new();
    for round in 0..times(200) {
        raw.lock();
        let task = Task::waiting(raw.lock_async());
        thread::scope(|s| {
            s.spawn(|| {
                raw.lock();
                raw.unlock();
            });
            (0..round % 7).for_each(|_| thread::yield_now());
            raw.unlock();
            drop(task);
        });
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// A guard that is dropped with the future that waits for more.
#[test]
fn a_guard_in_a_future() {
    let (first, second) = (Mutex::new(()), Mutex::new(()));
    let held = second.lock();
    let both = Task::waiting(async {
        let _first = first.lock_async().await;
        let _second = second.lock_async().await;
    });
    assert!(first.try_lock().is_none());
    drop(both);
    assert!(first.try_lock().is_some());
    drop(held);
    assert!(second.try_lock().is_some());
}

/// A future that is forgotten in line is nobody's trouble once its mutex is gone, although its node is still there.
#[test]
fn forgotten_before_the_mutex_went() {
    let _watchdog = Watchdog::new();
    let mut raw = RawMutex::new();
    for waiters in 1..4 {
        raw.lock();
        line(&raw, waiters).into_iter().for_each(mem::forget);
        // Another mutex in the same place.
        raw = RawMutex::new();
        raw.lock();
        let mut tasks = line(&raw, 2);
        thread::scope(|s| {
            let (raw, tasks) = (&raw, &mut tasks);
            raw.unlock();
            assert!(tasks[0].is_ready(), "it was not called");
            s.spawn(|| {
                raw.lock();
                raw.unlock();
            });
            raw.unlock();
            assert_eq!(tasks[1].wakes(), 1);
            lock_now(&mut tasks[1]);
            raw.unlock();
        });
        assert_eq!(format!("{raw:?}"), FREE);
    }
}

/// The same of a lock for readers, too, which may move while nobody holds a guard of it.
#[test]
fn forgotten_before_the_lock_moved() {
    let (raw, rw) = (RawMutex::new(), RawRwMutex::new());
    raw.lock();
    rw.lock();
    mem::forget((Task::waiting(raw.lock_async()), Task::waiting(rw.rlock_async())));
    let moved = Box::new((raw, rw));
    moved.0.unlock();
    moved.1.unlock();
    for _ in 0..3 {
        assert!(moved.0.try_lock() && moved.1.try_lock());
        moved.0.unlock();
        moved.1.unlock();
        assert!(moved.1.try_rlock());
        moved.1.runlock();
    }
}

#[test]
fn polled_once_too_often() {
    let raw = RawMutex::new();
    let mut task = Task::new(raw.lock_async());
    assert!(task.is_ready());
    let payload = catch_unwind(AssertUnwindSafe(|| task.is_ready())).unwrap_err();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "a future that has locked its mutex was polled once more");
    drop(task);
    raw.unlock();
    assert_eq!(format!("{raw:?}"), FREE);
}

#[test]
fn debug() {
    let mutex = Mutex::new(1);
    let mut task = Task::new(mutex.lock_async());
    assert_eq!(format!("{:?}", task.future), "LockAsync { stage: New }");
    assert!(task.is_ready());
    assert_eq!(format!("{:?}", task.future), "LockAsync { stage: Over }");
    let raw = RawMutex::new();
    raw.lock();
    assert_eq!(format!("{:?}", Task::waiting(raw.lock_async()).future), "RawLockAsync { stage: InLine }");
}

/// A future that borrows nothing: it may outlive all other shares of its mutex, in line, called or dropped.
#[test]
fn owned() {
    let mutex = Arc::new(Mutex::new(1));
    let guard = mutex.lock_arc();
    let mut tasks = [0; 3].map(|_| Task::waiting(mutex.lock_arc_async()));
    drop(mutex);
    drop(guard);
    let [first, second, third] = &mut tasks;
    assert_eq!([first.wakes(), second.wakes(), third.wakes()], [1, 0, 0]);
    let Poll::Ready(mut guard) = first.poll() else { panic!("it was called") };
    *guard += 1;
    drop(guard);
    // Dropped when it was called: the next one is.
    assert!(second.was_woken());
    let [first, second, mut third] = tasks;
    drop((first, second));
    assert!(third.was_woken());
    let Poll::Ready(guard) = third.poll() else { panic!("it was called") };
    drop(third);
    assert_eq!(*guard, 2);
}
