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
        loop {
            let word = self.word.fetch_or(TAKEN, order);
            if word & TAKEN == 0 {
                return word;
            }
            self.wait();
        }
    }

    /// Goes out, and leaves this word, in which bit 0 is clear. For who is inside.
    #[inline]
    pub fn leave(&self, word: u64, order: Ordering) {
        self.word.store(word, order);
    }

    /// The word as somebody left it, without waiting for who is inside.
    #[inline]
    pub fn look(&self, order: Ordering) -> u64 {
        self.word.load(order) & !TAKEN
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
            assert_eq!(latch.look(Relaxed), 0);
            latch.leave(6, Release);
            let mut words = waiters.map(|waiter| waiter.join().unwrap());
            words.sort_unstable();
            assert_eq!(words, [6, 8, 10]);
        });
        assert_eq!(latch.look(Relaxed), 12);
    }
}
