//! Tasks in the same queues: how a future's operation waits, is completed, and is given up.
//!
//! The node lives in the pinned future. It is completed as a thread's is, by who has claimed it, after the channel's lock
//! was released; instead of a thread that sleeps there is a [`Waker`](std::task::Waker) beside the word. Who completes the
//! node takes the waker before that, so that the completion is the last access. That is one store for a plain operation, and a poll
//! that sees it is one load.
//!
//! # A poll by another task than before
//!
//! It leaves another waker. For that a plain operation takes the channel's lock, because the node is claimed under it: as long as
//! the node is still in its queue, or in the line of those who were promised to a permit, nobody else touches the waker, and who
//! claims the node later sees it. If it is there no more, it is claimed, and completed in a moment; the poll stays until then, so
//! that nobody has to wake it. So a completion need not say that it has begun.
//!
//! A select's nodes are in the queues of many channels. Its task and who completes it see each other by the bits of the
//! [`Sleeper`] that all of them share, and either the waker comes in time or the poll sees the outcome.
//!
//! # A future that is dropped
//!
//! | it finds its node | what it does |
//! | --- | --- |
//! | in its queue | takes it out: nothing has happened |
//! | in the line of those who were promised to a permit | takes it out; the holder will find itself deserted |
//! | claimed | waits for the completion: its claimer is a few instructions from it, with no user's code in between |
//! | completed with a value | gives that to the next receiver, or puts it back to the front of the buffer |
//!
//! So a future can go at any time, and no value and no wake-up goes with it. The buffer may then hold one value more than its
//! capacity for each such future; at capacity 0 that means that a send may have completed without a receiver. If there is no
//! memory for it, the value is dropped, which is reported as a panic is.
//!
//! # Wakers
//!
//! A waker is a user's code: it may poll its task at once, which may drop any other future, one that the waking thread has
//! claimed itself included. So whoever completes several nodes completes all of them before it wakes the first task
//! ([`Wakes`](waiter::Wakes)); for that a close with tasks waiting may allocate. (If there is no memory, a task is woken
//! between two completions.) And a waker may panic, when it is called, and when it is dropped since its operation is over. Nobody
//! who waits for a channel can do anything about that, so the panic ends there, after the hook has reported it: the value goes its
//! way, and the others are woken.
//!
//! A future that is leaked keeps its node in its queue; a value that is delivered to it is lost.
//!
//! # Ordering
//!
//! As for a thread: the completion is a `Release`, the poll or the drop that sees it an `Acquire`.

mod give_up;
mod start;

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{Poll, Waker};

use gosync_atomic::__sys::{Sleeper, UnsafeCell, contained, step};
pub(crate) use start::Start;

use super::Channel;
use super::state::State;
use super::waiter::{Node, Outcome, Waiter};

/// What a task waits for: the counterpart of a thread's [`Sleeper`], with a waker beside it.
pub(crate) struct Task {
    sleeper: Sleeper,
    /// Written by the task alone: of a plain operation under the lock, while nobody has claimed the node; of a select between
    /// `begin_change` and `end_change`. The task may read it at any time. Once the task is completed it belongs to who has done
    /// that, or is `None`.
    waker: UnsafeCell<ManuallyDrop<Option<Waker>>>,
}

impl Task {
    pub(super) fn new(waker: Option<Waker>) -> Task {
        Task { sleeper: Sleeper::new(), waker: UnsafeCell::new(ManuallyDrop::new(waker)) }
    }

    /// Makes it know its task, which it did not.
    ///
    /// # Safety
    ///
    /// Nobody else knows it.
    pub(super) unsafe fn tell(&self, waker: Waker) {
        // SAFETY: the caller's contract.
        self.waker.with_mut(|known| unsafe { *known = ManuallyDrop::new(Some(waker)) });
    }

    /// Before anybody else knows it: whether it knows its task.
    fn has_waker(&self) -> bool {
        // SAFETY: nobody writes it.
        self.waker.with(|waker| unsafe { &*waker }.is_some())
    }

    /// Completes a plain operation. What is left to do is to [`wake`] its task.
    ///
    /// # Safety
    ///
    /// As for [`waiter::complete`](super::waiter::complete).
    #[inline(always)]
    pub(super) unsafe fn complete(this: NonNull<Task>, code: u32) -> Option<Waker> {
        // SAFETY: alive until its completion.
        let task = unsafe { this.as_ref() };
        // SAFETY: the task leaves it alone since the node was claimed, and does not drop it once it is completed.
        let waker = task.waker.with(|waker| unsafe { waker.read() });
        // SAFETY: the caller's contract. The last access.
        unsafe { Sleeper::complete_task(NonNull::from(&task.sleeper), code) };
        ManuallyDrop::into_inner(waker)
    }

    /// As [`complete`](Task::complete), for a select.
    ///
    /// # Safety
    ///
    /// As for [`waiter::complete`](super::waiter::complete).
    #[inline]
    pub(super) unsafe fn complete_select(this: NonNull<Task>, code: u32) -> Option<Waker> {
        // SAFETY: alive until its completion.
        let task = unsafe { this.as_ref() };
        let waker = if task.sleeper.begin_completion() {
            // SAFETY: the task leaves it alone from now on, and does not drop it.
            task.waker.with(|waker| unsafe { waker.read() })
        } else {
            // The task is up, and will see the outcome.
            ManuallyDrop::new(None)
        };
        // SAFETY: the caller's contract. The last access.
        unsafe { Sleeper::complete(NonNull::from(&task.sleeper), code) };
        ManuallyDrop::into_inner(waker)
    }

    /// Where a select's claim is.
    pub(super) fn sleeper(&self) -> &Sleeper {
        &self.sleeper
    }

    /// Whether it was completed by what it has waited for.
    #[inline(always)]
    pub(super) fn is_done(&self) -> bool {
        self.sleeper.outcome() == Some(Outcome::Done as u32) // the code of a plain operation
    }

    /// The code of the outcome, if there is one; or that this waker will be called; or neither.
    #[inline]
    fn look(&self, waker: &Waker) -> Option<Poll<u32>> {
        if let Some(code) = self.sleeper.outcome() {
            return Some(Poll::Ready(code));
        }
        // SAFETY: only its task, which is here, writes it.
        let known = self.waker.with(|known| unsafe { &*known }.as_ref().is_some_and(|known| known.will_wake(waker)));
        known.then_some(Poll::Pending)
    }

    /// The code of a select's outcome, if there is one; if not, this waker will be called.
    #[inline]
    pub(crate) fn poll_select(&self, waker: &Waker) -> Poll<u32> {
        self.look(waker).unwrap_or_else(|| self.change(waker))
    }

    #[cold]
    fn change(&self, waker: &Waker) -> Poll<u32> {
        // A user's code, which may panic: before anything has changed.
        let mut spare = Some(waker.clone());
        if self.sleeper.begin_change() {
            // SAFETY: nobody else touches it until `end_change`, nor afterwards, if that says so.
            step!("task-select.leave-waker", unsafe { self.exchange(&mut spare) });
            if self.sleeper.end_change() {
                return Poll::Pending;
            }
            spare = None;
            // SAFETY: as above.
            unsafe { self.exchange(&mut spare) };
        }
        Poll::Ready(self.await_completion())
    }

    /// # Safety
    ///
    /// Nobody else touches the waker.
    unsafe fn exchange(&self, spare: &mut Option<Waker>) {
        // SAFETY: the caller's contract.
        self.waker.with_mut(|waker| std::mem::swap(unsafe { &mut **waker }, spare));
    }

    /// The code of the outcome of a node that was claimed.
    fn await_completion(&self) -> u32 {
        self.sleeper.outlast_claimer()
    }

    /// The outcome of a node that was claimed, and the number of its case.
    pub(super) fn wait(&self) -> (u32, Outcome) {
        Outcome::from_code(self.await_completion())
    }
}

impl Drop for Task {
    /// By its task, when nobody else knows it any more.
    #[inline]
    fn drop(&mut self) {
        if self.sleeper.outcome().is_none() {
            // SAFETY: not completed, so nobody has taken it; it is not used again.
            if let Some(waker) = ManuallyDrop::into_inner(self.waker.with(|waker| unsafe { waker.read() })) {
                discard(waker);
            }
        }
    }
}

/// Drops the waker of an operation that is over.
#[cold]
#[inline(never)]
fn discard(waker: Waker) {
    contained(|| drop(waker));
}

/// Wakes a task whose operation was completed.
pub(super) fn wake(waker: Waker) {
    step!("chan.wake-task", contained(|| waker.wake()));
}

impl<T> Channel<T> {
    /// How a pending receive has ended; if it has not, this waker will be called.
    ///
    /// # Safety
    ///
    /// The node was left here by `start_recv`, and is not given up.
    pub(crate) unsafe fn poll_recv(&self, node: NonNull<Node<T>>, waker: &Waker) -> Poll<Outcome> {
        let is_pending = |state: &State<T>, node| {
            // SAFETY: the lock is held, and the node was left in this queue or in the line.
            let is_queued = unsafe { state.receivers.has(node) };
            is_queued || step!("task.promised-recv", state.set_aside.receivers.has(node), else false)
        };
        // SAFETY: the caller's contract.
        unsafe { self.poll_node(node, waker, is_pending) }
    }

    /// How a pending send has ended; if it has not, this waker will be called.
    ///
    /// # Safety
    ///
    /// The node was left here by `start_send`, and is not given up.
    pub(crate) unsafe fn poll_send(&self, node: NonNull<Node<T>>, waker: &Waker) -> Poll<Outcome> {
        let is_pending = |state: &State<T>, node| {
            // SAFETY: the lock is held, and the node was left in this queue or in the line.
            let is_queued = unsafe { state.senders.has(node) };
            is_queued || step!("task.promised-send", state.set_aside.senders.has(node), else false)
        };
        // SAFETY: the caller's contract.
        unsafe { self.poll_node(node, waker, is_pending) }
    }

    /// # Safety
    ///
    /// The node was left here, and is not given up; `is_pending` says whether it was not claimed.
    #[inline(always)]
    unsafe fn poll_node(
        &self,
        node: NonNull<Node<T>>,
        waker: &Waker,
        is_pending: impl FnOnce(&State<T>, NonNull<Waiter>) -> bool,
    ) -> Poll<Outcome> {
        // SAFETY: the caller's contract.
        let task = unsafe { Node::task(node) };
        let polled = task.look(waker).unwrap_or_else(|| {
            // A user's code, which may panic: before anything has changed, and not under the lock. So is the drop of the waker.
            let mut spare = Some(waker.clone());
            let state = self.settling();
            let is_pending = step!("task.still-pending", is_pending(&state, node.cast()), else true);
            if is_pending {
                // SAFETY: nobody has claimed the node, which takes the lock.
                step!("chan.leave-waker", unsafe { task.exchange(&mut spare) });
            }
            drop(state);
            if is_pending { Poll::Pending } else { Poll::Ready(task.await_completion()) }
        });
        polled.map(|code| Outcome::from_code(code).1)
    }
}
