//! Locks. One operation is one section: lock, work, unlock.
//!
//! With a CPU taken by something else, threads with next to nothing to do run one after the other, and nobody competes:
//! `mutex.short` then shows the cost of one thread.

use std::hint::black_box;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::work::Work;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::locks::{self, Lock, Visitor};

/// What is done with a lock.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// One thread: an increment.
    Alone,
    /// One thread: an increment, if the lock is free, which it is.
    Try,
    /// So many threads as fast as they can: an increment, and so many nanoseconds of work inside and outside.
    Threads(usize, u64, u64),
}

const SCENARIOS: &[(&str, Shape)] = &[
    ("mutex.un", Shape::Alone),
    ("mutex.try", Shape::Try),
    ("mutex.short.t02", Shape::Threads(2, 0, 0)),
    ("mutex.short.t08", Shape::Threads(8, 0, 0)),
    ("mutex.short.t64", Shape::Threads(64, 0, 0)),
    ("mutex.1us.t02", Shape::Threads(2, 1000, 0)),
    ("mutex.1us.t08", Shape::Threads(8, 1000, 0)),
    ("mutex.1us.t64", Shape::Threads(64, 1000, 0)),
    ("mutex.1us-outside.t02", Shape::Threads(2, 1000, 1000)),
    ("mutex.1us-outside.t08", Shape::Threads(8, 1000, 1000)),
    ("mutex.1us-outside.t64", Shape::Threads(64, 1000, 1000)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape): &(&'static str, Shape)| {
        let mut entries = Entries { shape, entries: Vec::new() };
        locks::visit(&mut entries);
        Scenario {
            family: "mutex",
            name,
            alone: matches!(shape, Shape::Alone | Shape::Try),
            ours_only: false,
            operations: match shape {
                Shape::Alone | Shape::Try => Operations::MultipleOf(1),
                Shape::Threads(threads, ..) => Operations::MultipleOf(threads),
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
    fn visit<L: Lock>(&mut self) {
        if L::FAIR_ONLY {
            return;
        }
        let entry = match self.shape {
            Shape::Alone => Entry::alone(L::NAME, |n| {
                let lock = black_box(padded::<L>());
                (0..n).for_each(|_| lock.with(|value| *value += 1));
            }),
            Shape::Try => Entry::alone(L::NAME, |n| {
                let lock = black_box(padded::<L>());
                (0..n).for_each(|_| lock.try_with(|value| *value += 1).expect("the lock is free"));
            }),
            Shape::Threads(..) if !L::SLEEPS => return,
            Shape::Threads(threads, inside, outside) => {
                Entry::new(L::NAME, move |n| Some(compete::<L>(threads, inside, outside, n)))
            }
        };
        self.entries.push(Entry { reference: !L::SLEEPS, ..entry });
    }
}

/// A lock that shares its cache lines with nothing but its value.
fn padded<L: Lock>() -> CachePadded<L> {
    CachePadded::new(L::new())
}

fn compete<L: Lock>(threads: usize, inside: u64, outside: u64, n: usize) -> Sample {
    let (inside, outside) = (work(inside), work(outside));
    let lock = padded::<L>();
    let each = || {
        for _ in 0..n / threads {
            lock.with(|value| {
                *value += 1;
                perform(inside);
            });
            perform(outside);
        }
    };
    let sample = measured(n, vec![each; threads - 1], each);
    assert_eq!(lock.with(|value| *value), n as u64, "{} let two threads in", L::NAME);
    sample
}

fn work(nanoseconds: u64) -> Option<Work> {
    (nanoseconds > 0).then(|| Work::of(Duration::from_nanos(nanoseconds)))
}

#[inline(always)]
fn perform(work: Option<Work>) {
    if let Some(work) = work {
        work.perform();
    }
}
