//! [`Sleeper`]: how one blocked operation sleeps until somebody completes it, once.
//!
//! | bits of the word | meaning | who sets them |
//! | --- | --- | --- |
//! | `ASLEEP` | its thread sleeps or is about to | its thread |
//! | `CLAIMED` | one of several that could complete it has won the right to | the winner |
//! | `CHANGING` | its task is about to leave another waker beside the word | its task |
//! | `BESIDE` | its thread sleeps, or is about to, on another word too, the gate | its thread |
//! | `TAKING` | who completes it has begun to, and has taken the waker unless it found `CHANGING` | who has claimed it |
//! | the rest | 0: not completed; another: completed, in this way | who may complete it |
//!
//! It is part of a node that lives on the stack of its thread and that others know from some queue. Who may complete it
//! is the queue's affair: taking the node out of it is the claim. An operation that has nodes in several queues shares
//! one sleeper among them, and whoever takes out one of the nodes may complete it only after a [`claim`](Sleeper::claim).
//!
//! The completion's swap is the last access to the node, and the wake-up that may follow goes by address, so the thread
//! may leave its stack frame as soon as it sees the outcome. The swap is `Release` and the thread's look `Acquire`:
//! everything that the claimer did to the node, and before, happens before what the thread does next.
//!
//! Who completes many at a time pays for a wake-up of each, and the threads run one by one, each on a CPU that has just gone
//! idle. Where that may come, threads sleep on two words: their own, and one that they share, the *gate*, and are then
//! completed without being woken, and woken all at once at the gate. `BESIDE` says so, and each completion sees it or not:
//! whoever does not wakes the thread by its own word. A thread that cannot sleep so takes the bit back first.
//!
//! A task does not sleep on the word. If it has a node in one queue alone, nobody but who completes it changes the word, and the
//! completion is a plain store, also `Release`.
//!
//! A task leaves a [`Waker`](std::task::Waker) beside the word before others know of it, and may have to leave another one
//! when it is polled again. Where one lock guards both that and the claim, this word has no part in it. If there are several
//! queues, it and who completes it announce themselves, each by a bit, before they touch the waker, and see each other's: who
//! comes second leaves it alone. A task that finds itself second will be completed in a moment, and stays until then, so that
//! nobody has to wake it. The `Acquire` of `TAKING` pairs with the `Release` by which `CHANGING` goes; the first waker has been
//! seen through the queue's lock.
//!
//! A claim orders nothing: what the winner reads of the node it has seen through the queue's lock, and the losers learn
//! nothing but that they lost.

use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Cpu, Futex, Pacer, Waker, await_state, ord, step, woke_a_peer};

const ASLEEP: u32 = 1;
const CLAIMED: u32 = 2;
const CHANGING: u32 = 4;
const TAKING: u32 = 8;
const BESIDE: u32 = 16;
/// Outcomes stand above the flags.
const OUTCOME: u32 = 5;

/// The word of one blocked operation.
#[derive(Debug)]
pub struct Sleeper {
    word: Futex,
}

impl Sleeper {
    /// The smallest outcome.
    pub const FIRST_OUTCOME: u32 = 1;
    /// The largest one.
    pub const LAST_OUTCOME: u32 = u32::MAX >> OUTCOME;

    super::const_fn! {
        /// One that nobody has completed.
        #[inline(always)]
        #[must_use]
        pub const fn new() -> Sleeper {
            Sleeper { word: Futex::new(0) }
        }
    }

    /// Spins for a moment, as long as that may save a sleep: see [`await_state`]. `peer` is where the thread that is
    /// likely to complete this last ran. Orders nothing.
    #[inline]
    pub fn spin(&self, peer: Cpu) {
        // Who has claimed it is about to complete it: that is not the time to go to sleep.
        await_state(&self.word, peer, |state| state >> OUTCOME != 0);
    }

    /// Sleeps until completed: `Some` outcome; or until the deadline has passed: `None`, after which it may be
    /// completed at any time, so the caller either takes the node out of its queue (and claims a shared sleeper itself)
    /// or waits again.
    #[inline]
    pub fn wait(&self, deadline: Option<Instant>) -> Option<u32> {
        // Who has waited awake need not announce a sleep, for which the line would have to move once more.
        if let Some(outcome) = self.outcome() {
            return Some(outcome);
        }
        let word = &self.word;
        // Relaxed: it announces a sleep and publishes nothing; the load below looks again.
        step!("sleeper.announce", {
            let _ = word.fetch_or(ASLEEP, ord!("sleeper.sleep", Relaxed));
        });
        loop {
            // Acquire: pairs with the Release in `complete`; makes what the claimer did visible.
            let state = word.load(ord!("sleeper.completed", Acquire));
            if state >> OUTCOME != 0 {
                return Some(state >> OUTCOME);
            }
            if !word.wait_until(state, deadline) {
                return None;
            }
        }
    }

    /// As [`wait`](Sleeper::wait), without a deadline, for one that may be completed with others of the same `gate` by
    /// [`complete_asleep`](Sleeper::complete_asleep), after which all at the gate are woken. That alone is what ends the sleep:
    /// the gate's value, which is `at_gate` as a rule, may change and change back. While it differs, this one sleeps alone.
    pub fn wait_beside(&self, gate: &Futex, at_gate: u32) -> u32 {
        if let Some(outcome) = self.outcome() {
            return outcome;
        }
        let word = &self.word;
        // Relaxed: as in `wait`.
        step!("sleeper.announce-beside", {
            let _ = word.fetch_or(ASLEEP | BESIDE, ord!("sleeper.sleep-beside", Relaxed));
        });
        loop {
            // Acquire: pairs with the Release in `complete_asleep` and `complete`.
            let state = word.load(ord!("sleeper.completed-beside", Acquire));
            if state >> OUTCOME != 0 {
                return state >> OUTCOME;
            }
            if !word.wait_beside(state, gate, at_gate) {
                break;
            }
        }
        // Relaxed: as above. A completion that has seen the bit is seen below.
        step!("sleeper.not-beside", {
            let _ = word.fetch_and(!BESIDE, ord!("sleeper.sleep-alone", Relaxed));
        });
        self.wait(None).expect("there is no deadline")
    }

    /// How it was completed, if it was. Orders what the claimer did, as `wait` does.
    #[inline]
    #[must_use]
    pub fn outcome(&self) -> Option<u32> {
        // Acquire: pairs with the Release in `complete`.
        let outcome = self.word.load(ord!("sleeper.outcome", Acquire)) >> OUTCOME;
        (outcome != 0).then_some(outcome)
    }

    /// Whether the task may leave another waker. If not, it is completed, or is about to be.
    #[must_use]
    pub fn begin_change(&self) -> bool {
        // Relaxed: it announces; what the task then writes was there before for nobody else to write.
        let before = self.word.fetch_or(CHANGING, ord!("sleeper.begin-change", Relaxed));
        step!("sleeper.yield-to-taker", before & TAKING == 0 && before >> OUTCOME == 0, else true)
    }

    /// The task has left another waker: whether somebody will call it. If not, it is completed, or is about to be, and the
    /// waker is still there.
    #[must_use]
    pub fn end_change(&self) -> bool {
        // Release: pairs with the Acquire in `begin_completion`.
        let before = self.word.fetch_and(!CHANGING, ord!("sleeper.end-change", Release));
        step!("sleeper.notice-taker", before & TAKING == 0 && before >> OUTCOME == 0, else true)
    }

    /// For who has claimed it, and completes it next: whether to take the waker.
    #[inline]
    #[must_use]
    pub fn begin_completion(&self) -> bool {
        // Acquire: pairs with the Release in `end_change`; makes the waker visible that was left there.
        let before = self.word.fetch_or(TAKING, ord!("sleeper.take-waker", Acquire));
        step!("sleeper.yield-to-change", before & CHANGING == 0, else true)
    }

    /// For a task that was claimed: the outcome, as soon as it is there. Who has claimed it is a few instructions from the
    /// completion, which wakes nobody. Orders what the claimer did, as `wait` does.
    #[must_use]
    pub fn outlast_claimer(&self) -> u32 {
        let mut pacer = Pacer::new();
        loop {
            if let Some(outcome) = self.outcome() {
                return outcome;
            }
            pacer.persist();
        }
    }

    /// Whether it was completed. Orders what the claimer did, as `wait` does.
    pub fn is_completed(&self) -> bool {
        // Acquire: pairs with the Release in `complete`.
        self.word.load(ord!("sleeper.is-completed", Acquire)) >> OUTCOME != 0
    }

    /// Wins the right to complete a sleeper that several could complete; `false` if somebody has won it before. Its own
    /// thread may win it too, and gives up then. Orders nothing.
    #[inline]
    pub fn claim(&self) -> bool {
        // Relaxed: see the head of this file.
        self.word.fetch_or(CLAIMED, ord!("sleeper.claim", Relaxed)) & CLAIMED == 0
    }

    /// Whether somebody has claimed it. Orders nothing.
    pub fn is_claimed(&self) -> bool {
        // Relaxed: an old answer is `false`, and a claim will tell.
        self.word.load(ord!("sleeper.is-claimed", Relaxed)) & CLAIMED != 0
    }

    /// Completes an operation with `outcome`, and wakes its thread if it sleeps.
    ///
    /// # Safety
    ///
    /// `sleeper` is alive; the caller has claimed its operation, and this is its only completion. It may be gone
    /// afterwards.
    #[inline]
    pub unsafe fn complete(sleeper: NonNull<Sleeper>, outcome: u32) {
        // SAFETY: the caller's contract.
        let (before, waker) = unsafe { Self::set_outcome(sleeper, outcome, ord!("sleeper.complete", Release)) };
        if before & ASLEEP != 0 {
            step!("sleeper.wake", waker.wake_one());
            woke_a_peer();
        }
    }

    /// As [`complete`](Sleeper::complete), but if its thread sleeps [beside](Sleeper::wait_beside) a gate it is left to sleep:
    /// `true`, and the caller has to wake all at the gate.
    ///
    /// # Safety
    ///
    /// As for [`complete`](Sleeper::complete).
    #[must_use]
    pub unsafe fn complete_asleep(sleeper: NonNull<Sleeper>, outcome: u32) -> bool {
        // SAFETY: the caller's contract.
        let (before, waker) = unsafe { Self::set_outcome(sleeper, outcome, ord!("sleeper.complete-asleep", Release)) };
        let is_beside = before & BESIDE != 0;
        if before & ASLEEP != 0 && !is_beside {
            step!("sleeper.wake-alone", waker.wake_one());
            woke_a_peer();
        }
        is_beside
    }

    /// The change that is the completion; what the word was before, and what wakes its thread.
    ///
    /// # Safety
    ///
    /// As for [`complete`](Sleeper::complete).
    #[inline(always)]
    unsafe fn set_outcome(sleeper: NonNull<Sleeper>, outcome: u32, release: Ordering) -> (u32, Waker) {
        debug_assert!((Self::FIRST_OUTCOME..=Self::LAST_OUTCOME).contains(&outcome));
        // SAFETY: the caller's contract: it lives until the swap below.
        let word = unsafe { &sleeper.as_ref().word };
        let waker = word.waker();
        // Release: pairs with the Acquire in `wait`. The last access.
        // Claimed for ever: who still finds a node of it elsewhere must not win it again.
        (word.swap(outcome << OUTCOME | CLAIMED, release), waker)
    }
}

impl Sleeper {
    /// As [`complete`](Sleeper::complete), of a task with one node, which does not sleep here.
    ///
    /// # Safety
    ///
    /// As for [`complete`](Sleeper::complete); nobody else changes the word, as a claim does, or a [`wait`](Sleeper::wait).
    #[inline(always)]
    pub unsafe fn complete_task(sleeper: NonNull<Sleeper>, outcome: u32) {
        debug_assert!((Self::FIRST_OUTCOME..=Self::LAST_OUTCOME).contains(&outcome));
        // SAFETY: the caller's contract: it lives until the store.
        let word = unsafe { &sleeper.as_ref().word };
        // Release: pairs with the Acquire in `outcome`. The last access.
        word.store(outcome << OUTCOME, ord!("sleeper.complete-task", Release));
    }
}

impl Default for Sleeper {
    fn default() -> Sleeper {
        Sleeper::new()
    }
}
