//! How a task's operation ends early, and what becomes of what it has got.

use std::ptr::NonNull;

use gosync_atomic::__sys::{contained, step};

use super::super::*;

impl<T> Settling<'_, T> {
    /// Puts a value before all others, for which there is memory.
    fn put_first(&mut self, value: T) {
        let capacity = self.held.capacity();
        self.ring.push_front(value, capacity);
        self.held.publish_len();
    }
}

impl<T> Channel<T> {
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
        if unsafe { Node::task(node) }.wait().1 == Outcome::Done {
            // SAFETY: a value was delivered, and not taken.
            let value = unsafe { Node::take_slot(node) };
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
        let is_closed = || unsafe { Node::task(node) }.wait().1 != Outcome::Done;
        let unsent = unsent || step!("task.send-closed", is_closed(), else false);
        // SAFETY: nobody has taken the value.
        unsent.then(|| unsafe { Node::take_slot(node) })
    }

    /// Takes a node out of the line of receivers that were promised to the holder of a permit, if it is there.
    pub(in super::super) fn leave_recv_line(&self, node: NonNull<Waiter>) -> bool {
        let mut state = self.settling();
        let found = step!("task.leave-recv-line", state.set_aside.receivers.remove(node), else false);
        state.set_aside.deserted -= isize::from(found);
        found
    }

    /// As [`send_granted`](Channel::send_granted), for a task, which does not wait for a partner that is not there yet, or
    /// not any more, nor for room: the value waits in the buffer, beyond its capacity if need be.
    pub(crate) fn send_granted_by_task(&self, grant: Grant, value: T) -> Result<(), T> {
        let waits = step!("task.send-chosen", false, else true);
        if waits {
            return self.send_granted(grant, value);
        }
        let mut observers = Observers::default();
        let mut state = match grant {
            Grant::Closed => return Err(value),
            Grant::Slot | Grant::Partner => self.settling(),
        };
        if grant == Grant::Slot {
            // The room may have gone to a value that came back from a task.
            state.set_aside.slots -= 1;
        } else if let Some(receiver) = state.set_aside.receivers.pop() {
            let value = step!("task.pass-promised", state.pass_through(value), else value);
            drop(state);
            // SAFETY: a receiver of this channel, promised to a holder of a permit like the caller.
            unsafe { waiter::put_into(receiver, value) };
            // SAFETY: its only completion, by who took it out of the line.
            unsafe { waiter::complete(receiver, Outcome::Done) };
            return Ok(());
        } else if state.set_aside.deserted >= 0 {
            if let Err(error) = state.try_make_room() {
                // As in `give_back`.
                state.set_aside.deserted += 1;
                drop(state);
                error.panic();
            }
            // The holder of a permit to receive will come: its permit is for this value from now on.
            state.set_aside.early += 1;
            state.set_aside.items += 1;
            state.append_for_permit(value);
            return Ok(());
        } else {
            step!("task.send-deserted", state.set_aside.deserted += 1);
        }
        if step!("task.send-chosen.closed", state.closed, else false) {
            return Err(value);
        }
        // SAFETY: the lock is held.
        match unsafe { state.receivers.meet() } {
            Some(Met::Transfer(receiver)) => {
                let value = step!("task.pass-chosen", state.pass_through(value), else value);
                drop(state);
                // SAFETY: a receiver of this channel, claimed just now.
                unsafe { waiter::put_into(receiver, value) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Done) };
            }
            Some(Met::Permit(receiver)) => {
                // SAFETY: claimed just now, and left to this.
                let sent = unsafe { self.set_aside_for(receiver, state, |state| state.append_for_permit(value)) };
                sent.unwrap_or_else(|error| error.panic());
            }
            None => {
                state.make_room();
                state.append(value, &mut observers);
                drop(state);
            }
        }
        Ok(())
    }

    /// Gives a value that was received and not wanted to the next receiver, or puts it back where it was taken from; a timer's to the
    /// timer. If there is no memory for that, it is dropped. A future's drop is no place to panic, so the panic that says so ends here.
    pub(in super::super) fn put_back(&self, value: T) {
        let mut observers = Observers::default();
        let mut state = self.settling();
        if self.is_timer() {
            return state.take_back(&value, &mut observers);
        }
        // SAFETY: the lock is held.
        let back = match unsafe { state.receivers.meet() } {
            Some(Met::Transfer(receiver)) => {
                drop(state);
                // SAFETY: a receiver of this channel, claimed just now.
                unsafe { waiter::put_into(receiver, value) };
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(receiver, Outcome::Done) };
                return;
            }
            // SAFETY: claimed just now, and left to this.
            Some(Met::Permit(receiver)) => unsafe {
                self.set_aside_for(receiver, state, |state| state.put_first(value))
            },
            None => {
                let room = state.try_make_room();
                if room.is_ok() {
                    state.put_first(value);
                    // SAFETY: the lock is held.
                    step!("task.put-back.tell", unsafe { observers.call(&mut state.recv_watchers) });
                }
                drop(state);
                room
            }
        };
        if let Err(error) = back {
            contained(|| error.panic());
        }
    }
}
