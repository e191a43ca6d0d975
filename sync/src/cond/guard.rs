//! [`CondGuard`]: the locks that a [`Cond`](super::Cond) can wait with, while they are held.

use crate::mutex::{MutexGuard, RawMutex};

/// A lock that is held, and that a [`Cond`](crate::Cond) releases while it waits.
///
/// It is a [`MutexGuard`], or a `&RawMutex` that is locked. The trait is sealed: a wait relies on its locks. A guard of a
/// part of the value is none of them: while it waits the part may be replaced.
pub trait CondGuard: sealed::Relock {}

impl<T: ?Sized> CondGuard for MutexGuard<'_, T> {}
impl CondGuard for &RawMutex {}

pub(super) mod sealed {
    use super::{MutexGuard, RawMutex};

    /// What a wait does with the lock.
    pub trait Relock {
        /// Whether the lock is held by somebody.
        fn is_locked(&self) -> bool;

        /// Unlocks; `false`, and nothing was done, if it is not locked. If a waker panics, that panic comes after the unlock.
        ///
        /// # Safety
        ///
        /// Unless it returned `false`, [`lock`](Relock::lock) follows before this guard is used or dropped, on all ways.
        unsafe fn unlock(&self) -> bool;

        /// Locks, blocking.
        fn lock(&self);
    }

    impl<T: ?Sized> Relock for MutexGuard<'_, T> {
        fn is_locked(&self) -> bool {
            true
        }

        unsafe fn unlock(&self) -> bool {
            // SAFETY: a guard exists only while its mutex is locked, and the caller locks it again before the guard is used.
            unsafe { self.release() };
            true
        }

        fn lock(&self) {
            self.relock();
        }
    }

    impl Relock for &RawMutex {
        fn is_locked(&self) -> bool {
            RawMutex::is_locked(self)
        }

        unsafe fn unlock(&self) -> bool {
            self.unlock_if_locked()
        }

        fn lock(&self) {
            RawMutex::lock(self);
        }
    }
}
