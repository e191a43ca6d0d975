//! What runs a function once. One operation is one call, `cold` with a new once for each.

use std::hint::black_box;

use crate::harness::{Entry, Operations, Scenario};
use crate::peers::onces::{self, Once, Value, Visitor};

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let mut all = Entries::default();
    onces::visit(&mut all);
    let scenario = |name, multiple, entries| Scenario {
        family: "once",
        name,
        alone: true,
        ours_only: false,
        operations: Operations::MultipleOf(multiple),
        entries,
    };
    vec![
        scenario("once.fast", TURN, all.fast),
        scenario("once.cold", 1, all.cold),
        scenario("once.value-fast", TURN, all.value_fast),
        scenario("once.value-cold", 1, all.value_cold),
    ]
}

/// So many calls that find it done come in one turn of the loop. They take less than the loop itself: with one in a turn, the
/// same instructions took twice as long where a turn came to lie across two cache lines.
const TURN: usize = 8;

/// `n` operations, which are a multiple of [`TURN`].
#[inline(always)]
fn turns(n: usize, operation: impl Fn()) {
    for _ in 0..n / TURN {
        (0..TURN).for_each(|_| operation());
    }
}

/// Makes two entries of each implementation.
#[derive(Default)]
struct Entries {
    fast: Vec<Entry>,
    cold: Vec<Entry>,
    value_fast: Vec<Entry>,
    value_cold: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit_once<O: Once>(&mut self) {
        self.fast.push(Entry::alone(O::NAME, |n| {
            let once = black_box(O::new());
            once.call_once(|| ());
            turns(n, || once.call_once(|| ran_again(O::NAME)));
        }));
        self.cold.push(Entry::alone(O::NAME, |n| {
            for _ in 0..n {
                let once = O::new();
                once.call_once(|| {
                    black_box(());
                });
                black_box(&once);
            }
        }));
    }

    fn visit_value<V: Value>(&mut self) {
        self.value_fast.push(Entry::alone(V::NAME, |n| {
            let value = black_box(V::new(make));
            turns(n, || {
                black_box(*value.get());
            });
        }));
        self.value_cold.push(Entry::alone(V::NAME, |n| {
            for _ in 0..n {
                let value = V::new(black_box(make));
                black_box(*value.get());
            }
        }));
    }
}

fn make() -> u64 {
    black_box(7)
}

#[cold]
#[inline(never)]
fn ran_again(name: &str) {
    panic!("{name} ran a function twice");
}
