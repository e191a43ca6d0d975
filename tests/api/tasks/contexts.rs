//! Futures that a context ends: `until_done`.

use std::future::{pending, ready};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use gosync::chan;
use gosync::context::{Context, ContextError};
use gosync::semaphore::Weighted;

use super::{Count, poll, poll_for};
use crate::watchdog::Watchdog;

#[test]
fn the_future_is_first() {
    let (ctx, _cancel) = Context::background().with_cancel();
    assert_eq!(poll(&mut Box::pin(ctx.until_done(ready(5)))), Poll::Ready(Ok(5)));
    let (tx, rx) = chan::bounded(0);
    let (count, waker) = Count::new();
    let mut task = Box::pin(ctx.until_done(rx.recv_async()));
    assert!(poll_for(&mut task, &waker).is_pending());
    tx.send(7).unwrap();
    assert_eq!((count.get(), poll(&mut task)), (1, Poll::Ready(Ok(Ok(7)))));
    // A context that never ends.
    let never = Context::background();
    assert_eq!(poll(&mut Box::pin(never.until_done(ready(5)))), Poll::Ready(Ok(5)));
    assert!(poll(&mut Box::pin(never.until_done(pending::<()>()))).is_pending());
}

#[test]
fn the_context_is_first() {
    let (parent, cancel) = Context::background().with_cancel_cause();
    let (ctx, _cancel) = parent.with_cancel();
    let (count, waker) = Count::new();
    let owned = Arc::new(());
    let mut task = Box::pin(ctx.until_done({
        let owned = Arc::clone(&owned);
        async move {
            let _owned = owned;
            pending::<()>().await;
        }
    }));
    assert!(poll_for(&mut task, &waker).is_pending());
    cancel.cancel("enough");
    assert_eq!(count.get(), 1);
    assert_eq!(poll(&mut task), Poll::Ready(Err(ContextError::Canceled)));
    assert_eq!(Arc::strong_count(&owned), 1, "the future was dropped");
    // Done already: nothing is polled, and nothing done, be it ready or not.
    let mut late = Box::pin(ctx.until_done(async { unreachable!("it is too late") }));
    assert_eq!(poll(&mut late), Poll::Ready(Err::<(), _>(ContextError::Canceled)));
    let (tx, rx) = chan::bounded(1);
    assert_eq!(poll(&mut Box::pin(ctx.until_done(tx.send_async(1)))), Poll::Ready(Err(ContextError::Canceled)));
    assert!(rx.is_empty());
}

/// Nothing of what it was given is lost with it.
#[test]
fn permits_come_back() {
    let (slots, turns) = (Weighted::new(1), chan::bounded(1));
    let (ctx, cancel) = Context::background().with_cancel();
    let mut first = Box::pin(ctx.until_done(slots.permit_async(1)));
    let held = slots.try_permit(1).unwrap();
    assert!(poll(&mut first).is_pending());
    let mut receive = Box::pin(ctx.until_done(turns.1.recv_async()));
    assert!(poll(&mut receive).is_pending());
    // Both have got what they wait for, and do not know it yet.
    drop(held);
    turns.0.send(1).unwrap();
    assert_eq!(slots.available(), 0);
    cancel.cancel();
    assert!(matches!(poll(&mut first), Poll::Ready(Err(ContextError::Canceled))));
    assert!(matches!(poll(&mut receive), Poll::Ready(Err(ContextError::Canceled))));
    assert_eq!((slots.available(), turns.1.try_recv()), (1, Ok(1)));
}

#[test]
fn on_a_runtime() {
    let _watchdog = Watchdog::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(5));
    let slots = Arc::new(Weighted::new(1));
    let _held = slots.try_permit(1).unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (ctx, slots) = (ctx.clone(), Arc::clone(&slots));
            runtime.spawn(async move { ctx.until_done(slots.permit_arc_async(1)).await.map(drop) })
        })
        .collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), Err(ContextError::DeadlineExceeded));
    }
}
