//! The clock, and a sleep by it, for code that is to be tested with feature `synctest`.
//!
//! They are the system's, but in a test by `synctest::test`, whose threads have a clock of their own. gosync's timers, deadlines and
//! timeouts go by the same clock wherever they are.

use std::time::{Duration, Instant};

/// What time it is: [`Instant::now`], or the time of the test. Go: `time.Now`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gosync::time;
///
/// let start = time::now();
/// time::sleep(Duration::from_millis(1));
/// assert!(time::now() - start >= Duration::from_millis(1));
/// ```
#[must_use]
#[doc(alias = "Now")]
pub fn now() -> Instant {
    gosync_atomic::__sys::now()
}

/// Blocks for so long: [`std::thread::sleep`], or until the clock of the test has got there. Go: `time.Sleep`.
///
/// A sleep that is to end early is a receive with a timeout, or a select with [`chan::after`](crate::chan::after). In a loom model it is a yield.
///
/// # Memory ordering
///
/// None (`sched.yield-sleep-no-edge`).
///
/// # Examples
///
/// A retry with back-off, whose test takes no time:
///
/// ```
/// use std::time::Duration;
///
/// use gosync::time;
///
/// fn retry<T, E>(mut f: impl FnMut() -> Result<T, E>) -> Result<T, E> {
///     let mut pause = Duration::from_millis(1);
///     for _ in 0..4 {
///         if let Ok(value) = f() {
///             return Ok(value);
///         }
///         time::sleep(pause);
///         pause *= 2;
///     }
///     f()
/// }
///
/// let mut n = 0;
/// let result = retry(|| {
///     n += 1;
///     if n < 3 { Err("not yet") } else { Ok(n) }
/// });
/// assert_eq!(result, Ok(3));
/// ```
#[doc(alias = "Sleep")]
pub fn sleep(duration: Duration) {
    gosync_atomic::__sys::sleep(duration);
}
