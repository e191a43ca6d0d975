//! [`Held`]: the state under the lock, and what can be done with it at a glance.

use std::ptr::NonNull;

use gosync_atomic::__sys::{MutPtr, load_own, ord, step};

use super::Channel;
use super::state::{Company, SetAside, State, signs};
use super::waiter::{self, Waiter};

/// The state, while the lock is held. Enough for what changes the ring alone, and for a peer that waits in the
/// ordinary way; for the rest there is [`Settling`](super::state::Settling).
pub(super) struct Held<'a, T> {
    state: MutPtr<State<T>>,
    channel: &'a Channel<T>,
}

impl<'a, T> Held<'a, T> {
    /// Shuts the channel's lanes, if they are open.
    ///
    /// # Safety
    ///
    /// The channel's lock is held as long as this exists, and nobody else accesses the state meanwhile.
    #[inline(always)]
    pub(super) unsafe fn new(channel: &'a Channel<T>) -> Held<'a, T> {
        // SAFETY: the caller's contract.
        unsafe { channel.shut_lanes() };
        // SAFETY: the caller's contract.
        unsafe { Held::new_shut(channel) }
    }

    /// As [`new`](Held::new), for who need not have the state if the lanes are open: then it is nothing, and they stay so.
    ///
    /// # Safety
    ///
    /// As for [`new`](Held::new).
    #[inline(always)]
    pub(super) unsafe fn unless_lanes_are_open(channel: &'a Channel<T>, may_stay_open: bool) -> Option<Held<'a, T>> {
        if channel.are_lanes_open() {
            if may_stay_open {
                // SAFETY: as below, for a mutant that takes them for shut.
                return step!("held.back-to-lane", None, else Some(unsafe { Held::new_shut(channel) }));
            }
            // SAFETY: the caller's contract.
            unsafe { channel.shut_open_lanes() };
        }
        // SAFETY: the caller's contract.
        Some(unsafe { Held::new_shut(channel) })
    }

    /// As [`new`](Held::new), for who has shut the lanes.
    ///
    /// # Safety
    ///
    /// As for [`new`](Held::new); the lanes are shut.
    #[inline(always)]
    pub(super) unsafe fn new_shut(channel: &'a Channel<T>) -> Held<'a, T> {
        Held { state: channel.state.get_mut(), channel }
    }

    #[inline(always)]
    pub(super) fn channel(&self) -> &'a Channel<T> {
        self.channel
    }

    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        self.channel.front.capacity
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> &State<T> {
        // SAFETY: the lock is held, so nobody else accesses the state; `&self` excludes a `&mut`.
        unsafe { self.state.deref() }
    }

    #[inline(always)]
    pub(super) fn state(&mut self) -> &mut State<T> {
        // SAFETY: the lock is held, so nobody else accesses the state; `&mut self` excludes a second reference.
        unsafe { self.state.deref() }
    }

    /// Appends a value to the ring, if there is nothing else to it, and no memory is needed: see
    /// [`make_room`](super::state::Settling::make_room).
    #[inline(always)]
    pub(super) fn push(mut self, value: T) -> Result<(), (Self, T)> {
        if !self.has_plain_room() {
            return Err((self, value));
        }
        self.push_plain(|| value);
        Ok(())
    }

    /// Whether there is nothing else to a send than the ring, which has room, and memory for it.
    #[inline(always)]
    pub(super) fn has_plain_room(&mut self) -> bool {
        let capacity = self.capacity();
        let state = self.state();
        state.company == Company::Nobody && state.ring.len() < capacity && state.ring.has_slot()
    }

    /// Appends a value to the ring, if that [is all](Held::has_plain_room). Panics if there is no memory, and has not taken
    /// the value then.
    #[inline(always)]
    pub(super) fn push_plain(mut self, value: impl FnOnce() -> T) {
        let capacity = self.capacity();
        let state = self.state();
        state.ring.push_with(value, capacity);
        let len = state.ring.len();
        self.publish_len();
        if len == capacity {
            self.publish(signs::RECV);
        } else if len == 1 {
            self.publish(signs::RECV | signs::SEND);
        }
        self.note_calm();
    }

    /// Takes the oldest value out of the ring, if there is nothing else to it, and if it has one.
    #[inline(always)]
    pub(super) fn pop(self) -> Result<T, Self> {
        self.pop_to(|value| value)
    }

    /// As [`pop`](Held::pop), for who has a place for it.
    #[inline(always)]
    pub(super) fn pop_to<R>(mut self, place: impl FnOnce(T) -> R) -> Result<R, Self> {
        let capacity = self.capacity();
        let state = self.state();
        if state.company != Company::Nobody {
            return Err(self);
        }
        let Some(value) = state.ring.pop() else { return Err(self) };
        let value = place(value);
        let len = state.ring.len();
        self.publish_len();
        if len == 0 {
            self.publish(signs::SEND);
        } else if len + 1 == capacity {
            self.publish(signs::RECV | signs::SEND);
        }
        self.note_calm();
        Ok(value)
    }

    /// Takes the oldest value out of the ring of a closed channel, if there is nothing else to it, and if it has one. The signs
    /// stay as they are: after the last value there is the end to report.
    #[inline(always)]
    pub(super) fn pop_leftover(mut self) -> Result<T, Self> {
        let state = self.state();
        if state.company != Company::Closed {
            return Err(self);
        }
        let Some(value) = state.ring.pop() else { return Err(self) };
        self.publish_len();
        Ok(value)
    }

    /// Sets a value aside for the holder of a permit, if there is one, and nothing else to it.
    #[inline(always)]
    pub(super) fn set_item_aside(&mut self) -> bool {
        let state = self.state();
        let len = state.ring.len();
        if state.company != Company::Nobody || len == 0 {
            return false;
        }
        state.set_aside.items = 1;
        state.company = Company::Others;
        state.disturb();
        if len == 1 {
            let others = self.signs() & signs::BITS & !signs::RECV;
            self.publish(others);
        }
        true
    }

    /// Takes the oldest value out of the ring for the holder of a permit, if that is all that there is beside the ring.
    #[inline(always)]
    pub(super) fn redeem_item(mut self) -> Result<T, Self> {
        let capacity = self.capacity();
        let state = self.state();
        let SetAside { items, slots, .. } = state.set_aside;
        let is_all = (items, slots) == (1, 0) && state.is_quiet() && !state.closed && state.timer.is_none();
        if !is_all || state.ring.len() > capacity {
            return Err(self);
        }
        let Some(value) = state.ring.pop() else { return Err(self) };
        state.set_aside.items = 0;
        state.company = Company::Nobody;
        let recv = usize::from(state.ring.len() > 0) * signs::RECV;
        let changes = self.is_news(recv | signs::SEND);
        self.publish_len();
        if step!("permit.redeemed-is-news", changes, else false) {
            self.publish(recv | signs::SEND);
        }
        Ok(value)
    }

    /// Claims the oldest receiver, if receivers are all that there is.
    #[inline(always)]
    pub(super) fn meet_receiver(&mut self) -> Option<NonNull<Waiter>> {
        let capacity = self.capacity();
        let state = self.state();
        if state.company != Company::Receivers {
            return None;
        }
        // SAFETY: the lock is held.
        let receiver = unsafe { state.receivers.pop() };
        if state.receivers.is_empty() {
            state.company = Company::Nobody;
            self.publish(signs::of_new(capacity));
        }
        receiver
    }

    /// Claims the oldest sender, if senders are all that there is, and what a receive gets then: the oldest value, in whose
    /// stead the sender's is in the ring now, or the sender's, which is still to be taken out of its slot.
    #[inline(always)]
    pub(super) fn meet_sender(&mut self) -> Option<(NonNull<Waiter>, Option<T>)> {
        self.meet_sender_to(|oldest| oldest)
    }

    /// As [`meet_sender`](Held::meet_sender), for who has a place for the oldest value.
    #[inline(always)]
    pub(super) fn meet_sender_to<R>(&mut self, place: impl FnOnce(T) -> R) -> Option<(NonNull<Waiter>, Option<R>)> {
        let capacity = self.capacity();
        let state = self.state();
        if state.company != Company::Senders {
            return None;
        }
        // SAFETY: the lock is held.
        let sender = unsafe { state.senders.pop() }?;
        let is_last = state.senders.is_empty();
        let oldest = if state.ring.len() > 0 {
            // SAFETY: a sender of this channel, claimed just now.
            Some(place(state.ring.exchange(unsafe { waiter::take_from(sender) })))
        } else {
            None
        };
        if is_last {
            state.company = Company::Nobody;
            if capacity == 0 {
                self.publish(0);
            }
        }
        Some((sender, oldest))
    }

    /// Whether a receive is to wait, and nobody waits to hear of that.
    #[inline(always)]
    pub(super) fn may_queue_receiver(&mut self) -> bool {
        let is_timer = self.channel.front.is_timer;
        let state = self.state();
        match state.company {
            Company::Nobody => state.ring.len() == 0 && !is_timer,
            Company::Receivers => !is_timer,
            Company::Senders | Company::Closed | Company::Others => false,
        }
    }

    /// Queues a receiver, if that [may be done](Held::may_queue_receiver) without more ado.
    ///
    /// # Safety
    ///
    /// As for [`WaitQueue::push`]; the node is not a select's.
    #[inline(always)]
    pub(super) unsafe fn queue_receiver(&mut self, waiter: NonNull<Waiter>) {
        let state = self.state();
        // SAFETY: the caller's contract.
        unsafe { state.receivers.push_plain(waiter) };
        if state.company == Company::Nobody {
            state.disturb();
            state.company = Company::Receivers;
            self.publish(signs::SEND);
        }
    }

    /// Whether a send is to wait, and nobody waits to hear of that.
    #[inline(always)]
    pub(super) fn may_queue_sender(&mut self) -> bool {
        let capacity = self.capacity();
        let state = self.state();
        // No `match`, which would become a jump through a table.
        let is_full = state.company == Company::Nobody && state.ring.len() >= capacity;
        is_full || state.company == Company::Senders
    }

    /// Queues a sender, if that [may be done](Held::may_queue_sender) without more ado.
    ///
    /// # Safety
    ///
    /// As for [`WaitQueue::push`]; the node is not a select's.
    #[inline(always)]
    pub(super) unsafe fn queue_sender(&mut self, waiter: NonNull<Waiter>) {
        let state = self.state();
        // SAFETY: the caller's contract.
        unsafe { state.senders.push_plain(waiter) };
        if state.company == Company::Nobody {
            state.disturb();
            state.company = Company::Senders;
            if self.is_news(signs::RECV) {
                self.publish(signs::RECV);
            }
        }
    }

    #[inline(always)]
    pub(super) fn publish_len(&mut self) {
        let len = self.state().ring.len();
        // Relaxed: a number, of which a thread only has to see what it knows to have happened.
        step!("chan.publish-len", self.channel.front.len.store(len, ord!("chan.len", Relaxed)));
    }

    /// What is published.
    #[inline(always)]
    fn signs(&self) -> usize {
        // SAFETY: only the holder of the lock changes it.
        unsafe { load_own(&self.channel.front.signs) }
    }

    /// Whether other bits than these are published.
    #[inline(always)]
    pub(super) fn is_news(&self, now: usize) -> bool {
        self.signs() & signs::BITS != now
    }

    /// Publishes other bits than before.
    #[inline(always)]
    pub(super) fn publish(&mut self, now: usize) {
        let after = (self.signs() & !signs::BITS).wrapping_add(signs::CHANGE) | now;
        // Release: pairs with the Acquire in `select::look`: who sees this change sees those of other channels that
        // happened before it.
        step!("chan.publish", self.channel.front.signs.store(after, ord!("chan.signs", Release)));
    }
}
