//! Tasks in the mutex's line: [`LockAsync`], [`RawLockAsync`]. Feature `async`.
//!
//! A task stands in the same line as the threads, in the same way: it joins at the end, is called when its turn comes,
//! takes the lock or steps back, and is overtaken as long and no longer. `fair_lock.rs` has the protocol, all of it; here is
//! who does the steps, which is whoever polls the future or drops it. Three things are different:
//!
//! * A task looks for the lock once where a thread looks for a moment: it never spins, nor sleeps.
//! * Its node is completed by the very step that takes it out of the line, so each poll and the drop find it in one of
//!   two places: in line, or called. Neither has to wait for the thread that calls.
//! * It may be dropped when it was called. Then it gives up as a thread does whose deadline has passed: if the lock is
//!   taken, its release calls the next in line; if it is free, it takes and releases it, and that calls the next.
//!
//! # Invariants
//!
//! 1. In `Stage::InLine` there is a node, it was pushed to this lock's line, and it stays where it is until it was removed
//!    or seen woken. In the other stages no line knows the node.
//! 2. In `Stage::InLine` with a node that is woken, this task is the front that was called (invariant 1 of
//!    `fair_lock.rs`).
//!
//! Wakers are cloned, dropped and called without a lock. Each of that may panic or come back to this very lock: stage and
//! node are then what the invariants say.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use gosync_atomic::__sys::{Waiter, ord, step};

use super::fair_lock::{FairLock, Joined};
use super::{Mutex, MutexGuard, word};
use crate::LINES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Never polled.
    New,
    /// Waits for its turn, or was called.
    InLine,
    /// Has taken the lock.
    Over,
}

/// A task on its way to the lock.
pub(crate) struct Turn<'a> {
    lock: &'a FairLock,
    stage: Stage,
    /// Pinned with the future.
    waiter: Option<Waiter>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(lock: &'a FairLock) -> Turn<'a> {
        Turn { lock, stage: Stage::New, waiter: None }
    }

    /// Whether it has taken the lock now; or else its task is woken when that is worth another try.
    pub(crate) fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the node in it is not moved while a line knows it: it is only replaced, in another stage or when woken.
        let this = unsafe { self.get_unchecked_mut() };
        let taken = match this.stage {
            Stage::New => this.begin(context),
            Stage::InLine => this.go_on(context),
            Stage::Over => panic!("a future that has locked its mutex was polled once more"),
        };
        if taken {
            this.stage = Stage::Over;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    #[inline]
    fn begin(&mut self, context: &mut Context<'_>) -> bool {
        match self.lock.take_open().or_else(|word| self.lock.try_lock_from(word)) {
            Ok(()) => true,
            Err(word) => self.join(word, context),
        }
    }

    #[cold]
    fn join(&mut self, word: u32, context: &mut Context<'_>) -> bool {
        let waiter = self.waiter.insert(Waiter::of_task(0, context.waker().clone()));
        // SAFETY: it is new, and pinned; from here on invariant 1 holds, and the drop sees to the rest.
        if let Joined::Not = unsafe { self.lock.join(waiter, word) } {
            return true;
        }
        self.stage = Stage::InLine;
        false
    }

    #[cold]
    fn go_on(&mut self, context: &mut Context<'_>) -> bool {
        if !self.is_called() {
            let waker = context.waker().clone();
            let queue = self.lock.word.queue(LINES);
            // SAFETY: alive, with a waker, and of this line (invariant 1).
            let old = unsafe { queue.lock().replace_waker(self.node().into(), waker) };
            drop(old);
            // Called in between: then it was the old waker that was told.
            if !step!("mutex.async.look-again", self.is_called(), else false) {
                return false;
            }
        }
        let Err(word) = self.lock.try_as_front() else { return true };
        // The time of its first call goes with it. No line knows the old node: it was seen woken.
        let waiter = self.waiter.insert(Waiter::of_task(word::stamp(word), context.waker().clone()));
        // SAFETY: as in `join`.
        unsafe { self.lock.step_back(waiter, word) }
    }

    /// In stage `InLine`: the node.
    fn node(&self) -> &Waiter {
        self.waiter.as_ref().expect("a task in line has a node")
    }

    /// In stage `InLine`: whether it was called.
    fn is_called(&self) -> bool {
        self.node().is_woken()
    }

    /// In stage `InLine`: leaves the line or, if it was called, lets the next one be called.
    #[cold]
    fn give_up(&mut self) {
        // SAFETY: alive, and of this line (invariant 1).
        if unsafe { self.lock.leave(self.node()) } {
            return;
        }
        step!("mutex.async.give-up", {
            // Relaxed: a guess that the exchange checks.
            let word = self.lock.word.load(ord!("mutex.async.give-up.look", Relaxed));
            if self.lock.pass_on(word, 0) {
                // SAFETY: it has just been taken here.
                step!("mutex.async.hand-on", unsafe { self.lock.unlock() });
            }
        });
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.stage == Stage::InLine {
            // First, in case that a waker panics: it is over either way.
            self.stage = Stage::Over;
            self.give_up();
        }
    }
}

/// Waits for a [`Mutex`], as a task: what [`Mutex::lock_async`] returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct LockAsync<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    turn: Turn<'a>,
}

impl<'a, T: ?Sized> LockAsync<'a, T> {
    pub(super) fn new(mutex: &'a Mutex<T>) -> LockAsync<'a, T> {
        LockAsync { mutex, turn: Turn::new(&mutex.lock) }
    }
}

impl<'a, T: ?Sized> Future for LockAsync<'a, T> {
    type Output = MutexGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<MutexGuard<'a, T>> {
        let mutex = self.mutex;
        // SAFETY: a field that is pinned with its future, always.
        let turn = unsafe { self.map_unchecked_mut(|this| &mut this.turn) };
        turn.poll(context).map(|()| MutexGuard::of(mutex))
    }
}

impl<T: ?Sized> fmt::Debug for LockAsync<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockAsync").field("stage", &self.turn.stage).finish()
    }
}

/// Waits for a [`RawMutex`](crate::RawMutex), as a task: what [`RawMutex::lock_async`](crate::RawMutex::lock_async)
/// returns.
///
/// It says what happens if the future is dropped or leaked.
#[must_use = "a future does nothing unless it is awaited or polled"]
pub struct RawLockAsync<'a> {
    turn: Turn<'a>,
}

impl<'a> RawLockAsync<'a> {
    pub(super) fn new(lock: &'a FairLock) -> RawLockAsync<'a> {
        RawLockAsync { turn: Turn::new(lock) }
    }
}

impl Future for RawLockAsync<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: a field that is pinned with its future, always.
        let turn = unsafe { self.map_unchecked_mut(|this| &mut this.turn) };
        turn.poll(context)
    }
}

impl fmt::Debug for RawLockAsync<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawLockAsync").field("stage", &self.turn.stage).finish()
    }
}
