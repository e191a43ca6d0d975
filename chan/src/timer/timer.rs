//! [`Timer`]: one value, which can be put off.

use std::time::{Duration, Instant};

use gosync_atomic::__sys::deadline_after;

use super::start;
use crate::raw::{Pace, Setting};
use crate::receiver::Receiver;

/// Delivers one value on its channel when it is due; can be stopped and reset. Go: `time.Timer`, as of Go 1.23.
///
/// There are no stale values: after [`stop`](Timer::stop) there is nothing to receive, and after
/// [`reset`](Timer::reset) nothing from before, so the channel need not be drained. Clones are handles of the same
/// timer. The channel is like that of [`after`](crate::after); it stays usable, and fires, after the last handle was
/// dropped.
///
/// # Memory ordering
///
/// The creation, and a `reset`, happen before the receive of the value that they lead to (`timer.arm-before-fire`).
///
/// # Examples
///
/// An idle timeout that is reset by each request:
///
/// ```
/// use std::time::Duration;
///
/// use gosync_chan::{Timer, bounded, select};
///
/// let (tx, requests) = bounded(3);
/// (0..3).for_each(|i| tx.send(i).unwrap());
///
/// let idle = Timer::new(Duration::from_millis(20));
/// let mut served = 0;
/// loop {
///     select! {
///         recv(requests) -> request => {
///             served += usize::from(request.is_ok());
///             idle.reset(Duration::from_millis(20));
///         }
///         recv(idle.channel()) -> _ => break,
///     }
/// }
/// assert_eq!(served, 3);
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "NewTimer")]
pub struct Timer {
    channel: Receiver<Instant>,
}

impl Timer {
    /// A timer that is due in `duration`, or never if that is too long for the clock. Go: `time.NewTimer`.
    #[must_use]
    #[doc(alias = "NewTimer")]
    pub fn new(duration: Duration) -> Timer {
        Timer { channel: start(Setting { when: deadline_after(duration), period: None }, Pace::Grid) }
    }

    /// Stops it: no value is delivered. `true` if this prevented one: it was not due yet, or not received. O(1);
    /// never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gosync_chan::Timer;
    ///
    /// let timer = Timer::new(Duration::from_secs(3600));
    /// assert!(timer.stop());
    /// assert!(!timer.reset(Duration::from_millis(1)), "it was stopped");
    /// timer.channel().recv().unwrap();
    /// ```
    pub fn stop(&self) -> bool {
        self.channel.set_timer(Setting { when: None, period: None })
    }

    /// Sets it to be due in `duration` from now, whether it is running or not; blocked receivers wait for the new
    /// value. `true` if it was running: its value was not due yet, or not received. O(1), plus one wake-up for each
    /// blocked receiver if the new value is due before the old one; never blocks.
    pub fn reset(&self, duration: Duration) -> bool {
        self.channel.set_timer(Setting { when: deadline_after(duration), period: None })
    }

    /// The channel of its value. Go: `t.C`.
    #[must_use]
    #[doc(alias = "C")]
    pub fn channel(&self) -> &Receiver<Instant> {
        &self.channel
    }
}
