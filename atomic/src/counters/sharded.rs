//! [`ShardedCounter`]: one word, and once threads get in each other's way, a word for each slot.
//!
//! ```text
//! alone ────> the word, and all there is until somebody finds others at it
//! shards ───> [shard of slot 0] [shard of slot 1] ..   each far from the others
//! ```
//!
//! The value is the sum of `alone` and all shards. Every addition is one read-modify-write of one of these words, so none
//! is lost and none counts twice, whichever word it goes to: nothing ever moves from one to another.
//!
//! # Invariants
//!
//! 1. `shards` is null, or points to an array of `slots()` shards that came out of a `Box`. It leaves null once, by the
//!    compare-exchange in `spread`, and never changes again before the drop. A thread whose array came too late frees it,
//!    for nobody else has seen it.
//! 2. `slots()` never changes, and `slot()` is less.
//!
//! # Ordering
//!
//! The array is published by a Release and read after an Acquire. All else is Relaxed. A sum that comes after an addition,
//! in the sense of happens-before, has it all the same, by coherence: the thread that added has seen the pointer before,
//! if it added to a shard, so the sum sees it too; and it sees the addition itself, or what came later in that word.

use std::{fmt, iter, ptr};

use crossbeam_utils::CachePadded;

use crate::__sys::atomic::{AtomicI64, AtomicPtr};
use crate::__sys::{Alive, Backoff, const_fn, ord, seldom, slot, slots, step};

/// A counter that many threads add to and few read.
///
/// It begins as one word. When two threads get in each other's way, for which one addition of some hundred looks, it spreads
/// over one word for each CPU, each in a cache line of its own, and every thread adds to the word of its own slot; slots are
/// shared by as few living threads as can be, and given back when a thread ends.
///
/// [`add`](ShardedCounter::add) costs a load, and one read-modify-write without order; the first that finds others at it also
/// costs an allocation. [`sum`](ShardedCounter::sum) costs a load for each word. Neither blocks, but the first call of each
/// thread that adds to a spread counter takes a lock for a moment, and so does the end of that thread.
///
/// `const`, 16 bytes on 64-bit platforms. Once spread, it has 128 bytes more (64 or less on smaller platforms) for each
/// CPU that the process may use, rounded up to a power of two, and at most 128 of these; until it is dropped.
///
/// While a thread's locals are being destroyed it may have lost its slot; then it adds to the first word.
///
/// # Memory ordering
///
/// Counting orders nothing. An addition that happens before a `sum` is in it, once (`gosync.counter`).
///
/// # Differences from Go
///
/// Go has none. What there is in its place is an `atomic.Int64`.
///
/// # Examples
///
/// ```
/// use gosync_atomic::ShardedCounter;
///
/// static BYTES: ShardedCounter = ShardedCounter::new();
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| (0..1_000).for_each(|_| BYTES.add(3)));
///     }
/// });
/// assert_eq!(BYTES.sum(), 12_000);
/// ```
pub struct ShardedCounter {
    alone: AtomicI64,
    shards: AtomicPtr<Shard>,
}

/// The word of a slot.
type Shard = CachePadded<Word>;

struct Word {
    n: AtomicI64,
    alive: Alive,
}

impl ShardedCounter {
    const_fn! {
        /// One at 0.
        #[must_use]
        pub const fn new() -> ShardedCounter {
            ShardedCounter { alone: AtomicI64::new(0), shards: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Adds `n`, which may be negative. Wraps around.
    #[inline]
    pub fn add(&self, n: i64) {
        // Acquire: pairs with the Release that publishes the shards.
        let shards = self.shards.load(ord!("counter.add", Acquire));
        if !shards.is_null() {
            return self.add_spread(shards, n);
        }
        // Relaxed: counting orders nothing.
        let old = self.alone.fetch_add(n, ord!("counter.alone", Relaxed));
        if seldom(old) && self.is_crowded(old.wrapping_add(n)) {
            self.spread();
        }
    }

    /// Whether somebody else adds at the same time: a moment ago this thread has made it so much.
    #[cold]
    fn is_crowded(&self, n: i64) -> bool {
        Backoff::new().spin();
        // Relaxed: a guess; it is right to spread at any time.
        self.alone.load(ord!("counter.crowded", Relaxed)) != n
    }

    /// The sum of all that was added, wrapping around.
    ///
    /// It looks at one word after the other, so it is not a snapshot: an addition that comes meanwhile may or may not be
    /// in it, whichever came first. It is exact if nobody adds meanwhile and all additions happened before.
    #[must_use]
    pub fn sum(&self) -> i64 {
        // Acquire: pairs with the Release that publishes the shards.
        let shards = self.shards.load(ord!("counter.sum", Acquire));
        // Relaxed: counting orders nothing.
        let alone = self.alone.load(ord!("counter.sum-alone", Relaxed));
        let count = if shards.is_null() { 0 } else { slots() };
        (0..count).fold(alone, |sum, slot| {
            // SAFETY: published, and of that length (invariants 1 and 2).
            let shard = unsafe { &*shards.wrapping_add(slot) };
            shard.alive.used();
            // Relaxed: as above.
            sum.wrapping_add(shard.n.load(ord!("counter.sum-shard", Relaxed)))
        })
    }

    /// Adds to the shard of the calling thread.
    #[inline]
    fn add_spread(&self, shards: *mut Shard, n: i64) {
        let word = match slot() {
            Some(slot) => {
                // SAFETY: published, and longer than that (invariants 1 and 2).
                let shard = unsafe { &*shards.wrapping_add(slot) };
                shard.alive.used();
                &shard.n
            }
            None => &self.alone,
        };
        // Relaxed: counting orders nothing.
        word.fetch_add(n, ord!("counter.shard", Relaxed));
    }

    /// Makes the shards, if nobody else has.
    #[cold]
    fn spread(&self) {
        let shard = || CachePadded::new(Word { n: AtomicI64::new(0), alive: Alive::new() });
        let shards: Box<[Shard]> = iter::repeat_with(shard).take(slots()).collect();
        let ours = Box::into_raw(shards).cast::<Shard>();
        // Release: publishes the shards to the Acquires of `add` and `sum`. Relaxed on failure: others' are not touched.
        let (ok, fail) = (ord!("counter.publish", Release), ord!("counter.publish.fail", Relaxed));
        if self.shards.compare_exchange(ptr::null_mut(), ours, ok, fail).is_err() {
            // SAFETY: out of a `Box` just now, and seen by nobody (invariant 1).
            step!("counter.too-late", unsafe { free(ours) });
        }
    }
}

/// Frees the shards.
///
/// # Safety
///
/// They came out of a box of `slots()` shards, and nobody uses them any more.
unsafe fn free(shards: *mut Shard) {
    // SAFETY: the caller's contract.
    let shards = unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(shards, slots())) };
    shards.iter().for_each(|shard| shard.alive.freed());
}

impl Drop for ShardedCounter {
    fn drop(&mut self) {
        // Relaxed: whoever drops it has it alone, and comes after all others.
        let shards = self.shards.load(ord!("counter.drop", Relaxed));
        if !shards.is_null() {
            // SAFETY: invariant 1, and nobody else has the counter.
            step!("counter.free", unsafe { free(shards) });
        }
    }
}

impl Default for ShardedCounter {
    fn default() -> ShardedCounter {
        ShardedCounter::new()
    }
}

impl fmt::Debug for ShardedCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedCounter").field("sum", &self.sum()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_alone_does_not_spread_it() {
        let mut counter = ShardedCounter::new();
        (0..1_000).for_each(|_| counter.add(1));
        assert!(counter.shards.get_mut().is_null());
        assert_eq!(counter.sum(), 1_000);
        assert_eq!(size_of::<ShardedCounter>(), 8 + size_of::<usize>().max(align_of::<i64>()));
    }

    #[test]
    fn what_was_counted_before_it_spread_stays() {
        let mut counter = ShardedCounter::new();
        counter.add(5);
        counter.spread();
        let shards = *counter.shards.get_mut();
        counter.spread();
        assert_eq!(*counter.shards.get_mut(), shards, "once");
        counter.add(-7);
        // SAFETY: published, and alive as long as the counter; the slot is less than their number.
        let mine = unsafe { &*shards.wrapping_add(slot().unwrap()) };
        assert_eq!(format!("{:?} {:?}", counter.alone, mine.n), "5 -7");
        assert_eq!(counter.sum(), -2);
        counter.add(i64::MAX);
        counter.add(3);
        assert_eq!(counter.sum(), i64::MIN, "it wraps around");
    }

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn no_two_shards_share_a_block() {
        assert_eq!((size_of::<Shard>(), align_of::<Shard>()), (128, 128));
    }
}
