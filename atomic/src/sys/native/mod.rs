//! The native side of the seam: std and the operating system.

mod alive;
mod cell;
mod futex;
mod lock;
mod table;
mod wait;

pub use alive::Alive;
pub use cell::{MutPtr, UnsafeCell};
pub use futex::{Futex, Waker};
pub use lock::{Lock, LockGuard};
pub use std::hint::spin_loop;
pub use std::sync::Arc;
pub use std::sync::atomic::fence;
pub use table::WaitQueue;
pub use wait::{Cpu, Pacer, await_change, woke_a_peer};

/// std's atomics, without the orderings: those are written `ord!`.
pub mod atomic {
    pub use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
}

/// std's threads.
pub mod thread {
    pub use std::thread::{Builder, JoinHandle, panicking, spawn, yield_now};
}

/// Whether a deadline has passed; `None` never does.
#[must_use]
pub fn has_passed(deadline: Option<std::time::Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= std::time::Instant::now())
}

/// Tells how long something has taken.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts it.
    #[must_use]
    pub fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    /// Whether that much time has passed.
    #[must_use]
    pub fn has_reached(&self, time: std::time::Duration) -> bool {
        self.0.elapsed() >= time
    }
}

/// One of `n` answers, which a model explores and a program never asks for: always 0.
#[inline(always)]
#[must_use]
pub fn choose(_n: usize) -> usize {
    0
}
