//! Semaphores. One operation is: take one permit, do next to nothing, return it.

use std::hint::black_box;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::semaphores::{self, Semaphore, Visitor};

/// What is done with a semaphore.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// One thread, which never waits.
    Alone,
    /// One thread, by a try.
    Try,
    /// So many threads, and so many permits.
    Threads(usize, usize),
}

const SCENARIOS: &[(&str, Shape)] = &[
    ("semaphore.un", Shape::Alone),
    ("semaphore.try", Shape::Try),
    ("semaphore.one.t02", Shape::Threads(2, 1)),
    ("semaphore.half.t08", Shape::Threads(8, 4)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape): &(&'static str, Shape)| {
        let mut entries = Entries { shape, entries: Vec::new() };
        semaphores::visit(&mut entries);
        Scenario {
            family: "semaphore",
            name,
            alone: matches!(shape, Shape::Alone | Shape::Try),
            ours_only: false,
            operations: match shape {
                Shape::Alone | Shape::Try => Operations::MultipleOf(1),
                Shape::Threads(threads, _) => Operations::MultipleOf(threads),
            },
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
    fn visit<S: Semaphore>(&mut self) {
        let entry = match self.shape {
            Shape::Alone => Entry::alone(S::NAME, |n| {
                let semaphore = black_box(CachePadded::new(S::new(2)));
                (0..n).for_each(|_| semaphore.with(1, || black_box(())));
            }),
            Shape::Try => Entry::alone(S::NAME, |n| {
                let semaphore = black_box(CachePadded::new(S::new(2)));
                (0..n).for_each(|_| semaphore.try_with(1, || black_box(())).expect("there are two"));
            }),
            Shape::Threads(..) if !S::SLEEPS => return,
            Shape::Threads(threads, permits) => Entry::new(S::NAME, move |n| Some(compete::<S>(threads, permits, n))),
        };
        self.entries.push(entry);
    }
}

fn compete<S: Semaphore>(threads: usize, permits: usize, n: usize) -> Sample {
    let semaphore = CachePadded::new(S::new(permits));
    let each = || (0..n / threads).for_each(|_| semaphore.with(1, || black_box(())));
    measured(n, vec![each; threads - 1], each)
}
