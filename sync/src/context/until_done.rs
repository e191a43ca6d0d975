//! A future that a context ends. Feature `async`.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::{Context, ContextError};

impl Context {
    /// What the future returns, unless this context is done before that: then the future is dropped. Feature `async`. Go:
    /// `select { case v := <-result: case <-ctx.Done(): return ctx.Err() }`.
    ///
    /// For all that a task waits for and that takes no context by itself: permits, locks, what another library's futures do.
    /// Works on any executor. For channels alone there is [`select_async!`](crate::select_async) with a case of
    /// [`done`](Context::done).
    ///
    /// Each poll looks at the context first, so a context that is done keeps the future from being polled at all, and wins if
    /// both are ready. It does so between polls only: a future that never lets go of its thread is not ended by it.
    ///
    /// # Errors
    ///
    /// If the context is done, before or while this waits. The future was dropped: what it gives back then it has given back,
    /// as those of this crate do.
    ///
    /// # Cancellation
    ///
    /// The future that is returned may be dropped at any time, if the one that it was given may.
    ///
    /// # Panics
    ///
    /// If the future does.
    ///
    /// # Memory ordering
    ///
    /// An error is ordered after the cancellation, as a receive from [`done`](Context::done) (`ctx.cancel-before-done`). Else it
    /// has the edges of the future and no more.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::context::{Context, ContextError};
    /// use gosync::semaphore::{Permit, Weighted};
    ///
    /// /// Go's `sem.Acquire(ctx, 1)`, for a task.
    /// async fn turn<'a>(ctx: &Context, slots: &'a Weighted) -> Result<Permit<'a>, ContextError> {
    ///     ctx.until_done(slots.permit_async(1)).await
    /// }
    /// # use std::{pin::pin, task::{self, Poll, Waker}};
    /// # let (slots, mut cx) = (Weighted::new(1), task::Context::from_waker(Waker::noop()));
    /// # let (ctx, cancel) = Context::background().with_cancel();
    /// # let Poll::Ready(Ok(permit)) = pin!(turn(&ctx, &slots)).poll(&mut cx) else { panic!() };
    /// # let mut second = pin!(turn(&ctx, &slots));
    /// # assert!(second.as_mut().poll(&mut cx).is_pending());
    /// # cancel.cancel();
    /// # assert!(matches!(second.poll(&mut cx), Poll::Ready(Err(ContextError::Canceled))));
    /// ```
    #[doc(alias = "run_until_cancelled")]
    pub async fn until_done<F: Future>(&self, future: F) -> Result<F::Output, ContextError> {
        let mut future = pin!(future);
        let mut done = pin!(self.done().recv_async());
        poll_fn(|context| {
            if done.as_mut().poll(context).is_ready() {
                // Its end was written before the channel was closed.
                return Poll::Ready(Err(self.err().expect("a context that is done says why")));
            }
            future.as_mut().poll(context).map(Ok)
        })
        .await
    }
}
