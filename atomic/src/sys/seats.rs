//! [`Seats`]: small numbers for threads, each of which one thread has at a time.
//!
//! What belongs to a seat is touched by who has it, and by nobody else: plain memory does. Who takes a seat sees what was done
//! there before it was given back. That is all there is to see: who gets none has learnt nothing.

use super::atomic::AtomicU64;
use super::{const_fn, ord};

/// Who has which: one bit for each seat.
#[derive(Debug)]
pub struct Seats {
    taken: AtomicU64,
}

impl Seats {
    const_fn! {
        /// All of them free.
        #[must_use]
        pub const fn new() -> Seats {
            Seats { taken: AtomicU64::new(0) }
        }
    }

    /// The lowest of the first `n` that is free, which is the caller's then. For `n` up to 63.
    ///
    /// Lock-free: a try fails only because somebody else has taken a seat, or given one back.
    #[cold]
    #[must_use]
    pub fn take(&self, n: usize) -> Option<usize> {
        // Relaxed: a guess, which the exchange checks.
        let mut taken = self.taken.load(ord!("seat.look", Relaxed));
        loop {
            let seat = taken.trailing_ones() as usize;
            if seat >= n {
                return None;
            }
            // Acquire: pairs with seat.give-back, by whoever had it last. Every change of the word is a read-modify-write, so
            // those of others in between go on with its release sequence.
            let ok = ord!("seat.take", Acquire);
            // Relaxed: as the look.
            let fail = ord!("seat.take.again", Relaxed);
            match self.taken.compare_exchange(taken, taken | 1 << seat, ok, fail) {
                Ok(_) => return Some(seat),
                Err(now) => taken = now,
            }
        }
    }

    /// Gives the caller's seat back.
    #[cold]
    pub fn give_back(&self, seat: usize) {
        // Release: pairs with seat.take, for all that was done at this seat.
        self.taken.fetch_and(!(1 << seat), ord!("seat.give-back", Release));
    }
}

impl Default for Seats {
    fn default() -> Seats {
        Seats::new()
    }
}
