//! [`Lane`]: the way into the ring of a channel that nobody waits at, one for each side.
//!
//! While a channel's lanes are open, senders and receivers use the ring without the lock, and without each other: a sender
//! is alone in its lane, a receiver in the other one, and all that they read of each other is how far the other lane has
//! got. Whoever takes the lock for anything else shuts the lanes first and has the state for itself, as if there were none.
//!
//! | field | meaning | who changes it |
//! | --- | --- | --- |
//! | `taken` | somebody is in it, or it is shut | by an exchange: [`enter`](Lane::enter), [`shut`](Lane::shut); by a plain store: [`leave`](Lane::leave), [`open`](Lane::open) |
//! | `position` | so many operations have been done in it | who is in it, or holds the lock while it is shut |
//! | `is_open` | it makes sense to enter | holders of the channel's lock: [`bar`](Lane::bar), `open` |
//!
//! Nobody but who is in a lane changes what says so, so it is left by a plain store, and an operation costs one locked
//! instruction. What makes that possible is that nobody has to be woken: who cannot enter tries again, or goes to the lock,
//! whose owner waits until the lane is free, a few instructions later, for nobody enters any more then. Who has to wait for
//! the other side shuts the lanes.
//!
//! The position is not in the word that is exchanged, because that would have to be read before the exchange: a processor that reads
//! a word which it has just written, and then exchanges it, takes half as long again for all of it.
//!
//! # Invariants
//!
//! 1. Who is in a lane calls nothing that could panic, block, or come back here.
//! 2. Lanes are open only if nobody is blocked or watches, no room and no value is set aside, the channel is not closed, and is no
//!    timer's. (Holders of permits for a partner alone are in nobody's way: they take the lock.)
//! 3. `seen` is a position that the other lane had at some time: since positions only grow while lanes are open, there is at
//!    least as much room, and there are at least as many values, as it says.
//!
//! # Ordering
//!
//! `enter` acquires what the last `leave` or `open` released, and `shut` too: by `taken`. [`position`](Lane::position)
//! acquires what the other side's [`advance`](Lane::advance) released: a receiver what the senders have done to the slots up to
//! there (chan.send-before-recv-complete), a sender what the receivers have (chan.kth-recv-before-(k+C)th-send-complete). What it
//! has acquired goes with `seen` to the next one in the lane.

use gosync_atomic::__sys::atomic::{AtomicU32, AtomicUsize};
use gosync_atomic::__sys::{Pacer, UnsafeCell, ord, step, test_and_set};

/// How many operations a lane has seen, modulo 2^64, or 2^32 on machines of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(pub(super) usize);

impl Position {
    /// The largest number of slots for which differences of positions can be told.
    pub(super) const MOST_SLOTS: usize = 1 << (usize::BITS - 2);

    /// As a number, for who masks it.
    #[inline(always)]
    pub(super) fn index(self) -> usize {
        self.0
    }

    #[inline(always)]
    pub(super) fn next(self) -> Position {
        Position(self.0.wrapping_add(1))
    }

    /// So many operations later.
    #[inline(always)]
    pub(super) fn ahead(self, n: usize) -> Position {
        Position(self.0.wrapping_add(n))
    }

    /// How far it is from an earlier one.
    #[inline(always)]
    pub(super) fn since(self, earlier: Position) -> usize {
        self.0.wrapping_sub(earlier.0)
    }
}

/// Why somebody is not in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barred {
    Busy,
    Shut,
}

// Whole words for what is a bit each: a lane is built without padding, which would be copied from a place on the stack that was
// just written in parts.
const NO: u32 = 0;
const YES: u32 = 1;

/// One side's way into the ring.
#[repr(C)]
pub(super) struct Lane {
    taken: AtomicU32,
    /// Here, where nobody writes while it is shut, and not beside the channel's lock.
    is_open: AtomicU32,
    position: AtomicUsize,
    /// A position of the other lane. It belongs to who is in this one.
    seen: UnsafeCell<Position>,
}

impl Lane {
    /// One that is shut.
    pub(super) fn new() -> Lane {
        Lane {
            taken: AtomicU32::new(YES),
            is_open: AtomicU32::new(NO),
            position: AtomicUsize::new(0),
            seen: UnsafeCell::new(Position(0)),
        }
    }

    /// Enters the lane, if it is open and free: how far it has got. To be [left](Lane::leave).
    #[inline(always)]
    pub(super) fn enter(&self) -> Result<Position, Barred> {
        if !self.is_open() {
            return Err(Barred::Shut);
        }
        // Acquire: pairs with the Release of who was here before, or who has opened the lane.
        if !test_and_set(&self.taken, NO, YES, ord!("lane.enter", Acquire)) {
            step!("lane.keep-out", return Err(Barred::Busy));
        }
        // Relaxed: nobody else changes it, and it has come with the exchange.
        Ok(Position(self.position.load(ord!("lane.own-position", Relaxed))))
    }

    /// Waits while somebody is in the lane, and does not take its line away by exchanges. `false`: it has waited long enough.
    pub(super) fn awaits_leave(&self, pacer: &mut Pacer) -> bool {
        // Relaxed: the exchange tells.
        while self.taken.load(ord!("lane.look-again", Relaxed)) != NO && self.is_open() {
            if !pacer.step() {
                return false;
            }
        }
        true
    }

    /// Says that the lane has got so far.
    ///
    /// # Safety
    ///
    /// The caller is in the lane.
    #[inline(always)]
    pub(super) unsafe fn advance(&self, to: Position) {
        // Release: pairs with the Acquire of the other side.
        self.position.store(to.0, ord!("lane.advance", Release));
    }

    /// Leaves the lane.
    ///
    /// # Safety
    ///
    /// The caller is in the lane.
    #[inline(always)]
    pub(super) unsafe fn leave(&self) {
        // Release: pairs with the Acquire of who comes next.
        self.taken.store(NO, ord!("lane.leave", Release));
    }

    /// How far the lane has got, for those who are not in it.
    #[inline(always)]
    pub(super) fn position(&self) -> Position {
        // Acquire: pairs with the Release in `advance`, and in `place`: who only looks, before and after which it looks at the signs,
        // sees by the second look that this is the position of a lane that was opened anew.
        Position(self.position.load(ord!("lane.position", Acquire)))
    }

    /// Whether the lane is open. For all but the holder of the lock, it may change at any time.
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        // Relaxed: only holders of the lock change it, and for the others an exchange tells.
        self.is_open.load(ord!("lane.is-open", Relaxed)) != NO
    }

    /// What was seen of the other lane.
    ///
    /// # Safety
    ///
    /// The caller is in the lane.
    #[inline(always)]
    pub(super) unsafe fn seen(&self) -> Position {
        // SAFETY: the caller's contract: nobody else accesses it.
        self.seen.with(|seen| unsafe { *seen })
    }

    /// Looks at the other lane.
    ///
    /// # Safety
    ///
    /// The caller is in this lane.
    #[inline(always)]
    pub(super) unsafe fn see(&self, other: &Lane) -> Position {
        let position = other.position();
        // SAFETY: the caller's contract.
        unsafe { self.note(position) };
        position
    }

    /// Notes what was seen of the other lane.
    ///
    /// # Safety
    ///
    /// The caller is in this lane.
    #[inline(always)]
    pub(super) unsafe fn note(&self, position: Position) {
        // SAFETY: the caller's contract: nobody else accesses it.
        self.seen.with_mut(|seen| unsafe { *seen = position });
    }

    /// Lets nobody enter any more who has not looked yet whether the lane is open.
    ///
    /// # Safety
    ///
    /// The caller holds the channel's lock, and [shuts](Lane::shut) the lane.
    pub(super) unsafe fn bar(&self) {
        // Relaxed: advice to those who come, so that who shuts the lane need not wait for more than those who are there.
        step!("lane.bar", self.is_open.store(NO, ord!("lane.bar.store", Relaxed)));
    }

    /// Shuts the lane, as soon as nobody is in it: how far it has got.
    ///
    /// # Safety
    ///
    /// The lane is open but for being barred, and the caller holds the channel's lock.
    pub(super) unsafe fn shut(&self) -> Position {
        let mut pacer = Pacer::new();
        // Relaxed: the exchange tells.
        while self.taken.load(ord!("lane.shut.look", Relaxed)) != NO
            // Acquire: pairs with the Release of the last one to leave.
            || !test_and_set(&self.taken, NO, YES, ord!("lane.shut", Acquire))
        {
            pacer.persist();
        }
        // Relaxed: as in `enter`.
        Position(self.position.load(ord!("lane.last-position", Relaxed)))
    }

    /// Says where the lane is, and where the other one is, before it is [opened](Lane::open).
    ///
    /// # Safety
    ///
    /// The lane is shut, and the caller holds the channel's lock.
    pub(super) unsafe fn place(&self, at: Position, other: Position) {
        // SAFETY: the lane is shut, so nobody is in it.
        self.seen.with_mut(|seen| unsafe { *seen = other });
        // Release: see `position`.
        self.position.store(at.0, ord!("lane.place", Release));
    }

    /// Opens the lane.
    ///
    /// # Safety
    ///
    /// The lane is shut, and [placed](Lane::place), and the caller holds the channel's lock.
    pub(super) unsafe fn open(&self) {
        // Relaxed: the exchange tells.
        self.is_open.store(YES, ord!("lane.invite", Relaxed));
        // SAFETY: who has shut a lane is in it.
        unsafe { self.leave() };
    }
}
