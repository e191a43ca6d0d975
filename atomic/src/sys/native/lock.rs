//! [`Lock`]: the adaptive lock with a guard.

use super::Pacer;
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
        self.lock_paced(Pacer::new)
    }

    /// As [`lock`](Lock::lock), in a rhythm of the caller's if it has to wait.
    #[inline(always)]
    pub fn lock_paced(&self, pacer: impl FnOnce() -> Pacer) -> LockGuard<'_> {
        self.raw.lock_paced(pacer);
        LockGuard { raw: &self.raw }
    }

    /// Takes the lock if that needs no waiting.
    #[inline(always)]
    pub fn try_lock(&self) -> Option<LockGuard<'_>> {
        self.raw.try_lock().then(|| LockGuard { raw: &self.raw })
    }

    /// Whether nobody holds the lock, for who knows that nobody will take it any more: it is the caller's then.
    #[inline(always)]
    pub fn is_free(&self) -> bool {
        self.raw.is_free()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_tell_locks_apart() {
        let locks = [Lock::new(), Lock::new()];
        assert_ne!(locks[0].rank(), locks[1].rank());
        assert_eq!(locks[0].rank(), locks[0].rank());
    }

    #[test]
    fn a_try_waits_for_nobody() {
        let lock = Lock::new();
        let held = lock.try_lock();
        assert!(held.is_some() && lock.try_lock().is_none());
        drop(held);
        assert!(lock.try_lock().is_some() && lock.is_free());
    }

    /// It is held for longer than anybody waits awake.
    #[test]
    fn who_dozes_comes_in() {
        let lock = Lock::new();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let held = lock.lock();
                let waiters = [(); 4].map(|()| scope.spawn(|| drop(lock.lock())));
                std::thread::sleep(std::time::Duration::from_millis(5));
                drop(held);
                waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
            }
        });
    }

    #[test]
    fn excludes() {
        struct Counter(std::cell::UnsafeCell<u64>);
        // SAFETY: only touched under the lock.
        unsafe impl Sync for Counter {}
        let (lock, counter) = (Lock::new(), Counter(std::cell::UnsafeCell::new(0)));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let counter = &counter;
                    for _ in 0..10_000 {
                        let _guard = lock.lock();
                        // SAFETY: the lock is held.
                        unsafe { *counter.0.get() += 1 };
                    }
                });
            }
        });
        assert_eq!(counter.0.into_inner(), 40_000);
    }
}
