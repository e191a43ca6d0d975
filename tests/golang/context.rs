//! `context_test.go` and `x_test.go` of `src/context`, but for functions at the end of a context: see `context_after_func`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gosync::chan::TryRecvError;
use gosync::context::{CancelFunc, Cause, Context, ContextError, StopFunc};
use gosync::{WaitGroup, go};

use crate::random;
use crate::watchdog::Watchdog;

/// Short, and yet seldom over at once.
pub(crate) const SHORT: Duration = Duration::from_millis(1);
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
const EXCEEDED: Option<ContextError> = Some(ContextError::DeadlineExceeded);

fn is_done(ctx: &Context) -> bool {
    ctx.done().try_recv() == Err(TryRecvError::Disconnected)
}

pub(crate) fn cause(ctx: &Context) -> Option<String> {
    ctx.cause().map(|cause| cause.to_string())
}

#[test]
fn test_background() {
    let ctx = Context::background();
    assert_eq!(ctx.done().try_recv(), Err(TryRecvError::Empty));
    assert_eq!(format!("{ctx:?}"), "Context(background)");
}

#[test]
fn test_with_cancel() {
    let (c1, cancel) = Context::background().with_cancel();
    let (c2, _cancel2) = c1.with_value(1).with_cancel();
    let contexts = [c1, c2];
    for ctx in &contexts {
        assert_eq!(ctx.done().try_recv(), Err(TryRecvError::Empty));
        assert_eq!(ctx.err(), None);
    }
    cancel.cancel();
    for ctx in &contexts {
        assert!(is_done(ctx));
        assert_eq!(ctx.err(), CANCELED);
    }
}

fn ends_late(ctx: &Context) {
    assert!(ctx.done().recv().is_err());
    assert_eq!(ctx.err(), EXCEEDED);
}

#[test]
fn test_deadline() {
    let _watchdog = Watchdog::new();
    let soon = || Instant::now() + SHORT;
    let (ctx, _cancel) = Context::background().with_deadline(soon());
    ends_late(&ctx);
    let (ctx, _cancel) = Context::background().with_deadline(soon());
    let ctx = ctx.with_value(1);
    ends_late(&ctx);
    let (ctx, _cancel) = ctx.with_deadline(Instant::now() + LONG);
    ends_late(&ctx);
    let (ctx, _cancel) = Context::background().with_deadline(Instant::now());
    ends_late(&ctx);
    if let Some(past) = Instant::now().checked_sub(SHORT) {
        let (ctx, _cancel) = Context::background().with_deadline(past);
        ends_late(&ctx);
    }
}

#[test]
fn test_timeout() {
    let _watchdog = Watchdog::new();
    let (ctx, _cancel) = Context::background().with_timeout(SHORT);
    ends_late(&ctx);
    let (ctx, _cancel) = ctx.with_value(1).with_timeout(LONG);
    ends_late(&ctx);
}

#[test]
fn test_canceled_timeout() {
    let (ctx, _cancel) = Context::background().with_timeout(LONG);
    let (ctx, cancel) = ctx.with_value(1).with_timeout(2 * LONG);
    cancel.cancel();
    assert!(is_done(&ctx));
    assert_eq!(ctx.err(), CANCELED);
}

#[test]
fn test_values() {
    // Two keys with the same content are two keys.
    #[derive(Debug, PartialEq)]
    struct Key1(&'static str);
    #[derive(Debug, PartialEq)]
    struct Key2(&'static str);
    let check = |ctx: &Context, first: Option<&Key1>, second: Option<&Key2>| {
        assert_eq!((ctx.value(), ctx.value()), (first, second));
    };
    let c0 = Context::background();
    check(&c0, None, None);
    let c1 = c0.with_value(Key1("c1k1"));
    check(&c1, Some(&Key1("c1k1")), None);
    let c2 = c1.with_value(Key2("c2k2"));
    check(&c2, Some(&Key1("c1k1")), Some(&Key2("c2k2")));
    let c3 = c2.with_value(Option::<Key2>::None);
    check(&c3, Some(&Key1("c1k1")), Some(&Key2("c2k2")));
    let c4 = c3.with_value(Key1("c4k1"));
    check(&c4, Some(&Key1("c4k1")), Some(&Key2("c2k2")));
    let (o1, _cancel) = c4.with_timeout(LONG);
    check(&o1, Some(&Key1("c4k1")), Some(&Key2("c2k2")));
    check(&o1.with_value(Key2("o1k2")), Some(&Key1("c4k1")), Some(&Key2("o1k2")));
}

#[test]
fn test_simultaneous_cancels() {
    let _watchdog = Watchdog::new();
    let (root, cancel) = Context::background().with_cancel();
    let mut contexts = vec![(root.clone(), cancel)];
    // A tree of 100 contexts; each has at most three children.
    let mut queue = std::collections::VecDeque::from([root]);
    while contexts.len() < 100 {
        let parent = queue.pop_front().unwrap();
        for _ in 0..3 {
            let (ctx, cancel) = parent.with_cancel();
            queue.push_back(ctx.clone());
            contexts.push((ctx, cancel));
        }
    }
    let mut seed = random::seed();
    let start = Arc::new(WaitGroup::new());
    let threads: Vec<_> = contexts
        .iter()
        .filter(|_| random::below(&mut seed, 4) > 0)
        .map(|(_, cancel)| {
            let (cancel, start) = (cancel.clone(), Arc::clone(&start));
            start.add(1);
            go(move || {
                start.done();
                start.wait();
                cancel.cancel();
            })
        })
        .collect();
    contexts[0].1.cancel();
    for (ctx, _) in &contexts {
        assert!(ctx.done().recv().is_err());
        assert_eq!(ctx.err(), CANCELED);
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn test_interlocked_cancels() {
    let _watchdog = Watchdog::new();
    let (parent, cancel_parent) = Context::background().with_cancel();
    let (child, cancel_child) = parent.with_cancel();
    let follower = go(move || {
        assert!(parent.done().recv().is_err());
        cancel_child.cancel();
    });
    cancel_parent.cancel();
    assert!(child.done().recv().is_err());
    follower.join().unwrap();
}

#[test]
fn test_layers_cancel() {
    (0..20).for_each(|_| layers(false));
}

#[test]
fn test_layers_timeout() {
    (0..20).for_each(|_| layers(true));
}

/// Thirty layers of random kinds; the innermost sees all values, and the end of the one above that is ended.
fn layers(timeout: bool) {
    #[derive(Debug, PartialEq)]
    struct Layer(usize);
    let _watchdog = Watchdog::new();
    let mut seed = random::seed();
    let (mut cancels, mut value, mut timers): (Vec<CancelFunc>, _, _) = (Vec::new(), None, 0);
    let mut ctx = Context::background();
    for layer in 0..30 {
        match random::below(&mut seed, 3) {
            0 => {
                ctx = ctx.with_value(Layer(layer));
                value = Some(Layer(layer));
            }
            1 => {
                let (next, cancel) = ctx.with_cancel();
                ctx = next;
                cancels.push(cancel);
            }
            _ => {
                let (next, cancel) = ctx.with_timeout(if timeout { SHORT } else { LONG });
                ctx = next;
                cancels.push(cancel);
                timers += 1;
            }
        }
    }
    assert_eq!(ctx.value(), value.as_ref());
    if timeout {
        if timers > 0 {
            ends_late(&ctx);
        }
    } else if !cancels.is_empty() {
        assert_eq!(ctx.err(), None);
        cancels[random::below(&mut seed, cancels.len())].cancel();
        assert!(is_done(&ctx));
        assert_eq!(ctx.err(), CANCELED);
    }
    assert_eq!(ctx.value(), value.as_ref());
}

#[test]
fn test_with_cancel_canceled_parent() {
    let (parent, cancel) = Context::background().with_cancel_cause();
    cancel.cancel("because");
    let (child, _cancel) = parent.with_cancel();
    assert!(is_done(&child));
    assert_eq!((child.err(), cause(&child).as_deref()), (CANCELED, Some("because")));
}

#[test]
fn test_with_cancel_simultaneously_canceled_parent() {
    let _watchdog = Watchdog::new();
    for _ in 0..100 {
        let (parent, cancel) = Context::background().with_cancel_cause();
        let canceller = go(move || cancel.cancel("because"));
        let (child, _cancel) = parent.with_cancel();
        assert!(child.done().recv().is_err());
        assert_eq!((child.err(), cause(&child).as_deref()), (CANCELED, Some("because")));
        canceller.join().unwrap();
    }
}

#[test]
fn test_deadline_exceeded_supports_timeout() {
    assert!(ContextError::DeadlineExceeded.is_timeout());
}

#[test]
fn test_cause() {
    let _watchdog = Watchdog::new();
    let (canceled, exceeded) = ("context canceled", "context deadline exceeded");
    let root = Context::background;
    let check = |name: &str, ctx: Context, err: Option<ContextError>, why: Option<&str>| {
        if err.is_some() {
            assert!(ctx.done().recv().is_err());
        }
        assert_eq!((ctx.err(), cause(&ctx).as_deref()), (err, why), "{name}");
    };
    check("background", root(), None, None);
    check("todo", Context::todo(), None, None);

    let (ctx, cancel) = root().with_cancel();
    cancel.cancel();
    check("cancel", ctx, CANCELED, Some(canceled));
    let (ctx, cancel) = root().with_cancel_cause();
    cancel.cancel("parent");
    check("cause", ctx, CANCELED, Some("parent"));
    let (ctx, cancel) = root().with_cancel_cause();
    cancel.as_cancel_func().cancel();
    check("no cause", ctx, CANCELED, Some(canceled));

    // The parent first, the child first, and either of them without a cause.
    for (parent_first, parent_cause, child_cause, want_parent, want_child) in [
        (true, Some("parent"), Some("child"), "parent", "parent"),
        (true, None, Some("child"), canceled, canceled),
        (false, Some("parent"), Some("child"), "parent", "child"),
        (false, Some("parent"), None, "parent", canceled),
        (false, None, Some("child"), canceled, "child"),
    ] {
        let (parent, cancel_parent) = root().with_cancel_cause();
        let (child, cancel_child) = parent.with_cancel_cause();
        let parent_ends = || match parent_cause {
            Some(cause) => cancel_parent.cancel(cause),
            None => cancel_parent.as_cancel_func().cancel(),
        };
        let child_ends = || match child_cause {
            Some(cause) => cancel_child.cancel(cause),
            None => cancel_child.as_cancel_func().cancel(),
        };
        if parent_first {
            parent_ends();
            child_ends();
        } else {
            child_ends();
            parent_ends();
        }
        check("parent", parent, CANCELED, Some(want_parent));
        check("child", child, CANCELED, Some(want_child));
    }

    let (ctx, _cancel) = root().with_timeout(Duration::ZERO);
    check("timeout", ctx, EXCEEDED, Some(exceeded));
    let (ctx, cancel) = root().with_timeout(LONG);
    cancel.cancel();
    check("timeout, cancelled", ctx, CANCELED, Some(canceled));
    let (ctx, _cancel) = root().with_timeout_cause(SHORT, "slow");
    check("timeout cause", ctx, EXCEEDED, Some("slow"));
    let (ctx, cancel) = root().with_timeout_cause(LONG, "slow");
    cancel.cancel();
    check("timeout cause, cancelled", ctx, CANCELED, Some(canceled));
    let (parent, _cancel) = root().with_timeout(SHORT);
    let (ctx, _cancel) = parent.with_cancel_cause();
    check("below a timeout", ctx, EXCEEDED, Some(exceeded));
    let (parent, cancel) = root().with_cancel_cause();
    let (ctx, _cancel) = parent.with_timeout_cause(LONG, "slow");
    cancel.cancel("parent");
    check("a timeout below", ctx, CANCELED, Some("parent"));
    let (parent, _cancel) = root().with_timeout_cause(SHORT, "parent");
    let (ctx, _cancel) = parent.with_timeout_cause(LONG, "child");
    check("the earlier one above", ctx, EXCEEDED, Some("parent"));
    let (parent, _cancel) = root().with_timeout_cause(LONG, "parent");
    let (ctx, _cancel) = parent.with_timeout_cause(SHORT, "child");
    check("the earlier one below", ctx, EXCEEDED, Some("child"));

    let (parent, cancel) = root().with_cancel_cause();
    let free = parent.without_cancel();
    let (ctx, cancel_free) = free.with_cancel_cause();
    cancel.cancel("parent");
    check("without cancel", free, None, None);
    check("below it", ctx.clone(), None, None);
    cancel_free.cancel("child");
    check("below it, cancelled", ctx, CANCELED, Some("child"));
}

#[test]
fn test_cause_race() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_cancel_cause();
    let canceller = go(move || cancel.cancel("because"));
    let seen = std::iter::repeat_with(|| cause(&ctx)).find(Option::is_some);
    assert_eq!(seen.flatten().as_deref(), Some("because"));
    canceller.join().unwrap();
}

#[test]
fn test_without_cancel() {
    let (ctx, cancel) = Context::background().with_value("value").with_timeout(LONG);
    let free = ctx.without_cancel();
    cancel.cancel();
    assert_eq!(free.deadline(), None);
    assert!(free.done().is_nil());
    assert_eq!((free.err(), free.cause().is_none()), (None, true));
    assert_eq!(free.value(), Some(&"value"));
}

#[test]
fn test_context_err_done_race() {
    let _watchdog = Watchdog::new();
    for _ in 0..100 {
        let (ctx, cancel) = Context::background().with_cancel();
        let waiter = go(move || {
            while ctx.err().is_none() {}
            assert!(is_done(&ctx));
        });
        cancel.cancel();
        waiter.join().unwrap();
    }
}

#[test]
fn test_parent_finishes_child() {
    let (parent, cancel) = Context::background().with_cancel();
    let (cancel_child, cancel_child_func) = parent.with_cancel();
    let value_child = parent.with_value("value");
    let (timer_child, _cancel_timer) = value_child.with_timeout(LONG);
    let all = [&parent, &cancel_child, &value_child, &timer_child];
    assert!(all.iter().all(|ctx| !is_done(ctx) && ctx.err().is_none()));
    cancel.cancel();
    assert!(all.iter().all(|ctx| is_done(ctx) && ctx.err() == CANCELED));
    cancel_child_func.cancel();
    // New children are done at once.
    let (late, _cancel) = parent.with_value("late").with_cancel();
    assert!(is_done(&late) && late.err() == CANCELED);
}

#[test]
fn test_child_finishes_first() {
    let (stoppable, _cancel) = Context::background().with_cancel();
    for parent in [Context::background(), stoppable] {
        let (child, cancel) = parent.with_cancel();
        assert!(!is_done(&parent) && !is_done(&child));
        cancel.cancel();
        assert!(is_done(&child) && child.err() == CANCELED);
        assert!(!is_done(&parent) && parent.err().is_none());
    }
}

/// A context that was cancelled is not kept by its parent, and neither is a function that was stopped.
#[test]
fn test_cancel_removes() {
    let (parent, _cancel) = Context::background().with_cancel();
    let token: Cause = Arc::new(ContextError::Canceled);
    let children: Vec<_> = (0..10).map(|_| parent.with_timeout_cause(LONG, Arc::clone(&token))).collect();
    assert_eq!(Arc::strong_count(&token), 11);
    for (n, (ctx, cancel)) in (0..10).rev().zip(children) {
        cancel.cancel();
        drop(ctx);
        drop(cancel);
        assert_eq!(Arc::strong_count(&token), n + 1);
    }
    let stops: Vec<_> = (0..10)
        .map(|_| {
            let token = Arc::clone(&token);
            parent.after_func(move || drop(token))
        })
        .collect();
    assert_eq!(Arc::strong_count(&token), 11);
    assert!(stops.iter().all(StopFunc::stop));
    assert_eq!(Arc::strong_count(&token), 1);
}
