//! Random traffic from many threads, checked for what must hold in every run.
//!
//! | module | covers |
//! | --- | --- |
//! | `traffic` | every value arrives exactly once and in its sender's order, with plain operations and with all of them mixed |
//! | `endings` | closes, and handles that come and go, during traffic: every value is received, returned or dropped, once |
//! | `linearizable` | whoever has sent can receive at once; and histories of random operations, checked against a model |
//! | `selects` | random selects of every kind on several channels, with closes; two that face each other; a thousand on one |
//! | `tasks` | tasks beside threads, futures that are dropped at random points; ten thousand tasks |
//! | `checker` | the model and the search, and that they reject wrong histories |
//! | `context` | trees that are built, cancelled and dropped at once |
//! | `waitgroup` | rounds of one group with several waiters |
//! | `once` | races for one run, with panics |
//! | `mutex` | sections in every way, waiters that give up, saturation, histories |
//! | `counters` | sums while and after many threads count, threads that come and go |
//! | `progress` | a thread that is stopped in the middle of an operation on a `Stack` stops nobody |
//! | `value` | values of `Value` and `Pointer` are whole and go once; numbers in order; additions |
//! | `stack` | every value out of a `Stack` once, in every way; histories |
//!
//! The choices come from one seed, which is printed; `GOSYNC_SEED` sets it. The interleavings are the system's.

mod checker;
mod context;
mod counters;
mod endings;
mod linearizable;
mod mutex;
mod once;
mod plain;
#[cfg(unix)]
mod progress;
mod rng;
mod selects;
mod stack;
mod tasks;
mod traffic;
mod value;
mod waitgroup;
mod watchdog;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use gosync::chan::{Chan, Receiver, Sender};

/// The capacities that behave differently: a rendezvous, buffers that are mostly full or empty, and one that grows.
const CAPACITIES: [usize; 5] = [0, 1, 2, 16, usize::MAX];

/// A channel; `usize::MAX` is unbounded.
fn make<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    Chan::new(capacity).split()
}

/// What a test may take.
const LIMIT: Duration = Duration::from_millis(700);

/// 0, 1, 2 ... below `most`, but for no longer than `limit`: on a busy machine every yield takes milliseconds.
fn rounds(most: usize, limit: Duration) -> impl Iterator<Item = usize> {
    let start = Instant::now();
    (0..most).take_while(move |_| start.elapsed() < limit)
}

/// Lets `n` threads go on together, again and again. It spins, so that they really start at once.
struct SpinBarrier {
    n: usize,
    arrivals: AtomicUsize,
}

impl SpinBarrier {
    fn new(n: usize) -> SpinBarrier {
        SpinBarrier { n, arrivals: AtomicUsize::new(0) }
    }

    fn wait(&self) {
        let round = self.arrivals.fetch_add(1, Ordering::AcqRel) / self.n;
        while self.arrivals.load(Ordering::Acquire) / self.n == round {
            thread::yield_now();
        }
    }
}

/// Starts `n` threads.
fn start<'scope, T, F>(
    scope: &'scope Scope<'scope, '_>,
    n: usize,
    thread: impl Fn(usize) -> F,
) -> Vec<ScopedJoinHandle<'scope, T>>
where
    T: Send + 'scope,
    F: FnOnce() -> T + Send + 'scope,
{
    (0..n).map(|i| scope.spawn(thread(i))).collect()
}

/// Joins them. A scope joins by itself, but a race detector without an instrumented std would not see that.
fn join<T>(threads: Vec<ScopedJoinHandle<'_, T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}
