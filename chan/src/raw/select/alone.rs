//! Steps 1 and 2 for threads: what can be done at once, with no lock but that of one channel.
//!
//! What a look without a lock says is advice: whatever is done is done by [`fire_alone`], which asks again under the lock of
//! its channel, and has that operation's edges. No node of this select is in a queue yet, so there is nothing to claim. When it may
//! be said that nothing is ready, the head of `mod.rs` says.

use std::ptr::NonNull;

use gosync_atomic::__sys::{Sleeper, ord, pick};

use super::super::Patience;
use super::super::queue::Observers;
use super::super::waiter::{Case, Outcome};
use super::choice::{first_of, look, may_guess, nothing_has_changed, try_each, try_in_order};
use super::port::Fired;
use super::timers::ask_timers;
use super::{How, Operation, Port, settle};

/// What can be said without locking all channels.
pub(super) enum Now {
    Won(usize, Outcome),
    Nothing,
    Unclear,
}

/// Steps 1 and 2. There is a place in `seen` for each operation.
#[inline]
pub(super) fn at_once<const JUMPS: bool>(operations: &[Operation<'_>], seen: &mut [usize], how: &How) -> Now {
    if !JUMPS && may_guess(operations, how) {
        let number = pick(operations.len());
        if let Some(outcome) = guess(&operations[number], how) {
            return Now::Won(number, outcome);
        }
    }
    let ready = look(operations, seen);
    if ready == 0 {
        let nothing = matches!(how.patience, Patience::Try) && nothing_has_changed(operations, seen);
        return if nothing { Now::Nothing } else { Now::Unclear };
    }
    match fire_one::<JUMPS>(operations, seen, ready, how) {
        Some((number, outcome)) => Now::Won(number, outcome),
        None => Now::Unclear,
    }
}

/// Tries one of several operations, any of them, if it may proceed. If it was not done, all are to be looked at.
///
/// The others are not looked at, so that the lines of their channels stay with those who use them; and where most are
/// ready, most selects end here. All that are ready remain equally likely: one of `k` out of `n` is tried here with the probability
/// 1/n, and is chosen later with (n - k)/n · 1/k: 1/k together.
///
/// Who knows the operations when it is compiled has done that before, as a plain receive, which is less to do.
#[inline]
pub(crate) fn guess(operation: &Operation<'_>, how: &How) -> Option<Outcome> {
    let port = operation.port?;
    // Relaxed: advice. The lock tells.
    if !operation.may_proceed(port.front().signs.load(ord!("select.guess", Relaxed))) {
        return None;
    }
    let sleeper = Sleeper::new();
    let mut observers = Observers::default();
    match fire_alone((0, operation, port), &sleeper, how, &mut observers) {
        Fired::Won(outcome, None) => Some(outcome),
        Fired::No | Fired::NotDue => None,
        fired => settle_guess(operation, fired, &sleeper, observers),
    }
}

/// What [`guess`] does when something is left to be settled.
#[inline(never)]
fn settle_guess(operation: &Operation<'_>, fired: Fired, sleeper: &Sleeper, observers: Observers) -> Option<Outcome> {
    drop(observers);
    settled(operation, fired, sleeper)
}

/// Step 1, for those of which it was seen that they may proceed. `None`: none of them could, or it came to nothing.
///
/// The first that is tried is done, as a rule, and nothing is left to be settled. That has its way through registers: what is
/// written to memory in pieces and read as a whole costs as much as a lock.
#[inline(always)]
fn fire_one<const JUMPS: bool>(
    operations: &[Operation<'_>],
    seen: &mut [usize],
    ready: usize,
    how: &How,
) -> Option<(usize, Outcome)> {
    let sleeper = Sleeper::new();
    let mut observers = Observers::default();
    let first = first_of::<JUMPS>(operations, seen, ready, how.biased);
    let operation = operations.get(first)?;
    let fired = fire_alone((first, operation, operation.port?), &sleeper, how, &mut observers);
    if let Fired::Won(outcome, None) = fired {
        return Some((first, outcome));
    }
    fire_on(operations, seen, (first, fired), how, &sleeper, observers)
}

/// What [`fire_one`] does when the first has not simply been done.
#[inline(never)]
fn fire_on(
    operations: &[Operation<'_>],
    seen: &mut [usize],
    (first, fired): (usize, Fired),
    how: &How,
    sleeper: &Sleeper,
    mut observers: Observers,
) -> Option<(usize, Outcome)> {
    let others = (first + 1..operations.len()).chain(0..first);
    let won = match fired {
        Fired::No => try_in_order(operations, seen, others, |number, operation, port| {
            fire_alone((number, operation, port), sleeper, how, &mut observers)
        }),
        fired => Some((first, fired)),
    };
    drop(observers);
    let (number, fired) = won?;
    if matches!(fired, Fired::NotDue) {
        return without_timer(operations, seen, number, how);
    }
    settled(&operations[number], fired, sleeper).map(|outcome| (number, outcome))
}

/// Step 1 again, when it turned out that this timer is not due.
#[cold]
#[inline(never)]
fn without_timer(
    operations: &[Operation<'_>],
    seen: &mut [usize],
    number: usize,
    how: &How,
) -> Option<(usize, Outcome)> {
    let sleeper = Sleeper::new();
    let mut observers = Observers::default();
    let ready = ask_timers(operations, seen, number, false);
    let won = try_each(operations, seen, ready, how.biased, |number, operation, port| {
        fire_alone((number, operation, port), &sleeper, how, &mut observers)
    });
    drop(observers);
    let (number, fired) = won?;
    // If it is another that is not due, somebody was faster.
    settled(&operations[number], fired, &sleeper).map(|outcome| (number, outcome))
}

/// As [`settle`], with nothing for who was promised a value and did not get it: it has committed itself to nothing.
fn settled(operation: &Operation<'_>, fired: Fired, sleeper: &Sleeper) -> Option<Outcome> {
    let outcome = settle(operation, fired, sleeper, ());
    (outcome != Outcome::Retry).then_some(outcome)
}

/// Tries one operation, under the lock of its channel alone.
#[inline(always)]
fn fire_alone(
    (number, operation, port): (usize, &Operation<'_>, &dyn Port),
    sleeper: &Sleeper,
    how: &How,
    observers: &mut Observers,
) -> Fired {
    let case = Case::of_thread(sleeper, number, operation.wants(how));
    let _lock = port.front().lock.lock();
    // SAFETY: the lock is held; only a transfer needs a node, and then it is the operation's.
    unsafe { port.fire(operation.side, case, operation.node.unwrap_or(NonNull::dangling()), observers) }
}
