//! [`Lane`]: the way into the ring of a channel that nobody waits at, one for each side.
//!
//! While a channel's lanes are open, senders and receivers use the ring without the lock, and without each other: a sender
//! is alone in its lane, a receiver in the other one, and all that they read of each other is how far the other lane has
//! got. Whoever takes the lock for anything else shuts the lanes first and has the state for itself, as if there were none.
//!
//! | word | meaning | who changes it |
//! | --- | --- | --- |
//! | a position | open and free; so many operations have been done in it | [`enter`](Lane::enter), [`shut`](Lane::shut) |
//! | with `BUSY` | somebody is in it | [`leave`](Lane::leave), and nobody else |
//! | with `SHUT` | only the lock leads to the ring | [`open`](Lane::open), under the lock |
//!
//! Nobody but its owner changes a busy lane's word, so it is left by a plain store, and an operation costs one locked
//! instruction. What makes that possible is that nobody has to be woken: who cannot enter tries again, or goes to the lock,
//! whose owner waits until the lane is free, a few instructions later. Who has to wait for the other side shuts the lanes.
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
//! `enter` acquires what the last `leave` or `open` released, and `shut` too; `position` acquires what the other side's
//! `leave` released: a receiver what the senders have done to the slots up to there (chan.send-before-recv-complete), a sender
//! what the receivers have (chan.kth-recv-before-(k+C)th-send-complete). What it has acquired goes with `seen` to the next
//! one in the lane.

use gosync_atomic::__sys::atomic::AtomicUsize;
use gosync_atomic::__sys::{Pacer, UnsafeCell, ord};

/// Somebody is in the lane.
const BUSY: usize = 1;
/// The lane is shut.
const SHUT: usize = 2;
const BITS: usize = BUSY | SHUT;
/// One operation.
const ONE: usize = 4;

/// How many operations a lane has seen, modulo 2^62, or 2^30 on machines of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(usize);

impl Position {
    /// The largest number of slots for which differences of positions can be told.
    pub(super) const MOST_SLOTS: usize = 1 << (usize::BITS - 4);

    pub(super) fn new(n: usize) -> Position {
        Position(n.wrapping_mul(ONE))
    }

    /// As a number, for who masks it.
    #[inline(always)]
    pub(super) fn index(self) -> usize {
        self.0 / ONE
    }

    #[inline(always)]
    pub(super) fn next(self) -> Position {
        Position(self.0.wrapping_add(ONE))
    }

    /// How far it is from an earlier one.
    #[inline(always)]
    pub(super) fn since(self, earlier: Position) -> usize {
        self.0.wrapping_sub(earlier.0) / ONE
    }
}

/// Why somebody is not in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barred {
    Busy,
    Shut,
}

/// One side's way into the ring.
#[repr(C)]
pub(super) struct Lane {
    word: AtomicUsize,
    /// Whether it is ever opened. Here, where nobody writes while it is shut, and not beside the lock.
    exists: bool,
    /// A position of the other lane. It belongs to who is in this one.
    seen: UnsafeCell<Position>,
}

impl Lane {
    /// One that is shut, for good or not.
    pub(super) fn new(exists: bool) -> Lane {
        Lane { word: AtomicUsize::new(SHUT), exists, seen: UnsafeCell::new(Position(0)) }
    }

    /// Whether it is ever opened.
    #[inline(always)]
    pub(super) fn exists(&self) -> bool {
        self.exists
    }

    /// Enters the lane, if it is open and free: how far it has got. To be [left](Lane::leave).
    #[inline(always)]
    pub(super) fn enter(&self) -> Result<Position, Barred> {
        if !self.exists {
            return Err(Barred::Shut);
        }
        // Relaxed: the exchange tells.
        let word = self.word.load(ord!("lane.look", Relaxed));
        if word & BITS != 0 {
            return Err(if word & SHUT != 0 { Barred::Shut } else { Barred::Busy });
        }
        // Acquire: pairs with the Release of who was here before, or who has opened the lane. Relaxed on failure: not entered.
        let entered = self.word.compare_exchange(
            word,
            word | BUSY,
            ord!("lane.enter", Acquire),
            ord!("lane.enter.fail", Relaxed),
        );
        entered.map(Position).map_err(|_| Barred::Busy)
    }

    /// Leaves the lane, which has got so far.
    ///
    /// # Safety
    ///
    /// The caller is in the lane.
    #[inline(always)]
    pub(super) unsafe fn leave(&self, at: Position) {
        // Release: pairs with the Acquire of who comes next, and of the other side.
        self.word.store(at.0, ord!("lane.leave", Release));
    }

    /// How far the lane has got, for who is in the other one.
    #[inline(always)]
    pub(super) fn position(&self) -> Position {
        // Acquire: pairs with the Release in `leave`.
        Position(self.word.load(ord!("lane.position", Acquire)) & !BITS)
    }

    /// The same, for who only looks, before and after which it has looked at the signs: `None` if it is shut.
    #[inline(always)]
    pub(super) fn glance(&self) -> Option<Position> {
        // Acquire: pairs with the Release in `open`: if this is the position of lanes that were opened anew, the second look at
        // the signs shows it.
        let word = self.word.load(ord!("lane.glance", Acquire));
        (word & SHUT == 0).then_some(Position(word & !BITS))
    }

    /// Whether the lane is open, for the holder of the lock.
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        // Relaxed: only holders of the lock open and shut it.
        self.exists && self.word.load(ord!("lane.is-open", Relaxed)) & SHUT == 0
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
        // SAFETY: the caller's contract: nobody else accesses it.
        self.seen.with_mut(|seen| unsafe { *seen = position });
        position
    }

    /// Shuts the lane, as soon as nobody is in it: how far it has got.
    ///
    /// # Safety
    ///
    /// The lane is open, and the caller holds the channel's lock.
    pub(super) unsafe fn shut(&self) -> Position {
        let mut pacer = Pacer::new();
        loop {
            // Relaxed: the exchange tells.
            let word = self.word.load(ord!("lane.shut.look", Relaxed));
            if word & BUSY == 0 {
                // Acquire: pairs with the Release of the last one to leave. Relaxed on failure: somebody was faster.
                let shut = self.word.compare_exchange(
                    word,
                    word | SHUT,
                    ord!("lane.shut", Acquire),
                    ord!("lane.shut.fail", Relaxed),
                );
                if shut.is_ok() {
                    return Position(word);
                }
            }
            pacer.persist();
        }
    }

    /// Opens the lane.
    ///
    /// # Safety
    ///
    /// The lane is shut, and the caller holds the channel's lock. `at` is where it is, `other` where the other one is.
    pub(super) unsafe fn open(&self, at: Position, other: Position) {
        // SAFETY: the lane is shut, so nobody is in it.
        self.seen.with_mut(|seen| unsafe { *seen = other });
        // Release: pairs with the Acquire in `enter`, and of those who look.
        self.word.store(at.0, ord!("lane.open", Release));
    }
}
