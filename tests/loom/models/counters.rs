//! The counters.

use gosync::atomic::{PaddedCounters, ShardedCounter};
use gosync::go;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::model::{Model, Verdict, fails, holds, witness};

const COUNTER: &str = "gosync.counter";
const FREE: &str = "gosync.counter-free";

const SPREAD: &[&str] = &["counter.publish"];

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(COUNTER, "two threads", || {
            adders(ShardedCounter::new(), 2, 2, |counter| counter.add(1), |counter| counter.sum());
        })
        .bound(3)
        .reaches(&["counter.publish", "counter.shard"])
        .pinged(),
        holds(COUNTER, "three threads", || {
            adders(ShardedCounter::new(), 3, 1, |counter| counter.add(1), |counter| counter.sum());
        })
        .bound(3)
        .reaches(&["counter.publish", "counter.publish.fail", "counter.too-late"])
        .pinged(),
        holds(COUNTER, "padded", || {
            adders(PaddedCounters::<2>::new(), 2, 2, |counters| counters.add(1, 1), PaddedCounters::sum);
        }),
        fails(COUNTER, "load, then store", Verdict::Assertion, || {
            let add = |n: &AtomicUsize| n.store(n.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            adders(AtomicUsize::new(0), 2, 2, add, |n| n.load(Ordering::Relaxed) as i64);
        }),
        holds(COUNTER, "a sum meanwhile", || {
            let counter = Arc::new(ShardedCounter::new());
            let others = [(); 2].map(|()| adder(&counter, 1, |counter| counter.add(1)));
            let sum = counter.sum();
            assert!((0..=2).contains(&sum), "{sum}");
            witness(["none", "one", "two"][sum as usize]);
            others.into_iter().for_each(|other| other.join().unwrap());
        })
        .bound(3)
        .mutants_at(3)
        .witnesses(&["none", "one", "two"])
        .reaches(&["counter.publish", "counter.sum-shard"])
        .pinged(),
        holds(COUNTER, "a sum that was told", || {
            // By a flag, while others go on adding.
            let (counter, flag) = (Arc::new(ShardedCounter::new()), Arc::new(AtomicBool::new(false)));
            let teller = go({
                let (counter, flag) = (Arc::clone(&counter), Arc::clone(&flag));
                move || {
                    counter.add(2);
                    flag.store(true, Ordering::Release);
                }
            });
            let other = adder(&counter, 1, |counter| counter.add(1));
            if flag.load(Ordering::Acquire) {
                let sum = counter.sum();
                assert!(sum >= 2, "{sum}");
                witness(if sum == 2 { "two" } else { "three" });
            }
            teller.join().unwrap();
            other.join().unwrap();
        })
        .bound(3)
        .witnesses(&["two", "three"])
        .reaches(SPREAD)
        .pinged(),
        fails(COUNTER, "a sum that was not told", Verdict::Assertion, || {
            let counter = Arc::new(ShardedCounter::new());
            let other = adder(&counter, 1, |counter| counter.add(1));
            assert_eq!(counter.sum(), 1);
            other.join().unwrap();
        }),
        holds(FREE, "the last of two threads", || {
            // None waits for the other: whoever is last frees it.
            let counter = Arc::new(ShardedCounter::new());
            let other = adder(&counter, 2, |counter| counter.add(1));
            counter.add(1);
            drop(counter);
            other.join().unwrap();
        })
        .reaches(&["counter.publish", "counter.free"])
        .pinged(),
    ]
}

fn adder<A: Send + Sync + 'static>(a: &Arc<A>, times: usize, add: fn(&A)) -> gosync::JoinHandle<()> {
    let a = Arc::clone(a);
    go(move || (0..times).for_each(|_| add(&a)))
}

/// So many threads add so many times; then the sum is exact.
fn adders<A: Send + Sync + 'static>(a: A, threads: usize, times: usize, add: fn(&A), sum: fn(&A) -> i64) {
    let a = Arc::new(a);
    let others: Vec<_> = (1..threads).map(|_| adder(&a, times, add)).collect();
    (0..times).for_each(|_| add(&a));
    others.into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(sum(&a), (threads * times) as i64);
}
