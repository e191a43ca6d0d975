//! A receive for a select that tries one of its cases before it looks at all: see [`guess`](super::select::guess).
//!
//! It is a plain one. What it does is done as that does it, and has its edges; that it was one of several cases is nobody's affair,
//! for no node of the select is in a queue yet.

use gosync_atomic::__sys::{LockGuard, ord};

#[cfg(feature = "async")]
use super::glance::take_from_met;
use super::held::Held;
use super::lanes::Attempt;
use super::state::{Settling, signs};
use super::{Channel, Patience, RecvFailure};

impl<T> Channel<T> {
    /// As [`try_recv`](Channel::try_recv), for a select.
    #[inline]
    pub(crate) fn recv_for_select(&self) -> Result<T, RecvFailure> {
        let lock = || self.front.lock.lock();
        self.recv_without_wait(lock, |held, lock| self.recv_slow(Settling::new(held, Some(lock)), Patience::Try))
    }

    /// The same for a task, which leaves what might have to be waited for to who can wait.
    #[cfg(feature = "async")]
    #[inline]
    pub(crate) fn recv_for_task_select(&self) -> Result<T, RecvFailure> {
        self.recv_without_wait(
            || self.front.lock_for_task(),
            |mut held, lock| {
                let met = held.meet_sender();
                drop((held, lock));
                let (sender, oldest) = met.ok_or(RecvFailure::Empty)?;
                // SAFETY: met just now.
                Ok(unsafe { take_from_met(sender, oldest) })
            },
        )
    }

    /// Receives if it seems that there is something: it takes the lock for nothing else, and waits for nobody in a lane. `otherwise`
    /// is for what is not just the ring's.
    #[inline(always)]
    fn recv_without_wait<'a>(
        &'a self,
        lock: impl FnOnce() -> LockGuard<'a>,
        otherwise: impl FnOnce(Held<'a, T>, LockGuard<'a>) -> Result<T, RecvFailure>,
    ) -> Result<T, RecvFailure> {
        // Relaxed: a try that fails orders nothing.
        let now = self.front.signs.load(ord!("select.guess-recv", Relaxed));
        if now & (signs::RECV | signs::TIMER) == 0 {
            return Err(RecvFailure::Empty);
        }
        if now & signs::LANES != 0 {
            match self.recv_in_lane() {
                Attempt::Done(value) => return Ok(value),
                Attempt::Locked => {}
                Attempt::Impossible | Attempt::Busy | Attempt::Early => return Err(RecvFailure::Empty),
            }
        }
        let lock = lock();
        // SAFETY: the lock is held, and released after the last use of this.
        let held = unsafe { Held::new(self) };
        match held.pop().or_else(Held::pop_leftover) {
            Ok(value) => {
                drop(lock);
                Ok(value)
            }
            Err(held) => otherwise(held, lock),
        }
    }
}
