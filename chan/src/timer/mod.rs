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

/// A channel that delivers one value, as soon as `duration` has passed: the instant at which that was. Go: `time.After`.
///
/// It has capacity 1, and never ends. If the duration is beyond what the clock can tell, it is the nil channel.
///
/// No thread and no timer of the system stands behind it: who receives, in a select or not, sleeps until then. If several
/// are blocked, all of them wake up, the value goes to the oldest, and the others sleep on. Two allocations, none of them
/// for waiting.
///
/// # Memory ordering
///
/// As [`Timer`]: the call happens before the receive of the value (`timer.arm-before-fire`).
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

/// As [`after`], with an instant.
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

/// A channel that delivers a value again and again: each time the instant at which it was due. Go: `time.Tick`.
///
/// It has capacity 1, and never ends: a receiver that is too slow misses values. The next one is due a period after the
/// one before; if nobody was waiting for that, a period after it was received. For multiples of the period, whatever
/// happens, there is [`Ticker`]. A period of zero delivers whenever it is asked, where Go's is the nil channel; one that is
/// beyond what the clock can tell is the nil channel.
///
/// What is said of [`after`] is true of this, too.
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
