//! Typed atomics beside std's, which they are to cost no more than. One operation is one of theirs; all of one thread.

use std::hint::black_box;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use gosync::atomic::Int64;

use crate::harness::{Entry, OURS, Operations, STD, Scenario};

/// The same operation of both.
macro_rules! pair {
    ($name:literal, |$x:ident, $n:ident| $ours:expr, $std:expr) => {
        Scenario {
            family: "atomic",
            name: $name,
            alone: true,
            ours_only: false,
            operations: Operations::MultipleOf(1),
            entries: vec![
                Entry::alone(OURS, |n| {
                    let $x = &*black_box(Box::new(Int64::new(0)));
                    (0..n as i64).for_each(|$n| _ = black_box($ours));
                }),
                Entry::alone(STD, |n| {
                    let $x = &*black_box(Box::new(AtomicI64::new(0)));
                    (0..n as i64).for_each(|$n| _ = black_box($std));
                }),
            ],
        }
    };
}

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    vec![
        pair!("atomic.load", |x, _n| x.load(), x.load(SeqCst)),
        pair!("atomic.store", |x, n| x.store(n), x.store(n, SeqCst)),
        pair!("atomic.swap", |x, n| x.swap(n), x.swap(n, SeqCst)),
        pair!("atomic.add", |x, n| x.add(n), x.fetch_add(n, SeqCst) + n),
        pair!("atomic.and", |x, n| x.and(n), x.fetch_and(n, SeqCst)),
        pair!("atomic.or", |x, n| x.or(n), x.fetch_or(n, SeqCst)),
        pair!(
            "atomic.compare-and-swap",
            |x, n| x.compare_and_swap(n, n + 1),
            x.compare_exchange(n, n + 1, SeqCst, SeqCst).is_ok()
        ),
    ]
}
