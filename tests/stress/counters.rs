//! Counters that many threads add to, and that come and go.

use std::sync::Arc;
use std::thread;

use gosync::atomic::{Int64, PaddedCounters, ShardedCounter};

use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

const THREADS: usize = 4;

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

/// Threads that end give their slots back and leave what they counted; the last one frees the counter.
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
