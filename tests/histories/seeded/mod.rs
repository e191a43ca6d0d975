//! Broken objects: each must be convicted, which shows that the tests can.

mod maps;
mod permits;
mod pools;
mod sync;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use gosync::Mutex;

use crate::checker::{Event, Spec, linearizable, minimised, picture};
use crate::model::{Effect, Model, Side};
use crate::record::{Game, Recorder, convict};
use crate::registers::{Cell, Registers};
use crate::rng::Rng;
use crate::stack::{Lifo, Stacks};

/// A register whose swap is a load and a store.
#[derive(Default)]
struct Torn(AtomicU8);

impl Cell for Torn {
    fn load(&self, _: &mut Rng) -> u8 {
        self.0.load(Ordering::SeqCst)
    }

    fn store(&self, value: u8, _: &mut Rng) {
        self.0.store(value, Ordering::SeqCst);
    }

    fn swap(&self, value: u8, _: &mut Rng) -> u8 {
        let old = self.0.load(Ordering::SeqCst);
        thread::yield_now();
        self.0.store(value, Ordering::SeqCst);
        old
    }

    fn compare_and_swap(&self, old: u8, new: u8, _: &mut Rng) -> bool {
        self.0.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

#[test]
fn a_register_that_loads_and_stores() {
    let violation = convict(&Registers::<Torn>::new());
    assert!(violation.len() >= 2, "{}", picture(&violation));
}

/// A register whose readers may see what they have seen before.
#[derive(Default)]
struct Stale(Mutex<[u8; 2]>);

impl Cell for Stale {
    fn load(&self, rng: &mut Rng) -> u8 {
        self.0.lock()[usize::from(rng.one_in(8))]
    }

    fn store(&self, value: u8, rng: &mut Rng) {
        self.swap(value, rng);
    }

    fn swap(&self, value: u8, _: &mut Rng) -> u8 {
        let mut places = self.0.lock();
        *places = [value, places[0]];
        places[1]
    }

    fn compare_and_swap(&self, old: u8, new: u8, _: &mut Rng) -> bool {
        let mut places = self.0.lock();
        let same = places[0] == old;
        if same {
            *places = [new, old];
        }
        same
    }
}

#[test]
fn a_register_that_is_late() {
    convict(&Registers::<Stale>::new());
}

/// A stack whose pop looks first and takes later.
#[derive(Default)]
struct Hasty(Mutex<Vec<u8>>);

impl Lifo for Hasty {
    fn push(&self, value: u8) {
        self.0.lock().push(value);
    }

    fn pop(&self) -> Option<u8> {
        let top = self.0.lock().last().copied();
        thread::yield_now();
        self.0.lock().pop();
        top
    }

    fn take_all(&self) -> Vec<u8> {
        self.0.lock().drain(..).rev().collect()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

#[test]
fn a_stack_that_looks_first() {
    convict(&Stacks::<Hasty>::new());
}

/// How a queue is broken.
#[derive(Clone, Copy)]
enum Fault {
    /// Now and then the newest value is received.
    Order,
    /// Whether there is room is asked in a section of its own.
    Room,
    /// Now and then a value that is there is not found.
    Blind,
    /// At capacity 0: a send does not wait for its receive.
    Eager,
}

struct Broken {
    fault: Fault,
    values: Mutex<VecDeque<u8>>,
}

struct Queues(Fault);

impl Queues {
    fn capacity(&self) -> usize {
        if matches!(self.0, Fault::Eager) { 0 } else { 2 }
    }
}

impl Broken {
    fn has_room(&self, values: &VecDeque<u8>) -> bool {
        values.len() < if matches!(self.fault, Fault::Eager) { 1 } else { 2 }
    }

    fn try_send(&self, value: u8) -> Effect {
        if matches!(self.fault, Fault::Room) {
            if !self.has_room(&self.values.lock()) {
                return Effect::Nothing(vec![Side::Send(0)]);
            }
            thread::yield_now();
        } else if !self.has_room(&self.values.lock()) {
            return Effect::Nothing(vec![Side::Send(0)]);
        }
        let mut values = self.values.lock();
        if !matches!(self.fault, Fault::Room) && !self.has_room(&values) {
            return Effect::Nothing(vec![Side::Send(0)]);
        }
        values.push_back(value);
        Effect::Sent { channel: 0, value, patient: true }
    }

    fn try_recv(&self, rng: &mut Rng) -> Effect {
        let mut values = self.values.lock();
        let value = match self.fault {
            Fault::Order if rng.one_in(8) => values.pop_back(),
            Fault::Blind if rng.one_in(16) => None,
            _ => values.pop_front(),
        };
        value.map_or(Effect::Nothing(vec![Side::Receive(0)]), |value| Effect::Received {
            channel: 0,
            value,
            patient: true,
        })
    }
}

impl Game for Queues {
    type Spec = Model;
    type Object = Broken;

    fn set_up(&self) -> (Broken, Model) {
        (Broken { fault: self.0, values: Mutex::default() }, Model::new(self.capacity()))
    }

    fn play(&self, queue: &Broken, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        for _ in 0..3 + rng.below(4) {
            let value = recorder.value();
            if rng.one_in(2) {
                recorder.record(|| queue.try_send(value));
            } else {
                recorder.record(|| queue.try_recv(rng));
            }
            rng.pause();
        }
    }

    fn end(&self, queue: &Broken, recorder: &mut Recorder<'_, Effect>) {
        (0..3).for_each(|n| recorder.record(|| queue.try_recv(&mut Rng::new(n))));
    }
}

#[test]
fn a_queue_out_of_order() {
    convict(&Queues(Fault::Order));
}

#[test]
fn a_queue_that_overflows() {
    convict(&Queues(Fault::Room));
}

#[test]
fn a_queue_that_does_not_see() {
    convict(&Queues(Fault::Blind));
}

#[test]
fn a_rendezvous_that_does_not_wait() {
    convict(&Queues(Fault::Eager));
}

fn history(events: &[(Effect, usize, usize)]) -> Vec<Event<Effect>> {
    let event = |(thread, (effect, called, returned)): (usize, &(Effect, usize, usize))| Event {
        thread,
        effect: effect.clone(),
        called: *called,
        returned: *returned,
    };
    events.iter().enumerate().map(event).collect()
}

/// What is shown of a violation is what makes it one.
#[test]
fn violations_are_minimised() {
    let sent = |value| Effect::Sent { channel: 0, value, patient: true };
    let received = |value| Effect::Received { channel: 0, value, patient: true };
    let len = |len| Effect::Len { channel: 1, len };
    let events = history(&[
        (sent(1), 0, 3),
        (len(0), 1, 2),
        (sent(2), 4, 5),
        (Effect::Nothing(vec![Side::Receive(1)]), 6, 7),
        (received(2), 8, 9),
        (received(1), 10, 11),
        (sent(3), 12, 13),
    ]);
    let start = Model::new(4);
    assert!(!linearizable(&start, &events));
    let small = minimised(&start, &events);
    let effects: Vec<_> = small.iter().map(|event| event.effect.clone()).collect();
    assert_eq!(effects, [sent(1), sent(2), received(2)]);
    let lines = picture(&small);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.starts_with("||    "), "{lines}");
    assert_eq!(start.after(&sent(1)).len(), 1);
}
