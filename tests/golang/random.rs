//! Numbers for tests that want many shapes of a thing.

use std::hash::{BuildHasher, RandomState};

/// Another one each time; printed, in case the test fails.
pub(crate) fn seed() -> u64 {
    let seed = RandomState::new().hash_one(0) | 1;
    println!("seed {seed}");
    seed
}

/// A number below `n`. Xorshift.
pub(crate) fn below(seed: &mut u64, n: usize) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed % n as u64) as usize
}
