//! Pools. One operation gets a buffer, writes to it, and puts it back.

use std::hint::black_box;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::go;
use crate::peers::pools::{self, Pool, Visitor};

/// And whether Go has it.
const SCENARIOS: &[(&str, usize, bool)] = &[
    ("pool.un", 1, true),
    ("pool.t02", 2, true),
    ("pool.t04", 4, false),
    ("pool.t08", 8, false),
    ("pool.t64", 64, false),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, threads, in_go): &(&'static str, usize, bool)| {
        let mut entries = Entries { threads, entries: Vec::new() };
        pools::visit(&mut entries);
        if in_go {
            entries.entries.push(go::entry(name, threads));
        }
        Scenario {
            family: "pool",
            name,
            alone: threads == 1,
            ours_only: false,
            operations: Operations::MultipleOf(threads),
            entries: entries.entries,
        }
    };
    SCENARIOS.iter().map(scenario).collect()
}

/// Makes an entry of each implementation.
struct Entries {
    threads: usize,
    entries: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<P: Pool>(&mut self) {
        let threads = self.threads;
        let entry = if threads == 1 {
            Entry::alone(P::NAME, |n| {
                let pool = black_box(CachePadded::new(P::new()));
                (0..n).for_each(|_| pool.use_one(write));
            })
        } else {
            Entry::new(P::NAME, move |n| Some(together::<P>(threads, n)))
        };
        self.entries.push(Entry { reference: !P::IS_POOL, ..entry });
    }
}

#[inline(always)]
fn write(buffer: &mut pools::Buffer) {
    let first = &mut black_box(buffer)[0];
    *first = first.wrapping_add(1);
}

fn together<P: Pool>(threads: usize, n: usize) -> Sample {
    let pool = CachePadded::new(P::new());
    let each = || (0..n / threads).for_each(|_| pool.use_one(write));
    measured(n, vec![each; threads - 1], each)
}
