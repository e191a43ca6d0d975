//! Contexts: what ends one, when, and what that leaves behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, CloseError, TryRecvError};
use gosync::context::{CancelFunc, Cause, Context, ContextError};
use gosync::{go, select};
use gosync_tests::times;

use crate::watchdog::Watchdog;

const SHORT: Duration = Duration::from_millis(10);
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

fn canceled() -> Option<ContextError> {
    Some(ContextError::Canceled)
}

fn late() -> Option<ContextError> {
    Some(ContextError::DeadlineExceeded)
}

/// Done or not, in every way to ask.
fn is_done(ctx: &Context) -> bool {
    let done = ctx.done().try_recv() == Err(TryRecvError::Disconnected);
    assert_eq!(ctx.done().is_closed(), done);
    assert_eq!(ctx.err().is_some(), done);
    assert_eq!(ctx.check().is_err(), done);
    assert_eq!(ctx.cause().is_some(), done);
    done
}

/// A cause that tells whether anybody still has it.
fn tracked() -> (Cause, Weak<ContextError>) {
    let cause = Arc::new(ContextError::Canceled);
    let weak = Arc::downgrade(&cause);
    (cause, weak)
}

#[test]
fn background() {
    for ctx in [Context::background(), Context::todo(), Context::default()] {
        assert!(!is_done(&ctx));
        assert!(ctx.done().is_nil());
        assert_eq!(ctx.deadline(), None);
        assert_eq!(format!("{ctx:?}"), "Context(background)");
        assert!(!ctx.after_func(|| unreachable!()).stop());
    }
}

#[test]
fn cancels_on_call_and_on_drop() {
    for call in [true, false] {
        let (ctx, cancel) = Context::background().with_cancel();
        assert!(!is_done(&ctx));
        assert_eq!(format!("{ctx:?}"), "Context { err: None, deadline: None, .. }");
        if call {
            cancel.cancel();
            cancel.cancel();
        }
        drop(cancel);
        assert!(is_done(&ctx));
        assert_eq!(ctx.err(), canceled());
        assert_eq!(ctx.cause().unwrap().to_string(), "context canceled");
        assert!(ctx.done().recv().is_err());
    }
}

#[test]
fn the_last_clone_cancels() {
    let (ctx, cancel) = Context::background().with_cancel();
    let clones = [cancel.clone(), cancel.clone()];
    drop(cancel);
    let [a, b] = clones;
    drop(a);
    assert!(!is_done(&ctx));
    drop(b);
    assert!(is_done(&ctx));
}

#[test]
fn forget() {
    let (ctx, cancel) = Context::background().with_cancel();
    let other = cancel.clone();
    cancel.forget();
    assert!(!is_done(&ctx));
    drop(other);
    assert!(is_done(&ctx));

    let (parent, cancel) = Context::background().with_cancel();
    let (ctx, own) = parent.with_cancel();
    own.forget();
    assert!(!is_done(&ctx));
    cancel.cancel();
    assert!(is_done(&ctx));

    let (ctx, cancel) = Context::background().with_cancel_cause();
    cancel.forget();
    assert!(!is_done(&ctx));
}

#[test]
fn down_and_not_up() {
    let (top, _cancel_top) = Context::background().with_cancel();
    let (middle, cancel_middle) = top.with_cancel();
    let (bottom, _cancel_bottom) = middle.with_value(1).with_cancel();
    let (sibling, _cancel_sibling) = top.with_cancel();
    cancel_middle.cancel();
    assert!(is_done(&middle) && is_done(&bottom));
    assert!(!is_done(&top) && !is_done(&sibling));
    let (late, _cancel) = bottom.with_cancel();
    assert!(is_done(&late));
    assert!(!is_done(&bottom.without_cancel()));
}

/// Nobody but its own functions closes a context.
#[test]
fn done_is_for_receiving_only() {
    let (ctx, _cancel) = Context::background().with_cancel();
    assert_eq!(ctx.done().close(), Err(CloseError::ReceiveOnly));
    assert!(!is_done(&ctx));
    assert!(ctx.done().same_channel(ctx.clone().done()));
}

#[test]
fn a_receiver_that_outlives_its_context() {
    let (ctx, cancel) = Context::background().with_cancel();
    cancel.forget();
    let done = ctx.done().clone();
    drop(ctx);
    assert_eq!(done.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn deadlines() {
    let start = Instant::now();
    let (ctx, _cancel) = Context::background().with_timeout(LONG);
    assert!(ctx.deadline().unwrap() >= start + LONG);
    let (same, _cancel) = ctx.with_timeout(2 * LONG);
    assert_eq!(same.deadline(), ctx.deadline());
    let (sooner, _cancel) = ctx.with_deadline(start + SHORT);
    assert_eq!(sooner.deadline(), Some(start + SHORT));
    let (child, _cancel) = sooner.with_cancel();
    assert_eq!(child.deadline(), Some(start + SHORT));
    assert_eq!(sooner.without_cancel().deadline(), None);
    let (never, _cancel) = Context::background().with_timeout(Duration::MAX);
    assert_eq!(never.deadline(), None);
    assert!(child.done().recv().is_err());
    assert!(start.elapsed() >= SHORT);
    assert_eq!((child.err(), sooner.err()), (late(), late()));
    assert!(!is_done(&ctx) && !is_done(&same) && !is_done(&never));
}

/// Who asks after the deadline never hears that there is time, however late the thread that waits for it is.
#[test]
fn the_clock_decides() {
    for _ in 0..50 {
        let (ctx, _cancel) = Context::background().with_timeout(Duration::from_micros(200));
        let (child, _cancel) = ctx.with_cancel();
        let deadline = ctx.deadline().unwrap();
        loop {
            let before = Instant::now();
            let err = child.err();
            assert!(err == late() || before < deadline);
            if err.is_some() {
                break;
            }
        }
        assert!(Instant::now() >= deadline);
        assert!(is_done(&ctx) && is_done(&child));
    }
    let (ctx, _cancel) = Context::background().with_timeout(Duration::ZERO);
    assert_eq!(ctx.err(), late());
}

#[test]
fn causes() {
    let (ctx, cancel) = Context::background().with_cancel_cause();
    let (child, _cancel) = ctx.with_timeout_cause(LONG, "too slow");
    cancel.cancel(std::io::Error::other("the first"));
    cancel.cancel("the second");
    for ctx in [ctx, child] {
        assert_eq!(ctx.err(), canceled());
        let cause = ctx.cause().unwrap();
        assert_eq!(cause.to_string(), "the first");
        assert!(cause.downcast_ref::<std::io::Error>().is_some());
    }
    let (ctx, cancel) = Context::background().with_cancel_cause();
    cancel.as_cancel_func().cancel();
    assert!(matches!(ctx.cause().unwrap().downcast_ref(), Some(ContextError::Canceled)));
    let (ctx, _cancel) = Context::background().with_deadline_cause(Instant::now(), "too slow");
    assert_eq!((ctx.err(), ctx.cause().unwrap().to_string()), (late(), "too slow".to_owned()));
    // An earlier deadline above: its cause.
    let (top, _cancel) = Context::background().with_timeout_cause(SHORT, "above");
    let (ctx, _cancel) = top.with_timeout_cause(LONG, "below");
    ctx.done().recv().unwrap_err();
    assert_eq!(ctx.cause().unwrap().to_string(), "above");
}

#[test]
fn values_by_type() {
    #[derive(Debug, PartialEq)]
    struct Id(u32);
    let ctx = Context::background().with_value(Id(1)).with_value("name");
    let (ctx, _cancel) = ctx.with_cancel();
    let inner = ctx.with_value(Id(2));
    assert_eq!((ctx.value(), inner.value()), (Some(&Id(1)), Some(&Id(2))));
    assert_eq!(inner.value::<&str>(), Some(&"name"));
    assert_eq!(inner.without_cancel().value(), Some(&Id(2)));
    assert_eq!(inner.value::<u32>(), None);
}

#[test]
fn functions() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_cancel();
    let (tx, rx) = chan::unbounded();
    let stops: Vec<_> = (0..4)
        .map(|n| {
            let tx = tx.clone();
            ctx.after_func(move || tx.send((n, thread::current().id())).unwrap())
        })
        .collect();
    assert!(stops[1].stop() && !stops[1].stop());
    cancel.cancel();
    assert!(stops.iter().all(|stop| !stop.stop()));
    drop(tx);
    let mut called: Vec<_> = rx.iter().collect();
    called.sort_unstable_by_key(|(n, _)| *n);
    assert_eq!(called.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 2, 3]);
    assert!(called.iter().all(|(_, thread)| *thread != thread::current().id()));
    // One that is late is called at once.
    let (tx, rx) = chan::bounded(1);
    assert!(!ctx.after_func(move || tx.send(()).unwrap()).stop());
    assert!(rx.recv().is_ok() && rx.recv().is_err());
}

/// A function waits for the end although nobody has its context.
#[test]
fn a_function_keeps_its_context() {
    let _watchdog = Watchdog::new();
    let (top, cancel) = Context::background().with_cancel();
    let (tx, rx) = chan::bounded(1);
    let (ctx, own) = top.with_value(1).with_cancel();
    own.forget();
    drop(ctx.after_func(move || tx.send(()).unwrap()));
    drop(ctx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    cancel.cancel();
    assert!(rx.recv().is_ok() && rx.recv().is_err());
}

/// A panic in a function is its own thread's affair.
#[test]
fn a_function_that_panics() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_cancel();
    let (tx, rx) = chan::bounded(1);
    ctx.after_func(|| panic!("expected by this test"));
    ctx.after_func(move || tx.send(()).unwrap());
    cancel.cancel();
    assert_eq!(rx.recv(), Ok(()));
    assert!(is_done(&ctx));
}

/// A function may do with its context whatever it likes.
#[test]
fn from_within() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_timeout(LONG);
    let (tx, rx) = chan::bounded(1);
    ctx.after_func({
        let (ctx, cancel) = (ctx.clone(), cancel.clone());
        move || {
            cancel.cancel();
            let (child, _cancel) = ctx.with_cancel();
            tx.send(is_done(&child)).unwrap();
        }
    });
    cancel.cancel();
    assert_eq!(rx.recv(), Ok(true));
}

#[test]
fn a_chain_may_be_long() {
    const DEPTH: usize = times(100_000);
    for end in ["cancel", "drop"] {
        let (top, cancel) = Context::background().with_cancel();
        let mut ctx = top.clone();
        for n in 0..DEPTH {
            let (next, cancel) = ctx.with_value(n).with_cancel();
            cancel.forget();
            ctx = next;
        }
        drop(top);
        if end == "cancel" {
            cancel.cancel();
            assert!(is_done(&ctx));
        } else {
            cancel.forget();
        }
        drop(ctx);
    }
    // From the top down, and with the values left to the last.
    let mut contexts = vec![Context::background()];
    for n in 0..DEPTH {
        let (next, cancel) = contexts[n].with_value(n).with_cancel();
        cancel.forget();
        contexts.push(next);
    }
    contexts.into_iter().for_each(drop);
}

/// What a context has is gone with it, and what a cancelled one had on the way.
#[test]
fn nothing_is_left() {
    let (cause, weak) = tracked();
    let (top, cancel) = Context::background().with_timeout_cause(LONG, cause);
    let contexts: Vec<(Context, CancelFunc)> = (0..10).map(|_| top.with_cancel()).collect();
    drop((top, contexts));
    assert!(weak.upgrade().is_some());
    drop(cancel);
    assert!(weak.upgrade().is_none(), "its timer was stopped, and freed");

    // Dropped, not cancelled.
    let (cause, weak) = tracked();
    let (top, cancel) = Context::background().with_timeout_cause(LONG, cause);
    cancel.forget();
    let (child, cancel) = top.with_cancel();
    cancel.forget();
    drop(top);
    assert!(weak.upgrade().is_some());
    drop(child);
    assert!(weak.upgrade().is_none());

    // Functions, once nobody is left who could cancel what they wait for the end of, here or below.
    let (top, cancel) = Context::background().with_cancel();
    let (middle, of_middle) = top.with_cancel();
    let (below, of_below) = middle.with_cancel();
    let (timed, of_timed) = middle.with_timeout(LONG);
    let add = |ctx: &Context| {
        let (token, weak) = tracked();
        drop(ctx.after_func(move || drop(token)));
        weak
    };
    let tokens = [&top, &middle, &below, &timed].map(add);
    let left = || tokens.each_ref().map(|weak| weak.upgrade().is_some());
    of_middle.forget();
    of_timed.forget();
    assert_eq!(left(), [true; 4]);
    let clone = cancel.clone();
    cancel.forget();
    assert_eq!(left(), [true; 4]);
    clone.forget();
    assert_eq!(left(), [false, false, true, true]);
    assert!(add(&middle).upgrade().is_none() && add(&below).upgrade().is_some());
    of_below.forget();
    assert_eq!(left(), [false, false, false, true], "time will end it");
    let ends = [&top, &middle, &below, &timed].map(|ctx| ctx.done().clone());
    drop((top, middle, below, timed));
    assert_eq!(ends.map(|end| end.is_closed()), [false, false, true, false], "there is one below the first two");

    // A function that is stopped.
    let (token, weak) = tracked();
    let (ctx, _cancel) = Context::background().with_cancel();
    let stop = ctx.after_func(move || drop(token));
    assert!(stop.stop());
    assert!(weak.upgrade().is_none());
}

/// Functions that are added while the last canceller of a context above is being dropped are called.
#[test]
fn added_while_the_last_canceller_goes() {
    let _watchdog = Watchdog::new();
    for round in 0..20 {
        let (parent, cancel) = Context::background().with_cancel();
        let below = |n: usize| {
            let child = |_| {
                let (child, cancel) = parent.with_cancel();
                cancel.forget();
                child
            };
            (0..n).map(child).collect::<Vec<_>>()
        };
        let children = below(500);
        let last = children.last().unwrap();
        let (tx, calls) = chan::unbounded();
        let added = thread::scope(|s| {
            s.spawn(move || drop(cancel));
            let mut added = 0;
            while last.err().is_none() || added < round {
                let tx = tx.clone();
                drop(last.after_func(move || tx.send(()).unwrap()));
                added += 1;
                if added > 2000 {
                    break;
                }
            }
            added
        });
        drop(tx);
        assert_eq!(calls.iter().count(), added, "some were not called");
    }
}

#[test]
fn in_a_select() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_cancel();
    let (_tx, rx) = chan::bounded::<()>(0);
    let waiter = go({
        let ctx = ctx.clone();
        move || select! { recv(rx) -> _ => unreachable!(), recv(ctx.done()) -> end => assert!(end.is_err()) }
    });
    thread::sleep(SHORT);
    cancel.cancel();
    waiter.join().unwrap();
    let background = Context::background();
    select! { recv(background.done()) -> _ => unreachable!(), default => {} }
}

/// A waker that panics does not keep others from being cancelled, and no lock is held while it runs.
#[test]
fn wakers() {
    use std::task::{Wake, Waker};
    struct Panics(CancelFunc, AtomicUsize);
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.cancel();
            panic!("expected by this test");
        }
    }
    let (top, cancel) = Context::background().with_cancel();
    let (child, _cancel) = top.with_cancel();
    let panics = Arc::new(Panics(cancel.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&panics));
    let mut future = Box::pin(top.done().recv_async());
    let mut context = std::task::Context::from_waker(&waker);
    assert!(std::future::Future::poll(future.as_mut(), &mut context).is_pending());
    cancel.cancel();
    assert_eq!(panics.1.load(Ordering::Relaxed), 1);
    assert!(is_done(&top) && is_done(&child));
}

#[test]
fn errors() {
    assert_eq!(ContextError::Canceled.to_string(), "context canceled");
    assert_eq!(ContextError::DeadlineExceeded.to_string(), "context deadline exceeded");
    assert!(!ContextError::Canceled.is_timeout() && ContextError::DeadlineExceeded.is_timeout());
    fn fails() -> Result<(), Box<dyn std::error::Error>> {
        let (ctx, cancel) = Context::background().with_cancel_cause();
        cancel.cancel("a text");
        ctx.cause().map_or(Ok(()), Err)?;
        Ok(())
    }
    assert_eq!(fails().unwrap_err().to_string(), "a text");
}
