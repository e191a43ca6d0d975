//! [`Mutex`]: a value and the lock that guards it. The lock is in `fair_lock.rs`; [`RawMutex`] is the lock alone.

mod arc;
pub(crate) mod fair_lock;
#[cfg(feature = "lock_api")]
mod lock_api;
#[cfg(feature = "async")]
pub(crate) mod lock_async;
mod mapped;
mod raw_mutex;
mod word;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{UnsafeCell, const_fn, deadline_after, waits};

pub use arc::ArcMutexGuard;
#[cfg(feature = "async")]
pub use arc::LockArcAsync;
use fair_lock::FairLock;
#[cfg(feature = "async")]
pub use lock_async::{LockAsync, RawLockAsync};
pub use mapped::MappedMutexGuard;
pub use raw_mutex::RawMutex;
pub(crate) use raw_mutex::unlocked;

/// A value that one thread at a time may use: Go's `sync.Mutex` with the data that it protects.
///
/// Four bytes plus the value, no allocation, `const`. A panic while it is locked unlocks it and leaves the value as
/// it is: there is no poisoning, as in Go. The guard may be sent to another thread and unlock there.
///
/// Since nothing records that a critical section panicked half way, a mutex is not
/// [`RefUnwindSafe`](std::panic::RefUnwindSafe): a closure for `catch_unwind` that uses one needs `AssertUnwindSafe`.
///
/// # Fairness
///
/// Waiters, threads and tasks alike, are served in order of arrival. A running thread that finds the mutex unlocked
/// may overtake them, which makes a contended mutex fast, but only for a limited time: from 0.25 to 0.5 ms after the
/// first waiter was first woken (Go: 1 ms), threads that would overtake it queue behind the others instead. Under
/// saturation this costs at most one wake-up in 0.25 ms, where Go's starvation mode pays one for every critical
/// section.
///
/// # Memory ordering
///
/// For *n* < *m*, the *n*-th unlock happens before the return of the *m*-th `lock` (`mutex.n-unlock-before-m-lock`),
/// whichever threads they are in (`mutex.unlock-by-other-goroutine`). A successful `try_lock`, `lock_timeout` or
/// `lock_deadline` counts as a `lock` (`mutex.trylock-success-is-lock`); one that fails orders nothing
/// (`mutex.trylock-failure-no-edge`).
///
/// # Examples
///
/// ```
/// use gosync::Mutex;
///
/// static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
///
/// std::thread::scope(|scope| {
///     scope.spawn(|| NAMES.lock().push("gopher"));
///     scope.spawn(|| NAMES.lock().push("ferris"));
/// });
/// let mut names = NAMES.lock();
/// names.sort();
/// assert_eq!(*names, ["ferris", "gopher"]);
/// ```
///
/// Through `&mut`, without locking; and with a deadline:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use gosync::Mutex;
///
/// let mut n = Mutex::new(1);
/// *n.get_mut() += 1;
/// let guard = n.lock();
/// assert!(n.lock_timeout(Duration::from_millis(1)).is_none());
/// assert!(n.lock_deadline(Instant::now()).is_none());
/// drop(guard);
/// assert_eq!(n.into_inner(), 2);
/// ```
#[doc(alias = "sync.Mutex")]
pub struct Mutex<T: ?Sized> {
    lock: FairLock,
    value: UnsafeCell<T>,
}

// SAFETY: the mutex moves the value from thread to thread, and never shares it.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above: only the holder of the lock reaches the value.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    const_fn! {
        /// An unlocked mutex around `value`.
        #[inline]
        #[must_use]
        pub const fn new(value: T) -> Mutex<T> {
            Mutex { lock: FairLock::new(), value: UnsafeCell::new(value) }
        }
    }

    /// The value.
    #[inline]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks, and blocks until it can. Go: `mu.Lock()`.
    ///
    /// Not re-entrant: a thread that holds the mutex and locks it again deadlocks, as in Go.
    #[inline]
    #[doc(alias = "Lock")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        waits!("locks a mutex");
        self.lock.lock();
        MutexGuard::of(self)
    }

    /// Locks, and lets the task wait until it can: `mutex.lock_async().await`. Feature `async`. Go: `mu.Lock()`.
    ///
    /// Works on any executor. Tasks and threads share one queue, are served in order of arrival, and have the same
    /// bound on overtaking. A waiting task does not spin: it tries once each time it is woken, so it may be woken
    /// several times in the quarter of a millisecond in which others may overtake it. The guard may be held across an
    /// `.await`. But [`lock`](Mutex::lock) blocks its thread, so a task must not call it if the same executor thread
    /// has to run the holder.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time. It then leaves the queue, or passes its wake-up on to the next waiter;
    /// no other waiter is delayed. It loses its place.
    ///
    /// A future that has been polled must be polled again when it is woken, or be dropped: once it was woken, other
    /// waiters wait for it as they do for a holder. So a task must not keep a queued future unpolled, for example in
    /// a `select!` by reference, while it waits for something else that needs the same mutex. Leaking a queued future
    /// (`mem::forget`) is like leaking a guard: once its turn comes, the mutex stays locked.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion. A waker's panic is raised by the unlock that called it, or
    /// by the drop of a future that passed its wake-up on; the mutex is not affected. If that thread is already
    /// panicking, the waker's panic is dropped.
    ///
    /// # Memory ordering
    ///
    /// A completed `lock_async` counts as a `lock`: see [`Mutex`](Mutex#memory-ordering). One that is dropped before
    /// completion orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let mutex = gosync::Mutex::new(1);
    /// // As an executor does it.
    /// let mut context = Context::from_waker(Waker::noop());
    /// let guard = mutex.lock();
    /// let mut task = pin!(async { *mutex.lock_async().await += 1 });
    /// assert!(task.as_mut().poll(&mut context).is_pending());
    /// drop(guard);
    /// assert_eq!(task.as_mut().poll(&mut context), Poll::Ready(()));
    /// assert_eq!(*mutex.lock(), 2);
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "Lock")]
    pub fn lock_async(&self) -> LockAsync<'_, T> {
        LockAsync::new(self)
    }

    /// Locks if that is possible without waiting. Go: `mu.TryLock()`.
    ///
    /// `None` only if the mutex is locked, or reserved for a waiter that was overtaken for too long.
    ///
    /// # Examples
    ///
    /// ```
    /// let mutex = gosync::Mutex::new(1);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_none());
    /// drop(guard);
    /// assert!(mutex.try_lock().is_some());
    /// ```
    #[inline]
    #[doc(alias = "TryLock")]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.lock.try_lock().then(|| MutexGuard::of(self))
    }

    /// Locks, and blocks for at most `timeout`. Not in Go.
    ///
    /// A `timeout` too long for the clock never expires.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mutex = gosync::Mutex::new(1);
    /// let guard = mutex.lock();
    /// assert!(mutex.lock_timeout(Duration::from_millis(5)).is_none());
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn lock_timeout(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        waits!("locks a mutex");
        self.lock.lock_until(deadline_after(timeout)).then(|| MutexGuard::of(self))
    }

    /// Locks, and blocks until `deadline` at the latest. Even after it, locks if that is possible without waiting.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn lock_deadline(&self, deadline: Instant) -> Option<MutexGuard<'_, T>> {
        waits!("locks a mutex");
        self.lock.lock_until(Some(deadline)).then(|| MutexGuard::of(self))
    }

    /// Whether it is locked at this moment. Never blocks; one load. Not in Go.
    ///
    /// A snapshot, for reports and assertions. An unlocked mutex may still refuse a [`try_lock`](Mutex::try_lock),
    /// since it may be reserved for a waiter.
    ///
    /// # Memory ordering
    ///
    /// None, whatever it returns. To see what the last holder did, lock.
    ///
    /// # Examples
    ///
    /// ```
    /// let mutex = gosync::Mutex::new(1);
    /// let guard = mutex.lock();
    /// assert!(mutex.is_locked());
    /// drop(guard);
    /// assert!(!mutex.is_locked());
    /// ```
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.state().locked
    }

    /// The value, without locking: the borrow is exclusive.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: the mutex is borrowed exclusively, so no guard is there.
        self.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Mutex<T> {
    /// For a wait: unlocks.
    ///
    /// # Safety
    ///
    /// It is locked, and the guard that stands for that is neither used nor dropped before [`relock`](Mutex::relock).
    pub(crate) unsafe fn release(&self) {
        // SAFETY: the caller's contract.
        unsafe { self.lock.unlock() }
    }

    /// For a wait: locks for the guard that is still there.
    pub(crate) fn relock(&self) {
        self.lock.lock();
    }

    /// Calls `f` while the lock is released that a guard stands for, and locks again, however that ends.
    ///
    /// # Safety
    ///
    /// The guard is borrowed meanwhile.
    #[cfg_attr(feature = "deadlock", track_caller)]
    unsafe fn while_unlocked<R>(&self, f: impl FnOnce() -> R) -> R {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the guard's, which nobody uses until it is locked again.
            unsafe { self.release() };
            f()
        }));
        waits!("locks a mutex");
        self.relock();
        outcome.unwrap_or_else(|payload| resume_unwind(payload))
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    /// Shows the value if the mutex can be locked at once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(value) => fields.field("value", &&*value),
            None => fields.field("value", &format_args!("<locked>")),
        };
        fields.finish()
    }
}

/// A locked [`Mutex`]: gives access to the value, and unlocks when dropped.
///
/// It may be sent to another thread, and unlocks wherever it is dropped. A leaked guard leaves the mutex locked.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    // What the bounds below stand for; without it a guard would be `Sync` whenever its mutex is.
    _value: PhantomData<&'a mut T>,
}

// SAFETY: any thread may unlock; the value moves with the guard.
unsafe impl<T: ?Sized + Send> Send for MutexGuard<'_, T> {}
// SAFETY: a shared guard shares the value and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The caller has just taken the lock.
    #[inline(always)]
    fn of(mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
        MutexGuard { mutex, _value: PhantomData }
    }

    pub(crate) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }

    /// Unlocks, calls `f`, locks again, blocking until it can, and returns what `f` returned. Go: `mu.Unlock(); f();
    /// mu.Lock()`.
    ///
    /// Others may change the value meanwhile. An associated function, since the value may have a method of this name.
    ///
    /// # Panics
    ///
    /// If `f` panics, or if the unlock calls a waker that panics, before `f`. The guard locks the mutex again first.
    ///
    /// # Memory ordering
    ///
    /// That of an unlock and of a [`lock`](Mutex::lock): see [`Mutex`](Mutex#memory-ordering).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{Mutex, MutexGuard};
    ///
    /// let mutex = Mutex::new(1);
    /// let mut guard = mutex.lock();
    /// let seen = MutexGuard::unlocked(&mut guard, || {
    ///     *mutex.lock() += 1;
    ///     "something that takes long"
    /// });
    /// assert_eq!((seen, *guard), ("something that takes long", 2));
    /// assert!(mutex.is_locked());
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[doc(alias = "Unlock")]
    pub fn unlocked<R>(guard: &mut Self, f: impl FnOnce() -> R) -> R {
        // SAFETY: the guard stands for the lock, and is borrowed until it is held again.
        unsafe { guard.mutex.while_unlocked(f) }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held as long as the guard is there, and the guard is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while its mutex is locked, and unlocks it once.
        unsafe { self.mutex.lock.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
