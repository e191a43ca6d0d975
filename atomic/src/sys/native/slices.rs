//! [`give_way`]: a yield, unless it would take long.
//!
//! Who waits, and has waited awake for long enough, yields a few times before it sleeps: its peer may be on this CPU, and then that is
//! all it takes. But if another process computes there, a yield is a whole time slice, milliseconds. A message that takes a
//! microsecond takes a thousand of them then, where a sleep would take ten: a thread that is woken comes before one that
//! computes. So after a yield that took long there are none for a while.
//!
//! Unless it was threads of this process that had the CPU: what they did may be what this one waits for, or is next in line. With more
//! threads than CPUs that is the rule, and to sleep instead takes up to half as long again. The two are told apart by the CPU time that
//! the process has used meanwhile: if it was hardly any, others have computed. To ask for that takes as long as a yield, so it is
//! asked only about the few yields that follow a long one; and on Linux only, elsewhere no yields are left out.
//!
//! Who waits for a lock that threads of this process have while they compute must not yield to them either: for that there are
//! [`naps`], which ask for nothing but the time of the last yield.
//!
//! Loads and stores instead of read-modify-writes: two threads may lose each other's update, which a hint can bear.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

/// A yield that takes longer is long: a third of a time slice.
const LONG: Duration = Duration::from_millis(1);
/// For so many times as long there are no more: of all the time, those that take long are a sixteenth.
const WITHOUT: u32 = 16;
/// Nor is it longer than this: who has computed may be done.
const LONGEST: Duration = Duration::from_millis(100);

/// So many yields are looked at after a long one. Between two long ones there may be some that are not: somebody has just had the CPU.
const LOOKS: u32 = 16;

/// How many are still to be looked at.
static SUSPECTS: CachePadded<AtomicU32> = CachePadded::new(AtomicU32::new(0));
/// Until when there are no yields, in nanoseconds; 0 if that is over.
static UNTIL: CachePadded<AtomicU64> = CachePadded::new(AtomicU64::new(0));

/// Gives the CPU away: for how long it was gone. Unless others are known to compute: then it does not, and says so.
pub(super) fn give_way() -> Option<Duration> {
    if are_long() {
        return None;
    }
    let suspects = SUSPECTS.load(Ordering::Relaxed);
    let used = if suspects > 0 { process_time() } else { None };
    let start = Instant::now();
    yield_now();
    let took = start.elapsed();
    if took >= LONG {
        note_long(took, used);
    } else if suspects > 0 {
        SUSPECTS.store(suspects - 1, Ordering::Relaxed);
    }
    Some(took)
}

/// Whether yields are known to take long.
pub(super) fn are_long() -> bool {
    let until = UNTIL.load(Ordering::Relaxed);
    if until == 0 {
        return false;
    }
    let are_long = now() < until;
    if !are_long {
        UNTIL.store(0, Ordering::Relaxed);
    }
    are_long
}

/// A yield was long; before it the process had used so much CPU time, if that was asked for.
#[cold]
fn note_long(took: Duration, before: Option<Duration>) {
    SUSPECTS.store(if before.is_none() { LOOKS } else { 0 }, Ordering::Relaxed);
    let (Some(before), Some(after)) = (before, process_time()) else { return };
    if is_idle(after.saturating_sub(before), took) {
        let without = took.saturating_mul(WITHOUT).min(LONGEST);
        UNTIL.store(now() + without.as_nanos() as u64, Ordering::Relaxed); // a tenth of a second
    }
}

/// Whether a yield has taken long lately, whoever had the CPU.
pub(super) mod naps {
    use super::*;

    /// Who has the CPU for longer than this before a yield is over does not wait, but works.
    const LONG: Duration = Duration::from_micros(200);
    /// Waits with naps until the next one with a yield: all of them together take about as long as a time slice.
    const WAITS: u32 = 40;

    static LEFT: CachePadded<AtomicU32> = CachePadded::new(AtomicU32::new(0));

    /// Notes how long a yield took: whether that was long.
    pub(in super::super) fn note(took: Duration) -> bool {
        let is_long = took > LONG;
        if is_long {
            LEFT.store(WAITS, Ordering::Relaxed);
        }
        is_long
    }

    /// Whether there is one more nap to take.
    pub(in super::super) fn use_up() -> bool {
        let left = LEFT.load(Ordering::Relaxed);
        if left > 0 {
            LEFT.store(left - 1, Ordering::Relaxed);
        }
        left > 0
    }
}

/// Whether a process that has used so much CPU time in so much time had less than half a CPU.
fn is_idle(used: Duration, took: Duration) -> bool {
    used < took / 2
}

fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1 // 584 years
}

/// The CPU time of all threads of the process, where the platform tells.
fn process_time() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: it points to room for the answer.
        let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
        let (secs, nanos) = (u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?);
        (result == 0).then(|| Duration::new(secs, nanos))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_computes_is_told_from_one_that_does_not() {
        let ms = Duration::from_millis;
        assert!(is_idle(ms(0), ms(3)) && is_idle(ms(1), ms(3)));
        assert!(!is_idle(ms(2), ms(3)) && !is_idle(ms(6), ms(3)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_time_of_the_process_goes_on() {
        let before = process_time().unwrap();
        while process_time().unwrap() == before {}
        assert!(process_time().unwrap() > before);
    }
}
