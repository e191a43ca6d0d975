//! Counters for many threads: of fixed places, and of one place for each thread.

mod padded;
mod sharded;

pub use padded::PaddedCounters;
pub use sharded::ShardedCounter;
