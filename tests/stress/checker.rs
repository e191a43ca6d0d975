//! A sequential model of Go's channel, and the search for an order that explains a history.
//!
//! A history is linearizable if each operation can be given a point between its call and its return so that, point by
//! point, the model does what the operations reported. A channel with a buffer is a FIFO with a flag. Without a buffer,
//! a send and the receive of its value happen together, at one point inside both; and one of the two must have been
//! willing to wait for the other. The search is Wing and Gong's, with a memory of the states that led nowhere.

use std::collections::HashSet;

/// What an operation reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A value was taken. `patient`: by an operation that may block.
    Sent { value: u8, patient: bool },
    /// A value was received.
    Received { value: u8, patient: bool },
    /// A try or a timed send found no room.
    Full,
    /// A try or a timed receive found nothing.
    Empty,
    /// A send was refused: closed.
    Refused,
    /// A receive reported the end: closed and drained.
    Ended,
    /// `close`, and whether it was the first.
    Close { first: bool },
    /// `len`.
    Len(usize),
}

/// An operation: what it reported, and when it was called and returned, by one clock for all threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) effect: Effect,
    pub(crate) called: usize,
    pub(crate) returned: usize,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Model {
    buffer: Vec<u8>,
    closed: bool,
}

impl Model {
    /// The state after one operation by itself; `None` if it could not have reported this.
    fn after(&self, capacity: usize, effect: Effect) -> Option<Model> {
        let mut next = self.clone();
        let room = self.buffer.len() < capacity;
        let possible = match effect {
            Effect::Sent { value, .. } => {
                next.buffer.push(value);
                !self.closed && room
            }
            Effect::Received { value, .. } => !self.buffer.is_empty() && next.buffer.remove(0) == value,
            Effect::Full => !self.closed && !room,
            Effect::Empty => !self.closed && self.buffer.is_empty(),
            Effect::Refused => self.closed,
            Effect::Ended => self.closed && self.buffer.is_empty(),
            Effect::Close { first } => first != std::mem::replace(&mut next.closed, true),
            Effect::Len(n) => self.buffer.len() == n,
        };
        possible.then_some(next)
    }

    /// Whether a send and a receive can have met without a buffer.
    fn allows_rendezvous(&self, send: Effect, receive: Effect) -> bool {
        match (send, receive) {
            (
                Effect::Sent { value: sent, patient: sender_waits },
                Effect::Received { value: received, patient: receiver_waits },
            ) => !self.closed && sent == received && (sender_waits || receiver_waits),
            _ => false,
        }
    }
}

struct Search<'a> {
    capacity: usize,
    events: &'a [Event],
    /// Sets of explained operations, with the state after them, that lead nowhere.
    hopeless: HashSet<(u64, Model)>,
}

/// Whether some order explains the history of a channel that was new at its start.
pub(crate) fn linearizable(capacity: usize, events: &[Event]) -> bool {
    assert!(events.len() < 64, "the search keeps a set of events in one word");
    Search { capacity, events, hopeless: HashSet::new() }.explains(0, &Model::default())
}

impl Search<'_> {
    /// Whether the operations that are not in `done` can follow.
    fn explains(&mut self, done: u64, model: &Model) -> bool {
        if done.count_ones() as usize == self.events.len() {
            return true;
        }
        if self.hopeless.contains(&(done, model.clone())) {
            return false;
        }
        let open = || (0..self.events.len()).filter(move |i| done >> i & 1 == 0);
        // What was called after another one had returned cannot come before that one.
        let first_return = open().map(|i| self.events[i].returned).min();
        let next: Vec<usize> = open().filter(|&i| Some(self.events[i].called) < first_return).collect();
        let found = next.iter().any(|&i| {
            let effect = self.events[i].effect;
            let alone = model.after(self.capacity, effect).is_some_and(|after| self.explains(done | 1 << i, &after));
            alone
                || (self.capacity == 0
                    && next.iter().any(|&j| {
                        model.allows_rendezvous(effect, self.events[j].effect)
                            && self.explains(done | 1 << i | 1 << j, model)
                    }))
        });
        if !found {
            self.hopeless.insert((done, model.clone()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: u8) -> Effect {
        Effect::Sent { value, patient: true }
    }

    fn received(value: u8) -> Effect {
        Effect::Received { value, patient: true }
    }

    fn tried_send(value: u8) -> Effect {
        Effect::Sent { value, patient: false }
    }

    fn tried_receive(value: u8) -> Effect {
        Effect::Received { value, patient: false }
    }

    /// Events with their intervals: called, returned.
    fn history(events: &[(Effect, usize, usize)]) -> Vec<Event> {
        events.iter().map(|&(effect, called, returned)| Event { effect, called, returned }).collect()
    }

    #[track_caller]
    fn accept(capacity: usize, events: &[(Effect, usize, usize)]) {
        assert!(linearizable(capacity, &history(events)));
    }

    #[track_caller]
    fn reject(capacity: usize, events: &[(Effect, usize, usize)]) {
        assert!(!linearizable(capacity, &history(events)));
    }

    const CLOSE: Effect = Effect::Close { first: true };

    /// One after the other: the model itself.
    #[test]
    fn sequential_histories() {
        accept(2, &[]);
        accept(
            2,
            &[(sent(1), 0, 1), (sent(2), 2, 3), (Effect::Full, 4, 5), (received(1), 6, 7), (Effect::Len(1), 8, 9)],
        );
        accept(
            1,
            &[(sent(1), 0, 1), (CLOSE, 2, 3), (Effect::Refused, 4, 5), (received(1), 6, 7), (Effect::Ended, 8, 9)],
        );
        accept(
            0,
            &[
                (Effect::Full, 0, 1),
                (Effect::Empty, 2, 3),
                (Effect::Len(0), 4, 5),
                (CLOSE, 6, 7),
                (Effect::Ended, 8, 9),
            ],
        );
        accept(1, &[(CLOSE, 0, 1), (Effect::Close { first: false }, 2, 3)]);

        reject(2, &[(sent(1), 0, 1), (sent(2), 2, 3), (received(2), 4, 5)]); // order
        reject(2, &[(sent(1), 0, 1), (Effect::Empty, 2, 3)]); // lost
        reject(2, &[(sent(1), 0, 1), (CLOSE, 2, 3), (Effect::Ended, 4, 5)]); // lost by the close
        reject(2, &[(sent(1), 0, 1), (received(1), 2, 3), (received(1), 4, 5)]); // twice
        reject(2, &[(received(1), 0, 1)]); // from nowhere
        reject(1, &[(sent(1), 0, 1), (sent(2), 2, 3)]); // beyond the capacity
        reject(2, &[(sent(1), 0, 1), (Effect::Full, 2, 3)]); // there was room
        reject(2, &[(CLOSE, 0, 1), (sent(1), 2, 3)]); // after the close
        reject(2, &[(CLOSE, 0, 1), (Effect::Full, 2, 3)]); // closed, not full
        reject(2, &[(CLOSE, 0, 1), (Effect::Empty, 2, 3)]); // closed, not empty
        reject(2, &[(Effect::Refused, 0, 1), (CLOSE, 2, 3)]); // before the close
        reject(2, &[(Effect::Ended, 0, 1), (CLOSE, 2, 3)]);
        reject(2, &[(CLOSE, 0, 1), (CLOSE, 2, 3)]);
        reject(2, &[(Effect::Close { first: false }, 0, 1), (CLOSE, 2, 3)]);
        reject(2, &[(sent(1), 0, 1), (Effect::Len(0), 2, 3)]);
        reject(0, &[(sent(1), 0, 1), (received(1), 2, 3)]); // a send that did not wait
    }

    /// Overlapping: any order inside the intervals, but none outside.
    #[test]
    fn concurrent_histories() {
        accept(2, &[(sent(1), 0, 3), (sent(2), 1, 2), (received(2), 4, 5), (received(1), 6, 7)]);
        accept(1, &[(received(1), 0, 5), (sent(1), 1, 2), (sent(2), 3, 4)]);
        accept(1, &[(sent(1), 0, 1), (sent(2), 2, 6), (Effect::Full, 3, 4), (received(1), 5, 7)]);
        accept(1, &[(received(1), 0, 9), (Effect::Empty, 1, 2), (sent(1), 3, 4)]);
        accept(1, &[(sent(1), 0, 5), (CLOSE, 1, 2), (received(1), 3, 4)]);
        accept(1, &[(Effect::Refused, 0, 5), (Effect::Full, 1, 2), (CLOSE, 3, 4), (sent(9), 0, 5)]);

        reject(2, &[(sent(1), 0, 2), (sent(2), 3, 5), (received(2), 1, 6), (received(1), 7, 8)]); // order
        reject(
            1,
            &[(sent(1), 0, 1), (Effect::Full, 2, 3), (received(1), 4, 5), (Effect::Full, 6, 9), (Effect::Empty, 7, 8)],
        );
        reject(2, &[(sent(1), 0, 4), (sent(2), 0, 4), (received(1), 5, 8), (received(1), 5, 8)]); // twice
        reject(1, &[(sent(1), 0, 3), (CLOSE, 4, 5), (Effect::Ended, 6, 9), (received(1), 10, 11)]); // the end too soon
        reject(2, &[(tried_send(1), 0, 1), (Effect::Empty, 2, 3), (sent(2), 4, 5), (received(1), 6, 7)]);
    }

    /// Without a buffer.
    #[test]
    fn rendezvous() {
        accept(0, &[(sent(1), 0, 3), (received(1), 1, 2)]);
        accept(0, &[(tried_send(1), 1, 2), (received(1), 0, 3)]);
        accept(0, &[(sent(1), 0, 3), (tried_receive(1), 1, 2)]);
        accept(0, &[(sent(1), 0, 9), (sent(2), 1, 8), (received(2), 2, 3), (received(1), 4, 5)]);
        accept(0, &[(sent(1), 0, 9), (Effect::Len(0), 1, 2), (Effect::Empty, 3, 4), (received(1), 5, 6)]);
        accept(0, &[(sent(1), 0, 5), (CLOSE, 1, 6), (received(1), 2, 3), (Effect::Refused, 4, 7)]);

        reject(0, &[(tried_send(1), 0, 3), (tried_receive(1), 1, 2)]); // nobody waited
        reject(0, &[(sent(1), 0, 3)]); // alone
        reject(0, &[(sent(1), 0, 3), (received(2), 0, 3)]);
        reject(0, &[(sent(1), 0, 9), (received(1), 1, 8), (received(1), 2, 7)]); // twice
        reject(0, &[(CLOSE, 0, 1), (sent(1), 2, 5), (received(1), 3, 4)]); // after the close
        reject(0, &[(sent(1), 0, 3), (sent(2), 4, 7), (received(2), 1, 6), (received(1), 5, 8)]); // each meets the wrong one
        reject(0, &[(Effect::Full, 0, 1), (Effect::Len(1), 2, 3)]);
    }
}
