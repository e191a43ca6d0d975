//! Tasks in the semaphore's line: [`AcquireAsync`], [`PermitAsync`]. Feature `async`.
//!
//! A task stands in the same line as the threads. Its node is completed by the very step that takes it out of the line, with
//! its permits, so each poll and the drop find it in one of two places: in line, or served. A future that is dropped when it
//! was served gives its permits back.
//!
//! # Invariants
//!
//! 1. In `Stage::InLine` there is a node, it was pushed to this line, and it stays where it is until it was removed or seen
//!    served. In the other stages no line knows the node.
//!
//! Wakers are cloned, dropped and called without a lock. Each of that may panic or come back to this very semaphore: stage
//! and node are then what the invariant says.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use gosync_atomic::__sys::step;

use super::permits::{Joined, Node};
use super::{Permit, Weighted};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Never polled.
    New,
    /// Waits for its permits, or has been served.
    InLine,
    /// Has its permits.
    Over,
}

/// Waits for permits, as a task: what [`Weighted::acquire_async`] returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct AcquireAsync<'a> {
    semaphore: Borrowed<'a>,
    n: usize,
    stage: Stage,
    /// Pinned with the future.
    node: Option<Node>,
}

/// `&Weighted`, but for one thing: a function that is given it need not find it alive until it returns. One that drops a
/// `PermitArcAsync` drops this, and then the semaphore.
struct Borrowed<'a>(NonNull<Weighted>, PhantomData<&'a Weighted>);

// SAFETY: as the reference that it stands for.
unsafe impl<'a> Send for Borrowed<'a> where &'a Weighted: Send {}
// SAFETY: as above.
unsafe impl<'a> Sync for Borrowed<'a> where &'a Weighted: Sync {}

impl<'a> AcquireAsync<'a> {
    pub(super) fn new(semaphore: &'a Weighted, n: usize) -> AcquireAsync<'a> {
        // SAFETY: it is borrowed for `'a`, so it lives as long.
        unsafe { AcquireAsync::of(NonNull::from(semaphore), n) }
    }

    /// # Safety
    ///
    /// The semaphore is alive as long as this future is.
    pub(super) unsafe fn of(semaphore: NonNull<Weighted>, n: usize) -> AcquireAsync<'a> {
        AcquireAsync { semaphore: Borrowed(semaphore, PhantomData), n, stage: Stage::New, node: None }
    }

    /// Not to be kept for longer than this future, or whatever it was borrowed from.
    fn semaphore(&self) -> &'a Weighted {
        // SAFETY: alive as long as this future.
        unsafe { self.semaphore.0.as_ref() }
    }

    fn begin(&mut self, context: &mut Context<'_>) -> bool {
        let permits = &self.semaphore().permits;
        if permits.take(self.n).is_ok() {
            return true;
        }
        if self.n > permits.size() {
            // There never will be so many.
            return false;
        }
        let node = &*self.node.insert(Node::of_task(self.n, context.waker().clone()));
        // SAFETY: it is new, and pinned; from here on invariant 1 holds, and the drop sees to the rest.
        if unsafe { permits.join(node) } == Joined::Not {
            return true;
        }
        self.stage = Stage::InLine;
        false
    }

    fn go_on(&mut self, context: &mut Context<'_>) -> bool {
        if self.node().is_served() {
            return true;
        }
        let waker = context.waker().clone();
        // SAFETY: alive, with a waker, and of this line (invariant 1).
        unsafe { self.semaphore().permits.replace_waker(self.node(), waker) };
        // Served in between: then it was the old waker that was told.
        step!("semaphore.async.look-again", self.node().is_served(), else false)
    }

    /// In stage `InLine`: the node.
    fn node(&self) -> &Node {
        self.node.as_ref().expect("a task in line has a node")
    }
}

impl Future for AcquireAsync<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the node in it is not moved while a line knows it: it is made once.
        let this = unsafe { self.get_unchecked_mut() };
        let taken = match this.stage {
            Stage::New => this.begin(context),
            Stage::InLine => this.go_on(context),
            Stage::Over => panic!("a future that has acquired its permits was polled once more"),
        };
        if taken {
            this.stage = Stage::Over;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for AcquireAsync<'_> {
    fn drop(&mut self) {
        if self.stage == Stage::InLine {
            // First, in case that a waker panics: it is over either way.
            self.stage = Stage::Over;
            let permits = &self.semaphore().permits;
            // SAFETY: alive, and of this line (invariant 1).
            if !unsafe { permits.leave(self.node()) } {
                step!("semaphore.async.give-back", _ = permits.give(self.n));
            }
        }
    }
}

impl fmt::Debug for AcquireAsync<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireAsync").field("n", &self.n).field("stage", &self.stage).finish()
    }
}

/// Waits for permits, as a task, that are returned by themselves: what [`Weighted::permit_async`] returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
#[derive(Debug)]
pub struct PermitAsync<'a> {
    acquire: AcquireAsync<'a>,
}

impl<'a> PermitAsync<'a> {
    pub(super) fn new(semaphore: &'a Weighted, n: usize) -> PermitAsync<'a> {
        PermitAsync { acquire: AcquireAsync::new(semaphore, n) }
    }
}

impl<'a> Future for PermitAsync<'a> {
    type Output = Permit<'a>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit<'a>> {
        let (semaphore, n) = (self.acquire.semaphore(), self.acquire.n);
        // SAFETY: a field that is pinned with its future, always.
        let acquire = unsafe { self.map_unchecked_mut(|this| &mut this.acquire) };
        acquire.poll(context).map(|()| Permit::of(semaphore, n))
    }
}
