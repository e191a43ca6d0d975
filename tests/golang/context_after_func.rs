//! Functions that are called at the end of a context: `x_test.go` and `example_test.go` of `src/context`.

use std::thread;

use gosync::chan::{self, Receiver, TryRecvError};
use gosync::context::{CancelCauseFunc, Context, StopFunc};

use crate::context::{SHORT, cause};
use crate::settle;
use crate::watchdog::Watchdog;

fn call_at_end(ctx: &Context) -> (Receiver<()>, StopFunc) {
    let (tx, rx) = chan::bounded(1);
    let stop = ctx.after_func(move || tx.send(()).unwrap());
    (rx, stop)
}

#[test]
fn test_after_func_called_after_cancel() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_cancel();
    let (called, stop) = call_at_end(&ctx);
    settle();
    assert_eq!(called.try_recv(), Err(TryRecvError::Empty));
    cancel.cancel();
    assert_eq!(called.recv(), Ok(()));
    assert!(!stop.stop());
}

#[test]
fn test_after_func_called_after_timeout() {
    let _watchdog = Watchdog::new();
    let (ctx, _cancel) = Context::background().with_timeout(SHORT);
    let (called, _stop) = call_at_end(&ctx);
    assert_eq!(called.recv(), Ok(()));
}

#[test]
fn test_after_func_called_immediately() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let (called, _stop) = call_at_end(&ctx);
    assert_eq!(called.recv(), Ok(()));
}

#[test]
fn test_after_func_not_called_after_stop() {
    let (ctx, cancel) = Context::background().with_cancel();
    let (called, stop) = call_at_end(&ctx);
    assert!(stop.stop());
    cancel.cancel();
    // Its sender has gone with it.
    assert_eq!(called.try_recv(), Err(TryRecvError::Disconnected));
    assert!(!stop.stop());
}

/// Who cancels does not wait for the function, nor the function for who cancels.
#[test]
fn test_after_func_called_asynchronously() {
    let _watchdog = Watchdog::new();
    let (ctx, cancel) = Context::background().with_cancel();
    let (start, started) = chan::bounded(0);
    ctx.after_func(move || start.send(thread::current().id()).unwrap());
    cancel.cancel();
    assert_ne!(started.recv(), Ok(thread::current().id()));
}

/// `ExampleAfterFunc_merge`: cancelled with either of two.
#[test]
fn example_after_func_merge() {
    fn merge(a: &Context, b: &Context) -> (Context, impl Drop) {
        struct Merged(StopFunc, #[allow(dead_code)] CancelCauseFunc);
        impl Drop for Merged {
            fn drop(&mut self) {
                self.0.stop();
            }
        }
        let (ctx, cancel) = a.with_cancel_cause();
        let stop = b.after_func({
            let (b, cancel) = (b.clone(), cancel.clone());
            move || cancel.cancel(b.cause().unwrap())
        });
        (ctx, Merged(stop, cancel))
    }
    let _watchdog = Watchdog::new();
    for first in [true, false] {
        let (a, cancel_a) = Context::background().with_cancel_cause();
        let (b, cancel_b) = Context::background().with_cancel_cause();
        let (merged, _guard) = merge(&a, &b);
        if first {
            cancel_a.cancel("a")
        } else {
            cancel_b.cancel("b")
        }
        assert!(merged.done().recv().is_err());
        assert_eq!(cause(&merged).as_deref(), Some(if first { "a" } else { "b" }));
    }
}
