//! [`Permit`] and [`ArcPermit`]: permits that return themselves, and know how many they are.
//!
//! Each stands for so many permits of its semaphore. To split and to merge moves the number from one to another, and the
//! semaphore does not notice. An [`ArcPermit`] of none returns nothing when it is dropped: so the number leaves one by being
//! set to 0, and its share of the semaphore goes as always.

#[cfg(feature = "async")]
use std::future::Future;
use std::mem;
#[cfg(feature = "async")]
use std::pin::Pin;
#[cfg(feature = "async")]
use std::ptr::NonNull;
use std::sync::Arc;
#[cfg(feature = "async")]
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

#[cfg(feature = "async")]
use super::AcquireAsync;
use super::{Weighted, released_too_many};
use crate::context::{Context, ContextError};

/// Permits of a [`Weighted`] that are released on drop.
///
/// It may be sent to another thread. If it is leaked, its permits stay taken. Not in Go. [`ArcPermit`] is one that
/// borrows nothing.
///
/// # Panics
///
/// Its drop panics if its permits were also [`release`](Weighted::release)d by hand; then none are released. It does
/// not panic if the thread is already panicking.
///
/// # Memory ordering
///
/// Its drop counts as a [`release`](Weighted::release): see [`Weighted`](Weighted#memory-ordering).
///
/// # Examples
///
/// Split some permits off, and merge them again:
///
/// ```
/// use gosync::semaphore::Weighted;
///
/// let slots = Weighted::new(5);
/// let mut all = slots.try_permit(5).unwrap();
/// let two = all.split(2).unwrap();
/// assert_eq!((all.count(), two.count()), (3, 2));
/// assert!(all.split(4).is_none());
/// all.merge(two);
/// drop(all);
/// assert_eq!(slots.available(), 5);
/// ```
#[must_use = "the permits are returned when it is dropped"]
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Weighted,
    n: usize,
}

impl<'a> Permit<'a> {
    /// The caller has just acquired them.
    pub(super) fn of(semaphore: &'a Weighted, n: usize) -> Permit<'a> {
        Permit { semaphore, n }
    }

    /// The number of permits.
    #[must_use]
    pub fn count(&self) -> usize {
        self.n
    }

    /// Drops it without releasing its permits. [`release`](Weighted::release) returns them by hand.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::semaphore::Weighted;
    ///
    /// // There are two fewer from now on.
    /// let slots = Weighted::new(5);
    /// slots.try_permit(2).unwrap().forget();
    /// assert!(slots.try_acquire(3) && !slots.try_acquire(1));
    /// ```
    pub fn forget(self) {
        mem::forget(self);
    }

    /// Splits `n` permits off; `None`, without a change, if there are fewer.
    ///
    /// They stay taken throughout.
    #[must_use = "the permits are returned when it is dropped"]
    pub fn split(&mut self, n: usize) -> Option<Permit<'a>> {
        self.n = self.n.checked_sub(n)?;
        Some(Permit::of(self.semaphore, n))
    }

    /// Adds the permits of another to this.
    ///
    /// # Panics
    ///
    /// If `other` belongs to another semaphore. Its permits are released there.
    #[track_caller]
    pub fn merge(&mut self, other: Permit<'a>) {
        check_same(self.semaphore, other.semaphore);
        self.n = together(self.n, other.n);
        mem::forget(other);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        give_back(self.semaphore, self.n);
    }
}

/// Permits of a [`Weighted`] that are released on drop, with an `Arc` of the semaphore. [`Weighted::permit_arc`]
/// returns it.
///
/// For spawned threads and tasks. If it is leaked, its permits stay taken. Not in Go.
///
/// # Panics
///
/// Its drop panics like that of a [`Permit`].
///
/// # Memory ordering
///
/// Its drop counts as a [`release`](Weighted::release): see [`Weighted`](Weighted#memory-ordering).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use gosync::semaphore::{ArcPermit, Weighted};
/// use gosync::{Context, go};
///
/// let slots = Arc::new(Weighted::new(2));
/// let mut permit: ArcPermit = slots.permit_arc(&Context::background(), 2)?;
/// let one = permit.split(1).unwrap();
/// let worker = go(move || {
///     // One of the two is this thread's, and returned at its end.
///     assert_eq!(one.count(), 1);
/// });
/// # worker.join().unwrap();
/// permit.merge(slots.permit_arc(&Context::background(), 1)?);
/// assert_eq!(permit.count(), 2);
/// permit.forget();
/// assert_eq!(slots.available(), 0);
/// # Ok::<(), gosync::context::ContextError>(())
/// ```
#[must_use = "the permits are returned when it is dropped"]
#[derive(Debug)]
pub struct ArcPermit {
    semaphore: Arc<Weighted>,
    n: usize,
}

impl ArcPermit {
    /// The caller has just acquired them.
    fn of(semaphore: &Arc<Weighted>, n: usize) -> ArcPermit {
        ArcPermit { semaphore: Arc::clone(semaphore), n }
    }

    /// The number of permits.
    #[must_use]
    pub fn count(&self) -> usize {
        self.n
    }

    /// Like [`Permit::forget`]. Drops its `Arc` of the semaphore.
    pub fn forget(mut self) {
        self.n = 0;
    }

    /// Same as [`Permit::split`].
    #[must_use = "the permits are returned when it is dropped"]
    pub fn split(&mut self, n: usize) -> Option<ArcPermit> {
        self.n = self.n.checked_sub(n)?;
        Some(ArcPermit::of(&self.semaphore, n))
    }

    /// Same as [`Permit::merge`].
    ///
    /// # Panics
    ///
    /// Same as [`Permit::merge`].
    #[track_caller]
    pub fn merge(&mut self, mut other: ArcPermit) {
        check_same(&self.semaphore, &other.semaphore);
        self.n = together(self.n, mem::take(&mut other.n));
    }
}

impl Drop for ArcPermit {
    fn drop(&mut self) {
        if self.n > 0 {
            give_back(&self.semaphore, self.n);
        }
    }
}

fn give_back(semaphore: &Weighted, n: usize) {
    // Not held: somebody has released them by hand. A second panic during a first would abort the process.
    if !semaphore.permits.give(n) && !std::thread::panicking() {
        released_too_many();
    }
}

#[track_caller]
fn check_same(a: &Weighted, b: &Weighted) {
    assert!(std::ptr::eq(a, b), "semaphore: merged permits of different semaphores");
}

/// A sum beyond all numbers takes permits that were released by hand as well. It is more than are held, as the truth would be.
fn together(a: usize, b: usize) -> usize {
    a.saturating_add(b)
}

impl Weighted {
    /// Like [`permit`](Weighted::permit), with a permit that owns an `Arc` of the semaphore and borrows nothing.
    ///
    /// # Errors
    ///
    /// Same as [`acquire`](Weighted::acquire).
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn permit_arc(self: &Arc<Self>, ctx: &Context, n: usize) -> Result<ArcPermit, ContextError> {
        self.acquire(ctx, n).map(|()| ArcPermit::of(self, n))
    }

    /// Like [`try_permit`](Weighted::try_permit), with a permit that borrows nothing.
    #[must_use = "a permit that is not kept is given back at once"]
    pub fn try_permit_arc(self: &Arc<Self>, n: usize) -> Option<ArcPermit> {
        self.try_acquire(n).then(|| ArcPermit::of(self, n))
    }

    /// Like [`permit_timeout`](Weighted::permit_timeout), with a permit that borrows nothing.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a permit that is not kept is given back at once"]
    pub fn permit_arc_timeout(self: &Arc<Self>, n: usize, timeout: Duration) -> Option<ArcPermit> {
        self.acquire_timeout(n, timeout).then(|| ArcPermit::of(self, n))
    }

    /// Like [`permit_deadline`](Weighted::permit_deadline), with a permit that borrows nothing.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a permit that is not kept is given back at once"]
    pub fn permit_arc_deadline(self: &Arc<Self>, n: usize, deadline: Instant) -> Option<ArcPermit> {
        self.acquire_deadline(n, deadline).then(|| ArcPermit::of(self, n))
    }

    /// Like [`permit_async`](Weighted::permit_async), with a permit and a future that borrow nothing. Feature `async`.
    ///
    /// # Panics
    ///
    /// Same as [`acquire_async`](Weighted::acquire_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::sync::Arc;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use gosync::semaphore::{PermitArcAsync, Weighted};
    ///
    /// let slots = Arc::new(Weighted::new(1));
    /// // Such a task can be spawned.
    /// let turn: PermitArcAsync = slots.permit_arc_async(1);
    /// let Poll::Ready(permit) = pin!(turn).poll(&mut Context::from_waker(Waker::noop())) else { unreachable!() };
    /// assert_eq!((permit.count(), slots.available()), (1, 0));
    /// ```
    #[cfg(feature = "async")]
    pub fn permit_arc_async(self: &Arc<Self>, n: usize) -> PermitArcAsync {
        let semaphore = Arc::clone(self);
        // SAFETY: the semaphore stays where it is, and lives as long as the future has its share, which goes after the
        // acquisition.
        let acquire = unsafe { AcquireAsync::of(NonNull::from(&*semaphore), n) };
        PermitArcAsync { acquire, semaphore, n }
    }
}

/// Waits for permits, as a task, that are returned by themselves, and borrows nothing: what [`Weighted::permit_arc_async`]
/// returns.
///
/// [`Weighted::acquire_async`] says what happens if it is dropped or leaked.
#[cfg(feature = "async")]
#[must_use = "a future does nothing unless it is awaited or polled"]
#[derive(Debug)]
pub struct PermitArcAsync {
    // First: it uses the semaphore until it is dropped.
    acquire: AcquireAsync<'static>,
    semaphore: Arc<Weighted>,
    n: usize,
}

#[cfg(feature = "async")]
impl Future for PermitArcAsync {
    type Output = ArcPermit;

    fn poll(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<ArcPermit> {
        // SAFETY: nothing is moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: a field that is pinned with its future, always.
        let acquire = unsafe { Pin::new_unchecked(&mut this.acquire) };
        acquire.poll(context).map(|()| ArcPermit::of(&this.semaphore, this.n))
    }
}
