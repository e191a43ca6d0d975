//! [`BriefTimer`]: a function that is called on time by the thread itself that waits for it, so it must be brief.

use std::fmt;
use std::time::Instant;

use gosync_atomic::__sys::Arc;

use super::service::{self, Alarm};

/// Hidden, for gosync: no part of the interface. Clones are handles of the same one; dropping them all does not stop it.
#[derive(Clone)]
#[doc(hidden)]
pub struct BriefTimer {
    alarm: Arc<Alarm>,
}

impl BriefTimer {
    /// One that is not set.
    #[must_use]
    pub fn new(f: impl Fn() + Send + Sync + 'static) -> BriefTimer {
        BriefTimer { alarm: Alarm::brief(Box::new(f)) }
    }

    /// Sets it to be called then, and not at another time. O(log timers); never blocks.
    ///
    /// # Panics
    ///
    /// If the thread that waits has to be started, and cannot be.
    pub fn set(&self, when: Instant) {
        service::set(&self.alarm, Some(when));
    }

    /// Stops it; it may have been called. O(log timers); never blocks.
    pub fn stop(&self) {
        service::set(&self.alarm, None);
    }
}

impl fmt::Debug for BriefTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BriefTimer").finish_non_exhaustive()
    }
}
