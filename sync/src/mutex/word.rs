//! The mutex's word: its bits, and what each step makes of it. Pure functions; `fair_lock.rs` has the protocol.
//!
//! | bits | meaning | who changes it |
//! | --- | --- | --- |
//! | 0 `LOCKED` | somebody holds the lock | set by whoever takes it, cleared by a release |
//! | 1 `QUEUED` | somebody is in line | under the queue's lock only: whoever joins or leaves the line |
//! | 2 `CALLED` | the front of the line was called and is on its way | set by a release, under the queue's lock; cleared by the front when it takes the lock, steps back or gives up |
//! | 3 `RESERVED` | free, but only for the front that was called | set by a newcomer that finds the front overdue; cleared by the front when it takes the lock |
//! | 4..11 | how often the front was overtaken since it was called | newcomers that take the lock; cleared with `CALLED` |
//! | 12..31 | when the front was called first, a [`Stamp`] | set and cleared with `CALLED` |

use std::time::Duration;

use gosync_atomic::__sys::{Stamp, step};

pub(super) const LOCKED: u32 = 1;
pub(super) const QUEUED: u32 = 2;
pub(super) const CALLED: u32 = 4;
pub(super) const RESERVED: u32 = 8;

const COUNT_SHIFT: u32 = 4;
const COUNT_BITS: u32 = 8;
const COUNT: u32 = (1 << COUNT_BITS) - 1;
const STAMP_SHIFT: u32 = COUNT_SHIFT + COUNT_BITS;
const _: () = assert!(STAMP_SHIFT + Stamp::BITS == u32::BITS);

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
    } else if word & CALLED == 0 {
        Attempt::Take(word | LOCKED)
    } else {
        overtake(word)
    }
}

/// Takes the lock from under the front's nose, if it is not overdue.
///
/// To read the clock takes longer than a short critical section. So it is read at the 1st, 2nd, 4th .. 128th time, and
/// then at every 128th: an overdue front is noticed after twice its [`TURN`], or 128 sections later.
fn overtake(word: u32) -> Attempt {
    let count = match (word >> COUNT_SHIFT) & COUNT {
        COUNT => 128,
        count => count + 1,
    };
    if count.is_power_of_two() && is_overdue(stamp(word)) && step!("mutex.reserve", true, else false) {
        return Attempt::Reserve(word | RESERVED);
    }
    Attempt::Take((word & !(COUNT << COUNT_SHIFT)) | (count << COUNT_SHIFT) | LOCKED)
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
    let word = word | CALLED | (since << STAMP_SHIFT);
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
        // A stamp in the future is not overdue; all else of the word stays.
        let young = Stamp::now().bits() << STAMP_SHIFT;
        let mut word = young | CALLED | QUEUED;
        for n in 1..1_000 {
            let Attempt::Take(taken) = attempt(word) else { panic!("overdue at {n}") };
            let count = (taken >> COUNT_SHIFT) & COUNT;
            assert_eq!(count, if n < 256 { n } else { 128 + (n - 256) % 128 });
            assert_eq!(taken & !(COUNT << COUNT_SHIFT), young | CALLED | QUEUED | LOCKED);
            word = taken - LOCKED;
        }
    }

    #[test]
    fn an_overdue_front_gets_a_reservation() {
        let old = Stamp::now();
        while !old.is_older_than(TURN) {}
        let word = (old.bits() << STAMP_SHIFT) | CALLED | QUEUED;
        assert_eq!(attempt(word), Attempt::Reserve(word | RESERVED));
        assert_eq!(attempt(word | RESERVED), Attempt::Closed);
        // Not at the third time: that is no power of two.
        assert!(matches!(attempt(word | (2 << COUNT_SHIFT)), Attempt::Take(_)));
        // Nor after it has stepped back and was called again.
        let called = (old.bits() << STAMP_SHIFT) | CALLED;
        assert_eq!(with_call(QUEUED, (old.bits(), true)), called);
        assert_eq!(with_call(QUEUED, (old.bits(), false)), called | QUEUED);
        assert_eq!(stamp(called), old.bits());
        assert_eq!(taken_by_front(called | QUEUED), LOCKED | QUEUED);
        assert_eq!(without_call(called | LOCKED), LOCKED);
    }

    #[test]
    fn the_first_call_is_stamped() {
        let word = with_call(QUEUED, (0, true));
        assert_eq!(word & !(u32::MAX << COUNT_SHIFT), CALLED);
        assert!(Stamp::from_bits(stamp(word)).is_some());
    }
}
