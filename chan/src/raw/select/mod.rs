//! One operation of several: the select protocol.
//!
//! 1. **Look** at all channels without a lock. If some may proceed, choose one of them, lock that channel and do its
//!    operation; if that turns out to be impossible, try the others. Who may wait tries one of them before, any of
//!    them ([`guess`]), and mostly need not look at the others.
//! 2. If none may proceed and the caller does not want to block, look again: if no channel has counted a change meanwhile,
//!    there was an instant at which nothing was ready (see below), and that is the answer.
//! 3. **Lock all** channels, in the order of [`Lock::rank`], each once. Nothing changes now but that blocked selects may be
//!    won elsewhere. Try again; then either give up, or leave a node in every queue, unlock, and sleep.
//! 4. A peer takes out one of the nodes and wins the claim of the sleeper that they share. So exactly one case is done.
//! 5. **Withdraw** the other nodes, one channel at a time. Those are in nobody's way: who meets one cannot claim it.
//!
//! Two selects that face each other cannot miss each other: whoever locks last finds the other's node. Nor can they block
//! each other: locks are taken in one order. A select never meets itself, because it looks before it leaves its nodes.
//!
//! # Nothing was ready at one instant
//!
//! The second look finds every word as the first has left it. Call W the change that made a channel's word what it is, and
//! N the next one, if there is one. Changes are `Release`, and the loads of the first look `Acquire`, so at the second look
//! everything that happened before any of the W is visible; N was not, so no channel's N happened before another channel's
//! W. Therefore all that happened before the W's is a state that includes every W and no N: the program went, or may just
//! as well have gone, through a moment at which all channels were not ready. Counting changes keeps a word that has changed
//! and changed back from looking the same. (Go locks all channels to answer this; so does step 3.)
//!
//! # Invariants
//!
//! 1. A node is in a queue only between step 3 and the end of step 5, while it and the sleeper are borrowed by [`locked`] and
//!    stay in place.
//! 2. The node that was won is in no queue: its claimer took it out.
//!
//! # Ordering
//!
//! A case has the edges of its operation, through its channel's lock or the completion of its node, and no others
//! (select.executed-case-only).

mod alone;
mod choice;
mod order;
mod peers;
mod port;
#[cfg(feature = "async")]
mod task;
mod timers;

use std::cell::Cell;
use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Cpu, Sleeper, has_passed, step};

pub(crate) use alone::guess;
use alone::{Now, at_once};
use choice::{look, try_each};
use order::{LockedAll, Place, in_queueing_order};
use peers::Peers;
use port::Fired;
pub(crate) use port::Port;
#[cfg(feature = "async")]
pub(crate) use task::TaskSelect;
use timers::{ask_timers, poll_timers};

use super::timer::earlier;
use super::waiter::{self, Case, MOST_CASES, Outcome, Waiter, Wants};
use super::{Observers, Patience, Side};

/// How many operations need no allocation.
pub(crate) const FEW: usize = 8;

/// One operation of a select.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    /// `None` is the nil channel.
    port: Option<&'a (dyn Port + 'a)>,
    /// Of one that wants a transfer.
    node: Option<NonNull<Waiter>>,
    /// By which the caller knows it.
    name: Name<'a>,
    side: Side,
}

/// How a caller knows an operation.
#[derive(Clone, Copy)]
pub(crate) enum Name<'a> {
    Number(usize),
    /// Where it wants to be told how it has ended.
    Notice(&'a Cell<Option<Outcome>>),
}

impl<'a> Operation<'a> {
    /// A receive that gets its value in the node.
    ///
    /// # Safety
    ///
    /// `node` is room for a `Node` of what the port carries, which stays in place as long as the operation exists.
    #[inline]
    pub(crate) unsafe fn receive(
        port: Option<&'a (dyn Port + 'a)>,
        node: NonNull<Waiter>,
        name: Name<'a>,
    ) -> Operation<'a> {
        Operation { port, node: Some(node), name, side: Side::Receivers }
    }

    /// An operation that wants a permit, or news.
    #[inline]
    pub(crate) fn of(port: Option<&'a (dyn Port + 'a)>, side: Side, name: Name<'a>) -> Operation<'a> {
        Operation { port, node: None, name, side }
    }

    pub(crate) fn name(&self) -> Name<'a> {
        self.name
    }

    pub(crate) fn port(&self) -> Option<&'a (dyn Port + 'a)> {
        self.port
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    fn wants(&self, how: &How) -> Wants {
        match self.node {
            _ if how.only_news => Wants::News,
            Some(_) => Wants::Transfer,
            None => Wants::Permit,
        }
    }

    /// Whether the signs say that it may proceed, or that they do not tell.
    #[inline(always)]
    fn may_proceed(&self, signs: usize) -> bool {
        signs & self.side as usize != 0
    }

    /// Where its channel stands in the order of locks.
    fn rank(&self) -> usize {
        self.port.map_or(0, |port| port.front().lock.rank())
    }
}

impl std::fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation").field("side", &self.side).finish_non_exhaustive()
    }
}

/// How to choose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) patience: Patience,
    /// The first of those that are ready, and not any.
    pub(crate) biased: bool,
    /// Do nothing, and tell what could be done.
    pub(crate) only_news: bool,
}

/// Does one of the operations: its number, and how it ended. `None`: none was ready, and none became so in time.
#[inline]
pub(crate) fn select<const N: usize>(operations: &[Operation<'_>; N], how: How) -> Option<(usize, Outcome)> {
    const { assert!(N <= MOST_CASES) };
    match at_once::<true>(operations, &mut [0; N], &how) {
        Now::Won(number, outcome) => Some((number, outcome)),
        Now::Nothing => None,
        Now::Unclear => select_locked(operations, &how),
    }
}

#[cold]
#[inline(never)]
fn select_locked<const N: usize>(operations: &[Operation<'_>; N], how: &How) -> Option<(usize, Outcome)> {
    locked(operations, &[const { Place::new() }; N], &mut [0; N], how)
}

/// As [`select`], for any number of operations.
pub(crate) fn select_any(operations: &[Operation<'_>], how: How) -> Option<(usize, Outcome)> {
    let n = operations.len();
    if n > FEW {
        return select_many(operations, &how);
    }
    let mut seen = [0; FEW];
    match at_once::<false>(operations, &mut seen[..n], &how) {
        Now::Won(number, outcome) => Some((number, outcome)),
        Now::Nothing => None,
        Now::Unclear => select_few_locked(operations, &how),
    }
}

#[cold]
#[inline(never)]
fn select_few_locked(operations: &[Operation<'_>], how: &How) -> Option<(usize, Outcome)> {
    let n = operations.len();
    locked(operations, &[const { Place::new() }; FEW][..n], &mut [0; FEW][..n], how)
}

#[cold]
#[inline(never)]
fn select_many(operations: &[Operation<'_>], how: &How) -> Option<(usize, Outcome)> {
    assert!(operations.len() <= MOST_CASES, "too many cases");
    let mut seen = vec![0; operations.len()];
    match at_once::<false>(operations, &mut seen, how) {
        Now::Won(number, outcome) => Some((number, outcome)),
        Now::Nothing => None,
        Now::Unclear => {
            let places: Vec<Place<'_>> = operations.iter().map(|_| Place::new()).collect();
            locked(operations, &places, &mut seen, how)
        }
    }
}

/// Steps 3 to 5, as often as a promise is not kept. There is a place in `places` and in `seen` for each operation.
fn locked<'a>(
    operations: &[Operation<'a>],
    places: &[Place<'a>],
    seen: &mut [usize],
    how: &How,
) -> Option<(usize, Outcome)> {
    loop {
        let sleeper = Sleeper::new();
        let (number, outcome) = attempt(operations, places, seen, how, &sleeper)?;
        if outcome != Outcome::Retry {
            return Some((number, outcome));
        }
    }
}

/// Steps 3 to 5, once.
fn attempt<'a>(
    operations: &[Operation<'a>],
    places: &[Place<'a>],
    seen: &mut [usize],
    how: &How,
    sleeper: &Sleeper,
) -> Option<(usize, Outcome)> {
    let case = |number: usize| Case::of_thread(sleeper, number, operations[number].wants(how));
    let mut observers = Observers::default();
    let all = LockedAll::new(operations, places);
    let ready = step!("select.look-locked", look(operations, seen), else 0);
    let mut fire = |number: usize, operation: &Operation<'a>, port: &'a (dyn Port + 'a)| {
        // SAFETY: the lock is held; the node is the operation's, or its place's.
        unsafe { port.fire(operation.side, case(number), places[number].node_of(operation), &mut observers) }
    };
    let mut won = try_each(operations, seen, ready, how.biased, &mut fire);
    while let Some((number, Fired::NotDue)) = won {
        let ready = ask_timers(operations, seen, number, true);
        won = try_each(operations, seen, ready, how.biased, &mut fire);
    }
    if let Some((number, fired)) = won {
        drop(all);
        return Some((number, settle_and_tell(&operations[number], fired, sleeper, observers)));
    }
    let Patience::Until(deadline) = how.patience else { return None };
    if has_passed(deadline) {
        return None;
    }
    let mut peers = Peers::default();
    for (operation, port) in operations.iter().filter_map(|operation| Some((operation, operation.port?))) {
        // SAFETY: the lock is held.
        peers.note(unsafe { port.seen_peer(operation.side) });
    }
    let mut due = None;
    in_queueing_order(operations, places, how.biased, |number, port| {
        let (operation, place) = (&operations[number], &places[number]);
        // SAFETY: the lock is held; the node is the operation's, or its place's; it stays there, and is withdrawn below.
        unsafe { port.enqueue(operation.side, case(number), place.node_of(operation), &mut observers) };
        if let Some(timer) = operation.timer() {
            // SAFETY: the lock is held.
            due = earlier(due, unsafe { timer.due() }.1);
        }
    });
    drop(all);
    drop(observers);

    let outcome = sleep(operations, sleeper, how.biased, (deadline, due), peers.cpu());
    for (number, operation) in operations.iter().enumerate() {
        if outcome.is_none_or(|(won, _)| won != number) {
            if let Some(port) = operation.port {
                let (wants, node) = (operation.wants(how), places[number].node_of(operation));
                // SAFETY: the node was left in this queue above.
                unsafe { port.withdraw(operation.side, wants, node) };
            }
        }
    }
    outcome
}

/// Sleeps until one of the nodes is completed, or the deadline has passed and nobody has claimed one. When timers are due,
/// it delivers what they have: to itself, for one.
fn sleep(
    operations: &[Operation<'_>],
    sleeper: &Sleeper,
    biased: bool,
    (deadline, mut due): (Option<Instant>, Option<Instant>),
    peer: Cpu,
) -> Option<(usize, Outcome)> {
    sleeper.spin(peer);
    let mut code = sleeper.wait(step!("timer.select-until-due", earlier(deadline, due), else deadline));
    while code.is_none() && due.is_some() {
        due = poll_timers(operations, biased);
        if has_passed(deadline) {
            break;
        }
        code = sleeper.wait(earlier(deadline, due));
    }
    if code.is_none() {
        if step!("select.give-up", sleeper.claim(), else true) {
            return None;
        }
        // Claimed: the peer is between its claim and the completion, which may take as long as it is not scheduled.
        code = sleeper.wait(None);
    }
    let (number, outcome) = Outcome::from_code(code?);
    Some((number as usize, outcome))
}

/// As [`settle`], and for those whom a timer has given its value, which was not due for this one.
#[inline]
fn settle_and_tell(operation: &Operation<'_>, fired: Fired, sleeper: &Sleeper, observers: Observers) -> Outcome {
    #[cold]
    #[inline(never)]
    fn settle_after(operation: &Operation<'_>, fired: Fired, sleeper: &Sleeper, observers: Observers) -> Outcome {
        settle(operation, fired, sleeper, observers.complete())
    }

    if observers.is_empty() {
        settle(operation, fired, sleeper, ())
    } else {
        settle_after(operation, fired, sleeper, observers)
    }
}

/// What remains to be done, without any lock, for an operation that was fired. `wakes` are those of others, who have been completed. They
/// run a user's code, so they come after the completion of the peer, as that one's own wake-up comes after the completion of
/// the others; and before this waits for a partner.
#[inline]
fn settle<W>(operation: &Operation<'_>, fired: Fired, sleeper: &Sleeper, wakes: W) -> Outcome {
    let wakes = step!("select.wake-last", Some(wakes), else {
        drop(wakes);
        None
    });
    match fired {
        Fired::Won(outcome, peer) => {
            if let Some((peer, outcome)) = peer {
                // SAFETY: claimed by the operation, and its only completion.
                unsafe { waiter::complete(peer, outcome) };
            }
            outcome
        }
        Fired::From(sender) => {
            if let (Some(port), Some(node)) = (operation.port, operation.node) {
                // SAFETY: a claimed sender with a value, and the operation's own node, written by `fire`.
                unsafe { port.transfer(sender, node) };
            }
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(sender, Outcome::Done) };
            Outcome::Done
        }
        Fired::Promised(sender) => {
            // SAFETY: as above.
            step!("select.tell-holder", unsafe { waiter::complete(sender, Outcome::Partner) });
            drop(wakes);
            sleeper.spin(Cpu::UNKNOWN);
            sleeper.wait(None).map_or(Outcome::Retry, |code| Outcome::from_code(code).1)
        }
        // Nothing was fired.
        Fired::No | Fired::NotDue => Outcome::Retry,
    }
}
