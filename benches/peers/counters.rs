//! Counters for many threads, behind one trait. To add one: implement [`Counter`], and name it in [`visit`].

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crossbeam_utils::CachePadded;
use gosync::atomic::{PaddedCounters, ShardedCounter};

/// The most threads that count.
pub const THREADS: usize = 64;

/// A number that grows.
pub trait Counter: Send + Sync + 'static {
    /// The name in the reports.
    const NAME: &'static str;

    /// Whether the threads do without being told which is which. If not, it is a reference.
    const IS_ANONYMOUS: bool;

    /// One at 0.
    fn new() -> Self;

    /// Adds one, from the thread of this number.
    fn add(&self, thread: usize);

    /// The sum.
    fn sum(&self) -> i64;
}

/// Work to be done for each implementation.
pub trait Visitor {
    /// Does it for one.
    fn visit<C: Counter>(&mut self);
}

/// Visits every implementation, in the order of the reports.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<ShardedCounter>();
    visitor.visit::<CachePadded<AtomicI64>>();
    visitor.visit::<CachePadded<Mutex<i64>>>();
    visitor.visit::<Packed>();
    visitor.visit::<PaddedCounters<THREADS>>();
}

impl Counter for ShardedCounter {
    const NAME: &'static str = "gosync";
    const IS_ANONYMOUS: bool = true;

    fn new() -> Self {
        ShardedCounter::new()
    }

    #[inline(always)]
    fn add(&self, _thread: usize) {
        self.add(1);
    }

    fn sum(&self) -> i64 {
        self.sum()
    }
}

/// One word for all.
impl Counter for CachePadded<AtomicI64> {
    const NAME: &'static str = "one-atomic";
    const IS_ANONYMOUS: bool = true;

    fn new() -> Self {
        CachePadded::default()
    }

    #[inline(always)]
    fn add(&self, _thread: usize) {
        self.fetch_add(1, Relaxed);
    }

    fn sum(&self) -> i64 {
        self.load(Relaxed)
    }
}

/// One number under a lock.
impl Counter for CachePadded<Mutex<i64>> {
    const NAME: &'static str = "one-mutex";
    const IS_ANONYMOUS: bool = true;

    fn new() -> Self {
        CachePadded::default()
    }

    #[inline(always)]
    fn add(&self, _thread: usize) {
        *self.lock().expect("no panic") += 1;
    }

    fn sum(&self) -> i64 {
        *self.lock().expect("no panic")
    }
}

/// A word for each thread, side by side: they share cache lines, and nothing else.
#[derive(Debug)]
#[repr(align(128))]
pub struct Packed([AtomicI64; THREADS]);

impl Counter for Packed {
    const NAME: &'static str = "packed";
    const IS_ANONYMOUS: bool = false;

    fn new() -> Self {
        Packed([const { AtomicI64::new(0) }; THREADS])
    }

    #[inline(always)]
    fn add(&self, thread: usize) {
        self.0[thread].fetch_add(1, Relaxed);
    }

    fn sum(&self) -> i64 {
        self.0.iter().map(|word| word.load(Relaxed)).sum()
    }
}

/// A word for each thread, far apart.
impl Counter for PaddedCounters<THREADS> {
    const NAME: &'static str = "gosync-padded";
    const IS_ANONYMOUS: bool = false;

    fn new() -> Self {
        PaddedCounters::new()
    }

    #[inline(always)]
    fn add(&self, thread: usize) {
        self.add(thread, 1);
    }

    fn sum(&self) -> i64 {
        self.sum()
    }
}
