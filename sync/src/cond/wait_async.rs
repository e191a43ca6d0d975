//! Tasks that wait for a [`Cond`]: [`CondWaitAsync`]. Feature `async`.
//!
//! A task stands in the same line as the threads. The future owns the guard: its first poll joins the line and unlocks;
//! when it was called it becomes the future that locks. Two things are different from a thread:
//!
//! * Its node is completed by the very step that takes it out of the line, so each poll and the drop find it in one of
//!   three places: in the line, in one that a broadcast has detached and is about to wake, or called.
//! * It may be dropped. In line it leaves. If a signal has called it, and it does not hold the lock yet, that signal goes to the
//!   next in line; a broadcast has called the others as well, so there is nothing to hand on.
//!
//! # Invariants
//!
//! 1. While `Place::in_line` there is a node, it was pushed to the line of this word, and it stays where it is until it was
//!    removed or seen woken. Otherwise no line knows the node.
//!
//! Wakers are cloned, dropped and called without a lock. Each of that may panic: stage and node are then what they were.

use std::fmt;
use std::future::Future;
use std::mem;
use std::ops::DerefMut;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use gosync_atomic::__sys::{Waiter, step};

use super::guard::sealed::{Inside, Relock};
use super::{Cond, CondGuard};
use crate::LINES;

impl Cond {
    /// Releases the lock, lets the task wait until woken by a [`signal`](Cond::signal) or a [`broadcast`](Cond::broadcast),
    /// and locks again: `guard = cond.wait_async(guard).await`. Feature `async`. Go: `c.Wait()`.
    ///
    /// Works on any executor. Tasks and threads share one queue. The future owns the guard, and unlocks at its first
    /// poll.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time, and the guard with it; then the lock is not held. A signal that it
    /// received goes to the next waiter.
    ///
    /// A future that has been polled must be polled again when it is woken, or be dropped. A leaked future
    /// (`mem::forget`) swallows a signal and, if it was woken, acts like a leaked guard.
    ///
    /// # Panics
    ///
    /// Like [`wait`](Cond::wait), in the first poll, but without the lock held. The future panics if it is polled
    /// after it was ready.
    ///
    /// # Memory ordering
    ///
    /// As for `wait`: see [`Cond`](Cond#memory-ordering). A future that is dropped before completion has only the
    /// edges of its unlock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let (mutex, cond) = (gosync::Mutex::new(1), gosync::Cond::new());
    /// // As an executor does it.
    /// let mut context = Context::from_waker(Waker::noop());
    /// let mut task = pin!(async {
    ///     let guard = cond.wait_async(mutex.lock()).await;
    ///     *guard
    /// });
    /// assert!(task.as_mut().poll(&mut context).is_pending());
    /// *mutex.lock() = 2;
    /// cond.signal();
    /// assert_eq!(task.as_mut().poll(&mut context), Poll::Ready(2));
    /// ```
    #[doc(alias = "Wait")]
    pub fn wait_async<G: CondGuard>(&self, guard: G) -> CondWaitAsync<'_, G> {
        CondWaitAsync { place: Place { cond: self, in_line: false, waiter: None }, stage: Stage::New(guard) }
    }

    /// Lets the task wait while `condition` is `true` for the protected value. Feature `async`. Go: `for condition()
    /// { c.Wait() }`.
    ///
    /// Repeats [`wait_async`](Cond::wait_async). If it is dropped while it holds the lock, it unlocks.
    ///
    /// # Panics
    ///
    /// If `condition` panics. Otherwise like [`wait_async`](Cond::wait_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Waker};
    ///
    /// let (mutex, cond) = (gosync::Mutex::new(1), gosync::Cond::new());
    /// let task = async { *cond.wait_while_async(mutex.lock_async().await, |value| *value == 0).await };
    /// assert!(pin!(task).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    #[doc(alias = "Wait")]
    pub async fn wait_while_async<G>(&self, mut guard: G, mut condition: impl FnMut(&mut G::Target) -> bool) -> G
    where
        G: CondGuard + DerefMut,
    {
        while condition(&mut guard) {
            guard = self.wait_async(guard).await;
        }
        guard
    }
}

enum Stage<G: Relock> {
    /// Never polled.
    New(G),
    /// Unlocked, and waits to be called.
    Waits(G::Lock),
    /// Was called, and waits for the lock. Pinned with the future.
    Relocks(G::Relock),
    /// Has locked.
    Over,
}

/// A task in the line of a `Cond`.
struct Place<'a> {
    cond: &'a Cond,
    /// In line, or called and not through yet.
    in_line: bool,
    /// Pinned with the future.
    waiter: Option<Waiter>,
}

impl Place<'_> {
    fn node(&self) -> &Waiter {
        self.waiter.as_ref().expect("a task in line has a node")
    }

    /// Joins the line.
    fn join(&mut self, waker: Waker) {
        let waiter = self.waiter.insert(Waiter::of_task(0, waker));
        // SAFETY: it is new, and pinned; from here on invariant 1 holds, and the drop sees to the rest.
        unsafe { self.cond.join(waiter) };
        self.in_line = true;
    }

    /// In line: whether it was called; or else it wakes this task when it is.
    fn is_called(&self, context: &Context<'_>) -> bool {
        if self.node().is_woken() {
            return true;
        }
        let waker = context.waker().clone();
        let queue = self.cond.word.queue(LINES);
        // SAFETY: alive, with a waker, and of this line (invariant 1).
        let old = unsafe { queue.lock().replace_waker(self.node().into(), waker) };
        drop(old);
        // Called in between: then it was the old waker that was told.
        step!("cond.async.look-again", self.node().is_woken(), else false)
    }

    /// Leaves, if it is there. A signal that it got goes to the next.
    fn leave(&mut self) {
        // First, in case that a waker panics: it is over either way.
        if !mem::replace(&mut self.in_line, false) {
            return;
        }
        let node = NonNull::from(self.node());
        let queue = self.cond.word.queue(LINES);
        let mut line = queue.lock();
        // SAFETY: alive, and of this line (invariant 1).
        if unsafe { line.remove(node) } {
            if line.is_empty() {
                self.cond.unmark();
            }
            return;
        }
        // SAFETY: as above.
        if unsafe { line.was_detached(node) } {
            // SAFETY: as above.
            step!("cond.async.forget", unsafe { line.forget(node) });
            return;
        }
        drop(line);
        step!("cond.async.hand-on", {
            let _ = self.cond.signal();
        });
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Waits for a [`Cond`], as a task: what [`Cond::wait_async`] returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct CondWaitAsync<'a, G: CondGuard> {
    // First, so that a signal is handed on before anything else is dropped.
    place: Place<'a>,
    stage: Stage<G>,
}

impl<G: CondGuard> CondWaitAsync<'_, G> {
    /// Joins the line and unlocks.
    fn begin(&mut self, context: &Context<'_>) {
        let Stage::New(guard) = &self.stage else { unreachable!("it begins once") };
        if !guard.is_locked() {
            G::refuse();
        }
        let waker = context.waker().clone();
        let lock = guard.handle(Inside(()));
        self.place.join(waker);
        let Stage::New(guard) = mem::replace(&mut self.stage, Stage::Waits(lock)) else { unreachable!("as above") };
        if !guard.give_up() {
            // Somebody else has unlocked it since the look above.
            self.stage = Stage::Over;
            self.place.leave();
            G::refuse();
        }
    }
}

impl<G: CondGuard> Future for CondWaitAsync<'_, G> {
    type Output = G;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<G> {
        // SAFETY: what is pinned with it is not moved: the node is never replaced, and a stage only when it is over.
        let this = unsafe { self.get_unchecked_mut() };
        if let Stage::New(_) = this.stage {
            this.begin(context);
            return Poll::Pending;
        }
        if let Stage::Waits(_) = this.stage {
            if !this.place.is_called(context) {
                return Poll::Pending;
            }
            if let Stage::Waits(lock) = mem::replace(&mut this.stage, Stage::Over) {
                this.stage = Stage::Relocks(G::relock(lock));
            }
        }
        let Stage::Relocks(relock) = &mut this.stage else {
            panic!("a future that has ended its wait for a Cond was polled once more")
        };
        // SAFETY: it stays in this stage until it is over.
        let Poll::Ready(guard) = unsafe { Pin::new_unchecked(relock) }.poll(context) else { return Poll::Pending };
        step!("cond.async.over", this.place.in_line = false);
        this.stage = Stage::Over;
        Poll::Ready(guard)
    }
}

impl<G: CondGuard> fmt::Debug for CondWaitAsync<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New(_) => "New",
            Stage::Waits(_) => "Waits",
            Stage::Relocks(_) => "Relocks",
            Stage::Over => "Over",
        };
        f.debug_struct("CondWaitAsync").field("stage", &format_args!("{stage}")).finish()
    }
}
