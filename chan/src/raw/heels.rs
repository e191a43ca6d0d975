//! [`Heels`]: a receiver at the heels of its senders, which had better fall behind.
//!
//! When both sides of a large buffer are equally fast, and close to each other, each look at the senders' lane finds a value or two.
//! So each message moves the line with their position to the receiver and back, and the line with the slots, too, and that keeps
//! both sides equally slow. A distance is all it takes: the receiver looks once for many values, and both work on lines of their
//! own.
//!
//! A receiver that has found few values in two looks in a row puts the second one off: it leaves the lane as if it had not looked, waits
//! while the senders are fast, and looks again. Whether they are fast is seen by a short wait, and only then is there a long one. One thread
//! that sends and receives in turns finds one value at each look, too, and nobody sends while it waits; the same goes for values
//! that come one by one. So after a look that was put off the next ones are not, for a long time, but for one that finds many: it has
//! paid off, or there was a burst.
//!
//! Nothing depends on it but time. Who has put a look off goes on as if it had met somebody in the lane.

use gosync_atomic::__sys::{LOOKS_UNTIL_PUT_OFF, UnsafeCell, await_growth};

use super::lane::Position;
use super::{Channel, Front};

/// Belongs to who is in the lane of receivers.
pub(super) struct Heels {
    /// So many looks may find few values until one is put off.
    looks: UnsafeCell<usize>,
}

impl Heels {
    /// A look that finds less is one too many.
    const MANY: usize = 16;
    /// So many looks are not put off after one that was. At two looks for a microsecond or more, the wait takes a thousandth.
    const AFTERWARDS: usize = 1024;

    pub(super) fn new() -> Heels {
        Heels { looks: UnsafeCell::new(LOOKS_UNTIL_PUT_OFF) }
    }

    /// Notes that a look has found so many values, at least one: whether it is to be put off.
    ///
    /// # Safety
    ///
    /// The caller is in the lane of receivers.
    #[inline(always)]
    pub(super) unsafe fn is_close(&self, found: usize) -> bool {
        self.looks.with_mut(|looks| {
            // SAFETY: the caller's contract: nobody else accesses it.
            let looks = unsafe { &mut *looks };
            *looks = if found >= Self::MANY { LOOKS_UNTIL_PUT_OFF } else { *looks - 1 };
            let is_due = *looks == 0;
            if is_due {
                *looks = Self::AFTERWARDS;
            }
            is_due
        })
    }
}

impl<T> Channel<T> {
    /// Whether a look may be put off: if there is room for senders to go on.
    #[cold]
    #[inline(never)]
    pub(super) fn may_fall_behind(&self) -> bool {
        self.front.capacity >= Front::MANY
    }

    /// Waits while senders that were seen there are fast, for a receiver that is here: until it is far enough behind.
    pub(super) fn fall_behind(&self, at: Position, seen: Position) {
        // Far enough to be worth the wait, and not so far that they have to wait.
        let enough = (self.front.capacity / 4).min(8 * Heels::MANY);
        await_growth(seen.since(at), enough, || self.lanes.send.position().since(at));
    }
}
