//! The native side of the seam: std and the operating system.

mod alive;
mod cell;
mod futex;
mod lock;
mod row;
pub mod sc;
mod slots;
mod stamp;
mod table;
mod wait;

pub use alive::Alive;
pub use cell::{MutPtr, UnsafeCell};
pub use futex::{Futex, Waker};
pub use lock::{Lock, LockGuard};
pub use row::row;
pub use slots::{slot, slots};
pub use stamp::Stamp;
pub use std::hint::spin_loop;
pub use std::sync::Arc;
pub use std::sync::atomic::fence;
pub use table::WaitQueue;
pub use wait::{Cpu, Pacer, await_change, woke_a_peer};

/// std's atomics, without the orderings: those are written `ord!`.
pub mod atomic {
    pub use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
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

/// One of `n` answers, which a model explores and a program never asks for: always 0.
#[inline(always)]
#[must_use]
pub fn choose(_n: usize) -> usize {
    0
}
