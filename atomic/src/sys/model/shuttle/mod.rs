//! shuttle: many threads, some executions, chosen at random, and memory that is sequentially consistent.
//!
//! It knows nothing of orderings. What it can show is what goes wrong between many threads: a wake-up that is lost or goes
//! to the wrong one, a line that is not kept, a value that is there twice.

mod cell;

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, Waker};

use shuttle::current::{TaskId, me};
use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};

pub use cell::{MutPtr, UnsafeCell};
pub use shuttle::hint::spin_loop;
pub use shuttle::sync::Arc;
pub use shuttle::sync::atomic::fence;
pub(super) use shuttle::sync::{Mutex, MutexGuard};
pub use shuttle::{lazy_static, thread_local as model_thread_local};

/// shuttle's atomics.
pub mod atomic {
    pub use shuttle::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
}

pub(super) use shuttle::sync::atomic::AtomicUsize as Aside;

/// Looks at a word that only the caller can change.
///
/// # Safety
///
/// Nobody else changes the word at this time.
#[must_use]
pub unsafe fn load_own(word: &atomic::AtomicUsize) -> usize {
    word.load(Relaxed)
}

/// shuttle's threads.
pub mod thread {
    pub use shuttle::thread::{Builder, JoinHandle, Thread, panicking, spawn, yield_now};
}

/// A deadline comes at any time, and in the end: who sleeps for ever then has slept too long.
pub(super) const DEADLINES_COME: bool = true;

/// Tells threads apart.
pub(super) type ThreadId = TaskId;

/// A thread, and how to wake it. Not shuttle's own `park`: that one returns at random, and each time is one of the thread's
/// turns.
#[derive(Clone, Debug)]
pub(super) struct Thread(ThreadId, Waker);

impl Thread {
    /// Tells it from others.
    pub(super) fn id(&self) -> ThreadId {
        self.0
    }
}

/// The calling thread.
pub(super) fn current() -> Thread {
    let waker = block_on(poll_fn(|task| Poll::Ready(task.waker().clone())));
    Thread(me(), waker)
}

/// Sleeps until woken by [`wake`], and for as long as `is_asleep`.
pub(super) fn sleep_while(is_asleep: impl Fn() -> bool) {
    block_on(poll_fn(|_| if is_asleep() { Poll::Pending } else { Poll::Ready(()) }));
}

/// Wakes a thread. No scheduling point.
pub(super) fn wake(thread: &Thread) {
    thread.1.wake_by_ref();
}

/// What was shared, if this was the last to share it.
#[must_use]
pub fn into_inner<T>(shared: Arc<T>) -> Option<T> {
    Arc::into_inner(shared)
}

/// A choice: once armed, a number at random.
pub(super) struct Choice(Cell<bool>);

impl Choice {
    /// One that is always 0.
    pub(super) fn new() -> Choice {
        Choice(Cell::new(false))
    }

    /// From here on any number may be chosen.
    pub(super) fn arm(&self) {
        self.0.set(true);
    }

    /// A number less than `n`.
    pub(super) fn make(&self, n: usize) -> usize {
        if self.0.get() { thread_rng().gen_range(0..n) } else { 0 }
    }
}

/// Marks nothing: a use after a free is a matter of orderings, or of the sanitizers.
#[derive(Debug, Default)]
pub(super) struct InUse;

impl InUse {
    pub(super) fn new() -> InUse {
        InUse
    }

    pub(super) fn used(&self) {}

    pub(super) fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }

    pub(super) fn ended(&self) {}
}

/// As natively: nothing.
#[derive(Debug, Default)]
pub struct Alive;

#[allow(missing_docs, reason = "as the native token's")]
impl Alive {
    #[must_use]
    pub fn new() -> Alive {
        Alive
    }

    pub fn used(&self) {}

    pub fn freed(&self) {}
}
