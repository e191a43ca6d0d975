//! `lock_async`, `wait_async`, `acquire_async`.
//!
//! | module | covers |
//! | --- | --- |
//! | `mutex` | who is served and woken when; overtaking; futures that go, that are forgotten, that are polled once too often |
//! | `waitgroup` | rounds, panics, many tasks, futures that go or are forgotten |
//! | `semaphore` | an exact model, drops, wakers, futures that are forgotten, tokio beside threads |
//! | `wakers` | wakers that panic, that come back, and that are replaced |
//! | `play` | random polls and drops, of which each wake-up must be enough |
//! | `runtime` | tasks on tokio beside threads |

mod mutex;
mod play;
mod runtime;
mod semaphore;
mod waitgroup;
mod wakers;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use gosync::RawLockAsync;

const FREE: &str = "RawMutex { locked: false, queued: false, called: false, reserved: false }";

/// A waker that counts how often it was called.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A future that is polled by hand.
struct Task<F> {
    future: Pin<Box<F>>,
    count: Arc<Count>,
    /// How often it had been woken when it was polled last.
    seen: usize,
}

impl<F: Future> Task<F> {
    fn new(future: F) -> Task<F> {
        Task { future: Box::pin(future), count: Arc::default(), seen: 0 }
    }

    /// One that was polled, and waits.
    fn waiting(future: F) -> Task<F> {
        let mut task = Task::new(future);
        assert!(!task.is_ready());
        task
    }

    fn poll(&mut self) -> Poll<F::Output> {
        self.seen = self.wakes();
        self.future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.count))))
    }

    /// Polls; whether it was ready.
    fn is_ready(&mut self) -> bool {
        self.poll().is_ready()
    }

    /// How often it was woken so far.
    fn wakes(&self) -> usize {
        self.count.0.load(Ordering::Relaxed)
    }

    /// Whether it was woken since it was polled last.
    fn was_woken(&self) -> bool {
        self.wakes() > self.seen
    }
}

/// Waiters for a `RawMutex` that is locked, in line.
fn line(raw: &gosync::RawMutex, n: usize) -> Vec<Task<RawLockAsync<'_>>> {
    (0..n).map(|_| Task::waiting(raw.lock_async())).collect()
}
