//! Tasks in the same queues: how a future's operation waits, is completed, and is given up.
//!
//! The node lives in the pinned future. It is completed as a thread's is, by who has claimed it, after the channel's lock
//! was released; instead of a thread that sleeps there is a [`Waker`](std::task::Waker), under a small lock of its own:
//! a poll looks for the outcome and leaves its waker in one step, a completion leaves the outcome and takes the waker in
//! one step, so neither can miss the other.
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
//! capacity for each such future; at capacity 0 that means that a send may have completed without a receiver.
//!
//! # Wakers
//!
//! A waker is a user's code: it may poll its task at once, which may drop any other future, one that the waking thread has
//! claimed itself included. So whoever completes several nodes completes all of them before it wakes the first task
//! ([`Wakes`](waiter::Wakes)); for that a close with tasks waiting may allocate. And a waker may panic. Nobody who waits for
//! a channel can do anything about that, so the panic ends there, after the hook has reported it: the value goes its way,
//! and the others are woken.
//!
//! A future that is leaked keeps its node in its queue; a value that is delivered to it is lost.
//!
//! # Ordering
//!
//! The node's lock orders the completion and the poll or the drop that sees it; the rest is as for a thread.

use std::ptr::NonNull;
use std::task::{Poll, Waker};

use gosync_atomic::__sys::{Lock, Sleeper, UnsafeCell, contained, step};

use super::*;

/// What a task waits for: the counterpart of a thread's [`Sleeper`], which it contains for the sake of its drop.
pub(crate) struct Task {
    sleeper: Sleeper,
    lock: Lock,
    /// Guarded by the lock.
    waker: UnsafeCell<Option<Waker>>,
}

impl Task {
    pub(super) fn new(waker: Waker) -> Task {
        Task { sleeper: Sleeper::new(), lock: Lock::new(), waker: UnsafeCell::new(Some(waker)) }
    }

    /// Completes the operation. What is left to do is to [`wake`] its task.
    ///
    /// # Safety
    ///
    /// As for [`waiter::complete`].
    pub(super) unsafe fn complete(this: NonNull<Task>, code: u32) -> Option<Waker> {
        // SAFETY: alive: who owns it looks for the outcome under the lock, or takes the lock after it has seen it.
        let task = unsafe { this.as_ref() };
        let lock = task.lock.lock();
        // SAFETY: the lock is held.
        let waker = task.waker.with_mut(|waker| unsafe { (*waker).take() });
        // SAFETY: the caller's contract.
        unsafe { Sleeper::complete(NonNull::from(&task.sleeper), code) };
        // The last access.
        drop(lock);
        waker
    }

    /// Where a select's claim is.
    pub(super) fn sleeper(&self) -> &Sleeper {
        &self.sleeper
    }

    /// The code of the outcome, if there is one; if not, this waker will be called.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<u32> {
        // A waker's clone and drop are a user's code: not under the lock.
        let mut spare = Some(waker.clone());
        let lock = self.lock.lock();
        if let Some(code) = self.sleeper.outcome() {
            drop(lock);
            return Poll::Ready(code);
        }
        // SAFETY: the lock is held.
        step!("chan.leave-waker", self.waker.with_mut(|waker| std::mem::swap(unsafe { &mut *waker }, &mut spare)));
        drop(lock);
        Poll::Pending
    }

    /// The outcome of a node that was claimed, and the number of its case.
    pub(super) fn wait(&self) -> (u32, Outcome) {
        let code = self.sleeper.wait(None);
        // Its claimer may still hold the lock.
        drop(self.lock.lock());
        code.map_or((0, Outcome::Retry), Outcome::from_code)
    }
}

/// Wakes a task whose operation was completed.
pub(super) fn wake(waker: Waker) {
    step!("chan.wake-task", contained(|| waker.wake()));
}

impl<T> Channel<T> {
    /// Takes the oldest value of the ring, if there is nothing else to it.
    fn recv_now(&self) -> Option<T> {
        if !self.may_proceed(state::signs::RECV) {
            return None;
        }
        let lock = self.front.lock.lock();
        // SAFETY: the lock is held, and released after the last use of this.
        let mut held = unsafe { Held::new(self) };
        let value = held.pop();
        drop((held, lock));
        value
    }

    /// Appends a value to the ring, if there is nothing else to it.
    fn send_now(&self, value: T) -> Result<(), T> {
        if !self.may_proceed(state::signs::SEND) {
            return Err(value);
        }
        let lock = self.front.lock.lock();
        // SAFETY: the lock is held, and released after the last use of this.
        let mut held = unsafe { Held::new(self) };
        let result = held.push(value);
        drop((held, lock));
        result
    }

    /// Receives at once, or leaves the node in the queue for the task of this waker.
    ///
    /// # Safety
    ///
    /// `node` is room for a node; if this is pending, it stays in place until it is completed or given up.
    pub(crate) unsafe fn start_recv(&self, node: NonNull<Node<T>>, waker: &Waker) -> Poll<Option<T>> {
        if let Some(value) = self.recv_now() {
            return Poll::Ready(Some(value));
        }
        // A waker's clone is a user's code: not under the lock.
        let waker = waker.clone();
        let mut observers = Observers::default();
        let mut state = self.settling();
        match state.take(&mut observers) {
            Take::Value(value, peer) => {
                drop(state);
                if let Some((peer, outcome)) = peer {
                    // SAFETY: its only completion, by its claimer.
                    unsafe { waiter::complete(peer, outcome) };
                }
                Poll::Ready(Some(value))
            }
            Take::From(sender) => {
                drop(state);
                // SAFETY: a sender of this channel, claimed just now.
                let value = unsafe { waiter::take_from(sender) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(sender, Outcome::Done) };
                Poll::Ready(Some(value))
            }
            Take::Promise(sender) => {
                // SAFETY: the caller's contract.
                unsafe { node.write(Node::receiver_of_task(Task::new(waker))) };
                // SAFETY: the node stays where it is, and is left to the holder of the permit.
                unsafe { state.set_aside.receivers.push(node.cast()) };
                drop(state);
                // SAFETY: its only completion, by its claimer.
                step!("task.tell-holder", unsafe { waiter::complete(sender, Outcome::Partner) });
                Poll::Pending
            }
            Take::Closed => Poll::Ready(None),
            Take::Nothing => {
                // SAFETY: the caller's contract.
                unsafe { node.write(Node::receiver_of_task(Task::new(waker))) };
                // SAFETY: the lock is held; the node stays where it is.
                unsafe { state.receivers.push(node.cast()) };
                // SAFETY: the lock is held.
                unsafe { observers.call(&mut state.send_watchers) };
                Poll::Pending
            }
        }
    }

    /// Sends at once, or leaves the node in the queue for the task of this waker.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    pub(crate) unsafe fn start_send(&self, node: NonNull<Node<T>>, value: T, waker: &Waker) -> Poll<Result<(), T>> {
        let value = match self.send_now(value) {
            Ok(()) => return Poll::Ready(Ok(())),
            Err(value) => value,
        };
        let waker = waker.clone();
        let mut observers = Observers::default();
        let mut state = self.settling();
        if step!("task.send.closed", state.closed, else false) {
            return Poll::Ready(Err(value));
        }
        // SAFETY: the lock is held.
        match unsafe { state.receivers.meet() } {
            Some(Met::Transfer(receiver)) => {
                let value = state.pass_through(value);
                drop(state);
                // SAFETY: a receiver of this channel, claimed just now.
                unsafe { waiter::put_into(receiver, value) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Done) };
                Poll::Ready(Ok(()))
            }
            Some(Met::Permit(receiver)) if state.has_room(self.front.capacity) => {
                state.append_for_permit(value);
                state.set_aside.items += 1;
                drop(state);
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Slot) };
                Poll::Ready(Ok(()))
            }
            Some(Met::Permit(receiver)) => {
                // SAFETY: the caller's contract.
                unsafe { node.write(Node::sender_of_task(value, Task::new(waker))) };
                // SAFETY: the node stays where it is, and is left to the holder of the permit.
                unsafe { state.set_aside.senders.push(node.cast()) };
                drop(state);
                // SAFETY: its only completion, by its claimer.
                step!("task.tell-recv-holder", unsafe { waiter::complete(receiver, Outcome::Partner) });
                Poll::Pending
            }
            None if state.has_room(self.front.capacity) => {
                state.append(value, &mut observers);
                drop(state);
                Poll::Ready(Ok(()))
            }
            None => {
                // SAFETY: the caller's contract.
                unsafe { node.write(Node::sender_of_task(value, Task::new(waker))) };
                // SAFETY: the lock is held; the node stays where it is.
                unsafe { state.senders.push(node.cast()) };
                // SAFETY: the lock is held.
                unsafe { observers.call(&mut state.recv_watchers) };
                Poll::Pending
            }
        }
    }

    /// Gives up a receive that was pending: a value that it has got is the next one's.
    ///
    /// # Safety
    ///
    /// The node was left here by `start_recv`, and what it has got was not taken. It is gone afterwards.
    pub(crate) unsafe fn give_up_recv(&self, node: NonNull<Node<T>>) {
        let mut state = self.settling();
        // SAFETY: the lock is held, and the node was left in this queue or in the line.
        if unsafe { state.receivers.remove(node.cast()) } {
            return;
        }
        drop(state);
        if self.leave_recv_line(node.cast()) {
            return;
        }
        // SAFETY: the node is the caller's.
        let node = unsafe { node.as_ref() };
        if node.task().wait().1 == Outcome::Done {
            // SAFETY: a value was delivered, and not taken.
            let value = unsafe { node.take() };
            step!("task.put-back", self.put_back(value));
        }
    }

    /// Gives up a send that was pending: its value, if nobody has it.
    ///
    /// # Safety
    ///
    /// The node was left here by `start_send`. It is gone afterwards.
    pub(crate) unsafe fn give_up_send(&self, node: NonNull<Node<T>>) -> Option<T> {
        let mut state = self.settling();
        // SAFETY: the lock is held, and the node was left in this queue or in the line.
        let mut unsent = unsafe { state.senders.remove(node.cast()) };
        if !unsent && step!("task.leave-send-line", state.set_aside.senders.remove(node.cast()), else false) {
            state.set_aside.deserted += 1;
            unsent = true;
        }
        drop(state);
        // SAFETY: the node is the caller's.
        let node = unsafe { node.as_ref() };
        let unsent = unsent || node.task().wait().1 != Outcome::Done;
        // SAFETY: nobody has taken the value.
        unsent.then(|| unsafe { node.take() })
    }

    /// Takes a node out of the line of receivers that were promised to the holder of a permit, if it is there.
    pub(super) fn leave_recv_line(&self, node: NonNull<Waiter>) -> bool {
        let mut state = self.settling();
        let found = step!("task.leave-recv-line", state.set_aside.receivers.remove(node), else false);
        state.set_aside.deserted -= isize::from(found);
        found
    }

    /// As [`send_granted`](Channel::send_granted), for a task, which does not wait for a partner that is not there yet, or
    /// not any more: the value waits for it in the buffer, beyond its capacity if need be.
    pub(crate) fn send_granted_by_task(&self, grant: Grant, value: T) -> Result<(), T> {
        if grant != Grant::Partner {
            return self.send_granted(grant, value);
        }
        let mut observers = Observers::default();
        let mut state = self.settling();
        if let Some(receiver) = state.set_aside.receivers.pop() {
            let value = state.pass_through(value);
            drop(state);
            // SAFETY: a receiver of this channel, promised to a holder of a permit like the caller.
            unsafe { waiter::put_into(receiver, value) };
            // SAFETY: its only completion, by who took it out of the line.
            unsafe { waiter::complete(receiver, Outcome::Done) };
            return Ok(());
        }
        if state.set_aside.deserted >= 0 {
            // The holder of a permit to receive will come: its permit is for this value from now on.
            state.set_aside.early += 1;
            state.set_aside.items += 1;
            state.append_for_permit(value);
            return Ok(());
        }
        state.set_aside.deserted += 1;
        if state.closed {
            return Err(value);
        }
        // SAFETY: the lock is held.
        match unsafe { state.receivers.meet() } {
            Some(Met::Transfer(receiver)) => {
                let value = state.pass_through(value);
                drop(state);
                // SAFETY: a receiver of this channel, claimed just now.
                unsafe { waiter::put_into(receiver, value) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Done) };
            }
            Some(Met::Permit(receiver)) => {
                state.append_for_permit(value);
                state.set_aside.items += 1;
                drop(state);
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Slot) };
            }
            None => {
                state.append(value, &mut observers);
                drop(state);
            }
        }
        Ok(())
    }

    /// Gives a value that was received and not wanted to the next receiver, or puts it back where it was taken from.
    pub(super) fn put_back(&self, value: T) {
        let capacity = self.front.capacity;
        let mut observers = Observers::default();
        let mut state = self.settling();
        // SAFETY: the lock is held.
        let met = unsafe { state.receivers.meet() };
        if let Some(Met::Transfer(receiver)) = met {
            drop(state);
            // SAFETY: a receiver of this channel, claimed just now.
            unsafe { waiter::put_into(receiver, value) };
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(receiver, Outcome::Done) };
            return;
        }
        state.ring.push_front(value, capacity);
        state.held.publish_len();
        if let Some(Met::Permit(receiver)) = met {
            state.set_aside.items += 1;
            drop(state);
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(receiver, Outcome::Slot) };
        } else {
            // SAFETY: the lock is held.
            unsafe { observers.call(&mut state.recv_watchers) };
        }
    }
}
