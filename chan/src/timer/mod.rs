//! Channels that the clock sends to: [`after`], [`at`], [`tick`], and with a handle [`Timer`] and [`Ticker`]; and functions that it
//! calls: [`after_func`].

mod brief;
mod func;
mod service;
#[cfg(feature = "async")]
mod task;
mod ticker;
#[allow(clippy::module_inception, reason = "the type's own file")]
mod timer;

use std::time::{Duration, Instant};

use gosync_atomic::__sys::deadline_after;

pub use brief::BriefTimer;
pub use func::{FuncTimer, after_func};
#[cfg(feature = "async")]
pub(crate) use task::TaskTimer;
pub use ticker::Ticker;
pub use timer::Timer;

use crate::handle::Handle;
use crate::raw::{Pace, Setting};
use crate::receiver::Receiver;

fn start(setting: Setting, pace: Pace) -> Receiver<Instant> {
    Receiver::adopt(Handle::timer(setting, pace, |when| when, |&when| when))
}

/// A channel that delivers one value once `duration` has passed: the instant at which it was due. Go: `time.After`.
///
/// It has capacity 1, and is never closed. If the duration is too long for the clock, it is the nil channel.
///
/// It needs no thread and no system timer: the receiver, in a select or not, sleeps until the value is due. If
/// several receivers are blocked, all of them wake up, the value goes to the oldest, and the others go back to sleep.
/// Two allocations, and none to wait.
///
/// # Memory ordering
///
/// The call happens before the receive of the value (`timer.arm-before-fire`), as for [`Timer`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use gosync_chan::{after, bounded, select};
///
/// let start = Instant::now();
/// let (results, fetched) = bounded::<u64>(0);
/// let timeout = Duration::from_millis(10);
/// select! {
///     recv(fetched) -> result => println!("{result:?}"),
///     recv(after(timeout)) -> when => assert!(when.unwrap() >= start + timeout),
/// }
/// # drop(results);
/// ```
#[must_use]
#[doc(alias = "After")]
pub fn after(duration: Duration) -> Receiver<Instant> {
    deadline_after(duration).map_or(Receiver::nil(), at)
}

/// Like [`after`], with an instant.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// let now = Instant::now();
/// assert_eq!(gosync_chan::at(now).recv(), Ok(now));
/// ```
#[must_use]
pub fn at(when: Instant) -> Receiver<Instant> {
    start(Setting { when: Some(when), period: None }, Pace::Grid)
}

/// A channel that delivers a value every `period`: the instant at which it was due. Go: `time.Tick`.
///
/// It has capacity 1, and is never closed: a slow receiver misses values. The next value is due a period after the
/// previous one; if nobody was waiting for that, a period after it was received. For a fixed grid of multiples of the
/// period, use [`Ticker`]. With a period of zero a value is always ready, where Go returns the nil channel; a period
/// that is too long for the clock gives the nil channel.
///
/// Otherwise like [`after`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let (start, period) = (Instant::now(), Duration::from_millis(5));
/// let ticks = gosync_chan::tick(period);
/// assert!(ticks.iter().nth(2).unwrap() >= start + 3 * period);
/// ```
#[must_use]
#[doc(alias = "Tick")]
pub fn tick(period: Duration) -> Receiver<Instant> {
    let when = deadline_after(period);
    if when.is_none() {
        return Receiver::nil();
    }
    start(Setting { when, period: Some(period) }, Pace::Receiver)
}
