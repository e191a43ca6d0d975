//! Values that are replaced as a whole. One operation is one load, or look, or store.

use std::hint::black_box;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::values::{self, Kind, Value, Visitor};

/// In a read-mostly run each thread's every so-many-th operation is a store.
const STORES: usize = 1_000;

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// One thread: reads.
    Read(Kind),
    /// One thread: stores.
    Store,
    /// So many threads that mostly read.
    Mostly(Kind, usize),
}

const SCENARIOS: &[(&str, Shape)] = &[
    ("value.load", Shape::Read(Kind::Load)),
    ("value.look", Shape::Read(Kind::Look)),
    ("value.store", Shape::Store),
    ("value.load-mostly.t02", Shape::Mostly(Kind::Load, 2)),
    ("value.load-mostly.t08", Shape::Mostly(Kind::Load, 8)),
    ("value.load-mostly.t64", Shape::Mostly(Kind::Load, 64)),
    ("value.look-mostly.t02", Shape::Mostly(Kind::Look, 2)),
    ("value.look-mostly.t08", Shape::Mostly(Kind::Look, 8)),
    ("value.look-mostly.t64", Shape::Mostly(Kind::Look, 64)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape): &(&'static str, Shape)| {
        let mut entries = Entries { shape, entries: Vec::new() };
        values::visit(&mut entries);
        Scenario {
            family: "value",
            name,
            alone: matches!(shape, Shape::Read(_) | Shape::Store),
            ours_only: false,
            operations: Operations::MultipleOf(if let Shape::Mostly(_, threads) = shape { threads } else { 1 }),
            entries: entries.entries,
        }
    };
    SCENARIOS.iter().map(scenario).collect()
}

/// Makes an entry of each implementation.
struct Entries {
    shape: Shape,
    entries: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<V: Value>(&mut self) {
        let kind = if let Shape::Read(kind) | Shape::Mostly(kind, _) = self.shape { kind } else { Kind::Load };
        if V::KIND != kind {
            return;
        }
        self.entries.push(match self.shape {
            Shape::Read(_) => Entry::alone(V::NAME, |n| {
                let value = black_box(padded::<V>());
                let mut reader = value.reader();
                (0..n).for_each(|_| _ = black_box(reader()));
            }),
            Shape::Store => Entry::alone(V::NAME, |n| {
                let value = black_box(padded::<V>());
                (0..n).for_each(|n| value.store(n as u64));
            }),
            Shape::Mostly(_, threads) => Entry::new(V::NAME, move |n| Some(mostly::<V>(threads, n))),
        });
    }
}

/// A value whose words share their cache lines with nothing else.
fn padded<V: Value>() -> CachePadded<V> {
    CachePadded::new(V::new(1))
}

fn mostly<V: Value>(threads: usize, n: usize) -> Sample {
    let value = padded::<V>();
    let each = || {
        let mut reader = value.reader();
        for i in 1..=n / threads {
            if i % STORES == 0 {
                value.store(i as u64);
            } else {
                black_box(reader());
            }
        }
    };
    measured(n, vec![each; threads - 1], each)
}
