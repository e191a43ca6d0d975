//! Counters in cache lines.

use std::sync::atomic::AtomicI64;

use crossbeam_utils::CachePadded;

/// So many words fit in a cache line, or in a pair of them where the processor fetches pairs.
pub const LINE_WORDS: usize = size_of::<CachePadded<u8>>() / size_of::<u64>();

/// `N` zeros, each far from the others.
#[must_use]
pub const fn row<const N: usize>() -> [CachePadded<AtomicI64>; N] {
    [const { CachePadded::new(AtomicI64::new(0)) }; N]
}
