//! How a task's operation begins: the ring's fast path, then that of the hand-off and that of the wait, then all there is.
//!
//! The first is part of the poll, and so is the choice between the other two, by a look at the signs. These are apart, because each
//! needs few registers, and one of them is all that a poll calls. What a value or a waker would need registers for is in the
//! future's place before the lock is taken: what is received goes to the slot as if it had been delivered.

use std::mem::forget;
use std::ptr::NonNull;
use std::task::Waker;

use gosync_atomic::__sys::{LockGuard, step};

use super::super::traffic::RETURNS;
use super::super::*;
use super::Task;

/// The value in the slot of what is no node yet. It is dropped with this, unless it is taken or left there: a panic takes it
/// along, after the lock was released, if this is older than the lock's guard.
struct Unsent<T>(NonNull<Node<T>>);

impl<T> Unsent<T> {
    /// The value.
    #[inline(always)]
    fn take(self) -> T {
        // SAFETY: who makes one has a value in the slot, and does not use it afterwards.
        unsafe { Node::take_slot(self.leave()) }
    }

    /// Where it stays.
    #[inline(always)]
    fn leave(self) -> NonNull<Node<T>> {
        let node = self.0;
        forget(self);
        node
    }
}

impl<T> Drop for Unsent<T> {
    fn drop(&mut self) {
        // SAFETY: as for `take`.
        drop(unsafe { Node::take_slot(self.0) });
    }
}

/// How an operation has begun.
#[repr(u32)] // a whole register
pub(crate) enum Start {
    Done,
    Closed,
    /// The node is with the channel.
    Waits,
    /// The same, but it does not know its task yet, or there is a clock to look at: it is to be polled.
    Polls,
}

impl<T> Channel<T> {
    /// Receives at once, or leaves the node with the channel, for the task of this waker. `Ok` is the value; if it is done
    /// otherwise, the value is in the slot.
    ///
    /// A waker's clone is a user's code, so it is not made under the lock; and it costs something, so it is made only if
    /// it seems that there is nothing to receive.
    ///
    /// # Safety
    ///
    /// `node` is room for a node, with a slot; if this waits, it stays in place until it is completed or given up.
    #[inline(always)]
    pub(crate) unsafe fn start_recv(&self, node: NonNull<Node<T>>, waker: &Waker) -> Result<T, Start> {
        let start = match self.recv_in_lane() {
            Attempt::Done(value) => return Ok(value),
            Attempt::Locked if self.may_proceed(state::signs::RECV) => {
                // SAFETY: the caller's contract.
                unsafe { self.start_recv_locked(node, waker) }
            }
            // SAFETY: the caller's contract.
            Attempt::Locked => unsafe { self.wait_to_recv(node, waker) },
            // SAFETY: the caller's contract.
            attempt => unsafe { self.start_recv_in_traffic(node, waker, attempt, RETURNS) },
        };
        Err(start)
    }

    /// A receive that the lock has to tell about. If it is done, the value is in the slot.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    #[inline(never)]
    unsafe fn start_recv_locked(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start {
        let lock = self.front.lock_for_task();
        // SAFETY: the lock is held, and released after the last use of what comes of this.
        match unsafe { Held::unless_lanes_are_open(self, true) } {
            // SAFETY: the caller's contract.
            Some(held) => unsafe { self.recv_from_sender(held, lock, node) },
            None => {
                drop(lock);
                // SAFETY: the caller's contract.
                unsafe { self.start_recv_in_traffic(node, waker, Attempt::Locked, RETURNS - 1) }
            }
        }
    }

    /// A receive while the lanes are open, or have just been, which may go back there so often.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    #[cold]
    #[inline(never)]
    unsafe fn start_recv_in_traffic(
        &self,
        node: NonNull<Node<T>>,
        waker: &Waker,
        mut attempt: Attempt<T>,
        mut returns: u32,
    ) -> Start {
        loop {
            match self.recv_to_task_in_traffic(attempt, returns) {
                Ok(value) => {
                    // SAFETY: the caller's contract; it is no node.
                    unsafe { Node::write_slot(node, value) };
                    return Start::Done;
                }
                Err(left) => returns = left,
            }
            if !self.may_proceed(state::signs::RECV) {
                // SAFETY: the caller's contract.
                return unsafe { self.wait_to_recv(node, waker) };
            }
            let lock = self.front.lock_for_task();
            // SAFETY: the lock is held, and released after the last use of what comes of this.
            if let Some(held) = unsafe { Held::unless_lanes_are_open(self, returns > 0) } {
                // SAFETY: the caller's contract.
                return unsafe { self.recv_from_sender(held, lock, node) };
            }
            drop(lock);
            (attempt, returns) = (Attempt::Locked, returns - 1);
        }
    }

    /// A receive while the lanes are open, or have just been, after an attempt in the lane, or in need of one. `Err`: the lock
    /// has to tell, and how often this may come back from there.
    #[cold]
    #[inline(never)]
    fn recv_to_task_in_traffic(&self, attempt: Attempt<T>, returns: u32) -> Result<T, u32> {
        let attempt = if let Attempt::Locked = attempt { self.recv_in_lane() } else { attempt };
        match self.recv_again_for_task(attempt) {
            Attempt::Done(value) => Ok(value),
            Attempt::Impossible => Err(0),
            Attempt::Busy | Attempt::Early | Attempt::Locked => Err(returns),
        }
    }

    /// A receive that is likely to wait.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    #[inline(never)]
    unsafe fn wait_to_recv(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start {
        // SAFETY: the caller's contract.
        unsafe { Node::write_waiter(node, Task::new(Some(waker.clone()))) };
        let lock = self.front.lock_for_task();
        // SAFETY: the lock is held, and released after the last use of this.
        let mut held = unsafe { Held::new(self) };
        if !held.may_queue_receiver() {
            // SAFETY: the caller's contract; it is written.
            return unsafe { self.recv_or_wait(held, lock, node, true) };
        }
        // SAFETY: the lock is held; the node stays where it is.
        unsafe { held.queue_receiver(node.cast()) };
        drop((held, lock));
        Start::Waits
    }

    /// Takes the oldest value, or that of a sender that waits for this.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    #[inline(always)]
    unsafe fn recv_from_sender(&self, held: Held<'_, T>, lock: LockGuard<'_>, node: NonNull<Node<T>>) -> Start {
        // SAFETY: the caller's contract; it is no node.
        let put = |value| unsafe { Node::write_slot(node, value) };
        let mut held = match held.pop_to(put) {
            Ok(()) => {
                drop(lock);
                return Start::Done;
            }
            Err(held) => held,
        };
        let Some((sender, oldest)) = held.meet_sender_to(put) else {
            // SAFETY: the caller's contract.
            return unsafe { self.recv_or_wait(held, lock, node, false) };
        };
        drop((held, lock));
        if oldest.is_none() {
            // SAFETY: a sender of this channel, claimed just now, whose value is still in its slot.
            put(unsafe { waiter::take_from(sender) });
        }
        // SAFETY: its only completion, by its claimer.
        unsafe { waiter::complete_by_task(sender) };
        Start::Done
    }

    /// All there is to a receive. If it waits, it is for the task that the node knows, or for one that is still to be told.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv). If a task is known, the node is written.
    #[cold]
    #[inline(never)]
    unsafe fn recv_or_wait(
        &self,
        held: Held<'_, T>,
        lock: LockGuard<'_>,
        node: NonNull<Node<T>>,
        is_known: bool,
    ) -> Start {
        // SAFETY: written, says the caller.
        let task = if is_known { unsafe { Node::take_task(node) } } else { Task::new(None) };
        let waits = if task.has_waker() && !self.is_timer() { Start::Waits } else { Start::Polls };
        let held = match held.pop_leftover() {
            Ok(value) => {
                drop(lock);
                // SAFETY: the caller's contract; it is no node any more.
                unsafe { Node::write_slot(node, value) };
                return Start::Done;
            }
            Err(held) => held,
        };
        let mut observers = Observers::default();
        // After `observers` and the task, so that on every way out the lock is released before they are told.
        let mut state = Settling::new(held, Some(lock));
        match state.take(&mut observers) {
            Take::Value(value, peer) => {
                drop(state);
                // SAFETY: the caller's contract; it is no node.
                unsafe { Node::write_slot(node, value) };
                if let Some((peer, outcome)) = peer {
                    // SAFETY: its only completion, by its claimer.
                    unsafe { waiter::complete(peer, outcome) };
                }
                Start::Done
            }
            Take::From(sender) => {
                drop(state);
                // SAFETY: a sender of this channel, claimed just now.
                let value = unsafe { waiter::take_from(sender) };
                // SAFETY: the caller's contract; it is no node.
                unsafe { Node::write_slot(node, value) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(sender, Outcome::Done) };
                Start::Done
            }
            Take::Promise(sender) => {
                // SAFETY: the caller's contract.
                unsafe { Node::write_waiter(node, task) };
                // SAFETY: the node stays where it is, and is left to the holder of the permit.
                unsafe { state.set_aside.receivers.push(node.cast()) };
                drop(state);
                // SAFETY: its only completion, by its claimer.
                step!("task.tell-holder", unsafe { waiter::complete(sender, Outcome::Partner) });
                waits
            }
            Take::Closed => Start::Closed,
            Take::Nothing => {
                // SAFETY: the caller's contract.
                unsafe { Node::write_waiter(node, task) };
                // SAFETY: the lock is held; the node stays where it is.
                unsafe { state.receivers.push(node.cast()) };
                // SAFETY: the lock is held.
                step!("task.recv.tell", unsafe { observers.call(&mut state.send_watchers) });
                waits
            }
        }
    }

    /// Sends at once, or leaves the node with the channel, for the task of this waker. The value stays in the slot unless it
    /// is sent.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv); the value is in the slot.
    #[inline(always)]
    pub(crate) unsafe fn start_send(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start {
        // SAFETY: the value is in the slot, and is taken once.
        match self.send_in_lane_from(|| Some(unsafe { Node::take_slot(node) })) {
            Attempt::Done(()) => Start::Done,
            Attempt::Locked if self.may_proceed(state::signs::SEND) => {
                // SAFETY: the caller's contract.
                unsafe { self.start_send_locked(node, waker) }
            }
            // SAFETY: the caller's contract.
            Attempt::Locked => unsafe { self.wait_to_send(node, waker) },
            // SAFETY: the caller's contract.
            attempt => unsafe { self.start_send_in_traffic(node, waker, attempt, RETURNS) },
        }
    }

    /// A send that the lock has to tell about.
    ///
    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    #[inline(never)]
    unsafe fn start_send_locked(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start {
        let lock = self.front.lock_for_task();
        // SAFETY: the lock is held, and released after the last use of what comes of this.
        match unsafe { Held::unless_lanes_are_open(self, true) } {
            // SAFETY: the caller's contract.
            Some(held) => unsafe { self.send_to_receiver(held, lock, node) },
            None => {
                drop(lock);
                // SAFETY: the caller's contract.
                unsafe { self.start_send_in_traffic(node, waker, Attempt::Locked, RETURNS - 1) }
            }
        }
    }

    /// A send, as in [`start_recv_in_traffic`](Channel::start_recv_in_traffic).
    ///
    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    #[cold]
    #[inline(never)]
    unsafe fn start_send_in_traffic(
        &self,
        node: NonNull<Node<T>>,
        waker: &Waker,
        mut attempt: Attempt<()>,
        mut returns: u32,
    ) -> Start {
        loop {
            // SAFETY: the caller's contract.
            match unsafe { self.send_from_task_in_traffic(node, attempt, returns) } {
                Ok(()) => return Start::Done,
                Err(left) => returns = left,
            }
            if !self.may_proceed(state::signs::SEND) {
                // SAFETY: the caller's contract.
                return unsafe { self.wait_to_send(node, waker) };
            }
            let lock = self.front.lock_for_task();
            // SAFETY: the lock is held, and released after the last use of what comes of this.
            if let Some(held) = unsafe { Held::unless_lanes_are_open(self, returns > 0) } {
                // SAFETY: the caller's contract.
                return unsafe { self.send_to_receiver(held, lock, node) };
            }
            drop(lock);
            (attempt, returns) = (Attempt::Locked, returns - 1);
        }
    }

    /// A send, as in [`recv_in_traffic`](Channel::recv_to_task_in_traffic).
    ///
    /// # Safety
    ///
    /// The value is in the slot, and stays there if this is an `Err`.
    #[cold]
    #[inline(never)]
    unsafe fn send_from_task_in_traffic(
        &self,
        node: NonNull<Node<T>>,
        attempt: Attempt<()>,
        returns: u32,
    ) -> Result<(), u32> {
        // SAFETY: the value is in the slot, and is taken once.
        let value = || Some(unsafe { Node::take_slot(node) });
        let attempt = if let Attempt::Locked = attempt { self.send_in_lane_from(value) } else { attempt };
        match self.send_again_for_task(value, attempt) {
            Attempt::Done(()) => Ok(()),
            Attempt::Impossible => Err(0),
            Attempt::Busy | Attempt::Early | Attempt::Locked => Err(returns),
        }
    }

    /// A send that is likely to wait.
    ///
    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    #[inline(never)]
    unsafe fn wait_to_send(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start {
        let unsent = Unsent(node);
        // SAFETY: the caller's contract.
        unsafe { Node::write_waiter(node, Task::new(Some(waker.clone()))) };
        let lock = self.front.lock_for_task();
        // SAFETY: the lock is held, and released after the last use of this.
        let mut held = unsafe { Held::new(self) };
        if !held.may_queue_sender() {
            // SAFETY: the caller's contract; it is written.
            return unsafe { self.send_or_wait(held, lock, unsent, true) };
        }
        // SAFETY: the lock is held; the node stays where it is.
        unsafe { held.queue_sender(unsent.leave().cast()) };
        drop((held, lock));
        Start::Waits
    }

    /// Appends the value to the ring, or hands it to a receiver that waits for this.
    ///
    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    #[inline(always)]
    unsafe fn send_to_receiver(&self, mut held: Held<'_, T>, lock: LockGuard<'_>, node: NonNull<Node<T>>) -> Start {
        let unsent = Unsent(node);
        if held.has_plain_room() {
            // SAFETY: the value is in the slot, and is taken once: `unsent` has lost it.
            held.push_plain(|| unsafe { Node::take_slot(node) });
            forget(unsent);
            drop(lock);
            return Start::Done;
        }
        let Some(receiver) = held.meet_receiver() else {
            // SAFETY: the caller's contract.
            return unsafe { self.send_or_wait(held, lock, unsent, false) };
        };
        drop((held, lock));
        // SAFETY: a receiver of this channel, claimed just now.
        unsafe { waiter::put_into(receiver, unsent.take()) };
        // SAFETY: its only completion, by its claimer.
        unsafe { waiter::complete_by_task(receiver) };
        Start::Done
    }

    /// All there is to a send, as in [`recv_or_wait`](Channel::recv_or_wait).
    ///
    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send). If a task is known, the node is written.
    #[cold]
    #[inline(never)]
    unsafe fn send_or_wait(&self, held: Held<'_, T>, lock: LockGuard<'_>, unsent: Unsent<T>, is_known: bool) -> Start {
        // SAFETY: written, says the caller.
        let task = if is_known { unsafe { Node::take_task(unsent.0) } } else { Task::new(None) };
        let waits = if task.has_waker() { Start::Waits } else { Start::Polls };
        let mut observers = Observers::default();
        // After `observers`, the task and the value, so that on every way out the lock is released before they are told or
        // dropped.
        let mut state = Settling::new(held, Some(lock));
        if step!("task.send.closed", state.closed, else false) {
            unsent.leave();
            return Start::Closed;
        }
        // SAFETY: the lock is held.
        match unsafe { state.receivers.meet() } {
            Some(Met::Transfer(receiver)) => {
                let value = unsent.take();
                let value = step!("task.pass-started", state.pass_through(value), else value);
                drop(state);
                // SAFETY: a receiver of this channel, claimed just now.
                unsafe { waiter::put_into(receiver, value) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Done) };
                Start::Done
            }
            Some(Met::Permit(receiver)) if step!("task.beside", state.has_room(self.front.capacity), else false) => {
                let put = |state: &mut Settling<'_, T>| state.append_for_permit(unsent.take());
                // SAFETY: claimed just now, and left to this.
                let sent = unsafe { self.set_aside_for(receiver, state, put) };
                sent.map_or_else(|error| error.panic(), |()| Start::Done)
            }
            Some(Met::Permit(receiver)) => {
                let node = unsent.leave();
                // SAFETY: the caller's contract.
                unsafe { Node::write_waiter(node, task) };
                // SAFETY: the node stays where it is, and is left to the holder of the permit.
                unsafe { state.set_aside.senders.push(node.cast()) };
                drop(state);
                // SAFETY: its only completion, by its claimer.
                step!("task.tell-recv-holder", unsafe { waiter::complete(receiver, Outcome::Partner) });
                waits
            }
            None if state.has_room(self.front.capacity) => {
                state.make_room();
                state.append(unsent.take(), &mut observers);
                drop(state);
                Start::Done
            }
            None => {
                let node = unsent.leave();
                // SAFETY: the caller's contract.
                unsafe { Node::write_waiter(node, task) };
                // SAFETY: the lock is held; the node stays where it is.
                unsafe { state.senders.push(node.cast()) };
                // SAFETY: the lock is held.
                step!("task.send.tell", unsafe { observers.call(&mut state.recv_watchers) });
                waits
            }
        }
    }
}
