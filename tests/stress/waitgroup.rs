//! One group, round after round, with several waiters.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use gosync::WaitGroup;

use crate::rng::Rng;
use crate::rounds;
use crate::watchdog::Watchdog;

const WORKERS: usize = 3;
const WAITERS: usize = 3;

/// Every waiter sees everything that the tasks of its round did, whether it comes before, between or after them.
#[test]
fn rounds_with_several_waiters() {
    let _watchdog = Watchdog::new();
    let rounds = rounds(1_500);
    let (wg, done) = (WaitGroup::new(), AtomicUsize::new(0));
    // As Go wants it: a round starts when all waiters of the last one have returned.
    let start = Barrier::new(WORKERS + WAITERS);
    let (wg, done, start) = (&wg, &done, &start);
    thread::scope(|s| {
        for worker in 0..WORKERS {
            s.spawn(move || {
                let mut rng = Rng::new(worker);
                for _ in 0..rounds {
                    // All at once, in as many steps as it takes.
                    if worker == 0 {
                        wg.add(2 * WORKERS as isize);
                        wg.add(1);
                        wg.done();
                    }
                    start.wait();
                    rng.pause();
                    done.fetch_add(1, Ordering::Relaxed);
                    wg.done();
                    rng.pause();
                    wg.add(1);
                    done.fetch_add(1, Ordering::Relaxed);
                    wg.add(-2);
                    start.wait();
                }
            });
        }
        for waiter in 0..WAITERS {
            s.spawn(move || {
                let mut rng = Rng::new(WORKERS + waiter);
                for round in 1..=rounds {
                    start.wait();
                    rng.pause();
                    wg.wait();
                    assert_eq!(done.load(Ordering::Relaxed), 2 * WORKERS * round);
                    wg.wait();
                    start.wait();
                }
            });
        }
    });
}

/// Without Go's rule: rounds overlap with late waiters of earlier ones. A waiter may then sleep through a zero, but none
/// that waits while the last round ends is left behind.
#[test]
fn overlapping_rounds() {
    let _watchdog = Watchdog::new();
    let rounds = rounds(5_000);
    let (wg, ended) = (WaitGroup::new(), AtomicUsize::new(0));
    let (wg, ended) = (&wg, &ended);
    thread::scope(|s| {
        for waiter in 0..WAITERS {
            s.spawn(move || {
                let mut rng = Rng::new(waiter);
                while ended.load(Ordering::Acquire) == 0 {
                    rng.pause();
                    wg.wait();
                }
            });
        }
        let mut rng = Rng::new(WAITERS);
        for _ in 0..rounds {
            wg.add(2);
            let other = s.spawn(|| wg.done());
            rng.pause();
            wg.done();
            if rng.one_in(2) {
                other.join().unwrap();
            }
        }
        ended.store(1, Ordering::Release);
    });
}

/// Tasks on threads of their own.
#[test]
fn rounds_of_go() {
    let _watchdog = Watchdog::new();
    let wg = Arc::new(WaitGroup::new());
    let sum = Arc::new(AtomicUsize::new(0));
    let mut expected = 0;
    for round in 0..rounds(100) {
        let mut rng = Rng::new(round);
        for n in 0..rng.below(5) {
            expected += n;
            let sum = Arc::clone(&sum);
            wg.go(move || {
                sum.fetch_add(n, Ordering::Relaxed);
            });
        }
        wg.wait();
        assert_eq!(sum.load(Ordering::Relaxed), expected);
    }
}
