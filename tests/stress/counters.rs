//! Counters that many threads add to, and that come and go.

use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

use gosync::atomic::{Int64, PaddedCounters, ShardedCounter};

use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

const THREADS: usize = 4;
/// More than there are seats.
const CROWD: usize = 80;

/// All additions are in the sum, once; a sum meanwhile is between what was before and what is after.
#[test]
fn sums() {
    let _watchdog = Watchdog::new();
    for round in rounds(500, LIMIT) {
        // New ones, so that they spread again and again.
        let (sharded, padded, expected) = (ShardedCounter::new(), PaddedCounters::<3>::new(), Int64::new(0));
        let barrier = SpinBarrier::new(THREADS + 1);
        thread::scope(|s| {
            let adders = start(s, THREADS, |thread| {
                let (sharded, padded, expected, barrier) = (&sharded, &padded, &expected, &barrier);
                move || {
                    let mut rng = Rng::new(round * THREADS + thread);
                    barrier.wait();
                    for _ in 0..1_000 {
                        let n = rng.below(100) as i64;
                        sharded.add(n);
                        padded.add(rng.below(3), n);
                        expected.add(n);
                    }
                }
            });
            barrier.wait();
            let mut last = 0;
            for _ in 0..100 {
                // Nobody subtracts, and each word only grows, so a sum is at least an earlier one.
                let sum = sharded.sum();
                assert!(sum >= last && sum <= (THREADS * 100 * 1_000) as i64, "{last}, then {sum}");
                last = sum;
            }
            join(adders);
        });
        let expected = expected.into_inner();
        assert_eq!((sharded.sum(), padded.sum()), (expected, expected));
    }
}

/// Threads that end give their seats back and leave what they counted; the last one frees the counter.
#[test]
fn comings_and_goings() {
    let _watchdog = Watchdog::new();
    let total = Arc::new(ShardedCounter::new());
    let mut threads = 0;
    for _ in rounds(1_000, LIMIT) {
        let passing = Arc::new(ShardedCounter::new());
        let spawned: Vec<_> = (0..THREADS)
            .map(|_| {
                let (total, passing) = (Arc::clone(&total), Arc::clone(&passing));
                thread::spawn(move || {
                    for _ in 0..100 {
                        total.add(1);
                        passing.add(1);
                    }
                })
            })
            .collect();
        drop(passing);
        spawned.into_iter().for_each(|thread| thread.join().unwrap());
        threads += THREADS;
    }
    assert_eq!(total.sum(), threads as i64 * 100);
}

/// Some have a word for themselves, and some share one; and all have a seat or none for as long as they live.
#[test]
fn more_threads_than_seats() {
    let _watchdog = Watchdog::new();
    let total = ShardedCounter::new();
    let mut expected = 0;
    for _ in rounds(30, LIMIT) {
        let passing = ShardedCounter::new();
        let barrier = Barrier::new(CROWD);
        thread::scope(|s| {
            let adders = start(s, CROWD, |thread| {
                let (total, passing, barrier) = (&total, &passing, &barrier);
                move || {
                    total.add(1);
                    // Nobody ends before all have begun.
                    barrier.wait();
                    for _ in 0..500 {
                        total.add(thread as i64);
                        passing.add(1);
                    }
                }
            });
            join(adders);
        });
        assert_eq!(passing.sum(), CROWD as i64 * 500);
        expected += (CROWD + CROWD * (CROWD - 1) / 2 * 500) as i64;
        assert_eq!(total.sum(), expected);
    }
}

/// The next one in a chain of threads.
struct Next(Option<JoinHandle<Next>>);

const CHAIN: usize = 20;

/// Adds 49 to each, starts a thread for the rest of the chain, and ends.
fn add(counters: &Arc<[ShardedCounter; 2]>, left: usize) -> Next {
    for _ in 0..50 {
        counters.iter().for_each(|counter| counter.add(1));
    }
    let next = left.checked_sub(1).map(|left| {
        let counters = Arc::clone(counters);
        thread::spawn(move || add(&counters, left))
    });
    counters.iter().for_each(|counter| counter.add(-1));
    Next(next)
}

/// The next thread gets the seat of this one, or of another that ends, while that one is ending.
#[test]
fn seats_change_hands() {
    let _watchdog = Watchdog::new();
    for _ in rounds(200, LIMIT) {
        // One that has spread, if these meet, and one that is new.
        let counters = Arc::new([ShardedCounter::new(), ShardedCounter::new()]);
        let old = &counters[0];
        thread::scope(|s| join(start(s, THREADS, |_| || (0..5_000).for_each(|_| old.add(1)))));
        let chains = [(); THREADS].map(|()| add(&counters, CHAIN - 1));
        for mut next in chains {
            while let Some(thread) = next.0 {
                next = thread.join().unwrap();
            }
        }
        let added = (THREADS * CHAIN * 49) as i64;
        assert_eq!(counters.each_ref().map(ShardedCounter::sum), [added + THREADS as i64 * 5_000, added]);
    }
}
