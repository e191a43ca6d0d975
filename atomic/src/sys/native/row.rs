//! A row of counters.

use std::sync::atomic::AtomicI64;

use crossbeam_utils::CachePadded;

/// `N` zeros, each far from the others.
#[must_use]
pub const fn row<const N: usize>() -> [CachePadded<AtomicI64>; N] {
    [const { CachePadded::new(AtomicI64::new(0)) }; N]
}
