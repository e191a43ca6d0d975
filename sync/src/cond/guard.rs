//! [`CondGuard`]: the locks that a [`Cond`](super::Cond) can wait with, while they are held.

use crate::mutex::{ArcMutexGuard, MutexGuard, RawMutex};
use crate::rwmutex::{ArcRwMutexWriteGuard, RawRwMutex, RwMutexWriteGuard};

/// A held lock that a [`Cond`](crate::Cond) releases while it waits.
///
/// Implemented by guards of a [`Mutex`](crate::Mutex) and write guards of an [`RwMutex`](crate::RwMutex), borrowed or
/// owned, and by references to a locked [`RawMutex`] or [`RawRwMutex`]. The trait is sealed. Mapped guards do not
/// implement it: the part that they refer to may be replaced during the wait.
///
/// # Examples
///
/// ```
/// use gosync::{Cond, CondGuard, RwMutex};
///
/// fn wait_once<G: CondGuard>(changed: &Cond, mut guard: G) -> G {
///     changed.wait(&mut guard);
///     guard
/// }
///
/// static N: RwMutex<i32> = RwMutex::new(0);
/// static CHANGED: Cond = Cond::new();
/// let guard = N.write();
/// gosync::go(|| {
///     *N.write() += 1;
///     CHANGED.signal();
/// });
/// assert_eq!(*wait_once(&CHANGED, guard), 1);
/// ```
pub trait CondGuard: sealed::Relock {}

impl<T: ?Sized> CondGuard for MutexGuard<'_, T> {}
impl<T: ?Sized> CondGuard for ArcMutexGuard<T> {}
impl<T: ?Sized> CondGuard for RwMutexWriteGuard<'_, T> {}
impl<T: ?Sized> CondGuard for ArcRwMutexWriteGuard<T> {}
impl CondGuard for &RawMutex {}
impl CondGuard for &RawRwMutex {}

pub(super) mod sealed {
    use super::{ArcMutexGuard, ArcRwMutexWriteGuard, MutexGuard, RawMutex, RawRwMutex, RwMutexWriteGuard};

    #[cfg(feature = "async")]
    use {
        crate::mutex::{LockArcAsync, LockAsync, Mutex, RawLockAsync},
        crate::rwmutex::{RawWriteAsync, RwMutex, WriteArcAsync, WriteAsync},
        std::future::Future,
        std::pin::Pin,
        std::sync::Arc,
        std::task::{Context, Poll},
    };

    /// Whoever has one is in this module: a bound by [`CondGuard`](super::CondGuard) lets anybody call what is below, and a guard
    /// must not hand out its lock: it may be shared where that may not.
    #[cfg(feature = "async")]
    #[derive(Debug)]
    pub struct Inside(pub(in crate::cond) ());

    /// What a wait does with the lock.
    pub trait Relock: Sized {
        /// The way to the lock while it is not held.
        #[cfg(feature = "async")]
        type Lock;
        /// Locks it.
        #[cfg(feature = "async")]
        type Relock: Future<Output = Self>;

        /// Whether the lock is held by somebody.
        fn is_locked(&self) -> bool;

        /// Unlocks; `false`, and nothing was done, if it is not locked. If a waker panics, that panic comes after the unlock.
        ///
        /// # Safety
        ///
        /// Unless it returned `false`, [`lock`](Relock::lock) follows before this guard is used or dropped, on all ways.
        unsafe fn unlock(&self) -> bool;

        /// Locks, blocking.
        fn lock(&self);

        /// Says that it was not locked. For those of which that can be.
        #[track_caller]
        fn refuse() -> ! {
            crate::mutex::unlocked()
        }

        #[cfg(feature = "async")]
        fn handle(&self, _: Inside) -> Self::Lock;

        /// Unlocks for good. Like [`unlock`](Relock::unlock).
        #[cfg(feature = "async")]
        fn give_up(self) -> bool;

        #[cfg(feature = "async")]
        fn relock(lock: Self::Lock) -> Self::Relock;
    }

    impl<'a, T: ?Sized> Relock for MutexGuard<'a, T> {
        #[cfg(feature = "async")]
        type Lock = &'a Mutex<T>;
        #[cfg(feature = "async")]
        type Relock = LockAsync<'a, T>;

        fn is_locked(&self) -> bool {
            true
        }

        unsafe fn unlock(&self) -> bool {
            // SAFETY: a guard exists only while its mutex is locked, and the caller locks it again before the guard is used.
            unsafe { self.mutex().release() };
            true
        }

        fn lock(&self) {
            self.mutex().relock();
        }

        #[cfg(feature = "async")]
        fn handle(&self, _: Inside) -> &'a Mutex<T> {
            self.mutex()
        }

        #[cfg(feature = "async")]
        fn give_up(self) -> bool {
            drop(self);
            true
        }

        #[cfg(feature = "async")]
        fn relock(lock: &'a Mutex<T>) -> LockAsync<'a, T> {
            lock.lock_async()
        }
    }

    impl<T: ?Sized> Relock for ArcMutexGuard<T> {
        #[cfg(feature = "async")]
        type Lock = Arc<Mutex<T>>;
        #[cfg(feature = "async")]
        type Relock = LockArcAsync<T>;

        fn is_locked(&self) -> bool {
            true
        }

        unsafe fn unlock(&self) -> bool {
            // SAFETY: as for the borrowed guard.
            unsafe { ArcMutexGuard::mutex(self).release() };
            true
        }

        fn lock(&self) {
            ArcMutexGuard::mutex(self).relock();
        }

        #[cfg(feature = "async")]
        fn handle(&self, _: Inside) -> Arc<Mutex<T>> {
            Arc::clone(ArcMutexGuard::mutex(self))
        }

        #[cfg(feature = "async")]
        fn give_up(self) -> bool {
            drop(self);
            true
        }

        #[cfg(feature = "async")]
        fn relock(lock: Arc<Mutex<T>>) -> LockArcAsync<T> {
            LockArcAsync::new(lock)
        }
    }

    impl<'a, T: ?Sized> Relock for RwMutexWriteGuard<'a, T> {
        #[cfg(feature = "async")]
        type Lock = &'a RwMutex<T>;
        #[cfg(feature = "async")]
        type Relock = WriteAsync<'a, T>;

        fn is_locked(&self) -> bool {
            true
        }

        unsafe fn unlock(&self) -> bool {
            self.mutex().release_writer()
        }

        fn lock(&self) {
            self.mutex().relock_writer();
        }

        #[cfg(feature = "async")]
        fn handle(&self, _: Inside) -> &'a RwMutex<T> {
            self.mutex()
        }

        #[cfg(feature = "async")]
        fn give_up(self) -> bool {
            drop(self);
            true
        }

        #[cfg(feature = "async")]
        fn relock(lock: &'a RwMutex<T>) -> WriteAsync<'a, T> {
            lock.write_async()
        }
    }

    impl<T: ?Sized> Relock for ArcRwMutexWriteGuard<T> {
        #[cfg(feature = "async")]
        type Lock = Arc<RwMutex<T>>;
        #[cfg(feature = "async")]
        type Relock = WriteArcAsync<T>;

        fn is_locked(&self) -> bool {
            true
        }

        unsafe fn unlock(&self) -> bool {
            ArcRwMutexWriteGuard::mutex(self).release_writer()
        }

        fn lock(&self) {
            ArcRwMutexWriteGuard::mutex(self).relock_writer();
        }

        #[cfg(feature = "async")]
        fn handle(&self, _: Inside) -> Arc<RwMutex<T>> {
            Arc::clone(ArcRwMutexWriteGuard::mutex(self))
        }

        #[cfg(feature = "async")]
        fn give_up(self) -> bool {
            drop(self);
            true
        }

        #[cfg(feature = "async")]
        fn relock(lock: Arc<RwMutex<T>>) -> WriteArcAsync<T> {
            WriteArcAsync::new(lock)
        }
    }

    #[cfg_attr(not(feature = "async"), allow(clippy::needless_lifetimes, reason = "a task's lock has its lifetime"))]
    impl<'a> Relock for &'a RawMutex {
        #[cfg(feature = "async")]
        type Lock = &'a RawMutex;
        #[cfg(feature = "async")]
        type Relock = Handed<&'a RawMutex, RawLockAsync<'a>>;

        fn is_locked(&self) -> bool {
            RawMutex::is_locked(self)
        }

        unsafe fn unlock(&self) -> bool {
            self.unlock_if_locked()
        }

        fn lock(&self) {
            self.relock();
        }

        #[cfg(feature = "async")]
        fn handle(&self, _: Inside) -> &'a RawMutex {
            self
        }

        #[cfg(feature = "async")]
        fn give_up(self) -> bool {
            self.unlock_if_locked()
        }

        #[cfg(feature = "async")]
        fn relock(lock: &'a RawMutex) -> Self::Relock {
            Handed { lock, relock: lock.lock_async() }
        }
    }

    #[cfg_attr(not(feature = "async"), allow(clippy::needless_lifetimes, reason = "a task's lock has its lifetime"))]
    impl<'a> Relock for &'a RawRwMutex {
        #[cfg(feature = "async")]
        type Lock = &'a RawRwMutex;
        #[cfg(feature = "async")]
        type Relock = Handed<&'a RawRwMutex, RawWriteAsync<'a>>;

        fn is_locked(&self) -> bool {
            self.is_write_locked()
        }

        #[track_caller]
        fn refuse() -> ! {
            crate::rwmutex::unlocked()
        }

        unsafe fn unlock(&self) -> bool {
            self.unlock_if_locked()
        }

        fn lock(&self) {
            self.relock();
        }

        #[cfg(feature = "async")]
        fn handle(&self, _: Inside) -> &'a RawRwMutex {
            self
        }

        #[cfg(feature = "async")]
        fn give_up(self) -> bool {
            self.unlock_if_locked()
        }

        #[cfg(feature = "async")]
        fn relock(lock: &'a RawRwMutex) -> Self::Relock {
            Handed { lock, relock: lock.lock_async() }
        }
    }

    /// Locks a lock without a guard, and hands it over then.
    #[cfg(feature = "async")]
    #[derive(Debug)]
    pub struct Handed<L, F> {
        lock: L,
        relock: F,
    }

    #[cfg(feature = "async")]
    impl<L: Copy, F: Future<Output = ()>> Future for Handed<L, F> {
        type Output = L;

        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<L> {
            let lock = self.lock;
            // SAFETY: a field that is pinned with its future, always.
            let relock = unsafe { self.map_unchecked_mut(|this| &mut this.relock) };
            relock.poll(context).map(|()| lock)
        }
    }
}
