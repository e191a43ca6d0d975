//! [`Heels`]: a receiver at the heels of its senders, which had better fall behind.
//!
//! When both sides of a large buffer are equally fast, and close to each other, each look at the senders' lane finds a value or two.
//! So each message moves the line with their position to the receiver and back, and the line with the slots, too, and that keeps
//! both sides equally slow. A distance is all it takes: the receiver looks once for many values, and both work on lines of their
//! own.
//!
//! A receiver that has found few values in two looks in a row puts the second one off: it leaves the lane as if it had not looked,
//! waits while the senders are fast, and looks again. Whether they are fast is seen by a short wait, and only then is there a long one.
//! One thread that sends and receives in turns finds one value at each look, too, and nobody sends while it waits; the same goes
//! for values that come one by one. So after a look that was put off others are not, for a long time, and the longer the more
//! often that was in vain, unless one finds many: the wait has paid off, or there was a burst.
//!
//! Nothing depends on it but time. Who has put a look off goes on as if it had met somebody in the lane. All that the others pay for
//! it is a count.

use gosync_atomic::__sys::{LOOKS_UNTIL_PUT_OFF, UnsafeCell, await_growth};

use super::{Channel, Front};

/// Belongs to who is in the lane of receivers.
pub(super) struct Heels {
    looks: UnsafeCell<Looks>,
}

struct Looks {
    /// The so-manieth look that finds few values is put off, or, after one that was, shows what came of it.
    left: u32,
    /// After one that was put off in vain, the so-manieth is the next.
    next: u16,
    /// What a look found that was put off, until another has shown what came of it; else 0.
    found: u16,
}

impl Looks {
    /// After one that was put off, the 256th is the next; four times as many each time that nobody sent anything meanwhile.
    const NEXT: u16 = 256;
    /// Up to so many: all the waits together take a hundredth of the time of those who find one value at each look.
    const MOST: u16 = 4096;

    const fn new() -> Looks {
        Looks { left: LOOKS_UNTIL_PUT_OFF, next: Looks::NEXT, found: 0 }
    }

    /// At a look that has found so many, when none are left: whether it is put off.
    #[cold]
    fn are_over(&mut self, found: u16) -> bool {
        let found_before = std::mem::take(&mut self.found);
        if found_before == 0 {
            (self.found, self.left) = (found, 1);
            return true;
        }
        self.left = self.next.into();
        self.next = if found > found_before { Self::NEXT } else { (self.next * 4).min(Self::MOST) };
        false
    }
}

impl Heels {
    /// It pays off to find so many.
    const MANY: usize = 32;

    pub(super) fn new() -> Heels {
        Heels { looks: UnsafeCell::new(Looks::new()) }
    }

    /// Notes that a look has found so many values, at least one: whether it is put off.
    ///
    /// # Safety
    ///
    /// The caller is in the lane of receivers.
    #[inline(always)]
    pub(super) unsafe fn are_close(&self, found: usize) -> bool {
        self.looks.with_mut(|looks| {
            // SAFETY: the caller's contract: nobody else accesses it.
            let looks = unsafe { &mut *looks };
            if found >= Self::MANY {
                *looks = Looks::new();
                return false;
            }
            looks.left -= 1;
            looks.left == 0 && looks.are_over(found as u16) // fewer than many
        })
    }
}

impl<T> Channel<T> {
    /// Waits while senders are fast, until the receivers are far enough behind.
    pub(super) fn fall_behind(&self) {
        // There has to be room for the senders to go on.
        if self.front.capacity >= Front::MANY {
            // Far enough to be worth the wait, and not so far that they have to wait.
            let enough = (self.front.capacity / 4).min(8 * Heels::MANY);
            let at = self.lanes.recv.position();
            await_growth(enough, || self.lanes.send.position().since(at));
        }
    }
}
