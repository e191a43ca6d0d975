//! Go's `sync.WaitGroup` for Rust threads: [`WaitGroup`]; with feature `async` for tasks too.

mod error;
mod task;
#[cfg(feature = "async")]
mod task_async;
#[cfg(feature = "async")]
mod wait_async;
mod waitgroup;

pub use error::WaitTimeoutError;
#[cfg(feature = "async")]
pub use wait_async::WaitAsync;
pub use waitgroup::WaitGroup;

/// For the tasks that wait for a group.
// SAFETY: they are in lines of words of groups, and who is woken looks whether there is anything to wait for.
#[cfg(feature = "async")]
const LINES: gosync_atomic::__sys::Lines = unsafe { gosync_atomic::__sys::Lines::new() };
