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

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Cpu, step};

use super::queue::WaitQueue;
use super::state::{Settling, State};
use super::waiter::{self, Node, Outcome, OwnLine, Waiter};
use super::{Channel, Patience, RecvFailure};

/// What came of an operation at a glance.
pub(super) enum Glance<'a, T, R> {
    Over(R),
    /// To be started over, with the lock free.
    Again,
    /// There is more to it.
    More(Settling<'a, T>),
}

impl<T> Channel<T> {
    /// Sends a value, which is there: it is taken if that is done, and over with it left there if the channel is closed.
    // Not always inline, nor by value: a large one would be copied to a dozen places.
    #[inline]
    pub(super) fn send_at_a_glance<'a>(
        &self,
        state: Settling<'a, T>,
        unsent: &mut Option<T>,
        patience: Patience,
    ) -> Glance<'a, T, ()> {
        let (mut held, lock) = state.into_parts();
        if let Some(receiver) = held.meet_receiver() {
            held.state().sender_cpu = Cpu::current();
            drop((held, lock));
            let Some(value) = unsent.take() else { unreachable!("there is a value") };
            // SAFETY: a receiver of this channel, claimed just now.
            unsafe { waiter::put_into(receiver, value) };
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(receiver, Outcome::Done) };
            return Glance::Over(());
        }
        if !matches!(patience, Patience::Until(None)) || !held.may_queue_sender() {
            return Glance::More(Settling::new(held, lock));
        }
        let Some(value) = unsent.take() else { unreachable!("there is a value") };
        let OwnLine(node) = &OwnLine(Node::sender(value));
        // SAFETY: the lock is held; the node is new and stays here until it is completed.
        unsafe { held.queue_sender(node.waiter()) };
        let state = held.state();
        state.sender_cpu = Cpu::current();
        let peer = state.receiver_cpu;
        drop((held, lock));
        let outcome = self.block(node, None, peer, |state| &mut state.senders);
        if !matches!(outcome, Some(Outcome::Done)) {
            // SAFETY: a closer leaves the value in its slot, and so does a partner that gave up.
            *unsent = Some(unsafe { node.take() });
        }
        if matches!(outcome, Some(Outcome::Retry)) { Glance::Again } else { Glance::Over(()) }
    }

    /// Receives the oldest value while a sender is blocked, or waits for one.
    #[inline]
    pub(super) fn recv_at_a_glance<'a>(
        &self,
        state: Settling<'a, T>,
        patience: Patience,
    ) -> Glance<'a, T, Result<T, RecvFailure>> {
        let (mut held, lock) = state.into_parts();
        if let Some((sender, oldest)) = held.meet_sender() {
            held.state().receiver_cpu = Cpu::current();
            drop((held, lock));
            // SAFETY: met just now.
            return Glance::Over(Ok(unsafe { take_from_met(sender, oldest) }));
        }
        if !matches!(patience, Patience::Until(None)) || !held.may_queue_receiver() {
            return Glance::More(Settling::new(held, lock));
        }
        let OwnLine(node) = &OwnLine(Node::receiver());
        // SAFETY: the lock is held; the node is new and stays here until it is completed.
        unsafe { held.queue_receiver(node.waiter()) };
        let state = held.state();
        state.receiver_cpu = Cpu::current();
        let peer = state.sender_cpu;
        drop((held, lock));
        let outcome = self.block(node, None, peer, |state| &mut state.receivers);
        match outcome {
            // SAFETY: a sender has put a value into the slot.
            Some(Outcome::Done) => Glance::Over(Ok(unsafe { node.take() })),
            Some(Outcome::Retry) => Glance::Again,
            _ => Glance::Over(Err(RecvFailure::Closed)),
        }
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

/// What a receive gets that has [met](super::held::Held::meet_sender) a sender, which is completed.
///
/// # Safety
///
/// It was met just now, with this value, and the lock is free.
#[inline]
pub(super) unsafe fn take_from_met<T>(sender: NonNull<Waiter>, oldest: Option<T>) -> T {
    // Claimed; its value is still in its slot if there was none before.
    let value = match oldest {
        Some(value) => value,
        // SAFETY: so it is.
        None => unsafe { waiter::take_from(sender) },
    };
    // SAFETY: its only completion, by its claimer.
    unsafe { waiter::complete(sender, Outcome::Done) };
    value
}
