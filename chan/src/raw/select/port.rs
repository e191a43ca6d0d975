//! [`Port`]: what a select needs of a channel, whatever it carries.

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::Cpu;

use super::super::held::Held;
use super::super::state::{Settling, Take};
use super::super::waiter::{self, Case, Node, Outcome, Waiter, Wants};
use super::super::{Channel, Front, Grant, Observers, Side};

/// A channel as a select sees it, which need not know what it carries.
///
/// # Safety
///
/// What implements it begins with a [`Front`].
pub(crate) unsafe trait Port {
    /// Does the operation if it can be done now. The node's slot is then written, if it has one.
    ///
    /// # Safety
    ///
    /// The lock is held. If the case wants a transfer, it is a receive, and `node` is room for a `Node` of what the channel
    /// carries.
    unsafe fn fire(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers) -> Fired;

    /// Where a peer of this side was last seen, if one was since a select has asked.
    ///
    /// # Safety
    ///
    /// The lock is held.
    unsafe fn seen_peer(&self, side: Side) -> Cpu;

    /// Leaves a node in the queue.
    ///
    /// # Safety
    ///
    /// As for [`fire`](Port::fire); `node` is room for a `Waiter` otherwise, and stays in place until it is withdrawn, or taken
    /// out and completed.
    unsafe fn enqueue(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers);

    /// Takes the node out of the queue, if it is still there.
    ///
    /// # Safety
    ///
    /// The node was left in this queue.
    unsafe fn withdraw(&self, side: Side, wants: Wants, node: NonNull<Waiter>);

    /// Moves a value from one slot to the other.
    ///
    /// # Safety
    ///
    /// Both are nodes with slots, of this channel, which the caller has claimed or owns; there is a value in the first.
    unsafe fn transfer(&self, from: NonNull<Waiter>, into: NonNull<Waiter>);

    /// Gives back a permit.
    fn give_back(&self, side: Side, grant: Grant);

    /// Takes a receive out of the line of those who were promised a value, if it is there.
    #[cfg(feature = "async")]
    fn leave_line(&self, node: NonNull<Waiter>) -> bool;

    /// Gives the value in this slot to the next receiver, or puts it back.
    ///
    /// # Safety
    ///
    /// It is the caller's node with a slot, of what the channel carries; there is a value in it, which is gone then.
    #[cfg(feature = "async")]
    unsafe fn put_back_from(&self, node: NonNull<Waiter>);

    /// Whether a timer has a value, and when the next one is due.
    ///
    /// # Safety
    ///
    /// The lock is held.
    unsafe fn due(&self) -> (bool, Option<Instant>);

    /// Delivers what a timer has, on behalf of who is blocked there. When the next value is due, if it need be known.
    fn poll(&self) -> Option<Instant>;
}

impl dyn Port + '_ {
    /// The part that needs no call.
    #[inline(always)]
    pub(super) fn front(&self) -> &Front {
        // SAFETY: the contract of the trait.
        unsafe { &*std::ptr::from_ref(self).cast::<Front>() }
    }
}

/// What became of an operation that was tried.
pub(crate) enum Fired {
    /// It cannot be done now.
    No,
    /// The same, of a timer.
    NotDue,
    /// It was done, with this outcome, and a peer is to be completed for it.
    Won(Outcome, Option<(NonNull<Waiter>, Outcome)>),
    /// It is done by moving this claimed sender's value.
    From(NonNull<Waiter>),
    /// The node has been promised to this sender, which has no value yet.
    Promised(NonNull<Waiter>),
}

impl<T> Channel<T> {
    fn nothing(&self) -> Fired {
        if self.front.is_timer { Fired::NotDue } else { Fired::No }
    }
}

// SAFETY: a channel begins with its front, and is laid out as written.
unsafe impl<T> Port for Channel<T> {
    unsafe fn fire(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers) -> Fired {
        // SAFETY: the caller's contract.
        let mut held = unsafe { Held::new(self) };
        if case.wants == Wants::Transfer {
            match held.pop().or_else(Held::pop_leftover) {
                Ok(value) => {
                    // SAFETY: the caller's contract: it is room for such a node, and only the value is wanted of it.
                    unsafe { Node::write_slot(node.cast(), value) };
                    return Fired::Won(Outcome::Done, None);
                }
                Err(back) => held = back,
            }
            match held.meet_sender() {
                Some((sender, Some(value))) => {
                    held.state().note_cpu(side, &case);
                    // SAFETY: as above.
                    unsafe { Node::write_slot(node.cast(), value) };
                    return Fired::Won(Outcome::Done, Some((sender, Outcome::Done)));
                }
                Some((sender, None)) => {
                    held.state().note_cpu(side, &case);
                    // SAFETY: as above; the slot is written later.
                    unsafe { node.cast::<Node<T>>().write(Node::receiver_of(case)) };
                    return Fired::From(sender);
                }
                None => {}
            }
        }
        if case.wants == Wants::Permit && side == Side::Receivers && held.set_item_aside() {
            return Fired::Won(Outcome::Slot, None);
        }
        let mut state = Settling::new(held, None);
        match (case.wants, side) {
            (Wants::Transfer, _) => {
                let taken = state.take(observers);
                if matches!(taken, Take::Nothing) {
                    return self.nothing();
                }
                state.note_cpu(side, &case);
                // SAFETY: the caller's contract: it is room for such a node.
                unsafe { node.cast::<Node<T>>().write(Node::receiver_of(case)) };
                match taken {
                    Take::Value(value, peer) => {
                        // SAFETY: the node is the caller's own, and was never queued.
                        unsafe { waiter::put_into(node, value) };
                        Fired::Won(Outcome::Done, peer)
                    }
                    Take::From(sender) => Fired::From(sender),
                    Take::Promise(sender) => {
                        // SAFETY: the caller's own node; it waits until the holder of the permit has completed it.
                        unsafe { state.set_aside.receivers.push(node) };
                        Fired::Promised(sender)
                    }
                    Take::Closed => Fired::Won(Outcome::Closed, None),
                    Take::Nothing => self.nothing(),
                }
            }
            (Wants::Permit, side) => {
                let granted = match side {
                    Side::Senders => state.grant_send(self.front.capacity),
                    Side::Receivers => state.grant_recv(observers),
                };
                let Some((grant, peer)) = granted else { return self.nothing() };
                state.note_cpu(side, &case);
                Fired::Won(grant.outcome(), peer)
            }
            (Wants::News, side) => {
                let possible = match side {
                    Side::Senders => state.has_room(self.front.capacity),
                    Side::Receivers => state.has_item() || state.is_due(),
                };
                let partners = match side {
                    Side::Senders => &mut state.receivers,
                    Side::Receivers => &mut state.senders,
                };
                // SAFETY: the lock is held.
                let ready = possible || unsafe { partners.has_partner() } || state.closed;
                if ready { Fired::Won(Outcome::Ready, None) } else { self.nothing() }
            }
        }
    }

    unsafe fn seen_peer(&self, side: Side) -> Cpu {
        // SAFETY: the caller's contract.
        let mut held = unsafe { Held::new(self) };
        let state = held.state();
        let peer = match side {
            Side::Senders => &mut state.receiver_cpu,
            Side::Receivers => &mut state.sender_cpu,
        };
        std::mem::replace(peer, Cpu::UNKNOWN)
    }

    unsafe fn enqueue(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers) {
        // SAFETY: the caller's contract.
        let mut state = Settling::new(unsafe { Held::new(self) }, None);
        let state = &mut *state;
        match case.wants {
            // SAFETY: the caller's contract: it is room for such a node.
            Wants::Transfer => unsafe { node.cast::<Node<T>>().write(Node::receiver_of(case)) },
            // SAFETY: as above.
            Wants::Permit | Wants::News => unsafe { node.write(Waiter::of_case(case)) },
        }
        let (own, watchers) = match (case.wants, side) {
            (Wants::News, Side::Senders) => (&mut state.send_watchers, None),
            (Wants::News, Side::Receivers) => (&mut state.recv_watchers, None),
            // Who waits for the chance to meet a blocked peer has it now.
            (_, Side::Senders) => (&mut state.senders, Some(&mut state.recv_watchers)),
            (_, Side::Receivers) => (&mut state.receivers, Some(&mut state.send_watchers)),
        };
        // SAFETY: the lock is held, and the caller's contract.
        unsafe { own.push(node) };
        if let Some(watchers) = watchers {
            // SAFETY: the lock is held.
            unsafe { observers.call(watchers) };
        }
        state.note_cpu(side, &case);
    }

    unsafe fn withdraw(&self, side: Side, wants: Wants, node: NonNull<Waiter>) {
        let mut state = self.settling();
        let queue = match (wants, side) {
            (Wants::News, Side::Senders) => &mut state.send_watchers,
            (Wants::News, Side::Receivers) => &mut state.recv_watchers,
            (_, Side::Senders) => &mut state.senders,
            (_, Side::Receivers) => &mut state.receivers,
        };
        // SAFETY: the lock is held, and the caller's contract.
        unsafe { queue.remove(node) };
    }

    unsafe fn transfer(&self, from: NonNull<Waiter>, into: NonNull<Waiter>) {
        // SAFETY: the caller's contract.
        let value = unsafe { waiter::take_from::<T>(from) };
        // SAFETY: the caller's contract.
        unsafe { waiter::put_into(into, value) };
    }

    fn give_back(&self, side: Side, grant: Grant) {
        Channel::give_back(self, side, grant);
    }

    #[cfg(feature = "async")]
    fn leave_line(&self, node: NonNull<Waiter>) -> bool {
        self.leave_recv_line(node)
    }

    #[cfg(feature = "async")]
    unsafe fn put_back_from(&self, node: NonNull<Waiter>) {
        // SAFETY: the caller's contract.
        self.put_back(unsafe { waiter::take_from(node) });
    }

    unsafe fn due(&self) -> (bool, Option<Instant>) {
        // SAFETY: the caller's contract.
        let state = Settling::new(unsafe { Held::new(self) }, None);
        (state.is_due(), state.due_at())
    }

    fn poll(&self) -> Option<Instant> {
        Channel::poll(self)
    }
}
