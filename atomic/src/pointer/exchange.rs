//! [`CompareExchangeError`]: what a compare-exchange gives back that was refused.

use std::error::Error;
use std::fmt;

use crate::__sys::Arc;

/// A compare-exchange has found something else, and gives back what it was to put there: what
/// [`Pointer::compare_exchange`](crate::Pointer::compare_exchange) and
/// [`Value::compare_exchange`](crate::Value::compare_exchange) return.
///
/// Go has none: its compare-and-swap says `false`.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use gosync_atomic::{CompareExchangeError, Pointer};
///
/// let pointer = Pointer::new(Some(Arc::new(1)));
/// let error: CompareExchangeError<i32> = pointer.compare_exchange(None, Some(Arc::new(2))).unwrap_err();
/// assert_eq!((error.current.as_deref(), error.new.as_deref()), (Some(&1), Some(&2)));
/// assert_eq!(error.to_string(), "what was to be replaced is not there");
/// ```
pub struct CompareExchangeError<T: ?Sized, N = Option<Arc<T>>> {
    /// What was there, at the time of the comparison.
    pub current: Option<Arc<T>>,
    /// What was to be put there, as it was given.
    pub new: N,
}

/// Whatever the values are: one that cannot be printed must not stop an `unwrap`.
impl<T: ?Sized, N> fmt::Debug for CompareExchangeError<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompareExchangeError").finish_non_exhaustive()
    }
}

impl<T: ?Sized, N> fmt::Display for CompareExchangeError<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("what was to be replaced is not there")
    }
}

impl<T: ?Sized, N> Error for CompareExchangeError<T, N> {}
