//! Linearizability: a scenario that people rely on, and the histories of random operations.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};

use crate::checker::{Effect, Event, linearizable};
use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

/// Whoever has sent into a buffer that holds all threads' values can receive something without waiting.
#[test]
fn who_has_sent_can_receive() {
    const THREADS: usize = 4;
    let _watchdog = Watchdog::new();
    for capacity in [THREADS, usize::MAX] {
        let c = Chan::new(capacity);
        thread::scope(|s| {
            join(start(s, THREADS, |thread| {
                let (c, mut rng) = (&c, Rng::new(thread));
                move || {
                    for n in rounds(5_000, LIMIT / 2) {
                        c.try_send(n).expect("there is room for all");
                        match rng.below(3) {
                            0 => drop(c.try_recv().expect("at least one value is there")),
                            1 => drop(c.recv_timeout(Duration::ZERO).expect("at least one value is there")),
                            _ => drop(c.recv().unwrap()),
                        }
                        rng.pause();
                    }
                }
            }));
        });
        assert!(c.is_empty());
    }
}

const THREADS: usize = 4;

/// One round: a new channel, a few operations of each thread, and when they were called and returned.
struct Round {
    c: Chan<u8>,
    clock: AtomicUsize,
    start: SpinBarrier,
}

impl Round {
    fn new(capacity: usize) -> Round {
        Round { c: Chan::new(capacity), clock: AtomicUsize::new(0), start: SpinBarrier::new(THREADS) }
    }

    /// Plays the round; the history, with what is left in the channel received at its end.
    fn play(&self, number: usize) -> Vec<Event> {
        let mut events = thread::scope(|s| {
            let thread = |thread| move || self.play_thread(thread, &mut Rng::new(THREADS * number + thread));
            join(start(s, THREADS, thread)).concat()
        });
        loop {
            let event = self.record(receive);
            events.push(event);
            if event.effect == Effect::Ended {
                return events;
            }
        }
    }

    fn record(&self, operation: impl FnOnce(&Chan<u8>) -> Effect) -> Event {
        let called = self.clock.fetch_add(1, Ordering::SeqCst);
        let effect = operation(&self.c);
        Event { effect, called, returned: self.clock.fetch_add(1, Ordering::SeqCst) }
    }

    /// What one thread does. The first thread never blocks for good and closes at its end, so all others end too.
    fn play_thread(&self, thread: usize, rng: &mut Rng) -> Vec<Event> {
        let mut events = Vec::new();
        self.start.wait();
        let (closer, sends) = (thread == 0, rng.below(4));
        for n in 0..2 + rng.below(3) {
            let value = (10 * thread + n) as u8;
            let kind = rng.below(if closer { 3 } else { 4 });
            let timeout = rng.tiny();
            events.push(match rng.below(8) {
                7 => self.record(|c| Effect::Len(c.len())),
                6 if rng.one_in(8) => self.record(close),
                direction if (direction < 2) != (sends < 2) => self.record(|c| match kind {
                    0 => match c.try_send(value) {
                        Ok(()) => Effect::Sent { value, patient: false },
                        Err(TrySendError::Full(back)) => given_back(Effect::Full, value, back),
                        Err(TrySendError::Disconnected(back)) => given_back(Effect::Refused, value, back),
                    },
                    1 | 2 => match c.send_timeout(value, timeout) {
                        Ok(()) => Effect::Sent { value, patient: true },
                        Err(SendTimeoutError::Timeout(back)) => given_back(Effect::Full, value, back),
                        Err(SendTimeoutError::Disconnected(back)) => given_back(Effect::Refused, value, back),
                    },
                    _ => match c.send(value) {
                        Ok(()) => Effect::Sent { value, patient: true },
                        Err(SendError(back)) => given_back(Effect::Refused, value, back),
                    },
                }),
                _ => self.record(|c| match kind {
                    0 => match c.try_recv() {
                        Ok(value) => Effect::Received { value, patient: false },
                        Err(TryRecvError::Empty) => Effect::Empty,
                        Err(TryRecvError::Disconnected) => Effect::Ended,
                    },
                    1 | 2 => match c.recv_timeout(timeout) {
                        Ok(value) => Effect::Received { value, patient: true },
                        Err(RecvTimeoutError::Timeout) => Effect::Empty,
                        Err(RecvTimeoutError::Disconnected) => Effect::Ended,
                    },
                    _ => receive(c),
                }),
            });
            rng.pause();
        }
        if closer {
            events.push(self.record(close));
        }
        events
    }
}

fn close(c: &Chan<u8>) -> Effect {
    Effect::Close { first: c.close().is_ok() }
}

fn receive(c: &Chan<u8>) -> Effect {
    match c.recv() {
        Ok(value) => Effect::Received { value, patient: true },
        Err(_) => Effect::Ended,
    }
}

#[track_caller]
fn given_back(effect: Effect, value: u8, back: u8) -> Effect {
    assert_eq!(back, value, "another value came back");
    effect
}

/// Plays many rounds at one capacity and shows each history to `check`.
fn histories(capacity: usize, rounds: impl Iterator<Item = usize>, check: impl Fn(Vec<Event>)) {
    let _watchdog = Watchdog::new();
    rounds.for_each(|number| check(Round::new(capacity).play(number)));
}

fn check_histories(capacity: usize) {
    histories(capacity, rounds(3_000, LIMIT), |events| {
        assert!(linearizable(capacity, &events), "no order explains this at capacity {capacity}: {events:#?}");
    });
}

#[test]
fn histories_at_capacity_0() {
    check_histories(0);
}

#[test]
fn histories_at_capacity_1() {
    check_histories(1);
}

#[test]
fn histories_at_capacity_2() {
    check_histories(2);
}

/// Real histories with one lie in them are rejected: a value that nobody sent, a value that is never received, a receive
/// that never was, a value received twice.
#[test]
fn histories_with_a_lie_are_rejected() {
    for capacity in [0, 1, 2] {
        histories(capacity, rounds(500, LIMIT / 3), |events| {
            for (i, event) in events.iter().enumerate() {
                let lie = |effect| {
                    let mut events = events.clone();
                    events[i].effect = effect;
                    events
                };
                let without =
                    || events.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, e)| *e).collect::<Vec<_>>();
                match event.effect {
                    Effect::Received { patient, .. } => {
                        assert!(!linearizable(capacity, &lie(Effect::Received { value: 255, patient })));
                        assert!(!linearizable(capacity, &lie(Effect::Empty)));
                        assert!(!linearizable(capacity, &without()));
                        let mut twice = events.clone();
                        twice.push(*event);
                        assert!(!linearizable(capacity, &twice));
                    }
                    Effect::Sent { .. } => {
                        assert!(!linearizable(capacity, &lie(Effect::Full)));
                        assert!(!linearizable(capacity, &lie(Effect::Refused)));
                        assert!(!linearizable(capacity, &without()));
                    }
                    Effect::Close { first } => {
                        assert!(!linearizable(capacity, &lie(Effect::Close { first: !first })));
                    }
                    _ => {}
                }
            }
        });
    }
}
