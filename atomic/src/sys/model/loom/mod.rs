//! loom: few threads, all executions up to a bound, and memory that is as weak as what the orderings allow.

mod alive;
mod atomics;

use std::sync::atomic::Ordering::Relaxed;

pub use alive::Alive;
pub(super) use alive::InUse;
pub use atomics::load_own;
pub use loom::cell::{MutPtr, UnsafeCell};
pub use loom::hint::spin_loop;
pub use loom::sync::Arc;
pub use loom::sync::atomic::fence;
pub(super) use loom::sync::{Mutex, MutexGuard};
pub(super) use loom::thread::{Thread, ThreadId};
pub use loom::{lazy_static, thread_local as model_thread_local};

/// loom's atomics, with pings.
pub mod atomic {
    pub use super::atomics::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
}

/// A word that no model is about.
pub(super) use loom::sync::atomic::AtomicUsize as Aside;

/// loom's threads.
pub mod thread {
    pub use loom::thread::{Builder, JoinHandle, Thread, spawn, yield_now};
    pub use std::thread::panicking;
}

/// Whether a sleep with a deadline ends by itself, unless the model has a clock.
pub(super) const DEADLINES_COME: bool = false;

/// The calling thread.
pub(super) fn current() -> Thread {
    loom::thread::current()
}

/// Sleeps until woken by [`wake`]. It is not woken for anything else.
pub(super) fn sleep_while(is_asleep: impl Fn() -> bool) {
    while is_asleep() {
        loom::thread::park();
    }
}

/// Wakes a thread. No scheduling point.
pub(super) fn wake(thread: &Thread) {
    thread.unpark();
}

/// What was shared, if this was the last to share it.
#[must_use]
pub fn into_inner<T>(shared: Arc<T>) -> Option<T> {
    Arc::try_unwrap(shared).ok()
}

/// A choice: a Relaxed load of an atomic that another thread has stored to. loom tries every value that the load may
/// legally return, so every answer. Nothing is ordered by it.
pub(super) struct Choice(Aside);

impl Choice {
    /// One that is always 0.
    pub(super) fn new() -> Choice {
        Choice(Aside::new(0))
    }

    /// From here on other threads may choose 1.
    pub(super) fn arm(&self) {
        self.0.store(1, Relaxed);
    }

    /// 0, or perhaps another number less than `n`.
    pub(super) fn make(&self, n: usize) -> usize {
        self.0.load(Relaxed).min(n - 1)
    }
}
