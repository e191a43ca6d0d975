//! [`pick`]: fair choices that need no secrecy; [`seldom`] and [`rarely`]: one case of many.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Odd, and without a pattern: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

thread_local! {
    // No destructor and nothing to allocate: a library's generator may have both on its first use, which here can be in
    // the destructor of another thread-local.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// One of 0 to n - 1, each as likely as the others. For `n` of less than 2^32.
#[inline]
#[must_use]
pub fn pick(n: usize) -> usize {
    let state = match STATE.get() {
        0 => seed(),
        state => state,
    };
    STATE.set(state.wrapping_add(STEP));
    // The upper half of a product is what a multiplication mixes best.
    let upper_half = u64::from((mix(state) >> 32) as u32) * n as u64;
    (upper_half >> 32) as usize
}

/// Whether this is one of the cases that deserve a closer look. The product with `STEP` spreads numbers evenly that follow
/// each other at equal distances, be they powers of two, so one in 256 of them is.
#[inline(always)]
#[must_use]
pub fn seldom(n: i64) -> bool {
    (n as u64).wrapping_mul(STEP) >> 56 == 0
}

/// Whether this is one in 256 of those of [`seldom`]. 0 is not.
#[inline(always)]
#[must_use]
pub fn rarely(n: i64) -> bool {
    (n as u64).wrapping_mul(STEP) >> 48 == 0xff
}

/// Each thread begins elsewhere in the same sequence.
#[cold]
fn seed() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(1);
    mix(THREADS.fetch_add(1, Ordering::Relaxed)) | 1
}

/// Makes one bit of difference one of half the bits (the finisher of splitmix64).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_as_likely() {
        for n in [1, 2, 3, 7] {
            let mut times = vec![0; n];
            (0..n * 10_000).for_each(|_| times[pick(n)] += 1);
            // Ten standard deviations: it is the generator that is tested, not luck.
            assert!(times.iter().all(|t| (9_000..11_000).contains(t)), "{times:?}");
        }
    }

    #[test]
    fn one_in_256_is_seldom() {
        for step in [1, 3, 64, 256, 4096, 1_000_000, -1, i64::MAX] {
            let times = (0..256_000).filter(|i| seldom(step.wrapping_mul(*i))).count();
            assert!((900..1_100).contains(&times), "{times} at distances of {step}");
        }
    }

    #[test]
    fn one_in_65536_is_rare() {
        for step in [1, 3, 64, 256, 4096, 1_000_000, -1, i64::MAX] {
            let rare: Vec<i64> = (0..6_553_600).map(|i| step.wrapping_mul(i)).filter(|&n| rarely(n)).collect();
            assert!((90..110).contains(&rare.len()), "{} at distances of {step}", rare.len());
            assert!(rare.iter().all(|&n| n != 0 && seldom(n)));
        }
    }

    #[test]
    fn threads_differ() {
        let draw = || (0..16).map(|_| pick(1 << 30)).collect::<Vec<_>>();
        assert_ne!(draw(), std::thread::spawn(draw).join().unwrap());
    }
}
