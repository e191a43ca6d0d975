//! Memory that Miri watches, as it watches all.

use std::cell::UnsafeCell;
use std::sync::Arc;

/// A plain, non-atomic variable that may be touched from any thread: Miri reports accesses that are not ordered.
#[derive(Clone)]
pub(crate) struct Plain(Arc<Cell>);

struct Cell(UnsafeCell<usize>);

// SAFETY: not sound, and for a program that Miri runs only: to report unordered accesses is what this is for.
unsafe impl Send for Cell {}
// SAFETY: as above.
unsafe impl Sync for Cell {}

impl Plain {
    pub(crate) fn new() -> Plain {
        Plain(Arc::new(Cell(UnsafeCell::new(0))))
    }

    /// One that its creator has written to: who gets it sees the value, or races.
    pub(crate) fn holding(value: usize) -> Plain {
        let plain = Plain::new();
        plain.write(value);
        plain
    }

    #[track_caller]
    pub(crate) fn write(&self, value: usize) {
        // SAFETY: the models' claim.
        unsafe { *self.0.0.get() = value }
    }

    #[track_caller]
    pub(crate) fn read(&self) -> usize {
        // SAFETY: the models' claim.
        unsafe { *self.0.0.get() }
    }

    #[track_caller]
    pub(crate) fn increment(&self) {
        self.write(self.read() + 1);
    }
}
