//! The native side of the seam: std and the operating system.

mod alive;
mod cell;
mod futex;
mod latch;
mod lock;
mod macros;
mod pause;
mod pick;
mod row;
pub mod sc;
mod seats;
mod slices;
mod slots;
mod stamp;
mod table;
mod wait;
#[cfg(feature = "deadlock")]
pub mod waits;
mod wake_cost;

pub use alive::Alive;
pub use cell::{MutPtr, UnsafeCell, extend_uninit};
pub use crossbeam_utils::Backoff;
pub use futex::{Futex, Waker};
pub use latch::Latch;
pub use lock::{Lock, LockGuard};
pub use pick::{pick, rarely, seldom};
pub use row::{LINE_WORDS, row};
pub use seats::{SEATS, seat};
pub use slots::{slot, slots};
pub use stamp::Stamp;
pub use std::hash::RandomState;
pub use std::hint::spin_loop;
pub use std::sync::Arc;
pub use std::sync::atomic::fence;
pub use table::WaitQueue;
pub use wait::{Cpu, Pacer, await_change, await_growth, await_state, linger, linger_for_task, woke_a_peer};

/// std's atomics, without the orderings: those are written `ord!`.
pub mod atomic {
    pub use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
}

/// Looks at a word that only the caller can change: no model needs to know of that.
///
/// # Safety
///
/// Nobody else changes the word at this time.
#[inline(always)]
#[must_use]
pub unsafe fn load_own(word: &atomic::AtomicUsize) -> usize {
    word.load(std::sync::atomic::Ordering::Relaxed)
}

/// Takes a word that is `clear` or `set`: whether it was clear. An exchange that need not compare takes a tenth less than one that
/// does.
#[inline(always)]
#[must_use]
pub fn test_and_set(word: &atomic::AtomicU32, clear: u32, set: u32, order: std::sync::atomic::Ordering) -> bool {
    word.swap(set, order) == clear
}

/// std's threads.
pub mod thread {
    pub use std::thread::{Builder, JoinHandle, Thread, panicking, spawn, yield_now};
}

/// What was shared, if this was the last to share it.
#[must_use]
pub fn into_inner<T>(shared: Arc<T>) -> Option<T> {
    Arc::into_inner(shared)
}

/// Whether a deadline has passed; `None` never does.
#[must_use]
#[cfg_attr(feature = "synctest", allow(unreachable_pub, reason = "with it, what is public asks bubbles first"))]
pub fn has_passed(deadline: Option<std::time::Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= std::time::Instant::now())
}

/// Calls what must not unwind into its caller. The hook has reported a panic by the time that it ends here.
pub fn contained(f: impl FnOnce()) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // Its drop may panic again; what that panics with is kept for ever.
        catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(std::mem::forget);
    }
}

/// Whether Miri interprets this: see `tests/miri`.
///
/// It has neither sched_getcpu(3) nor futex_waitv(2), and ends the program where it calls one. What is done without them is what
/// is done on other systems. And an operation takes it as long as a processor takes for a thousand, so what is for objects that are
/// much used comes after fewer of them.
const UNDER_MIRI: bool = cfg!(miri);

/// What all threads share, for ever.
pub type ProcessWide<T> = &'static T;

/// Whether there may be a bubble: who is in one knows.
#[cfg(feature = "synctest")]
pub(super) fn has_bubbles() -> bool {
    true
}

/// Nothing: see `has_bubbles`.
#[cfg(feature = "synctest")]
pub(super) fn note_bubble() {}

/// What the calling thread does, and where that was called, as far as it is known: with feature `deadlock`.
#[cfg(feature = "synctest")]
pub(super) fn operation() -> Option<(&'static str, &'static std::panic::Location<'static>)> {
    #[cfg(feature = "deadlock")]
    return waits::operation();
    #[cfg(not(feature = "deadlock"))]
    None
}

/// Sleeps, outside of bubbles.
pub(super) fn pass(time: std::time::Duration) {
    std::thread::sleep(time);
}

/// The clock.
#[must_use]
#[cfg_attr(feature = "synctest", allow(unreachable_pub, reason = "with it, what is public asks bubbles first"))]
pub fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// One of `n` answers, which a model explores and a program never asks for: always 0.
#[inline(always)]
#[must_use]
pub fn choose(_n: usize) -> usize {
    0
}

/// The shape of a stack's arena: its first segment has two to this power of nodes.
pub const STACK_FIRST: u32 = 5;
/// The bits of the name of a stack's node.
pub const STACK_NAMES: u32 = 28;

/// How many operations in a row without anybody waiting open a channel's lanes: at first, and at most. `None`: none do.
#[inline(always)]
#[must_use]
pub const fn lanes_open_after() -> Option<(u32, u32)> {
    if UNDER_MIRI { Some((1, 8)) } else { Some((16, 1024)) }
}

/// So many looks at a channel's lane find few values there until one is put off.
pub const LOOKS_UNTIL_PUT_OFF: u32 = 2;

/// How many are woken between two looks at a line.
pub const WAKE_BATCH: usize = 16;

/// So many readers take a lock that is mostly read until others pass it by.
pub const READERS_UNTIL_OPEN: u32 = if UNDER_MIRI { 1 } else { 16 };

/// How many hash tables a map has for each slot: so many that threads seldom meet.
pub const TABLES_PER_SLOT: usize = 8;

/// Pointers that are null.
#[must_use]
pub const fn null_pointers<T, const N: usize>() -> [atomic::AtomicPtr<T>; N] {
    [const { atomic::AtomicPtr::new(std::ptr::null_mut()) }; N]
}
