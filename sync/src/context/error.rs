//! [`ContextError`] and [`Cause`]: why a context is done.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a context was cancelled: any error. What [`Context::cause`](super::Context::cause) returns, shared by the context and
/// all that were cancelled with it.
///
/// It is an error itself, so `?` takes it; `cause.downcast_ref::<E>()` gets at the one that was passed in.
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
    /// Whether it was the deadline. Go: `Timeout()` of the error.
    #[must_use]
    #[doc(alias = "Timeout")]
    pub fn is_timeout(self) -> bool {
        self == ContextError::DeadlineExceeded
    }
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ContextError::Canceled => "context canceled",
            ContextError::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl Error for ContextError {}
