//! Stacks. One operation is a push and a pop.

use std::hint::black_box;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::stacks::{self, Stack, Visitor};

const SCENARIOS: &[(&str, usize)] =
    &[("stack.t01", 1), ("stack.t02", 2), ("stack.t04", 4), ("stack.t08", 8), ("stack.t64", 64)];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, threads): &(&'static str, usize)| {
        let mut entries = Entries { threads, entries: Vec::new() };
        stacks::visit(&mut entries);
        Scenario {
            family: "stack",
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
    fn visit<S: Stack>(&mut self) {
        let threads = self.threads;
        let entry = if threads == 1 {
            Entry::alone(S::NAME, |n| {
                let stack = black_box(CachePadded::new(S::new()));
                (0..n).for_each(|n| push_and_pop(&*stack, n));
            })
        } else {
            Entry::new(S::NAME, move |n| Some(together::<S>(threads, n)))
        };
        self.entries.push(Entry { reference: !S::IS_STACK, ..entry });
    }
}

#[inline(always)]
fn push_and_pop(stack: &impl Stack, n: usize) {
    stack.push(n as u64);
    black_box(stack.pop().expect("as many pops as pushes"));
}

fn together<S: Stack>(threads: usize, n: usize) -> Sample {
    let stack = CachePadded::new(S::new());
    let each = || (0..n / threads).for_each(|n| push_and_pop(&*stack, n));
    let sample = measured(n, vec![each; threads - 1], each);
    assert_eq!(stack.pop(), None, "{}: more came in than went out", S::NAME);
    sample
}
