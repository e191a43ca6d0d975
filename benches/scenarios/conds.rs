//! Condition variables. One operation is a signal that nobody waits for, or a round trip, or a broadcast to so many threads
//! and the last one's answer.

use std::hint::black_box;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::conds::{self, Monitor, Visitor};

/// What is done.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// A signal, and nobody waits.
    Nobody,
    /// Two threads take turns; the signal comes after the unlock.
    PingPong,
    /// The same, with the signal under the lock, so that who is woken finds it held.
    PingPongHeld,
    /// A broadcast to so many.
    Broadcast(usize),
}

const SCENARIOS: &[(&str, Shape)] = &[
    ("cond.nobody", Shape::Nobody),
    ("cond.ping-pong", Shape::PingPong),
    ("cond.ping-pong-held", Shape::PingPongHeld),
    ("cond.broadcast.t08", Shape::Broadcast(8)),
    ("cond.broadcast.t64", Shape::Broadcast(64)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape): &(&'static str, Shape)| {
        let mut entries = Entries { shape, entries: Vec::new() };
        conds::visit(&mut entries);
        Scenario {
            family: "cond",
            name,
            alone: matches!(shape, Shape::Nobody),
            ours_only: false,
            operations: Operations::MultipleOf(1),
            entries: entries.entries,
        }
    };
    SCENARIOS.iter().map(scenario).collect()
}

/// Makes an entry of each implementation.
struct Entries {
    shape: Shape,
    entries: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<M: Monitor>(&mut self) {
        self.entries.push(match self.shape {
            Shape::Nobody => Entry::alone(M::NAME, |n| {
                let monitor = black_box(CachePadded::new(M::new()));
                (0..n).for_each(|_| monitor.signal());
            }),
            Shape::PingPong => Entry::new(M::NAME, |n| {
                Some(ping_pong::<M>(n, |monitor| {
                    monitor.change(|turn| *turn += 1);
                    monitor.signal();
                }))
            }),
            Shape::PingPongHeld => {
                Entry::new(M::NAME, |n| Some(ping_pong::<M>(n, |monitor| monitor.change_and_signal(|turn| *turn += 1))))
            }
            Shape::Broadcast(threads) => Entry::new(M::NAME, move |n| Some(broadcast::<M>(threads, n))),
        });
    }
}

/// Two threads, which wait until the number is even, or odd, and then pass the turn on.
fn ping_pong<M: Monitor>(n: usize, pass: fn(&M)) -> Sample {
    let monitor = CachePadded::new(M::new());
    let play = |mine: u64| {
        for _ in 0..n {
            monitor.await_and_change(|turn| turn % 2 == mine, |_| {});
            pass(&monitor);
        }
    };
    measured(n, vec![|| play(1)], || play(0))
}

/// Rounds that begin by a broadcast, and end when all have counted themselves.
fn broadcast<M: Monitor>(threads: usize, n: usize) -> Sample {
    let (rounds, done) = (CachePadded::new(M::new()), CachePadded::new(M::new()));
    let each = || {
        for round in 1..=n as u64 {
            rounds.await_and_change(|begun| begun >= round, |_| {});
            done.change(|done| *done += 1);
            done.signal();
        }
    };
    measured(n, vec![each; threads], || {
        for round in 1..=n as u64 {
            rounds.change(|begun| *begun = round);
            rounds.broadcast();
            done.await_and_change(|done| done >= round * threads as u64, |_| {});
        }
    })
}
