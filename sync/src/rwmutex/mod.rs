//! [`RwMutex`]: a value and the readers-writer lock that guards it. The lock is in `phase_lock/`; [`RawRwMutex`] is the
//! lock alone; [`ShardedRwMutex`] is many of them.

mod arc;
mod biased;
mod guards;
#[cfg(feature = "lock_api")]
mod lock_api;
mod phase_lock;
mod raw_rwmutex;
#[cfg(feature = "async")]
mod rw_async;
mod sharded;
mod word;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{UnsafeCell, const_fn, deadline_after, waits};

pub use arc::{ArcRwMutexReadGuard, ArcRwMutexWriteGuard};
#[cfg(feature = "async")]
pub use arc::{ReadArcAsync, WriteArcAsync};
pub(crate) use biased::{BiasedRwMutex, ReadGuard, WriteGuard};
pub use guards::{MappedRwMutexReadGuard, MappedRwMutexWriteGuard, RwMutexReadGuard, RwMutexWriteGuard};
use phase_lock::PhaseLock;
pub use raw_rwmutex::RawRwMutex;
pub(crate) use raw_rwmutex::unlocked;
#[cfg(feature = "async")]
pub use rw_async::{RawReadAsync, RawWriteAsync, ReadAsync, WriteAsync};
pub use sharded::{ShardedRwMutex, ShardedRwMutexReadGuard, ShardedRwMutexWriteGuard};

/// A value that many threads may read, or one may write: Go's `sync.RWMutex` with the data that it protects.
///
/// Eight bytes plus the value, no allocation, `const`. An uncontended read or write costs two atomic operations, one
/// to lock and one to unlock. A panic while it is locked unlocks it and leaves the value as it is: there is no
/// poisoning, as in Go. Guards may be sent to another thread and unlock there.
///
/// # Fairness
///
/// As in Go, a waiting writer keeps new readers out, and when a writer unlocks, all queued readers are let in before
/// the next writer. Unlike in Go, a writer first waits for a gap between readers for some tens of microseconds, in
/// which new readers still come in; that spares many short readers a sleep. After that, a queued reader waits for one
/// writer at most, and the next writer waits only for the readers that were there before it. Writers, threads and
/// tasks alike, are served in order of arrival, but running ones may overtake queued ones, within the bound of a
/// [`Mutex`](crate::Mutex#fairness).
///
/// # Deadlocks
///
/// A thread that has a guard must not lock again, not even to read: a writer that comes in between waits for the
/// first guard, and the second `read` waits for that writer. It is the same in Go. A read guard cannot be upgraded;
/// for a write guard there is [`downgrade`](RwMutexWriteGuard::downgrade).
///
/// # Memory ordering
///
/// For *n* < *m*, the *n*-th unlock of a writer happens before the return of the *m*-th `write`
/// (`rw.n-unlock-before-m-lock`). The unlocks of the writers that came before a reader happen before the return of its
/// `read` (`rw.unlock-before-rlock`), and its unlock happens before the return of the next `write`
/// (`rw.runlock-before-next-lock`). Readers are not ordered among each other (`rw.readers-mutually-unordered`). A
/// successful try, or one with a deadline, counts as the lock; one that fails orders nothing (`rw.try`).
///
/// # Examples
///
/// ```
/// use gosync::RwMutex;
///
/// static ROUTES: RwMutex<Vec<(&str, u16)>> = RwMutex::new(Vec::new());
///
/// ROUTES.write().push(("/metrics", 9100));
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| assert_eq!(ROUTES.read().len(), 1));
///     }
/// });
/// ```
///
/// Through `&mut`, without locking; and with a deadline:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use gosync::RwMutex;
///
/// let mut n = RwMutex::new(1);
/// *n.get_mut() += 1;
/// let reader = n.read();
/// assert!(n.read_deadline(Instant::now()).is_some());
/// assert!(n.write_timeout(Duration::from_millis(1)).is_none());
/// assert!(n.write_deadline(Instant::now()).is_none());
/// drop(reader);
/// assert_eq!(n.into_inner(), 2);
/// ```
#[doc(alias = "sync.RWMutex")]
#[doc(alias = "RwLock")]
pub struct RwMutex<T: ?Sized> {
    lock: PhaseLock,
    value: UnsafeCell<T>,
}

// SAFETY: the mutex moves the value from thread to thread.
unsafe impl<T: ?Sized + Send> Send for RwMutex<T> {}
// SAFETY: it moves the value, for writers, and shares it, for readers.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwMutex<T> {}

impl<T> RwMutex<T> {
    const_fn! {
        /// An unlocked mutex around `value`.
        #[inline]
        #[must_use]
        pub const fn new(value: T) -> RwMutex<T> {
            RwMutex { lock: PhaseLock::new(), value: UnsafeCell::new(value) }
        }
    }

    /// The value.
    #[inline]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwMutex<T> {
    /// Locks for reading, and blocks until it can. Go: `rw.RLock()`.
    ///
    /// Deadlocks if the thread already has a guard and a writer waits: see [above](RwMutex#deadlocks).
    ///
    /// # Panics
    ///
    /// If there are more than 67 million readers, which takes leaked guards.
    #[inline]
    #[track_caller]
    #[doc(alias = "RLock")]
    pub fn read(&self) -> RwMutexReadGuard<'_, T> {
        waits!("locks for reading");
        self.lock.read();
        RwMutexReadGuard::of(self)
    }

    /// Locks for reading if that is possible without waiting. Go: `rw.TryRLock()`.
    ///
    /// `None` only if a writer has the lock or waits for it.
    ///
    /// # Panics
    ///
    /// Same as [`read`](RwMutex::read).
    ///
    /// # Examples
    ///
    /// ```
    /// let mutex = gosync::RwMutex::new(1);
    /// let reader = mutex.read();
    /// assert_eq!(*mutex.try_read().unwrap(), 1);
    /// assert!(mutex.try_write().is_none());
    /// drop(reader);
    /// let writer = mutex.write();
    /// assert!(mutex.try_read().is_none());
    /// ```
    #[inline]
    #[track_caller]
    #[doc(alias = "TryRLock")]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_read(&self) -> Option<RwMutexReadGuard<'_, T>> {
        self.lock.try_read().then(|| RwMutexReadGuard::of(self))
    }

    /// Locks for reading, and blocks for at most `timeout`. Not in Go.
    ///
    /// A `timeout` too long for the clock never expires.
    ///
    /// # Panics
    ///
    /// Same as [`read`](RwMutex::read).
    #[track_caller]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn read_timeout(&self, timeout: Duration) -> Option<RwMutexReadGuard<'_, T>> {
        waits!("locks for reading");
        self.lock.read_until(deadline_after(timeout)).then(|| RwMutexReadGuard::of(self))
    }

    /// Locks for reading, and blocks until `deadline` at the latest. Even after it, locks if that is possible without waiting.
    ///
    /// # Panics
    ///
    /// Same as [`read`](RwMutex::read).
    #[track_caller]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn read_deadline(&self, deadline: Instant) -> Option<RwMutexReadGuard<'_, T>> {
        waits!("locks for reading");
        self.lock.read_until(Some(deadline)).then(|| RwMutexReadGuard::of(self))
    }

    /// Locks for reading, and lets the task wait until it can: `mutex.read_async().await`. Feature `async`. Go:
    /// `rw.RLock()`.
    ///
    /// Works on any executor. Tasks and threads share one queue, and are let in together. A waiting task does not
    /// spin. The guard may be held across an `.await`. But [`write`](RwMutex::write) blocks its thread, so a task
    /// must not call it if the same executor thread has to run the holder.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time: it leaves the queue or, if it was let in, unlocks. No other waiter is
    /// delayed.
    ///
    /// A future that has been polled must be polled again when it is woken, or be dropped: once it was let in, it
    /// acts like a guard. Leaking a queued future (`mem::forget`) is like leaking a guard.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion, and like [`read`](RwMutex::read).
    ///
    /// # Memory ordering
    ///
    /// A completed `read_async` counts as a `read`; one that is dropped before completion orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let mutex = gosync::RwMutex::new(1);
    /// // As an executor does it.
    /// let mut context = Context::from_waker(Waker::noop());
    /// let writer = mutex.write();
    /// let mut task = pin!(async { *mutex.read_async().await });
    /// assert!(task.as_mut().poll(&mut context).is_pending());
    /// drop(writer);
    /// assert_eq!(task.as_mut().poll(&mut context), Poll::Ready(1));
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "RLock")]
    pub fn read_async(&self) -> ReadAsync<'_, T> {
        ReadAsync::new(self)
    }

    /// Locks for writing, and blocks until it can. Go: `rw.Lock()`.
    ///
    /// Not re-entrant: a thread that has a guard of this mutex and locks it again deadlocks, as in Go.
    #[inline]
    #[doc(alias = "Lock")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn write(&self) -> RwMutexWriteGuard<'_, T> {
        waits!("locks for writing");
        self.lock.write();
        RwMutexWriteGuard::of(self)
    }

    /// Locks for writing if that is possible without waiting. Go: `rw.TryLock()`.
    ///
    /// `None` only if another thread holds the lock, waits for it, or is about to fail to lock it for reading.
    #[inline]
    #[doc(alias = "TryLock")]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_write(&self) -> Option<RwMutexWriteGuard<'_, T>> {
        self.lock.try_write().is_ok().then(|| RwMutexWriteGuard::of(self))
    }

    /// Locks for writing, and blocks for at most `timeout`. Not in Go.
    ///
    /// A `timeout` too long for the clock never expires. If it times out, readers that it kept out are let in at
    /// once.
    ///
    /// # Panics
    ///
    /// If it times out and a waker of a task that it lets in panics. The lock is not taken then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mutex = gosync::RwMutex::new(1);
    /// let reader = mutex.read();
    /// assert!(mutex.write_timeout(Duration::from_millis(5)).is_none());
    /// assert!(mutex.read_timeout(Duration::from_millis(5)).is_some());
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn write_timeout(&self, timeout: Duration) -> Option<RwMutexWriteGuard<'_, T>> {
        waits!("locks for writing");
        self.lock.write_until(deadline_after(timeout)).then(|| RwMutexWriteGuard::of(self))
    }

    /// Locks for writing, and blocks until `deadline` at the latest. Even after it, locks if that is possible without waiting.
    ///
    /// # Panics
    ///
    /// Same as [`write_timeout`](RwMutex::write_timeout).
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn write_deadline(&self, deadline: Instant) -> Option<RwMutexWriteGuard<'_, T>> {
        waits!("locks for writing");
        self.lock.write_until(Some(deadline)).then(|| RwMutexWriteGuard::of(self))
    }

    /// Locks for writing, and lets the task wait until it can: `mutex.write_async().await`. Feature `async`. Go:
    /// `rw.Lock()`.
    ///
    /// Works on any executor. Tasks and threads share one queue, with the same bound on overtaking. A waiting task
    /// does not spin: it tries once each time it is woken, so it may be woken several times. The guard may be held
    /// across an `.await`. But the blocking methods block their thread, so a task must not call them if the same
    /// executor thread has to run the holder.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time: it leaves the queue, or passes the lock on, and readers that it kept
    /// out are let in. No other waiter is delayed. It loses its place.
    ///
    /// A future that has been polled must be polled again when it is woken, or be dropped: other waiters wait for it
    /// as they do for a holder. So a task must not keep a queued future unpolled, for example in a `select!` by
    /// reference, while it waits for something else that needs the same mutex. Leaking a queued future
    /// (`mem::forget`) is like leaking a guard.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion. A waker's panic is raised by the unlock that called it, or
    /// by the drop of a future that passed its wake-up on; the mutex is not affected.
    ///
    /// # Memory ordering
    ///
    /// A completed `write_async` counts as a `write`; one that is dropped before completion orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let mutex = gosync::RwMutex::new(1);
    /// let mut context = Context::from_waker(Waker::noop());
    /// let reader = mutex.read();
    /// let mut task = pin!(async { *mutex.write_async().await += 1 });
    /// assert!(task.as_mut().poll(&mut context).is_pending());
    /// assert!(mutex.try_read().is_none(), "a writer waits");
    /// drop(reader);
    /// assert_eq!(task.as_mut().poll(&mut context), Poll::Ready(()));
    /// assert_eq!(*mutex.read(), 2);
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "Lock")]
    pub fn write_async(&self) -> WriteAsync<'_, T> {
        WriteAsync::new(self)
    }

    /// Whether it is locked at this moment, for reading or for writing. Never blocks; one load. Not in Go.
    ///
    /// A snapshot, for reports and assertions. A reader that is about to fail to lock counts as well.
    ///
    /// # Memory ordering
    ///
    /// None, whatever it returns. To see what the last holder did, lock.
    ///
    /// # Examples
    ///
    /// ```
    /// let mutex = gosync::RwMutex::new(1);
    /// let reader = mutex.read();
    /// assert!(mutex.is_locked() && !mutex.is_write_locked());
    /// drop(reader);
    /// assert!(!mutex.is_locked());
    /// let _writer = mutex.write();
    /// assert!(mutex.is_locked() && mutex.is_write_locked());
    /// ```
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.state().is_locked()
    }

    /// Like [`is_locked`](RwMutex::is_locked): whether it is locked for writing at this moment. Orders nothing.
    #[must_use]
    #[doc(alias = "is_locked_exclusive")]
    pub fn is_write_locked(&self) -> bool {
        self.lock.state().writer
    }

    /// The value, without locking: the borrow is exclusive.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: the mutex is borrowed exclusively, so no guard is there.
        self.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> RwMutex<T> {
    /// For a wait: ends the writer's section. The guard that stands for it is neither used nor dropped before
    /// [`relock_writer`](RwMutex::relock_writer).
    pub(crate) fn release_writer(&self) -> bool {
        self.lock.write_unlock_if_held()
    }

    /// For a wait: locks for the guard that is still there.
    pub(crate) fn relock_writer(&self) {
        self.lock.write();
    }

    /// Calls `f` while the lock is released that a guard stands for, which is borrowed meanwhile, and locks again, however that ends.
    #[cfg_attr(feature = "deadlock", track_caller)]
    fn while_unlocked<R>(&self, f: impl FnOnce() -> R) -> R {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let was_locked = self.release_writer();
            debug_assert!(was_locked, "a guard stands for the lock");
            f()
        }));
        waits!("locks for writing");
        self.relock_writer();
        outcome.unwrap_or_else(|payload| resume_unwind(payload))
    }
}

impl<T: Default> Default for RwMutex<T> {
    fn default() -> RwMutex<T> {
        RwMutex::new(T::default())
    }
}

impl<T> From<T> for RwMutex<T> {
    fn from(value: T) -> RwMutex<T> {
        RwMutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwMutex<T> {
    /// Shows the value if the mutex can be locked for reading at once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("RwMutex");
        match self.try_read() {
            Some(value) => fields.field("value", &&*value),
            None => fields.field("value", &format_args!("<locked>")),
        };
        fields.finish()
    }
}
