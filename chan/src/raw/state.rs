//! What a channel's lock guards, and what is published of it to those who only look.
//!
//! `Front::signs` is a number of changes with a few bits below it:
//!
//! | bit | meaning |
//! | --- | --- |
//! | `RECV` | a receive may succeed or must report the end |
//! | `SEND` | a send may succeed or must report the end |
//! | `CLOSED` | no value enters any more |
//! | `LANES` | the [`lanes`](super::lanes) are open: only who uses them can tell what is possible, and the bits above are set |
//! | `TIMER` | a [`timer`](super::timer)'s channel, always: only the lock and the clock tell whether a receive may succeed |
//!
//! Whoever changes one of the bits counts a change, under the lock, before it is released. So a thread that reads the same
//! word twice knows that the bits have not changed in between, which is what [`select`](super::select) needs. A bit may be
//! set when nothing can be done, for the sake of nodes whose select was won elsewhere; never the other way round.

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};

use gosync_atomic::__sys::{Cpu, LockGuard, ord, step};

use super::held::Held;
use super::queue::{Ended, Line, Met, Observers, WaitQueue};
use super::ring::NoMemory;
use super::timer::Timer;
use super::waiter::{self, Case, Outcome, Waiter};
use super::{Ring, Side};

/// Bits of `Front::signs`.
pub(super) mod signs {
    pub(in super::super) const RECV: usize = 1;
    pub(in super::super) const SEND: usize = 2;
    pub(in super::super) const CLOSED: usize = 4;
    pub(in super::super) const LANES: usize = 8;
    /// The bits that change.
    pub(in super::super) const BITS: usize = 15;
    pub(in super::super) const TIMER: usize = 16;
    /// One change.
    pub(in super::super) const CHANGE: usize = 32;

    /// Those of an open channel without values and peers.
    pub(in super::super) fn of_new(capacity: usize) -> usize {
        if capacity > 0 { SEND } else { 0 }
    }
}

/// What there is to an operation beside the ring. Nodes of selects, watchers, permits, and a value too many make it `Others`; the
/// rest can be told at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)] // no padding beside it, which would be copied when a channel is made
pub(super) enum Company {
    Nobody,
    /// Blocked receivers, each of which any sender can claim. There is no value, and no sender.
    Receivers,
    /// The same of senders: the ring is full.
    Senders,
    /// Nobody, and the channel is closed.
    Closed,
    Others,
}

/// For how long nobody has waited for anything: see [`lanes`](super::lanes).
#[derive(Debug)]
pub(super) struct Calm {
    /// Operations in a row that were only the ring's.
    pub(super) lasted: u32,
    /// So many of them open the lanes.
    pub(super) enough: u32,
    /// How many operations there had been in all when the lanes were opened.
    pub(super) since: usize,
}

/// What the lock guards.
#[repr(C)] // the hot ones first, and between them and the lanes what is seldom looked at
pub(super) struct State<T> {
    pub(super) receivers: WaitQueue,
    pub(super) senders: WaitQueue,
    pub(super) company: Company,
    /// Where senders and receivers that met a blocked peer, or blocked, were last seen: advice for the wait.
    pub(super) sender_cpu: Cpu,
    pub(super) receiver_cpu: Cpu,
    pub(super) ring: Ring<T>,
    pub(super) calm: Calm,
    /// Who waits for the news that a receive, or a send, could be done.
    pub(super) recv_watchers: WaitQueue,
    pub(super) send_watchers: WaitQueue,
    pub(super) set_aside: SetAside,
    /// Of a timer's channel.
    pub(super) timer: Option<Box<Timer<T>>>,
    /// No value enters any more: somebody called `close`, or one side has no handle left.
    pub(super) closed: bool,
    /// Somebody called `close`.
    pub(super) close_called: bool,
    /// Up to where the lanes begin, for a lane to be in one line.
    _apart: [u8; APART],
}

/// Without tasks there is a word less.
const APART: usize = if cfg!(feature = "async") { 22 } else { 22 + size_of::<usize>() };

/// What belongs to the holders of permits: see [`permit`](super::permit).
#[derive(Debug, Default)]
pub(super) struct SetAside {
    /// Room in the ring.
    pub(super) slots: usize,
    /// Values in the ring.
    pub(super) items: usize,
    /// Claimed nodes with slots that wait for the holder of a permit.
    pub(super) receivers: Line,
    pub(super) senders: Line,
    /// How many holders of permits to receive from a partner have a value in the ring instead.
    #[cfg(feature = "async")]
    pub(super) early: usize,
    /// How many holders of permits for a partner will find that it has given up: receivers if positive, senders if not.
    pub(super) deserted: isize,
}

impl<T> State<T> {
    pub(super) fn new() -> State<T> {
        State {
            ring: Ring::new(),
            company: Company::Nobody,
            calm: Calm::new(),
            receivers: WaitQueue::default(),
            senders: WaitQueue::default(),
            recv_watchers: WaitQueue::default(),
            send_watchers: WaitQueue::default(),
            set_aside: SetAside::default(),
            timer: None,
            closed: false,
            close_called: false,
            _apart: [0; APART],
            sender_cpu: Cpu::UNKNOWN,
            receiver_cpu: Cpu::UNKNOWN,
        }
    }

    /// Somebody waits.
    #[inline(always)]
    pub(super) fn disturb(&mut self) {
        // Not without a look: while all wait for each other, nobody writes to this line.
        if self.calm.lasted != 0 {
            self.calm.disturb();
        }
    }

    /// Notes where the calling thread is, whose select meets peers, or will wait for them.
    #[inline]
    pub(super) fn note_cpu(&mut self, side: Side, case: &Case) {
        match side {
            _ if case.is_of_task() => {}
            Side::Senders => self.sender_cpu = Cpu::current(),
            Side::Receivers => self.receiver_cpu = Cpu::current(),
        }
    }

    /// Whether nobody is blocked.
    pub(super) fn is_quiet(&self) -> bool {
        let queues = [&self.receivers, &self.senders, &self.recv_watchers, &self.send_watchers];
        queues.into_iter().all(WaitQueue::is_empty)
    }

    /// Whether there is room that nobody has a permit for.
    #[inline(always)]
    pub(super) fn has_room(&self, capacity: usize) -> bool {
        self.ring.len() + step!("chan.slots-aside", self.set_aside.slots, else 0) < capacity
    }

    /// Whether there is a value that nobody has a permit for.
    #[inline(always)]
    pub(super) fn has_item(&self) -> bool {
        self.ring.len() > self.set_aside.items
    }
}

/// As [`Held`], when blocked peers may come or go: publishes what has changed before the lock is released.
pub(super) struct Settling<'a, T> {
    // In this order: the access to the state ends before the lock is released.
    pub(super) held: Held<'a, T>,
    /// `None` if somebody else releases the lock.
    _lock: Option<LockGuard<'a>>,
}

impl<T> Deref for Settling<'_, T> {
    type Target = State<T>;
    fn deref(&self) -> &State<T> {
        self.held.peek()
    }
}

impl<T> DerefMut for Settling<'_, T> {
    fn deref_mut(&mut self) -> &mut State<T> {
        self.held.state()
    }
}

impl<T> Drop for Settling<'_, T> {
    fn drop(&mut self) {
        let recv = self.has_item() || !self.senders.is_empty() || self.closed;
        let send = self.has_room(self.held.capacity()) || !self.receivers.is_empty() || self.closed;
        let now = usize::from(recv) * signs::RECV
            + usize::from(send) * signs::SEND
            + usize::from(self.closed) * signs::CLOSED;
        let closed = step!("chan.closed-is-eventful", self.closed, else false);
        // A value that came back from a task may be one more than there is room for.
        let overfull = self.ring.len() > self.held.capacity();
        let watchers = !self.recv_watchers.is_empty() || !self.send_watchers.is_empty();
        let permits = step!("chan.permits-are-eventful", self.set_aside.slots + self.set_aside.items > 0, else false);
        self.company = if overfull || watchers || permits || self.receivers.has_cases() || self.senders.has_cases() {
            Company::Others
        } else if closed {
            Company::Closed
        } else if !self.receivers.is_empty() {
            Company::Receivers
        } else if !self.senders.is_empty() {
            Company::Senders
        } else {
            Company::Nobody
        };
        if self.company != Company::Nobody {
            self.disturb();
        }
        if self.held.is_news(now) {
            self.held.publish(now);
        }
    }
}

/// What a receive finds.
pub(super) enum Take<T> {
    /// A value of the ring, and a blocked sender that is to be completed for it.
    Value(T, Option<(NonNull<Waiter>, Outcome)>),
    /// A claimed sender that has a value.
    From(NonNull<Waiter>),
    /// A claimed sender that has none yet.
    Promise(NonNull<Waiter>),
    Closed,
    Nothing,
}

impl<'a, T> Settling<'a, T> {
    pub(super) fn new(held: Held<'a, T>, lock: Option<LockGuard<'a>>) -> Settling<'a, T> {
        Settling { held, _lock: lock }
    }

    /// What it is made of, for who need not look at all that it would publish.
    #[inline(always)]
    pub(super) fn into_parts(self) -> (Held<'a, T>, Option<LockGuard<'a>>) {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used again, nor dropped.
        let held = unsafe { ptr::read(&raw const this.held) };
        // SAFETY: as above.
        let lock = unsafe { ptr::read(&raw const this._lock) };
        (held, lock)
    }

    /// Sees to it that the next value can be appended, and those for which room was set aside. Panics if there is no memory:
    /// so the caller has the value, and it is dropped after the lock is released.
    #[inline]
    pub(super) fn make_room(&mut self) {
        self.try_make_room().unwrap_or_else(|error| error.panic());
    }

    /// As [`make_room`](Settling::make_room), for who has somebody else to see to if there is no memory.
    #[inline]
    pub(super) fn try_make_room(&mut self) -> Result<(), NoMemory> {
        let (capacity, slots) = (self.held.capacity(), self.set_aside.slots);
        let limit = self.ring.limit();
        self.ring.make_room(slots + 1, capacity)?;
        if self.ring.limit() > limit {
            self.calm.resume();
        }
        Ok(())
    }

    /// Appends a value to the ring, in which there is room, for anybody to take.
    pub(super) fn append(&mut self, value: T, observers: &mut Observers) {
        self.append_for_permit(value);
        // SAFETY: the lock is held.
        unsafe { observers.call(&mut self.recv_watchers) };
    }

    /// Appends a value to the ring, in which there is room, for somebody who gets a permit for it.
    pub(super) fn append_for_permit(&mut self, value: T) {
        let capacity = self.held.capacity();
        self.ring.push(value, capacity);
        self.held.publish_len();
    }

    /// Takes the oldest value: of the ring, if it has one to give, or of a blocked sender.
    pub(super) fn take(&mut self, observers: &mut Observers) -> Take<T> {
        let value = if self.has_item() { self.ring.pop() } else { None };
        if let Some(value) = value {
            return Take::Value(value, self.refill(observers));
        }
        // SAFETY: the lock is held.
        match unsafe { self.senders.meet() } {
            Some(Met::Transfer(sender)) if self.ring.len() > 0 => {
                // SAFETY: a sender of this channel, claimed just now.
                let value = unsafe { waiter::take_from(sender) };
                Take::Value(self.pass_through(value), Some((sender, Outcome::Done)))
            }
            Some(Met::Transfer(sender)) => Take::From(sender),
            Some(Met::Permit(sender)) => Take::Promise(sender),
            None if step!("chan.recv.closed", self.closed, else false) => Take::Closed,
            None if self.timer.is_some() => {
                self.take_due(observers).map_or(Take::Nothing, |value| Take::Value(value, None))
            }
            None => Take::Nothing,
        }
    }

    /// What a receiver gets that meets a sender with this value. If there are values in the ring, which others have permits
    /// for, it is the oldest of them, and this one comes in its place: permits are counts, and who came first is served with
    /// what came first.
    pub(super) fn pass_through(&mut self, value: T) -> T {
        step!("chan.pass-through", self.ring.exchange(value), else value)
    }

    /// Gives room that has just been made in the ring to the oldest blocked sender, which the caller has to complete.
    ///
    /// Its value goes to the end of the ring under the lock, so that no later value gets ahead of it. The length then stays
    /// what it was, and is not published in between: a try must not find the buffer empty, which it never was.
    pub(super) fn refill(&mut self, observers: &mut Observers) -> Option<(NonNull<Waiter>, Outcome)> {
        if step!("chan.refill.no-room", !self.has_room(self.held.capacity()), else false) {
            // There was one value too many.
            self.held.publish_len();
            return None;
        }
        // SAFETY: the lock is held.
        match unsafe { self.senders.meet() } {
            Some(Met::Transfer(sender)) => {
                // SAFETY: a sender of this channel, claimed just now.
                let newest = unsafe { waiter::take_from(sender) };
                self.append(newest, observers);
                Some((sender, Outcome::Done))
            }
            Some(Met::Permit(sender)) => {
                self.set_aside.slots += 1;
                self.held.publish_len();
                Some((sender, Outcome::Slot))
            }
            None => {
                self.held.publish_len();
                // SAFETY: the lock is held.
                step!("chan.refill.tell", unsafe { observers.call(&mut self.send_watchers) });
                None
            }
        }
    }

    /// Marks the channel closed, and claims all blocked operations, which the caller completes after the lock's release. A
    /// peer that was promised to the holder of a permit is not blocked: it is between the two ends of its operation, which
    /// the close does not undo.
    pub(super) fn end(&mut self) -> Ended {
        step!("chan.close.mark", self.closed = true);
        let mut ended = Ended::default();
        if !self.is_quiet() {
            let state = self.held.state();
            for queue in [&mut state.receivers, &mut state.senders, &mut state.recv_watchers, &mut state.send_watchers]
            {
                // SAFETY: the lock is held.
                unsafe { ended.claim_all(queue) };
            }
        }
        ended
    }

    /// Notes that one side has no handle left. If that is the receiving side, nobody can reach the buffered values any more:
    /// they are returned, to be dropped when that can do no harm. And whether the other side had none left before, so that
    /// the channel is nobody's now. If not, it may be gone as soon as the lock is released.
    pub(super) fn leave(&mut self, side: Side) -> (Option<Ring<T>>, bool) {
        let unreachable = match side {
            Side::Senders => None,
            Side::Receivers => Some(std::mem::replace(&mut self.held.state().ring, Ring::new())),
        };
        if unreachable.is_some() {
            self.held.publish_len();
        }
        let is_left = &self.held.channel().front.is_left;
        // Relaxed: the lock orders it.
        let is_last = is_left.load(ord!("chan.leave.look", Relaxed));
        // Release: pairs with the Acquire in `is_abandoned`.
        is_left.store(true, ord!("chan.leave", Release));
        (unreachable, is_last)
    }
}
