//! Why a wait ended before the tasks did.

use std::error::Error;
use std::fmt;

/// The tasks were not done in time: see [`wait_timeout`](crate::WaitGroup::wait_timeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutError;

impl fmt::Display for WaitTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("wait timed out")
    }
}

impl Error for WaitTimeoutError {}
