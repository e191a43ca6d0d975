//! [`Alive`]: lets loom watch an allocation that several threads share by hand.

use std::cell::Cell;
use std::rc::Rc;

use loom::alloc::Track;
use loom::cell::UnsafeCell;

/// Tells loom when something is used and when it ends.
///
/// Every use reads a cell and the end writes it, so loom reports a use and an end of which neither is ordered after the other, in
/// whichever order they come. A use that *is* ordered after the end, by a lock, say, is no race, and loom lets it pass. So the end
/// is noted, too, and what comes after it panics. A use that comes so late looks at memory that is gone: it finds the note
/// unless somebody has got that memory since.
#[derive(Debug)]
pub(crate) struct InUse {
    cell: UnsafeCell<()>,
    is_over: Rc<Cell<bool>>,
}

// SAFETY: loom runs all threads of a model on one OS thread, and sees to it that misuse is reported, which is what this is for.
unsafe impl Send for InUse {}
// SAFETY: as above.
unsafe impl Sync for InUse {}

impl InUse {
    pub(crate) fn new() -> InUse {
        InUse { cell: UnsafeCell::new(()), is_over: Rc::default() }
    }

    pub(crate) fn used(&self) {
        self.cell.with(|_| ());
        check(&self.is_over);
    }

    /// For one operation, before which loom may let others run; they may end this, and then it comes too late. Afterwards loom lets nobody
    /// run, so what is over by then was over before. Others may end it as soon as the operation is done.
    pub(crate) fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        self.used();
        let is_over = Rc::clone(&self.is_over);
        let result = f();
        check(&is_over);
        result
    }

    pub(crate) fn ended(&self) {
        // In a model that is failing already, another report would only hide the first.
        if !std::thread::panicking() {
            self.cell.with_mut(|_| ());
        }
        // Also of what goes by a panic that the model catches.
        self.is_over.set(true);
    }
}

fn check(is_over: &Cell<bool>) {
    assert!(!is_over.get() || std::thread::panicking(), "used after its end");
}

/// Marks an allocation as in use until it is freed. One that is never freed is reported as leaked.
#[derive(Debug)]
pub struct Alive {
    in_use: InUse,
    _leak_check: Track<()>,
}

impl Alive {
    /// A token for a new allocation.
    #[must_use]
    pub fn new() -> Alive {
        Alive { in_use: InUse::new(), _leak_check: Track::new(()) }
    }

    /// States that the allocation is in use.
    pub fn used(&self) {
        self.in_use.used();
    }

    /// States that nobody uses the allocation any more, and that it is about to be freed.
    pub fn freed(&self) {
        self.in_use.ended();
    }
}

impl Default for Alive {
    fn default() -> Alive {
        Alive::new()
    }
}
