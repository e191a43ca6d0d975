//! [`ArcRwMutexReadGuard`] and [`ArcRwMutexWriteGuard`]: guards that own a share of their mutex.
//!
//! Either may be the last owner, and then the value is dropped with it. So to send one takes a value that may be sent, also
//! where a borrowed guard only reads.

use std::fmt;
#[cfg(feature = "async")]
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
#[cfg(feature = "async")]
use std::pin::Pin;
use std::ptr;
use std::sync::Arc;
#[cfg(feature = "async")]
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{deadline_after, waits};

use super::RwMutex;
#[cfg(feature = "async")]
use super::phase_lock::PhaseLock;
#[cfg(feature = "async")]
use super::rw_async::{Reader, Writer};

impl<T: ?Sized> RwMutex<T> {
    /// Like [`read`](RwMutex::read), with a guard that owns an `Arc` of the mutex and borrows nothing.
    ///
    /// # Panics
    ///
    /// Same as [`read`](RwMutex::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gosync::{ArcRwMutexReadGuard, RwMutex};
    ///
    /// fn locked() -> ArcRwMutexReadGuard<Vec<i32>> {
    ///     Arc::new(RwMutex::new(vec![1])).read_arc()
    /// }
    /// assert_eq!(*locked(), [1]);
    /// ```
    #[track_caller]
    pub fn read_arc(self: &Arc<Self>) -> ArcRwMutexReadGuard<T> {
        waits!("locks for reading");
        self.lock.read();
        ArcRwMutexReadGuard::of(Arc::clone(self))
    }

    /// Like [`try_read`](RwMutex::try_read), with a guard that borrows nothing.
    ///
    /// # Panics
    ///
    /// Same as [`read`](RwMutex::read).
    #[track_caller]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_read_arc(self: &Arc<Self>) -> Option<ArcRwMutexReadGuard<T>> {
        self.lock.try_read().then(|| ArcRwMutexReadGuard::of(Arc::clone(self)))
    }

    /// Like [`read_timeout`](RwMutex::read_timeout), with a guard that borrows nothing.
    ///
    /// # Panics
    ///
    /// Same as [`read`](RwMutex::read).
    #[track_caller]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn read_arc_timeout(self: &Arc<Self>, timeout: Duration) -> Option<ArcRwMutexReadGuard<T>> {
        waits!("locks for reading");
        self.lock.read_until(deadline_after(timeout)).then(|| ArcRwMutexReadGuard::of(Arc::clone(self)))
    }

    /// Like [`read_deadline`](RwMutex::read_deadline), with a guard that borrows nothing.
    ///
    /// # Panics
    ///
    /// Same as [`read`](RwMutex::read).
    #[track_caller]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn read_arc_deadline(self: &Arc<Self>, deadline: Instant) -> Option<ArcRwMutexReadGuard<T>> {
        waits!("locks for reading");
        self.lock.read_until(Some(deadline)).then(|| ArcRwMutexReadGuard::of(Arc::clone(self)))
    }

    /// Like [`read_async`](RwMutex::read_async), with a guard and a future that borrow nothing. Feature `async`.
    ///
    /// # Panics
    ///
    /// Same as [`read_async`](RwMutex::read_async).
    #[cfg(feature = "async")]
    pub fn read_arc_async(self: &Arc<Self>) -> ReadArcAsync<T> {
        let mutex = Arc::clone(self);
        // SAFETY: the future has its share until after its reader is gone.
        ReadArcAsync { reader: Reader::new(unsafe { lock_of(&mutex) }), mutex }
    }

    /// Like [`write`](RwMutex::write), with a guard that owns an `Arc` of the mutex and borrows nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gosync::{ArcRwMutexWriteGuard, RwMutex};
    ///
    /// let mutex = Arc::new(RwMutex::new(vec![1]));
    /// let mut guard = mutex.write_arc();
    /// guard.push(2);
    /// let reader = ArcRwMutexWriteGuard::downgrade(guard);
    /// gosync::go(move || assert_eq!(*reader, [1, 2])).join().unwrap();
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn write_arc(self: &Arc<Self>) -> ArcRwMutexWriteGuard<T> {
        waits!("locks for writing");
        self.lock.write();
        ArcRwMutexWriteGuard::of(Arc::clone(self))
    }

    /// Like [`try_write`](RwMutex::try_write), with a guard that borrows nothing.
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn try_write_arc(self: &Arc<Self>) -> Option<ArcRwMutexWriteGuard<T>> {
        self.lock.try_write().is_ok().then(|| ArcRwMutexWriteGuard::of(Arc::clone(self)))
    }

    /// Like [`write_timeout`](RwMutex::write_timeout), with a guard that borrows nothing.
    ///
    /// # Panics
    ///
    /// Same as [`write_timeout`](RwMutex::write_timeout).
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn write_arc_timeout(self: &Arc<Self>, timeout: Duration) -> Option<ArcRwMutexWriteGuard<T>> {
        waits!("locks for writing");
        self.lock.write_until(deadline_after(timeout)).then(|| ArcRwMutexWriteGuard::of(Arc::clone(self)))
    }

    /// Like [`write_deadline`](RwMutex::write_deadline), with a guard that borrows nothing.
    ///
    /// # Panics
    ///
    /// Same as [`write_timeout`](RwMutex::write_timeout).
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a guard that is not kept unlocks at once"]
    pub fn write_arc_deadline(self: &Arc<Self>, deadline: Instant) -> Option<ArcRwMutexWriteGuard<T>> {
        waits!("locks for writing");
        self.lock.write_until(Some(deadline)).then(|| ArcRwMutexWriteGuard::of(Arc::clone(self)))
    }

    /// Like [`write_async`](RwMutex::write_async), with a guard and a future that borrow nothing. Feature `async`.
    ///
    /// # Panics
    ///
    /// Same as [`write_async`](RwMutex::write_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::sync::Arc;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use gosync::RwMutex;
    ///
    /// // Such tasks can be spawned.
    /// let mutex = Arc::new(RwMutex::new(1));
    /// let (write, read) = (mutex.write_arc_async(), mutex.read_arc_async());
    /// let context = &mut Context::from_waker(Waker::noop());
    /// let Poll::Ready(mut writer) = pin!(write).poll(context) else { unreachable!() };
    /// *writer += 1;
    /// drop(writer);
    /// let Poll::Ready(reader) = pin!(read).poll(context) else { unreachable!() };
    /// assert_eq!(*reader, 2);
    /// ```
    #[cfg(feature = "async")]
    pub fn write_arc_async(self: &Arc<Self>) -> WriteArcAsync<T> {
        WriteArcAsync::new(Arc::clone(self))
    }
}

/// An [`RwMutex`] that is locked for reading and held through an `Arc`: gives access to the value, unlocks when dropped, and borrows
/// nothing. What [`RwMutex::read_arc`] returns.
///
/// It may be sent to another thread, and unlocks wherever it is dropped. A leaked guard leaves the mutex locked.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct ArcRwMutexReadGuard<T: ?Sized> {
    mutex: Arc<RwMutex<T>>,
    // Only the bounds below say what it can be sent and shared for.
    _value: PhantomData<*mut T>,
}

// SAFETY: any thread may unlock; the value is shared with the thread that has the guard, and may be dropped there with the share.
unsafe impl<T: ?Sized + Send + Sync> Send for ArcRwMutexReadGuard<T> {}
// SAFETY: a shared guard shares the value and nothing else. (Its share of the mutex it does not hand out.)
unsafe impl<T: ?Sized + Sync> Sync for ArcRwMutexReadGuard<T> {}

impl<T: ?Sized> ArcRwMutexReadGuard<T> {
    /// The caller has just taken the lock.
    fn of(mutex: Arc<RwMutex<T>>) -> ArcRwMutexReadGuard<T> {
        ArcRwMutexReadGuard { mutex, _value: PhantomData }
    }
}

impl<T: ?Sized> Deref for ArcRwMutexReadGuard<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for reading as long as the guard is there, and the guard is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> Drop for ArcRwMutexReadGuard<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while its mutex is locked for reading, and unlocks it once. The share goes afterwards.
        unsafe { self.mutex.lock.read_unlock() }
    }
}

/// An [`RwMutex`] that is locked for writing and held through an `Arc`: gives access to the value, unlocks when dropped, and borrows
/// nothing. What [`RwMutex::write_arc`] returns.
///
/// It may be sent to another thread, and unlocks wherever it is dropped. A leaked guard leaves the mutex locked.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[clippy::has_significant_drop]
pub struct ArcRwMutexWriteGuard<T: ?Sized> {
    mutex: Arc<RwMutex<T>>,
    // Only the bounds below say what it can be sent and shared for.
    _value: PhantomData<*mut T>,
}

// SAFETY: any thread may unlock; the value moves with the guard, and may be dropped with the share of it. And a downgrade shares
// it with the threads that have the mutex.
unsafe impl<T: ?Sized + Send + Sync> Send for ArcRwMutexWriteGuard<T> {}
// SAFETY: a shared guard shares the value and nothing else. (Its share of the mutex it does not hand out.)
unsafe impl<T: ?Sized + Sync> Sync for ArcRwMutexWriteGuard<T> {}

impl<T: ?Sized> ArcRwMutexWriteGuard<T> {
    /// The caller has just taken the lock.
    fn of(mutex: Arc<RwMutex<T>>) -> ArcRwMutexWriteGuard<T> {
        ArcRwMutexWriteGuard { mutex, _value: PhantomData }
    }

    pub(crate) fn mutex(guard: &Self) -> &Arc<RwMutex<T>> {
        &guard.mutex
    }

    /// Same as [`RwMutexWriteGuard::downgrade`](crate::RwMutexWriteGuard::downgrade).
    ///
    /// # Panics
    ///
    /// Same as [`RwMutexWriteGuard::downgrade`](crate::RwMutexWriteGuard::downgrade).
    pub fn downgrade(guard: Self) -> ArcRwMutexReadGuard<T> {
        let guard = ManuallyDrop::new(guard);
        // SAFETY: the guard is not dropped, so its share leaves it once.
        let mutex = unsafe { ptr::read(&raw const guard.mutex) };
        // First, in case that a waker panics: that unlocks.
        let reader = ArcRwMutexReadGuard::of(mutex);
        // SAFETY: the guard stood for the lock.
        unsafe { reader.mutex.lock.downgrade() };
        reader
    }

    /// Same as [`RwMutexWriteGuard::unlocked`](crate::RwMutexWriteGuard::unlocked).
    ///
    /// # Panics
    ///
    /// Same as [`RwMutexWriteGuard::unlocked`](crate::RwMutexWriteGuard::unlocked).
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn unlocked<R>(guard: &mut Self, f: impl FnOnce() -> R) -> R {
        guard.mutex.while_unlocked(f)
    }
}

impl<T: ?Sized> Deref for ArcRwMutexWriteGuard<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for writing as long as the guard is there, and the guard is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for ArcRwMutexWriteGuard<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Drop for ArcRwMutexWriteGuard<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the guard stands for it. The share goes afterwards.
        unsafe { self.mutex.lock.write_unlock() };
    }
}

/// Guards print as their value does.
macro_rules! print_as_value {
    ($($guard:ident)*) => {
        $(
            impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    (**self).fmt(f)
                }
            }

            impl<T: ?Sized + fmt::Display> fmt::Display for $guard<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    (**self).fmt(f)
                }
            }
        )*
    };
}

print_as_value!(ArcRwMutexReadGuard ArcRwMutexWriteGuard);

/// The lock, for as long as the caller says.
///
/// # Safety
///
/// The mutex outlives every use of it.
#[cfg(feature = "async")]
unsafe fn lock_of<T: ?Sized>(mutex: &Arc<RwMutex<T>>) -> &'static PhaseLock {
    // SAFETY: it stays where it is, and the caller keeps it alive.
    unsafe { &*ptr::from_ref(&mutex.lock) }
}

/// Waits for an [`RwMutex`] as a reader, as a task, and borrows nothing: what [`RwMutex::read_arc_async`] returns.
///
/// [`RwMutex::read_async`] says what happens if it is dropped or leaked.
#[cfg(feature = "async")]
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct ReadArcAsync<T: ?Sized> {
    // First: it uses the lock until it is dropped.
    reader: Reader<'static>,
    mutex: Arc<RwMutex<T>>,
}

#[cfg(feature = "async")]
impl<T: ?Sized> Future for ReadArcAsync<T> {
    type Output = ArcRwMutexReadGuard<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ArcRwMutexReadGuard<T>> {
        // SAFETY: nothing is moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: a field that is pinned with its future, always.
        let reader = unsafe { Pin::new_unchecked(&mut this.reader) };
        reader.poll(context).map(|()| ArcRwMutexReadGuard::of(Arc::clone(&this.mutex)))
    }
}

#[cfg(feature = "async")]
impl<T: ?Sized> fmt::Debug for ReadArcAsync<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadArcAsync").finish_non_exhaustive()
    }
}

/// Waits for an [`RwMutex`] as a writer, as a task, and borrows nothing: what [`RwMutex::write_arc_async`] returns.
///
/// [`RwMutex::write_async`] says what happens if it is dropped or leaked.
#[cfg(feature = "async")]
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct WriteArcAsync<T: ?Sized> {
    // First: it uses the lock until it is dropped.
    writer: Writer<'static>,
    mutex: Arc<RwMutex<T>>,
}

#[cfg(feature = "async")]
impl<T: ?Sized> WriteArcAsync<T> {
    pub(crate) fn new(mutex: Arc<RwMutex<T>>) -> WriteArcAsync<T> {
        // SAFETY: the future has its share until after its writer is gone.
        WriteArcAsync { writer: Writer::new(unsafe { lock_of(&mutex) }), mutex }
    }
}

#[cfg(feature = "async")]
impl<T: ?Sized> Future for WriteArcAsync<T> {
    type Output = ArcRwMutexWriteGuard<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ArcRwMutexWriteGuard<T>> {
        // SAFETY: nothing is moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: a field that is pinned with its future, always.
        let writer = unsafe { Pin::new_unchecked(&mut this.writer) };
        writer.poll(context).map(|()| ArcRwMutexWriteGuard::of(Arc::clone(&this.mutex)))
    }
}

#[cfg(feature = "async")]
impl<T: ?Sized> fmt::Debug for WriteArcAsync<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteArcAsync").finish_non_exhaustive()
    }
}
