//! [`RawRwMutex`] as a lock of the crate `lock_api`. Feature `lock_api`.
//!
//! What of its traits is not here: `RawRwLockFair`, for an unlock hands over to nobody by choice; `RawRwLockRecursive`, for a second
//! `read` may wait for a writer that waits for the first; `RawRwLockUpgrade`, for there is no way from reading to writing.
//!
//! # Panics
//!
//! lock_api's guards rely on two things, at which they cannot look. An unlock and a downgrade do what they are for, and return: in
//! `unlocked` and `downgrade` a guard is there while its lock has changed, and would unlock what it does not hold. So a panic of
//! a task's waker ends here, after the hook has reported it. And `unlocked` locks again: where that would panic, because there are too
//! many readers, which takes 67 million forgotten guards, it ends the process, as the count of an `Arc` does.

gosync_atomic::__sys::native_only! {
    use std::time::{Duration, Instant};

    use gosync_atomic::__sys::contained;

    use super::RawRwMutex;

    // SAFETY: a writer is alone from a successful lock until its unlock or downgrade, readers are among themselves until the
    // last unlock, and any thread may unlock.
    unsafe impl lock_api::RawRwLock for RawRwMutex {
        #[allow(clippy::declare_interior_mutable_const, reason = "the trait's way to make one")]
        const INIT: RawRwMutex = RawRwMutex::new();

        type GuardMarker = lock_api::GuardSend;

        #[inline]
        #[cfg_attr(feature = "deadlock", track_caller)]
        fn lock_shared(&self) {
            let relocks = Relocks;
            self.rlock();
            std::mem::forget(relocks);
        }

        #[inline]
        fn try_lock_shared(&self) -> bool {
            self.try_rlock()
        }

        #[inline]
        unsafe fn unlock_shared(&self) {
            // SAFETY: the caller holds it for reading.
            contained(|| unsafe { self.lock.read_unlock() });
        }

        #[inline]
        #[cfg_attr(feature = "deadlock", track_caller)]
        fn lock_exclusive(&self) {
            self.lock();
        }

        #[inline]
        fn try_lock_exclusive(&self) -> bool {
            self.try_lock()
        }

        #[inline]
        unsafe fn unlock_exclusive(&self) {
            // SAFETY: the caller holds it for writing.
            contained(|| unsafe { self.lock.write_unlock() });
        }

        fn is_locked(&self) -> bool {
            RawRwMutex::is_locked(self)
        }

        fn is_locked_exclusive(&self) -> bool {
            self.is_write_locked()
        }
    }

    // SAFETY: as above.
    unsafe impl lock_api::RawRwLockTimed for RawRwMutex {
        type Duration = Duration;
        type Instant = Instant;

        #[cfg_attr(feature = "deadlock", track_caller)]
        fn try_lock_shared_for(&self, timeout: Duration) -> bool {
            self.rlock_timeout(timeout)
        }

        #[cfg_attr(feature = "deadlock", track_caller)]
        fn try_lock_shared_until(&self, deadline: Instant) -> bool {
            self.rlock_deadline(deadline)
        }

        #[cfg_attr(feature = "deadlock", track_caller)]
        fn try_lock_exclusive_for(&self, timeout: Duration) -> bool {
            self.lock_timeout(timeout)
        }

        #[cfg_attr(feature = "deadlock", track_caller)]
        fn try_lock_exclusive_until(&self, deadline: Instant) -> bool {
            self.lock_deadline(deadline)
        }
    }

    // SAFETY: no writer comes between (see `RwMutexWriteGuard::downgrade`).
    unsafe impl lock_api::RawRwLockDowngrade for RawRwMutex {
        unsafe fn downgrade(&self) {
            // SAFETY: the caller holds it for writing.
            contained(|| unsafe { self.lock.downgrade() });
        }
    }

    /// Dropped by a panic only.
    struct Relocks;

    impl Drop for Relocks {
        fn drop(&mut self) {
            // See the head of this file.
            std::process::abort();
        }
    }
}
