//! Cancellation, deadlines and request-scoped values: Go's package `context`.
//!
//! | Go | here |
//! | --- | --- |
//! | `context.Background()`, `context.TODO()` | [`Context::background`], [`Context::todo`] |
//! | `context.WithCancel(ctx)` | [`ctx.with_cancel()`](Context::with_cancel) |
//! | `context.WithTimeout(ctx, d)`, `WithDeadline(ctx, t)` | [`ctx.with_timeout(d)`](Context::with_timeout), [`ctx.with_deadline(t)`](Context::with_deadline) |
//! | `context.WithCancelCause`, `WithTimeoutCause`, `WithDeadlineCause` | [`with_cancel_cause`](Context::with_cancel_cause), [`with_timeout_cause`](Context::with_timeout_cause), [`with_deadline_cause`](Context::with_deadline_cause) |
//! | `context.WithValue(ctx, k, v)`, `ctx.Value(k)` | [`ctx.with_value(v)`](Context::with_value), [`ctx.value::<T>()`](Context::value): the type is the key |
//! | `context.WithoutCancel(ctx)` | [`ctx.without_cancel()`](Context::without_cancel) |
//! | `context.AfterFunc(ctx, f)` | [`ctx.after_func(f)`](Context::after_func) |
//! | `<-ctx.Done()` | [`ctx.done()`](Context::done), a receiver |
//! | `ctx.Err()`, `context.Cause(ctx)`, `ctx.Deadline()` | [`ctx.err()`](Context::err), [`ctx.cause()`](Context::cause), [`ctx.deadline()`](Context::deadline) |
//! | `defer cancel()` | dropping the [`CancelFunc`] |
//! | `errors.Is(err, context.Canceled)` | [`error_as(&*err)`](error_as)` == Some(&ContextError::Canceled)` |
//!
//! With feature `async` a context can end any future: `ctx.until_done(future)`.

mod cancel;
mod error;
mod function;
mod scope;
#[cfg(feature = "async")]
mod until_done;
mod values;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gosync_atomic::__sys::deadline_after;
use gosync_chan::Receiver;

pub use cancel::{CancelCauseFunc, CancelFunc, StopFunc};
pub(crate) use error::shared;
pub use error::{Cause, ContextError, error_as};
use scope::{Handle, Timeout};
use values::Values;

/// Tells a callee whether to stop and by when to finish, and carries values from the caller. Go: `context.Context`.
///
/// A context is derived from another one by the `with_` methods. Cancelling a context also cancels those derived from
/// it, but not those that it was derived from. A context is done once it was cancelled or its deadline has passed:
/// then [`done`](Context::done) is closed, and [`err`](Context::err) says why.
///
/// Two pointers; clones are the same context. Dropping the last clone frees it and removes it from its parent. A
/// context needs no thread of its own; those with a deadline share the thread that serves
/// [`chan::after_func`](gosync_chan::after_func).
///
/// # Memory ordering
///
/// The first cancellation, and what came before it, happens before a receive that reports the end of
/// [`done`](Context::done), of this context and of those that were cancelled with it (`ctx.cancel-before-done`), and
/// before [`err`](Context::err), [`check`](Context::check) or [`cause`](Context::cause) that report it
/// (`ctx.err-nonnil-implies-done-closed`). A second cancellation orders nothing. The return of `cancel` orders
/// nothing either: what was cancelled may still be running (`ctx.cancel-is-asynchronous`).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gosync::context::{Context, ContextError};
/// use gosync::{chan, go, select};
///
/// let (ctx, cancel) = Context::background().with_timeout(Duration::from_secs(60));
/// let (tx, rx) = chan::bounded(0);
/// let worker = go({
///     let ctx = ctx.clone();
///     move || {
///         for n in 0.. {
///             select! {
///                 send(tx, n) -> _ => {},
///                 recv(ctx.done()) -> _ => return n,
///             }
///         }
///         unreachable!()
///     }
/// });
/// assert_eq!(rx.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
/// cancel.cancel();
/// assert_eq!(ctx.err(), Some(ContextError::Canceled));
/// assert_eq!(worker.join().unwrap(), 3);
/// ```
#[derive(Clone)]
pub struct Context {
    /// What ends it; `None`: nothing does.
    scope: Option<Handle>,
    values: Values,
}

// Nothing of it is seen half changed: what runs a user's code holds no lock. Values are only shared.
impl UnwindSafe for Context {}
impl RefUnwindSafe for Context {}

/// What a context that never ends is done with.
static NEVER: Receiver<()> = Receiver::nil();

impl Context {
    /// The root context: never done, no deadline, no values. Go: `context.Background()`.
    ///
    /// Allocates nothing.
    #[must_use]
    #[doc(alias = "Background")]
    pub const fn background() -> Context {
        Context { scope: None, values: Values::NONE }
    }

    /// Same as [`background`](Context::background), for code where it is not yet clear which context to use. Go:
    /// `context.TODO()`.
    #[must_use]
    #[doc(alias = "TODO")]
    pub const fn todo() -> Context {
        Context::background()
    }

    fn derive(&self, timeout: Option<Timeout>) -> (Context, Handle) {
        let scope = Handle::new(self.scope.as_ref(), timeout);
        (Context { scope: Some(scope.clone()), values: self.values.clone() }, scope)
    }

    /// A context that the returned function cancels, or that is cancelled with this one. Go:
    /// `context.WithCancel(ctx)`.
    ///
    /// Dropping the function cancels too: see [`CancelFunc`]. If this context is done, so is the new one. O(log n)
    /// for n contexts derived from this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::context::{Context, ContextError};
    ///
    /// let (parent, cancel) = Context::background().with_cancel();
    /// let (child, _cancel_child) = parent.with_cancel();
    /// assert_eq!(child.err(), None);
    /// drop(cancel);
    /// assert_eq!(child.err(), Some(ContextError::Canceled));
    /// ```
    #[doc(alias = "WithCancel")]
    pub fn with_cancel(&self) -> (Context, CancelFunc) {
        let (context, scope) = self.derive(None);
        (context, CancelFunc::new(&scope))
    }

    /// Like [`with_cancel`](Context::with_cancel), with a function that also sets the cause. Go:
    /// `context.WithCancelCause(ctx)`.
    #[doc(alias = "WithCancelCause")]
    pub fn with_cancel_cause(&self) -> (Context, CancelCauseFunc) {
        let (context, scope) = self.derive(None);
        (context, CancelCauseFunc::new(&scope))
    }

    /// Like [`with_cancel`](Context::with_cancel), but the context is also done when `timeout` has passed. Go:
    /// `context.WithTimeout(ctx, timeout)`.
    ///
    /// If this context has an earlier deadline, that one applies. A timeout too long for the clock is none. O(log
    /// timers).
    ///
    /// # Panics
    ///
    /// If the timer thread has to be started and cannot be.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gosync::context::{Context, ContextError};
    ///
    /// let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(5));
    /// ctx.done().recv().unwrap_err();
    /// assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
    /// ```
    #[doc(alias = "WithTimeout")]
    pub fn with_timeout(&self, timeout: Duration) -> (Context, CancelFunc) {
        self.until(deadline_after(timeout), None)
    }

    /// Like [`with_timeout`](Context::with_timeout), with an instant. Go: `context.WithDeadline(ctx, deadline)`.
    ///
    /// # Panics
    ///
    /// Same as [`with_timeout`](Context::with_timeout).
    #[doc(alias = "WithDeadline")]
    pub fn with_deadline(&self, deadline: Instant) -> (Context, CancelFunc) {
        self.until(Some(deadline), None)
    }

    /// Like [`with_timeout`](Context::with_timeout), and sets the cause for when the timeout passes. Go:
    /// `context.WithTimeoutCause(ctx, timeout, cause)`.
    ///
    /// # Panics
    ///
    /// Same as [`with_timeout`](Context::with_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gosync::context::{Context, ContextError};
    ///
    /// let (ctx, _cancel) = Context::background().with_timeout_cause(Duration::ZERO, "no answer from the server");
    /// assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
    /// assert_eq!(ctx.cause().unwrap().to_string(), "no answer from the server");
    /// ```
    #[doc(alias = "WithTimeoutCause")]
    pub fn with_timeout_cause(
        &self,
        timeout: Duration,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, CancelFunc) {
        self.until(deadline_after(timeout), Some(error::shared(cause.into())))
    }

    /// Like [`with_timeout_cause`](Context::with_timeout_cause), with an instant. Go:
    /// `context.WithDeadlineCause(ctx, deadline, cause)`.
    ///
    /// # Panics
    ///
    /// Same as [`with_timeout`](Context::with_timeout).
    #[doc(alias = "WithDeadlineCause")]
    pub fn with_deadline_cause(
        &self,
        deadline: Instant,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, CancelFunc) {
        self.until(Some(deadline), Some(error::shared(cause.into())))
    }

    fn until(&self, when: Option<Instant>, cause: Option<Cause>) -> (Context, CancelFunc) {
        let (context, scope) = self.derive(when.map(|when| Timeout { when, cause }));
        (context, CancelFunc::new(&scope))
    }

    /// A context with one more value, which is done when this one is. Go: `context.WithValue(ctx, key, value)`.
    ///
    /// The type is the key: where Go code defines a private type for the key, define one for the value. A value hides
    /// an earlier one of the same type. Two allocations.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::context::Context;
    ///
    /// struct RequestId(u64);
    ///
    /// let ctx = Context::background().with_value(RequestId(7));
    /// assert_eq!(ctx.value::<RequestId>().unwrap().0, 7);
    /// assert!(ctx.value::<u64>().is_none());
    /// ```
    #[must_use]
    #[doc(alias = "WithValue")]
    pub fn with_value<T: Any + Send + Sync>(&self, value: T) -> Context {
        Context { scope: self.scope.clone(), values: self.values.with(Box::new(value)) }
    }

    /// The value of this type that was added last. Go: `ctx.Value(key)`. O(values).
    #[must_use]
    #[doc(alias = "Value")]
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.values.get()
    }

    /// A context with the same values that is never done, and has no deadline. Go: `context.WithoutCancel(ctx)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_value("a request").with_cancel();
    /// let cleanup = ctx.without_cancel();
    /// cancel.cancel();
    /// assert_eq!((cleanup.err(), cleanup.value::<&str>()), (None, Some(&"a request")));
    /// ```
    #[must_use]
    #[doc(alias = "WithoutCancel")]
    pub fn without_cancel(&self) -> Context {
        Context { scope: None, values: self.values.clone() }
    }

    /// Calls `f` when this context is done, or now if it is done already. Go: `context.AfterFunc(ctx, f)`.
    ///
    /// It is called once, on a new thread; if no thread can be started, on the one that cancels. A panic in it ends
    /// that thread only. Several functions are started in the order in which they were added, and run concurrently.
    /// `f` is dropped without a call if it is stopped, or once the context can never be done: it has no deadline and
    /// no `CancelFunc` is left. O(log n) for n other functions, plus the number of ancestors if only they can end
    /// this context.
    ///
    /// # Memory ordering
    ///
    /// The cancellation happens before the call (`ctx.afterfunc`).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::chan;
    /// use gosync::context::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// let (tx, rx) = chan::bounded(1);
    /// let stop = ctx.after_func(move || tx.send("cancelled").unwrap());
    /// cancel.cancel();
    /// assert_eq!(rx.recv(), Ok("cancelled"));
    /// assert!(!stop.stop());
    /// ```
    #[doc(alias = "AfterFunc")]
    pub fn after_func(&self, f: impl FnOnce() + Send + 'static) -> StopFunc {
        let key = self.scope.as_ref().map_or(0, |scope| scope.call_at_end(Box::new(f)));
        StopFunc::new(self.scope.clone(), key)
    }

    /// A channel that is closed when the context is done and carries no values; the nil channel if that cannot
    /// happen. Go: `ctx.Done()`.
    ///
    /// For `select!` and `select_async!`, on threads and in tasks: `recv(ctx.done()) -> _ => ..`; or for a plain
    /// wait: `ctx.done().recv()`, `ctx.done().recv_async().await`. It is the same channel every time, and `close` on
    /// it fails. It is closed once the context and its `CancelFunc`s are gone.
    ///
    /// If the context has a deadline, this reads the clock: after the deadline the returned channel is closed.
    #[must_use]
    #[doc(alias = "Done")]
    pub fn done(&self) -> &Receiver<()> {
        let Some(scope) = &self.scope else { return &NEVER };
        scope.look_at_deadline();
        scope.done()
    }

    /// Why the context is done; `None` while it is not. Go: `ctx.Err()`.
    ///
    /// One load while it is not done. If the context has a deadline, this also reads the clock, and after the
    /// deadline cancels the context.
    ///
    /// # Memory ordering
    ///
    /// See [`Context`](Context#memory-ordering).
    #[must_use]
    #[doc(alias = "Err")]
    pub fn err(&self) -> Option<ContextError> {
        Some(self.scope.as_ref()?.end_by_now()?.error)
    }

    /// Like [`err`](Context::err), for the `?` operator: `ctx.check()?`.
    ///
    /// # Errors
    ///
    /// If the context is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::context::{Context, ContextError};
    ///
    /// fn count(ctx: &Context, to: u64) -> Result<u64, ContextError> {
    ///     for _ in 0..to {
    ///         ctx.check()?;
    ///     }
    ///     Ok(to)
    /// }
    ///
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// assert_eq!(count(&ctx, 3), Ok(3));
    /// cancel.cancel();
    /// assert_eq!(count(&ctx, 3), Err(ContextError::Canceled));
    /// ```
    pub fn check(&self) -> Result<(), ContextError> {
        self.err().map_or(Ok(()), Err)
    }

    /// Why the context is done: the cause that was passed to the cancel function or set with the deadline, of this
    /// context or of the ancestor that was done first; without a cause, the [`ContextError`]. `None` while it is not
    /// done. Go: `context.Cause(ctx)`.
    ///
    /// # Memory ordering
    ///
    /// See [`Context`](Context#memory-ordering).
    #[must_use]
    #[doc(alias = "Cause")]
    pub fn cause(&self) -> Option<Cause> {
        let end = self.scope.as_ref()?.end_by_now()?;
        Some(end.cause.unwrap_or_else(|| Arc::new(end.error)))
    }

    /// When the context will be done at the latest: the earliest of its deadline and its ancestors'. Go:
    /// `ctx.Deadline()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use gosync::Context;
    ///
    /// let soon = Instant::now() + Duration::from_secs(1);
    /// let (parent, _cancel) = Context::background().with_deadline(soon);
    /// let (child, _cancel) = parent.with_timeout(Duration::from_secs(3600));
    /// assert_eq!(child.deadline(), Some(soon));
    /// assert_eq!(Context::todo().deadline(), None);
    /// ```
    #[must_use]
    #[doc(alias = "Deadline")]
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.as_ref()?.deadline()
    }
}

/// [`Context::background`].
// For what the compiler says of `recv(ctx)`.
impl gosync_chan::__cases::NoReceiver for Context {}

impl Default for Context {
    fn default() -> Context {
        Context::background()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(scope) = &self.scope else { return f.write_str("Context(background)") };
        let err = scope.end().map(|end| end.error);
        f.debug_struct("Context").field("err", &err).field("deadline", &scope.deadline()).finish_non_exhaustive()
    }
}
