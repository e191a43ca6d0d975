//! An operation that met others at a channel whose lanes are open, or have just been.
//!
//! It looks at its [lane](super::lanes) a few times more before it takes the lock; and if it had to take the lock because the lanes
//! were shut, or others in its lane, and finds that they are open by then, it releases the lock and goes back. Others have opened the
//! lanes while it waited, when nobody was blocked, and it is not about to be, as far as it knows. Whoever does not go back shuts
//! them: if all who waited for the lock did that, a channel in traffic would stay with the lock, which both sides then take
//! from each other for each operation.
//!
//! Who has found in the lane that there is no room, or no value, does not go back: it has to shut the lanes to wait.

#[cfg(feature = "async")]
use gosync_atomic::__sys::linger_for_task;
use gosync_atomic::__sys::{Pacer, linger};

use super::held::Held;
use super::lanes::Attempt;
use super::state::Settling;
use super::{Channel, Front, Patience, RecvFailure, SendFailure};

/// How often an operation goes back. More than once is for who meets others in the lane each time.
pub(super) const RETURNS: u32 = 2;
/// Pauses between two looks at the other side, each of which takes its line from it.
const PAUSES: u32 = 24;

impl<T> Channel<T> {
    /// Sends, after an attempt in the lane. Apart from that, which needs few registers.
    #[inline(never)]
    pub(super) fn send_otherwise(
        &self,
        value: T,
        patience: Patience,
        mut attempt: Attempt<()>,
    ) -> Result<(), SendFailure<T>> {
        let mut unsent = Some(value);
        let mut returns = RETURNS;
        let (held, lock) = loop {
            if !matches!(attempt, Attempt::Locked) || returns < RETURNS {
                returns = match self.send_again(&mut unsent, patience, attempt, returns) {
                    Ok(()) => return unsent.map_or(Ok(()), |value| Err(SendFailure::Full(value))),
                    Err(left) => left,
                };
            }
            let lock = self.front.lock();
            // SAFETY: the lock is held, and released after the last use of this.
            if let Some(held) = unsafe { Held::unless_lanes_are_open(self, returns > 0) } {
                break (held, lock);
            }
            drop(lock);
            (attempt, returns) = (Attempt::Locked, returns - 1);
        };
        let Some(value) = unsent else { unreachable!("the lock has to tell, so it is unsent") };
        match held.push(value) {
            Ok(()) => {
                drop(lock);
                Ok(())
            }
            Err((held, value)) => self.send_slow(Settling::new(held, Some(lock)), value, patience),
        }
    }

    /// Receives, after an attempt in the lane, as in [`send_otherwise`](Channel::send_otherwise).
    #[inline(never)]
    pub(super) fn recv_otherwise(&self, patience: Patience, mut attempt: Attempt<T>) -> Result<T, RecvFailure> {
        let mut returns = RETURNS;
        let (held, lock) = loop {
            if !matches!(attempt, Attempt::Locked) || returns < RETURNS {
                returns = match self.recv_again(patience, attempt, returns) {
                    Ok(result) => return result,
                    Err(left) => left,
                };
            }
            let lock = self.front.lock();
            // SAFETY: the lock is held, and released after the last use of this.
            if let Some(held) = unsafe { Held::unless_lanes_are_open(self, returns > 0) } {
                break (held, lock);
            }
            drop(lock);
            (attempt, returns) = (Attempt::Locked, returns - 1);
        };
        match held.pop().or_else(Held::pop_leftover) {
            Ok(value) => {
                drop(lock);
                Ok(value)
            }
            Err(held) => self.recv_slow(Settling::new(held, Some(lock)), patience),
        }
    }

    /// Tries in the lane for a while, if it makes sense: `Ok` if the value is taken, or the patience is at an end. `Err`: the lock has
    /// to tell, and how often this may come back from there.
    #[cold]
    #[inline(never)]
    fn send_again(
        &self,
        unsent: &mut Option<T>,
        patience: Patience,
        mut last: Attempt<()>,
        returns: u32,
    ) -> Result<(), u32> {
        if let Attempt::Locked = last {
            last = self.send_in_lane(unsent);
        }
        let mut pacer = Pacer::patient(PAUSES);
        loop {
            match last {
                Attempt::Done(()) => return Ok(()),
                Attempt::Impossible if matches!(patience, Patience::Try) => return Ok(()),
                Attempt::Impossible if self.linger(|len| len < self.front.capacity) => {}
                Attempt::Busy if self.lanes.send.awaits_leave(&mut pacer) => {}
                Attempt::Impossible => return Err(0),
                Attempt::Busy | Attempt::Early | Attempt::Locked => return Err(returns),
            }
            last = self.send_in_lane(unsent);
        }
    }

    /// As [`send_again`](Channel::send_again).
    #[cold]
    #[inline(never)]
    fn recv_again(
        &self,
        patience: Patience,
        mut last: Attempt<T>,
        returns: u32,
    ) -> Result<Result<T, RecvFailure>, u32> {
        if let Attempt::Locked = last {
            last = self.recv_in_lane();
        }
        let mut pacer = Pacer::patient(PAUSES);
        loop {
            match last {
                Attempt::Done(value) => return Ok(Ok(value)),
                Attempt::Impossible if matches!(patience, Patience::Try | Patience::TryItem) => {
                    return Ok(Err(RecvFailure::Empty));
                }
                Attempt::Impossible if self.linger(|len| len > 0) => {}
                Attempt::Early if matches!(patience, Patience::Try | Patience::TryItem) => {}
                Attempt::Early => self.fall_behind(),
                Attempt::Busy if self.lanes.recv.awaits_leave(&mut pacer) => {}
                Attempt::Impossible => return Err(0),
                Attempt::Busy | Attempt::Locked => return Err(returns),
            }
            last = self.recv_in_lane();
        }
    }

    /// As [`send_again`](Channel::send_again), for a task, whose value is asked for when it can be sent: what came of the last
    /// attempt. It waits for who else is in the lane too, but not for long, and does not give the CPU away, which its executor
    /// has other uses for.
    #[cfg(feature = "async")]
    #[cold]
    #[inline(never)]
    pub(super) fn send_again_for_task(&self, value: impl Fn() -> Option<T>, mut last: Attempt<()>) -> Attempt<()> {
        let mut pacer = Pacer::brief(PAUSES);
        loop {
            match last {
                Attempt::Impossible if self.linger_for_task(|len| len < self.front.capacity) => {}
                Attempt::Busy if self.lanes.send.awaits_leave(&mut pacer) => {}
                _ => return last,
            }
            last = self.send_in_lane_from(&value);
        }
    }

    /// As [`recv_again`](Channel::recv_again), for a task, as in [`send_again_for_task`](Channel::send_again_for_task).
    #[cfg(feature = "async")]
    #[cold]
    #[inline(never)]
    pub(super) fn recv_again_for_task(&self, mut last: Attempt<T>) -> Attempt<T> {
        let mut pacer = Pacer::brief(PAUSES);
        loop {
            match last {
                Attempt::Impossible if self.linger_for_task(|len| len > 0) => {}
                Attempt::Early => self.fall_behind(),
                Attempt::Busy if self.lanes.recv.awaits_leave(&mut pacer) => {}
                _ => return last,
            }
            last = self.recv_in_lane();
        }
    }

    /// Waits a little for the other side to change the number of values, before the lanes are shut to wait for it.
    ///
    /// That makes sense where values come and go in bursts: then the other side is at work. Where there is no room for a burst,
    /// the two sides take turns, and for that a hand-over is made.
    fn linger(&self, is_reached: impl Fn(usize) -> bool) -> bool {
        self.front.capacity >= Front::MANY && linger(PAUSES, || self.snapshot(&is_reached) != Some(false))
    }

    /// As [`linger`](Channel::linger), for a task.
    #[cfg(feature = "async")]
    fn linger_for_task(&self, is_reached: impl Fn(usize) -> bool) -> bool {
        self.front.capacity >= Front::MANY && linger_for_task(PAUSES, || self.snapshot(&is_reached) != Some(false))
    }
}
