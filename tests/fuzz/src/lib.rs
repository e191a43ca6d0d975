//! Fuzz targets: each takes bytes as a sequence of operations, and panics if what they do is not what a model says.
//!
//! | target | operations |
//! | --- | --- |
//! | `channels` | tries, closes, lens, selects with a default, permits by `Select`, timers, on several channels, against a model |
//! | `locks` | tries on an `RwMutex` and a semaphore, downgrades, guards that are dropped in any order, against a model |
//! | `futures` | the futures of channels, locks, semaphores and conds, polled, dropped and moved on in any order: nothing is lost |
//! | `maps` | all of `Map`, with hashes that collide and iterators that go on meanwhile, against std's `HashMap` |
//! | `pools` | all of `Pool`, guards and items that go back in any order, against a model |
//!
//! One thread each. `tests/fuzz/run` fuzzes; `cargo test` in this folder replays the corpus, and random inputs.

pub mod channels;
pub mod futures;
pub mod locks;
pub mod maps;
pub mod pools;

/// Bytes as choices; zeros when they are used up.
pub struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        Input { bytes }
    }

    pub fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        first
    }

    /// One of 0 to n - 1.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }
}

/// A target.
pub type Target = fn(&[u8]);

/// By name.
pub const TARGETS: [(&str, Target); 5] = [
    ("channels", channels::run),
    ("locks", locks::run),
    ("futures", futures::run),
    ("maps", maps::run),
    ("pools", pools::run),
];
