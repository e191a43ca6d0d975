//! [`Lock`]: the adaptive lock with a guard.

use crate::__sys::RawLock;

/// Mutual exclusion without data: what it guards stands beside it in an [`UnsafeCell`](super::UnsafeCell).
#[derive(Debug, Default)]
pub struct Lock {
    raw: RawLock,
}

/// Releases its [`Lock`] when dropped.
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a> {
    raw: &'a RawLock,
}

impl Lock {
    /// A free lock.
    #[must_use]
    pub const fn new() -> Lock {
        Lock { raw: RawLock::new() }
    }

    /// Takes the lock. Blocks; not re-entrant.
    #[inline(always)]
    pub fn lock(&self) -> LockGuard<'_> {
        self.raw.lock();
        LockGuard { raw: &self.raw }
    }

    /// Where this lock stands in the order in which several locks are taken: by address.
    #[must_use]
    pub fn rank(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Drop for LockGuard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while its lock is held, and releases it once.
        unsafe { self.raw.unlock() }
    }
}
