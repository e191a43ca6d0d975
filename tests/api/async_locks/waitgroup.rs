//! Futures of wait groups, polled by hand.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use gosync::{Mutex, WaitAsync, WaitGroup};
use gosync_tests::times;

use super::Task;
use crate::watchdog::Watchdog;

#[test]
fn nothing_to_wait_for() {
    let wg = WaitGroup::new();
    assert!(Task::new(wg.wait_async()).is_ready());
    wg.add(1);
    let task = Task::new(wg.wait_async());
    wg.done();
    drop(task);
    assert!(Task::new(wg.wait_async()).is_ready());
}

/// Each waiter is woken once, by the last task only, however many there are; then none is in line any more.
#[test]
fn many_tasks() {
    let wg = WaitGroup::new();
    // Around the size of a batch, and far beyond.
    for waiters in [1, 2, 15, 16, 17, 31, 32, 33, times(1_000)] {
        wg.add(2);
        let mut tasks: Vec<_> = (0..waiters).map(|_| Task::waiting(wg.wait_async())).collect();
        wg.done();
        assert!(tasks.iter_mut().all(|task| task.wakes() == 0 && !task.is_ready()));
        wg.done();
        assert!(tasks.iter_mut().all(|task| task.wakes() == 1 && task.is_ready()), "{waiters}");
        wg.add(1);
        wg.done();
        assert!(tasks.iter().all(|task| task.wakes() == 1));
    }
}

/// A future counts from the call on, until it is ready or dropped; a group in a `static` does the same.
#[test]
fn futures_as_tasks() {
    static TASKS: WaitGroup = WaitGroup::new();
    let wg = Arc::new(WaitGroup::new());
    let (mut first, second) = (Task::new(wg.task(async {})), Task::new(wg.task(std::future::pending())));
    let mut waiter = Task::waiting(wg.wait_async());
    assert!(first.is_ready() && !waiter.is_ready());
    // While it is still there.
    assert!(format!("{wg:?}").contains("count: 1"));
    drop(second);
    assert!(waiter.is_ready());
    drop(first);
    assert!(Task::new(wg.wait_async()).is_ready(), "done once");

    let mut task = Task::new(TASKS.task_static(async {}));
    let mut waiter = Task::waiting(TASKS.wait_async());
    assert!(task.is_ready() && waiter.is_ready());
    // One that waits, and is dropped.
    drop(Task::waiting(TASKS.task_static(std::future::pending())));
    TASKS.wait();
}

/// What the future owns is dropped before its task is done, however that ends.
#[test]
fn what_a_future_owns() {
    struct Look(Arc<WaitGroup>, Arc<AtomicUsize>);
    impl Drop for Look {
        fn drop(&mut self) {
            let counted = format!("{:?}", self.0).contains("count: 1");
            self.1.fetch_add(usize::from(counted), Ordering::Relaxed);
        }
    }
    let (wg, looks) = (Arc::new(WaitGroup::new()), Arc::new(AtomicUsize::new(0)));
    let look = || Look(Arc::clone(&wg), Arc::clone(&looks));
    let task = |kind: usize| {
        let owned = look();
        wg.task(async move {
            let _owned = owned;
            match kind {
                0 => {}
                1 => std::future::pending().await,
                _ => panic!("expected by this test"),
            }
        })
    };
    assert!(Task::new(task(0)).is_ready());
    drop(Task::waiting(task(1)));
    drop(task(1));
    assert!(Task::new(task(2)).is_ready(), "its panic stays in it");
    assert_eq!(looks.load(Ordering::Relaxed), 4);
    assert!(catch_unwind(AssertUnwindSafe(|| wg.wait())).is_err());
    let waiter = || Task::new(wg.wait_async()).is_ready();
    assert!(catch_unwind(AssertUnwindSafe(waiter)).is_err());
    assert!(wg.clear_panicked() && waiter());
}

/// On a runtime, beside threads; some are aborted.
#[test]
fn tracked_on_a_runtime() {
    let _watchdog = Watchdog::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (wg, ended) = (Arc::new(WaitGroup::new()), Arc::new(AtomicUsize::new(0)));
    let aborted = (0..300).filter(|n| n % 3 == 0).count();
    for n in 0..300 {
        let ended = Arc::clone(&ended);
        let handle = runtime.spawn(wg.task(async move {
            if n % 3 == 0 {
                std::future::pending::<()>().await;
            }
            tokio::task::yield_now().await;
            ended.fetch_add(1, Ordering::Relaxed);
        }));
        if n % 3 == 0 {
            handle.abort();
        }
        if n % 50 == 0 {
            wg.go(|| ());
        }
    }
    runtime.block_on(wg.wait_async());
    assert_eq!(ended.load(Ordering::Relaxed), 300 - aborted);
}

/// A task that looks before it is told leaves the line.
#[test]
fn ready_without_a_wake() {
    let wg = Arc::new(WaitGroup::new());
    for round in 0..times(500) {
        wg.add(1);
        let mut tasks: Vec<_> = (0..3).map(|_| Task::waiting(wg.wait_async())).collect();
        thread::scope(|s| {
            s.spawn(|| wg.done());
            (0..round % 5).for_each(|_| thread::yield_now());
            while !tasks[1].is_ready() {}
        });
        assert!(tasks[0].is_ready());
        assert!(tasks[2].wakes() == 1 && tasks[2].is_ready());
    }
}

/// Woken at the end of a round and polled in the next one, a task waits on.
#[test]
fn late() {
    let wg = WaitGroup::new();
    wg.add(1);
    let mut task = Task::waiting(wg.wait_async());
    for round in 1..=20 {
        wg.done();
        assert_eq!(task.wakes(), round);
        wg.add(1);
        assert!(!task.is_ready(), "the next round is not over");
    }
    wg.done();
    assert_eq!(task.wakes(), 21);
    assert!(task.is_ready());
}

/// Tasks that go take nobody's wake-up with them, and leave nothing behind.
#[test]
fn dropped() {
    let wg = WaitGroup::new();
    for gone in 0..8 {
        wg.add(1);
        let mut tasks: Vec<_> = (0..3).map(|_| Task::waiting(wg.wait_async())).collect();
        let mut n = 0;
        tasks.retain(|_| {
            n += 1;
            gone >> (n - 1) & 1 == 0
        });
        wg.done();
        assert!(tasks.iter().all(|task| task.wakes() == 1));
        // One goes when it was woken, without having looked.
        tasks.pop();
        assert!(tasks.iter_mut().all(Task::is_ready));
        assert_eq!(format!("{wg:?}"), "WaitGroup { count: 0, panicked: false }");
    }
}

/// A future that is forgotten is woken and ignored, also when another group is in the place of its own.
#[test]
fn forgotten() {
    let mut wg = WaitGroup::new();
    wg.add(1);
    let counts: Vec<_> = (0..40)
        .map(|_| {
            let task = Task::waiting(wg.wait_async());
            let count = Arc::clone(&task.count);
            mem::forget(task);
            count
        })
        .collect();
    wg = WaitGroup::new();
    wg.add(1);
    let mut task = Task::waiting(wg.wait_async());
    wg.done();
    assert!(task.wakes() == 1 && task.is_ready());
    assert!(counts.iter().all(|count| count.0.load(std::sync::atomic::Ordering::Relaxed) == 1));
}

/// A panic of a task is reported by every future, once each.
#[test]
fn a_panic_is_reported() {
    let _watchdog = Watchdog::new();
    let wg = Arc::new(WaitGroup::new());
    wg.add(1);
    let mut tasks = [Task::waiting(wg.wait_async()), Task::waiting(wg.wait_async())];
    wg.go(|| panic!("expected by this test"));
    while !format!("{wg:?}").contains("count: 1") {
        thread::yield_now();
    }
    wg.done();
    let mut text = |n: usize| {
        let payload = catch_unwind(AssertUnwindSafe(|| tasks[n].is_ready())).unwrap_err();
        *payload.downcast::<&str>().unwrap()
    };
    assert_eq!(text(0), "a task of this WaitGroup panicked");
    assert_eq!(text(0), "a future that has seen the end of its wait group was polled once more");
    assert_eq!(text(1), "a task of this WaitGroup panicked");
    assert!(wg.clear_panicked());
    assert!(Task::new(wg.wait_async()).is_ready());
}

/// Threads and tasks wait for one group; some threads have a deadline.
#[test]
fn beside_threads() {
    let _watchdog = Watchdog::new();
    let wg = Arc::new(WaitGroup::new());
    for round in 0..times(300) {
        wg.add(1);
        let mut tasks: Vec<_> = (0..round % 4).map(|_| Task::waiting(wg.wait_async())).collect();
        thread::scope(|s| {
            s.spawn(|| wg.wait());
            s.spawn(|| wg.wait_timeout(std::time::Duration::from_micros(round as u64)).is_ok());
            (0..round % 6).for_each(|_| thread::yield_now());
            wg.done();
        });
        assert!(tasks.iter_mut().all(|task| task.wakes() == 1 && task.is_ready()));
    }
}

/// A waker that polls its task where it is called.
struct InPlace {
    me: Weak<InPlace>,
    wg: &'static WaitGroup,
    begins: AtomicBool,
    polls: AtomicUsize,
    future: Mutex<Pin<Box<WaitAsync<'static>>>>,
}

impl InPlace {
    fn poll(&self) -> Poll<()> {
        let waker = Waker::from(self.me.upgrade().unwrap());
        self.future.lock().as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl Wake for InPlace {
    fn wake(self: Arc<Self>) {
        if self.begins.swap(false, Ordering::Relaxed) {
            self.wg.add(1);
        }
        assert!(self.polls.fetch_add(1, Ordering::Relaxed) < 10, "it is woken again and again");
        let _ = self.poll();
    }
}

/// Who is woken may wait for the next round before the others are woken: that is not this round's affair.
#[test]
fn a_round_that_begins_while_tasks_are_woken() {
    for tasks in [1, 15, 16, 17, 40] {
        let wg: &WaitGroup = Box::leak(Box::default());
        wg.add(1);
        let task = |n| {
            Arc::new_cyclic(|me| InPlace {
                me: Weak::clone(me),
                wg,
                begins: AtomicBool::new(n == 0),
                polls: AtomicUsize::new(0),
                future: Mutex::new(Box::pin(wg.wait_async())),
            })
        };
        let tasks: Vec<_> = (0..tasks).map(task).collect();
        assert!(tasks.iter().all(|task| task.poll().is_pending()));
        wg.done();
        assert!(tasks.iter().all(|task| task.polls.load(Ordering::Relaxed) == 1));
        wg.done();
        assert!(tasks.iter().all(|task| task.polls.load(Ordering::Relaxed) == 2));
    }
}
