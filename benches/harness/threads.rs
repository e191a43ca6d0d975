//! Threads that begin together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::measure::{Meter, Sample};

/// Runs `others` in a thread each and `here` in this one, and measures `n` operations from the moment when all of them
/// are ready. They wait for it awake: how the scheduler places threads that are woken all at once would decide over the
/// first milliseconds.
///
/// # Panics
///
/// If one of the threads does.
pub fn measured<O: FnOnce() + Send>(n: usize, others: Vec<O>, here: impl FnOnce()) -> Sample {
    let missing = &AtomicUsize::new(others.len() + 1);
    let arrive = || missing.fetch_sub(1, Ordering::AcqRel);
    let await_missing = |n| {
        while missing.load(Ordering::Acquire) != n {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        let wait_and_work = |work: O| {
            move || {
                arrive();
                await_missing(0);
                work();
            }
        };
        let threads: Vec<_> = others.into_iter().map(|work| scope.spawn(wait_and_work(work))).collect();
        await_missing(1);
        let meter = Meter::start();
        arrive();
        here();
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        meter.stop(n)
    })
}
