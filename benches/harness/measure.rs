//! Taking turns: how long each measurement is, and in which order they run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Entry, Operations, Scenario, allocations, patience};

/// What `n` operations took.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Nanoseconds per operation.
    pub wall: f64,
    /// Nanoseconds of CPU time per operation, of all threads; NaN where it is unknown.
    pub cpu: f64,
    /// All allocations, while they are counted.
    allocations: u64,
    elapsed: Duration,
}

/// How many times as long as its start and its end a measurement takes at least.
pub const STARTS: u32 = 8;

/// CPU time of samples from other processes, in nanoseconds.
static ELSEWHERE: AtomicU64 = AtomicU64::new(0);

impl Sample {
    /// From another process, which has measured `n` operations: their time and CPU time in nanoseconds, and allocations.
    pub fn elsewhere(n: usize, elapsed: u64, cpu: u64, allocations: u64) -> Sample {
        ELSEWHERE.fetch_add(cpu, Ordering::Relaxed);
        let per = |total: u64| total as f64 / n as f64;
        Sample { wall: per(elapsed), cpu: per(cpu), allocations, elapsed: Duration::from_nanos(elapsed) }
    }
}

/// CPU time of this process, and of what others have measured for it.
pub(crate) fn cpu_time_of_all() -> f64 {
    cpu_time() + ELSEWHERE.load(Ordering::Relaxed) as f64
}

/// A measurement under way.
#[derive(Debug)]
pub struct Meter {
    start: Instant,
    cpu: f64,
    allocations: u64,
}

impl Meter {
    /// From now on.
    pub fn start() -> Meter {
        Meter { cpu: cpu_time(), allocations: allocations::so_far(), start: Instant::now() }
    }

    /// Ends the measurement of `n` operations.
    pub fn stop(self, n: usize) -> Sample {
        let elapsed = self.start.elapsed();
        let n = n as f64;
        Sample {
            wall: elapsed.as_nanos() as f64 / n,
            cpu: (cpu_time() - self.cpu) / n,
            allocations: allocations::so_far() - self.allocations,
            elapsed,
        }
    }
}

/// User and system time of the process so far, in nanoseconds.
///
/// # Panics
///
/// If the system does not tell.
#[cfg(unix)]
pub fn cpu_time() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the second argument points to room for the result.
    let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(result, 0, "getrusage failed");
    // SAFETY: written by the successful call.
    let usage = unsafe { usage.assume_init() };
    [usage.ru_utime, usage.ru_stime].iter().map(|time| time.tv_sec as f64 * 1e9 + time.tv_usec as f64 * 1e3).sum()
}

/// Unknown.
#[cfg(not(unix))]
pub fn cpu_time() -> f64 {
    f64::NAN
}

/// One implementation in one scenario.
#[derive(Debug)]
pub struct Run {
    /// The implementation's.
    pub name: &'static str,
    pub(crate) reference: bool,
    /// One sample per round.
    pub(crate) samples: Vec<Sample>,
    /// Allocations per operation.
    pub(crate) allocations: f64,
    scenario: &'static str,
    entry: Entry,
    operations: Operations,
    /// What the fewest operations take.
    start: Duration,
    n: usize,
    /// It cannot do the scenario, or hangs.
    is_over: bool,
}

impl Run {
    /// Nanoseconds per operation, by round.
    pub fn walls(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().map(|sample| sample.wall)
    }

    /// All implementations that can do the scenario.
    pub fn all(scenario: &Scenario, time: Duration) -> Vec<Run> {
        scenario.entries.iter().filter_map(|entry| Run::new(scenario, entry, time)).collect()
    }

    /// Finds out how many operations take about `time`, which also warms up. `None` if the implementation cannot do it.
    fn new(scenario: &Scenario, entry: &Entry, time: Duration) -> Option<Run> {
        let operations = scenario.operations;
        let mut n = operations.nearest(1.0);
        let mut run = Run {
            name: entry.implementation,
            reference: entry.reference,
            samples: Vec::new(),
            allocations: f64::NAN,
            scenario: scenario.name,
            entry: entry.clone(),
            operations,
            start: Duration::ZERO,
            n,
            is_over: false,
        };
        if operations.fixed().is_some() {
            return Some(run);
        }
        run.start = run.sample(n)?.elapsed.min(run.sample(n)?.elapsed);
        loop {
            let missing = run.missing(run.sample(n)?.elapsed, time);
            n = operations.nearest(n as f64 * missing.clamp(0.5, 16.0));
            if missing < 4.0 {
                return Some(Run { n, ..run });
            }
        }
    }

    /// So many operations. `None` if it cannot do them, or hangs.
    fn sample(&self, n: usize) -> Option<Sample> {
        patience::measure(self.scenario, self.name, &self.entry.run, n)
    }

    /// By what factor the operations took less than `time`, or than many times what threads need to start and to end. That
    /// itself does not count: it would be taken for the price of the operations, and their number stay small. 64
    /// threads need 2 ms, of which an operation has its share in the figures.
    fn missing(&self, elapsed: Duration, time: Duration) -> f64 {
        time.max(self.start * STARTS).as_secs_f64() / elapsed.saturating_sub(self.start).as_secs_f64().max(1e-9)
    }

    /// Takes one sample; of how many operations. The next one will take about `time`. 0, and no samples any more, if that is
    /// impossible.
    pub fn measure(&mut self, time: Duration) -> usize {
        let n = self.n;
        let Some(sample) = (if self.is_over { None } else { self.sample(n) }) else {
            self.is_over = true;
            self.samples.clear();
            return 0;
        };
        self.samples.push(sample);
        // Half way, on a logarithmic scale: one round says little about the next.
        let factor = self.missing(sample.elapsed, time).sqrt();
        self.n = self.operations.nearest(self.n as f64 * factor.clamp(0.25, 4.0));
        n
    }

    /// From the difference of two runs: what is allocated once, for threads or the thing itself, does not count.
    fn count_allocations(&mut self) {
        let n = self.operations.nearest(self.n as f64 / 8.0);
        let count = |n| allocations::count(|| self.sample(n)).map(|sample| sample.allocations);
        if let (Some(few), Some(many)) = (count(n), count(3 * n)) {
            self.allocations = many.saturating_sub(few) as f64 / (2 * n) as f64;
        }
    }
}

/// In every round each of `count` has a turn, in another order: `turn` is told whose it is.
pub fn take_turns(rounds: usize, count: usize, mut turn: impl FnMut(usize)) {
    for round in 0..rounds {
        for index in 0..count {
            // Rotated, and backwards in every other round, so that the one before is not always the same.
            let index = if round % 2 == 0 { index } else { count - 1 - index };
            turn((index + round) % count);
        }
    }
}

/// Runs every implementation once per round, taking turns, and counts allocations at the end. Without those that cannot
/// do the scenario at all. A scenario whose number of operations is fixed has one round.
pub fn rounds(mut runs: Vec<Run>, rounds: usize, time: Duration) -> Vec<Run> {
    let fixed = runs.first().is_some_and(|run| run.operations.fixed().is_some());
    take_turns(if fixed { 1 } else { rounds }, runs.len(), |index| {
        runs[index].measure(time);
    });
    runs.retain(|run| !run.samples.is_empty());
    if !fixed {
        runs.iter_mut().for_each(Run::count_allocations);
    }
    runs
}
