//! `Cond`, waited for by tasks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use gosync::{Cond, Mutex, RawMutex, RawRwMutex, RwMutex};
use gosync_tests::times;

use super::{FREE, Task};
use crate::watchdog::Watchdog;

const NOBODY: &str = "Cond { waited_for: false }";
const SOMEBODY: &str = "Cond { waited_for: true }";

/// Tasks in line, with a mutex each, so that none has to wait for the lock of another.
fn line<'a>(cond: &'a Cond, mutexes: &'a [Mutex<()>]) -> Vec<Task<impl Future<Output = gosync::MutexGuard<'a, ()>>>> {
    mutexes.iter().map(|mutex| Task::waiting(cond.wait_async(mutex.lock()))).collect()
}

#[test]
fn in_the_order_of_arrival() {
    let (cond, mutexes) = (Cond::new(), [const { Mutex::new(()) }; 4]);
    let mut tasks = line(&cond, &mutexes);
    assert_eq!(format!("{cond:?}"), SOMEBODY);
    // They have unlocked.
    mutexes.iter().for_each(|mutex| drop(mutex.try_lock().unwrap()));
    for n in 0..2 {
        assert!(cond.signal());
        let woken: Vec<_> = tasks.iter().map(Task::wakes).collect();
        assert_eq!(woken, (0..4).map(|i| usize::from(i <= n)).collect::<Vec<_>>());
    }
    assert_eq!(cond.broadcast(), 2);
    assert_eq!(format!("{cond:?}"), NOBODY);
    for (task, mutex) in tasks.iter_mut().zip(&mutexes) {
        assert_eq!(task.wakes(), 1);
        let Poll::Ready(guard) = task.poll() else { panic!("nobody else has the lock") };
        assert!(mutex.try_lock().is_none());
        drop(guard);
        assert!(mutex.try_lock().is_some());
    }
}

/// The lock may be another's by the time: then the task waits for that, in its line.
#[test]
fn the_lock_is_taken() {
    let (cond, mutex) = (Cond::new(), Mutex::new(1));
    let mut task = Task::waiting(cond.wait_async(mutex.lock()));
    let guard = mutex.lock();
    cond.signal();
    assert!(!task.is_ready());
    drop(guard);
    assert!(task.was_woken());
    let Poll::Ready(guard) = task.poll() else { panic!("the lock is free") };
    assert_eq!(*guard, 1);
    drop(guard);
    assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err(), "polled once too often");
}

/// At every point the lock is free afterwards, and a signal goes to the next.
#[test]
fn dropped() {
    let (cond, mutexes) = (Cond::new(), [const { Mutex::new(()) }; 2]);
    let is_free = || mutexes.iter().all(|mutex| mutex.try_lock().is_some());

    // Not polled: it holds the lock until then.
    let future = cond.wait_async(mutexes[0].lock());
    assert!(mutexes[0].try_lock().is_none());
    drop(future);
    assert!(is_free());

    // In line.
    drop(line(&cond, &mutexes));
    assert!(is_free());
    assert_eq!((format!("{cond:?}"), cond.signal()), (NOBODY.into(), false));

    // The first one leaves: the next signal is for the second.
    let mut tasks = line(&cond, &mutexes);
    tasks.remove(0);
    assert!(cond.signal() && tasks[0].wakes() == 1 && tasks[0].is_ready());

    // It was called by a signal, which goes to the second; not by a broadcast.
    let mut tasks = line(&cond, &mutexes);
    assert!(cond.signal());
    tasks.remove(0);
    assert!(tasks[0].wakes() == 1 && tasks[0].is_ready());
    let mut tasks = line(&cond, &mutexes);
    assert_eq!(cond.broadcast(), 2);
    let newcomer = Mutex::new(());
    let mut last = Task::waiting(cond.wait_async(newcomer.lock()));
    tasks.remove(0);
    assert_eq!((tasks[0].wakes(), last.wakes()), (1, 0));
    assert!(tasks[0].is_ready() && !last.is_ready());
    drop((tasks, last));

    // It was called, and waits for the lock: the signal goes to the second.
    let mut tasks = line(&cond, &mutexes);
    let guard = mutexes[0].lock();
    assert!(cond.signal());
    assert!(!tasks[0].is_ready());
    tasks.remove(0);
    assert!(tasks[0].wakes() == 1 && tasks[0].is_ready());
    drop((guard, tasks));
    assert!(is_free());
    assert_eq!(format!("{cond:?}"), NOBODY);

    // It is through: nothing is handed on.
    let mut tasks = line(&cond, &mutexes);
    assert!(cond.signal() && tasks[0].is_ready());
    tasks.remove(0);
    assert_eq!(tasks[0].wakes(), 0);
}

/// One that is forgotten swallows a signal, and harms nobody; not even when its `Cond` is gone, and another one in its place.
#[test]
fn forgotten() {
    let (mut cond, mutexes) = (Cond::new(), [const { Mutex::new(()) }; 2]);
    for _ in 0..3 {
        let mut tasks = line(&cond, &mutexes);
        std::mem::forget(tasks.remove(0));
        assert!(cond.signal());
        assert_eq!(tasks[0].wakes(), 0);
        assert!(cond.signal() && tasks[0].is_ready());
        drop(tasks);
        let mut tasks = line(&cond, &mutexes);
        std::mem::forget(tasks.remove(0));
        drop(tasks);
        assert_eq!(format!("{cond:?}"), SOMEBODY);
        cond = Cond::new();
        assert!(!cond.signal());
        let mut task = Task::waiting(cond.wait_async(mutexes[0].lock()));
        assert!(cond.signal() && task.is_ready());
    }
}

#[test]
fn locks_of_all_kinds() {
    let cond = Cond::new();
    let (mutex, rw, raw, raw_rw) = (Arc::new(Mutex::new(1)), RwMutex::new(2), RawMutex::new(), RawRwMutex::new());
    raw.lock();
    raw_rw.lock();
    let mut owned = Task::waiting(cond.wait_async(mutex.lock_arc()));
    let mut writer = Task::waiting(cond.wait_async(rw.write()));
    let rw_arc = Arc::new(RwMutex::new(3));
    let mut owned_writer = Task::waiting(cond.wait_async(rw_arc.write_arc()));
    let mut bare = Task::waiting(cond.wait_async(&raw));
    let mut bare_rw = Task::waiting(cond.wait_async(&raw_rw));
    assert!(mutex.try_lock().is_some() && rw.try_write().is_some() && rw_arc.try_write().is_some());
    assert_eq!(format!("{raw:?}"), FREE);
    assert_eq!(cond.broadcast(), 5);
    assert!(matches!(owned_writer.poll(), Poll::Ready(guard) if *guard == 3));
    assert!(matches!(owned.poll(), Poll::Ready(guard) if *guard == 1));
    assert!(matches!(writer.poll(), Poll::Ready(guard) if *guard == 2));
    assert!(bare.is_ready() && bare_rw.is_ready());
    assert!(!raw.try_lock() && !raw_rw.try_lock());
    raw.unlock();
    raw_rw.unlock();
    // What is not locked is refused, and nobody is in line then.
    assert!(catch_unwind(AssertUnwindSafe(|| Task::new(cond.wait_async(&raw)).is_ready())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| Task::new(cond.wait_async(&raw_rw)).is_ready())).is_err());
    assert_eq!((format!("{cond:?}"), format!("{raw:?}")), (NOBODY.into(), FREE.into()));
}

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("expected by this test");
    }
}

/// A broadcast wakes all, and then goes on with the first panic; a signal is given before it panics.
#[test]
fn wakers_that_panic() {
    let (cond, mutexes) = (Cond::new(), [const { Mutex::new(()) }; 40]);
    let bomb = Waker::from(Arc::new(Bomb));
    for calls_all in [true, false] {
        let mut tasks = line(&cond, &mutexes);
        for task in tasks.iter_mut().step_by(3) {
            assert!(task.future.as_mut().poll(&mut Context::from_waker(&bomb)).is_pending());
        }
        if calls_all {
            assert!(catch_unwind(AssertUnwindSafe(|| cond.broadcast())).is_err());
        } else {
            for n in 0..40 {
                assert_eq!(catch_unwind(AssertUnwindSafe(|| cond.signal())).is_err(), n % 3 == 0);
            }
        }
        assert_eq!(format!("{cond:?}"), NOBODY);
        for (n, task) in tasks.iter_mut().enumerate() {
            assert_eq!(task.wakes(), usize::from(n % 3 != 0));
            assert!(task.is_ready());
        }
    }
}

#[test]
fn another_waker() {
    let (cond, mutex) = (Cond::new(), Mutex::new(()));
    let mut task = Task::waiting(cond.wait_async(mutex.lock()));
    assert!(task.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // What it has replaced is not kept.
    assert_eq!(Arc::strong_count(&task.count), 1);
    cond.signal();
    assert_eq!(task.wakes(), 0);
    assert!(task.is_ready());
}

/// A queue between tasks on tokio and threads: nobody waits for ever, and nothing is lost.
#[test]
fn tasks_beside_threads() {
    const EACH: usize = times(2_000);
    const QUIT: usize = usize::MAX;
    let _watchdog = Watchdog::new();
    let shared = Arc::new((Mutex::new(Vec::new()), Cond::new()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let shared = Arc::clone(&shared);
            runtime.spawn(async move {
                let mut sum = 0;
                loop {
                    let guard = shared.0.lock_async().await;
                    let value = {
                        let mut queue =
                            shared.1.wait_while_async(guard, |queue: &mut Vec<usize>| queue.is_empty()).await;
                        queue.pop().expect("it is not empty")
                    };
                    if value == QUIT {
                        return sum;
                    }
                    sum += value;
                }
            })
        })
        .collect();
    let threads = [0; 2].map(|_| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let mut sum = 0;
            loop {
                let mut queue = shared.0.lock();
                shared.1.wait_while(&mut queue, |queue| queue.is_empty());
                match queue.pop().expect("it is not empty") {
                    QUIT => return sum,
                    value => sum += value,
                }
            }
        })
    });
    for value in 1..=EACH {
        shared.0.lock().push(value);
        shared.1.signal();
    }
    let mut queue = shared.0.lock();
    queue.splice(0..0, [QUIT; 5]);
    shared.1.broadcast();
    drop(queue);
    let by_threads: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let by_tasks: usize = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).sum();
    assert_eq!(by_threads + by_tasks, EACH * (EACH + 1) / 2);
}
