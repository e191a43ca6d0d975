//! [`CancelFunc`] and [`CancelCauseFunc`], which end a context, and [`StopFunc`], which keeps a function from being called at
//! its end.

use std::error::Error;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use gosync_atomic::__sys::ord;

use super::error::{Cause, ContextError, shared};
use super::scope::{End, Handle};

const CANCELED: End = End { error: ContextError::Canceled, cause: None };

/// Cancels a context: when it is called, and when the last clone of it is dropped. Go: `context.CancelFunc`.
///
/// Where Go needs `defer cancel()`, here the end of the scope cancels. So bind it to a named variable: `let (ctx, _)
/// = ..` drops it, and cancels at once. To leave the end of the context to its parent and its deadline,
/// [`forget`](CancelFunc::forget) it.
///
/// # Memory ordering
///
/// See [`Context`](super::Context#memory-ordering). A drop of a clone happens before the cancellation by the drop of the
/// last one.
///
/// # Examples
///
/// ```
/// use gosync::Context;
///
/// let (ctx, cancel) = Context::background().with_cancel();
/// cancel.cancel();
/// assert!(ctx.err().is_some());
///
/// let (parent, _cancel) = Context::background().with_cancel();
/// let (child, cancel) = parent.with_cancel();
/// cancel.forget();
/// assert!(child.err().is_none(), "it ends with its parent");
/// ```
#[must_use = "a context is cancelled when its last CancelFunc is dropped"]
pub struct CancelFunc {
    /// `None`: forgotten.
    scope: Option<Handle>,
}

impl CancelFunc {
    pub(super) fn new(scope: &Handle) -> CancelFunc {
        // Relaxed: who has one of them, or makes the first, keeps the rest from being the last.
        scope.cancellers.fetch_add(1, ord!("ctx.cancel.clone", Relaxed));
        CancelFunc { scope: Some(scope.clone()) }
    }

    /// Cancels the context and all contexts derived from it; does nothing if it is done already. Go: `cancel()`.
    ///
    /// When it returns, all of them are done. It does not wait for the work that they control to stop. O(n log n) for
    /// n contexts and functions below it. Never blocks. It calls the wakers of waiting tasks, and starts the
    /// functions of [`after_func`](super::Context::after_func).
    pub fn cancel(&self) {
        self.end(CANCELED);
    }

    fn end(&self, end: End) {
        if let Some(scope) = &self.scope {
            scope.cancel(end);
        }
    }

    /// Drops it without cancelling, even if it is the last clone. Other clones still cancel.
    ///
    /// If the context can then never be done (no `CancelFunc` is left and there is no deadline), the functions of its
    /// [`after_func`](super::Context::after_func) are dropped without a call. O(n log n) for n contexts and functions
    /// below it in that case, plus the number of ancestors.
    pub fn forget(mut self) {
        if let Some(scope) = self.scope.take() {
            if leave(&scope) {
                scope.let_go();
            }
        }
    }
}

/// Counts one function less; whether it was the last.
fn leave(scope: &Handle) -> bool {
    // Relaxed: it cancels nothing, and what has to be seen of it goes by locks: see `function.rs`.
    scope.cancellers.fetch_sub(1, ord!("ctx.cancel.forget", Relaxed)) == 1
}

/// Counts one function less, unless it is the last: whether it is. Nobody can clone it then, so that stays so.
fn leave_unless_last(scope: &Handle) -> bool {
    // Relaxed: a guess that the exchange checks.
    let mut left = scope.cancellers.load(ord!("ctx.cancel.look", Relaxed));
    loop {
        // AcqRel: the last one cancels in the name of all of them: its Acquire pairs with the Release of the others. Relaxed on
        // failure: it looks again.
        match scope.cancellers.compare_exchange(
            left,
            if left == 1 { 1 } else { left - 1 },
            ord!("ctx.cancel.drop", AcqRel),
            ord!("ctx.cancel.drop.fail", Relaxed),
        ) {
            Ok(_) => return left == 1,
            Err(now) => left = now,
        }
    }
}

impl Clone for CancelFunc {
    fn clone(&self) -> CancelFunc {
        self.scope.as_ref().map_or(CancelFunc { scope: None }, CancelFunc::new)
    }
}

impl Drop for CancelFunc {
    fn drop(&mut self) {
        // Who cancels stays counted: until all below are done, somebody is about to end them.
        if self.scope.as_ref().is_some_and(leave_unless_last) {
            self.cancel();
        }
    }
}

impl fmt::Debug for CancelFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelFunc").finish_non_exhaustive()
    }
}

/// Like [`CancelFunc`], and also sets the cause. Go: `context.CancelCauseFunc`.
///
/// Dropping the last clone cancels without a cause of its own: [`cause`](super::Context::cause) is
/// [`ContextError::Canceled`] then.
#[derive(Clone)]
#[must_use = "a context is cancelled when its last CancelCauseFunc is dropped"]
pub struct CancelCauseFunc {
    plain: CancelFunc,
}

impl CancelCauseFunc {
    pub(super) fn new(scope: &Handle) -> CancelCauseFunc {
        CancelCauseFunc { plain: CancelFunc::new(scope) }
    }

    /// Like [`CancelFunc::cancel`], with a cause: an error or a text. The [`Cause`](super::Cause) of another context
    /// is passed on unchanged. The first cancellation sets the cause. Go: `cancel(cause)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::context::{Context, ContextError};
    ///
    /// let (ctx, cancel) = Context::background().with_cancel_cause();
    /// cancel.cancel("the disk is full");
    /// cancel.cancel("too late");
    /// assert_eq!(ctx.err(), Some(ContextError::Canceled));
    /// assert_eq!(ctx.cause().unwrap().to_string(), "the disk is full");
    /// ```
    pub fn cancel(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) {
        self.cancel_shared(shared(cause.into()));
    }

    /// Like [`cancel`](CancelCauseFunc::cancel), with what is shared already.
    pub(crate) fn cancel_shared(&self, cause: Cause) {
        self.plain.end(End { error: ContextError::Canceled, cause: Some(cause) });
    }

    /// This function as one without a cause. It is a reference, not a clone: dropping the owner still cancels if
    /// there is no clone.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_cancel_cause();
    /// cancel.as_cancel_func().cancel();
    /// assert_eq!(ctx.cause().unwrap().to_string(), "context canceled");
    /// ```
    pub fn as_cancel_func(&self) -> &CancelFunc {
        &self.plain
    }

    /// Same as [`CancelFunc::forget`].
    pub fn forget(self) {
        self.plain.forget();
    }
}

impl fmt::Debug for CancelCauseFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelCauseFunc").finish_non_exhaustive()
    }
}

/// Stops a function of [`Context::after_func`](super::Context::after_func) from being called. Dropping it does
/// nothing.
///
/// # Examples
///
/// ```
/// use gosync::Context;
///
/// let (ctx, cancel) = Context::background().with_cancel();
/// let stop = ctx.after_func(|| unreachable!("it is stopped"));
/// assert!(stop.stop());
/// cancel.cancel();
/// assert!(!stop.stop(), "it was");
/// ```
pub struct StopFunc {
    /// `None`: it would never have been called.
    scope: Option<Handle>,
    key: u64,
}

impl StopFunc {
    pub(super) fn new(scope: Option<Handle>, key: u64) -> StopFunc {
        StopFunc { scope, key }
    }

    /// Stops the function and drops it. `true` if this prevented the call; `false` if the function was started
    /// already (this does not wait for it), was stopped before, or if the context can never be done. Go: `stop()`.
    ///
    /// # Memory ordering
    ///
    /// `false` is not ordered after anything that the function does (`ctx.afterfunc`).
    pub fn stop(&self) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.forget_call(self.key))
    }
}

impl fmt::Debug for StopFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopFunc").finish_non_exhaustive()
    }
}

// Nothing of it is seen half changed: what runs a user's code holds no lock.
impl UnwindSafe for CancelFunc {}
impl RefUnwindSafe for CancelFunc {}
impl UnwindSafe for StopFunc {}
impl RefUnwindSafe for StopFunc {}
