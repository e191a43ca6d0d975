//! Channels. One operation is one message, but for ping-pong, where it is a round trip.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use crate::harness::measure::{Meter, Sample};
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::channels::{self, Channel, Visitor};
use crate::peers::go;

/// What is done with a channel.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// One thread alone: a send and a receive.
    SendRecv,
    /// One thread alone: a send and a receive, 512 of the one before 512 of the other.
    Burst,
    /// One thread alone: a try to receive from an empty channel.
    TryRecvEmpty,
    /// One thread alone: the creation of a channel and the drop of its handles.
    CreateDrop,
    /// So many senders and receivers, each in a thread, as fast as they can.
    Threads(usize, usize),
    /// A sender and a receiver, each in a thread, with so many messages at a time.
    Batches(usize),
    /// Two threads and two channels: there and back.
    PingPong,
    /// A message at a time, with a pause before each.
    Paced(Duration),
    /// One message, after a pause.
    Idle(Duration),
}

/// The length of a burst.
const BURST: usize = 512;

/// Every scenario, with the capacity of its channel.
const SCENARIOS: &[(&str, Shape, Option<usize>)] = &[
    ("un.sendrecv.b1", Shape::SendRecv, Some(1)),
    ("un.sendrecv.b1024", Shape::SendRecv, Some(1024)),
    ("un.sendrecv.unb", Shape::SendRecv, None),
    ("un.burst512.b1024", Shape::Burst, Some(1024)),
    ("un.tryrecv-empty.b1024", Shape::TryRecvEmpty, Some(1024)),
    ("un.create-drop.b0", Shape::CreateDrop, Some(0)),
    ("un.create-drop.b1", Shape::CreateDrop, Some(1)),
    ("un.create-drop.b1024", Shape::CreateDrop, Some(1024)),
    ("spsc.b0", Shape::Threads(1, 1), Some(0)),
    ("spsc.b1", Shape::Threads(1, 1), Some(1)),
    ("spsc.b1024", Shape::Threads(1, 1), Some(1024)),
    ("spsc.unb", Shape::Threads(1, 1), None),
    ("mpsc4.b0", Shape::Threads(4, 1), Some(0)),
    ("mpsc4.b1", Shape::Threads(4, 1), Some(1)),
    ("mpsc4.b1024", Shape::Threads(4, 1), Some(1024)),
    ("mpmc4x4.b0", Shape::Threads(4, 4), Some(0)),
    ("mpmc4x4.b1", Shape::Threads(4, 4), Some(1)),
    ("mpmc4x4.b1024", Shape::Threads(4, 4), Some(1024)),
    ("spsc.by64.b1024", Shape::Batches(64), Some(1024)),
    ("spsc.by64.unb", Shape::Batches(64), None),
    ("pingpong.b0", Shape::PingPong, Some(0)),
    ("pingpong.b1", Shape::PingPong, Some(1)),
    ("paced.200us", Shape::Paced(Duration::from_micros(200)), Some(1024)),
    ("idle.5s", Shape::Idle(Duration::from_secs(5)), Some(1024)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape, capacity): &(&'static str, Shape, Option<usize>)| {
        let mut entries = Entries { shape, capacity, entries: Vec::new() };
        channels::visit(&mut entries);
        if matches!(shape, Shape::Threads(..) | Shape::PingPong) {
            entries.entries.push(go::entry(name, 2));
        }
        Scenario {
            family: "channel",
            name,
            alone: matches!(shape, Shape::SendRecv | Shape::Burst | Shape::TryRecvEmpty | Shape::CreateDrop),
            ours_only: matches!(shape, Shape::Idle(_)),
            operations: match shape {
                Shape::Burst => Operations::MultipleOf(BURST),
                Shape::Threads(senders, receivers) => Operations::MultipleOf(senders * receivers),
                Shape::Batches(batch) => Operations::MultipleOf(batch),
                Shape::Idle(_) => Operations::Exactly(1),
                _ => Operations::MultipleOf(1),
            },
            entries: entries.entries,
        }
    };
    SCENARIOS.iter().map(scenario).collect()
}

/// Makes an entry of each implementation.
struct Entries {
    shape: Shape,
    capacity: Option<usize>,
    entries: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<C: Channel>(&mut self) {
        let (shape, capacity) = (self.shape, self.capacity);
        self.entries.push(Entry::new(C::NAME, move |n| run::<C>(shape, capacity, n)));
    }
}

/// Performs `n` operations; `None` if the implementation cannot do the scenario.
fn run<C: Channel>(shape: Shape, capacity: Option<usize>, n: usize) -> Option<Sample> {
    match shape {
        Shape::SendRecv => alone::<C>(capacity, n, |tx, rx| {
            for i in 0..n {
                C::send(tx, black_box(i));
                black_box(C::recv(rx));
            }
        }),
        Shape::Burst => alone::<C>(capacity, n, |tx, rx| {
            for burst in (0..n).step_by(BURST) {
                let size = BURST.min(n - burst);
                (0..size).for_each(|i| C::send(tx, black_box(i)));
                for _ in 0..size {
                    black_box(C::recv(rx));
                }
            }
        }),
        Shape::TryRecvEmpty => alone::<C>(capacity, n, |_, rx| {
            for _ in 0..n {
                black_box(C::try_recv(rx));
            }
        }),
        Shape::CreateDrop => alone::<C>(capacity, n, |_, _| {
            for _ in 0..n {
                drop(black_box(C::channel(black_box(capacity))));
            }
        }),
        Shape::Threads(senders, receivers) => threads::<C>(capacity, senders, receivers, n),
        Shape::Batches(batch) => batches::<C>(capacity, batch, n),
        Shape::PingPong => ping_pong::<C>(capacity, n),
        Shape::Paced(pause) | Shape::Idle(pause) => paced::<C>(capacity, pause, n),
    }
}

/// What one thread does alone with one channel: nobody waits and nobody competes.
fn alone<C: Channel>(capacity: Option<usize>, n: usize, work: impl FnOnce(&C::Tx, &C::Rx)) -> Option<Sample> {
    let (tx, rx) = C::channel(capacity)?;
    let meter = Meter::start();
    work(&tx, &rx);
    Some(meter.stop(n))
}

fn threads<C: Channel>(capacity: Option<usize>, senders: usize, receivers: usize, n: usize) -> Option<Sample> {
    let (tx, rx) = C::channel(capacity)?;
    let txs: Option<Vec<C::Tx>> = (1..senders).map(|_| C::another_tx(&tx)).collect();
    let rxs: Option<Vec<C::Rx>> = (1..receivers).map(|_| C::another_rx(&rx)).collect();
    let (mut txs, rxs) = (txs?, rxs?);
    txs.push(tx);
    let send = txs.into_iter().map(|tx| Box::new(move || send_all::<C>(&tx, n / senders)) as Box<dyn FnOnce() + Send>);
    let receive = rxs.into_iter().map(|rx| Box::new(move || recv_all::<C>(&rx, n / receivers)) as _);
    Some(measured(n, send.chain(receive).collect(), || recv_all::<C>(&rx, n / receivers)))
}

fn send_all<C: Channel>(tx: &C::Tx, n: usize) {
    (0..n).for_each(|i| C::send(tx, black_box(i)));
}

fn recv_all<C: Channel>(rx: &C::Rx, n: usize) {
    for _ in 0..n {
        black_box(C::recv(rx));
    }
}

fn batches<C: Channel>(capacity: Option<usize>, batch: usize, n: usize) -> Option<Sample> {
    let (tx, rx) = C::channel(capacity)?;
    let send = move || {
        let mut values = Vec::with_capacity(batch);
        for first in (0..n).step_by(batch) {
            values.extend(black_box(first)..first + batch);
            C::send_many(&tx, &mut values);
        }
    };
    Some(measured(n, vec![send], || {
        let (mut values, mut received) = (Vec::with_capacity(batch), 0);
        while received < n {
            C::recv_many(&rx, &mut values, batch);
            received += black_box(&values).len();
            values.clear();
        }
    }))
}

fn ping_pong<C: Channel>(capacity: Option<usize>, n: usize) -> Option<Sample> {
    let (there, there_rx) = C::channel(capacity)?;
    let (back, back_rx) = C::channel(capacity)?;
    let echo = move || (0..n).for_each(|_| C::send(&back, C::recv(&there_rx)));
    Some(measured(n, vec![echo], || {
        for i in 0..n {
            C::send(&there, black_box(i));
            black_box(C::recv(&back_rx));
        }
    }))
}

fn paced<C: Channel>(capacity: Option<usize>, pause: Duration, n: usize) -> Option<Sample> {
    let (tx, rx) = C::channel(capacity)?;
    let send = move || {
        for i in 0..n {
            thread::sleep(pause);
            C::send(&tx, i);
        }
    };
    Some(measured(n, vec![send], || recv_all::<C>(&rx, n)))
}
