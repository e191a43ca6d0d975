//! How a task's operation begins: the ring's fast path, then that of the hand-off and that of the wait, then all there is.

use std::mem::forget;
use std::ptr::NonNull;
use std::task::Waker;

use gosync_atomic::__sys::{LockGuard, step};

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

/// How often an operation goes back to its lane, when it had to take the lock and finds that the lanes are open by then: others
/// have opened them while it waited. If they were shut by everybody who has waited, they would never stay open for long. More
/// than once is for who meets others in the lane each time.
const RETURNS: u32 = 2;

/// How an operation has begun.
pub(crate) enum Start<R> {
    Done(R),
    Closed,
    /// The node is with the channel. If it does not know its task yet, it is to be polled.
    Waits {
        for_task: bool,
    },
}

impl<T> Channel<T> {
    /// Receives at once, or leaves the node with the channel, for the task of this waker.
    ///
    /// A waker's clone is a user's code, so it is not made under the lock; and it costs something, so it is made only if
    /// it seems that there is nothing to receive.
    ///
    /// # Safety
    ///
    /// `node` is room for a node, with a slot; if this waits, it stays in place until it is completed or given up.
    #[inline(always)]
    pub(crate) unsafe fn start_recv(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start<T> {
        match self.recv_in_lane() {
            Attempt::Done(value) => Start::Done(value),
            // SAFETY: the caller's contract.
            attempt => unsafe { self.start_recv_otherwise(node, waker, attempt) },
        }
    }

    /// Receives, after an attempt in the lane. Apart from that, which needs few registers.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    #[inline(never)]
    unsafe fn start_recv_otherwise(&self, node: NonNull<Node<T>>, waker: &Waker, attempt: Attempt<T>) -> Start<T> {
        let mut returns = RETURNS;
        if !matches!(attempt, Attempt::Locked) {
            match self.recv_in_traffic(attempt, returns) {
                Ok(value) => return Start::Done(value),
                Err(left) => returns = left,
            }
        }
        let (lock, held) = loop {
            if !self.may_proceed(state::signs::RECV) {
                // SAFETY: the caller's contract.
                return unsafe { self.wait_to_recv(node, waker) };
            }
            let lock = self.front.lock_for_task();
            // SAFETY: the lock is held, and released after the last use of what comes of this.
            if let Some(held) = unsafe { Held::unless_lanes_are_open(self, returns > 0) } {
                break (lock, held);
            }
            drop(lock);
            match self.recv_in_traffic(Attempt::Locked, returns - 1) {
                Ok(value) => return Start::Done(value),
                Err(left) => returns = left,
            }
        };
        match held.pop().or_else(Held::pop_leftover) {
            Ok(value) => {
                drop(lock);
                Start::Done(value)
            }
            // SAFETY: the caller's contract.
            Err(held) => unsafe { self.recv_from_sender(held, lock, node) },
        }
    }

    /// A receive while the lanes are open, or have just been, after an attempt in the lane, or in need of one. `Err`: the lock
    /// has to tell, and how often this may come back from there.
    #[cold]
    #[inline(never)]
    fn recv_in_traffic(&self, attempt: Attempt<T>, returns: u32) -> Result<T, u32> {
        let attempt = if let Attempt::Locked = attempt { self.recv_in_lane() } else { attempt };
        match self.recv_again_for_task(attempt) {
            Attempt::Done(value) => Ok(value),
            Attempt::Impossible => Err(0),
            Attempt::Busy | Attempt::Locked => Err(returns),
        }
    }

    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    unsafe fn wait_to_recv(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start<T> {
        let task = Task::new(Some(waker.clone()));
        let lock = self.front.lock_for_task();
        // SAFETY: the lock is held, and released after the last use of this.
        let mut held = unsafe { Held::new(self) };
        if !held.may_queue_receiver() {
            // SAFETY: the caller's contract.
            return unsafe { self.recv_or_wait(Settling::new(held, Some(lock)), node, task) };
        }
        // SAFETY: the caller's contract.
        unsafe { Node::write_waiter(node, task) };
        // SAFETY: the lock is held; the node stays where it is.
        unsafe { held.queue_receiver(node.cast()) };
        drop((held, lock));
        Start::Waits { for_task: true }
    }

    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    unsafe fn recv_from_sender(&self, mut held: Held<'_, T>, lock: LockGuard<'_>, node: NonNull<Node<T>>) -> Start<T> {
        let Some((sender, oldest)) = held.meet_sender() else {
            // SAFETY: the caller's contract.
            return unsafe { self.recv_or_wait(Settling::new(held, Some(lock)), node, Task::new(None)) };
        };
        drop((held, lock));
        // SAFETY: a sender of this channel, claimed just now, whose value is in its slot if it is not in the ring.
        let value = oldest.unwrap_or_else(|| unsafe { waiter::take_from(sender) });
        // SAFETY: its only completion, by its claimer.
        unsafe { waiter::complete(sender, Outcome::Done) };
        Start::Done(value)
    }

    /// All there is to a receive. If it waits, it is for this task, or for one that is still to be told.
    ///
    /// # Safety
    ///
    /// As for [`start_recv`](Channel::start_recv).
    #[cold]
    unsafe fn recv_or_wait(&self, state: Settling<'_, T>, node: NonNull<Node<T>>, task: Task) -> Start<T> {
        let for_task = task.has_waker();
        let mut observers = Observers::default();
        // After `observers` and the task, so that on every way out the lock is released before they are told.
        let mut state = state;
        match state.take(&mut observers) {
            Take::Value(value, peer) => {
                drop(state);
                if let Some((peer, outcome)) = peer {
                    // SAFETY: its only completion, by its claimer.
                    unsafe { waiter::complete(peer, outcome) };
                }
                Start::Done(value)
            }
            Take::From(sender) => {
                drop(state);
                // SAFETY: a sender of this channel, claimed just now.
                let value = unsafe { waiter::take_from(sender) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(sender, Outcome::Done) };
                Start::Done(value)
            }
            Take::Promise(sender) => {
                // SAFETY: the caller's contract.
                unsafe { Node::write_waiter(node, task) };
                // SAFETY: the node stays where it is, and is left to the holder of the permit.
                unsafe { state.set_aside.receivers.push(node.cast()) };
                drop(state);
                // SAFETY: its only completion, by its claimer.
                step!("task.tell-holder", unsafe { waiter::complete(sender, Outcome::Partner) });
                Start::Waits { for_task }
            }
            Take::Closed => Start::Closed,
            Take::Nothing => {
                // SAFETY: the caller's contract.
                unsafe { Node::write_waiter(node, task) };
                // SAFETY: the lock is held; the node stays where it is.
                unsafe { state.receivers.push(node.cast()) };
                // SAFETY: the lock is held.
                unsafe { observers.call(&mut state.send_watchers) };
                Start::Waits { for_task }
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
    pub(crate) unsafe fn start_send(&self, node: NonNull<Node<T>>, waker: &Waker) -> Start<()> {
        // SAFETY: the value is in the slot, and is taken once.
        match self.send_in_lane_from(|| Some(unsafe { Node::take_slot(node) })) {
            Attempt::Done(()) => Start::Done(()),
            // SAFETY: the caller's contract.
            attempt => unsafe { self.start_send_otherwise(node, waker, attempt) },
        }
    }

    /// Sends, after an attempt in the lane.
    ///
    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    #[inline(never)]
    unsafe fn start_send_otherwise(&self, node: NonNull<Node<T>>, waker: &Waker, attempt: Attempt<()>) -> Start<()> {
        let mut returns = RETURNS;
        if !matches!(attempt, Attempt::Locked) {
            // SAFETY: the caller's contract.
            match unsafe { self.send_in_traffic(node, attempt, returns) } {
                Ok(()) => return Start::Done(()),
                Err(left) => returns = left,
            }
        }
        let (lock, mut held) = loop {
            if !self.may_proceed(state::signs::SEND) {
                // SAFETY: the caller's contract.
                return unsafe { self.wait_to_send(Unsent(node), waker) };
            }
            let lock = self.front.lock_for_task();
            // SAFETY: the lock is held, and released after the last use of what comes of this.
            if let Some(held) = unsafe { Held::unless_lanes_are_open(self, returns > 0) } {
                break (lock, held);
            }
            drop(lock);
            // SAFETY: the caller's contract.
            match unsafe { self.send_in_traffic(node, Attempt::Locked, returns - 1) } {
                Ok(()) => return Start::Done(()),
                Err(left) => returns = left,
            }
        };
        let unsent = Unsent(node);
        if held.has_plain_room() {
            // SAFETY: the value is in the slot, and is taken once: `unsent` has lost it.
            held.push_plain(|| unsafe { Node::take_slot(node) });
            forget(unsent);
            drop(lock);
            return Start::Done(());
        }
        // SAFETY: the caller's contract.
        unsafe { self.send_to_receiver(held, lock, unsent) }
    }

    /// A send, as in [`recv_in_traffic`](Channel::recv_in_traffic).
    ///
    /// # Safety
    ///
    /// The value is in the slot, and stays there if this is an `Err`.
    #[cold]
    #[inline(never)]
    unsafe fn send_in_traffic(&self, node: NonNull<Node<T>>, attempt: Attempt<()>, returns: u32) -> Result<(), u32> {
        // SAFETY: the value is in the slot, and is taken once.
        let value = || Some(unsafe { Node::take_slot(node) });
        let attempt = if let Attempt::Locked = attempt { self.send_in_lane_from(value) } else { attempt };
        match self.send_again_for_task(value, attempt) {
            Attempt::Done(()) => Ok(()),
            Attempt::Impossible => Err(0),
            Attempt::Busy | Attempt::Locked => Err(returns),
        }
    }

    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    unsafe fn wait_to_send(&self, unsent: Unsent<T>, waker: &Waker) -> Start<()> {
        let task = Task::new(Some(waker.clone()));
        let lock = self.front.lock_for_task();
        // SAFETY: the lock is held, and released after the last use of this.
        let mut held = unsafe { Held::new(self) };
        if !held.may_queue_sender() {
            // SAFETY: the caller's contract.
            return unsafe { self.send_or_wait(Settling::new(held, Some(lock)), unsent, task) };
        }
        let node = unsent.leave();
        // SAFETY: the caller's contract.
        unsafe { Node::write_waiter(node, task) };
        // SAFETY: the lock is held; the node stays where it is.
        unsafe { held.queue_sender(node.cast()) };
        drop((held, lock));
        Start::Waits { for_task: true }
    }

    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    unsafe fn send_to_receiver(&self, mut held: Held<'_, T>, lock: LockGuard<'_>, unsent: Unsent<T>) -> Start<()> {
        let Some(receiver) = held.meet_receiver() else {
            // SAFETY: the caller's contract.
            return unsafe { self.send_or_wait(Settling::new(held, Some(lock)), unsent, Task::new(None)) };
        };
        drop((held, lock));
        // SAFETY: a receiver of this channel, claimed just now.
        unsafe { waiter::put_into(receiver, unsent.take()) };
        // SAFETY: its only completion, by its claimer.
        unsafe { waiter::complete(receiver, Outcome::Done) };
        Start::Done(())
    }

    /// All there is to a send, as in [`recv_or_wait`](Channel::recv_or_wait).
    ///
    /// # Safety
    ///
    /// As for [`start_send`](Channel::start_send).
    #[cold]
    unsafe fn send_or_wait(&self, state: Settling<'_, T>, unsent: Unsent<T>, task: Task) -> Start<()> {
        let for_task = task.has_waker();
        let mut observers = Observers::default();
        // After `observers`, the task and the value, so that on every way out the lock is released before they are told or
        // dropped.
        let mut state = state;
        if step!("task.send.closed", state.closed, else false) {
            unsent.leave();
            return Start::Closed;
        }
        // SAFETY: the lock is held.
        match unsafe { state.receivers.meet() } {
            Some(Met::Transfer(receiver)) => {
                let value = state.pass_through(unsent.take());
                drop(state);
                // SAFETY: a receiver of this channel, claimed just now.
                unsafe { waiter::put_into(receiver, value) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Done) };
                Start::Done(())
            }
            Some(Met::Permit(receiver)) if state.has_room(self.front.capacity) => {
                let put = |state: &mut Settling<'_, T>| state.append_for_permit(unsent.take());
                // SAFETY: claimed just now, and left to this.
                let sent = unsafe { self.set_aside_for(receiver, state, put) };
                sent.map_or_else(|error| error.panic(), Start::Done)
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
                Start::Waits { for_task }
            }
            None if state.has_room(self.front.capacity) => {
                state.make_room();
                state.append(unsent.take(), &mut observers);
                drop(state);
                Start::Done(())
            }
            None => {
                let node = unsent.leave();
                // SAFETY: the caller's contract.
                unsafe { Node::write_waiter(node, task) };
                // SAFETY: the lock is held; the node stays where it is.
                unsafe { state.senders.push(node.cast()) };
                // SAFETY: the lock is held.
                unsafe { observers.call(&mut state.recv_watchers) };
                Start::Waits { for_task }
            }
        }
    }
}
