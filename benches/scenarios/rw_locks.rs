//! Readers-writer locks. One operation is one section of a reader or of a writer: lock, work, unlock.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::work::Work;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::rw_locks::{self, Kind, RwLock, Visitor};

/// What is done with a lock.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// One thread: a look.
    Read,
    /// One thread: an increment.
    Write,
    /// So many threads as fast as they can: an increment every so many sections and looks otherwise, and so many
    /// nanoseconds of work inside.
    Threads { threads: usize, one_write_in: usize, inside: u64 },
}

const fn threads(threads: usize, one_write_in: usize, inside: u64) -> Shape {
    Shape::Threads { threads, one_write_in, inside }
}

/// No writes.
const NEVER: usize = usize::MAX;

const SCENARIOS: &[(&str, Kind, Shape)] = &[
    ("rw.un.read", Kind::Plain, Shape::Read),
    ("rw.un.write", Kind::Plain, Shape::Write),
    ("rw.read.t02", Kind::Plain, threads(2, NEVER, 0)),
    ("rw.read.t08", Kind::Plain, threads(8, NEVER, 0)),
    ("rw.read.t64", Kind::Plain, threads(64, NEVER, 0)),
    ("rw.write.t02", Kind::Plain, threads(2, 1, 0)),
    ("rw.write.t08", Kind::Plain, threads(8, 1, 0)),
    ("rw.write.t64", Kind::Plain, threads(64, 1, 0)),
    ("rw.1000to1.t02", Kind::Plain, threads(2, 1000, 0)),
    ("rw.1000to1.t08", Kind::Plain, threads(8, 1000, 0)),
    ("rw.1000to1.t64", Kind::Plain, threads(64, 1000, 0)),
    ("rw.10to1.t02", Kind::Plain, threads(2, 10, 0)),
    ("rw.10to1.t08", Kind::Plain, threads(8, 10, 0)),
    ("rw.10to1.t64", Kind::Plain, threads(64, 10, 0)),
    ("rw.write.1us.t02", Kind::Plain, threads(2, 1, 1000)),
    ("rw.write.1us.t08", Kind::Plain, threads(8, 1, 1000)),
    ("rw.write.1us.t64", Kind::Plain, threads(64, 1, 1000)),
    ("rw.1000to1.1us.t02", Kind::Plain, threads(2, 1000, 1000)),
    ("rw.1000to1.1us.t08", Kind::Plain, threads(8, 1000, 1000)),
    ("rw.1000to1.1us.t64", Kind::Plain, threads(64, 1000, 1000)),
    ("rw.10to1.1us.t02", Kind::Plain, threads(2, 10, 1000)),
    ("rw.10to1.1us.t08", Kind::Plain, threads(8, 10, 1000)),
    ("rw.10to1.1us.t64", Kind::Plain, threads(64, 10, 1000)),
    ("sharded.un.read", Kind::Sharded, Shape::Read),
    ("sharded.un.write", Kind::Sharded, Shape::Write),
    ("sharded.read.t02", Kind::Sharded, threads(2, NEVER, 0)),
    ("sharded.read.t08", Kind::Sharded, threads(8, NEVER, 0)),
    ("sharded.read.t64", Kind::Sharded, threads(64, NEVER, 0)),
    ("sharded.1000to1.t02", Kind::Sharded, threads(2, 1000, 0)),
    ("sharded.1000to1.t08", Kind::Sharded, threads(8, 1000, 0)),
    ("sharded.1000to1.t64", Kind::Sharded, threads(64, 1000, 0)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, kind, shape): &(&'static str, Kind, Shape)| {
        let mut entries = Entries { kind, shape, entries: Vec::new() };
        rw_locks::visit(&mut entries);
        Scenario {
            family: "rwmutex",
            name,
            alone: matches!(shape, Shape::Read | Shape::Write),
            ours_only: false,
            operations: match shape {
                Shape::Read | Shape::Write => Operations::MultipleOf(1),
                Shape::Threads { threads, .. } => Operations::MultipleOf(threads),
            },
            entries: entries.entries,
        }
    };
    SCENARIOS.iter().map(scenario).chain(futures()).collect()
}

/// Makes an entry of each implementation.
struct Entries {
    kind: Kind,
    shape: Shape,
    entries: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<L: RwLock>(&mut self) {
        if L::KIND != self.kind {
            return;
        }
        self.entries.push(match self.shape {
            Shape::Read => Entry::alone(L::NAME, |n| {
                let lock = black_box(padded::<L>());
                (0..n).for_each(|_| _ = black_box(lock.read(|value| *value)));
            }),
            Shape::Write => Entry::alone(L::NAME, |n| {
                let lock = black_box(padded::<L>());
                (0..n).for_each(|_| lock.write(|value| *value += 1));
            }),
            Shape::Threads { threads, one_write_in, inside } => {
                Entry::new(L::NAME, move |n| Some(compete::<L>(threads, one_write_in, inside, n)))
            }
        });
    }
}

/// A lock that shares its cache lines with nothing but its value.
fn padded<L: RwLock>() -> CachePadded<L> {
    CachePadded::new(L::new())
}

fn compete<L: RwLock>(threads: usize, one_write_in: usize, inside: u64, n: usize) -> Sample {
    let work = (inside > 0).then(|| Work::of(Duration::from_nanos(inside)));
    let perform = || {
        if let Some(work) = work {
            work.perform();
        }
    };
    let lock = padded::<L>();
    let (numbers, written) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let each = || {
        // Not all write at the same time.
        let mut until_write = one_write_in - one_write_in / threads * numbers.fetch_add(1, Ordering::Relaxed);
        let mut writes = 0;
        for _ in 0..n / threads {
            until_write -= 1;
            if until_write == 0 {
                until_write = one_write_in;
                writes += 1;
                lock.write(|value| {
                    *value += 1;
                    perform();
                });
            } else {
                lock.read(|value| {
                    black_box(*value);
                    perform();
                });
            }
        }
        written.fetch_add(writes, Ordering::Relaxed);
    };
    let sample = measured(n, vec![&each; threads - 1], each);
    assert_eq!(lock.read(|value| *value), written.into_inner() as u64, "{} let two writers in", L::NAME);
    sample
}

/// Futures that are ready at once, polled by hand.
fn futures() -> [Scenario; 2] {
    fn ready<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => unreachable!("nobody has it"),
        }
    }
    let scenario = |name, entries| Scenario {
        family: "rwmutex",
        name,
        alone: true,
        ours_only: false,
        operations: Operations::MultipleOf(1),
        entries,
    };
    let read = vec![
        Entry::alone("gosync", |n| {
            let mutex = black_box(CachePadded::new(gosync::RwMutex::new(0_u64)));
            (0..n).for_each(|_| _ = black_box(*ready(mutex.read_async())));
        }),
        Entry::alone("tokio", |n| {
            let lock = black_box(CachePadded::new(tokio::sync::RwLock::new(0_u64)));
            (0..n).for_each(|_| _ = black_box(*ready(lock.read())));
        }),
    ];
    let write = vec![
        Entry::alone("gosync", |n| {
            let mutex = black_box(CachePadded::new(gosync::RwMutex::new(0_u64)));
            (0..n).for_each(|_| *ready(mutex.write_async()) += 1);
        }),
        Entry::alone("tokio", |n| {
            let lock = black_box(CachePadded::new(tokio::sync::RwLock::new(0_u64)));
            (0..n).for_each(|_| *ready(lock.write()) += 1);
        }),
    ];
    [scenario("rw.un.read-async", read), scenario("rw.un.write-async", write)]
}
