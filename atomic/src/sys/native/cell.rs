//! `UnsafeCell` in the form that loom can watch: access through a closure, or through a pointer with a scope.

/// A cell whose accesses a model can order. The methods mirror loom's.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

/// A pointer to the inside of a cell, for writing; in a model the access lasts as long as this value.
#[derive(Debug)]
pub struct MutPtr<T: ?Sized>(*mut T);

impl<T> UnsafeCell<T> {
    /// A cell around `value`.
    #[inline(always)]
    pub const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// The value.
    #[inline(always)]
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls `f` with a pointer for reading.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Calls `f` with a pointer for writing.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    /// A pointer for writing.
    #[inline(always)]
    pub fn get_mut(&self) -> MutPtr<T> {
        MutPtr(self.0.get())
    }
}

impl<T: ?Sized> MutPtr<T> {
    /// The inside of the cell.
    ///
    /// # Safety
    ///
    /// The cell is alive, and nothing else accesses it while the reference lives.
    #[inline(always)]
    #[must_use]
    #[allow(clippy::mut_from_ref, reason = "mirrors loom's signature; the caller vouches for exclusiveness")]
    pub unsafe fn deref(&self) -> &mut T {
        // SAFETY: the caller's contract; the pointer comes from a live cell and is never null.
        unsafe { &mut *self.0 }
    }
}

/// Adds cells without a value, up to so many, for which there is room. Touches no memory: it may be much, and come from the
/// system only when it is used.
///
/// # Panics
///
/// If there is no room for them.
pub fn extend_uninit<T>(cells: &mut Vec<UnsafeCell<std::mem::MaybeUninit<T>>>, len: usize) {
    assert!(cells.len() <= len && len <= cells.capacity(), "there is room for them");
    // SAFETY: there is room, and such a cell need not be initialised: it has nothing but the value.
    unsafe { cells.set_len(len) };
}
