//! Go's `sync.WaitGroup` for Rust threads: [`WaitGroup`].

mod error;
mod task;
mod waitgroup;

pub use error::WaitTimeoutError;
pub use waitgroup::WaitGroup;
