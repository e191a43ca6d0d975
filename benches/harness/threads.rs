//! Threads that begin together.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};

use super::measure::{Meter, Sample};

/// Runs `others` in a thread each and `here` in this one, and measures `n` operations from the moment when all of them
/// are ready to the moment when the last one is done. They wait for the first awake: how the scheduler places threads that
/// are woken all at once would decide over the first milliseconds.
///
/// If there are more threads than CPUs they wait for the last one too, asleep: to end takes a thread ten times as long as a
/// section of a microsecond, and 64 ends one after the other would be a quarter of a measurement of 4 ms. Few threads end
/// when they are done: a CPU that was idle until the next measurement gets none of its threads for some milliseconds.
///
/// # Panics
///
/// If one of the threads does.
pub fn measured<O: FnOnce() + Send>(n: usize, others: Vec<O>, here: impl FnOnce()) -> Sample {
    let missing = &AtomicUsize::new(others.len() + 1);
    let at_work = &AtomicUsize::new(others.len());
    let stay = others.len() >= thread::available_parallelism().map_or(1, usize::from);
    let over = &AtomicBool::new(!stay);
    let arrive = || missing.fetch_sub(1, Ordering::AcqRel);
    let await_missing = |n| {
        while missing.load(Ordering::Acquire) != n {
            thread::yield_now();
        }
    };
    let main = &thread::current();
    thread::scope(|scope| {
        let wait_and_work = |work: O| {
            move || {
                // Also after a panic, which the join tells.
                let done = Done { at_work, main };
                arrive();
                await_missing(0);
                work();
                drop(done);
                while !over.load(Ordering::Acquire) {
                    thread::park();
                }
            }
        };
        let threads: Vec<_> = others.into_iter().map(|work| scope.spawn(wait_and_work(work))).collect();
        await_missing(1);
        let end = End { over, threads: threads.iter().map(|thread| thread.thread().clone()).collect() };
        let meter = Meter::start();
        arrive();
        here();
        while at_work.load(Ordering::Acquire) > 0 {
            thread::park();
        }
        let sample = meter.stop(n);
        drop(end);
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        sample
    })
}

/// Tells the main thread, when it goes, that one is done.
struct Done<'a> {
    at_work: &'a AtomicUsize,
    main: &'a Thread,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        if self.at_work.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.main.unpark();
        }
    }
}

/// Lets the threads end when it goes, be it by a panic.
struct End<'a> {
    over: &'a AtomicBool,
    threads: Vec<Thread>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.threads.iter().for_each(Thread::unpark);
    }
}
