//! [`after_func`]: a function that is called when it is time.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use gosync_atomic::__sys::{Arc, deadline_after};

use super::service::{self, Alarm};

/// Calls `f` once `duration` has passed, on a new thread. Go: `time.AfterFunc`.
///
/// The handle can stop it and set it again, any number of times: that is why `f` is a `Fn`. Dropping the handle does
/// not stop it. With a duration too long for the clock, `f` is never called. A panic in `f` ends its own thread only.
///
/// One timer thread serves all such functions of the process. It is started when it is needed, and ends when none are
/// left. If no thread can be started for `f`, the timer thread calls it.
///
/// # Panics
///
/// If the timer thread has to be started and cannot be.
///
/// # Memory ordering
///
/// The call, and a [`reset`](FuncTimer::reset), happen before the call of `f` that they lead to
/// (`timer.arm-before-fire`). A stop or a reset that returns `false` does not wait for `f`, and is not ordered after
/// anything that it does (`timer.stop-false-no-edge`).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gosync_chan::{after_func, bounded};
///
/// let (tx, rx) = bounded(1);
/// let timer = after_func(Duration::from_millis(5), move || tx.send("time is up").unwrap());
/// assert_eq!(rx.recv(), Ok("time is up"));
/// assert!(!timer.stop());
/// ```
#[track_caller]
#[doc(alias = "AfterFunc")]
pub fn after_func<F>(duration: Duration, f: F) -> FuncTimer
where
    F: Fn() + Send + Sync + 'static,
{
    let timer = FuncTimer { alarm: Alarm::new(Box::new(f)) };
    timer.reset(duration);
    timer
}

/// The handle of a pending function, which [`after_func`] returns. Clones are handles of the same one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gosync_chan::after_func;
///
/// const HOUR: Duration = Duration::from_secs(3600);
///
/// let timer = after_func(HOUR, || unreachable!("it is stopped"));
/// assert!(timer.reset(2 * HOUR), "put off");
/// assert!(timer.stop());
/// assert!(!timer.stop(), "it was");
/// ```
#[derive(Clone)]
pub struct FuncTimer {
    alarm: Arc<Alarm>,
}

// What a panic in the function leaves behind is the function's affair: it is not the handle's user who sees it first.
impl UnwindSafe for FuncTimer {}
impl RefUnwindSafe for FuncTimer {}

impl FuncTimer {
    /// Stops it. `true` if this prevented the call; `false` if the function was started already (this does not wait
    /// for it), or was stopped before. O(log timers); never blocks.
    pub fn stop(&self) -> bool {
        service::set(&self.alarm, None)
    }

    /// Sets it to be called once `duration` has passed from now, whether it was pending or not. `true` if it was
    /// pending; `false` if it was started already (this does not wait for it, so two calls may overlap), or was
    /// stopped before. O(log timers); never blocks.
    ///
    /// # Panics
    ///
    /// Same as [`after_func`]. And, with feature `synctest`, if the function was set in a bubble and the caller is not in it.
    #[track_caller]
    pub fn reset(&self, duration: Duration) -> bool {
        service::set(&self.alarm, deadline_after(duration))
    }
}

impl fmt::Debug for FuncTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuncTimer").finish_non_exhaustive()
    }
}
