//! Which `Once`s the calling thread is running right now: a stack of [`Frame`]s, linked through the real stack.
//!
//! It tells re-entry exactly. A `Once` is entered here before its function starts and left before it is completed, and is
//! borrowed in between, so no other `Once` can have its address. The stack is asked only by a thread that is about to
//! wait, and is as deep as the functions are nested.
//!
//! Invariant 1: every frame that `TOP` leads to is alive. A frame is a local of the call that runs the function; [`Entry`]
//! links it in and, when that call returns or unwinds, out again. Calls of one thread end in the reverse order of their
//! beginning, so what is linked out is always the top.

use std::cell::Cell;
use std::ptr;

use gosync_atomic::__sys::thread_local;

use crate::Once;

/// A running function.
pub(crate) struct Frame {
    once: *const Once,
    below: *const Frame,
}

thread_local! {
    static TOP: Cell<*const Frame> = Cell::new(ptr::null())
}

impl Frame {
    /// A frame for `once` on top of those that are there.
    pub(crate) fn new(once: &Once) -> Frame {
        Frame { once, below: TOP.with(Cell::get) }
    }
}

/// Links its frame in as long as it lives.
pub(crate) struct Entry<'a>(&'a Frame);

impl<'a> Entry<'a> {
    /// Makes `frame`, the newest one, the top.
    pub(crate) fn new(frame: &'a Frame) -> Entry<'a> {
        TOP.with(|top| top.set(frame));
        Entry(frame)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        TOP.with(|top| top.set(self.0.below));
    }
}

/// Whether the calling thread is inside the function of `once`.
pub(crate) fn runs(once: &Once) -> bool {
    let mut next = TOP.with(Cell::get);
    // SAFETY: invariant 1, for the top and for what is below a frame that is alive.
    while let Some(frame) = unsafe { next.as_ref() } {
        if ptr::eq(frame.once, once) {
            return true;
        }
        next = frame.below;
    }
    false
}
