//! What a select does about timers ([`timer`](super::super::timer)), whose signs do not tell whether they may proceed.
//!
//! * **To look** is not enough, so a timer counts among those that may proceed until it was tried. If the one that was
//!   chosen at random is a timer that is not due, all others are asked, under their locks, and one is chosen again from
//!   those that are ready: each is as likely as the others. With `n` that are ready and `t` timers that are not, one of the
//!   `n` is chosen at once with the probability 1/(n + t), and with t/(n + t) · 1/n the second time: 1/n together.
//! * **`default`** is never the answer of the second look then, because a timer that was tried leads to step 3: locks are
//!   held, and the clock is looked at under them.
//! * **To sleep** means until the first of the timers is due, if that is earlier than the deadline. Then the select delivers
//!   what they have to the oldest of those who are blocked there: to itself, for one. It gives up its place in no queue.

use std::time::Instant;

use gosync_atomic::__sys::pick;

use super::super::state::signs;
use super::{Operation, Port};

impl<'a> Operation<'a> {
    /// The port, if it is a timer's.
    pub(super) fn timer(&self) -> Option<&'a (dyn Port + 'a)> {
        self.port.filter(|port| port.front().is_timer)
    }
}

/// Delivers what timers have, beginning with any of them, or with the first. When the next one is due.
#[cold]
pub(super) fn poll_timers(operations: &[Operation<'_>], biased: bool) -> Option<Instant> {
    let timers = || operations.iter().filter_map(Operation::timer);
    let n = timers().count();
    let first = if biased || n < 2 { 0 } else { pick(n) };
    timers().skip(first).chain(timers().take(first)).filter_map(Port::poll).min()
}

/// Replaces what timers' signs do not say by whether they are due; `number` is not. How many operations may proceed.
#[cold]
pub(super) fn ask_timers(operations: &[Operation<'_>], seen: &mut [usize], number: usize, is_locked: bool) -> usize {
    seen[number] = 0;
    let mut ready = 0;
    for (operation, seen) in operations.iter().zip(seen) {
        if let Some(port) = operation.port.filter(|_| *seen & signs::TIMER != 0) {
            let _lock = (!is_locked).then(|| port.front().lock.lock());
            // SAFETY: the lock is held.
            *seen = if unsafe { port.due() }.0 { signs::RECV } else { 0 };
        }
        ready += usize::from(operation.may_proceed(*seen));
    }
    ready
}
