//! Go's concurrency primitives for Rust, with Go's semantics, on plain threads and on async tasks, without a runtime.
//!
//! This crate re-exports the crates of the family, so that one dependency is enough.
//!
//! | Go | here |
//! | --- | --- |
//! | `make(chan T, n)`, `ch <- v`, `<-ch`, `close(ch)` | [`chan`] |
//! | `select` | [`select!`], [`select_biased!`] |
//! | `time.After`, `Tick`, `NewTimer`, `NewTicker`, `AfterFunc` | [`chan::after`], [`chan::tick`], [`chan::Timer`], [`chan::Ticker`], [`chan::after_func`] |
//! | `time.Now`, `time.Sleep`, where a test may have a clock of its own | [`time`] |
//! | package `context` | [`context`] |
//! | package `golang.org/x/sync/errgroup` | [`errgroup`] |
//! | `go f()` | [`go()`] |
//! | `atomic.Int32` and so on; `atomic.Value`, `atomic.Pointer[T]`; counters | [`atomic`] |
//! | `sync.Mutex` | [`Mutex`], with the data that it protects; [`RawMutex`], without |
//! | `sync.Cond` | [`Cond`] |
//! | `sync.RWMutex` | [`RwMutex`], with the data that it protects; [`RawRwMutex`], without; [`ShardedRwMutex`], whose readers do not contend |
//! | `sync.Map` | [`Map`] |
//! | `sync.Once`, `OnceFunc`, `OnceValue`, `OnceValues` | [`Once`], [`OnceFunc`], [`OnceValue`], [`OnceValues`] |
//! | package variables, `func init()`, imports | [`package!`] |
//! | `sync.WaitGroup` | [`WaitGroup`] |
//! | `sync.Pool` | [`Pool`] |
//! | `golang.org/x/sync`: `semaphore.Weighted`, `singleflight.Group` | [`semaphore::Weighted`], [`singleflight::Group`] |
//! | a lock-free stack, as in `runtime/lfstack.go` | [`Stack`] |
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds | dependency |
//! | --- | --- | --- |
//! | `async` | `send_async`, `recv_async`, `stream`, `select_async!`, `lock_async`, `read_async`, `write_async`, `wait_async`, `permit_async`, `until_done` and so on, on any executor; tasks and threads share one channel, lock or group, and its queue | `futures-core` |
//! | `sink` | `async`, and [`chan::Sender`] as a sink | `futures-sink` |
//! | `deadlock` | module `deadlock`: a report when all threads wait for each other, and a list of the waiting threads | |
//! | `synctest` | module `synctest`: tests of timeouts, tickers, deadlines and back-off that take no time: their clock moves when all threads of the test are blocked | |
//! | `lock_api` | [`RawMutex`] and [`RawRwMutex`] as locks of lock_api 0.4 | `lock_api` |
//! | `loom` | gosync's types in loom models of your own code; only with `--cfg gosync_loom` | `loom` |
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//!
//! use gosync::{WaitGroup, chan};
//!
//! let (jobs, queue) = chan::bounded(8);
//! let (results, squares) = chan::unbounded();
//! let workers = Arc::new(WaitGroup::new());
//! for _ in 0..2 {
//!     let (queue, results) = (queue.clone(), results.clone());
//!     workers.go(move || {
//!         for n in queue {
//!             results.send(n * n).unwrap();
//!         }
//!     });
//! }
//! (1..=4).for_each(|n| jobs.send(n).unwrap());
//! jobs.close().unwrap();
//! workers.wait();
//! assert_eq!(squares.try_iter().sum::<i32>(), 30);
//! ```

pub mod atomic;
pub mod chan;
mod cond;
#[cfg(feature = "deadlock")]
gosync_atomic::__sys::native_only! {
    pub mod deadlock;
}
pub mod context;
pub mod errgroup;
mod go;
mod map;
mod mutex;
mod pool;
mod rwmutex;
pub mod semaphore;
pub mod singleflight;
#[cfg(feature = "synctest")]
pub mod synctest;
pub mod time;

#[cfg(feature = "async")]
pub use cond::CondWaitAsync;
pub use cond::{Cond, CondGuard};
pub use context::Context;
pub use go::{JoinHandle, go};
pub use gosync_atomic::Stack;
pub use gosync_chan::{select, select_biased};
#[cfg(feature = "async")]
pub use gosync_chan::{select_async, select_async_biased};
pub use gosync_once::{Once, OnceFunc, OncePanic, OnceValue, OnceValues, package};
#[cfg(feature = "async")]
pub use gosync_waitgroup::WaitAsync;
pub use gosync_waitgroup::{WaitGroup, WaitTimeoutError};
pub use map::{Map, MapIntoIter, MapIter};
pub use mutex::{ArcMutexGuard, MappedMutexGuard, Mutex, MutexGuard, RawMutex};
#[cfg(feature = "async")]
pub use mutex::{LockArcAsync, LockAsync, RawLockAsync};
pub use pool::{Pool, Pooled};
pub use rwmutex::{
    ArcRwMutexReadGuard, ArcRwMutexWriteGuard, MappedRwMutexReadGuard, MappedRwMutexWriteGuard, RawRwMutex, RwMutex,
    RwMutexReadGuard, RwMutexWriteGuard, ShardedRwMutex, ShardedRwMutexReadGuard, ShardedRwMutexWriteGuard,
};
#[cfg(feature = "async")]
pub use rwmutex::{RawReadAsync, RawWriteAsync, ReadArcAsync, ReadAsync, WriteArcAsync, WriteAsync};

/// For what waits in the seam's table in this crate.
// SAFETY: locks, `Cond` and semaphores take nodes out of lines of their own words, and each says what that means to the one that is
// woken.
const LINES: gosync_atomic::__sys::Lines = unsafe { gosync_atomic::__sys::Lines::new() };
