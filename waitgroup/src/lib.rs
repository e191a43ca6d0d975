//! Go's `sync.WaitGroup` for Rust threads: [`WaitGroup`]; with feature `async` for tasks too.

mod error;
mod task;
#[cfg(feature = "async")]
mod wait_async;
mod waitgroup;

pub use error::WaitTimeoutError;
#[cfg(feature = "async")]
pub use wait_async::WaitAsync;
pub use waitgroup::WaitGroup;
