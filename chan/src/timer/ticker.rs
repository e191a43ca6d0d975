//! [`Ticker`]: a value at every multiple of a period.

use std::time::{Duration, Instant};

use gosync_atomic::__sys::deadline_after;

use super::start;
use crate::raw::{Pace, Setting};
use crate::receiver::Receiver;

/// Delivers a value on its channel at every multiple of a period, until it is stopped. Go: `time.Ticker`, from Go 1.23 on.
///
/// Each value is the instant at which it was due. One at most is pending: a receiver that is too slow misses values, and
/// gets the next one at the next multiple. What is said of [`Timer`](crate::Timer) about `stop`, `reset` and clones, and its
/// memory ordering, is true of this, too.
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
    /// One that ticks from now on; never if the period is beyond what the clock can tell. Go: `time.NewTicker`.
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

    /// Stops it: no value comes any more. The channel does not end.
    pub fn stop(&self) {
        self.channel.set_timer(Setting { when: None, period: None });
    }

    /// Sets another period, the first of which begins now.
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
