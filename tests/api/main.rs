//! What users of the API may rely on beyond Go's own tests: types, traits, sizes, errors, drops, and odd values.
//!
//! | module | covers |
//! | --- | --- |
//! | `auto_traits` | `Send`, `Sync`, unwind safety and other traits, for which values and for which not; the facade's types |
//! | `sizes` | one-pointer handles, the four-byte group and mutex, construction in constants and statics |
//! | `errors` | texts, conversions, questions; every failing operation gives its value back |
//! | `handles` | nil, len and capacity, counts, identity, `Debug`, iterators |
//! | `close` | who can close, how often, and what blocked and later operations see |
//! | `timeouts` | passed deadlines, far deadlines, no early return |
//! | `order` | blocked operations are served in the order of arrival |
//! | `drops` | each value is dropped exactly once, at the time that is promised |
//! | `panics` | values whose drop panics |
//! | `given_back` | what a function returns, if the drop of what it was given panics |
//! | `reentrant` | values whose drop uses the channel that held them |
//! | `values` | borrowed, large, empty and over-aligned values |
//! | `thread_local` | blocking while the thread's locals are being destroyed |
//! | `select` | selects: closes, permits, panics, drops, odd values, a model |
//! | `after_func` | when it calls, stop and reset, and that no function is another's affair |
//! | `tasks` | futures, streams and sinks: values, closes, drops at every point, wakers that do anything, threads beside tasks |
//! | `timers` | `after`, `at`, `tick`, `Timer`, `Ticker`: when and what they deliver, stop and reset, selects |
//! | `waitgroup` | `WaitGroup` and `go` |
//! | `map` | `Map`: keys and values whose code panics or comes back; drops, hashes of every kind, iterators |
//! | `many` | several values at a time, at every capacity, beside all else |
//! | `mutex` | `Mutex` and `RawMutex`: tries, deadlines, guards, panics, order of service and overtaking |
//! | `cond` | `Cond` on threads: deadlines, conditions, kinds of locks, misuse |
//! | `rwmutex` | `RwMutex`, `RawRwMutex` and `ShardedRwMutex`: the same; phases, downgrades, guards for a part, tasks |
//! | `async_locks` | `lock_async` and `wait_async`: by hand and on tokio, beside threads, with drops at every poll |
//! | `semaphore` | `Weighted`: bounds, misuse, order, contexts that end |
//! | `singleflight` | `Group`: keys and values whose code panics, tasks that go, what is shared |
//! | `pool` | `Pool`: limits, panics and drops, re-entry, threads and their ends, odd values |
//! | `stack` | `Stack`: order, drops, re-entry, odd values, many values |
//! | `once` | `Once`, `OnceFunc`, `OnceValue`, `OnceValues`: re-entry, payloads, drops |
//! | `package` | `package!`: what is initialised when, panics, cycles, the grammar |
//! | `atomics` | the typed atomics: sizes, traits, what each operation returns |
//! | `value` | `Value`, `Pointer`, `Reader`: identity, drops, comparisons, panics, unsized and odd values |
//! | `counters` | the counters: places, sums, threads that end |

mod after_func;
mod async_locks;
mod atomics;
mod auto_traits;
mod close;
mod cond;
mod context;
mod counters;
mod drops;
mod errgroup;
mod errors;
mod given_back;
mod handles;
mod many;
mod map;
mod mutex;
mod once;
mod order;
mod package;
mod panics;
mod pool;
mod reentrant;
#[path = "../stress/rng.rs"]
#[allow(dead_code, reason = "the stress tests use more of it")]
mod rng;
mod rwmutex;
mod select;
mod semaphore;
mod singleflight;
#[cfg(target_pointer_width = "64")]
mod sizes;
mod stack;
mod tasks;
mod thread_local;
mod timeouts;
mod timers;
mod value;
mod values;
mod waitgroup;
#[path = "../stress/watchdog.rs"]
mod watchdog;

use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, Receiver, Sender};

use crate::watchdog::Watchdog;

/// A channel of each kind, with capacity `Some`, or unbounded.
fn make<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    Chan::new(capacity.unwrap_or(usize::MAX)).split()
}

/// Panics unless three rounds in a row are right with some pause up to a second.
#[track_caller]
fn with_some_pause(round: impl Fn(Duration) -> bool) {
    let _watchdog = Watchdog::new();
    let mut pauses = (0..11).map(|n| Duration::from_millis(1 << n));
    assert!(pauses.any(|pause| (0..3).all(|_| round(pause))), "not in the order of arrival");
}

/// Lets other threads come as far as where they block. No verdict depends on whether they do.
fn settle() {
    thread::sleep(Duration::from_millis(5));
}
