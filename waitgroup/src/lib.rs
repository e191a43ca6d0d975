//! Go's `sync.WaitGroup` for Rust threads: [`WaitGroup`].

mod waitgroup;

pub use waitgroup::WaitGroup;
