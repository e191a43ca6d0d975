//! Step 1: which operations may proceed, and which of those is tried first.

use gosync_atomic::__sys::{ord, pick, step};

use super::super::Patience;
use super::port::Fired;
use super::{How, Operation, Port};

/// The first look: how many operations may proceed.
#[inline]
pub(super) fn look(operations: &[Operation<'_>], seen: &mut [usize]) -> usize {
    let mut ready = 0;
    for (operation, seen) in operations.iter().zip(seen) {
        // Acquire: pairs with the Release in `Held::publish`; the head of this file says what for.
        *seen = operation.port.map_or(0, |port| port.front().signs.load(ord!("select.look", Acquire)));
        ready += usize::from(operation.may_proceed(*seen));
    }
    ready
}

/// The second look, after one that has found nothing ready: whether there was an instant at which nothing was.
#[inline]
pub(super) fn nothing_has_changed(operations: &[Operation<'_>], seen: &[usize]) -> bool {
    // One word has its instant by itself.
    let unchanged = operations.len() == 1
        || operations.iter().zip(seen).all(|(operation, seen)| {
            // Relaxed: the head of this file says why.
            operation.port.is_none_or(|port| port.front().signs.load(ord!("select.look-again", Relaxed)) == *seen)
        });
    step!("select.unchanged", unchanged, else true)
}

/// Whether it makes sense to [try one](try_one) first. Who does not want to wait mostly finds nothing, for which all are to be
/// looked at.
#[inline]
pub(super) fn may_guess(operations: &[Operation<'_>], how: &How) -> bool {
    matches!(how.patience, Patience::Until(_)) && !how.biased && operations.len() > 1
}

/// Tries one of the operations, any of them, if it may proceed. If it was not done, all are to be looked at.
///
/// The others are not looked at, so that the lines of their channels stay with those who use them; and where most are
/// ready, most selects end here. All that are ready remain equally likely: one of `k` out of `n` is tried here with the probability
/// 1/n, and is chosen later with (n - k)/n · 1/k: 1/k together.
#[inline]
pub(super) fn try_one<'a>(
    operations: &[Operation<'a>],
    fire: impl FnOnce(usize, &Operation<'a>, &'a (dyn Port + 'a)) -> Fired,
) -> Option<(usize, Fired)> {
    let number = pick(operations.len());
    let operation = &operations[number];
    let port = operation.port?;
    // Relaxed: advice. The lock tells.
    if !operation.may_proceed(port.front().signs.load(ord!("select.guess", Relaxed))) {
        return None;
    }
    let fired = fire(number, operation, port);
    (!matches!(fired, Fired::No | Fired::NotDue)).then_some((number, fired))
}

/// Tries those of the operations that may proceed, as was seen, beginning with one of `ready` at random, or with the first.
/// Ends also with a timer that is not due: then [`ask_timers`](super::timers::ask_timers) is to be called, so that of those that are ready each is as
/// likely as the others.
#[inline]
pub(super) fn try_each<'a>(
    operations: &[Operation<'a>],
    seen: &[usize],
    ready: usize,
    biased: bool,
    mut fire: impl FnMut(usize, &Operation<'a>, &'a (dyn Port + 'a)) -> Fired,
) -> Option<(usize, Fired)> {
    let mut skip = if biased || ready < 2 { 0 } else { pick(ready) };
    // Twice round: up to the one to begin with, from there on, and again up to there.
    for _ in 0..2 {
        for (number, (operation, seen)) in operations.iter().zip(seen).enumerate() {
            let Some(port) = operation.port.filter(|_| operation.may_proceed(*seen)) else { continue };
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let fired = fire(number, operation, port);
            if !matches!(fired, Fired::No) {
                return Some((number, fired));
            }
        }
    }
    None
}
