//! A weighted semaphore: Go's `golang.org/x/sync/semaphore`.
//!
//! See [`Weighted`].

#[cfg(feature = "async")]
mod acquire_async;
mod permit;
mod permits;

use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{const_fn, deadline_after, step, waits};

use crate::chan::{self, Sender};
use crate::context::{Context, ContextError};
use crate::select;
#[cfg(feature = "async")]
pub use acquire_async::{AcquireAsync, PermitAsync};
#[cfg(feature = "async")]
pub use permit::PermitArcAsync;
pub use permit::{ArcPermit, Permit};
use permits::{Joined, Node, Permits};

/// A semaphore whose callers acquire one or several permits at a time: Go's `semaphore.Weighted`.
///
/// It bounds concurrent work whose items have different weights. [`acquire`](Weighted::acquire) waits for that many
/// permits, and [`release`](Weighted::release) returns them. A [`permit`](Weighted::permit) releases on drop;
/// [`permit_arc`](Weighted::permit_arc) is for spawned threads and tasks. `const`; no allocation, except in an
/// `acquire` that waits with a context that can end.
///
/// # Fairness
///
/// Strictly in order of arrival, for threads and tasks alike. If there are not enough permits for the first waiter,
/// all wait, so small requests do not starve a large one.
///
/// # Memory ordering
///
/// A `release` happens before the return of every acquisition that needs it or comes later
/// (`semaphore.release-before-acquire`): with permits for one, it is a mutex; where writers take all and readers one,
/// it is an `RWMutex`. An attempt that fails orders nothing.
///
/// # Differences from Go
///
/// Deadlines without a context, and permits that release on drop, are not in Go.
///
/// # Examples
///
/// ```
/// use std::thread;
///
/// use gosync::context::Context;
/// use gosync::semaphore::Weighted;
///
/// // So many bytes at a time.
/// static MEMORY: Weighted = Weighted::new(1 << 20);
///
/// fn work(ctx: &Context, bytes: usize) {
///     let Ok(_permit) = MEMORY.permit(ctx, bytes) else { return };
///     let _buffer = vec![0_u8; bytes];
/// }
///
/// let ctx = Context::background();
/// thread::scope(|scope| {
///     for i in 1..=4 {
///         scope.spawn({ let ctx = &ctx; move || work(ctx, i << 18) });
///     }
/// });
/// assert!(MEMORY.try_acquire(1 << 20));
/// ```
#[doc(alias = "semaphore.Weighted")]
pub struct Weighted {
    permits: Permits,
}

impl Weighted {
    /// The largest possible number of permits.
    pub const MAX_SIZE: usize = Permits::MAX;

    const_fn! {
        /// A semaphore with `size` permits. Go: `semaphore.NewWeighted(size)`.
        ///
        /// # Panics
        ///
        /// If that is more than [`MAX_SIZE`](Weighted::MAX_SIZE).
        #[must_use]
        #[track_caller]
        #[doc(alias = "NewWeighted")]
        pub const fn new(size: usize) -> Weighted {
            Weighted { permits: Permits::new(size) }
        }
    }

    /// Takes `n` permits, and blocks until it can, or until the context is done. Go: `sem.Acquire(ctx, n)`.
    ///
    /// A request for more permits than the semaphore has waits for the end of the context, and does not delay others.
    ///
    /// # Errors
    ///
    /// If the context is done, even if there are enough permits. Then none are taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gosync::context::{Context, ContextError};
    /// use gosync::semaphore::Weighted;
    ///
    /// let semaphore = Weighted::new(3);
    /// let ctx = Context::background();
    /// semaphore.acquire(&ctx, 2)?;
    /// let (soon, _cancel) = ctx.with_timeout(Duration::from_millis(1));
    /// assert_eq!(semaphore.acquire(&soon, 2), Err(ContextError::DeadlineExceeded));
    /// semaphore.release(2);
    /// # Ok::<(), ContextError>(())
    /// ```
    #[inline]
    #[doc(alias = "Acquire")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn acquire(&self, ctx: &Context, n: usize) -> Result<(), ContextError> {
        ctx.check()?;
        match self.permits.take(n) {
            Ok(()) => Ok(()),
            Err(_) => self.wait(ctx, n),
        }
    }

    #[cold]
    #[cfg_attr(feature = "deadlock", track_caller)]
    fn wait(&self, ctx: &Context, n: usize) -> Result<(), ContextError> {
        waits!("acquires permits");
        let done = ctx.done();
        if n > self.permits.size() {
            // Nobody sends: it is closed.
            let _ = done.recv();
        } else if done.is_nil() {
            self.permits.wait(n, None);
        } else {
            // It waits for two things, so it is told of the permits as a task is.
            let (bell, rung) = chan::bounded(1);
            let node = Node::of_task(n, Waker::from(Arc::new(Bell(bell))));
            let mut place = Place { permits: &self.permits, n, node, is_in_line: false };
            // SAFETY: it is new, and stays where it is; the drop sees to the rest.
            if unsafe { self.permits.join(&place.node) } == Joined::Not {
                return Ok(());
            }
            place.is_in_line = true;
            select! {
                recv(rung) -> _ => {},
                recv(done) -> _ => {},
            }
            // Both may be so: then it fails.
            ctx.check()?;
            debug_assert!(place.node.is_served(), "it was told that it has its permits");
            place.is_in_line = false;
            return Ok(());
        }
        ctx.check()
    }

    /// Takes `n` permits if that is possible without waiting; returns whether it did. Go: `sem.TryAcquire(n)`.
    ///
    /// Fails if there are waiters.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = gosync::semaphore::Weighted::new(2);
    /// assert!(semaphore.try_acquire(2));
    /// assert!(!semaphore.try_acquire(1));
    /// ```
    #[inline]
    #[must_use = "it may have failed"]
    #[doc(alias = "TryAcquire")]
    pub fn try_acquire(&self, n: usize) -> bool {
        self.permits.take(n).is_ok()
    }

    /// Takes `n` permits, and blocks for at most `timeout`; returns whether it did. Go has no counterpart but a context with a
    /// timeout.
    ///
    /// A `timeout` too long for the clock never expires. A request for more permits than the semaphore has fails at
    /// once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = gosync::semaphore::Weighted::new(2);
    /// assert!(semaphore.acquire_timeout(1, Duration::ZERO));
    /// assert!(!semaphore.acquire_timeout(2, Duration::from_millis(1)));
    /// ```
    #[must_use = "it may have failed"]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn acquire_timeout(&self, n: usize, timeout: Duration) -> bool {
        self.try_acquire(n) || self.wait_until(n, deadline_after(timeout))
    }

    /// Like [`acquire_timeout`](Weighted::acquire_timeout), with an instant. Even after it, succeeds if that is
    /// possible without waiting.
    #[must_use = "it may have failed"]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn acquire_deadline(&self, n: usize, deadline: Instant) -> bool {
        self.try_acquire(n) || self.wait_until(n, Some(deadline))
    }

    #[cold]
    #[cfg_attr(feature = "deadlock", track_caller)]
    fn wait_until(&self, n: usize, deadline: Option<Instant>) -> bool {
        waits!("acquires permits");
        n <= self.permits.size() && self.permits.wait(n, deadline)
    }

    /// Takes `n` permits, and lets the task wait until it can: `semaphore.acquire_async(n).await`. Feature `async`. Go:
    /// `sem.Acquire(ctx, n)`.
    ///
    /// Works on any executor. Tasks and threads share one queue. A request for more permits than the semaphore has
    /// waits for ever. With a context: `ctx.until_done(semaphore.permit_async(n))`.
    ///
    /// A completed future has its permits, and only [`release`](Weighted::release) returns them: a combinator that
    /// drops its output loses them. Where that can happen, use [`permit_async`](Weighted::permit_async).
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time before completion: it leaves the queue, or returns the permits that it
    /// was given.
    ///
    /// A future that has been polled must be polled again when it is woken, or be dropped. A future that is kept
    /// unpolled or leaked (`mem::forget`) keeps its place in the queue, and then its permits.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion. A waker's panic is raised by the release, or the drop of a
    /// future, that called it, after all other wakers were called.
    ///
    /// # Memory ordering
    ///
    /// A completed future counts as an `acquire`: see [`Weighted`](Weighted#memory-ordering).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let semaphore = gosync::semaphore::Weighted::new(2);
    /// // As an executor does it.
    /// let mut context = Context::from_waker(Waker::noop());
    /// assert!(semaphore.try_acquire(1));
    /// let mut both = pin!(semaphore.acquire_async(2));
    /// assert!(both.as_mut().poll(&mut context).is_pending());
    /// semaphore.release(1);
    /// assert_eq!(both.as_mut().poll(&mut context), Poll::Ready(()));
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "Acquire")]
    pub fn acquire_async(&self, n: usize) -> AcquireAsync<'_> {
        AcquireAsync::new(self, n)
    }

    /// Returns `n` permits. Any thread may do that. Go: `sem.Release(n)`.
    ///
    /// # Panics
    ///
    /// If fewer are held, with Go's text: `semaphore: released more than held`. Then nothing is released.
    #[inline]
    #[track_caller]
    #[doc(alias = "Release")]
    pub fn release(&self, n: usize) {
        if !self.permits.give(n) {
            released_too_many();
        }
    }

    /// The number of free permits. Never blocks; one load. Go has no such method.
    ///
    /// A snapshot. While there are waiters, nobody else gets permits, even if some are free.
    ///
    /// # Memory ordering
    ///
    /// None: it orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = gosync::semaphore::Weighted::new(3);
    /// let _permit = semaphore.try_permit(2);
    /// assert_eq!(semaphore.available(), 1);
    /// ```
    #[must_use]
    #[doc(alias = "available_permits")]
    pub fn available(&self) -> usize {
        self.permits.state().0
    }

    /// Like [`acquire`](Weighted::acquire), with a permit that releases on drop.
    ///
    /// # Errors
    ///
    /// Same as [`acquire`](Weighted::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::Context;
    /// use gosync::semaphore::{Permit, Weighted};
    ///
    /// let slots = Weighted::new(3);
    /// let permit: Permit<'_> = slots.permit(&Context::background(), 2).unwrap();
    /// assert_eq!(permit.count(), 2);
    /// assert!(slots.try_permit(2).is_none());
    /// drop(permit);
    /// assert!(slots.try_permit(3).is_some());
    /// assert!(Weighted::MAX_SIZE >= 1 << 30);
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn permit(&self, ctx: &Context, n: usize) -> Result<Permit<'_>, ContextError> {
        self.acquire(ctx, n).map(|()| Permit::of(self, n))
    }

    /// Like [`try_acquire`](Weighted::try_acquire), with a permit that releases on drop.
    #[must_use = "a permit that is not kept is given back at once"]
    pub fn try_permit(&self, n: usize) -> Option<Permit<'_>> {
        self.try_acquire(n).then(|| Permit::of(self, n))
    }

    /// Like [`acquire_timeout`](Weighted::acquire_timeout), with a permit that releases on drop.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a permit that is not kept is given back at once"]
    pub fn permit_timeout(&self, n: usize, timeout: Duration) -> Option<Permit<'_>> {
        self.acquire_timeout(n, timeout).then(|| Permit::of(self, n))
    }

    /// Like [`acquire_deadline`](Weighted::acquire_deadline), with a permit that releases on drop.
    #[cfg_attr(feature = "deadlock", track_caller)]
    #[must_use = "a permit that is not kept is given back at once"]
    pub fn permit_deadline(&self, n: usize, deadline: Instant) -> Option<Permit<'_>> {
        self.acquire_deadline(n, deadline).then(|| Permit::of(self, n))
    }

    /// Like [`acquire_async`](Weighted::acquire_async), with a permit that releases on drop. Feature `async`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::semaphore::{PermitAsync, Weighted};
    ///
    /// async fn one_at_a_time(slots: &Weighted) {
    ///     let turn: PermitAsync<'_> = slots.permit_async(1);
    ///     let _permit = turn.await;
    /// }
    /// ```
    #[cfg(feature = "async")]
    pub fn permit_async(&self, n: usize) -> PermitAsync<'_> {
        PermitAsync::new(self, n)
    }
}

#[cold]
#[track_caller]
fn released_too_many() -> ! {
    panic!("semaphore: released more than held");
}

impl fmt::Debug for Weighted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (free, queued) = self.permits.state();
        f.debug_struct("Weighted")
            .field("size", &self.permits.size())
            .field("free", &free)
            .field("queued", &queued)
            .finish()
    }
}

/// Rings when a node gets its permits.
struct Bell(Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // By a handle of this thread's own, for models: loom does not see std's Arc. Nobody may listen any more.
        let _ = self.0.clone().try_send(());
    }
}

/// A thread that is told of its permits as a task is. Leaves the line when dropped, or returns what it has got.
struct Place<'a> {
    permits: &'a Permits,
    n: usize,
    node: Node,
    is_in_line: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // SAFETY: alive, and of this line.
        if self.is_in_line && !unsafe { self.permits.leave(&self.node) } {
            step!("semaphore.give-back", _ = self.permits.give(self.n));
        }
    }
}
