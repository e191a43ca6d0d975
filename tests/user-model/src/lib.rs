//! Workers that square numbers: jobs come by a channel, results go into a list behind a mutex, and a wait group says when
//! all have come. In a model the same code runs on loom.

use gosync::chan::Receiver;
use gosync::context::{Context, ContextError};
use gosync::{Mutex, WaitGroup, chan, go, select};

/// In a model loom's `Arc` and cell, so that loom sees what they order and what they do not.
#[cfg(gosync_loom)]
use loom::sync::Arc;
#[cfg(not(gosync_loom))]
use std::sync::Arc;

#[derive(Default)]
struct Results {
    squares: Mutex<Vec<u64>>,
    /// How many results there are: changed by whoever holds the mutex.
    count: Count,
}

/// Squares these numbers on so many threads, in any order.
pub fn squares(numbers: &[u64], workers: usize) -> Vec<u64> {
    let (jobs, queue) = chan::bounded(1);
    let (results, all) = (Arc::new(Results::default()), Arc::new(WaitGroup::new()));
    all.add(isize::try_from(workers).expect("so many threads do not fit"));
    for _ in 0..workers {
        let (queue, results, all) = (queue.clone(), results.clone(), all.clone());
        drop(go(move || work(&queue, &results, &all)));
    }
    for number in numbers {
        jobs.send(*number).expect("the workers receive until the close");
    }
    jobs.close().expect("nobody else closes it");
    all.wait();
    assert_eq!(results.count.get(), numbers.len());
    std::mem::take(&mut results.squares.lock())
}

fn work(queue: &Receiver<u64>, results: &Results, all: &WaitGroup) {
    if cfg!(feature = "done-too-early") {
        all.done();
    }
    for number in queue {
        if cfg!(feature = "result-outside-the-lock") {
            results.count.add_one();
        }
        let mut squares = results.squares.lock();
        squares.push(number * number);
        if !cfg!(feature = "result-outside-the-lock") {
            results.count.add_one();
        }
    }
    if !cfg!(feature = "done-too-early") {
        all.done();
    }
}

/// A result, if one comes before the context ends. How long that is, is for the caller to say, by `with_timeout`; a model
/// has no time, and says it by a cancellation.
pub fn first(results: &Receiver<u64>, ctx: &Context) -> Result<u64, ContextError> {
    select! {
        recv(results) -> result => Ok(result.unwrap_or(0)),
        recv(ctx.done()) -> _ => Err(ctx.err().expect("it is done")),
    }
}

/// A plain number that is guarded by a lock elsewhere; loom watches it in a model.
#[derive(Default)]
struct Count(cell::UnsafeCell<usize>);

// SAFETY: it is changed under the mutex of `Results`, and read when all workers are done.
unsafe impl Sync for Count {}

impl Count {
    fn add_one(&self) {
        // SAFETY: as above.
        self.0.with_mut(|count| unsafe { *count += 1 });
    }

    fn get(&self) -> usize {
        // SAFETY: as above.
        self.0.with(|count| unsafe { *count })
    }
}

#[cfg(gosync_loom)]
use loom::cell;

#[cfg(not(gosync_loom))]
mod cell {
    #[derive(Default)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}
