//! [`Sleeper`]: how one blocked operation sleeps until somebody completes it, once.
//!
//! | word | meaning | who changes it |
//! | --- | --- | --- |
//! | `WAITING` | not completed; its thread is awake | nobody: the first state |
//! | `ASLEEP` | the same, but its thread sleeps or is about to | its thread |
//! | [`FIRST_OUTCOME`](Sleeper::FIRST_OUTCOME) and above | completed, in this way | whoever claimed the operation |
//!
//! It is part of a node that lives on the stack of its thread and that others know from some queue. Who may complete it
//! is the queue's affair: taking the node out of it is the claim.
//!
//! The completion's swap is the last access to the node, and the wake-up that may follow goes by address, so the thread
//! may leave its stack frame as soon as it sees the outcome. The swap is `Release` and the thread's look `Acquire`:
//! everything that the claimer did to the node, and before, happens before what the thread does next.

use std::ptr::NonNull;
use std::time::Instant;

use super::{Cpu, Futex, await_change, ord, step, woke_a_peer};

const WAITING: u32 = 0;
const ASLEEP: u32 = 1;

/// The word of one blocked operation.
#[derive(Debug)]
pub struct Sleeper {
    word: Futex,
}

impl Sleeper {
    /// The smallest outcome.
    pub const FIRST_OUTCOME: u32 = 2;

    super::const_fn! {
        /// One that nobody has completed.
        #[inline(always)]
        #[must_use]
        pub const fn new() -> Sleeper {
            Sleeper { word: Futex::new(WAITING) }
        }
    }

    /// Spins for a moment, as long as that may save a sleep: see [`await_change`]. `peer` is where the thread that is
    /// likely to complete this last ran. Orders nothing.
    #[inline]
    pub fn spin(&self, peer: Cpu) {
        await_change(&self.word, WAITING, peer);
    }

    /// Sleeps until completed: `Some` outcome; or until the deadline has passed: `None`, after which it may be
    /// completed at any time, so the caller either takes the node out of its queue or waits again.
    #[inline]
    pub fn wait(&self, deadline: Option<Instant>) -> Option<u32> {
        let word = &self.word;
        // Relaxed on success: it announces a sleep and publishes nothing. Relaxed on failure: the load below looks again.
        step!("sleeper.announce", {
            let _ = word.compare_exchange(
                WAITING,
                ASLEEP,
                ord!("sleeper.sleep", Relaxed),
                ord!("sleeper.sleep.fail", Relaxed),
            );
        });
        loop {
            // Acquire: pairs with the Release in `complete`; makes what the claimer did visible.
            let state = word.load(ord!("sleeper.completed", Acquire));
            if state >= Self::FIRST_OUTCOME {
                return Some(state);
            }
            if !word.wait_until(ASLEEP, deadline) {
                return None;
            }
        }
    }

    /// Whether it was completed. Orders what the claimer did, as `wait` does.
    pub fn is_completed(&self) -> bool {
        // Acquire: pairs with the Release in `complete`.
        self.word.load(ord!("sleeper.is-completed", Acquire)) >= Self::FIRST_OUTCOME
    }

    /// Completes an operation with `outcome`, and wakes its thread if it sleeps.
    ///
    /// # Safety
    ///
    /// `sleeper` is alive; the caller has claimed its operation, and this is its only completion. It may be gone
    /// afterwards.
    #[inline]
    pub unsafe fn complete(sleeper: NonNull<Sleeper>, outcome: u32) {
        debug_assert!(outcome >= Self::FIRST_OUTCOME);
        // SAFETY: the caller's contract: it lives until the swap below.
        let word = unsafe { &sleeper.as_ref().word };
        let waker = word.waker();
        // Release: pairs with the Acquire in `wait`. The last access.
        if word.swap(outcome, ord!("sleeper.complete", Release)) == ASLEEP {
            step!("sleeper.wake", waker.wake_one());
            woke_a_peer();
        }
    }
}

impl Default for Sleeper {
    fn default() -> Sleeper {
        Sleeper::new()
    }
}
