//! [`pause`]: about 30 ns of waiting awake, the unit of all such waits.
//!
//! The instruction that tells a processor that its thread only waits takes 40 ns on one, 15 on the next, and 1 to 5 on others. A wait
//! that is counted in these instructions is too short for its purpose on some machines, or looks twice as often as it should at a line
//! that another CPU works on. So a pause is as many of them as take 30 ns together, measured once.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// What a pause is meant to take.
pub(super) const NANOS: u32 = 30;
/// The instructions whose time is measured.
const SAMPLE: u32 = 64;
/// The most that are a pause: none takes less than half a nanosecond.
const MOST: u32 = 2 * NANOS;

/// So many pauses.
#[inline]
pub(super) fn pause(n: u32) {
    (0..n.saturating_mul(instructions())).for_each(|_| spin_loop());
}

/// How many instructions a pause is.
#[inline]
fn instructions() -> u32 {
    /// 0 is not known yet.
    static INSTRUCTIONS: AtomicU32 = AtomicU32::new(0);

    #[cold]
    #[inline(never)]
    fn measure() -> u32 {
        let sample = || {
            let start = Instant::now();
            (0..SAMPLE).for_each(|_| spin_loop());
            start.elapsed().as_nanos()
        };
        // The shortest of some: the thread may have lost its CPU in any of them.
        let shortest = (0..4).map(|_| sample()).min().and_then(|nanos| u32::try_from(nanos).ok());
        let n = instructions_of(shortest.unwrap_or(u32::MAX));
        INSTRUCTIONS.store(n, Ordering::Relaxed);
        n
    }

    match INSTRUCTIONS.load(Ordering::Relaxed) {
        0 => measure(),
        n => n,
    }
}

/// How many instructions are nearest to a pause, if the sample took so many nanoseconds.
fn instructions_of(nanos: u32) -> u32 {
    let nanos = nanos.max(1);
    ((NANOS * SAMPLE).saturating_add(nanos / 2) / nanos).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_the_nearest_number_of_instructions() {
        let of_one = |nanos| instructions_of(nanos * SAMPLE);
        assert_eq!([60, 43, 30, 21, 15, 10, 3, 1].map(of_one), [1, 1, 1, 1, 2, 3, 10, 30]);
        assert_eq!([0, 1, 16, u32::MAX].map(instructions_of), [MOST, MOST, MOST, 1]);
    }
}
