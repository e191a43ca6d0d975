//! [`Latch`] for models: the same word, and a hidden queue instead of looking again and again, which loom cannot follow.
//!
//! Nothing that the checker sees lies between a try that fails and the sleep, so that they are one step. To leave is a swap: in loom a plain store that races a read-modify-write breaks
//! that one's atomicity (loom #254).

use std::sync::atomic::Ordering;

use super::engine::{self, atomic::AtomicU64};
use super::sleepers::Sleepers;

const TAKEN: u64 = 1;

/// As the native one.
#[derive(Debug)]
pub struct Latch {
    word: AtomicU64,
    sleepers: Sleepers,
}

#[allow(missing_docs, reason = "as the native latch's")]
impl Latch {
    #[must_use]
    pub fn new() -> Latch {
        Latch { word: AtomicU64::new(0), sleepers: Sleepers::default() }
    }

    pub fn enter(&self, order: Ordering) -> u64 {
        loop {
            let me = engine::current();
            let word = self.word.fetch_or(TAKEN, order);
            if word & TAKEN == 0 {
                return word;
            }
            let id = me.id();
            self.sleepers.push(me);
            self.sleepers.sleep(id);
        }
    }

    pub fn leave(&self, word: u64, order: Ordering) {
        self.word.swap(word, order);
        self.sleepers.wake_one();
    }

    pub fn is_at(&self, word: u64, order: Ordering) -> bool {
        self.word.load(order) & !TAKEN == word
    }
}

impl Default for Latch {
    fn default() -> Latch {
        Latch::new()
    }
}
