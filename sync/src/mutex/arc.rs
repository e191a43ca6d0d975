//! [`ArcMutexGuard`]: a guard that owns a share of its mutex.

use std::fmt;
#[cfg(feature = "async")]
use std::future::Future;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
#[cfg(feature = "async")]
use std::pin::Pin;
use std::sync::Arc;
#[cfg(feature = "async")]
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{deadline_after, waits};

use super::Mutex;
#[cfg(feature = "async")]
use super::lock_async::Turn;

impl<T: ?Sized> Mutex<T> {
    /// Like [`lock`](Mutex::lock), with a guard that owns an `Arc` of the mutex and borrows nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gosync::{ArcMutexGuard, Mutex};
    ///
    /// fn locked() -> ArcMutexGuard<Vec<i32>> {
    ///     Arc::new(Mutex::new(vec![1])).lock_arc()
    /// }
    /// let mut guard = locked();
    /// guard.push(2);
    /// assert_eq!(*guard, [1, 2]);
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock_arc(self: &Arc<Self>) -> ArcMutexGuard<T> {
        waits!("locks a mutex");
        self.lock.lock();
        ArcMutexGuard::of(Arc::clone(self))
    }

    /// Like [`try_lock`](Mutex::try_lock), with a guard that borrows nothing.
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<ArcMutexGuard<T>> {
        self.lock.try_lock().then(|| ArcMutexGuard::of(Arc::clone(self)))
    }

    /// Like [`lock_timeout`](Mutex::lock_timeout), with a guard that borrows nothing.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn lock_arc_timeout(self: &Arc<Self>, timeout: Duration) -> Option<ArcMutexGuard<T>> {
        waits!("locks a mutex");
        self.lock.lock_until(deadline_after(timeout)).then(|| ArcMutexGuard::of(Arc::clone(self)))
    }

    /// Like [`lock_deadline`](Mutex::lock_deadline), with a guard that borrows nothing.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn lock_arc_deadline(self: &Arc<Self>, deadline: Instant) -> Option<ArcMutexGuard<T>> {
        waits!("locks a mutex");
        self.lock.lock_until(Some(deadline)).then(|| ArcMutexGuard::of(Arc::clone(self)))
    }

    /// Like [`lock_async`](Mutex::lock_async), with a guard and a future that borrow nothing. Feature `async`.
    ///
    /// # Panics
    ///
    /// Same as [`lock_async`](Mutex::lock_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::sync::Arc;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use gosync::Mutex;
    ///
    /// // Such a task can be spawned.
    /// let mutex = Arc::new(Mutex::new(1));
    /// let task = mutex.lock_arc_async();
    /// let Poll::Ready(mut guard) = pin!(task).poll(&mut Context::from_waker(Waker::noop())) else { unreachable!() };
    /// *guard += 1;
    /// drop(guard);
    /// assert_eq!(*mutex.lock(), 2);
    /// ```
    #[cfg(feature = "async")]
    pub fn lock_arc_async(self: &Arc<Self>) -> LockArcAsync<T> {
        LockArcAsync::new(Arc::clone(self))
    }
}

/// A locked [`Mutex`] that is held through an `Arc`: gives access to the value, unlocks when dropped, and borrows nothing. What
/// [`Mutex::lock_arc`] returns.
///
/// It may be sent to another thread, and unlocks wherever it is dropped. A leaked guard leaves the mutex locked.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct ArcMutexGuard<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
    // Only the bounds below say what it can be sent and shared for.
    _value: PhantomData<*mut T>,
}

// SAFETY: any thread may unlock; the value moves with the guard, and may be dropped with the share of it.
unsafe impl<T: ?Sized + Send> Send for ArcMutexGuard<T> {}
// SAFETY: a shared guard shares the value and nothing else. (Its share of the mutex it does not hand out.)
unsafe impl<T: ?Sized + Sync> Sync for ArcMutexGuard<T> {}

impl<T: ?Sized> ArcMutexGuard<T> {
    /// The caller has just taken the lock.
    fn of(mutex: Arc<Mutex<T>>) -> ArcMutexGuard<T> {
        ArcMutexGuard { mutex, _value: PhantomData }
    }

    pub(crate) fn mutex(guard: &Self) -> &Arc<Mutex<T>> {
        &guard.mutex
    }

    /// Same as [`MutexGuard::unlocked`](crate::MutexGuard::unlocked).
    ///
    /// # Panics
    ///
    /// Same as [`MutexGuard::unlocked`](crate::MutexGuard::unlocked).
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn unlocked<R>(guard: &mut Self, f: impl FnOnce() -> R) -> R {
        // SAFETY: the guard stands for the lock, and is borrowed until it is held again.
        unsafe { guard.mutex.while_unlocked(f) }
    }
}

impl<T: ?Sized> Deref for ArcMutexGuard<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held as long as the guard is there, and the guard is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for ArcMutexGuard<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Drop for ArcMutexGuard<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while its mutex is locked, and unlocks it once. The share goes afterwards.
        unsafe { self.mutex.lock.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ArcMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ArcMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Waits for a [`Mutex`], as a task, and borrows nothing: what [`Mutex::lock_arc_async`] returns.
///
/// [`Mutex::lock_async`] says what happens if it is dropped or leaked.
#[cfg(feature = "async")]
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct LockArcAsync<T: ?Sized> {
    // First: it uses the lock until it is dropped.
    turn: Turn<'static>,
    mutex: Arc<Mutex<T>>,
}

#[cfg(feature = "async")]
impl<T: ?Sized> LockArcAsync<T> {
    pub(crate) fn new(mutex: Arc<Mutex<T>>) -> LockArcAsync<T> {
        // SAFETY: the lock stays where it is, and lives as long as the future has its share, which goes after the turn. A function
        // that drops the future drops both, and so has a reference to a lock that is freed; but a lock is cells and nothing
        // else, and a reference to cells need not be good until the function returns.
        let lock = unsafe { &*std::ptr::from_ref(&mutex.lock) };
        LockArcAsync { turn: Turn::new(lock), mutex }
    }
}

#[cfg(feature = "async")]
impl<T: ?Sized> Future for LockArcAsync<T> {
    type Output = ArcMutexGuard<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ArcMutexGuard<T>> {
        // SAFETY: nothing is moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: a field that is pinned with its future, always.
        let turn = unsafe { Pin::new_unchecked(&mut this.turn) };
        turn.poll(context).map(|()| ArcMutexGuard::of(Arc::clone(&this.mutex)))
    }
}

#[cfg(feature = "async")]
impl<T: ?Sized> fmt::Debug for LockArcAsync<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockArcAsync").finish_non_exhaustive()
    }
}
