//! Memory that loom watches.

use gosync_atomic::__sys::UnsafeCell;
use loom::sync::Arc;

/// A plain, non-atomic variable that may be touched from any thread: loom reports accesses that are not ordered.
#[derive(Clone)]
pub(crate) struct Plain(Arc<Cell>);

struct Cell(UnsafeCell<usize>);

// SAFETY: loom runs one thread at a time and reports unordered accesses, which is what this is for.
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
        // SAFETY: one thread runs at a time.
        self.0.0.with_mut(|cell| unsafe { *cell = value });
    }

    #[track_caller]
    pub(crate) fn read(&self) -> usize {
        // SAFETY: one thread runs at a time.
        self.0.0.with(|cell| unsafe { *cell })
    }

    #[track_caller]
    pub(crate) fn increment(&self) {
        self.write(self.read() + 1);
    }
}
