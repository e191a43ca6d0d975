//! The search for an order that explains a history, and what is shown of one that has none.
//!
//! A history is linearizable if each operation can be given a point between its call and its return so that, point by
//! point, the specification does what the operations reported. Some specifications let two operations happen at one point
//! inside both: a send and its receive at capacity 0. The search is Wing and Gong's, with a memory of the states that lead
//! nowhere.
//!
//! What is shown of a violation is a smaller one, by two steps that cannot invent it. What comes before some time is kept:
//! if no order explains that, with the operations that have not returned by then done or left out at will, no order
//! explains all. And an operation is left out, if it is not needed: one that changes nothing, or one that has not returned by then
//! and does not explain what had.

use std::collections::HashSet;
use std::fmt::{Debug, Write as _};
use std::hash::Hash;

/// What an object does, one operation after the other. The value is the object's state.
pub(crate) trait Spec: Clone + Eq + Hash {
    /// An operation and what it reported.
    type Effect: Clone + Debug;

    /// The states that can be after an operation by itself; none if it could not have reported this.
    fn after(&self, effect: &Self::Effect) -> Vec<Self>;

    /// The state after two that happen together.
    fn after_both(&self, _first: &Self::Effect, _second: &Self::Effect) -> Option<Self> {
        None
    }
}

/// An operation: what it reported, who called it, and when it was called and returned, by one clock for all threads.
#[derive(Clone, Debug)]
pub(crate) struct Event<E> {
    pub(crate) thread: usize,
    pub(crate) effect: E,
    pub(crate) called: usize,
    pub(crate) returned: usize,
}

struct Search<'a, S: Spec> {
    events: &'a [Event<S::Effect>],
    /// Those that must be explained; the others may be left out.
    needed: u128,
    /// Sets of explained operations, with the state after them, that lead nowhere.
    hopeless: HashSet<(u128, S)>,
}

/// Whether some order explains the history of an object that was in this state at its start.
pub(crate) fn linearizable<S: Spec>(start: &S, events: &[Event<S::Effect>]) -> bool {
    explains(start, events, usize::MAX)
}

/// As above, of what had happened at a time: operations that had not returned may have been done, or not.
fn explains<S: Spec>(start: &S, events: &[Event<S::Effect>], time: usize) -> bool {
    assert!(events.len() < 128, "the search keeps a set of events in one word");
    let needed =
        events.iter().enumerate().filter(|(_, event)| event.returned <= time).fold(0, |set, (i, _)| set | 1 << i);
    Search { events, needed, hopeless: HashSet::new() }.explains(0, start)
}

impl<S: Spec> Search<'_, S> {
    /// Whether the operations that are not in `done` can follow.
    fn explains(&mut self, done: u128, state: &S) -> bool {
        if self.needed & !done == 0 {
            return true;
        }
        if self.hopeless.contains(&(done, state.clone())) {
            return false;
        }
        let events = self.events;
        let open = || (0..events.len()).filter(move |i| done >> i & 1 == 0);
        // What was called after another one had returned cannot come before that one.
        let first_return = open().map(|i| events[i].returned).min();
        let next: Vec<usize> = open().filter(|&i| Some(events[i].called) < first_return).collect();
        let found = next.iter().any(|&i| {
            let effect = &events[i].effect;
            let alone = state.after(effect).iter().any(|after| self.explains(done | 1 << i, after));
            alone
                || next.iter().filter(|&&j| j != i).any(|&j| {
                    let after = state.after_both(effect, &events[j].effect);
                    after.is_some_and(|after| self.explains(done | 1 << i | 1 << j, &after))
                })
        });
        if !found {
            self.hopeless.insert((done, state.clone()));
        }
        found
    }
}

/// A violation that is no longer than need be, of a history that is one.
pub(crate) fn minimised<S: Spec>(start: &S, events: &[Event<S::Effect>]) -> Vec<Event<S::Effect>> {
    let mut times: Vec<_> = events.iter().map(|event| event.returned).collect();
    times.sort_unstable();
    let at = |time: usize| events.iter().filter(|event| event.called < time).cloned().collect::<Vec<_>>();
    let time = times.into_iter().find(|&time| !explains(start, &at(time), time)).expect("all of it is a violation");
    let mut kept = at(time);
    // From its end, so that what is left is early. What is open goes last: as long as it is there, what is left is not to be explained
    // with it either.
    for open in [false, true] {
        for i in (0..kept.len()).rev() {
            let mut fewer = kept.clone();
            let event = fewer.remove(i);
            let may_go = match open {
                false => event.returned <= time && changes_nothing(start, events, &event.effect),
                true => event.returned > time && explains(start, &fewer, time.saturating_sub(1)),
            };
            if may_go && !explains(start, &fewer, time) {
                kept = fewer;
            }
        }
    }
    // What is still open returned later than all that is shown.
    kept.iter_mut().filter(|event| event.returned > time).for_each(|event| event.returned = usize::MAX);
    kept
}

/// Whether an operation leaves every state as it is that the others can lead to, as far as one step of each shows.
fn changes_nothing<S: Spec>(start: &S, events: &[Event<S::Effect>], effect: &S::Effect) -> bool {
    let mut states = vec![start.clone()];
    for event in events {
        let next: Vec<_> = states.iter().flat_map(|state| state.after(&event.effect)).collect();
        states.extend(next.into_iter().take(8));
        states.truncate(256);
    }
    let both = events.iter().any(|event| {
        states.iter().any(|state| {
            state.after_both(effect, &event.effect).is_some() || state.after_both(&event.effect, effect).is_some()
        })
    });
    !both && states.iter().all(|state| state.after(effect).iter().all(|after| after == state))
}

/// Panics with a picture unless some order explains the history.
#[track_caller]
pub(crate) fn check<S: Spec + Debug>(start: &S, events: &[Event<S::Effect>]) {
    if !linearizable(start, events) {
        let small = picture(&minimised(start, events));
        panic!("no order explains this, from {start:?}:\n{small}\nIt is part of this:\n{}", picture(events));
    }
}

/// A line per operation, with the time from its call to its return.
pub(crate) fn picture<E: Debug>(events: &[Event<E>]) -> String {
    let mut times: Vec<_> = events.iter().flat_map(|event| [event.called, event.returned]).collect();
    times.sort_unstable();
    times.dedup();
    let column = |time| times.iter().position(|&other| other == time).unwrap_or_default();
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|event| event.called);
    events.iter().fold(String::new(), |mut out, event| {
        let (from, to) = (column(event.called), column(event.returned));
        let end = if event.returned == usize::MAX { '.' } else { '|' };
        let bar = format!("{}|{}{end}", " ".repeat(from), "-".repeat(to - from - 1));
        writeln!(out, "{bar:width$}  thread {}: {:?}", event.thread, event.effect, width = times.len()).unwrap();
        out
    })
}
