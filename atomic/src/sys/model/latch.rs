//! [`Latch`] for loom: the same word, and a hidden queue instead of looking again and again, which loom cannot follow.
//!
//! Nothing that loom sees lies between a try that fails and the `park`, so that they are one step. The queue is std's and
//! invisible to loom, so it adds no edges. To leave is a swap: in loom a plain store that races a read-modify-write breaks
//! that one's atomicity (loom #254).

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use loom::thread::{self, Thread};

use super::atomics::AtomicU64;

const TAKEN: u64 = 1;

/// As the native one.
#[derive(Debug)]
pub struct Latch {
    word: AtomicU64,
    sleepers: Mutex<VecDeque<Thread>>,
}

#[allow(missing_docs, reason = "as the native latch's")]
impl Latch {
    #[must_use]
    pub fn new() -> Latch {
        Latch { word: AtomicU64::new(0), sleepers: Mutex::default() }
    }

    pub fn enter(&self, order: Ordering) -> u64 {
        loop {
            let me = thread::current();
            let word = self.word.fetch_or(TAKEN, order);
            if word & TAKEN == 0 {
                return word;
            }
            self.sleepers.lock().unwrap_or_else(PoisonError::into_inner).push_back(me);
            thread::park();
        }
    }

    pub fn leave(&self, word: u64, order: Ordering) {
        self.word.swap(word, order);
        let next = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(next) = next {
            next.unpark();
        }
    }

    pub fn look(&self, order: Ordering) -> u64 {
        self.word.load(order) & !TAKEN
    }
}

impl Default for Latch {
    fn default() -> Latch {
        Latch::new()
    }
}
