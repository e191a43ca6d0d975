//! Maps of 1,024 keys. One operation is one load, or store, or, where keys come and go, both and a deletion.

use std::hint::black_box;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::go;
use crate::peers::maps::{self, Shared, Visitor};

/// So many keys: a power of two.
const KEYS: u64 = 1024;

/// In a load-mostly run each thread's every so-many-th operation is a store.
const STORES: u64 = 100;

#[derive(Clone, Copy, Debug)]
enum Shape {
    Load,
    /// The same key.
    Hot,
    Store,
    /// Loads, and a store now and then.
    Mostly,
    /// Each thread stores keys of its own, loads and deletes them.
    Churn,
}

const SCENARIOS: &[(&str, Shape, usize)] = &[
    ("map.load", Shape::Load, 1),
    ("map.store", Shape::Store, 1),
    ("map.churn", Shape::Churn, 1),
    ("map.load.t02", Shape::Load, 2),
    ("map.hot.t02", Shape::Hot, 2),
    ("map.mostly.t02", Shape::Mostly, 2),
    ("map.mostly.t08", Shape::Mostly, 8),
    ("map.store.t02", Shape::Store, 2),
    ("map.churn.t02", Shape::Churn, 2),
    ("map.churn.t08", Shape::Churn, 8),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape, threads): &(&'static str, Shape, usize)| {
        let mut entries = Entries { shape, threads, entries: Vec::new() };
        maps::visit(&mut entries);
        entries.entries.push(go::entry(name, 2));
        Scenario {
            family: "map",
            name,
            // Hashes are at random.
            alone: false,
            ours_only: false,
            operations: Operations::MultipleOf(threads),
            entries: entries.entries,
        }
    };
    SCENARIOS.iter().map(scenario).collect()
}

/// Makes an entry of each implementation.
struct Entries {
    shape: Shape,
    threads: usize,
    entries: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<M: Shared>(&mut self) {
        let (shape, threads) = (self.shape, self.threads);
        self.entries.push(Entry::new(M::NAME, move |n| Some(run::<M>(shape, threads, n))));
    }
}

fn run<M: Shared>(shape: Shape, threads: usize, n: usize) -> Sample {
    let map = M::new();
    (0..KEYS).for_each(|key| map.store(key, key));
    let map = black_box(&map);
    let each = |thread: usize| {
        move || {
            let n = (n / threads) as u64;
            // Each thread begins elsewhere.
            let key = |i: u64| (i + thread as u64 * 97) * 7 % KEYS;
            match shape {
                Shape::Load => (0..n).for_each(|i| _ = black_box(map.load(key(i)))),
                Shape::Hot => (0..n).for_each(|_| _ = black_box(map.load(black_box(1)))),
                Shape::Store => (0..n).for_each(|i| map.store(key(i), i)),
                Shape::Mostly => (0..n).for_each(|i| match i % STORES {
                    0 => map.store(key(i), i),
                    _ => _ = black_box(map.load(key(i))),
                }),
                Shape::Churn => (0..n).for_each(|i| {
                    let own = KEYS + i % KEYS * threads as u64 + thread as u64;
                    map.store(own, i);
                    black_box(map.load(own));
                    map.delete(own);
                }),
            }
        }
    };
    measured(n, (1..threads).map(each).collect(), each(0))
}
