//! The channel itself, without handles: one lock, one ring, two queues of blocked operations, as in Go's `hchan`; and two lanes.
//!
//! While nobody waits for anything, senders and receivers get at the ring by a [`lane`] each, without the lock and without each
//! other: [`lanes`] says when. All that follows is about the rest of the time, and about all other operations: whoever takes the
//! lock shuts the lanes first, if they are open, and finds the state as if there were none.
//!
//! An operation takes the lock once, does one of four things, and releases it:
//!
//! | | send | receive |
//! | --- | --- | --- |
//! | a peer is blocked | hand the value to the oldest receiver | take the oldest value; refill from the oldest sender |
//! | there is room, or a value | append to the ring | take from the ring |
//! | closed | give the value back | report it, once the ring is empty |
//! | otherwise | queue up and sleep | queue up and sleep |
//!
//! A value goes straight to or from a blocked peer's node ([`waiter`]), so a blocked operation costs one wake-up, wins
//! no race after it, and is served in the order of arrival. A peer that has no slot for a value gets a permit instead:
//! [`permit`] says how it is used. [`select`] does one operation of several. [`timer`] is a channel that the clock sends to.
//!
//! # Invariants, whenever the lock is free and the lanes are shut
//!
//! 1. If a receiver is blocked that could be claimed, no sender is, but for one select that waits on both sides.
//! 2. A value that nobody has a permit for means no blocked receiver; room that nobody has a permit for means no blocked
//!    sender; closed means neither. Nodes of selects that were won elsewhere do not count.
//! 3. `signs`, `len` and `company` tell what the state says.
//! 4. The ring holds at most `capacity` values, permits for room included.
//! 5. If the capacity is bounded, the ring has memory for its values and for all room that was set aside: so who holds a
//!    permit can use it or give it to another, and who has taken a value out can refill.
//!
//! # Never under the lock
//!
//! A wake-up, and anything that runs a user's code: drops of values in particular. The ring's growth is the one
//! allocation that happens under it, and that it gives the memory of a burst back. If there is none, the operation panics
//! before it has changed anything; a select that it has claimed starts over.
//!
//! # Ordering
//!
//! The lock, or a lane, orders everything that goes through the ring: a receive acquires what its value's send released
//! (chan.send-before-recv-complete), and a send that found room acquires what the receive that made it released
//! (chan.kth-recv-before-(k+C)th-send-complete). Both directions of a hand-off are ordered by the lock and by the
//! completion in [`waiter`] (chan.recv-before-unbuffered-send-complete). A receive that reports the end takes the lock
//! too (chan.close-before-closed-recv). What looks at `signs` and `len` alone is a try that fails, and that orders nothing.

mod glance;
mod guess;
mod heels;
mod held;
mod lane;
mod lanes;
mod many;
mod permit;
mod queue;
mod ring;
pub(crate) mod select;
mod shared;
mod state;
#[cfg(feature = "async")]
pub(crate) mod task;
mod timer;
mod traffic;
pub(crate) mod waiter;

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::atomic::{AtomicBool, AtomicUsize};
use gosync_atomic::__sys::{Cpu, Lock, LockGuard, Pacer, UnsafeCell, has_passed, ord, step};

use glance::Glance;
use held::Held;
use lanes::{Attempt, Lanes};
pub(crate) use many::Unsent;
pub(crate) use permit::Grant;
use queue::{Line, Met, Observers};
use ring::{NoMemory, Ring};
pub(crate) use shared::{Shared, Side};
use state::{Settling, State, Take};
pub(crate) use timer::{Pace, Setting};
use waiter::{Node, Outcome, OwnLine, Waiter, Wakes};

/// How long an operation may block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Not at all.
    Try,
    /// Nor for a sender that was promised: a receive of what is in the buffer already.
    TryItem,
    /// Until the deadline; `None` is for ever.
    Until(Option<Instant>),
}

/// Why a send did not happen; the value is back.
#[derive(Debug)]
pub(crate) enum SendFailure<T> {
    /// No room, and none came in time.
    Full(T),
    /// Closed, or nobody is left to receive.
    Closed(T),
}

/// Why a receive got nothing.
#[derive(Debug)]
pub(crate) enum RecvFailure {
    /// No value, and none came in time.
    Empty,
    /// Closed and drained.
    Closed,
}

/// The part of a channel that can be used without knowing what it carries.
#[repr(C)] // what is hot last: it is in one line with what is hot of the state
pub(crate) struct Front {
    /// `usize::MAX` for an unbounded channel.
    capacity: usize,
    /// Whether this is a timer's channel: what the sign `TIMER` says, for those who have no use for the other signs.
    is_timer: bool,
    /// Whether only the crate itself closes it.
    is_receive_only: bool,
    /// One side has no handle left. Written under the lock.
    is_left: AtomicBool,
    /// What `state::signs` says of the state, for those who only look.
    signs: AtomicUsize,
    /// The number of buffered values.
    len: AtomicUsize,
    lock: Lock,
}

impl Front {
    /// From this capacity on, values come and go in bursts: neither side need know of the other for each of them.
    const MANY: usize = 64;

    /// Pauses before the first look at a lock that is held: time for its holder to do several operations undisturbed.
    ///
    /// Tasks wait for 2 us where all that there is goes by the lock: two workers of an executor that meet at such a channel take
    /// its lines from each other as long as both have something to do there. Meanwhile one of them does it all, and faster.
    const PAUSES: u32 = 24;
    #[cfg(feature = "async")]
    const PAUSES_OF_TASK: u32 = 64;

    #[inline(always)]
    fn lock(&self) -> LockGuard<'_> {
        let pacer = || if self.capacity >= Self::MANY { Pacer::patient(Self::PAUSES) } else { Pacer::new() };
        self.lock.lock_paced(pacer)
    }

    /// For a task, whose executor has others to run before the peer answers, however soon that is.
    #[cfg(feature = "async")]
    #[inline(always)]
    fn lock_for_task(&self) -> LockGuard<'_> {
        self.lock.lock_paced(|| {
            let has_bursts = self.capacity >= Self::MANY;
            Pacer::patient(if has_bursts { Self::PAUSES } else { Self::PAUSES_OF_TASK })
        })
    }
}

/// A channel.
#[repr(C)] // the hot words of the front and the state beside each other
pub(crate) struct Channel<T> {
    front: Front,
    state: UnsafeCell<State<T>>,
    lanes: Lanes,
}

// SAFETY: values move between threads, never references to them: `T: Send` is all it takes. The raw pointers in the
// queues lead to nodes that are shared under the rules of `waiter`.
unsafe impl<T: Send> Send for Channel<T> {}
// SAFETY: as above; the state is guarded by the lock.
unsafe impl<T: Send> Sync for Channel<T> {}

impl<T> Channel<T> {
    /// Where the words begin that every operation under the lock writes to: so many that they fill a cache line.
    ///
    /// It ends where the ring begins. The next one has the ring, to which an operation writes that moves a value through it.
    pub(super) const HOT: usize = std::mem::offset_of!(Front, signs);

    pub(crate) fn new(capacity: usize) -> Channel<T> {
        let signs = state::signs::of_new(capacity);
        let front = Front {
            lock: Lock::new(),
            is_timer: false,
            is_receive_only: false,
            is_left: AtomicBool::new(false),
            signs: AtomicUsize::new(signs),
            len: AtomicUsize::new(0),
            capacity,
        };
        Channel { front, state: UnsafeCell::new(State::new()), lanes: Lanes::new(capacity > 0) }
    }

    /// One without a buffer that its users cannot close.
    pub(crate) fn receive_only() -> Channel<T> {
        let mut channel = Channel::new(0);
        channel.front.is_receive_only = true;
        channel
    }

    /// Whether `close` is refused.
    pub(crate) fn is_receive_only(&self) -> bool {
        self.front.is_receive_only
    }

    /// The state, locked.
    fn settling(&self) -> Settling<'_, T> {
        let lock = self.front.lock();
        // SAFETY: the lock is held.
        Settling::new(unsafe { Held::new(self) }, Some(lock))
    }

    /// Whether an operation of this kind may succeed or must report the end. If not, there was an instant at which it had
    /// to fail, that of the load, and it need not take the lock.
    ///
    /// What the calling thread has seen happen to the channel has been published before.
    #[inline(always)]
    fn may_proceed(&self, sign: usize) -> bool {
        // Relaxed: a try that fails orders nothing.
        self.front.signs.load(ord!("chan.peek", Relaxed)) & sign != 0
    }

    /// Sends without blocking.
    #[inline]
    pub(crate) fn try_send(&self, value: T) -> Result<(), SendFailure<T>> {
        if !self.may_proceed(state::signs::SEND) || self.snapshot(|len| len >= self.front.capacity) == Some(true) {
            return Err(SendFailure::Full(value));
        }
        self.send(value, Patience::Try)
    }

    /// Receives without blocking.
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, RecvFailure> {
        if !self.may_proceed(state::signs::RECV | state::signs::TIMER) || self.snapshot(|len| len == 0) == Some(true) {
            return Err(RecvFailure::Empty);
        }
        self.recv(Patience::Try)
    }

    /// Sends, blocking as long as there is patience.
    #[inline]
    pub(crate) fn send(&self, value: T, patience: Patience) -> Result<(), SendFailure<T>> {
        let mut unsent = Some(value);
        let attempt = self.send_in_lane(&mut unsent);
        unsent.map_or(Ok(()), |value| self.send_otherwise(value, patience, attempt))
    }

    /// Hands the value to a blocked receiver, or queues up and sleeps, or gives up.
    fn send_slow(&self, state: Settling<'_, T>, value: T, patience: Patience) -> Result<(), SendFailure<T>> {
        let mut unsent = Some(value);
        let state = match self.send_at_a_glance(state, &mut unsent, patience) {
            Glance::Over(()) => return unsent.map_or(Ok(()), |value| Err(SendFailure::Closed(value))),
            Glance::Again => None,
            Glance::More(state) => Some(state),
        };
        match unsent {
            Some(value) => self.send_at_length(state, value, patience),
            None => Ok(()),
        }
    }

    /// As [`send_slow`](Channel::send_slow), when there is more to it than can be told at a glance; with the lock, or without.
    fn send_at_length(
        &self,
        state: Option<Settling<'_, T>>,
        mut value: T,
        patience: Patience,
    ) -> Result<(), SendFailure<T>> {
        let mut observers = Observers::default();
        // After `observers`, so that on every way out the lock is released before they are told.
        let mut state = state.unwrap_or_else(|| self.settling());
        loop {
            if step!("chan.send.closed", state.closed, else false) {
                return Err(SendFailure::Closed(value));
            }
            // SAFETY: the lock is held.
            match unsafe { state.receivers.meet() } {
                Some(Met::Transfer(receiver)) => {
                    state.sender_cpu = Cpu::current();
                    let value = state.pass_through(value);
                    drop(state);
                    // SAFETY: a receiver of this channel, claimed just now.
                    unsafe { waiter::put_into(receiver, value) };
                    // SAFETY: its only completion, by its claimer.
                    unsafe { waiter::complete(receiver, Outcome::Done) };
                    return Ok(());
                }
                Some(Met::Permit(receiver)) if step!("permit.beside", state.has_room(self.front.capacity), else false) =>
                {
                    // SAFETY: claimed just now, and left to this.
                    let sent = unsafe { self.set_aside_for(receiver, state, |state| state.append_for_permit(value)) };
                    return sent.or_else(|error| error.panic());
                }
                Some(Met::Permit(receiver)) => match self.send_promised(state, value, Some(receiver)) {
                    Ok(()) => return Ok(()),
                    Err(back) => value = back,
                },
                None if state.has_room(self.front.capacity) => {
                    state.make_room();
                    state.append(value, &mut observers);
                    return Ok(());
                }
                None => {
                    let Patience::Until(deadline) = patience else { return Err(SendFailure::Full(value)) };
                    if has_passed(deadline) {
                        return Err(SendFailure::Full(value));
                    }
                    let OwnLine(node) = &OwnLine(Node::sender(value));
                    // SAFETY: the lock is held; the node is new and stays here until `block` has seen it completed or
                    // taken it out.
                    unsafe { state.senders.push(node.waiter()) };
                    // SAFETY: the lock is held.
                    unsafe { observers.call(&mut state.recv_watchers) };
                    state.sender_cpu = Cpu::current();
                    let peer = state.receiver_cpu;
                    drop(state);
                    drop(std::mem::take(&mut observers));
                    match self.block(node, deadline, peer, |state| &mut state.senders) {
                        Some(Outcome::Done) => return Ok(()),
                        // SAFETY: a partner that gave up leaves the value in its slot.
                        Some(Outcome::Retry) => value = unsafe { node.take() },
                        // SAFETY: a closer leaves the value in its slot.
                        Some(_) => return Err(SendFailure::Closed(unsafe { node.take() })),
                        // SAFETY: nobody claimed the node, so the value is where it was.
                        None => return Err(SendFailure::Full(unsafe { node.take() })),
                    }
                }
            }
            state = self.settling();
        }
    }

    /// Receives, blocking as long as there is patience.
    #[inline(always)] // whether it is a call is its callers' affair
    pub(crate) fn recv(&self, patience: Patience) -> Result<T, RecvFailure> {
        match self.recv_in_lane() {
            Attempt::Done(value) => Ok(value),
            attempt => self.recv_otherwise(patience, attempt),
        }
    }

    /// Takes the oldest value while a sender is blocked, or queues up and sleeps, or gives up.
    fn recv_slow(&self, state: Settling<'_, T>, patience: Patience) -> Result<T, RecvFailure> {
        let state = match self.recv_at_a_glance(state, patience) {
            Glance::Over(result) => return result,
            Glance::Again => None,
            Glance::More(state) => Some(state),
        };
        let mut observers = Observers::default();
        // After `observers`, as in `send_slow`.
        let mut state = state.unwrap_or_else(|| self.settling());
        loop {
            // What is there is in the buffer, as are the values of those who are blocked as soon as there is room. A sender that is met
            // without it is a select's, and has none yet.
            let only_items = step!("many.only-items", matches!(patience, Patience::TryItem), else false);
            if only_items && !state.has_item() {
                return Err(if state.closed { RecvFailure::Closed } else { RecvFailure::Empty });
            }
            match state.take(&mut observers) {
                Take::Value(value, peer) => {
                    state.receiver_cpu = Cpu::current();
                    drop(state);
                    if let Some((peer, outcome)) = peer {
                        // SAFETY: its only completion, by its claimer.
                        unsafe { waiter::complete(peer, outcome) };
                    }
                    return Ok(value);
                }
                Take::From(sender) => {
                    state.receiver_cpu = Cpu::current();
                    drop(state);
                    // SAFETY: a sender of this channel, claimed just now.
                    let value = unsafe { waiter::take_from(sender) };
                    // SAFETY: its only completion, by its claimer.
                    unsafe { waiter::complete(sender, Outcome::Done) };
                    return Ok(value);
                }
                Take::Promise(sender) => {
                    if let Some(value) = self.recv_promised(state, Some(sender)) {
                        return Ok(value);
                    }
                }
                Take::Closed => return Err(RecvFailure::Closed),
                Take::Nothing => {
                    let Patience::Until(deadline) = patience else { return Err(RecvFailure::Empty) };
                    if has_passed(deadline) {
                        return Err(RecvFailure::Empty);
                    }
                    let OwnLine(node) = &OwnLine(Node::receiver());
                    // SAFETY: the lock is held; the node is new and stays here until `block` has seen it completed or
                    // taken it out.
                    unsafe { state.receivers.push(node.waiter()) };
                    // SAFETY: the lock is held.
                    unsafe { observers.call(&mut state.send_watchers) };
                    state.receiver_cpu = Cpu::current();
                    let (peer, due) = (state.sender_cpu, state.due_at());
                    drop(state);
                    drop(std::mem::take(&mut observers));
                    let outcome = match due {
                        None => self.block(node, deadline, peer, |state| &mut state.receivers),
                        Some(_) => self.block_on_timer(node, deadline, due),
                    };
                    match outcome {
                        // SAFETY: a sender has put a value into the slot.
                        Some(Outcome::Done) => return Ok(unsafe { node.take() }),
                        Some(Outcome::Retry) => {}
                        Some(_) => return Err(RecvFailure::Closed),
                        None => return Err(RecvFailure::Empty),
                    }
                }
            }
            state = self.settling();
        }
    }

    /// Closes: nothing enters any more, blocked operations end. `false` if `close` was called before.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.settling();
        let first = !std::mem::replace(&mut state.close_called, true);
        let ended = state.end();
        drop(state);
        ended.complete();
        first
    }

    /// Whether the channel is nobody's but the caller's, who drops the last handle of a side: the other one has no handle
    /// left, and is done with the lock, by which it said so. A timer's channel belongs to the clock, too.
    fn is_abandoned(&self) -> bool {
        // Acquire: pairs with the Release in `leave`: if the lock is free, it is free since then.
        !self.front.is_timer && self.front.is_left.load(ord!("chan.is-left", Acquire)) && self.front.lock.is_free()
    }

    /// Takes the values that are left out of a channel which [is nobody's](Channel::is_abandoned) but the caller's.
    fn empty(&mut self) -> Ring<T> {
        // SAFETY: nobody else uses the channel, which is more than that the lock is held.
        let mut held = unsafe { Held::new(self) };
        std::mem::replace(&mut held.state().ring, Ring::new())
    }

    /// The number of buffered values. Orders nothing.
    ///
    /// It is published a moment before the signs, and a thread that has seen a value must not find none by a try, which looks
    /// at those. So if they do not agree yet, or differ because of permits, the lock tells. (Where loads may be out of order, the
    /// signs may be those of an earlier agreement: to exclude that, a length would have to have an edge.)
    pub(crate) fn len(&self) -> usize {
        if self.front.is_timer {
            return self.timer_len();
        }
        if self.may_proceed(state::signs::LANES) {
            return self.len_of_lanes();
        }
        // Relaxed: a number that may change at any time.
        let len = self.front.len.load(ord!("chan.len.look", Relaxed));
        let (values, room) = (len > 0, self.front.capacity > 0 && len < self.front.capacity);
        let agree =
            (!values || self.may_proceed(state::signs::RECV)) && (!room || self.may_proceed(state::signs::SEND));
        if step!("chan.len.agree", agree, else true) {
            return len;
        }
        self.settling().ring.len()
    }

    /// `None` for an unbounded channel.
    pub(crate) fn capacity(&self) -> Option<usize> {
        (self.front.capacity != usize::MAX).then_some(self.front.capacity)
    }

    /// Whether the channel takes no more values. Orders nothing.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: it orders nothing.
        self.front.signs.load(ord!("chan.is-closed", Relaxed)) & state::signs::CLOSED != 0
    }
}
