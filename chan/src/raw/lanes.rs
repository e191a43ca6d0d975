//! What a channel does while its [`lane`](super::lane)s are open, and when it opens and shuts them.
//!
//! It opens them when so many operations in a row have found that there is nothing to them but the ring, because nobody waits
//! for anything: then it is likely to go on like that. It shuts them when somebody takes the lock, which is for all else. To shut
//! them costs about as much as two operations, and the first operations afterwards go through the lock; so a channel
//! whose lanes did not stay open for long waits for longer until it opens them again. And who has waited for the lock only because
//! the lanes were shut then, or somebody else was in one, goes back to them if they are open now: see [`traffic`](super::traffic).
//!
//! While they are open, `signs` say `LANES`, and that everything may be possible; `len` says nothing.
//!
//! # Linearization
//!
//! A send takes place when it leaves its lane, a receive when it leaves the other. Who is in a lane and finds that the other one
//! has got so far that there is no room, or no value, knows that it was so when it looked: only who is in a lane
//! makes room less, or values fewer. Who is in none ([`snapshot`](Channel::snapshot)) looks at the position of the receivers
//! before and after that of the senders, and at the signs before and after both: if neither has changed, the three were so
//! at the instant of the second look. The signs count a change whenever lanes are shut, and opened, so that positions of different
//! openings are not compared.

use gosync_atomic::__sys::{lanes_open_after, ord, step};

use super::Channel;
use super::heels::Heels;
use super::held::Held;
use super::lane::{Barred, Lane, Position};
use super::state::{Calm, Company, signs};

/// What came of an attempt in a lane.
pub(super) enum Attempt<R> {
    Done(R),
    /// The lane was entered, and there was no room, or no value.
    Impossible,
    /// Somebody else is in the lane.
    Busy,
    /// There is a value, and it is [better](super::heels) to take it a little later.
    Early,
    /// Only the lock tells.
    Locked,
}

/// The lanes of a channel, apart from each other and from what both sides read: wherever in a cache line the channel begins, no
/// line has parts of both.
#[repr(C)]
pub(super) struct Lanes {
    pub(super) send: Lane,
    _apart: [usize; APART],
    /// Whether they are ever opened.
    exist: bool,
    pub(super) recv: Lane,
    pub(super) heels: Heels,
}

/// With `exist`, which takes a word, a cache line.
const APART: usize = 64 / size_of::<usize>() - 1;

const _: () = {
    let send_ends = std::mem::offset_of!(Lanes, send) + size_of::<Lane>();
    assert!(std::mem::offset_of!(Lanes, recv) - send_ends >= 64, "a cache line apart");
};

impl Lanes {
    /// Of a channel that may open them, or not.
    pub(super) fn new(exist: bool) -> Lanes {
        let exist = exist && lanes_open_after().is_some();
        Lanes { send: Lane::new(), _apart: [0; APART], exist, recv: Lane::new(), heels: Heels::new() }
    }
}

impl<T> Channel<T> {
    /// Sends a value in the lane: it is taken if that is [`Attempt::Done`].
    #[inline(always)]
    pub(super) fn send_in_lane(&self, value: &mut Option<T>) -> Attempt<()> {
        self.send_in_lane_from(|| value.take())
    }

    /// As [`send_in_lane`](Channel::send_in_lane), of what is asked for when it can be sent, and is there then.
    #[inline(always)]
    pub(super) fn send_in_lane_from(&self, value: impl FnOnce() -> Option<T>) -> Attempt<()> {
        let (own, other) = (&self.lanes.send, &self.lanes.recv);
        let at = match own.enter() {
            Ok(at) => at,
            Err(Barred::Busy) => return Attempt::Busy,
            Err(Barred::Shut) => return Attempt::Locked,
        };
        self.state.with(|state| {
            // SAFETY: nobody changes the ring while a lane is open, and this one is busy.
            let ring = unsafe { &(*state).ring };
            // SAFETY: in the lane.
            let is_full = at.since(unsafe { own.seen() }) >= ring.limit()
                // SAFETY: as above.
                && at.since(unsafe { own.see(other) }) >= ring.limit();
            if is_full {
                let limit = ring.limit();
                // SAFETY: in the lane.
                unsafe { own.leave() };
                return if limit == self.front.capacity { Attempt::Impossible } else { Attempt::Locked };
            }
            let Some(value) = value() else { unreachable!("there is a value") };
            // SAFETY: there are slots, or it would be full; this one is free: receivers have got further than a whole
            // round behind it, and only who is in this lane writes.
            unsafe { ring.put(at.index(), value) };
            // SAFETY: in the lane.
            unsafe { own.advance(at.next()) };
            // SAFETY: in the lane, which has got so far.
            unsafe { own.leave() };
            Attempt::Done(())
        })
    }

    /// Receives in the lane.
    #[inline(always)]
    pub(super) fn recv_in_lane(&self) -> Attempt<T> {
        let (own, other) = (&self.lanes.recv, &self.lanes.send);
        let at = match own.enter() {
            Ok(at) => at,
            Err(Barred::Busy) => return Attempt::Busy,
            Err(Barred::Shut) => return Attempt::Locked,
        };
        // SAFETY: in the lane.
        let mut seen = unsafe { own.seen() };
        if seen == at {
            seen = other.position();
            if seen == at {
                // SAFETY: in the lane.
                unsafe { own.leave() };
                return Attempt::Impossible;
            }
            // SAFETY: in the lane.
            if unsafe { self.lanes.heels.are_close(seen.since(at)) } {
                // SAFETY: in the lane, where nothing has been done, and no look is known of.
                step!("lane.put-off", unsafe { own.leave() });
                return Attempt::Early;
            }
            // SAFETY: in the lane.
            unsafe { own.note(seen) };
        }
        // SAFETY: nobody changes the ring while a lane is open, and this one is busy.
        if at.next() == seen && self.state.with(|state| unsafe { (*state).ring.is_large() }) {
            // SAFETY: in the lane, and senders have got further than this value.
            return Attempt::Done(unsafe { self.recv_last(at) });
        }
        // SAFETY: as above.
        Attempt::Done(unsafe { self.recv_at(at) })
    }

    /// Receives this value, and leaves the lane.
    ///
    /// # Safety
    ///
    /// The caller is in the lane of receivers, which has got so far, and senders have got further.
    #[inline(always)]
    unsafe fn recv_at(&self, at: Position) -> T {
        let value = self.state.with(|state| {
            // SAFETY: nobody changes the ring while a lane is open, and this one is busy.
            let ring = unsafe { &(*state).ring };
            // SAFETY: senders have got further than this value, and only who is in this lane moves one out.
            unsafe { ring.get(at.index()) }
        });
        // SAFETY: in the lane.
        unsafe { self.lanes.recv.advance(at.next()) };
        // SAFETY: in the lane, which has got so far.
        unsafe { self.lanes.recv.leave() };
        value
    }

    /// As [`recv_at`](Channel::recv_at), and gives back the memory of a burst, which is over.
    ///
    /// # Safety
    ///
    /// As for [`recv_at`](Channel::recv_at).
    #[cold]
    #[inline(never)]
    unsafe fn recv_last(&self, at: Position) -> T {
        // SAFETY: the caller's contract.
        let value = unsafe { self.recv_at(at) };
        self.settling().ring.tidy();
        value
    }

    /// What a test says of the number of values, if there was an instant at which the lanes were open and it was that.
    #[inline]
    pub(super) fn snapshot<R>(&self, test: impl FnOnce(usize) -> R) -> Option<R> {
        // Acquire, Relaxed, Relaxed: who sees a position of a later opening sees, by the Acquire in `position`, the change that
        // was counted before it.
        let before = self.front.signs.load(ord!("lanes.signs", Acquire));
        if before & signs::LANES == 0 {
            return None;
        }
        let received = self.lanes.recv.position();
        let sent = self.lanes.send.position();
        let unmoved = self.lanes.recv.position() == received;
        let unchanged = self.front.signs.load(ord!("lanes.signs-again", Relaxed)) == before;
        step!("lanes.unchanged", unmoved && unchanged, else true).then(|| test(sent.since(received)))
    }

    /// The number of values while the lanes are open.
    pub(super) fn len_of_lanes(&self) -> usize {
        // With others at work it may take a few looks to find an instant at which both positions were what they are.
        let seen = (0..8).find_map(|_| self.snapshot(|len| len));
        seen.unwrap_or_else(|| self.settling().ring.len())
    }

    /// Shuts the lanes if they are open: the state is the caller's then.
    ///
    /// # Safety
    ///
    /// The caller holds the lock.
    #[inline(always)]
    pub(super) unsafe fn shut_lanes(&self) {
        if self.are_lanes_open() {
            // SAFETY: the caller's contract.
            unsafe { self.shut_open_lanes() };
        }
    }

    /// For the holder of the lock.
    #[inline(always)]
    pub(super) fn are_lanes_open(&self) -> bool {
        self.lanes.send.is_open()
    }

    /// # Safety
    ///
    /// The caller holds the lock, and the lanes are open.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn shut_open_lanes(&self) {
        // SAFETY: the lock is held.
        unsafe { self.lanes.send.bar() };
        // SAFETY: as above; lanes are opened and shut together.
        unsafe { self.lanes.recv.bar() };
        // SAFETY: as above.
        let sent = unsafe { self.lanes.send.shut() };
        // SAFETY: as above.
        let received = unsafe { self.lanes.recv.shut() };
        let len = sent.since(received);
        // SAFETY: the lock is held and the lanes are shut.
        let mut held = unsafe { Held::new_shut(self) };
        let state = held.state();
        // SAFETY: what was sent and not received is there.
        unsafe { state.ring.set_extent(received.index(), len) };
        state.calm.end(sent.index().wrapping_add(received.index()));
        let recv = usize::from(len > 0) * signs::RECV;
        let send = usize::from(len < self.front.capacity) * signs::SEND;
        step!("lanes.shut.publish-len", held.publish_len());
        held.publish(recv | send);
    }
}

impl<T> Held<'_, T> {
    /// After an operation that was nothing but the ring's, and the last access to the state: others may have it then.
    #[inline(always)]
    pub(super) fn note_calm(mut self) {
        if self.state().calm.lasts() {
            self.open_lanes();
        }
    }

    /// Opens the lanes, if the channel has any.
    #[cold]
    #[inline(never)]
    fn open_lanes(self) {
        let lanes = &self.channel().lanes;
        if !lanes.exist {
            return;
        }
        if self.announce_lanes() {
            // SAFETY: the lock is held, and the lanes are shut, together, and were placed.
            unsafe { lanes.send.open() };
            // SAFETY: as above.
            unsafe { lanes.recv.open() };
        }
    }

    /// Says how far both sides are, and that lanes are open: whether they make sense.
    fn announce_lanes(mut self) -> bool {
        let state = self.state();
        let (head, len) = state.ring.extent();
        let limit = state.ring.limit();
        if state.company != Company::Nobody || limit > Position::MOST_SLOTS {
            return false;
        }
        if len >= limit {
            // The next operation but one would shut them again.
            state.calm.put_off();
            return false;
        }
        let (received, sent) = (Position(head), Position(head.wrapping_add(len)));
        state.calm.begin(sent.index().wrapping_add(received.index()));
        let lanes = &self.channel().lanes;
        // SAFETY: the lock is held, and the lanes are shut, together.
        unsafe { lanes.send.place(sent, received) };
        // SAFETY: as above.
        unsafe { lanes.recv.place(received, sent) };
        // After the positions: who sees that the lanes are open sees no earlier ones. And before they are open: who has used
        // them knows.
        self.publish(signs::LANES | signs::RECV | signs::SEND);
        true
    }
}

impl Calm {
    /// So many operations in lanes are few, and so many make up for one time when they were few.
    const FEW: usize = 64;
    const MANY: usize = 512;

    pub(super) fn new() -> Calm {
        Calm { lasted: 0, enough: Self::bounds().0, since: 0 }
    }

    /// So many operations in a row open the lanes at first, and so many at most.
    fn bounds() -> (u32, u32) {
        lanes_open_after().unwrap_or((u32::MAX, u32::MAX))
    }

    /// Counts an operation: whether they are enough now.
    #[inline(always)]
    fn lasts(&mut self) -> bool {
        self.lasted = self.lasted.wrapping_add(1);
        self.lasted == self.enough
    }

    /// Somebody waits.
    #[inline(always)]
    pub(super) fn disturb(&mut self) {
        self.lasted = 0;
    }

    /// The buffer has grown: that was all there was to it.
    pub(super) fn resume(&mut self) {
        self.enough = (self.enough / 2).max(Self::bounds().0);
        self.put_off();
    }

    /// The next operation is in time.
    fn put_off(&mut self) {
        self.lasted = self.enough - 1;
    }

    /// Lanes are opened after so many operations in all.
    fn begin(&mut self, operations: usize) {
        self.since = operations;
    }

    /// Lanes were shut after so many operations in all.
    fn end(&mut self, operations: usize) {
        let n = operations.wrapping_sub(self.since);
        self.lasted = 0;
        let (fewest, most) = Self::bounds();
        if n < Self::FEW {
            self.enough = (self.enough * 2).min(most);
        } else if n > Self::MANY {
            self.enough = (self.enough / 2).max(fewest);
        }
    }
}
