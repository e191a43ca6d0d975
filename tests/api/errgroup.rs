//! Error groups: what ends with whom, limits, and that nothing that a task does is another's affair.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gosync::chan;
use gosync::context::{Context, ContextError};
use gosync::errgroup::{Group, TaskResult};

use crate::watchdog::Watchdog;

fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| (*s).to_owned())
}

#[test]
fn errors_of_any_type() {
    let group = Group::default();
    group.go(|| {
        let _: u8 = "300".parse()?;
        Ok(())
    });
    let error = group.wait().unwrap_err();
    assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
    // As often as one asks, and through another handle.
    assert_eq!(group.clone().wait().unwrap_err().to_string(), error.to_string());
}

/// The error that is passed on is the one that was returned, not a box around it.
#[test]
fn a_cause_is_passed_on() {
    let (group, ctx) = Group::with_context(&Context::background());
    group.go(|| Err(ContextError::DeadlineExceeded.into()));
    group.go({
        let ctx = ctx.clone();
        move || {
            ctx.done().recv().unwrap_err();
            Err(ctx.cause().unwrap().into())
        }
    });
    assert_eq!(group.wait().unwrap_err().downcast_ref(), Some(&ContextError::DeadlineExceeded));
    assert_eq!(ctx.cause().unwrap().downcast_ref(), Some(&ContextError::DeadlineExceeded));
    assert_eq!(ctx.err(), Some(ContextError::Canceled));
}

#[test]
fn a_parent_ends_its_group() {
    let _watchdog = Watchdog::new();
    let (parent, cancel) = Context::background().with_cancel();
    let (group, ctx) = Group::with_context(&parent);
    group.go(move || {
        ctx.done().recv().unwrap_err();
        Ok(ctx.check()?)
    });
    cancel.cancel();
    assert_eq!(group.wait().unwrap_err().to_string(), "context canceled");
}

/// A group that nobody waits for lets its tasks end, and then cancels.
#[test]
fn without_a_wait() {
    let _watchdog = Watchdog::new();
    let (group, ctx) = Group::with_context(&Context::background());
    let (tx, rx) = chan::bounded::<()>(0);
    group.go(move || Ok(rx.recv()?));
    drop(group);
    assert_eq!(ctx.err(), None);
    tx.send(()).unwrap();
    ctx.done().recv().unwrap_err();
}

#[test]
fn panics() {
    let _watchdog = Watchdog::new();
    let (group, ctx) = Group::with_context(&Context::background());
    group.set_limit(2);
    group.go(|| panic!("expected by this test"));
    group.go({
        let ctx = ctx.clone();
        move || {
            ctx.done().recv().unwrap_err();
            panic!("a second one, which is lost");
        }
    });
    assert_eq!(panic_text(|| drop(group.wait())), "expected by this test");
    assert_eq!(ctx.cause().unwrap().to_string(), "a task of this errgroup panicked");
    assert_eq!(panic_text(|| drop(group.wait())), "a task of this errgroup panicked");
    // Their slots are free again.
    group.set_limit(2);
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..4 {
        let done = Arc::clone(&done);
        group.go(move || {
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
    }
    assert_eq!(panic_text(|| drop(group.wait())), "a task of this errgroup panicked");
    assert_eq!(done.load(Ordering::Relaxed), 4);
}

#[test]
fn a_limit_is_not_changed_under_way() {
    let _watchdog = Watchdog::new();
    let group = Group::new();
    let (end, ending) = chan::bounded::<()>(0);
    for _ in 0..2 {
        let ending = ending.clone();
        group.go(move || {
            ending.recv().unwrap_err();
            Ok(())
        });
    }
    assert_eq!(
        panic_text(|| group.set_limit(3)),
        "errgroup: modify limit while 2 goroutines in the group are still active"
    );
    assert_eq!(format!("{group:?}"), "Group { active: 2, .. }");
    end.close().unwrap();
    group.wait().unwrap();
    group.set_limit(usize::MAX);
    group.go(|| Ok(()));
    group.wait().unwrap();
    group.set_limit(None);
}

/// What was not started comes back.
#[test]
fn try_go_gives_back() {
    let group = Group::new();
    group.set_limit(0);
    let token = Arc::new(());
    let task = {
        let token = Arc::clone(&token);
        move || -> TaskResult {
            drop(token);
            Ok(())
        }
    };
    let task = group.try_go(task).unwrap_err();
    assert_eq!(Arc::strong_count(&token), 2);
    group.set_limit(1);
    assert!(group.try_go(task).is_ok());
    group.wait().unwrap();
    assert_eq!(Arc::strong_count(&token), 1);
}

/// Tasks that add tasks.
#[test]
fn nested() {
    let _watchdog = Watchdog::new();
    fn add(group: &Group, depth: u32, count: &Arc<AtomicUsize>) {
        let (inner, count) = (group.clone(), Arc::clone(count));
        group.go(move || {
            count.fetch_add(1, Ordering::Relaxed);
            if depth > 0 {
                (0..2).for_each(|_| add(&inner, depth - 1, &count));
            }
            Ok(())
        });
    }
    let (group, count) = (Group::new(), Arc::new(AtomicUsize::new(0)));
    add(&group, 4, &count);
    group.wait().unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 31);
}

/// Counts who is at work, however that ends.
struct Active(Arc<AtomicUsize>);

impl Active {
    fn new(count: &Arc<AtomicUsize>, most: &AtomicUsize) -> Active {
        most.fetch_max(count.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Active(Arc::clone(count))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Futures, on threads of a runtime and dropped, beside threads.
#[test]
fn futures() {
    let _watchdog = Watchdog::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (group, ctx) = Group::with_context(&Context::background());
    group.set_limit(2);
    let (active, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for n in 0..50 {
        let (active, most) = (Arc::clone(&active), Arc::clone(&most));
        let task = group.task(async move {
            let _active = Active::new(&active, &most);
            tokio::task::yield_now().await;
            Ok(())
        });
        match n % 5 {
            0 => drop(task),
            1 => drop(runtime.spawn(async {
                // It may be dropped wherever it stands: waiting for a slot, with one, or running.
                let _ = tokio::time::timeout(Duration::from_micros(50), task).await;
            })),
            _ => drop(runtime.spawn(task)),
        }
        if n % 10 == 0 {
            group.go(|| Ok(()));
        }
    }
    runtime.block_on(group.wait_async()).unwrap();
    assert!((1..=2).contains(&most.load(Ordering::Relaxed)));
    assert_eq!(ctx.err(), Some(ContextError::Canceled));

    // Slots are all free: two at a time have to meet.
    let (tx, rx) = chan::bounded::<()>(0);
    let receive = group.task(async move { Ok(rx.recv_async().await?) });
    let send = group.task(async move { Ok(tx.send_async(()).await?) });
    drop((runtime.spawn(receive), runtime.spawn(send)));
    group.wait().unwrap();

    drop(runtime.spawn(group.task(async { panic!("expected by this test") })));
    assert_eq!(panic_text(|| drop(runtime.block_on(group.wait_async()))), "expected by this test");
}

/// What a task owns goes before the task is done, however it ends.
#[test]
fn what_a_task_owns() {
    let _watchdog = Watchdog::new();
    struct Slow(Arc<AtomicUsize>);
    impl Drop for Slow {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(5));
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let group = Group::new();
    let slow = || Slow(Arc::clone(&dropped));
    let owned = slow();
    group.go(move || {
        let _owned = owned;
        Ok(())
    });
    let owned = slow();
    let never_polled = group.task(async move {
        drop(owned);
        Ok(())
    });
    let dropper = thread::spawn(move || drop(never_polled));
    let owned = slow();
    let mut polled = Box::pin(group.task(async move {
        let _owned = owned;
        std::future::pending().await
    }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::future::Future::poll(polled.as_mut(), &mut context).is_pending());
    let other = thread::spawn(move || drop(polled));
    group.wait().unwrap();
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    dropper.join().unwrap();
    other.join().unwrap();
}

#[test]
fn tasks_that_borrow() {
    let _watchdog = Watchdog::new();
    let (group, sum) = (Group::new(), AtomicUsize::new(0));
    group.set_limit(2);
    thread::scope(|scope| {
        for n in 0..10 {
            let sum = &sum;
            group.go_scoped(scope, move || {
                sum.fetch_add(n, Ordering::Relaxed);
                Ok(())
            });
        }
        group.wait().unwrap();
        assert_eq!(sum.load(Ordering::Relaxed), 45);
    });
}
