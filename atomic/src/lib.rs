//! Go's `sync/atomic`, counters for many threads, and the bottom of gosync.
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
//! The atomics are sequentially consistent, as Go's are, and say nothing about orderings. The counters order nothing.
//!
//! The seam between gosync's primitives and the platform is here too, hidden in [`__sys`] and exempt from semver. Use the
//! `gosync` facade, or the crate of the primitive that you want.

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
