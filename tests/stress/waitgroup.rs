//! One group, round after round, with several waiters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gosync::WaitGroup;

use crate::plain::Plain;
use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

const WORKERS: usize = 3;
const WAITERS: usize = 3;

/// Waits, half of the time with deadlines that may pass, until one does not.
fn wait(wg: &WaitGroup, rng: &mut Rng) {
    if rng.one_in(2) {
        while wg.wait_timeout(rng.tiny()).is_err() {}
    } else {
        // Whether in time or not, this one has to wait for zero as well.
        let _ = wg.wait_timeout(rng.tiny());
        wg.wait();
    }
}

/// Every waiter sees everything that the tasks of its round did, whether it comes before, between or after them, and
/// whether it comes with a deadline or not.
#[test]
fn rounds_with_several_waiters() {
    let _watchdog = Watchdog::new();
    let (wg, done, over) = (WaitGroup::new(), [(); WORKERS].map(|()| Plain::default()), AtomicBool::new(false));
    // As Go wants it: a round starts when all waiters of the last one have returned.
    let barrier = SpinBarrier::new(WORKERS + WAITERS + 1);
    let (wg, done, over, barrier) = (&wg, &done, &over, &barrier);
    let round_begins = || {
        barrier.wait();
        !over.load(Ordering::Relaxed)
    };
    thread::scope(|s| {
        let workers = start(s, WORKERS, |worker| {
            let mut rng = Rng::new(worker);
            move || {
                while round_begins() {
                    rng.pause();
                    // SAFETY: the waiters read between the round's last `done` and its second barrier.
                    unsafe { done[worker].increment() };
                    wg.done();
                    rng.pause();
                    wg.add(1);
                    // SAFETY: as above.
                    unsafe { done[worker].increment() };
                    wg.add(-2);
                    barrier.wait();
                }
            }
        });
        let waiters = start(s, WAITERS, |waiter| {
            let mut rng = Rng::new(WORKERS + waiter);
            move || {
                let mut round = 0;
                while round_begins() {
                    round += 1;
                    rng.pause();
                    if waiter == 0 {
                        wg.wait()
                    } else {
                        wait(wg, &mut rng)
                    }
                    for done in done {
                        // SAFETY: the workers write between the round's first barrier and its last `done`.
                        assert_eq!(unsafe { done.get() }, 2 * round);
                    }
                    wg.wait();
                    barrier.wait();
                }
            }
        });
        for _ in rounds(3_000, LIMIT) {
            // In as many steps as it takes.
            wg.add(2 * WORKERS as isize);
            wg.add(1);
            wg.done();
            barrier.wait();
            barrier.wait();
        }
        over.store(true, Ordering::Relaxed);
        barrier.wait();
        join(workers);
        join(waiters);
    });
}

/// Without Go's rule: rounds overlap with late waiters of earlier ones. A waiter may then sleep through a zero, but none
/// that waits while the last round ends is left behind.
#[test]
fn overlapping_rounds() {
    let _watchdog = Watchdog::new();
    let (wg, ended) = (WaitGroup::new(), AtomicBool::new(false));
    let (wg, ended) = (&wg, &ended);
    thread::scope(|s| {
        let waiters = start(s, WAITERS, |waiter| {
            let mut rng = Rng::new(waiter);
            move || {
                while !ended.load(Ordering::Acquire) {
                    rng.pause();
                    if waiter == 0 { wg.wait() } else { wait(wg, &mut rng) }
                }
            }
        });
        let mut rng = Rng::new(WAITERS);
        let mut late = Vec::new();
        for _ in rounds(5_000, LIMIT) {
            wg.add(2);
            let other = s.spawn(|| wg.done());
            rng.pause();
            wg.done();
            late.push(other);
            if rng.one_in(2) {
                join(std::mem::take(&mut late));
            }
        }
        join(late);
        ended.store(true, Ordering::Release);
        join(waiters);
    });
}

/// Tasks on scoped threads, which write to what they borrow; waits within the scope.
#[test]
fn rounds_of_go_scoped() {
    let _watchdog = Watchdog::new();
    let (wg, done) = (WaitGroup::new(), [(); WORKERS].map(|()| Plain::default()));
    let mut rng = Rng::new(0);
    thread::scope(|s| {
        for round in rounds(500, LIMIT) {
            for done in &done {
                // SAFETY: one task per number and round, and the rounds are ordered by the group.
                wg.go_scoped(s, || _ = unsafe { done.increment() });
            }
            wait(&wg, &mut rng);
            for done in &done {
                // SAFETY: the wait is over, and the next round has not begun.
                assert_eq!(unsafe { done.get() }, round + 1);
            }
        }
    });
}

/// Tasks on threads of their own.
#[test]
fn rounds_of_go() {
    let _watchdog = Watchdog::new();
    let wg = Arc::new(WaitGroup::new());
    let sum = Arc::new(AtomicUsize::new(0));
    let mut expected = 0;
    for round in rounds(500, LIMIT) {
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
