//! [`Latch`]: a lock for sections of a few instructions, and a number of its owner's in the same word.
//!
//! It is left by a plain store, where a lock whose waiters sleep needs a read-modify-write to learn of them: that is half of
//! what an uncontended section costs. So nobody is woken. Who waits looks again and again, and in the end sleeps in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use super::Pacer;

/// The bit that says that somebody is inside.
const TAKEN: u64 = 1;

/// Bit 0: somebody is inside. The others: whatever who leaves leaves there.
#[derive(Debug)]
pub struct Latch {
    word: AtomicU64,
}

impl Latch {
    /// A free one, with 0 in it.
    #[must_use]
    pub const fn new() -> Latch {
        Latch { word: AtomicU64::new(0) }
    }

    /// Goes in, after whoever is inside; the word as that one left it.
    #[inline]
    pub fn enter(&self, order: Ordering) -> u64 {
        // Of what was there only the bit is asked for, which x86-64 has an instruction for; for the whole word it would need a loop
        // of exchanges, each of which has to wait for a look.
        while self.word.fetch_or(TAKEN, order) & TAKEN != 0 {
            self.wait();
        }
        // Nobody else changes it now. Relaxed: the bit was turned by a read-modify-write of the same word.
        self.word.load(Ordering::Relaxed) - TAKEN
    }

    /// Goes out, and leaves this word, in which bit 0 is clear. For who is inside.
    #[inline]
    pub fn leave(&self, word: u64, order: Ordering) {
        self.word.store(word, order);
    }

    /// Whether this is the word as somebody left it, without waiting for who is inside.
    #[inline]
    pub fn is_at(&self, word: u64, order: Ordering) -> bool {
        /// If somebody is inside. Apart, so that no jump leads round it.
        #[cold]
        #[inline(never)]
        fn is_left_at(now: u64, word: u64) -> bool {
            now & !TAKEN == word
        }

        let now = self.word.load(order);
        now == word || is_left_at(now, word)
    }

    /// Waits until it is free, or was. Who is inside is a few instructions from leaving, unless it has lost its CPU:
    /// therefore spin, then yield, and then sleep in steps, so that it gets one whatever the priorities are.
    #[cold]
    fn wait(&self) {
        let mut pacer = Pacer::new();
        let mut nap = Duration::from_micros(10);
        while self.word.load(Ordering::Relaxed) & TAKEN != 0 {
            if !pacer.step() {
                sleep(nap);
                nap = (nap * 2).min(Duration::from_millis(1));
            }
        }
    }
}

impl Default for Latch {
    fn default() -> Latch {
        Latch::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use std::thread;

    use super::*;

    /// Who waits comes in, however long it takes, and sees the word that was left.
    #[test]
    fn a_long_section() {
        let latch = Latch::new();
        assert_eq!(latch.enter(Acquire), 0);
        thread::scope(|s| {
            let waiters = [(); 3].map(|()| {
                s.spawn(|| {
                    let word = latch.enter(Acquire);
                    latch.leave(word + 2, Release);
                    word
                })
            });
            // Far beyond what they spin for.
            thread::sleep(Duration::from_millis(20));
            assert!(latch.is_at(0, Relaxed) && !latch.is_at(2, Relaxed));
            latch.leave(6, Release);
            let mut words = waiters.map(|waiter| waiter.join().unwrap());
            words.sort_unstable();
            assert_eq!(words, [6, 8, 10]);
        });
        assert!(latch.is_at(12, Relaxed) && !latch.is_at(14, Relaxed));
    }
}
