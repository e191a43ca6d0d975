//! The lock around a wait queue: a word, held for a few dozen instructions, never while user code runs.
//!
//! It is taken by an exchange and released by a plain store, which costs a tenth of what a read-modify-write does. What a lock
//! pays such an exchange for at its release is to learn for certain whether somebody sleeps. Here nobody has to be woken: who finds
//! the lock taken for longer than its owner can need, so that this must have lost its CPU, *dozes*, for a millisecond at most,
//! and looks again. It says so in a second word, which the owner reads before it releases the lock, and then it is woken. An owner
//! that releases the lock at the same moment may overlook it, and so may one that lost its CPU just between its look and the
//! release: then the one who dozes comes back late, unless others have used the lock meanwhile and wake it.
//!
//! | word | meaning | who changes it |
//! | --- | --- | --- |
//! | `word` | `FREE` or `HELD` | `lock` and `try_lock` by an exchange, `unlock` by a store |
//! | `dozing` | somebody may doze | set by who is about to; cleared by an owner that wakes one, who sets it again: there may be more |
//!
//! The wake goes by address and is the last thing, so the owner of the lock may be freed by whoever takes it next.
//!
//! Ordering: each acquisition reads, with `Acquire`, the word that the last unlock has stored, with `Release`. Nobody changes the
//! word in between. That is the whole contract, and what lets the models of the primitives above put loom's mutex in this lock's
//! place. The second word orders nothing.

use super::atomic::AtomicU32;
use super::{Futex, Pacer, ord};

const FREE: u32 = 0;
const HELD: u32 = 1;

const NO: u32 = 0;
const YES: u32 = 1;

/// A small adaptive lock: bounded spinning, bounded yielding, then short sleeps.
#[derive(Debug)]
pub struct RawLock {
    word: Futex,
    dozing: AtomicU32,
}

impl RawLock {
    super::const_fn! {
        /// A free lock.
        #[must_use]
        pub const fn new() -> RawLock {
            RawLock { word: Futex::new(FREE), dozing: AtomicU32::new(NO) }
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
        // Acquire: pairs with the Release of the last `unlock`.
        if !self.word.test_and_set(FREE, HELD, ord!("lock.take", Acquire)) {
            self.lock_slow(pacer);
        }
    }

    /// Takes the lock if it is free: whether it was.
    #[inline(always)]
    #[must_use]
    pub fn try_lock(&self) -> bool {
        // Acquire: as in `lock_paced`.
        self.word.test_and_set(FREE, HELD, ord!("lock.try", Acquire))
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self, pacer: impl FnOnce() -> Pacer) {
        let mut pacer = pacer();
        while !self.retake() {
            if !pacer.step() {
                return self.lock_dozing();
            }
        }
    }

    fn lock_dozing(&self) {
        loop {
            // Relaxed: it orders nothing; see the head of this file. Before it takes the lock, too: others may doze.
            self.dozing.store(YES, ord!("lock.doze", Relaxed));
            if self.retake() {
                return;
            }
            self.word.doze(HELD);
        }
    }

    /// Takes the lock, if it is free.
    #[inline]
    fn retake(&self) -> bool {
        // Relaxed: a hint that saves the cache line from useless exchanges.
        let free = self.word.load(ord!("lock.look", Relaxed)) == FREE;
        // Acquire: as in `lock_paced`.
        free && self.word.test_and_set(FREE, HELD, ord!("lock.retake", Acquire))
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
    #[inline(always)]
    pub unsafe fn unlock(&self) {
        // Relaxed: advice. Before the release, after which the lock may be gone.
        if self.dozing.load(ord!("lock.dozing", Relaxed)) != NO {
            // SAFETY: the caller's contract.
            return unsafe { self.unlock_and_wake() };
        }
        // Release: pairs with the Acquire of the next `lock`. From here on the lock may be gone.
        self.word.store(FREE, ord!("lock.release", Release));
    }

    /// # Safety
    ///
    /// As for [`unlock`](RawLock::unlock).
    #[cold]
    #[inline(never)]
    unsafe fn unlock_and_wake(&self) {
        let waker = self.word.waker();
        // Relaxed: as where it is set. Who is woken sets it again, for others may doze.
        self.dozing.store(NO, ord!("lock.wake", Relaxed));
        // Release: as in `unlock`.
        self.word.store(FREE, ord!("lock.release-and-wake", Release));
        waker.rouse();
    }
}

impl Default for RawLock {
    fn default() -> RawLock {
        RawLock::new()
    }
}
