//! [`RawRwMutex`]: Go's own shape, without data and without guards.

use std::fmt;
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{const_fn, deadline_after, waits};

use super::phase_lock::{PhaseLock, State};
#[cfg(feature = "async")]
use super::rw_async::{RawReadAsync, RawWriteAsync};

/// A readers-writer lock without data and without guards: Go's `sync.RWMutex` with its own interface.
///
/// Eight bytes, no allocation, `const`. Prefer [`RwMutex`](crate::RwMutex) if the lock protects a value. This one is
/// for code that locks in one place and unlocks in another, perhaps in another thread.
///
/// It is as fair as [`RwMutex`](crate::RwMutex#fairness). A thread must not lock it twice, not even for reading: a
/// writer that comes in between would wait for the first lock, and the second lock for that writer.
///
/// # Memory ordering
///
/// Same as for [`RwMutex`](crate::RwMutex#memory-ordering), with `lock` for `write` and `rlock` for `read`, whichever threads
/// they are in.
///
/// # Differences from Go
///
/// Unlocking what is not locked panics instead of ending the process; the lock stays as it was. There is no
/// `RLocker`, since Rust needs no `sync.Locker` interface.
///
/// # Examples
///
/// ```
/// use gosync::RawRwMutex;
///
/// static LOCK: RawRwMutex = RawRwMutex::new();
///
/// LOCK.rlock();
/// assert!(LOCK.try_rlock() && !LOCK.try_lock());
/// LOCK.runlock();
/// std::thread::spawn(|| LOCK.runlock()).join().unwrap();
/// LOCK.lock();
/// assert!(!LOCK.try_rlock());
/// LOCK.unlock();
/// ```
///
/// With a deadline:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let lock = gosync::RawRwMutex::new();
/// assert!(lock.rlock_timeout(Duration::from_millis(1)) && lock.rlock_deadline(Instant::now()));
/// assert!(!lock.lock_timeout(Duration::from_millis(1)) && !lock.lock_deadline(Instant::now()));
/// lock.runlock();
/// lock.runlock();
/// ```
#[doc(alias = "sync.RWMutex")]
#[doc(alias = "sync.Locker")]
pub struct RawRwMutex {
    pub(super) lock: PhaseLock,
}

impl RawRwMutex {
    const_fn! {
        /// An unlocked one.
        #[inline]
        #[must_use]
        pub const fn new() -> RawRwMutex {
            RawRwMutex { lock: PhaseLock::new() }
        }
    }

    /// Locks for writing, and blocks until it can. Go: `rw.Lock()`.
    #[inline]
    #[doc(alias = "Lock")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock(&self) {
        waits!("locks for writing");
        self.lock.write();
    }

    /// Locks for writing, and lets the task wait until it can. Feature `async`. Go: `rw.Lock()`.
    ///
    /// Like [`RwMutex::write_async`](crate::RwMutex::write_async), with the same guarantees for a future that is
    /// dropped before completion. A completed future has locked, and only [`unlock`](RawRwMutex::unlock) undoes that.
    ///
    /// # Panics
    ///
    /// Same as [`RwMutex::write_async`](crate::RwMutex::write_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::RawRwMutex;
    ///
    /// async fn alone(lock: &RawRwMutex) {
    ///     lock.lock_async().await;
    ///     lock.unlock();
    /// }
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "Lock")]
    pub fn lock_async(&self) -> RawWriteAsync<'_> {
        RawWriteAsync::new(&self.lock)
    }

    /// Locks for writing if that is possible without waiting; returns whether it did. Go: `rw.TryLock()`.
    ///
    /// It fails only if another thread holds the lock, waits for it, or is about to fail to lock it for reading.
    #[inline]
    #[must_use = "it may have failed"]
    #[doc(alias = "TryLock")]
    pub fn try_lock(&self) -> bool {
        self.lock.try_write().is_ok()
    }

    /// Locks for writing, and blocks for at most `timeout`; returns whether it did. Not in Go.
    ///
    /// A `timeout` too long for the clock never expires. If it times out, readers that it kept out are let in.
    #[must_use = "it may have failed"]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock_timeout(&self, timeout: Duration) -> bool {
        waits!("locks for writing");
        self.lock.write_until(deadline_after(timeout))
    }

    /// Locks for writing, and blocks until `deadline` at most; returns whether it did. If it can lock at once, it does so however
    /// late it is.
    #[must_use = "it may have failed"]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock_deadline(&self, deadline: Instant) -> bool {
        waits!("locks for writing");
        self.lock.write_until(Some(deadline))
    }

    /// Unlocks what was locked for writing. Any thread may do that. Go: `rw.Unlock()`.
    ///
    /// # Panics
    ///
    /// If it is not locked for writing, with Go's text: `sync: Unlock of unlocked RWMutex`. It stays as it is.
    ///
    /// A waker's panic is raised here, after all tasks that are let in have been woken.
    #[inline]
    #[track_caller]
    #[doc(alias = "Unlock")]
    pub fn unlock(&self) {
        if !self.lock.write_unlock_if_held() {
            unlocked();
        }
    }

    /// Locks for reading, and blocks until it can. Go: `rw.RLock()`.
    ///
    /// # Panics
    ///
    /// If it is locked for reading more than 67 million times at once.
    #[inline]
    #[track_caller]
    #[doc(alias = "RLock")]
    pub fn rlock(&self) {
        waits!("locks for reading");
        self.lock.read();
    }

    /// Locks for reading, and lets the task wait until it can. Feature `async`. Go: `rw.RLock()`.
    ///
    /// Like [`RwMutex::read_async`](crate::RwMutex::read_async), with the same guarantees for a future that is
    /// dropped before completion. A completed future has locked, and only [`runlock`](RawRwMutex::runlock) undoes
    /// that.
    ///
    /// # Panics
    ///
    /// Same as [`RwMutex::read_async`](crate::RwMutex::read_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::RawRwMutex;
    ///
    /// async fn among_others(lock: &RawRwMutex) {
    ///     lock.rlock_async().await;
    ///     lock.runlock();
    /// }
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "RLock")]
    pub fn rlock_async(&self) -> RawReadAsync<'_> {
        RawReadAsync::new(&self.lock)
    }

    /// Locks for reading if that is possible without waiting; returns whether it did. Go: `rw.TryRLock()`.
    ///
    /// It fails only if a writer has the lock or waits for it.
    ///
    /// # Panics
    ///
    /// Same as [`rlock`](RawRwMutex::rlock).
    #[inline]
    #[track_caller]
    #[must_use = "it may have failed"]
    #[doc(alias = "TryRLock")]
    pub fn try_rlock(&self) -> bool {
        self.lock.try_read()
    }

    /// Locks for reading, and blocks for at most `timeout`; returns whether it did. Not in Go.
    ///
    /// A `timeout` too long for the clock never expires.
    ///
    /// # Panics
    ///
    /// Same as [`rlock`](RawRwMutex::rlock).
    #[track_caller]
    #[must_use = "it may have failed"]
    pub fn rlock_timeout(&self, timeout: Duration) -> bool {
        waits!("locks for reading");
        self.lock.read_until(deadline_after(timeout))
    }

    /// Locks for reading, and blocks until `deadline` at most; returns whether it did. If it can lock at once, it does so however
    /// late it is.
    ///
    /// # Panics
    ///
    /// Same as [`rlock`](RawRwMutex::rlock).
    #[track_caller]
    #[must_use = "it may have failed"]
    pub fn rlock_deadline(&self, deadline: Instant) -> bool {
        waits!("locks for reading");
        self.lock.read_until(Some(deadline))
    }

    /// Unlocks what was locked for reading. Any thread may do that. Go: `rw.RUnlock()`.
    ///
    /// # Panics
    ///
    /// If it is not locked for reading, with Go's text: `sync: RUnlock of unlocked RWMutex`. It stays as it is. As in
    /// Go, a surplus unlock goes unnoticed while others read; then one of theirs fails.
    ///
    /// A waker's panic is raised here, after the writer was let in.
    #[inline]
    #[track_caller]
    #[doc(alias = "RUnlock")]
    pub fn runlock(&self) {
        if !self.lock.read_unlock_if_held() {
            runlocked();
        }
    }

    /// Like [`RwMutex::is_locked`](crate::RwMutex::is_locked): whether it is locked at this moment, for reading or for
    /// writing. Orders nothing.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.state().is_locked()
    }

    /// Like [`RwMutex::is_locked`](crate::RwMutex::is_locked): whether it is locked for writing at this moment. Orders
    /// nothing.
    #[must_use]
    #[doc(alias = "is_locked_exclusive")]
    pub fn is_write_locked(&self) -> bool {
        self.lock.state().writer
    }
}

impl RawRwMutex {
    /// For a wait: whether it was locked for writing, and is not any more.
    pub(crate) fn unlock_if_locked(&self) -> bool {
        self.lock.write_unlock_if_held()
    }

    /// For a wait: locks for writing.
    pub(crate) fn relock(&self) {
        self.lock.write();
    }
}

#[cold]
#[track_caller]
pub(crate) fn unlocked() -> ! {
    panic!("sync: Unlock of unlocked RWMutex");
}

#[cold]
#[track_caller]
fn runlocked() -> ! {
    panic!("sync: RUnlock of unlocked RWMutex");
}

impl Default for RawRwMutex {
    fn default() -> RawRwMutex {
        RawRwMutex::new()
    }
}

impl fmt::Debug for RawRwMutex {
    /// Shows its word: whether a writer or how many readers are in, whether a writer waits, and whether readers do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { writer, readers, pending, waiting } = self.lock.state();
        f.debug_struct("RawRwMutex")
            .field("writer", &writer)
            .field("readers", &readers)
            .field("pending", &pending)
            .field("waiting", &waiting)
            .finish()
    }
}
