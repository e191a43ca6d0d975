//! The lock around a wait queue: one word, held for a few dozen instructions, never while user code runs.
//!
//! | word | meaning | who changes it |
//! | --- | --- | --- |
//! | `FREE` | nobody holds it | `unlock` |
//! | `HELD` | held, nobody sleeps | `lock` on the fast path |
//! | `CONTENDED` | held, somebody may sleep | `lock` on the slow path |
//!
//! A sleeper always leaves `CONTENDED` behind, and whoever wakes takes the lock as `CONTENDED` too, because it cannot
//! tell whether others still sleep: at worst one wake-up too many, never one too few. `unlock` swaps, so that it learns
//! in the same step whether to wake; the wake goes by address and is the last thing, so the owner of the lock may be
//! freed by whoever takes it next.
//!
//! Ordering: each acquisition reads, with `Acquire`, a word that descends by read-modify-writes from the `Release` swap
//! of every earlier unlock. That is the whole contract, and what lets the models of the primitives above put loom's
//! mutex in this lock's place.

use super::{Futex, Pacer, ord, step};

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;

/// A small adaptive lock: bounded spinning, bounded yielding, then sleep.
#[derive(Debug)]
pub struct RawLock {
    word: Futex,
}

impl RawLock {
    super::const_fn! {
        /// A free lock.
        #[must_use]
        pub const fn new() -> RawLock {
            RawLock { word: Futex::new(FREE) }
        }
    }

    /// Takes the lock. Blocks; not re-entrant.
    #[inline(always)]
    pub fn lock(&self) {
        self.lock_paced(Pacer::new);
    }

    /// As [`lock`](RawLock::lock), in a rhythm of the caller's if it has to wait.
    #[inline(always)]
    pub fn lock_paced(&self, pacer: impl FnOnce() -> Pacer) {
        // Acquire: pairs with the Release of the last `unlock`. Relaxed on failure: nothing was taken.
        let taken = self.word.compare_exchange(FREE, HELD, ord!("lock.take", Acquire), ord!("lock.take.fail", Relaxed));
        if taken.is_err() {
            self.lock_slow(pacer);
        }
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self, pacer: impl FnOnce() -> Pacer) {
        let mut pacer = pacer();
        loop {
            // Relaxed: a hint that saves the cache line from useless exchanges.
            let free = self.word.load(ord!("lock.look", Relaxed)) == FREE;
            // Acquire: as in `lock`. A thread that never slept takes the lock as HELD, so that its unlock stays cheap.
            if free
                && self
                    .word
                    .compare_exchange(FREE, HELD, ord!("lock.retake", Acquire), ord!("lock.retake.fail", Relaxed))
                    .is_ok()
            {
                return;
            }
            if !pacer.step() {
                break;
            }
        }
        // Acquire: as in `lock`, when the lock turns out to be free. CONTENDED in any case: a thread that slept cannot
        // know whether others still do, and one that is about to must be seen.
        while self.word.swap(CONTENDED, ord!("lock.take-contended", Acquire)) != FREE {
            self.word.wait(CONTENDED);
        }
    }

    /// Whether nobody holds the lock, for who knows that nobody will take it any more: it is the caller's then.
    #[inline(always)]
    pub fn is_free(&self) -> bool {
        // Acquire: pairs with the Release of the last `unlock`.
        self.word.load(ord!("lock.is-free", Acquire)) == FREE
    }

    /// Releases the lock.
    ///
    /// # Safety
    ///
    /// The caller holds the lock, or holds it in the name of the thread that took it.
    #[inline]
    pub unsafe fn unlock(&self) {
        let waker = self.word.waker();
        // Release: pairs with the Acquire of the next `lock`. From here on the lock may be gone.
        if self.word.swap(FREE, ord!("lock.release", Release)) == CONTENDED {
            step!("lock.wake", waker.wake_one());
        }
    }
}

impl Default for RawLock {
    fn default() -> RawLock {
        RawLock::new()
    }
}
