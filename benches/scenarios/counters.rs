//! Counters. One operation is one addition.

use std::hint::black_box;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::counters::{self, Counter, Visitor};

const SCENARIOS: &[(&str, usize)] =
    &[("counter.t01", 1), ("counter.t02", 2), ("counter.t04", 4), ("counter.t08", 8), ("counter.t64", 64)];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, threads): &(&'static str, usize)| {
        let mut entries = Entries { threads, entries: Vec::new() };
        counters::visit(&mut entries);
        Scenario {
            family: "counter",
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
    fn visit<C: Counter>(&mut self) {
        let threads = self.threads;
        let entry = if threads == 1 {
            Entry::alone(C::NAME, |n| {
                let counter = black_box(C::new());
                (0..n).for_each(|_| counter.add(0));
                assert_eq!(counter.sum(), n as i64);
            })
        } else {
            Entry::new(C::NAME, move |n| Some(together::<C>(threads, n)))
        };
        self.entries.push(Entry { reference: !C::IS_ANONYMOUS, ..entry });
    }
}

fn together<C: Counter>(threads: usize, n: usize) -> Sample {
    let counter = C::new();
    let each = |thread: usize| {
        let counter = &counter;
        move || (0..n / threads).for_each(|_| counter.add(black_box(thread)))
    };
    let sample = measured(n, (1..threads).map(each).collect(), each(0));
    assert_eq!(counter.sum(), n as i64, "{} lost some", C::NAME);
    sample
}
