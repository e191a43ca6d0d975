//! [`UnsafeCell`] for shuttle, which has none: each access gives the others a turn while it lasts, and panics if one of them
//! comes here too.
//!
//! As the native one it has nothing to drop: what a node holds is read after the node has been dropped in its place.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::time::Duration;

use shuttle::thread::{panicking, sleep};

/// As the native one.
#[derive(Debug, Default)]
pub struct UnsafeCell<T: ?Sized> {
    /// How many read, or -1: somebody writes. Of std, so that shuttle does not see it.
    inside: AtomicIsize,
    value: std::cell::UnsafeCell<T>,
}

/// As the native one. It ends before the cell does.
#[derive(Debug)]
pub struct MutPtr<T: ?Sized> {
    value: *mut T,
    _access: Access,
}

/// Somebody is inside as long as this value is there.
#[derive(Debug)]
struct Access {
    inside: NonNull<AtomicIsize>,
    writes: bool,
}

impl Access {
    fn begin(inside: &AtomicIsize, writes: bool) -> Access {
        let found = inside.load(Relaxed);
        // In an execution that has failed already, another report would only hide the first.
        if !panicking() {
            assert!(found == 0 || found > 0 && !writes, "two accesses to plain memory at a time");
        }
        inside.store(if writes { -1 } else { found + 1 }, Relaxed);
        let access = Access { inside: NonNull::from(inside), writes };
        // Time passes for nobody; it is a turn for somebody else.
        sleep(Duration::ZERO);
        access
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        // SAFETY: an access ends before its cell does: that is what both are for.
        let inside = unsafe { self.inside.as_ref() };
        inside.store(if self.writes { 0 } else { inside.load(Relaxed) - 1 }, Relaxed);
    }
}

#[allow(missing_docs, reason = "as the native cell's")]
impl<T> UnsafeCell<T> {
    pub fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell { inside: AtomicIsize::new(0), value: std::cell::UnsafeCell::new(value) }
    }

    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

#[allow(missing_docs, reason = "as the native cell's")]
impl<T: ?Sized> UnsafeCell<T> {
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        let _access = Access::begin(&self.inside, false);
        f(self.value.get())
    }

    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        let _access = Access::begin(&self.inside, true);
        f(self.value.get())
    }

    pub fn get_mut(&self) -> MutPtr<T> {
        MutPtr { value: self.value.get(), _access: Access::begin(&self.inside, true) }
    }
}

impl<T: ?Sized> MutPtr<T> {
    /// The inside of the cell.
    ///
    /// # Safety
    ///
    /// The cell is alive, and nothing else accesses it while the reference lives.
    #[must_use]
    #[allow(clippy::mut_from_ref, reason = "mirrors loom's signature; the caller vouches for exclusiveness")]
    pub unsafe fn deref(&self) -> &mut T {
        // SAFETY: the caller's contract; the pointer comes from a live cell and is never null.
        unsafe { &mut *self.value }
    }
}
