//! Which `Once`s the calling thread is running right now: a list of [`Frame`]s, newest first, linked through the stack.
//!
//! It tells re-entry exactly. A `Once` is entered here before its function starts and left before it is completed, and is
//! borrowed in between, so no other `Once` can have its address. The list is asked only by a thread that is about to wait,
//! and is as long as the functions are nested.
//!
//! Invariant 1: every frame in the list is alive. It is a local of the call that runs the function; [`Entry`] links it in
//! and, when that call returns or unwinds, out again. With stackful coroutines, calls of one thread may end in any order,
//! so what is linked out need not be the newest.

use std::cell::Cell;
use std::ptr;

use gosync_atomic::__sys::thread_local;

use crate::Once;

/// A running function.
pub(crate) struct Frame {
    once: *const Once,
    next: Cell<*const Frame>,
}

thread_local! {
    static NEWEST: Cell<*const Frame> = Cell::new(ptr::null())
}

impl Frame {
    /// A frame that is not in the list.
    #[inline]
    pub(crate) fn new(once: &Once) -> Frame {
        Frame { once, next: Cell::new(ptr::null()) }
    }
}

/// Keeps its frame in the list of this thread as long as it lives.
pub(crate) struct Entry<'a>(&'a Frame);

impl<'a> Entry<'a> {
    /// Links `frame` in.
    #[inline]
    pub(crate) fn new(frame: &'a Frame) -> Entry<'a> {
        NEWEST.with(|newest| frame.next.set(newest.replace(frame)));
        Entry(frame)
    }
}

impl Drop for Entry<'_> {
    #[inline]
    fn drop(&mut self) {
        NEWEST.with(|newest| {
            if ptr::eq(newest.get(), self.0) {
                newest.set(self.0.next.get());
            } else {
                self.0.leave_from_within(newest);
            }
        });
    }
}

impl Frame {
    /// Links out a frame that is not the newest.
    #[cold]
    #[inline(never)]
    fn leave_from_within(&self, newest: &Cell<*const Frame>) {
        let mut link = newest;
        while !ptr::eq(link.get(), self) {
            // SAFETY: invariant 1.
            let Some(frame) = (unsafe { link.get().as_ref() }) else {
                // The call has moved to another thread, whose list can neither be reached nor left as it is.
                std::process::abort();
            };
            link = &frame.next;
        }
        link.set(self.next.get());
    }
}

/// Whether the calling thread is inside the function of `once`.
pub(crate) fn runs(once: &Once) -> bool {
    let mut next = NEWEST.with(Cell::get);
    // SAFETY: invariant 1.
    while let Some(frame) = unsafe { next.as_ref() } {
        if ptr::eq(frame.once, once) {
            return true;
        }
        next = frame.next.get();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    use super::*;

    #[test]
    fn frames_are_left_also_by_a_panic() {
        let [a, b, c] = [Once::new(), Once::new(), Once::new()];
        let running = || [runs(&a), runs(&b), runs(&c)];
        assert_eq!(running(), [false; 3]);
        a.call_once(|| {
            let inner = || b.call_once(|| c.call_once(|| resume_unwind(Box::new(running()))));
            let payload = catch_unwind(AssertUnwindSafe(inner)).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&[true; 3]));
            assert_eq!(running(), [true, false, false]);
            std::thread::scope(|s| s.spawn(|| assert_eq!(running(), [false; 3])).join().unwrap());
        });
        assert_eq!(running(), [false; 3]);
    }

    #[test]
    fn frames_are_left_in_any_order() {
        let onces = [const { Once::new() }; 3];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let frames = [0, 1, 2].map(|i| Frame::new(&onces[i]));
            let mut entries = [0, 1, 2].map(|i| Some(Entry::new(&frames[i])));
            let mut running = [true; 3];
            for i in order {
                assert_eq!([0, 1, 2].map(|i| runs(&onces[i])), running);
                entries[i] = None;
                running[i] = false;
            }
            assert_eq!([0, 1, 2].map(|i| runs(&onces[i])), [false; 3]);
        }
    }
}
