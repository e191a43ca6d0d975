//! [`MappedMutexGuard`]: a guard for a part of the value.
//!
//! It has a pointer to the part and not a reference: a reference must be valid until the function returns that has it as an
//! argument, and the drop of a guard lets others in before it returns.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::MutexGuard;
use super::fair_lock::FairLock;

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// A guard for a part of the value. An associated function, since the value may have a method of this name.
    ///
    /// If `f` panics, the mutex is unlocked.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, "one"));
    /// *MutexGuard::map(pair.lock(), |pair| &mut pair.0) = 2;
    /// assert_eq!(*pair.lock(), (2, "one"));
    /// ```
    pub fn map<U: ?Sized>(mut guard: Self, f: impl FnOnce(&mut T) -> &mut U) -> MappedMutexGuard<'a, U> {
        let value = NonNull::from(f(&mut guard));
        MappedMutexGuard::of(guard.keep(), value)
    }

    /// A guard for a part of the value if `f` finds one; otherwise the guard itself.
    ///
    /// # Errors
    ///
    /// The guard, if `f` returned nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{Mutex, MutexGuard};
    ///
    /// let numbers = Mutex::new(vec![1]);
    /// *MutexGuard::filter_map(numbers.lock(), |numbers| numbers.first_mut()).unwrap() += 1;
    /// let guard = MutexGuard::filter_map(numbers.lock(), |numbers| numbers.get_mut(1)).unwrap_err();
    /// assert_eq!(*guard, [2]);
    /// ```
    #[doc(alias = "try_map")]
    pub fn filter_map<U: ?Sized>(
        mut guard: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U>, Self> {
        match f(&mut guard).map(NonNull::from) {
            Some(value) => Ok(MappedMutexGuard::of(guard.keep(), value)),
            None => Err(guard),
        }
    }

    /// Ends the guard and leaves the lock as it is, for another guard.
    fn keep(self) -> &'a FairLock {
        let lock = &self.mutex.lock;
        mem::forget(self);
        lock
    }
}

/// A part of the value of a locked [`Mutex`](crate::Mutex): what [`MutexGuard::map`] makes.
///
/// A [`Cond`](crate::Cond) cannot wait with it: while it waits the part may be replaced.
///
/// # Examples
///
/// ```
/// use gosync::{MappedMutexGuard, Mutex, MutexGuard};
///
/// let table = Mutex::new([[1, 2], [3, 4]]);
/// let row = MutexGuard::map(table.lock(), |table| &mut table[1]);
/// let Ok(mut cell) = MappedMutexGuard::filter_map(row, |row| row.last_mut()) else { unreachable!() };
/// *cell += 1;
/// let cell = MappedMutexGuard::map(cell, |cell| cell);
/// assert_eq!(*cell, 5);
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    lock: &'a FairLock,
    value: NonNull<T>,
    _value: PhantomData<&'a mut T>,
}

// SAFETY: as for the guard that it was made of, with a part of its value.
unsafe impl<T: ?Sized + Send> Send for MappedMutexGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for MappedMutexGuard<'_, T> {}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// The lock is held, and this is a part of what it guards.
    fn of(lock: &'a FairLock, value: NonNull<T>) -> MappedMutexGuard<'a, T> {
        MappedMutexGuard { lock, value, _value: PhantomData }
    }

    /// A guard for a part of this part.
    pub fn map<U: ?Sized>(mut guard: Self, f: impl FnOnce(&mut T) -> &mut U) -> MappedMutexGuard<'a, U> {
        let value = NonNull::from(f(&mut guard));
        MappedMutexGuard::of(guard.keep(), value)
    }

    /// A guard for a part of this part if `f` finds one; otherwise the guard itself.
    ///
    /// # Errors
    ///
    /// The guard, if `f` returned nothing.
    #[doc(alias = "try_map")]
    pub fn filter_map<U: ?Sized>(
        mut guard: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U>, Self> {
        match f(&mut guard).map(NonNull::from) {
            Some(value) => Ok(MappedMutexGuard::of(guard.keep(), value)),
            None => Err(guard),
        }
    }

    fn keep(self) -> &'a FairLock {
        let lock = self.lock;
        mem::forget(self);
        lock
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held as long as the guard is there, and the guard is borrowed.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while its mutex is locked, and unlocks it once.
        unsafe { self.lock.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
