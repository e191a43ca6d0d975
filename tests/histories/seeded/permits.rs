//! What is chosen first and done later, by hand: histories that the specification must explain, and the same with one thing
//! wrong, which it must not.

use super::history;
use crate::checker::linearizable;
use crate::model::{Effect, Model, Side};

const SEND: Side = Side::Send(0);
const RECEIVE: Side = Side::Receive(0);

fn chosen(side: Side) -> Effect {
    Effect::Chosen { side, failed: Some(false) }
}

fn sent(value: u8, waits: bool) -> Effect {
    let effect = Effect::Sent { channel: 0, value, patient: true };
    Effect::Completed { effect: Box::new(effect), waits }
}

fn received(value: u8) -> Effect {
    Effect::Completed { effect: Box::new(receives(value)), waits: true }
}

fn receives(value: u8) -> Effect {
    Effect::Received { channel: 0, value, patient: true }
}

fn is_explained(capacity: usize, events: &[(Effect, usize, usize)]) -> bool {
    linearizable(&Model::new(capacity), &history(events))
}

/// Who has chosen to receive finds the value of a task that has gone. A thread would have waited.
#[test]
fn a_task_does_not_wait_for_who_has_chosen_it() {
    for waits in [false, true] {
        let events = [(chosen(RECEIVE), 0, 3), (chosen(SEND), 1, 2), (sent(1, waits), 2, 4), (received(1), 5, 6)];
        assert_eq!(is_explained(0, &events), !waits);
    }
    // They meet.
    let events = [(chosen(RECEIVE), 0, 3), (chosen(SEND), 1, 2), (sent(1, true), 2, 5), (received(1), 3, 6)];
    assert!(is_explained(0, &events));
}

/// Nor does its value stay behind if nobody has chosen to receive, or if that one has received.
#[test]
fn a_task_leaves_its_value_for_somebody() {
    assert!(!is_explained(0, &[(chosen(SEND), 0, 1), (sent(1, false), 1, 2), (receives(1), 3, 4)]));
    for second in [chosen(RECEIVE), receives(2)] {
        let another = matches!(second, Effect::Chosen { .. });
        let mut events = vec![
            (chosen(RECEIVE), 0, 5),
            (chosen(SEND), 1, 2),
            (sent(1, false), 2, 4),
            (received(1), 6, 7),
            (chosen(SEND), 8, 9),
            (second, 8, 11),
            (sent(2, false), 9, 12),
        ];
        if another {
            events.push((received(2), 13, 14));
        }
        assert!(is_explained(0, &events));
        events.retain(|(effect, called, _)| !(*effect == chosen(RECEIVE) && *called == 8 || *effect == receives(2)));
        assert!(!is_explained(0, &events));
    }
}

/// Of two values that stay behind the first to come gets the older one.
#[test]
fn values_that_stay_behind_are_in_order() {
    for (first, second) in [(1, 2), (2, 1)] {
        let events = [
            (chosen(RECEIVE), 0, 10),
            (chosen(SEND), 1, 2),
            (sent(1, false), 2, 3),
            (chosen(RECEIVE), 4, 9),
            (chosen(SEND), 5, 6),
            (sent(2, false), 6, 7),
            (Effect::Len { channel: 0, len: 2 }, 7, 8),
            (received(first), 11, 12),
            (received(second), 13, 14),
        ];
        assert_eq!(is_explained(0, &events), first == 1);
    }
}

/// Who has chosen to receive gives up. A task's value stays, in no place and for anybody; a thread waits for another one.
#[test]
fn a_partner_gives_up() {
    for waits in [false, true] {
        for given_up in [false, true] {
            let mut events = vec![
                (chosen(RECEIVE), 0, 3),
                (chosen(SEND), 1, 2),
                (sent(1, waits), 5, 6),
                (receives(1), 7, 8),
                (Effect::Nothing(vec![RECEIVE]), 9, 10),
            ];
            if given_up {
                events.push((Effect::GivenBack(RECEIVE), 3, 4));
            }
            assert_eq!(is_explained(0, &events), given_up && !waits);
        }
        // It meets the other one.
        let meet = [
            (chosen(RECEIVE), 0, 3),
            (chosen(SEND), 1, 2),
            (Effect::GivenBack(RECEIVE), 3, 4),
            (sent(1, waits), 5, 8),
            (receives(1), 6, 7),
        ];
        assert!(is_explained(0, &meet));
    }
    // The other way round: to receive from who has given up.
    for given_up in [false, true] {
        let mut events = vec![
            (chosen(SEND), 0, 3),
            (chosen(RECEIVE), 1, 2),
            (Effect::Close { channel: 0, first: true }, 5, 6),
            (Effect::Completed { effect: Box::new(Effect::Ended(0)), waits: true }, 4, 7),
        ];
        events[1].0 = Effect::Chosen { side: RECEIVE, failed: Some(true) };
        events.push(if given_up { (Effect::GivenBack(SEND), 3, 4) } else { (sent(1, true), 8, 9) });
        assert_eq!(is_explained(0, &events), given_up);
    }
}

/// In a buffer of which all places are chosen: who is left by a partner goes on as a plain send, which waits for room, but
/// for a task.
#[test]
fn a_partner_gives_up_in_a_small_buffer() {
    for waits in [false, true] {
        for room in [false, true] {
            let mut events = vec![
                (chosen(SEND), 0, 1),
                (chosen(RECEIVE), 2, 5),
                (chosen(SEND), 3, 4),
                (Effect::GivenBack(RECEIVE), 5, 6),
                (sent(1, true), 7, 8),
                (sent(2, waits), 11, 12),
                (receives(2), 15, 16),
            ];
            events.push(if room { (receives(1), 9, 10) } else { (receives(1), 13, 14) });
            assert_eq!(is_explained(1, &events), room || !waits);
            // To who has chosen to receive, and has not given up, a task leaves it: nobody else gets it.
            events.retain(|(effect, ..)| !matches!(effect, Effect::GivenBack(_)));
            assert!(!is_explained(1, &events));
            events
                .iter_mut()
                .for_each(|(effect, ..)| *effect = if *effect == receives(2) { received(2) } else { effect.clone() });
            assert_eq!(is_explained(1, &events), !waits);
        }
    }
}
