//! Wakers are other people's code: they panic, they come back, they are replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use gosync::semaphore::Weighted;
use gosync::{Mutex, MutexGuard, RawLockAsync, RawMutex, RwMutex, RwMutexWriteGuard, WaitGroup};

use super::{FREE, Task};
use crate::watchdog::Watchdog;

/// Polls with this waker.
fn poll<F: Future>(task: &mut Task<F>, waker: &Waker) -> bool {
    task.future.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
}

struct Calls<F: Fn() + Send + Sync>(F);

impl<F: Fn() + Send + Sync> Wake for Calls<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn waker(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Calls(f)))
}

fn bomb() -> Waker {
    waker(|| panic!("expected by this test"))
}

/// The last poll's waker is the one that is called.
#[test]
fn replaced() {
    let (raw, wg) = (RawMutex::new(), WaitGroup::new());
    raw.lock();
    wg.add(1);
    let (mut lock, mut wait) = (Task::waiting(raw.lock_async()), Task::waiting(wg.wait_async()));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = waker({
        let calls = Arc::clone(&calls);
        move || _ = calls.fetch_add(1, Ordering::Relaxed)
    });
    assert!(!poll(&mut lock, &counted) && !poll(&mut wait, &counted));
    // What it has replaced is not kept.
    assert_eq!((Arc::strong_count(&lock.count), Arc::strong_count(&wait.count)), (1, 1));
    raw.unlock();
    wg.done();
    assert_eq!((calls.load(Ordering::Relaxed), lock.wakes(), wait.wakes()), (2, 0, 0));
    // Ready in the hands of whoever polls.
    assert!(lock.is_ready() && wait.is_ready());
}

/// A waker that panics does so in the unlock that called it; the task has its turn all the same.
#[test]
fn a_panic_in_unlock() {
    let raw = RawMutex::new();
    raw.lock();
    let mut tasks = [Task::new(raw.lock_async()), Task::new(raw.lock_async())];
    assert!(!poll(&mut tasks[0], &bomb()));
    assert!(!tasks[1].is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| raw.unlock())).is_err());
    assert!(tasks[0].is_ready());
    raw.unlock();
    assert!(tasks[1].wakes() == 1 && tasks[1].is_ready());
    raw.unlock();
    assert_eq!(format!("{raw:?}"), FREE);
}

/// But not if that is a drop because of another panic: the first one goes on.
#[test]
fn a_panic_during_a_panic() {
    struct Done<'a>(&'a WaitGroup);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.done();
        }
    }

    fn waiting<'a>(future: impl Future + 'a) -> Task<impl Future<Output = ()> + 'a> {
        let mut task = Task::new(async { _ = future.await });
        assert!(!poll(&mut task, &bomb()));
        task
    }

    let (mutex, rw, semaphore, wg) = (Mutex::new(()), RwMutex::new(()), Weighted::new(1), WaitGroup::new());
    wg.add(1);
    let mut tasks = None;
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _guards = (mutex.lock(), rw.write(), semaphore.try_permit(1).unwrap(), Done(&wg));
        let (lock, read) = (waiting(mutex.lock_async()), waiting(rw.read_async()));
        tasks = Some((lock, read, waiting(semaphore.acquire_async(1)), waiting(wg.wait_async())));
        panic!("the first");
    }));
    assert_eq!(payload.unwrap_err().downcast_ref(), Some(&"the first"));
    let (mut lock, mut read, mut acquire, mut wait) = tasks.unwrap();
    assert!(lock.is_ready() && read.is_ready() && acquire.is_ready() && wait.is_ready());
}

/// One that panics where a section is interrupted does so before the function is called, and when the guard has the lock again. It
/// may have to wait for the task that was called.
#[test]
fn a_panic_in_an_interruption() {
    let _watchdog = Watchdog::new();
    let (mutex, rw) = (Mutex::new(1), RwMutex::new(1));
    let (mut guard, mut writer) = (mutex.lock(), rw.write());
    let (mut lock, mut write) = (Task::new(mutex.lock_async()), Task::new(rw.write_async()));
    assert!(!poll(&mut lock, &bomb()) && !poll(&mut write, &bomb()));
    thread::scope(|s| {
        s.spawn(|| while !lock.is_ready() {});
        s.spawn(|| while !write.is_ready() {});
        let interrupted = catch_unwind(AssertUnwindSafe(|| MutexGuard::unlocked(&mut guard, || unreachable!())));
        assert!(interrupted.is_err() && mutex.is_locked());
        drop(guard);
        let interrupted =
            catch_unwind(AssertUnwindSafe(|| RwMutexWriteGuard::unlocked(&mut writer, || unreachable!())));
        assert!(interrupted.is_err() && rw.is_write_locked());
        drop(writer);
    });
    assert!(!mutex.is_locked() && !rw.is_locked());
}

/// The same in the drop of a future that hands on its call.
#[test]
fn a_panic_in_a_drop() {
    let raw = RawMutex::new();
    raw.lock();
    let [first, mut second] = [Task::waiting(raw.lock_async()), Task::new(raw.lock_async())];
    assert!(!poll(&mut second, &bomb()));
    raw.unlock();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(first))).is_err());
    assert!(second.is_ready());
    raw.unlock();
    assert_eq!(format!("{raw:?}"), FREE);
}

/// A writer that gives up lets a reader in whose waker panics. The panic is the writer's, if it gives up for good; the reader is
/// in, and the next writer has its turn.
#[test]
fn a_panic_while_a_writer_gives_up() {
    let _watchdog = Watchdog::new();
    let (lock, panicked) = (RwMutex::new(0), AtomicBool::new(false));
    let inside = lock.read();
    thread::scope(|s| {
        s.spawn(|| {
            let wait = || while lock.write_timeout(Duration::from_millis(5)).is_none() {};
            panicked.store(catch_unwind(AssertUnwindSafe(wait)).is_err(), Ordering::Release);
        });
        while !panicked.load(Ordering::Acquire) {
            let mut reader = Task::new(lock.read_async());
            while !poll(&mut reader, &bomb()) {
                thread::yield_now();
            }
        }
    });
    thread::scope(|s| {
        s.spawn(|| *lock.write() += 1);
        // It keeps readers out, as only the next writer does.
        while lock.try_read().is_some() {
            thread::yield_now();
        }
        drop(inside);
    });
    assert_eq!(*lock.read(), 1);
}

/// One that panics keeps none of the others from being called, on whichever side of it they are.
#[test]
fn a_panic_in_done() {
    let wg = WaitGroup::new();
    wg.add(1);
    let mut tasks: Vec<_> = (0..50).map(|_| Task::new(wg.wait_async())).collect();
    for (n, task) in tasks.iter_mut().enumerate() {
        assert!(!if n % 7 == 3 { poll(task, &bomb()) } else { task.is_ready() });
    }
    let payload = catch_unwind(AssertUnwindSafe(|| wg.done())).unwrap_err();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "expected by this test");
    for (n, task) in tasks.iter_mut().enumerate() {
        assert_eq!(task.wakes(), usize::from(n % 7 != 3));
        assert!(task.is_ready());
    }
}

/// A clone that panics leaves a future that can be polled again or dropped.
#[test]
fn a_panic_in_clone() {
    use std::task::{RawWaker, RawWakerVTable};

    const TABLE: RawWakerVTable = RawWakerVTable::new(|_| panic!("expected by this test"), |_| (), |_| (), |_| ());
    // SAFETY: the table's functions do not use the pointer.
    let uncloneable = unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) };
    let (raw, wg) = (RawMutex::new(), WaitGroup::new());
    raw.lock();
    wg.add(1);
    let fails = |f: &mut dyn FnMut() -> bool| catch_unwind(AssertUnwindSafe(f)).is_err();
    let mut locks = [Task::new(raw.lock_async()), Task::waiting(raw.lock_async()), Task::waiting(raw.lock_async())];
    let mut waits = [Task::new(wg.wait_async()), Task::waiting(wg.wait_async())];
    assert!(locks.iter_mut().all(|task| fails(&mut || poll(task, &uncloneable))));
    assert!(waits.iter_mut().all(|task| fails(&mut || poll(task, &uncloneable))));
    // Called, overtaken if it is not too late for that, and unable to step back: it is still the front.
    raw.unlock();
    if raw.try_lock() {
        assert!(fails(&mut || poll(&mut locks[1], &uncloneable)));
        raw.unlock();
    }
    assert!(locks[1].is_ready());
    raw.unlock();
    assert!(locks[2].is_ready());
    raw.unlock();
    assert!(locks[0].is_ready());
    raw.unlock();
    wg.done();
    assert!(waits.iter_mut().all(Task::is_ready));
    assert_eq!(format!("{raw:?}"), FREE);
}

/// Wakers that use what they are called for: they lock, join the line and leave it, wait for the group.
#[test]
fn wakers_come_back() {
    static RAW: RawMutex = RawMutex::new();
    static GROUP: WaitGroup = WaitGroup::new();
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    fn again() {
        CALLS.fetch_add(1, Ordering::Relaxed);
        if Task::new(RAW.lock_async()).is_ready() {
            let waiter = Task::waiting(RAW.lock_async());
            RAW.unlock();
            drop(waiter);
        }
        GROUP.add(1);
        drop(Task::waiting(GROUP.wait_async()));
        GROUP.done();
    }
    let _watchdog = Watchdog::new();
    RAW.lock();
    GROUP.add(1);
    let mut lock = Task::new(RAW.lock_async());
    let mut waits: Vec<_> = (0..20).map(|_| Task::new(GROUP.wait_async())).collect();
    assert!(!poll(&mut lock, &waker(again)));
    assert!(waits.iter_mut().all(|task| !poll(task, &waker(again))));
    RAW.unlock();
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    assert!(lock.is_ready());
    GROUP.done();
    assert_eq!(CALLS.load(Ordering::Relaxed), 21);
    assert!(waits.iter_mut().all(Task::is_ready));
    RAW.unlock();
    assert_eq!(format!("{RAW:?}"), FREE);
}

/// A waker whose last reference goes comes back, too.
#[test]
fn dropped_wakers_come_back() {
    static RAW: RawMutex = RawMutex::new();
    static GROUP: WaitGroup = WaitGroup::new();
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Last;
    impl Wake for Last {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Last {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
            drop(Task::waiting(RAW.lock_async()));
            drop(Task::waiting(GROUP.wait_async()));
        }
    }
    let _watchdog = Watchdog::new();
    RAW.lock();
    GROUP.add(1);
    let (mut lock, mut wait) = (Task::new(RAW.lock_async()), Task::new(GROUP.wait_async()));
    for _ in 0..3 {
        assert!(!poll(&mut lock, &Waker::from(Arc::new(Last))));
        assert!(!poll(&mut wait, &Waker::from(Arc::new(Last))));
    }
    assert_eq!(DROPS.load(Ordering::Relaxed), 4);
    drop((lock, wait));
    assert_eq!(DROPS.load(Ordering::Relaxed), 6);
}

/// A waker that drops the future that it was called for: it hands on to the next one, whose waker does the same, and so
/// on inside of one unlock.
#[test]
fn wakers_drop_their_futures() {
    static RAW: RawMutex = RawMutex::new();
    type Slot = Arc<StdMutex<Option<Pin<Box<RawLockAsync<'static>>>>>>;
    let _watchdog = Watchdog::new();
    RAW.lock();
    let slots: Vec<Slot> = (0..10).map(|_| Slot::default()).collect();
    for slot in &slots {
        let mut future = Box::pin(RAW.lock_async());
        let drops = waker({
            let slot = Arc::clone(slot);
            move || {
                let future = slot.lock().unwrap().take();
                drop(future);
            }
        });
        assert!(future.as_mut().poll(&mut Context::from_waker(&drops)).is_pending());
        *slot.lock().unwrap() = Some(future);
    }
    RAW.unlock();
    assert!(slots.iter().all(|slot| slot.lock().unwrap().is_none()));
    assert_eq!(format!("{RAW:?}"), FREE);
}
