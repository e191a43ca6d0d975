//! [`PaddedCounters`]: a row of relaxed words, each in a cache line, or pair of lines, of its own.

use std::fmt;

use crossbeam_utils::CachePadded;

use crate::__sys::atomic::AtomicI64;
use crate::__sys::{const_fn, ord, row};

/// `N` counters that do not slow each other down.
///
/// Adjacent counters share a cache line, which then moves between the CPUs that count. Here each counter is padded as
/// [`CachePadded`] is: to 128 bytes on x86-64 and aarch64, whose processors fetch lines in pairs. Use an index that
/// differs between threads, such as a worker's number; for threads without numbers there is
/// [`ShardedCounter`](crate::ShardedCounter).
///
/// `const`, no allocation, `N` times the size of a [`CachePadded`]. An operation costs one relaxed access, and never
/// blocks.
///
/// # Memory ordering
///
/// Counting orders nothing. [`get`](PaddedCounters::get) and [`sum`](PaddedCounters::sum) include every addition that
/// happens before them (`gosync.counter`).
///
/// # Differences from Go
///
/// Go has `cpu.CacheLinePad` to put between variables, and no counters.
///
/// # Examples
///
/// ```
/// use gosync_atomic::PaddedCounters;
///
/// static JOBS: PaddedCounters<4> = PaddedCounters::new();
/// std::thread::scope(|s| {
///     for worker in 0..4 {
///         s.spawn(move || (0..100).for_each(|_| JOBS.add(worker, 1)));
///     }
/// });
/// assert_eq!((JOBS.get(2), JOBS.sum()), (100, 400));
/// ```
#[doc(alias = "CacheLinePad")]
pub struct PaddedCounters<const N: usize> {
    counters: [CachePadded<AtomicI64>; N],
}

impl<const N: usize> PaddedCounters<N> {
    const_fn! {
        /// `N` counters at 0.
        #[must_use]
        pub const fn new() -> PaddedCounters<N> {
            PaddedCounters { counters: row() }
        }
    }

    /// Adds `n`, which may be negative, to the `i`-th counter. Wraps around.
    ///
    /// # Panics
    ///
    /// If `i` is not less than `N`.
    #[inline]
    #[track_caller]
    pub fn add(&self, i: usize, n: i64) {
        // Relaxed: counting orders nothing.
        self.counters[i].fetch_add(n, ord!("counter.padded-add", Relaxed));
    }

    /// The value of the `i`-th counter.
    ///
    /// # Panics
    ///
    /// If `i` is not less than `N`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn get(&self, i: usize) -> i64 {
        load(&self.counters[i])
    }

    /// The sum of all counters, wrapping around.
    ///
    /// It reads them one by one, so it is not a snapshot: it may or may not include each concurrent addition, in any
    /// combination. It is exact without concurrent additions. Costs `N` loads.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.counters.iter().fold(0, |sum, counter| sum.wrapping_add(load(counter)))
    }
}

fn load(counter: &AtomicI64) -> i64 {
    // Relaxed: counting orders nothing.
    counter.load(ord!("counter.padded-get", Relaxed))
}

impl<const N: usize> Default for PaddedCounters<N> {
    fn default() -> PaddedCounters<N> {
        PaddedCounters::new()
    }
}

impl<const N: usize> fmt::Debug for PaddedCounters<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.counters.iter().map(|counter| load(counter))).finish()
    }
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::*;

    /// Whoever fetches lines in pairs fetches blocks of 128 bytes.
    #[test]
    fn no_two_counters_share_a_block() {
        static COUNTERS: [PaddedCounters<3>; 2] = [const { PaddedCounters::new() }; 2];
        let counters = COUNTERS.iter().flat_map(|counters| &counters.counters);
        let mut blocks: Vec<usize> = counters.map(|counter| std::ptr::from_ref(&**counter).addr() / 128).collect();
        assert_eq!(blocks.len(), 6);
        blocks.dedup();
        assert_eq!(blocks.len(), 6);
    }
}
