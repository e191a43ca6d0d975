//! [`TaskTimer`]: wakes a task that waits for a timer's channel, when the next value is due. Feature `async`.
//!
//! A thread looks at the clock itself; for a task the thread does that waits for [`after_func`](super::after_func), too. It
//! only wakes the task, which then looks for itself. O(log timers), and an allocation for each value that is waited for.

use std::task::Waker;
use std::time::Instant;

use gosync_atomic::__sys::{Arc, contained};

use super::service::{self, Alarm};

/// The alarm of one future, if it has one.
#[derive(Default)]
pub(crate) struct TaskTimer(Option<Arc<Alarm>>);

impl TaskTimer {
    /// Wakes the task at this instant, and not at another one; `None` is never.
    pub(crate) fn set(&mut self, due: Option<Instant>, waker: &Waker) {
        self.stop();
        if due.is_some() {
            let waker = waker.clone();
            let alarm = Alarm::brief(Box::new(move || waker.wake_by_ref()));
            service::set(&alarm, due);
            self.0 = Some(alarm);
        }
    }

    /// Wakes it no more.
    pub(crate) fn stop(&mut self) {
        if let Some(alarm) = self.0.take() {
            service::set(&alarm, None);
            // The last owner drops the waker, a user's code. Its panic would take along what the task has received.
            contained(|| drop(alarm));
        }
    }
}

impl Drop for TaskTimer {
    fn drop(&mut self) {
        self.stop();
    }
}
