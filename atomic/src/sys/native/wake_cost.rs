//! What a wake-up costs, measured as the process goes: a waiter that has spun for as long might as well have slept.
//!
//! It differs much between machines. The call that wakes a thread takes 2 us where an idle CPU is awake, and 15 us on a
//! virtual CPU that halts as soon as it is idle; from there on until the woken thread runs, it takes about three times as
//! long, and to go to sleep takes its time too. The call is what can be measured without the other side, so it stands for
//! all of it.
//!
//! Nothing here is needed for correctness. Loads and stores instead of read-modify-writes: two threads may lose each other's
//! update, which an average can bear.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crossbeam_utils::CachePadded;

use super::pause;

/// A sleep and a wake-up, in calls.
const CALLS: u32 = 6;
/// What is taken for a call that takes longer, in nanoseconds: the waker lost its CPU.
const LONGEST: u32 = 32_000;
/// A call takes a share of this in the average.
const WEIGHT: u32 = 8;
/// The fewest and the most pauses that a wake-up is thought to take, whatever was measured.
const FEWEST: u32 = 200;
const MOST: u32 = 2000;

/// The average call, in nanoseconds. At first, what it was on the machine on which gosync was made.
static CALL: CachePadded<AtomicU32> = CachePadded::new(AtomicU32::new(2500));

/// Wakes one thread that sleeps on this word, and learns from it.
#[cold]
#[inline(never)]
pub(super) fn wake_one(word: *const AtomicU32) {
    let start = Instant::now();
    atomic_wait::wake_one(word);
    let took = u32::try_from(start.elapsed().as_nanos()).map_or(LONGEST, |took| took.min(LONGEST));
    let average = CALL.load(Ordering::Relaxed);
    CALL.store(average - average / WEIGHT + took / WEIGHT, Ordering::Relaxed);
}

/// About how many pauses a wake-up takes.
pub(super) fn pauses() -> u32 {
    (CALLS * CALL.load(Ordering::Relaxed) / pause::NANOS).clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_stays_in_its_range() {
        let word = AtomicU32::new(0);
        for _ in 0..100 {
            wake_one(&word);
            assert!((FEWEST..=MOST).contains(&pauses()));
        }
        assert!((1..=LONGEST).contains(&CALL.load(Ordering::Relaxed)));
    }
}
