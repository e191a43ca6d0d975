//! A future that a context ends. Feature `async`.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::{Context, ContextError};

impl Context {
    /// Runs the future until it completes or this context is done; in the second case drops the future. Feature
    /// `async`. Go: `select { case v := <-result: case <-ctx.Done(): return ctx.Err() }`.
    ///
    /// For futures that take no context: permits, locks, other libraries' futures. Works on any executor. For
    /// channels, use [`select_async!`](crate::select_async) with a case of [`done`](Context::done).
    ///
    /// Each poll checks the context first: if it is done, the future is not polled any more, even if it would be
    /// ready. A future that blocks its thread is not interrupted.
    ///
    /// # Errors
    ///
    /// If the context is done, before or while this waits. By then the future has been dropped, with all that its
    /// drop does.
    ///
    /// # Cancellation
    ///
    /// The returned future may be dropped at any time if `future` may be.
    ///
    /// # Panics
    ///
    /// If `future` panics.
    ///
    /// # Memory ordering
    ///
    /// An error is ordered after the cancellation, as a receive from [`done`](Context::done)
    /// (`ctx.cancel-before-done`). Otherwise it has the edges of `future` only.
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
        // Outside of the block, at whose end the future is dropped: a panic in that would leak what is on its way to the caller.
        let result;
        {
            let mut future = pin!(future);
            let mut done = pin!(self.done().recv_async());
            let poll = poll_fn(|context| {
                if done.as_mut().poll(context).is_ready() {
                    // Its end was written before the channel was closed.
                    return Poll::Ready(Err(self.err().expect("a context that is done says why")));
                }
                future.as_mut().poll(context).map(Ok)
            });
            result = poll.await;
        }
        result
    }
}
