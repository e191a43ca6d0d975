//! [`Alive`]: lets loom watch an allocation that several threads share by hand.

use loom::alloc::Track;
use loom::cell::UnsafeCell;

/// Tells loom when something is used and when it ends.
///
/// Every use reads a cell and the end writes it, so loom reports a use after the end, and also an end that is not ordered
/// after every use, in whichever order they come.
#[derive(Debug)]
pub(crate) struct InUse(UnsafeCell<()>);

// SAFETY: there is nothing inside; loom sees to it that misuse is reported, which is what this is for.
unsafe impl Sync for InUse {}

impl InUse {
    pub(crate) fn new() -> InUse {
        InUse(UnsafeCell::new(()))
    }

    pub(crate) fn used(&self) {
        self.0.with(|_| ());
    }

    pub(crate) fn ended(&self) {
        // In a model that is failing already, another report would only hide the first.
        if !std::thread::panicking() {
            self.0.with_mut(|_| ());
        }
    }
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
