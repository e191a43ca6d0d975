//! `Stack`: every value comes out once, whoever takes it in whatever way; and histories, checked against a `Vec`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::Stack;

use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

const THREADS: usize = 4;

/// Threads that push, pop and take all, at random; what is popped is pushed again now and then.
#[test]
fn every_value_once() {
    const VALUES: usize = 20_000;
    let _watchdog = Watchdog::new();
    for round in rounds(20, LIMIT) {
        let stack = &Stack::new();
        let taken = thread::scope(|s| {
            join(start(s, THREADS, |thread| {
                let mut rng = Rng::new(round * THREADS + thread);
                move || {
                    let mut taken = Vec::new();
                    for n in 0..VALUES {
                        // On the heap: a value that is taken twice is found by the allocator, too.
                        stack.push(Box::new(n * THREADS + thread));
                        match rng.below(64) {
                            0 => taken.extend(stack.take_all()),
                            1 => {
                                let mut all = stack.take_all();
                                taken.extend(all.by_ref().take(3));
                                all.for_each(|value| stack.push(value));
                            }
                            2..32 => taken.extend(stack.pop()),
                            32..48 => {
                                if let Some(value) = stack.pop() {
                                    stack.push(value);
                                }
                            }
                            _ => {}
                        }
                        rng.pause();
                    }
                    taken
                }
            }))
        });
        let mut values: Vec<usize> = taken.into_iter().flatten().chain(stack.take_all()).map(|value| *value).collect();
        values.sort_unstable();
        assert!(values.into_iter().eq(0..VALUES * THREADS), "a value is missing, or came twice");
    }
}

/// What an operation did.
#[derive(Clone, Debug)]
enum Effect {
    Push(u8),
    Pop(Option<u8>),
    TakeAll(Vec<u8>),
    IsEmpty(bool),
}

#[derive(Clone, Debug)]
struct Event {
    effect: Effect,
    called: usize,
    returned: usize,
}

/// The values after one operation by itself; `None` if it could not have done this.
fn after(values: &[u8], effect: &Effect) -> Option<Vec<u8>> {
    let mut next = values.to_vec();
    let possible = match effect {
        Effect::Push(value) => {
            next.push(*value);
            true
        }
        Effect::Pop(popped) => next.pop() == *popped,
        Effect::TakeAll(taken) => next.drain(..).rev().eq(taken.iter().copied()),
        Effect::IsEmpty(is_empty) => values.is_empty() == *is_empty,
    };
    possible.then_some(next)
}

/// Whether the operations can have happened one after the other, each between its call and its return: the search of Wing
/// and Gong, with a memory of the states that led nowhere.
fn linearizable(events: &[Event]) -> bool {
    fn search(events: &[Event], done: u64, values: &[u8], seen: &mut HashSet<(u64, Vec<u8>)>) -> bool {
        let open = || events.iter().enumerate().filter(|(i, _)| done >> i & 1 == 0);
        let Some(first_return) = open().map(|(_, event)| event.returned).min() else { return true };
        if !seen.insert((done, values.to_vec())) {
            return false;
        }
        open().filter(|(_, event)| event.called < first_return).any(|(i, event)| {
            after(values, &event.effect).is_some_and(|values| search(events, done | 1 << i, &values, seen))
        })
    }
    search(events, 0, &[], &mut HashSet::new())
}

/// A few random operations of each thread on a new stack, with the times of their calls and returns.
fn history(round: usize) -> Vec<Event> {
    let (stack, clock, barrier) = (&Stack::new(), &AtomicUsize::new(0), &SpinBarrier::new(THREADS));
    let record = move |operation: &dyn Fn() -> Effect| {
        let called = clock.fetch_add(1, Ordering::SeqCst);
        let effect = operation();
        Event { effect, called, returned: clock.fetch_add(1, Ordering::SeqCst) }
    };
    let take_all = || Effect::TakeAll(stack.take_all().collect());
    let mut events = thread::scope(|s| {
        join(start(s, THREADS, |thread| {
            let mut rng = Rng::new(THREADS * round + thread);
            move || {
                let mut events = Vec::new();
                barrier.wait();
                for n in 0..3 + rng.below(4) {
                    let value = (10 * thread + n) as u8;
                    events.push(match rng.below(16) {
                        0 => record(&take_all),
                        1 => record(&|| Effect::IsEmpty(stack.is_empty())),
                        2..9 => record(&|| Effect::Pop(stack.pop())),
                        _ => record(&|| {
                            stack.push(value);
                            Effect::Push(value)
                        }),
                    });
                    rng.pause();
                }
                events
            }
        }))
        .concat()
    });
    events.push(record(&take_all));
    events
}

#[test]
fn histories() {
    let _watchdog = Watchdog::new();
    for round in rounds(5_000, LIMIT) {
        let events = history(round);
        assert!(linearizable(&events), "no order explains this: {events:#?}");
    }
}

/// Real histories with one lie in them are rejected: a value that nobody pushed, one that stays away, one that came twice.
#[test]
fn histories_with_a_lie_are_rejected() {
    let _watchdog = Watchdog::new();
    for round in rounds(300, LIMIT / 2) {
        let events = history(round);
        for (i, event) in events.iter().enumerate() {
            let lie = |effect| {
                let mut events = events.clone();
                events[i].effect = effect;
                linearizable(&events)
            };
            match &event.effect {
                Effect::Push(value) => {
                    assert!(!lie(Effect::Push(255)));
                    assert!(!lie(Effect::Pop(Some(*value))));
                }
                Effect::Pop(None) => assert!(!lie(Effect::Push(255)) && !lie(Effect::Pop(Some(255)))),
                Effect::Pop(Some(_)) => assert!(!lie(Effect::Pop(None)) && !lie(Effect::IsEmpty(true))),
                Effect::TakeAll(taken) => {
                    assert!(!lie(Effect::TakeAll([&[255], &taken[..]].concat())));
                    // The other way round may be true, if their pushes have overlapped.
                    if let [first, rest @ ..] = &taken[..] {
                        assert!(!lie(Effect::TakeAll(rest.to_vec())));
                        assert!(!lie(Effect::TakeAll([&taken[..], &[*first]].concat())));
                    }
                }
                Effect::IsEmpty(_) => {}
            }
        }
    }
}
