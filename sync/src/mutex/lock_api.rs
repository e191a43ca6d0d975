//! [`RawMutex`] as a lock of the crate `lock_api`. Feature `lock_api`.
//!
//! `RawMutexFair` is not among the traits: an unlock hands over to nobody. The mutex is fair by itself, within its bound.
//!
//! In `unlocked` of lock_api's guards, a guard is there while its lock is not held; a panic of the unlock would have it unlock
//! what it does not hold. So a panic of a task's waker ends here, after the hook has reported it.

gosync_atomic::__sys::native_only! {
    use std::time::{Duration, Instant};

    use gosync_atomic::__sys::contained;

    use super::RawMutex;

    // SAFETY: at most one holds the lock, from a successful `lock` or `try_lock` until an `unlock`, and any thread may unlock.
    unsafe impl lock_api::RawMutex for RawMutex {
        #[allow(clippy::declare_interior_mutable_const, reason = "the trait's way to make one")]
        const INIT: RawMutex = RawMutex::new();

        type GuardMarker = lock_api::GuardSend;

        #[inline]
        #[cfg_attr(feature = "deadlock", track_caller)]
        fn lock(&self) {
            RawMutex::lock(self);
        }

        #[inline]
        fn try_lock(&self) -> bool {
            RawMutex::try_lock(self)
        }

        #[inline]
        unsafe fn unlock(&self) {
            // SAFETY: the caller holds the lock.
            contained(|| unsafe { self.lock.unlock() });
        }

        fn is_locked(&self) -> bool {
            RawMutex::is_locked(self)
        }
    }

    // SAFETY: as above.
    unsafe impl lock_api::RawMutexTimed for RawMutex {
        type Duration = Duration;
        type Instant = Instant;

        #[cfg_attr(feature = "deadlock", track_caller)]
        fn try_lock_for(&self, timeout: Duration) -> bool {
            self.lock_timeout(timeout)
        }

        #[cfg_attr(feature = "deadlock", track_caller)]
        fn try_lock_until(&self, deadline: Instant) -> bool {
            self.lock_deadline(deadline)
        }
    }
}
