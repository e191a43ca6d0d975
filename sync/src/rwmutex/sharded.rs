//! [`ShardedRwMutex`]: a readers-writer lock for each of several groups of threads, and one value.
//!
//! A reader takes the lock of the slot that its thread has at the moment, and releases that one; a writer takes all of them, in order. So two writers meet at the first lock, and
//! nobody waits in a circle; and a writer that has all of them shares the value with no reader.
//!
//! # Invariants
//!
//! 1. `slots()` never changes, and `slot()` is less; so a reader's lock is one of the first `slots()`.
//! 2. A guard for reading has one of these locks for reading, a guard for writing has all of them for writing.
//!
//! # Ordering
//!
//! That of each lock. The next reader of a slot and the next writer come after a writer, by the lock of that slot; a
//! writer comes after the readers of each slot, by the lock of each.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{UnsafeCell, array, const_fn, deadline_after, slot, slots, step, waits};
use gosync_atomic::CachePadded;

use super::phase_lock::PhaseLock;

/// An [`RwMutex`](crate::RwMutex) for data that many threads read all the time, and that is rarely written.
///
/// Readers of an `RwMutex` do not wait for each other, but each of them changes the same word, so its cache line
/// moves between the CPUs. This type has `N` locks, each in its own cache line, and a reader locks only one of them:
/// that of the CPU it runs on, on Linux; elsewhere that of its thread, with threads spread evenly over as many locks as
/// there are CPUs. A writer locks all of these in turn, which costs as much as that many writes.
///
/// `const`, no allocation. `N` is a power of two; each lock takes 128 bytes (64 or less on smaller platforms). Locks
/// beyond the number of CPUs are not used, and cost only these bytes.
///
/// # Fairness
///
/// Same as for [`RwMutex`](crate::RwMutex#fairness), for each of the locks. A writer that waits for one of the locks
/// already holds those before it, and so keeps their readers out.
///
/// # Deadlocks
///
/// Same as for [`RwMutex`](crate::RwMutex#deadlocks).
///
/// # Memory ordering
///
/// Same as for [`RwMutex`](crate::RwMutex#memory-ordering).
///
/// # Differences from Go
///
/// Go has none.
///
/// # Examples
///
/// ```
/// use gosync::ShardedRwMutex;
///
/// static LIMITS: ShardedRwMutex<[u32; 2]> = ShardedRwMutex::new([100, 10]);
///
/// LIMITS.write()[1] = 20;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| assert_eq!(LIMITS.read()[1], 20));
///     }
/// });
/// ```
///
/// Through `&mut`, without locking; with a deadline; and without blocking:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use gosync::{ShardedRwMutex, ShardedRwMutexReadGuard, ShardedRwMutexWriteGuard};
///
/// let mut n = ShardedRwMutex::new(1);
/// *n.get_mut() += 1;
/// let reader: ShardedRwMutexReadGuard<'_, i32> = n.read();
/// assert!(n.try_read().is_some() && n.read_timeout(Duration::from_millis(1)).is_some());
/// assert!(n.read_deadline(Instant::now()).is_some());
/// assert!(n.try_write().is_none() && n.write_timeout(Duration::from_millis(1)).is_none());
/// assert!(n.write_deadline(Instant::now()).is_none());
/// drop(reader);
/// let mut writer: ShardedRwMutexWriteGuard<'_, i32, 8> = n.write();
/// *writer += 1;
/// drop(writer);
/// assert_eq!(n.into_inner(), 3);
/// ```
#[doc(alias = "ShardedLock")]
pub struct ShardedRwMutex<T: ?Sized, const N: usize = 8> {
    locks: [CachePadded<PhaseLock>; N],
    value: UnsafeCell<T>,
}

// SAFETY: the mutex moves the value from thread to thread.
unsafe impl<T: ?Sized + Send, const N: usize> Send for ShardedRwMutex<T, N> {}
// SAFETY: it moves the value, for writers, and shares it, for readers.
unsafe impl<T: ?Sized + Send + Sync, const N: usize> Sync for ShardedRwMutex<T, N> {}

impl<T> ShardedRwMutex<T> {
    const_fn! {
        /// An unlocked mutex around `value`, with 8 locks. Another number is [`with_shards`](ShardedRwMutex::with_shards).
        #[inline]
        #[must_use]
        pub const fn new(value: T) -> ShardedRwMutex<T> {
            ShardedRwMutex::with_shards(value)
        }
    }
}

impl<T, const N: usize> ShardedRwMutex<T, N> {
    const_fn! {
        /// An unlocked mutex around `value`, with `N` locks. Does not compile unless `N` is a power of two.
        ///
        /// # Examples
        ///
        /// ```
        /// use gosync::ShardedRwMutex;
        ///
        /// static ROUTES: ShardedRwMutex<Vec<&str>, 16> = ShardedRwMutex::with_shards(Vec::new());
        ///
        /// ROUTES.write().push("/");
        /// assert_eq!(ROUTES.read().len(), 1);
        /// ```
        #[inline]
        #[must_use]
        pub const fn with_shards(value: T) -> ShardedRwMutex<T, N> {
            const { assert!(N.is_power_of_two(), "the number of locks must be a power of two") };
            ShardedRwMutex { locks: array!(CachePadded::new(PhaseLock::new()); N), value: UnsafeCell::new(value) }
        }
    }

    /// The value.
    #[inline]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized, const N: usize> ShardedRwMutex<T, N> {
    /// Locks for reading, and blocks until it can.
    ///
    /// # Panics
    ///
    /// Same as [`RwMutex::read`](crate::RwMutex::read).
    #[inline]
    #[track_caller]
    #[doc(alias = "RLock")]
    pub fn read(&self) -> ShardedRwMutexReadGuard<'_, T> {
        waits!("locks for reading");
        let lock = self.mine();
        lock.read();
        self.reader(lock)
    }

    /// Locks for reading if that is possible without waiting.
    ///
    /// # Panics
    ///
    /// Same as [`RwMutex::read`](crate::RwMutex::read).
    #[inline]
    #[track_caller]
    #[doc(alias = "TryRLock")]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_read(&self) -> Option<ShardedRwMutexReadGuard<'_, T>> {
        let lock = self.mine();
        lock.try_read().then(|| self.reader(lock))
    }

    /// Locks for reading, and blocks for at most `timeout`; one too long for the clock never expires.
    ///
    /// # Panics
    ///
    /// Same as [`RwMutex::read`](crate::RwMutex::read).
    #[track_caller]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn read_timeout(&self, timeout: Duration) -> Option<ShardedRwMutexReadGuard<'_, T>> {
        waits!("locks for reading");
        let lock = self.mine();
        lock.read_until(deadline_after(timeout)).then(|| self.reader(lock))
    }

    /// Locks for reading, and blocks until `deadline` at the latest. Even after it, locks if that is possible without waiting.
    ///
    /// # Panics
    ///
    /// Same as [`RwMutex::read`](crate::RwMutex::read).
    #[track_caller]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn read_deadline(&self, deadline: Instant) -> Option<ShardedRwMutexReadGuard<'_, T>> {
        waits!("locks for reading");
        let lock = self.mine();
        lock.read_until(Some(deadline)).then(|| self.reader(lock))
    }

    /// Locks for writing, and blocks until it can.
    #[doc(alias = "Lock")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn write(&self) -> ShardedRwMutexWriteGuard<'_, T, N> {
        waits!("locks for writing");
        self.used().iter().for_each(|lock| step!("sharded.write", lock.write()));
        ShardedRwMutexWriteGuard { mutex: self, _value: PhantomData }
    }

    /// Locks for writing if that is possible without waiting.
    #[doc(alias = "TryLock")]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_write(&self) -> Option<ShardedRwMutexWriteGuard<'_, T, N>> {
        self.write_each(|lock| lock.try_write().is_ok())
    }

    /// Locks for writing, and blocks for at most `timeout`; one too long for the clock never expires.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn write_timeout(&self, timeout: Duration) -> Option<ShardedRwMutexWriteGuard<'_, T, N>> {
        waits!("locks for writing");
        let deadline = deadline_after(timeout);
        self.write_each(|lock| lock.write_until(deadline))
    }

    /// Locks for writing, and blocks until `deadline` at the latest. Even after it, locks if that is possible without waiting.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn write_deadline(&self, deadline: Instant) -> Option<ShardedRwMutexWriteGuard<'_, T, N>> {
        waits!("locks for writing");
        self.write_each(|lock| lock.write_until(Some(deadline)))
    }

    /// The value, without locking: the borrow is exclusive.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: the mutex is borrowed exclusively, so no guard is there.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    /// The lock of the calling thread.
    #[inline]
    fn mine(&self) -> &PhaseLock {
        &self.locks[slot() % N]
    }

    /// The locks that are somebody's.
    fn used(&self) -> &[CachePadded<PhaseLock>] {
        &self.locks[..slots().min(N)]
    }

    /// The caller has just taken this lock, which is of a slot, for reading.
    #[inline(always)]
    fn reader<'a>(&'a self, lock: &'a PhaseLock) -> ShardedRwMutexReadGuard<'a, T> {
        ShardedRwMutexReadGuard { lock, value: &self.value, _value: PhantomData }
    }

    /// Takes one lock after the other for writing, or none.
    fn write_each(&self, mut take: impl FnMut(&PhaseLock) -> bool) -> Option<ShardedRwMutexWriteGuard<'_, T, N>> {
        let locks = self.used();
        if let Some(taken) = locks.iter().position(|lock| !take(lock)) {
            // SAFETY: they were taken just now, in this order, and this one was not.
            step!("sharded.back", unsafe { unlock(&locks[..taken]) });
            return None;
        }
        Some(ShardedRwMutexWriteGuard { mutex: self, _value: PhantomData })
    }
}

/// Releases these locks for a writer. The first one is the last: there the next writer waits, for all of them.
///
/// # Safety
///
/// All of them are held for writing, and the caller is the one that releases them, once.
unsafe fn unlock(locks: &[CachePadded<PhaseLock>]) {
    // SAFETY: the caller's contract.
    locks.iter().rev().for_each(|lock| unsafe { lock.write_unlock() });
}

impl<T: Default, const N: usize> Default for ShardedRwMutex<T, N> {
    fn default() -> ShardedRwMutex<T, N> {
        ShardedRwMutex::with_shards(T::default())
    }
}

impl<T, const N: usize> From<T> for ShardedRwMutex<T, N> {
    fn from(value: T) -> ShardedRwMutex<T, N> {
        ShardedRwMutex::with_shards(value)
    }
}

impl<T: ?Sized + fmt::Debug, const N: usize> fmt::Debug for ShardedRwMutex<T, N> {
    /// Shows the value if the mutex can be locked for reading at once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("ShardedRwMutex");
        match self.try_read() {
            Some(value) => fields.field("value", &&*value),
            None => fields.field("value", &format_args!("<locked>")),
        };
        fields.finish()
    }
}

/// A [`ShardedRwMutex`] that is locked for reading: gives access to the value, and unlocks when dropped, in whichever thread.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct ShardedRwMutexReadGuard<'a, T: ?Sized> {
    lock: &'a PhaseLock,
    value: &'a UnsafeCell<T>,
    // What the bounds below stand for.
    _value: PhantomData<&'a T>,
}

// SAFETY: any thread may unlock; the value is shared with the thread that has the guard.
unsafe impl<T: ?Sized + Sync> Send for ShardedRwMutexReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for ShardedRwMutexReadGuard<'_, T> {}

impl<T: ?Sized> Deref for ShardedRwMutexReadGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: no writer has all locks as long as this one is held for reading (invariant 2).
        self.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> Drop for ShardedRwMutexReadGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while this lock is held for reading, and releases it once.
        unsafe { self.lock.read_unlock() }
    }
}

/// A [`ShardedRwMutex`] that is locked for writing: gives access to the value, and unlocks when dropped, in whichever thread.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct ShardedRwMutexWriteGuard<'a, T: ?Sized, const N: usize = 8> {
    mutex: &'a ShardedRwMutex<T, N>,
    // What the bounds below stand for; without it a guard would be `Sync` whenever its mutex is.
    _value: PhantomData<&'a mut T>,
}

// SAFETY: any thread may unlock; the value moves with the guard.
unsafe impl<T: ?Sized + Send, const N: usize> Send for ShardedRwMutexWriteGuard<'_, T, N> {}
// SAFETY: a shared guard shares the value and nothing else.
unsafe impl<T: ?Sized + Sync, const N: usize> Sync for ShardedRwMutexWriteGuard<'_, T, N> {}

impl<T: ?Sized, const N: usize> Deref for ShardedRwMutexWriteGuard<'_, T, N> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: all locks are held for writing as long as the guard is there, and the guard is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized, const N: usize> DerefMut for ShardedRwMutexWriteGuard<'_, T, N> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized, const N: usize> Drop for ShardedRwMutexWriteGuard<'_, T, N> {
    fn drop(&mut self) {
        // SAFETY: the guard stands for them.
        unsafe { unlock(self.mutex.used()) };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ShardedRwMutexReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug, const N: usize> fmt::Debug for ShardedRwMutexWriteGuard<'_, T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ShardedRwMutexReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, const N: usize> fmt::Display for ShardedRwMutexWriteGuard<'_, T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
