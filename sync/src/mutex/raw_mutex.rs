//! [`RawMutex`]: Go's own shape, without data and without a guard.

use std::fmt;
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{const_fn, deadline_after, waits};

use super::fair_lock::{FairLock, State};
#[cfg(feature = "async")]
use super::lock_async::RawLockAsync;

/// A lock without data and without a guard: Go's `sync.Mutex` with its own interface.
///
/// Four bytes, no allocation, `const`. Prefer [`Mutex`](crate::Mutex) if the lock protects a value. This one is for
/// code that locks in one place and unlocks in another, perhaps in another thread.
///
/// It is not re-entrant: a thread that locks it twice deadlocks, as in Go. Waiters are served in order of arrival,
/// with the same bound on overtaking as in [`Mutex`](crate::Mutex).
///
/// # Memory ordering
///
/// For *n* < *m*, the *n*-th `unlock` happens before the return of the *m*-th `lock` (`mutex.n-unlock-before-m-lock`),
/// whichever threads they are in (`mutex.unlock-by-other-goroutine`). A successful `try_lock`, `lock_timeout` or
/// `lock_deadline` counts as a `lock` (`mutex.trylock-success-is-lock`); one that fails orders nothing
/// (`mutex.trylock-failure-no-edge`).
///
/// # Differences from Go
///
/// Unlocking an unlocked mutex panics instead of ending the process; the mutex stays as it was.
///
/// # Examples
///
/// ```
/// use gosync::RawMutex;
///
/// static LOCK: RawMutex = RawMutex::new();
///
/// LOCK.lock();
/// std::thread::spawn(|| LOCK.unlock()).join().unwrap();
/// assert!(LOCK.try_lock());
/// LOCK.unlock();
/// ```
#[doc(alias = "sync.Mutex")]
#[doc(alias = "sync.Locker")]
pub struct RawMutex {
    pub(super) lock: FairLock,
}

impl RawMutex {
    const_fn! {
        /// An unlocked mutex.
        #[inline]
        #[must_use]
        pub const fn new() -> RawMutex {
            RawMutex { lock: FairLock::new() }
        }
    }

    /// Locks, and blocks until it can. Go: `mu.Lock()`.
    #[inline]
    #[doc(alias = "Lock")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock(&self) {
        waits!("locks a mutex");
        self.lock.lock();
    }

    /// Locks, and lets the task wait until it can: `mutex.lock_async().await`. Feature `async`. Go: `mu.Lock()`.
    ///
    /// Like [`Mutex::lock_async`](crate::Mutex::lock_async), with the same guarantees for a future that is dropped
    /// before completion. A completed future has locked, and only [`unlock`](RawMutex::unlock) undoes that: a
    /// combinator that drops its output leaves the mutex locked. Where that can happen, use [`Mutex`](crate::Mutex),
    /// whose guard unlocks.
    ///
    /// # Panics
    ///
    /// Same as [`Mutex::lock_async`](crate::Mutex::lock_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Waker};
    ///
    /// use gosync::RawMutex;
    ///
    /// static LOCK: RawMutex = RawMutex::new();
    ///
    /// let mut context = Context::from_waker(Waker::noop());
    /// assert!(pin!(LOCK.lock_async()).poll(&mut context).is_ready());
    /// assert!(!LOCK.try_lock());
    /// LOCK.unlock();
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "Lock")]
    pub fn lock_async(&self) -> RawLockAsync<'_> {
        RawLockAsync::new(&self.lock)
    }

    /// Locks if that is possible without waiting; returns whether it did. Go: `mu.TryLock()`.
    ///
    /// It fails only if the mutex is locked, or reserved for a waiter that was overtaken for too long; Go's may fail
    /// spuriously.
    #[inline]
    #[must_use = "it may have failed"]
    #[doc(alias = "TryLock")]
    pub fn try_lock(&self) -> bool {
        self.lock.try_lock()
    }

    /// Locks, and blocks for at most `timeout`; returns whether it did. Not in Go.
    ///
    /// A `timeout` too long for the clock never expires.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let mutex = gosync::RawMutex::new();
    /// assert!(mutex.lock_timeout(Duration::from_millis(1)));
    /// assert!(!mutex.lock_deadline(Instant::now()));
    /// mutex.unlock();
    /// ```
    #[must_use = "it may have failed"]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock_timeout(&self, timeout: Duration) -> bool {
        waits!("locks a mutex");
        self.lock.lock_until(deadline_after(timeout))
    }

    /// Locks, and blocks until `deadline` at most; returns whether it did. If it can lock at once, it does so however late it is.
    #[must_use = "it may have failed"]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock_deadline(&self, deadline: Instant) -> bool {
        waits!("locks a mutex");
        self.lock.lock_until(Some(deadline))
    }

    /// Unlocks. Any thread may do that. Go: `mu.Unlock()`.
    ///
    /// # Panics
    ///
    /// If it is not locked, with Go's text: `sync: unlock of unlocked mutex`. It stays as it is.
    #[inline]
    #[track_caller]
    #[doc(alias = "Unlock")]
    pub fn unlock(&self) {
        if !self.unlock_if_locked() {
            unlocked();
        }
    }

    /// Whether it was locked, and is not any more.
    #[inline]
    pub(crate) fn unlock_if_locked(&self) -> bool {
        self.lock.unlock_if_locked()
    }

    /// Like [`Mutex::is_locked`](crate::Mutex::is_locked): whether it is locked at this moment. Orders nothing.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.state().locked
    }

    /// For a wait.
    pub(crate) fn relock(&self) {
        self.lock.lock();
    }
}

#[cold]
#[track_caller]
pub(crate) fn unlocked() -> ! {
    panic!("sync: unlock of unlocked mutex");
}

impl Default for RawMutex {
    fn default() -> RawMutex {
        RawMutex::new()
    }
}

impl fmt::Debug for RawMutex {
    /// Shows the bits of its word: whether it is locked, and what its line is waiting for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { locked, queued, called, reserved } = self.lock.state();
        f.debug_struct("RawMutex")
            .field("locked", &locked)
            .field("queued", &queued)
            .field("called", &called)
            .field("reserved", &reserved)
            .finish()
    }
}
