//! [`Pooled`]: an item that goes back.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

use super::places::Places;

/// An item of a [`Pool`](crate::Pool): gives access to it, and puts it back on drop, in any thread, also in a panic.
///
/// [`Pooled::take`] keeps it out of the pool.
#[must_use = "the item goes back when the guard is dropped"]
pub struct Pooled<'a, T> {
    /// There until the guard is dropped or taken apart.
    item: ManuallyDrop<T>,
    places: &'a Places<T>,
}

impl<'a, T> Pooled<'a, T> {
    #[inline(always)]
    pub(super) fn new(item: T, places: &'a Places<T>) -> Pooled<'a, T> {
        Pooled { item: ManuallyDrop::new(item), places }
    }

    /// Takes the item out of the guard; it does not go back.
    ///
    /// An associated function, since the item may have a method of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{Pool, Pooled};
    ///
    /// let pool = Pool::new(String::new);
    /// let mut line = pool.get();
    /// line.push_str("to be kept");
    /// let kept: String = Pooled::take(line);
    /// assert!(pool.try_get().is_none());
    /// assert_eq!(kept, "to be kept");
    /// ```
    #[inline]
    pub fn take(pooled: Pooled<'a, T>) -> T {
        let mut pooled = ManuallyDrop::new(pooled);
        // SAFETY: it was there, and the guard's drop does not come any more.
        unsafe { ManuallyDrop::take(&mut pooled.item) }
    }
}

impl<T> Deref for Pooled<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T> DerefMut for Pooled<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T> Drop for Pooled<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it is there, and nobody sees the guard any more.
        let item = unsafe { ManuallyDrop::take(&mut self.item) };
        // If there is no room it is dropped here, where no lock is held.
        drop(self.places.put(item));
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
