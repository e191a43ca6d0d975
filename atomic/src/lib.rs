//! Go's `sync/atomic`, counters for many threads, a lock-free stack, and the platform layer of gosync.
//!
//! | Go | here |
//! | --- | --- |
//! | `atomic.Int32`, `Int64`, `Uint32`, `Uint64`, `Uintptr` | [`Int32`], [`Int64`], [`Uint32`], [`Uint64`], [`Uintptr`] |
//! | `atomic.Bool` | [`Bool`] |
//! | `atomic.Pointer[T]` | [`Pointer`] |
//! | `atomic.Value` | [`Value`] |
//! | | [`Reader`], of either |
//! | a field of `cpu.CacheLinePad` | [`CachePadded`], [`PaddedCounters`] |
//! | | [`ShardedCounter`] |
//! | the lock-free stack inside Go's runtime | [`Stack`] |
//!
//! The atomics are sequentially consistent, as Go's are, so their methods take no ordering. The counters order nothing.
//!
//! [`__sys`] is the hidden layer between gosync's primitives and the platform, and exempt from semver. Most programs use
//! these types through the crate `gosync`.

#[doc(hidden)]
#[path = "sys/mod.rs"]
pub mod __sys;
mod counters;
mod pointer;
mod stack;
mod typed;
mod value;

pub use counters::{PaddedCounters, ShardedCounter};
pub use crossbeam_utils::CachePadded;
pub use pointer::{CompareExchangeError, Pointer, Reader};
pub use stack::{Stack, TakeAll};
pub use typed::{Bool, Int32, Int64, Uint32, Uint64, Uintptr};
pub use value::Value;
