//! A token inside an allocation that several threads share by hand. Natively nothing; see the model's twin.

/// Marks an allocation as in use until it is freed.
#[derive(Debug)]
pub struct Alive;

impl Alive {
    /// A token for a new allocation.
    #[must_use]
    pub const fn new() -> Alive {
        Alive
    }

    /// States that the allocation is in use.
    #[inline(always)]
    pub fn used(&self) {}

    /// States that nobody uses the allocation any more, and that it is about to be freed.
    #[inline(always)]
    pub fn freed(&self) {}
}

impl Default for Alive {
    fn default() -> Alive {
        Alive::new()
    }
}
