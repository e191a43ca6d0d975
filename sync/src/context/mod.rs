//! Cancellation, deadlines and values that go with a request: Go's package `context`.
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
//! With feature `async` a context ends a task's future, whatever that waits for: `ctx.until_done(future)`.

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

/// What a call is to know of its caller: whether to stop, until when to be ready, and values that go along. Go:
/// `context.Context`.
///
/// A context is derived from another one by the `with_` methods. When one is cancelled, so are all that were derived
/// from it, and none of those that it was derived from. A context is done when it was cancelled or its deadline has passed, and
/// stays so: then [`done`](Context::done) is closed, and [`err`](Context::err) says why.
///
/// Two pointers; clones are the same context. Dropping a context that nobody else has frees it and takes it out of its
/// parent. No thread stands behind one; those with a deadline share the one that waits for the functions of
/// [`chan::after_func`](gosync_chan::after_func).
///
/// # Memory ordering
///
/// The first cancellation, and what came before it, happens before a receive that reports the end of
/// [`done`](Context::done), of this context and of those that were cancelled with it (`ctx.cancel-before-done`), and before
/// [`err`](Context::err), [`check`](Context::check) or [`cause`](Context::cause) that report it
/// (`ctx.err-nonnil-implies-done-closed`). A second cancellation orders nothing, and neither does the end of one: who was
/// cancelled may still be at work (`ctx.cancel-is-asynchronous`).
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
    /// The context to begin with: never done, no deadline, no values. Go: `context.Background()`.
    ///
    /// Allocates nothing.
    #[must_use]
    #[doc(alias = "Background")]
    pub const fn background() -> Context {
        Context { scope: None, values: Values::NONE }
    }

    /// The same, where it is not yet clear which context it should be. Go: `context.TODO()`.
    #[must_use]
    #[doc(alias = "TODO")]
    pub const fn todo() -> Context {
        Context::background()
    }

    fn derive(&self, timeout: Option<Timeout>) -> (Context, Handle) {
        let scope = Handle::new(self.scope.as_ref(), timeout);
        (Context { scope: Some(scope.clone()), values: self.values.clone() }, scope)
    }

    /// A context that is cancelled by a function, or with this one. Go: `context.WithCancel(ctx)`.
    ///
    /// It is cancelled, too, when the function is dropped: see [`CancelFunc`]. If this one is done, so is the new one. O(log n)
    /// for n that were derived from this one.
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

    /// As [`with_cancel`](Context::with_cancel), by a function that also says why. Go: `context.WithCancelCause(ctx)`.
    #[doc(alias = "WithCancelCause")]
    pub fn with_cancel_cause(&self) -> (Context, CancelCauseFunc) {
        let (context, scope) = self.derive(None);
        (context, CancelCauseFunc::new(&scope))
    }

    /// As [`with_cancel`](Context::with_cancel), and the context is also done when `timeout` has passed. Go:
    /// `context.WithTimeout(ctx, timeout)`.
    ///
    /// If this context has an earlier deadline, that one counts. A timeout beyond what the clock can tell is none. O(log timers).
    ///
    /// # Panics
    ///
    /// If the thread that waits for deadlines has to be started, and cannot be.
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

    /// As [`with_timeout`](Context::with_timeout), with an instant. Go: `context.WithDeadline(ctx, deadline)`.
    ///
    /// # Panics
    ///
    /// As [`with_timeout`](Context::with_timeout).
    #[doc(alias = "WithDeadline")]
    pub fn with_deadline(&self, deadline: Instant) -> (Context, CancelFunc) {
        self.until(Some(deadline), None)
    }

    /// As [`with_timeout`](Context::with_timeout); if the timeout passes, this is the cause. Go:
    /// `context.WithTimeoutCause(ctx, timeout, cause)`.
    ///
    /// # Panics
    ///
    /// As [`with_timeout`](Context::with_timeout).
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

    /// As [`with_timeout_cause`](Context::with_timeout_cause), with an instant. Go:
    /// `context.WithDeadlineCause(ctx, deadline, cause)`.
    ///
    /// # Panics
    ///
    /// As [`with_timeout`](Context::with_timeout).
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

    /// A context with one more value, which ends as this one does. Go: `context.WithValue(ctx, key, value)`.
    ///
    /// The type is the key. In Go one defines a type for a key that nobody else knows; here one for the value does the same.
    /// A value hides another one of its type. One allocation for the value and one for its place.
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

    /// Has `f` called when this context is done; now, if it is. Go: `context.AfterFunc(ctx, f)`.
    ///
    /// It is called once, on a thread of its own; if there cannot be another, on that which cancels. A panic in it ends that
    /// thread, and nothing else. Several functions are started in the order in which they were added, and run at the same
    /// time. It is dropped uncalled when it is stopped, and when nobody is left who could cancel the context, nor will time. O(log n) for
    /// n others; where only contexts above can end it, and this one cannot by itself, it looks up to them.
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

    /// A channel that carries nothing and is closed when the context is done; the nil channel if that cannot happen. Go:
    /// `ctx.Done()`.
    ///
    /// It is for `select!` and `select_async!`, on threads and tasks: `recv(ctx.done()) -> _ => ..`; or to wait for:
    /// `ctx.done().recv()`, `ctx.done().recv_async().await`. It is the same one every time. Nobody can close it. A clone of it
    /// that has outlived the context and its `CancelFunc`s finds it closed.
    ///
    /// With a deadline, this looks at the clock: once it has passed, what is returned is closed.
    #[must_use]
    #[doc(alias = "Done")]
    pub fn done(&self) -> &Receiver<()> {
        let Some(scope) = &self.scope else { return &NEVER };
        scope.look_at_deadline();
        scope.done()
    }

    /// Why the context is done; `None` while it is not. Go: `ctx.Err()`.
    ///
    /// One look at a word while it is not done. With a deadline, this looks at the clock as well: once it has passed, this
    /// cancels what is to be cancelled then.
    ///
    /// # Memory ordering
    ///
    /// See [`Context`](Context#memory-ordering).
    #[must_use]
    #[doc(alias = "Err")]
    pub fn err(&self) -> Option<ContextError> {
        Some(self.scope.as_ref()?.end_by_now()?.error)
    }

    /// As [`err`](Context::err), for the `?` operator: `ctx.check()?`.
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

    /// What caused the context to be done: what was passed to the function that cancelled it, or given with the deadline that
    /// passed, here or above; the [`ContextError`], if nothing was. `None` while it is not done. Go: `context.Cause(ctx)`.
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

    /// When the context will be done at the latest: the earliest deadline of its own and those that it was derived from. Go:
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
