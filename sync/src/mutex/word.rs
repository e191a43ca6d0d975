//! The mutex's word: its bits, and what each step makes of it. Pure functions; `fair_lock.rs` has the protocol.
//!
//! | bits | meaning | who changes it |
//! | --- | --- | --- |
//! | 0 `LOCKED` | somebody holds the lock | set by whoever takes it, cleared by a release |
//! | 1 `QUEUED` | somebody is in line | under the queue's lock only: whoever joins or leaves the line |
//! | 2 `CALLED` | the front of the line was called and is on its way | set by a release, under the queue's lock; cleared by the front when it takes the lock, steps back or gives up |
//! | 3 `RESERVED` | free, but only for the front that was called | set by a newcomer that finds the front overdue; cleared by the front when it takes the lock |
//! | 4..11 | a count that runs over into the next bit | newcomers that overtake the front: one each |
//! | 12 `LOOK` | the next newcomer looks at the clock | set with `CALLED` and by the count, cleared by that newcomer |
//! | 13..15 | how far the count goes next: the base-2 logarithm | the same newcomer |
//! | 16..31 | when the front was called first, a [`Stamp`] | set with `CALLED` |
//!
//! Bits 4 and above are 0 while `CALLED` is not set. To read the clock takes longer than a short critical section, so it
//! is read at the 1st overtaking, the 2nd, 4th, 8th .. 128th, and then at every 128th: an overdue front is noticed before
//! it has waited for twice its [`TURN`] or, if critical sections are longer than that, at once. In between, a newcomer
//! adds a constant to the word.

use std::time::Duration;

use gosync_atomic::__sys::{Stamp, step};

pub(super) const LOCKED: u32 = 1;
pub(super) const QUEUED: u32 = 2;
pub(super) const CALLED: u32 = 4;
pub(super) const RESERVED: u32 = 8;

const COUNT_SHIFT: u32 = 4;
const LOOK: u32 = 1 << 12;
const REACH_SHIFT: u32 = 13;
const REACH: u32 = 7;
const STAMP_SHIFT: u32 = 16;
const _: () = assert!(STAMP_SHIFT + Stamp::BITS == u32::BITS);
// `overtaken` relies on it.
const _: () = assert!(CALLED << 2 == 1 << COUNT_SHIFT);

/// How long a front lets itself be overtaken after it was first called. Go's figure is 1 ms; this one costs at most one
/// wake-up in so much time.
const TURN: Duration = Duration::from_micros(250);

/// What a newcomer can make of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Nothing: it is locked or reserved.
    Closed,
    /// Take the lock.
    Take(u32),
    /// Reserve the lock for the front, which is overdue.
    Reserve(u32),
}

/// For a thread that is not the front.
#[inline]
pub(super) fn attempt(word: u32) -> Attempt {
    if word & (LOCKED | RESERVED) != 0 {
        Attempt::Closed
    } else if word & LOOK == 0 {
        Attempt::Take(overtaken(word))
    } else if is_overdue(stamp(word)) && may_reserve() {
        Attempt::Reserve(word | RESERVED)
    } else {
        // Not yet. The next look comes after twice as many overtakings as the last one; after the first it stays `LOOK`.
        let reach = (word >> REACH_SHIFT) & REACH;
        let count = 257 - (1 << reach);
        let kept = word & (QUEUED | CALLED | (u32::MAX << STAMP_SHIFT));
        Attempt::Take(kept | (count << COUNT_SHIFT) | ((reach + 1).min(REACH) << REACH_SHIFT) | LOCKED)
    }
}

fn may_reserve() -> bool {
    step!("mutex.reserve", true, else false)
}

/// Whether a newcomer may take the lock without a look at the clock: then [`overtaken`] says what the word becomes.
#[inline(always)]
pub(super) fn is_open(word: u32) -> bool {
    word & (LOCKED | RESERVED | LOOK) == 0
}

/// What a newcomer makes of an open word. Counts if the front was called.
#[inline(always)]
pub(super) fn overtaken(word: u32) -> u32 {
    word + LOCKED + ((word & CALLED) << 2)
}

/// When the front was called first: the tag of its node when it steps back.
pub(super) fn stamp(word: u32) -> u32 {
    word >> STAMP_SHIFT
}

fn is_overdue(stamp: u32) -> bool {
    Stamp::from_bits(stamp).is_some_and(|stamp| stamp.is_older_than(TURN))
}

/// What the front makes of a free lock.
pub(super) fn taken_by_front(word: u32) -> u32 {
    without_call(word) | LOCKED
}

/// What the front makes of a taken one when it leaves it to others: by stepping back, or for good.
pub(super) fn without_call(word: u32) -> u32 {
    step!("mutex.clear-call", word & (LOCKED | QUEUED), else word)
}

/// With the front called, whose node has this tag. `alone`: nobody is in line behind it.
pub(super) fn with_call(word: u32, (tag, alone): (u32, bool)) -> u32 {
    let since = if tag == 0 { Stamp::now().bits() } else { tag };
    let word = word | CALLED | LOOK | (since << STAMP_SHIFT);
    if alone { word & !QUEUED } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_count_and_look_at_the_clock_now_and_then() {
        assert_eq!(attempt(0), Attempt::Take(LOCKED));
        assert_eq!(attempt(QUEUED), Attempt::Take(QUEUED | LOCKED));
        assert_eq!(attempt(LOCKED), Attempt::Closed);
        assert_eq!(attempt(CALLED | RESERVED | (1 << STAMP_SHIFT)), Attempt::Closed);
        let mut word = with_call(QUEUED, (Stamp::now().bits(), false));
        let bits = word & !LOOK;
        let mut looks = Vec::new();
        for n in 1..500 {
            if !is_open(word) {
                looks.push(n);
                // As if the front had just been called.
                word = (word & !(u32::MAX << STAMP_SHIFT)) | (Stamp::now().bits() << STAMP_SHIFT);
            }
            let Attempt::Take(taken) = attempt(word) else { panic!("overdue at {n}") };
            assert_eq!(taken & (LOCKED | QUEUED | CALLED | RESERVED), LOCKED | QUEUED | CALLED);
            word = taken - LOCKED;
        }
        assert_eq!(bits & (QUEUED | CALLED | RESERVED), QUEUED | CALLED);
        assert_eq!(looks, [1, 2, 4, 8, 16, 32, 64, 128, 256, 384]);
    }

    #[test]
    fn an_overdue_front_gets_a_reservation() {
        let old = Stamp::now();
        while !old.is_older_than(TURN) {}
        let word = with_call(QUEUED, (old.bits(), false));
        assert_eq!(attempt(word), Attempt::Reserve(word | RESERVED));
        assert_eq!(attempt(word | RESERVED), Attempt::Closed);
        // Not while the count is under way.
        assert_eq!(attempt(word & !LOOK), Attempt::Take(overtaken(word & !LOOK)));
        assert_eq!(with_call(QUEUED, (old.bits(), true)), word & !QUEUED);
        assert_eq!(stamp(word), old.bits());
        assert_eq!(taken_by_front(word), LOCKED | QUEUED);
        assert_eq!(without_call(overtaken(word & !LOOK)), LOCKED | QUEUED);
    }

    #[test]
    fn the_first_call_is_stamped() {
        let word = with_call(QUEUED, (0, true));
        assert_eq!(word & (LOCKED | QUEUED | CALLED | RESERVED), CALLED);
        assert!(Stamp::from_bits(stamp(word)).is_some());
    }
}
