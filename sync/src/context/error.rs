//! [`ContextError`] and [`Cause`]: why a context is done; and [`error_as`], which finds either in other errors.

use std::error::Error;
use std::sync::Arc;
use std::{fmt, io};

/// Why a context was cancelled: any error, as [`Context::cause`](super::Context::cause) returns it. Shared by the
/// context and all that were cancelled with it.
///
/// It is an error itself, so `?` accepts it; `cause.downcast_ref::<E>()` finds the original error. Once `?` has
/// converted it to a `Box<dyn Error>`, a downcast finds the `Cause` and not the original error; [`error_as`] looks
/// through both.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use gosync::context::{Cause, Context};
///
/// let (ctx, cancel) = Context::background().with_cancel_cause();
/// cancel.cancel(io::Error::from(io::ErrorKind::NotFound));
/// let cause: Cause = ctx.cause().unwrap();
/// assert_eq!(cause.downcast_ref::<io::Error>().unwrap().kind(), io::ErrorKind::NotFound);
/// ```
pub type Cause = Arc<dyn Error + Send + Sync>;

/// An error as a cause; one that is a cause already as it is.
pub(crate) fn shared(error: Box<dyn Error + Send + Sync>) -> Cause {
    match error.downcast::<Cause>() {
        Ok(cause) => *cause,
        Err(error) => Arc::from(error),
    }
}

/// What [`Context::err`](super::Context::err) returns. The texts are Go's.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gosync::context::{Context, ContextError};
///
/// let (ctx, _cancel) = Context::background().with_timeout(Duration::ZERO);
/// let error = ctx.err().unwrap();
/// assert!(error == ContextError::DeadlineExceeded && error.is_timeout());
/// assert_eq!(error.to_string(), "context deadline exceeded");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextError {
    /// It was cancelled. Go: `context.Canceled`.
    Canceled,
    /// Its deadline has passed. Go: `context.DeadlineExceeded`.
    DeadlineExceeded,
}

impl ContextError {
    /// Whether the deadline passed. Go: `Timeout()` of the error.
    #[must_use]
    #[doc(alias = "Timeout")]
    pub fn is_timeout(self) -> bool {
        self == ContextError::DeadlineExceeded
    }
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ContextError::Canceled => "context canceled",
            ContextError::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl Error for ContextError {}

/// The first error of type `E` among an error and its chain of sources. Go: `errors.As`; with a comparison,
/// `errors.Is`.
///
/// It looks into a [`Cause`], even inside a box, as after `group.wait()?`, and into the inner error of an
/// [`io::Error`]; a downcast and [`source`](Error::source) do not reach those. Orders nothing.
///
/// # Examples
///
/// ```
/// use std::error::Error;
/// use std::time::Duration;
///
/// use gosync::context::{Context, ContextError, error_as};
/// use gosync::errgroup::Group;
///
/// fn work() -> Result<(), Box<dyn Error + Send + Sync>> {
///     let (ctx, _cancel) = Context::background().with_timeout(Duration::ZERO);
///     let (group, ctx) = Group::with_context(&ctx);
///     group.go(move || Ok(ctx.check()?));
///     group.wait()?;
///     Ok(())
/// }
///
/// let error = work().unwrap_err();
/// // Go: `errors.Is(err, context.DeadlineExceeded)`.
/// assert_eq!(error_as(&*error), Some(&ContextError::DeadlineExceeded));
/// assert!(error_as::<std::fmt::Error>(&*error).is_none());
/// ```
#[must_use]
#[doc(alias = "errors.As")]
#[doc(alias = "errors.Is")]
pub fn error_as<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = if let Some(cause) = error.downcast_ref::<Cause>() {
            Some(&**cause)
        } else if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner)
        } else {
            error.source()
        };
    }
    None
}
