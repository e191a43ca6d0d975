//! The guards of an [`RwMutex`]: for reading, for writing, and for a part of the value.
//!
//! A guard for a part has a pointer to it and not a reference: a reference must be valid until the function returns that
//! has it as an argument, and the drop of a guard lets others in before it returns.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::RwMutex;
use super::phase_lock::PhaseLock;

/// An [`RwMutex`] that is locked for reading: gives access to the value, and unlocks when dropped.
///
/// It may be sent to another thread, and unlocks wherever it is dropped. A leaked guard leaves the mutex locked.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct RwMutexReadGuard<'a, T: ?Sized> {
    mutex: &'a RwMutex<T>,
    // What the bounds below stand for.
    _value: PhantomData<&'a T>,
}

// SAFETY: any thread may unlock; the value is shared with the thread that has the guard.
unsafe impl<T: ?Sized + Sync> Send for RwMutexReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for RwMutexReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwMutexReadGuard<'a, T> {
    /// The caller has just taken the lock.
    #[inline(always)]
    pub(super) fn of(mutex: &'a RwMutex<T>) -> RwMutexReadGuard<'a, T> {
        RwMutexReadGuard { mutex, _value: PhantomData }
    }

    /// A guard for a part of the value. An associated function, since the value may have a method of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{RwMutex, RwMutexReadGuard};
    ///
    /// let pair = RwMutex::new((1, "one"));
    /// let name = RwMutexReadGuard::map(pair.read(), |pair| &pair.1);
    /// assert_eq!(*name, "one");
    /// assert!(pair.try_write().is_none());
    /// ```
    pub fn map<U: ?Sized>(guard: Self, f: impl FnOnce(&T) -> &U) -> MappedRwMutexReadGuard<'a, U> {
        let value = NonNull::from(f(&guard));
        MappedRwMutexReadGuard::of(guard.keep(), value)
    }

    /// A guard for a part of the value if `f` finds one; otherwise the guard itself.
    ///
    /// # Errors
    ///
    /// The guard, if `f` returned nothing.
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        f: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<MappedRwMutexReadGuard<'a, U>, Self> {
        match f(&guard).map(NonNull::from) {
            Some(value) => Ok(MappedRwMutexReadGuard::of(guard.keep(), value)),
            None => Err(guard),
        }
    }

    /// Ends the guard and leaves the lock as it is, for another guard.
    fn keep(self) -> &'a PhaseLock {
        let lock = &self.mutex.lock;
        mem::forget(self);
        lock
    }
}

impl<T: ?Sized> Deref for RwMutexReadGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for reading as long as the guard is there, and the guard is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> Drop for RwMutexReadGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while its mutex is locked for reading, and unlocks it once.
        unsafe { self.mutex.lock.read_unlock() }
    }
}

/// An [`RwMutex`] that is locked for writing: gives access to the value, and unlocks when dropped.
///
/// It may be sent to another thread, and unlocks wherever it is dropped. A leaked guard leaves the mutex locked.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct RwMutexWriteGuard<'a, T: ?Sized> {
    mutex: &'a RwMutex<T>,
    // What the bounds below stand for; without it a guard would be `Sync` whenever its mutex is.
    _value: PhantomData<&'a mut T>,
}

// SAFETY: any thread may unlock; the value moves with the guard. And a downgrade shares it with the threads that have the mutex.
unsafe impl<T: ?Sized + Send + Sync> Send for RwMutexWriteGuard<'_, T> {}
// SAFETY: a shared guard shares the value and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for RwMutexWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwMutexWriteGuard<'a, T> {
    /// The caller has just taken the lock.
    #[inline(always)]
    pub(super) fn of(mutex: &'a RwMutex<T>) -> RwMutexWriteGuard<'a, T> {
        RwMutexWriteGuard { mutex, _value: PhantomData }
    }

    pub(crate) fn mutex(&self) -> &'a RwMutex<T> {
        self.mutex
    }

    /// Turns a write guard into a read guard. No writer comes in between, and queued readers are let in as by an
    /// unlock. Not in Go.
    ///
    /// # Panics
    ///
    /// If a waker of a task that is let in panics. Then the mutex is unlocked.
    ///
    /// # Memory ordering
    ///
    /// For other threads it is the writer's unlock (`gosync.rw-downgrade`).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{RwMutex, RwMutexWriteGuard};
    ///
    /// let mutex = RwMutex::new(1);
    /// let mut writer = mutex.write();
    /// *writer = 2;
    /// let reader = RwMutexWriteGuard::downgrade(writer);
    /// assert_eq!((*reader, *mutex.read()), (2, 2));
    /// ```
    pub fn downgrade(guard: Self) -> RwMutexReadGuard<'a, T> {
        let mutex = guard.mutex;
        mem::forget(guard);
        // First, in case that a waker panics: that unlocks.
        let reader = RwMutexReadGuard::of(mutex);
        // SAFETY: the guard stood for the lock.
        unsafe { mutex.lock.downgrade() };
        reader
    }

    /// Unlocks, calls `f`, locks again for writing, blocking until it can, and returns what `f` returned. Go:
    /// `rw.Unlock(); f(); rw.Lock()`.
    ///
    /// Others may change the value meanwhile. A read guard has no such function: locking again may panic, because
    /// readers are counted, and the guard must stay locked.
    ///
    /// # Panics
    ///
    /// If `f` panics, or if the unlock calls a waker that panics, before `f`. The guard locks the mutex again first.
    ///
    /// # Memory ordering
    ///
    /// That of an unlock and of a [`write`](RwMutex::write): see [`RwMutex`](RwMutex#memory-ordering).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{RwMutex, RwMutexWriteGuard};
    ///
    /// let mutex = RwMutex::new(1);
    /// let mut guard = mutex.write();
    /// let seen = RwMutexWriteGuard::unlocked(&mut guard, || *mutex.read());
    /// assert_eq!((seen, *guard), (1, 1));
    /// assert!(mutex.is_write_locked());
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[doc(alias = "Unlock")]
    pub fn unlocked<R>(guard: &mut Self, f: impl FnOnce() -> R) -> R {
        guard.mutex.while_unlocked(f)
    }

    /// A guard for a part of the value. An associated function, since the value may have a method of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{RwMutex, RwMutexWriteGuard};
    ///
    /// let pair = RwMutex::new((1, "one"));
    /// *RwMutexWriteGuard::map(pair.write(), |pair| &mut pair.0) = 2;
    /// assert_eq!(*pair.read(), (2, "one"));
    /// ```
    pub fn map<U: ?Sized>(mut guard: Self, f: impl FnOnce(&mut T) -> &mut U) -> MappedRwMutexWriteGuard<'a, U> {
        let value = NonNull::from(f(&mut guard));
        MappedRwMutexWriteGuard::of(guard.keep(), value)
    }

    /// A guard for a part of the value if `f` finds one; otherwise the guard itself.
    ///
    /// # Errors
    ///
    /// The guard, if `f` returned nothing.
    pub fn filter_map<U: ?Sized>(
        mut guard: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedRwMutexWriteGuard<'a, U>, Self> {
        match f(&mut guard).map(NonNull::from) {
            Some(value) => Ok(MappedRwMutexWriteGuard::of(guard.keep(), value)),
            None => Err(guard),
        }
    }

    /// Ends the guard and leaves the lock as it is, for another guard.
    fn keep(self) -> &'a PhaseLock {
        let lock = &self.mutex.lock;
        mem::forget(self);
        lock
    }
}

impl<T: ?Sized> Deref for RwMutexWriteGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for writing as long as the guard is there, and the guard is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for RwMutexWriteGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Drop for RwMutexWriteGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the guard stands for it.
        unsafe { self.mutex.lock.write_unlock() };
    }
}

/// A part of the value of an [`RwMutex`] that is locked for reading: what [`RwMutexReadGuard::map`] makes.
///
/// # Examples
///
/// ```
/// use gosync::{MappedRwMutexReadGuard, RwMutex, RwMutexReadGuard};
///
/// let table = RwMutex::new([[1, 2], [3, 4]]);
/// let Ok(row) = RwMutexReadGuard::filter_map(table.read(), |table| table.get(1)) else { unreachable!() };
/// let row = MappedRwMutexReadGuard::map(row, |row| &row[..]);
/// let Ok(cell) = MappedRwMutexReadGuard::filter_map(row, |row| row.last()) else { unreachable!() };
/// assert_eq!(*cell, 4);
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct MappedRwMutexReadGuard<'a, T: ?Sized> {
    lock: &'a PhaseLock,
    value: NonNull<T>,
    _value: PhantomData<&'a T>,
}

// SAFETY: as for the guard that it was made of, with a part of its value.
unsafe impl<T: ?Sized + Sync> Send for MappedRwMutexReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwMutexReadGuard<'_, T> {}

impl<'a, T: ?Sized> MappedRwMutexReadGuard<'a, T> {
    /// The lock is held for reading, and this is a part of what it guards.
    fn of(lock: &'a PhaseLock, value: NonNull<T>) -> MappedRwMutexReadGuard<'a, T> {
        MappedRwMutexReadGuard { lock, value, _value: PhantomData }
    }

    /// A guard for a part of this part.
    pub fn map<U: ?Sized>(guard: Self, f: impl FnOnce(&T) -> &U) -> MappedRwMutexReadGuard<'a, U> {
        let value = NonNull::from(f(&guard));
        MappedRwMutexReadGuard::of(guard.keep(), value)
    }

    /// A guard for a part of this part if `f` finds one; otherwise the guard itself.
    ///
    /// # Errors
    ///
    /// The guard, if `f` returned nothing.
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        f: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<MappedRwMutexReadGuard<'a, U>, Self> {
        match f(&guard).map(NonNull::from) {
            Some(value) => Ok(MappedRwMutexReadGuard::of(guard.keep(), value)),
            None => Err(guard),
        }
    }

    /// Ends the guard and leaves the lock as it is, for another guard.
    fn keep(self) -> &'a PhaseLock {
        let lock = self.lock;
        mem::forget(self);
        lock
    }
}

impl<T: ?Sized> Deref for MappedRwMutexReadGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for reading as long as the guard is there, and the guard is borrowed.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> Drop for MappedRwMutexReadGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while its mutex is locked for reading, and unlocks it once.
        unsafe { self.lock.read_unlock() }
    }
}

/// A part of the value of an [`RwMutex`] that is locked for writing: what [`RwMutexWriteGuard::map`] makes.
///
/// # Examples
///
/// ```
/// use gosync::{MappedRwMutexWriteGuard, RwMutex, RwMutexWriteGuard};
///
/// let table = RwMutex::new([[1, 2], [3, 4]]);
/// let Ok(row) = RwMutexWriteGuard::filter_map(table.write(), |table| table.get_mut(1)) else { unreachable!() };
/// let row = MappedRwMutexWriteGuard::map(row, |row| &mut row[..]);
/// let Ok(mut cell) = MappedRwMutexWriteGuard::filter_map(row, |row| row.last_mut()) else { unreachable!() };
/// *cell += 1;
/// drop(cell);
/// assert_eq!(table.read()[1][1], 5);
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct MappedRwMutexWriteGuard<'a, T: ?Sized> {
    lock: &'a PhaseLock,
    value: NonNull<T>,
    _value: PhantomData<&'a mut T>,
}

// SAFETY: as for the guard that it was made of, with a part of its value.
unsafe impl<T: ?Sized + Send> Send for MappedRwMutexWriteGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwMutexWriteGuard<'_, T> {}

impl<'a, T: ?Sized> MappedRwMutexWriteGuard<'a, T> {
    /// The lock is held for writing, and this is a part of what it guards.
    fn of(lock: &'a PhaseLock, value: NonNull<T>) -> MappedRwMutexWriteGuard<'a, T> {
        MappedRwMutexWriteGuard { lock, value, _value: PhantomData }
    }

    /// A guard for a part of this part.
    pub fn map<U: ?Sized>(mut guard: Self, f: impl FnOnce(&mut T) -> &mut U) -> MappedRwMutexWriteGuard<'a, U> {
        let value = NonNull::from(f(&mut guard));
        MappedRwMutexWriteGuard::of(guard.keep(), value)
    }

    /// A guard for a part of this part if `f` finds one; otherwise the guard itself.
    ///
    /// # Errors
    ///
    /// The guard, if `f` returned nothing.
    pub fn filter_map<U: ?Sized>(
        mut guard: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedRwMutexWriteGuard<'a, U>, Self> {
        match f(&mut guard).map(NonNull::from) {
            Some(value) => Ok(MappedRwMutexWriteGuard::of(guard.keep(), value)),
            None => Err(guard),
        }
    }

    /// Ends the guard and leaves the lock as it is, for another guard.
    fn keep(self) -> &'a PhaseLock {
        let lock = self.lock;
        mem::forget(self);
        lock
    }
}

impl<T: ?Sized> Deref for MappedRwMutexWriteGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for writing as long as the guard is there, and the guard is borrowed.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedRwMutexWriteGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedRwMutexWriteGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the guard stands for it.
        unsafe { self.lock.write_unlock() };
    }
}

/// Guards print as their value does.
macro_rules! print_as_value {
    ($($guard:ident)*) => {
        $(
            impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<'_, T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    (**self).fmt(f)
                }
            }

            impl<T: ?Sized + fmt::Display> fmt::Display for $guard<'_, T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    (**self).fmt(f)
                }
            }
        )*
    };
}

print_as_value!(RwMutexReadGuard RwMutexWriteGuard MappedRwMutexReadGuard MappedRwMutexWriteGuard);
