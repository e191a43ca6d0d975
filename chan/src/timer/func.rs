//! [`after_func`]: a function that is called when it is time.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use gosync_atomic::__sys::{Arc, deadline_after};

use super::service::{self, Alarm};

/// Calls `f` once `duration` has passed, on a thread of its own. Go: `time.AfterFunc`.
///
/// The handle can stop it, and set it again, as often as wanted: that is why `f` is a `Fn`. Dropping the handle does
/// neither. A duration beyond what the clock can tell is never. A panic in `f` ends its own thread, and nothing else.
///
/// One thread of the process waits for all such functions. It is started when it is needed, and leaves when nothing is to
/// come. If there cannot be another thread for `f`, that one calls it.
///
/// # Panics
///
/// If the thread that waits has to be started, and cannot be.
///
/// # Memory ordering
///
/// The call, and a [`reset`](FuncTimer::reset), happen before the call of `f` that they lead to (`timer.arm-before-fire`).
/// That is all: a stop or a reset that returns `false` does not wait for `f`, and is not ordered after anything that it
/// does (`timer.stop-false-no-edge`).
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
#[doc(alias = "AfterFunc")]
pub fn after_func<F>(duration: Duration, f: F) -> FuncTimer
where
    F: Fn() + Send + Sync + 'static,
{
    let timer = FuncTimer { alarm: Alarm::new(Box::new(f)) };
    timer.reset(duration);
    timer
}

/// The handle of a function that is to be called: what [`after_func`] returns. Clones are handles of the same one.
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
    /// Stops it. `true` if the function would have been called, and now will not be; `false` if it has been started, which
    /// this does not wait for, or was stopped before. O(log timers); never blocks.
    pub fn stop(&self) -> bool {
        service::set(&self.alarm, None)
    }

    /// Sets it to be called once `duration` has passed, from now on, whether it was set before or not. `true` if it was, and
    /// had not been started; `false` if it had, which this does not wait for, so that two calls may overlap. O(log timers);
    /// never blocks.
    ///
    /// # Panics
    ///
    /// As [`after_func`].
    pub fn reset(&self, duration: Duration) -> bool {
        service::set(&self.alarm, deadline_after(duration))
    }
}

impl fmt::Debug for FuncTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuncTimer").finish_non_exhaustive()
    }
}
