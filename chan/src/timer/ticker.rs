//! [`Ticker`]: a value at every multiple of a period.

use std::time::{Duration, Instant};

use gosync_atomic::__sys::deadline_after;

use super::start;
use crate::raw::{Pace, Setting};
use crate::receiver::Receiver;

/// Delivers a value on its channel at every multiple of a period, until it is stopped. Go: `time.Ticker`, as of Go
/// 1.23.
///
/// Each value is the instant at which it was due. At most one is pending: a slow receiver misses values, and gets the
/// next one at the next multiple. `stop`, `reset`, clones and memory ordering are as for [`Timer`](crate::Timer).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use gosync_chan::Ticker;
///
/// let (start, period) = (Instant::now(), Duration::from_millis(5));
/// let ticker = Ticker::new(period);
/// let first = ticker.channel().recv().unwrap();
/// assert!(first >= start + period);
/// let second = ticker.channel().recv().unwrap();
/// assert_eq!((second - first).as_nanos() % period.as_nanos(), 0);
/// ticker.stop();
/// assert!(ticker.channel().recv_timeout(2 * period).is_err());
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "NewTicker")]
pub struct Ticker {
    channel: Receiver<Instant>,
}

impl Ticker {
    /// A ticker that starts now; it never ticks if the period is too long for the clock. Go: `time.NewTicker`.
    ///
    /// # Panics
    ///
    /// If the period is zero, with Go's text.
    #[must_use]
    #[track_caller]
    #[doc(alias = "NewTicker")]
    pub fn new(period: Duration) -> Ticker {
        assert!(!period.is_zero(), "non-positive interval for NewTicker");
        Ticker { channel: start(every(period), Pace::Grid) }
    }

    /// Stops it: no further value is delivered. The channel is not closed.
    pub fn stop(&self) {
        self.channel.set_timer(Setting { when: None, period: None });
    }

    /// Sets the period. The first one begins now.
    ///
    /// # Panics
    ///
    /// If the period is zero, with Go's text.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gosync_chan::Ticker;
    ///
    /// let ticker = Ticker::new(Duration::from_secs(3600));
    /// ticker.reset(Duration::from_millis(1));
    /// ticker.channel().recv().unwrap();
    /// ```
    #[track_caller]
    pub fn reset(&self, period: Duration) {
        assert!(!period.is_zero(), "non-positive interval for Ticker.Reset");
        self.channel.set_timer(every(period));
    }

    /// The channel of its values. Go: `t.C`.
    #[must_use]
    #[doc(alias = "C")]
    pub fn channel(&self) -> &Receiver<Instant> {
        &self.channel
    }
}

fn every(period: Duration) -> Setting {
    Setting { when: deadline_after(period), period: Some(period) }
}
