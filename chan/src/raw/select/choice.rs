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

/// Whether it makes sense to [try one](super::alone) first. Who does not want to wait mostly finds nothing, for which all
/// are to be looked at.
#[inline]
pub(super) fn may_guess(operations: &[Operation<'_>], how: &How) -> bool {
    matches!(how.patience, Patience::Until(_)) && !how.biased && operations.len() > 1
}

/// Tries those of the operations that may proceed, as was seen, beginning with one of `ready` at random, or with the first.
/// Ends also with a timer that is not due: then [`ask_timers`](super::timers::ask_timers) is to be called, so that of those
/// that are ready each is as likely as the others.
#[inline]
pub(super) fn try_each<'a>(
    operations: &[Operation<'a>],
    seen: &[usize],
    ready: usize,
    biased: bool,
    fire: impl FnMut(usize, &Operation<'a>, &'a (dyn Port + 'a)) -> Fired,
) -> Option<(usize, Fired)> {
    try_from(operations, seen, if biased || ready < 2 { 0 } else { pick(ready) }, fire)
}

/// As [`try_each`], for who may have tried one of the operations before, any of them, which came to nothing: if that may proceed
/// all the same, because there was more to it than the guess does, it is the one to begin with. So all that are ready remain equally
/// likely, as they are with a [`guess`](super::alone::guess) that does whatever can be done.
#[cfg(feature = "async")]
#[inline]
pub(super) fn try_each_after_guess<'a>(
    operations: &[Operation<'a>],
    seen: &[usize],
    ready: usize,
    (biased, guessed): (bool, Option<usize>),
    fire: impl FnMut(usize, &Operation<'a>, &'a (dyn Port + 'a)) -> Fired,
) -> Option<(usize, Fired)> {
    let skip = match guessed {
        _ if biased || ready < 2 => 0,
        Some(number) if operations[number].may_proceed(seen[number]) => ready_before(operations, seen, number),
        _ => pick(ready),
    };
    try_from(operations, seen, skip, fire)
}

/// How many of the operations before this one may proceed.
#[cfg(feature = "async")]
#[cold]
#[inline(never)]
fn ready_before(operations: &[Operation<'_>], seen: &[usize], number: usize) -> usize {
    operations[..number].iter().zip(seen).filter(|(operation, seen)| operation.may_proceed(**seen)).count()
}

/// Tries those that may proceed, as was seen, beginning with the one that has so many of them before it.
#[inline(always)]
fn try_from<'a>(
    operations: &[Operation<'a>],
    seen: &[usize],
    mut skip: usize,
    mut fire: impl FnMut(usize, &Operation<'a>, &'a (dyn Port + 'a)) -> Fired,
) -> Option<(usize, Fired)> {
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

/// Those of these operations that may proceed, one after the other, until one is done or is a timer that is not due.
#[inline]
pub(super) fn try_in_order<'a>(
    operations: &[Operation<'a>],
    seen: &[usize],
    mut numbers: impl Iterator<Item = usize>,
    mut fire: impl FnMut(usize, &Operation<'a>, &'a (dyn Port + 'a)) -> Fired,
) -> Option<(usize, Fired)> {
    numbers.find_map(|number| {
        let operation = &operations[number];
        let port = operation.port.filter(|_| operation.may_proceed(seen[number]))?;
        let fired = fire(number, operation, port);
        (!matches!(fired, Fired::No)).then_some((number, fired))
    })
}

/// The operation to begin with: one of the `ready` that may proceed, at random, or the first. If there is none, their number.
///
/// No processor foresees a jump that hangs on chance. Who knows the operations when it is compiled jumps to what it does about
/// the one that was done, so it `JUMPS` as soon as it knows it, here, and the later jump is foreseen by this one. Who does not
/// looks something up by the number, without a jump; so it is found without one.
#[inline(always)]
pub(super) fn first_of<const JUMPS: bool>(
    operations: &[Operation<'_>],
    seen: &[usize],
    ready: usize,
    biased: bool,
) -> usize {
    let mut skip = if biased || ready < 2 { 0 } else { pick(ready) };
    let mut may_proceed = operations.iter().zip(seen).map(|(operation, seen)| operation.may_proceed(*seen));
    if JUMPS {
        let is_it = |may: bool| {
            let is_it = may && skip == 0;
            skip -= usize::from(may && !is_it);
            is_it
        };
        return may_proceed.position(is_it).unwrap_or(operations.len());
    }
    let mut so_far = 0;
    may_proceed.fold(0, |before, may| {
        so_far += usize::from(may);
        before + usize::from(so_far <= skip)
    })
}
