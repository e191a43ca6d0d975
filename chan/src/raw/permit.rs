//! Permits: the right to do one operation later, which nobody can take away.
//!
//! A select that has chosen to send evaluates its message afterwards, and a `SelectedOperation` may be completed at any
//! time, or dropped, or forgotten. So what it wins is not a place in somebody's memory but a claim on the channel, kept as
//! counts in [`SetAside`](super::state::SetAside):
//!
//! | grant | of a send | of a receive |
//! | --- | --- | --- |
//! | `Slot` | room in the ring: `slots` | a value in the ring: `items` |
//! | `Partner` | a receiver that waits for it | a sender that waits for it |
//! | `Closed` | nothing: it will report the end | the same |
//!
//! For each `Partner` of one side there is, on the other, a claimed node in the line of promised peers, or the holder of a
//! `Partner` permit that has not come to complete it yet, or one that has given up (`deserted`). Whoever of two holders
//! completes first leaves a node in the line and waits for the other. So at capacity 0
//!
//! > permits to send + promised senders + deserted senders = permits to receive + promised receivers + deserted receivers
//!
//! which is what makes it right that nobody remembers who was promised to whom. A task that completes a send first does not
//! wait: its value goes into the ring, set aside for the other holder (`early`), and counts as a promised sender.
//!
//! Room that was set aside has its memory: a select that cannot have it panics before it has chosen.
//!
//! A permit that is given back ([`Channel::give_back`]) goes to the next in line; a promised peer starts over
//! ([`Outcome::Retry`]). One that is forgotten is lost: its room or its value stays set aside, its partner waits for ever.
//! A partner waits beyond its deadline, because it cannot know whether its value has been consumed.

use super::*;

/// What the holder of a permit may count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)] // it moves with words, and what is copied as a word should be written as one
pub(crate) enum Grant {
    Slot,
    Partner,
    Closed,
}

impl Grant {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Grant::Slot => Outcome::Slot,
            Grant::Partner => Outcome::Partner,
            Grant::Closed => Outcome::Closed,
        }
    }

    /// What a case that wanted a permit has got.
    pub(crate) fn of(outcome: Outcome) -> Grant {
        match outcome {
            Outcome::Slot => Grant::Slot,
            Outcome::Partner => Grant::Partner,
            // No other reaches a case that wants a permit.
            _ => Grant::Closed,
        }
    }
}

/// A grant, and a peer that has to be completed for it, after the lock was released.
pub(super) type Granted = (Grant, Option<(NonNull<Waiter>, Outcome)>);

impl<T> Settling<'_, T> {
    /// Whether a permit to receive from a partner is one for a value in the ring, because its partner did not wait.
    fn take_early(&mut self) -> bool {
        #[cfg(feature = "async")]
        if self.set_aside.senders.is_empty() && self.set_aside.early > 0 {
            self.set_aside.early -= 1;
            return true;
        }
        false
    }

    /// A permit to send, if a send could succeed now.
    pub(super) fn grant_send(&mut self, capacity: usize) -> Option<Granted> {
        if self.closed {
            return Some((Grant::Closed, None));
        }
        if self.has_room(capacity) {
            self.make_room();
            self.set_aside.slots += 1;
            return Some((Grant::Slot, None));
        }
        // SAFETY: the lock is held.
        match unsafe { self.receivers.meet() }? {
            Met::Transfer(receiver) => {
                // SAFETY: claimed just now; it is completed by who pops it.
                unsafe { self.set_aside.receivers.push(receiver) };
                Some((Grant::Partner, None))
            }
            Met::Permit(receiver) => Some((Grant::Partner, Some((receiver, Outcome::Partner)))),
        }
    }

    /// A permit to receive, if a receive could succeed now.
    pub(super) fn grant_recv(&mut self, observers: &mut Observers) -> Option<Granted> {
        if self.has_item() {
            self.set_aside.items += 1;
            return Some((Grant::Slot, None));
        }
        // SAFETY: the lock is held.
        match unsafe { self.senders.meet() } {
            Some(Met::Transfer(sender)) => {
                // SAFETY: claimed just now; it is completed by who pops it.
                unsafe { self.set_aside.senders.push(sender) };
                Some((Grant::Partner, None))
            }
            Some(Met::Permit(sender)) => Some((Grant::Partner, Some((sender, Outcome::Partner)))),
            None if self.closed => Some((Grant::Closed, None)),
            None if self.timer.is_some() && self.take_due(observers).is_some() => {
                self.set_aside.items += 1;
                Some((Grant::Slot, None))
            }
            None => None,
        }
    }
}

impl<T> Channel<T> {
    /// Puts a value into the ring, for a select that has been met, and tells it. `Err`: there is no memory; the value is
    /// dropped, or not taken, and the select starts over.
    ///
    /// # Safety
    ///
    /// The caller has claimed the select's node, and leaves it to this.
    pub(super) unsafe fn set_aside_for(
        &self,
        receiver: NonNull<Waiter>,
        mut state: Settling<'_, T>,
        put: impl FnOnce(&mut Settling<'_, T>),
    ) -> Result<(), NoMemory> {
        let room = state.try_make_room();
        if room.is_ok() {
            put(&mut state);
            state.set_aside.items += 1;
        }
        drop(state);
        let outcome = if room.is_ok() { Outcome::Slot } else { Outcome::Retry };
        // SAFETY: the caller's contract: its only completion.
        unsafe { waiter::complete(receiver, outcome) };
        room
    }

    /// Waits, with a value, for the holder of a permit to take it; tells it first that it has a partner, if need be.
    /// `Err`: it has given up.
    pub(super) fn send_promised(
        &self,
        mut state: Settling<'_, T>,
        value: T,
        holder: Option<NonNull<Waiter>>,
    ) -> Result<(), T> {
        let node = Node::sender(value);
        // SAFETY: the node is new, and stays here until it is completed.
        unsafe { state.set_aside.senders.push(node.waiter()) };
        state.sender_cpu = Cpu::current();
        drop(state);
        match promised(&node, holder) {
            Outcome::Done => Ok(()),
            // SAFETY: a partner that gave up leaves the value in its slot.
            _ => Err(unsafe { node.take() }),
        }
    }

    /// Waits for the holder of a permit to bring a value. `None`: it has given up.
    pub(super) fn recv_promised(&self, mut state: Settling<'_, T>, holder: Option<NonNull<Waiter>>) -> Option<T> {
        let node = Node::receiver();
        // SAFETY: the node is new, and stays here until it is completed.
        unsafe { state.set_aside.receivers.push(node.waiter()) };
        state.receiver_cpu = Cpu::current();
        drop(state);
        match promised(&node, holder) {
            // SAFETY: a sender has put a value into the slot.
            Outcome::Done => Some(unsafe { node.take() }),
            _ => None,
        }
    }

    /// Sends with a permit. Blocks only for a partner that has to complete a permit of its own.
    pub(crate) fn send_granted(&self, grant: Grant, value: T) -> Result<(), T> {
        let patience = Patience::Until(None);
        let unsent = |failure| match failure {
            SendFailure::Full(value) | SendFailure::Closed(value) => value,
        };
        let mut state = match grant {
            Grant::Closed => return Err(value),
            Grant::Slot | Grant::Partner => self.settling(),
        };
        if grant == Grant::Slot {
            state.set_aside.slots -= 1;
            return self.send_slow(state, value, patience).map_err(unsent);
        }
        if let Some(receiver) = state.set_aside.receivers.pop() {
            state.sender_cpu = Cpu::current();
            let value = step!("permit.pass-sent", state.pass_through(value), else value);
            drop(state);
            // SAFETY: a receiver of this channel, promised to a holder of a permit like the caller.
            unsafe { waiter::put_into(receiver, value) };
            // SAFETY: its only completion, by who took it out of the line.
            unsafe { waiter::complete(receiver, Outcome::Done) };
            return Ok(());
        }
        let value = if state.set_aside.deserted < 0 {
            state.set_aside.deserted += 1;
            drop(state);
            value
        } else {
            match self.send_promised(state, value, None) {
                Ok(()) => return Ok(()),
                Err(value) => value,
            }
        };
        // The partner has given up. It may take any time to find another, as it may for a plain send.
        self.send(value, patience).map_err(unsent)
    }

    /// Receives with a permit. `None`: the channel is closed and drained. Blocks only for a partner that has to complete a
    /// permit of its own.
    pub(crate) fn recv_granted(&self, grant: Grant) -> Option<T> {
        if grant == Grant::Closed {
            return None;
        }
        let mut observers = Observers::default();
        let lock = self.front.lock();
        // SAFETY: the lock is held, and released after the last use of this.
        let mut held = unsafe { Held::new(self) };
        if grant == Grant::Slot {
            match held.redeem_item() {
                Ok(value) => {
                    drop(lock);
                    return Some(value);
                }
                Err(back) => held = back,
            }
        }
        let mut state = Settling::new(held, Some(lock));
        if grant == Grant::Slot {
            state.set_aside.items -= 1;
            let value = state.ring.pop().or_else(|| state.redeem());
            let peer = state.refill(&mut observers);
            drop(state);
            if let Some((peer, outcome)) = peer {
                // SAFETY: its only completion, by its claimer.
                unsafe { waiter::complete(peer, outcome) };
            }
            return value;
        }
        if let Some(sender) = state.set_aside.senders.pop() {
            state.receiver_cpu = Cpu::current();
            // SAFETY: a sender of this channel, promised to a holder of a permit like the caller.
            let value = unsafe { waiter::take_from(sender) };
            let value = step!("permit.pass-received", state.pass_through(value), else value);
            drop(state);
            // SAFETY: its only completion, by who took it out of the line.
            unsafe { waiter::complete(sender, Outcome::Done) };
            return Some(value);
        }
        if state.take_early() {
            drop(state);
            return self.recv_granted(Grant::Slot);
        }
        if state.set_aside.deserted > 0 {
            state.set_aside.deserted -= 1;
            drop(state);
        } else if let Some(value) = self.recv_promised(state, None) {
            return Some(value);
        }
        // The partner has given up: as in `send_granted`.
        self.recv(Patience::Until(None)).ok()
    }

    /// Gives an unused permit back: the next in line gets what was set aside.
    pub(crate) fn give_back(&self, side: Side, grant: Grant) {
        let mut observers = Observers::default();
        let mut state = match grant {
            Grant::Closed => return,
            Grant::Slot | Grant::Partner => self.settling(),
        };
        if side == Side::Receivers && grant == Grant::Partner && state.take_early() {
            drop(state);
            return self.give_back(side, Grant::Slot);
        }
        let peer = match (grant, side) {
            (Grant::Slot, Side::Senders) => {
                state.set_aside.slots -= 1;
                if state.closed { None } else { step!("permit.room-to-next", state.refill(&mut observers), else None) }
            }
            (Grant::Slot, _) if state.timer.is_some() => {
                state.set_aside.items -= 1;
                state.return_due(&mut observers);
                None
            }
            (Grant::Slot, _) => {
                state.set_aside.items -= 1;
                // SAFETY: the lock is held.
                match unsafe { state.receivers.meet() } {
                    Some(Met::Permit(receiver)) => {
                        state.set_aside.items += 1;
                        Some((receiver, Outcome::Slot))
                    }
                    // A blocked receiver means that no value of the ring was to be had, so there is this one.
                    Some(Met::Transfer(receiver)) => state.ring.pop().map(|value| {
                        // SAFETY: a receiver of this channel, claimed just now.
                        unsafe { waiter::put_into(receiver, value) };
                        state.held.publish_len();
                        // SAFETY: the lock is held.
                        unsafe { observers.call(&mut state.send_watchers) };
                        (receiver, Outcome::Done)
                    }),
                    None => {
                        // SAFETY: the lock is held.
                        step!("permit.give-back.tell", unsafe { observers.call(&mut state.recv_watchers) });
                        None
                    }
                }
            }
            (_, Side::Senders) => match state.set_aside.receivers.pop() {
                Some(receiver) => Some((receiver, Outcome::Retry)),
                None => {
                    state.set_aside.deserted += 1;
                    None
                }
            },
            (_, Side::Receivers) => match state.set_aside.senders.pop() {
                Some(sender) => Some((sender, Outcome::Retry)),
                None => {
                    state.set_aside.deserted -= 1;
                    None
                }
            },
        };
        drop(state);
        if let Some((peer, outcome)) = peer {
            // SAFETY: its only completion, by its claimer, or by who took it out of the line.
            step!("permit.give-back", unsafe { waiter::complete(peer, outcome) });
        }
    }
}

/// Sleeps in the line of promised peers, after having told the holder of the permit, if it is not told yet.
fn promised<T>(node: &Node<T>, holder: Option<NonNull<Waiter>>) -> Outcome {
    if let Some(holder) = holder {
        // SAFETY: claimed by the caller's caller; its only completion.
        step!("permit.tell-holder", unsafe { waiter::complete(holder, Outcome::Partner) });
    }
    node.wait(None, Cpu::UNKNOWN).unwrap_or(Outcome::Retry)
}
