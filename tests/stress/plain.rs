//! [`Plain`]: memory without synchronisation of its own, so that a race detector judges what is under test.

use std::cell::UnsafeCell;

/// A number that the tests guard by what they test.
#[derive(Default)]
pub(crate) struct Plain(UnsafeCell<usize>);

// SAFETY: the callers of its methods vouch for the order of all accesses.
unsafe impl Sync for Plain {}

impl Plain {
    /// Adds one; the new number.
    ///
    /// # Safety
    ///
    /// Every other access happens before or after this one.
    pub(crate) unsafe fn increment(&self) -> usize {
        let number = self.0.get();
        // SAFETY: the caller's contract.
        unsafe { *number += 1 };
        // SAFETY: as above.
        unsafe { *number }
    }

    /// The number.
    ///
    /// # Safety
    ///
    /// Every increment happens before or after this.
    pub(crate) unsafe fn get(&self) -> usize {
        // SAFETY: the caller's contract.
        unsafe { *self.0.get() }
    }
}
