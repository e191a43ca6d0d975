//! Taking turns: how long each measurement is, and in which order they run.

use std::time::{Duration, Instant};

use crate::allocations;
use crate::scenarios::Scenario;

/// What `n` operations took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Nanoseconds per operation.
    pub(crate) wall: f64,
    /// Nanoseconds of CPU time per operation, of all threads; NaN where it is unknown.
    pub(crate) cpu: f64,
    /// All allocations, while they are counted.
    allocations: u64,
    elapsed: Duration,
}

/// A measurement under way.
pub(crate) struct Meter {
    start: Instant,
    cpu: f64,
    allocations: u64,
}

impl Meter {
    pub(crate) fn start() -> Meter {
        Meter { cpu: cpu_time(), allocations: allocations::so_far(), start: Instant::now() }
    }

    /// Ends the measurement of `n` operations.
    pub(crate) fn stop(self, n: usize) -> Sample {
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
#[cfg(unix)]
pub(crate) fn cpu_time() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the second argument points to room for the result.
    let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(result, 0, "getrusage failed");
    // SAFETY: written by the successful call.
    let usage = unsafe { usage.assume_init() };
    [usage.ru_utime, usage.ru_stime].iter().map(|time| time.tv_sec as f64 * 1e9 + time.tv_usec as f64 * 1e3).sum()
}

#[cfg(not(unix))]
pub(crate) fn cpu_time() -> f64 {
    f64::NAN
}

/// One implementation in one scenario.
pub(crate) struct Run<'a> {
    pub(crate) name: &'static str,
    /// One sample per round.
    pub(crate) samples: Vec<Sample>,
    /// Allocations per operation.
    pub(crate) allocations: f64,
    scenario: &'a Scenario,
    run: fn(&Scenario, usize) -> Option<Sample>,
    n: usize,
}

impl<'a> Run<'a> {
    /// Finds out how many operations take about `time`, which also warms up. `None` if the implementation cannot do it.
    pub(crate) fn new(
        scenario: &'a Scenario,
        name: &'static str,
        run: fn(&Scenario, usize) -> Option<Sample>,
        time: Duration,
    ) -> Option<Run<'a>> {
        let mut n = scenario.fixed().unwrap_or(scenario.granule());
        while scenario.fixed().is_none() {
            let elapsed = run(scenario, n)?.elapsed;
            let missing = time.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
            n = scenario.round(n as f64 * missing.clamp(0.5, 16.0));
            if missing < 4.0 {
                break;
            }
        }
        Some(Run { name, samples: Vec::new(), allocations: f64::NAN, scenario, run, n })
    }

    fn measure(&mut self, time: Duration) {
        let Some(sample) = (self.run)(self.scenario, self.n) else { return };
        self.samples.push(sample);
        if self.scenario.fixed().is_none() {
            // Half way, on a logarithmic scale: one round says little about the next.
            let factor = (time.as_secs_f64() / sample.elapsed.as_secs_f64().max(1e-9)).sqrt();
            self.n = self.scenario.round(self.n as f64 * factor.clamp(0.25, 4.0));
        }
    }

    /// From the difference of two runs: what the channel and its threads allocate once does not count.
    fn count_allocations(&mut self) {
        let n = self.scenario.round(self.n as f64 / 8.0);
        let count = |n| allocations::count(|| (self.run)(self.scenario, n)).map(|sample| sample.allocations);
        if let (Some(few), Some(many)) = (count(n), count(3 * n)) {
            self.allocations = many.saturating_sub(few) as f64 / (2 * n) as f64;
        }
    }
}

/// Runs every implementation once per round, each round in another order, and counts allocations at the end. Without
/// those that cannot do the scenario at all.
pub(crate) fn rounds<'a>(mut runs: Vec<Run<'a>>, rounds: usize, time: Duration) -> Vec<Run<'a>> {
    let count = runs.len();
    for round in 0..rounds {
        for turn in 0..count {
            // Rotated, and backwards in every other round, so that the one before is not always the same.
            let turn = if round % 2 == 0 { turn } else { count - 1 - turn };
            runs[(turn + round) % count].measure(time);
        }
    }
    runs.retain(|run| !run.samples.is_empty());
    for run in &mut runs {
        if run.scenario.fixed().is_none() {
            run.count_allocations();
        }
    }
    runs
}
