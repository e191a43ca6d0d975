//! Work that takes a known time without looking at a clock.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// An amount of work.
#[derive(Clone, Copy, Debug)]
pub struct Work(u64);

impl Work {
    /// As much as takes this time while nothing disturbs it. The first call takes some ten milliseconds, to find out how
    /// fast the machine is.
    pub fn of(time: Duration) -> Work {
        static STEPS_PER_NANOSECOND: OnceLock<f64> = OnceLock::new();
        let speed = STEPS_PER_NANOSECOND.get_or_init(calibrate);
        Work((time.as_nanos() as f64 * speed).round() as u64)
    }

    /// Does it. Nothing else is in its way: every step needs the one before, and there is no memory.
    #[inline(never)]
    pub fn perform(self) {
        let mut state = black_box(1_u64);
        for _ in 0..self.0 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        black_box(state);
    }
}

/// Steps per nanosecond, from the fastest of many tries: whatever interrupts makes one slower.
fn calibrate() -> f64 {
    const STEPS: u64 = 20_000;
    let time = || {
        let start = Instant::now();
        Work(STEPS).perform();
        start.elapsed().as_nanos() as f64
    };
    STEPS as f64 / (0..300).map(|_| time()).fold(f64::INFINITY, f64::min)
}
