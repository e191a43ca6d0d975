//! How a thread waits for a peer, and what it does when one that waits, or to wait itself, is
//! [all there is](super::state::Company) to an operation.
//!
//! Two threads that take turns are in each other's way for as long as either holds the lock: who has been handed a message is about
//! to take it for the next one. So what can be told at a glance is done as a task does it, without a look at all that there
//! might be to publish. That is so only for operations that have no deadline, for which the clock would have to be asked.
//!
//! Which lines move, when both sides are awake and a receiver waits: the channel's hot words go to the sender, once, with the lock,
//! which says all about the queue of one; the receiver's node goes to the sender, who writes the value and the outcome to it,
//! and back to the receiver, who looks for it, and has the value with it. The channel goes to the receiver when it waits again. With a
//! sender that waits it is the same, and the value goes the other way.

use std::time::Instant;

use gosync_atomic::__sys::{Cpu, step};

use super::queue::WaitQueue;
use super::state::{Settling, State};
use super::waiter::{self, Node, Outcome, OwnLine};
use super::{Channel, Patience, RecvFailure, SendFailure};

/// What came of it.
pub(super) enum Glance<'a, T, R, V> {
    Over(R),
    /// To be started over, with the lock free.
    Again(V),
    /// There is more to it.
    More(Settling<'a, T>, V),
}

impl<T> Channel<T> {
    #[inline(always)]
    pub(super) fn send_at_a_glance<'a>(
        &self,
        state: Settling<'a, T>,
        value: T,
        patience: Patience,
    ) -> Glance<'a, T, Result<(), SendFailure<T>>, T> {
        let (mut held, lock) = state.into_parts();
        if let Some(receiver) = held.meet_receiver() {
            held.state().sender_cpu = Cpu::current();
            drop((held, lock));
            // SAFETY: a receiver of this channel, claimed just now.
            unsafe { waiter::put_into(receiver, value) };
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(receiver, Outcome::Done) };
            return Glance::Over(Ok(()));
        }
        if !matches!(patience, Patience::Until(None)) || !held.may_queue_sender() {
            return Glance::More(Settling::new(held, lock), value);
        }
        let OwnLine(node) = &OwnLine(Node::sender(value));
        // SAFETY: the lock is held; the node is new and stays here until it is completed.
        unsafe { held.queue_sender(node.waiter()) };
        let state = held.state();
        state.sender_cpu = Cpu::current();
        let peer = state.receiver_cpu;
        drop((held, lock));
        // SAFETY: queued as a sender, just now.
        match unsafe { self.await_send(node, None, peer) } {
            Ok(result) => Glance::Over(result),
            Err(back) => Glance::Again(back),
        }
    }

    #[inline(always)]
    pub(super) fn recv_at_a_glance<'a>(
        &self,
        state: Settling<'a, T>,
        patience: Patience,
    ) -> Glance<'a, T, Result<T, RecvFailure>, ()> {
        let (mut held, lock) = state.into_parts();
        if let Some((sender, oldest)) = held.meet_sender() {
            held.state().receiver_cpu = Cpu::current();
            drop((held, lock));
            // SAFETY: a sender of this channel, claimed just now, whose value is still in its slot if there was none before.
            let value = oldest.unwrap_or_else(|| unsafe { waiter::take_from(sender) });
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(sender, Outcome::Done) };
            return Glance::Over(Ok(value));
        }
        if !matches!(patience, Patience::Until(None)) || !held.may_queue_receiver() {
            return Glance::More(Settling::new(held, lock), ());
        }
        let OwnLine(node) = &OwnLine(Node::receiver());
        // SAFETY: the lock is held; the node is new and stays here until it is completed.
        unsafe { held.queue_receiver(node.waiter()) };
        let state = held.state();
        state.receiver_cpu = Cpu::current();
        let peer = state.sender_cpu;
        drop((held, lock));
        let outcome = self.block(node, None, peer, |state| &mut state.receivers);
        // SAFETY: it is a receiver's, and what came of it.
        unsafe { Self::received(node, outcome) }.map_or(Glance::Again(()), Glance::Over)
    }

    /// Waits for the end of a send. `Err`: to be started over.
    ///
    /// # Safety
    ///
    /// The node is queued as a sender.
    #[inline(always)]
    pub(super) unsafe fn await_send(
        &self,
        node: &Node<T>,
        deadline: Option<Instant>,
        peer: Cpu,
    ) -> Result<Result<(), SendFailure<T>>, T> {
        Ok(match self.block(node, deadline, peer, |state| &mut state.senders) {
            Some(Outcome::Done) => Ok(()),
            // SAFETY: a partner that gave up leaves the value in its slot.
            Some(Outcome::Retry) => return Err(unsafe { node.take() }),
            // SAFETY: a closer leaves the value in its slot.
            Some(_) => Err(SendFailure::Closed(unsafe { node.take() })),
            // SAFETY: nobody claimed the node, so the value is where it was.
            None => Err(SendFailure::Full(unsafe { node.take() })),
        })
    }

    /// What a receive has got that waited. `None`: to be started over.
    ///
    /// # Safety
    ///
    /// The node was queued as a receiver, and this is how it ended.
    #[inline(always)]
    pub(super) unsafe fn received(node: &Node<T>, outcome: Option<Outcome>) -> Option<Result<T, RecvFailure>> {
        Some(match outcome {
            // SAFETY: a sender has put a value into the slot.
            Some(Outcome::Done) => Ok(unsafe { node.take() }),
            Some(Outcome::Retry) => return None,
            Some(_) => Err(RecvFailure::Closed),
            None => Err(RecvFailure::Empty),
        })
    }

    /// Waits for a queued node's completion. `None`: the deadline has passed, and the node is out of its queue.
    pub(super) fn block(
        &self,
        node: &Node<T>,
        deadline: Option<Instant>,
        peer: Cpu,
        queue: impl FnOnce(&mut State<T>) -> &mut WaitQueue,
    ) -> Option<Outcome> {
        if let Some(outcome) = node.wait(deadline, peer) {
            return Some(outcome);
        }
        // The deadline has passed, but a peer may have claimed the node meanwhile: only the lock tells.
        let mut state = self.settling();
        // SAFETY: the lock is held, and the node was queued here.
        let removed = unsafe { queue(&mut state).remove(node.waiter()) };
        drop(state);
        if removed {
            return None;
        }
        // Claimed: the peer is between its claim and the completion, which may take as long as it is not scheduled.
        step!("chan.await-claimer", node.wait(None, Cpu::UNKNOWN), else Some(Outcome::Done))
    }
}
