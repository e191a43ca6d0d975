//! Contexts: what happens before their end is seen, and who is ended with whom.

use std::sync::{Arc, Weak};
use std::time::Duration;

use gosync::chan::{self, Receiver, TryRecvError};
use gosync::context::{Cause, Context, ContextError};
use gosync::{go, select};
use gosync_atomic::__sys::control::{now, set_clock, stop_clock};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::block_on;

const DONE: &str = "ctx.cancel-before-done";
const ERR: &str = "ctx.err-nonnil-implies-done-closed";
const ASYNC: &str = "ctx.cancel-is-asynchronous";
const FUNC: &str = "ctx.afterfunc";
const TREE: &str = "gosync.ctx-tree";
const DEADLINE: &str = "gosync.ctx-deadline";

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Lets so much time pass at once.
fn pass(time: Duration) {
    set_clock(now() + time);
}

fn is_done(ctx: &Context) -> bool {
    ctx.done().try_recv() == Err(TryRecvError::Disconnected)
}

/// A context below a context below this one.
fn grandchild(ctx: &Context) -> Context {
    let (child, cancel) = ctx.with_cancel();
    cancel.forget();
    let (grandchild, cancel) = child.with_cancel();
    cancel.forget();
    grandchild
}

/// A way to wait for a context.
type Wait = fn(&Context);

fn plain(ctx: &Context) {
    ctx.done().recv().unwrap_err();
}

fn selecting(ctx: &Context) {
    let (_tx, other) = chan::bounded::<()>(0);
    select! { recv(other) -> _ => unreachable!(), recv(ctx.done()) -> end => assert!(end.is_err()) }
}

fn a_task(ctx: &Context) {
    block_on(ctx.done().recv_async()).unwrap_err();
}

/// A cause that tells whether anybody still has it.
fn tracked() -> (Cause, Weak<ContextError>) {
    let cause = Arc::new(ContextError::Canceled);
    let weak = Arc::downgrade(&cause);
    (cause, weak)
}

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(DONE, "receive", || cancel_then_look(Context::clone, plain)).reaches(&["sleeper.wake"]),
        holds(DONE, "select", || cancel_then_look(Context::clone, selecting)).reaches(&["sleeper.wake"]),
        holds(DONE, "a task", || cancel_then_look(Context::clone, a_task)),
        holds(DONE, "a grandchild", || cancel_then_look(grandchild, plain)).bound(2).reaches(&["sleeper.wake"]),
        holds(DONE, "a deadline", || deadline_then_look(Context::clone)).bound(2).reaches(&["sleeper.wake"]),
        holds(DONE, "a parent's deadline", || deadline_then_look(grandchild)).bound(2).reaches(&["sleeper.wake"]),
        holds(DONE, "the first of two", first_of_two).bound(2).witnesses(&["first", "second"]),
        holds(DONE, "by drop of the last clone", || {
            let (a, b) = (Plain::new(), Plain::new());
            let (ctx, cancel) = Context::background().with_cancel();
            let other = go({
                let (a, cancel) = (a.clone(), cancel.clone());
                move || {
                    a.write(1);
                    drop(cancel);
                }
            });
            b.write(1);
            drop(cancel);
            if ctx.err().is_some() {
                witness("the last");
                assert_eq!(a.read() + b.read(), 2);
            }
            other.join().unwrap();
            assert!(ctx.err().is_some());
        })
        .witnesses(&["the last"]),
        fails(DONE, "write after the cancellation", Verdict::Race, || {
            let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
            let waiter = go({
                let d = d.clone();
                move || {
                    plain(&ctx);
                    d.read();
                }
            });
            cancel.cancel();
            d.write(1);
            waiter.join().unwrap();
        }),
        fails(DONE, "write before a second cancellation", Verdict::Race, || {
            let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
            let other = go({
                let (d, cancel) = (d.clone(), cancel.clone());
                move || {
                    d.write(1);
                    cancel.cancel();
                }
            });
            cancel.cancel();
            plain(&ctx);
            d.read();
            other.join().unwrap();
        }),
        holds(ERR, "err", || look_then_read(Context::clone, |ctx| ctx.err().is_some())).witnesses(&["done"]),
        holds(ERR, "cause", || look_then_read(Context::clone, |ctx| ctx.cause().is_some())).witnesses(&["done"]),
        holds(ERR, "a grandchild", || look_then_read(grandchild, |ctx| ctx.err().is_some())).witnesses(&["done"]),
        fails(ERR, "a look at the channel", Verdict::Race, || {
            look_then_read(Context::clone, |ctx| ctx.done().is_closed());
        }),
        fails(ASYNC, "read after the cancellation", Verdict::Race, || {
            let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
            let worker = go({
                let d = d.clone();
                move || {
                    plain(&ctx);
                    d.write(1);
                }
            });
            cancel.cancel();
            d.read();
            worker.join().unwrap();
        }),
        holds(FUNC, "function", || {
            let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
            let called = call_at_end(&ctx, &d);
            d.write(1);
            cancel.cancel();
            assert_eq!((called.recv(), called.recv().is_err()), (Ok(1), true));
        })
        .bound(3),
        holds(FUNC, "added meanwhile", || {
            let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
            let canceller = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    cancel.cancel();
                }
            });
            let called = call_at_end(&ctx, &d);
            assert_eq!((called.recv(), called.recv().is_err()), (Ok(1), true));
            canceller.join().unwrap();
        })
        .bound(2),
        holds(FUNC, "stop meets the cancellation", || {
            let (ctx, cancel) = Context::background().with_cancel();
            let (tx, rx) = chan::bounded(1);
            let stop = ctx.after_func(move || tx.send(()).unwrap());
            let canceller = go(move || cancel.cancel());
            let stopped = stop.stop();
            canceller.join().unwrap();
            // The channel ends when nobody will call the function any more.
            assert_eq!(rx.iter().count(), usize::from(!stopped));
            witness(if stopped { "stopped" } else { "called" });
        })
        .bound(3)
        .witnesses(&["stopped", "called"]),
        holds(FUNC, "two cancellations", || {
            let (ctx, cancel) = Context::background().with_cancel();
            let (tx, rx) = chan::bounded(2);
            ctx.after_func(move || tx.send(()).unwrap());
            let other = go({
                let cancel = cancel.clone();
                move || cancel.cancel()
            });
            cancel.cancel();
            other.join().unwrap();
            assert_eq!(rx.iter().count(), 1);
        })
        .bound(3),
        fails(FUNC, "read after a stop that came too late", Verdict::Race, || {
            let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
            let stop = ctx.after_func({
                let d = d.clone();
                move || d.write(1)
            });
            cancel.cancel();
            if !stop.stop() {
                d.read();
            }
        })
        .bound(2),
        holds(TREE, "two cancel it", || two_cancel(Context::clone)).bound(2),
        holds(TREE, "a parent and a child are cancelled", || two_cancel(grandchild)).bound(2),
        holds(TREE, "a child is made meanwhile", child_is_made).witnesses(&["before", "after"]),
        holds(TREE, "a child is dropped meanwhile", || {
            let (ctx, cancel) = Context::background().with_cancel();
            let child = grandchild(&ctx);
            let dropper = go(move || drop(child));
            cancel.cancel();
            assert!(is_done(&ctx));
            dropper.join().unwrap();
        })
        .bound(3),
        holds(TREE, "the last two are dropped", || {
            let (ctx, cancel) = Context::background().with_cancel();
            cancel.forget();
            let child = grandchild(&ctx);
            let dropper = go(move || drop(child));
            drop(ctx);
            dropper.join().unwrap();
        })
        .bound(3),
        holds(DEADLINE, "the clock or a cancellation", clock_or_cancellation).bound(2).witnesses(&["canceled", "late"]),
        holds(DEADLINE, "err looks at the clock", || {
            stop_clock();
            let (d, (ctx, _cancel)) = (Plain::holding(1), Context::background().with_timeout(SECOND));
            let child = grandchild(&ctx);
            let looker = go({
                let ctx = ctx.clone();
                move || {
                    let err = child.err();
                    assert_eq!(err.is_some(), is_done(&child) && err == ctx.err());
                    if err.is_some() {
                        witness("seen");
                        assert_eq!(d.read(), 1);
                    }
                }
            });
            pass(MINUTE);
            assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
            looker.join().unwrap();
        })
        .bound(2)
        .witnesses(&["seen"]),
        holds(DEADLINE, "cancelled, nothing is left", || {
            stop_clock();
            let (cause, weak) = tracked();
            let (ctx, cancel) = Context::background().with_timeout_cause(HOUR, cause);
            drop(cancel);
            drop(ctx);
            assert!(weak.upgrade().is_none(), "its timer still has it");
            pass(2 * HOUR);
        })
        .bound(2),
        holds(DEADLINE, "dropped, nothing is left", || {
            stop_clock();
            let (cause, weak) = tracked();
            let (ctx, cancel) = Context::background().with_timeout_cause(HOUR, cause);
            cancel.forget();
            drop(ctx);
            assert!(weak.upgrade().is_none(), "its timer still has it");
            pass(2 * HOUR);
        })
        .bound(2),
        holds(DEADLINE, "cancelled meanwhile, nothing is left", || {
            stop_clock();
            let (cause, weak) = tracked();
            let (parent, cancel) = Context::background().with_cancel();
            let canceller = go(move || cancel.cancel());
            let (ctx, cancel) = parent.with_timeout_cause(HOUR, cause);
            canceller.join().unwrap();
            assert!(is_done(&ctx));
            drop((ctx, cancel));
            assert!(weak.upgrade().is_none(), "its timer still has it");
            pass(2 * HOUR);
        })
        .bound(3),
    ]
}

/// What came before a cancellation is seen after the end, of the context that was cancelled or of one below it.
fn cancel_then_look(below: fn(&Context) -> Context, wait: Wait) {
    let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
    let below = below(&ctx);
    let waiter = go({
        let d = d.clone();
        move || {
            wait(&below);
            assert_eq!(d.read(), 1);
        }
    });
    d.write(1);
    cancel.cancel();
    waiter.join().unwrap();
}

/// The timer's thread ends it, or the one that waits, or both at once.
fn deadline_then_look(below: fn(&Context) -> Context) {
    stop_clock();
    let (d, (ctx, _cancel)) = (Plain::holding(1), Context::background().with_timeout(SECOND));
    let below = below(&ctx);
    let waiter = go({
        let d = d.clone();
        move || {
            plain(&below);
            assert_eq!(d.read(), 1);
            assert_eq!(below.err(), Some(ContextError::DeadlineExceeded));
        }
    });
    pass(MINUTE);
    waiter.join().unwrap();
}

/// The cause says who was first, and that one is ordered before the end.
fn first_of_two() {
    let (a, b) = (Plain::new(), Plain::new());
    let (ctx, cancel) = Context::background().with_cancel_cause();
    let other = go({
        let (b, cancel) = (b.clone(), cancel.clone());
        move || {
            b.write(1);
            cancel.cancel("second");
        }
    });
    let waiter = go({
        let (a, b) = (a.clone(), b.clone());
        move || {
            plain(&ctx);
            if ctx.cause().unwrap().to_string() == "first" {
                witness("first");
                assert_eq!(a.read(), 1);
            } else {
                witness("second");
                assert_eq!(b.read(), 1);
            }
        }
    });
    a.write(1);
    cancel.cancel("first");
    other.join().unwrap();
    waiter.join().unwrap();
}

fn look_then_read(below: fn(&Context) -> Context, look: fn(&Context) -> bool) {
    let (d, (ctx, cancel)) = (Plain::new(), Context::background().with_cancel());
    let below = below(&ctx);
    let canceller = go({
        let d = d.clone();
        move || {
            d.write(1);
            cancel.cancel();
        }
    });
    if look(&below) {
        witness("done");
        assert_eq!(d.read(), 1);
        assert!(is_done(&below));
    }
    canceller.join().unwrap();
    assert!(look(&below));
}

/// What the function read.
fn call_at_end(ctx: &Context, d: &Plain) -> Receiver<usize> {
    let (tx, rx) = chan::bounded(1);
    let d = d.clone();
    ctx.after_func(move || tx.send(d.read()).unwrap());
    rx
}

/// When either cancellation returns, what is below is done, however far the other has come.
fn two_cancel(second: fn(&Context) -> Context) {
    let (ctx, cancel) = Context::background().with_cancel();
    let (middle, cancel_middle) = second(&ctx).with_cancel();
    let bottom = grandchild(&middle);
    let other = go({
        let bottom = bottom.clone();
        move || {
            cancel_middle.cancel();
            assert!(is_done(&bottom) && bottom.err() == Some(ContextError::Canceled));
        }
    });
    cancel.cancel();
    assert!(is_done(&ctx) && is_done(&middle) && is_done(&bottom));
    other.join().unwrap();
}

fn child_is_made() {
    let (ctx, cancel) = Context::background().with_cancel_cause();
    let canceller = go(move || cancel.cancel("the parent's"));
    let (child, _cancel) = ctx.with_cancel();
    // If it is done, its parent is.
    if is_done(&child) {
        witness("after");
        assert!(is_done(&ctx));
    } else {
        witness("before");
    }
    canceller.join().unwrap();
    assert!(is_done(&child));
    assert_eq!(child.cause().unwrap().to_string(), "the parent's");
}

/// One of them ends it, and nobody hears of the other.
fn clock_or_cancellation() {
    stop_clock();
    let (ctx, cancel) = Context::background().with_timeout_cause(SECOND, "late");
    let below = grandchild(&ctx);
    let canceller = go(move || cancel.cancel());
    pass(MINUTE);
    let ends = [ctx.err(), below.err()];
    canceller.join().unwrap();
    let (error, text) = match ends[0] {
        Some(ContextError::Canceled) => ("canceled", "context canceled"),
        Some(ContextError::DeadlineExceeded) => ("late", "late"),
        None => unreachable!("it is too late for that"),
    };
    witness(error);
    assert_eq!(ends, [ctx.err(), below.err()]);
    assert_eq!(ends[0], ends[1]);
    assert_eq!(below.cause().unwrap().to_string(), text);
}
