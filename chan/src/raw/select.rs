//! One operation of several: the select protocol.
//!
//! 1. **Look** at all channels without a lock. If some may proceed, choose one of them, lock that channel and do its
//!    operation; if that turns out to be impossible, try the others.
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
//! 1. An entry's node is in a queue only between step 3 and the end of step 5, while the entry, its node and the sleeper
//!    are borrowed by [`attempt`] and stay in place.
//! 2. The entry that was won is in no queue: its claimer took it out.
//!
//! # Ordering
//!
//! A case has the edges of its operation, through its channel's lock or the completion of its node, and no others
//! (select.executed-case-only).

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Cpu, LockGuard, Sleeper, has_passed, ord, pick, step};

use super::state::{Locked, Settling, Take, signs};
use super::timer::earlier;
use super::waiter::{self, Case, MOST_CASES, Node, Outcome, Waiter, Wants};
use super::{Channel, Front, Grant, Observers, Patience, Side};

/// A channel as a select sees it, which need not know what it carries.
pub(crate) trait Port {
    fn front(&self) -> &Front;

    /// Does the operation if it can be done now. The node is then written, if it has a slot.
    ///
    /// # Safety
    ///
    /// The lock is held. `node` is room for a node that wants what the case wants: for a transfer a `Node` of this
    /// channel's type, which only a receive can have.
    unsafe fn fire(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers) -> Fired;

    /// Leaves a node in the queue. Where peers were last seen.
    ///
    /// # Safety
    ///
    /// As for [`fire`](Port::fire); and the node stays in place until it is withdrawn, or taken out and completed.
    unsafe fn enqueue(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers) -> Cpu;

    /// Takes the node out of the queue, if it is still there.
    ///
    /// # Safety
    ///
    /// The node was left in this queue.
    unsafe fn withdraw(&self, side: Side, node: NonNull<Waiter>);

    /// Moves a value from one slot to the other.
    ///
    /// # Safety
    ///
    /// Both are nodes with slots, of this channel, which the caller has claimed or owns; there is a value in the first.
    unsafe fn transfer(&self, from: NonNull<Waiter>, into: NonNull<Waiter>);

    /// Gives back a permit.
    fn give_back(&self, side: Side, grant: Grant);

    /// Whether a timer has a value, and when it will have the next.
    ///
    /// # Safety
    ///
    /// The lock is held.
    unsafe fn due(&self) -> (bool, Option<Instant>);

    /// Delivers what a timer has. When it will have the next.
    fn poll(&self) -> Option<Instant>;
}

/// What became of an operation that was tried.
pub(crate) enum Fired {
    /// It cannot be done now.
    No,
    /// It was done, with this outcome, and a peer is to be completed for it.
    Won(Outcome, Option<(NonNull<Waiter>, Outcome)>),
    /// It is done by moving this claimed sender's value.
    From(NonNull<Waiter>),
    /// The node has been promised to this sender, which has no value yet.
    Promised(NonNull<Waiter>),
}

/// One case.
pub(crate) struct Entry<'a> {
    /// `None` is the nil channel.
    port: Option<&'a (dyn Port + 'a)>,
    side: Side,
    wants: Wants,
    /// Of a case that wants a transfer; others have `own`.
    node: Option<NonNull<Waiter>>,
    own: UnsafeCell<MaybeUninit<Waiter>>,
    /// The signs at the first look. Of a timer, which has no signs that tell: `RECV` if it has a value, and `TIMER`.
    seen: Cell<usize>,
    /// The number of the entry that comes here in the order of ranks.
    nth: Cell<u32>,
    guard: Cell<Option<LockGuard<'a>>>,
}

impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("side", &self.side).field("wants", &self.wants).finish_non_exhaustive()
    }
}

impl<'a> Entry<'a> {
    fn new(port: Option<&'a (dyn Port + 'a)>, side: Side, wants: Wants, node: Option<NonNull<Waiter>>) -> Entry<'a> {
        Entry {
            port,
            side,
            wants,
            node,
            own: UnsafeCell::new(MaybeUninit::uninit()),
            seen: Cell::new(0),
            nth: Cell::new(0),
            guard: Cell::new(None),
        }
    }

    /// A receive that gets its value in the node.
    ///
    /// # Safety
    ///
    /// `node` is room for a `Node` of what the port carries, which stays in place as long as the entry exists.
    pub(crate) unsafe fn receive(port: Option<&'a (dyn Port + 'a)>, node: NonNull<Waiter>) -> Entry<'a> {
        Entry::new(port, Side::Receivers, Wants::Transfer, Some(node))
    }

    /// An operation that wants a permit.
    pub(crate) fn permit(port: Option<&'a (dyn Port + 'a)>, side: Side) -> Entry<'a> {
        Entry::new(port, side, Wants::Permit, None)
    }

    /// An operation that is to be possible.
    pub(crate) fn news(port: Option<&'a (dyn Port + 'a)>, side: Side) -> Entry<'a> {
        Entry::new(port, side, Wants::News, None)
    }

    fn node(&self) -> NonNull<Waiter> {
        // An `UnsafeCell`'s pointer is not null.
        self.node.unwrap_or_else(|| NonNull::new(self.own.get().cast()).unwrap_or(NonNull::dangling()))
    }

    fn front(&self) -> Option<&'a Front> {
        self.port.map(Port::front)
    }

    /// Whether the signs say that it may proceed.
    fn may_proceed(&self, seen: usize) -> bool {
        let sign = match self.side {
            Side::Receivers => signs::RECV,
            Side::Senders => signs::SEND,
        };
        seen & sign != 0
    }

    fn rank(&self) -> usize {
        self.front().map_or(0, |front| front.lock.rank())
    }

    /// The port, if it is a timer's, as was seen.
    fn timer(&self) -> Option<&'a (dyn Port + 'a)> {
        if self.seen.get() & signs::TIMER != 0 { self.port } else { None }
    }
}

/// Does one of the operations, blocking as long as there is patience: the number of its entry, and how it ended. `None`:
/// none was ready, and none became so in time. `biased`: the first of those that are ready, and not any.
pub(crate) fn select(entries: &[Entry<'_>], patience: Patience, biased: bool) -> Option<(usize, Outcome)> {
    assert!(entries.len() <= MOST_CASES, "too many cases");
    loop {
        let sleeper = Sleeper::new();
        let (number, outcome) = attempt(entries, &sleeper, patience, biased)?;
        // Who was promised a value and did not get it has committed itself to nothing.
        if outcome != Outcome::Retry {
            return Some((number, outcome));
        }
    }
}

/// As [`select`], once: [`Outcome::Retry`] is to be tried again.
fn attempt(
    entries: &[Entry<'_>],
    sleeper: &Sleeper,
    patience: Patience,
    biased: bool,
) -> Option<(usize, Outcome)> {
    let case = |number: usize| Case {
        sleeper: NonNull::from(sleeper),
        number: number as u32, // `select` has looked at the number of cases
        wants: entries[number].wants,
    };
    let ready = look(entries, false);
    if ready > 0 {
        let won = try_each(entries, ready, biased, |number, port, entry| {
            let mut observers = Observers::default();
            let lock = port.front().lock.lock();
            // SAFETY: the lock is held; the node is the entry's.
            let fired = unsafe { port.fire(entry.side, case(number), entry.node(), &mut observers) };
            drop(lock);
            fired
        });
        if let Some((number, fired)) = won {
            return Some(settle(&entries[number], number, fired, sleeper));
        }
    } else if matches!(patience, Patience::Try) && nothing_has_changed(entries) {
        return None;
    }

    let mut observers = Observers::default();
    let all = LockedAll::new(entries);
    let won = try_each(entries, look(entries, true), biased, |number, port, entry| {
        // SAFETY: the lock is held; the node is the entry's.
        unsafe { port.fire(entry.side, case(number), entry.node(), &mut observers) }
    });
    if let Some((number, fired)) = won {
        drop(all);
        return Some(settle(&entries[number], number, fired, sleeper));
    }
    let Patience::Until(deadline) = patience else { return None };
    if has_passed(deadline) {
        return None;
    }
    let (mut peer, mut due) = (Cpu::UNKNOWN, None);
    for (number, entry) in entries.iter().enumerate() {
        if let Some(port) = entry.port {
            // SAFETY: the lock is held; the node is the entry's, which stays in place, and is withdrawn below.
            peer = unsafe { port.enqueue(entry.side, case(number), entry.node(), &mut observers) };
        }
        if let Some(timer) = entry.timer() {
            // SAFETY: the lock is held.
            due = earlier(due, unsafe { timer.due() }.1);
        }
    }
    drop(all);
    drop(observers);

    let outcome = sleep(entries, sleeper, deadline, due, peer);
    for (number, entry) in entries.iter().enumerate() {
        if outcome.is_none_or(|(won, _)| won != number) {
            if let Some(port) = entry.port {
                // SAFETY: the node was left in this queue above.
                unsafe { port.withdraw(entry.side, entry.node()) };
            }
        }
    }
    outcome
}

/// Sleeps until one of the nodes is completed, or the deadline has passed and nobody has claimed one. Delivers what timers
/// have when it is due: to itself, for one.
fn sleep(
    entries: &[Entry<'_>],
    sleeper: &Sleeper,
    deadline: Option<Instant>,
    mut due: Option<Instant>,
    peer: Cpu,
) -> Option<(usize, Outcome)> {
    sleeper.spin(peer);
    let mut code = sleeper.wait(step!("timer.select-until-due", earlier(deadline, due), else deadline));
    while code.is_none() && due.is_some() {
        due = entries.iter().filter_map(Entry::timer).filter_map(Port::poll).min();
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

/// The first look: how many entries may proceed.
fn look(entries: &[Entry<'_>], locked: bool) -> usize {
    let mut ready = 0;
    for entry in entries {
        // Acquire: pairs with the Release in `Locked::publish`; the head of this file says what for.
        let mut seen = entry.front().map_or(0, |front| front.signs.load(ord!("select.look", Acquire)));
        if seen & signs::TIMER != 0 {
            seen = ask_timer(entry, locked);
        }
        entry.seen.set(seen);
        ready += usize::from(entry.may_proceed(seen));
    }
    ready
}

/// What there is to see of a timer. Not what its signs say, so [`nothing_has_changed`] does not answer for it beside others.
#[cold]
fn ask_timer(entry: &Entry<'_>, locked: bool) -> usize {
    let Some(port) = entry.port else { return 0 };
    let lock = (!locked).then(|| port.front().lock.lock());
    // SAFETY: the lock is held.
    let (is_due, _) = unsafe { port.due() };
    drop(lock);
    signs::TIMER | if is_due { signs::RECV } else { 0 }
}

/// The second look, after one that has found nothing ready: whether there was an instant at which nothing was.
fn nothing_has_changed(entries: &[Entry<'_>]) -> bool {
    // One word has its instant by itself.
    let unchanged = entries.len() == 1
        || entries.iter().all(|entry| {
            // Relaxed: the head of this file says why.
            entry.front().is_none_or(|front| front.signs.load(ord!("select.look-again", Relaxed)) == entry.seen.get())
        });
    step!("select.unchanged", unchanged, else true)
}

/// Tries those of the entries that may proceed, as was last seen, beginning with one of `ready` at random, or with the first.
fn try_each<'a>(
    entries: &[Entry<'a>],
    ready: usize,
    biased: bool,
    mut fire: impl FnMut(usize, &'a (dyn Port + 'a), &Entry<'a>) -> Fired,
) -> Option<(usize, Fired)> {
    let first = if biased || ready < 2 { 0 } else { pick(ready) };
    let candidates = || {
        entries.iter().enumerate().filter(|(_, entry)| entry.may_proceed(entry.seen.get()))
    };
    candidates().skip(first).chain(candidates().take(first)).find_map(|(number, entry)| {
        match fire(number, entry.port?, entry) {
            Fired::No => None,
            fired => Some((number, fired)),
        }
    })
}

/// What remains to be done, without any lock, for an operation that was fired.
fn settle(entry: &Entry<'_>, number: usize, fired: Fired, sleeper: &Sleeper) -> (usize, Outcome) {
    let outcome = match fired {
        Fired::Won(outcome, peer) => {
            if let Some((peer, outcome)) = peer {
                // SAFETY: claimed by the operation, and its only completion.
                unsafe { waiter::complete(peer, outcome) };
            }
            outcome
        }
        Fired::From(sender) => {
            if let Some(port) = entry.port {
                // SAFETY: a claimed sender with a value, and the entry's own node, written by `fire`.
                unsafe { port.transfer(sender, entry.node()) };
            }
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(sender, Outcome::Done) };
            Outcome::Done
        }
        Fired::Promised(sender) => {
            // SAFETY: as above.
            step!("select.tell-holder", unsafe { waiter::complete(sender, Outcome::Partner) });
            sleeper.wait(None).map_or(Outcome::Retry, |code| Outcome::from_code(code).1)
        }
        // `try_each` returns no such thing.
        Fired::No => Outcome::Retry,
    };
    (number, outcome)
}

/// All channels of a select, locked, until this is dropped.
struct LockedAll<'e, 'a>(&'e [Entry<'a>]);

impl<'e, 'a> LockedAll<'e, 'a> {
    fn new(entries: &'e [Entry<'a>]) -> LockedAll<'e, 'a> {
        sort_by_rank(entries);
        let mut last = None;
        for entry in entries.iter().map(|entry| &entries[entry.nth.get() as usize]) {
            let Some(front) = entry.front() else { continue };
            // A channel in several cases is locked once.
            if last.replace(front.lock.rank()) != Some(front.lock.rank()) {
                entry.guard.set(Some(front.lock.lock()));
            }
        }
        LockedAll(entries)
    }
}

impl Drop for LockedAll<'_, '_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|entry| drop(entry.guard.take()));
    }
}

/// Makes `nth` of each entry the number of the entry that comes there. By insertion: there are few, or they are in order
/// from the last time.
fn sort_by_rank(entries: &[Entry<'_>]) {
    for (i, entry) in entries.iter().enumerate() {
        let mut at = i;
        while at > 0 && entries[entries[at - 1].nth.get() as usize].rank() > entry.rank() {
            entries[at].nth.set(entries[at - 1].nth.get());
            at -= 1;
        }
        entries[at].nth.set(i as u32);
    }
}

impl<T> Channel<T> {
    /// # Safety
    ///
    /// The lock is held.
    unsafe fn settling(&self) -> Settling<'_, T> {
        // SAFETY: the caller's contract.
        Settling(unsafe { Locked::new(self, None) })
    }
}

impl<T> Port for Channel<T> {
    fn front(&self) -> &Front {
        &self.front
    }

    unsafe fn fire(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers) -> Fired {
        // SAFETY: the caller's contract.
        let mut state = unsafe { self.settling() };
        match (case.wants, side) {
            (Wants::Transfer, _) => {
                let taken = state.take(observers);
                if matches!(taken, Take::Nothing) {
                    return Fired::No;
                }
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
                    Take::Nothing => Fired::No,
                }
            }
            (Wants::Permit, side) => {
                let granted = match side {
                    Side::Senders => state.grant_send(self.front.capacity, observers),
                    Side::Receivers => state.grant_recv(observers),
                };
                granted.map_or(Fired::No, |(grant, peer)| Fired::Won(grant.outcome(), peer))
            }
            (Wants::News, side) => {
                let ready = state.closed
                    || match side {
                        // SAFETY: the lock is held.
                        Side::Senders => state.has_room(self.front.capacity) || unsafe { state.receivers.has_partner() },
                        // SAFETY: the lock is held.
                        Side::Receivers => state.has_item() || state.is_due() || unsafe { state.senders.has_partner() },
                    };
                if ready { Fired::Won(Outcome::Ready, None) } else { Fired::No }
            }
        }
    }

    unsafe fn enqueue(&self, side: Side, case: Case, node: NonNull<Waiter>, observers: &mut Observers) -> Cpu {
        // SAFETY: the caller's contract.
        let mut state = unsafe { self.settling() };
        let state = &mut *state;
        match case.wants {
            // SAFETY: the caller's contract: it is room for such a node.
            Wants::Transfer => unsafe { node.cast::<Node<T>>().write(Node::receiver_of(case)) },
            // SAFETY: as above.
            Wants::Permit | Wants::News => unsafe { node.write(Waiter::of_case(case)) },
        }
        let (own, others) = match side {
            Side::Senders => (&mut state.senders, &mut state.receivers),
            Side::Receivers => (&mut state.receivers, &mut state.senders),
        };
        if case.wants != Wants::News {
            // Who waits for the chance to meet a blocked peer has it now.
            // SAFETY: the lock is held.
            unsafe { others.claim_observers(observers) };
        }
        // SAFETY: the lock is held, and the caller's contract.
        unsafe { own.push(node) };
        match side {
            Side::Senders => std::mem::replace(&mut state.sender_cpu, Cpu::current()),
            Side::Receivers => std::mem::replace(&mut state.receiver_cpu, Cpu::current()),
        };
        if side == Side::Senders { state.receiver_cpu } else { state.sender_cpu }
    }

    unsafe fn withdraw(&self, side: Side, node: NonNull<Waiter>) {
        let mut state = Settling(self.locked());
        let queue = match side {
            Side::Senders => &mut state.senders,
            Side::Receivers => &mut state.receivers,
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

    unsafe fn due(&self) -> (bool, Option<Instant>) {
        // SAFETY: the caller's contract.
        let state = unsafe { self.settling() };
        (state.is_due(), state.due_at())
    }

    fn poll(&self) -> Option<Instant> {
        Channel::poll(self)
    }
}
