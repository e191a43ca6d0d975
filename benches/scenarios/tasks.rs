//! Channels between tasks, on tokio with one thread (`ct`) and with two (`mt2`). One operation is one message, but for
//! ping-pong, where it is a round trip, for the sieve, where it is a prime, for `daisy10k`, where it is a task, and for
//! `select4`, where it is a select.

use std::hint::black_box;

use tokio::runtime::{Builder, Runtime};

use crate::harness::measure::{Meter, Sample};
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::go;
use crate::peers::task_channels::{self, TaskChannel, Visitor};

/// What is done with channels.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// So many senders and receivers, each a task, as fast as they can.
    Tasks(usize, usize),
    /// Two tasks and two channels: there and back.
    PingPong,
    /// So many tasks in a row that pass messages on.
    Daisy(usize),
    /// So many tasks in a row that pass one message on, and end.
    Chain(usize),
    /// The first primes, through a filter for each that was found.
    Sieve,
    /// Four senders with a channel each; one task receives from all of them.
    FourToOne,
}

/// So many primes.
const PRIMES: usize = 200;

/// Every scenario: the runtime's threads (`None`: the calling one), and the capacity of the channels.
const SCENARIOS: &[(&str, Shape, Option<usize>, Option<usize>)] = &[
    ("ct.spsc.b0", Shape::Tasks(1, 1), None, Some(0)),
    ("ct.spsc.b1", Shape::Tasks(1, 1), None, Some(1)),
    ("ct.spsc.b1024", Shape::Tasks(1, 1), None, Some(1024)),
    ("ct.spsc.unb", Shape::Tasks(1, 1), None, None),
    ("ct.mpsc4.b0", Shape::Tasks(4, 1), None, Some(0)),
    ("ct.mpsc4.b1", Shape::Tasks(4, 1), None, Some(1)),
    ("ct.mpsc4.b1024", Shape::Tasks(4, 1), None, Some(1024)),
    ("ct.mpmc4x4.b0", Shape::Tasks(4, 4), None, Some(0)),
    ("ct.mpmc4x4.b1024", Shape::Tasks(4, 4), None, Some(1024)),
    ("ct.pingpong.b0", Shape::PingPong, None, Some(0)),
    ("ct.pingpong.b1", Shape::PingPong, None, Some(1)),
    ("ct.daisy1000.b0", Shape::Daisy(1000), None, Some(0)),
    ("ct.daisy1000.b1", Shape::Daisy(1000), None, Some(1)),
    ("ct.daisy10k.b0", Shape::Chain(10_000), None, Some(0)),
    ("ct.daisy10k.b1", Shape::Chain(10_000), None, Some(1)),
    ("ct.sieve200.b0", Shape::Sieve, None, Some(0)),
    ("ct.sieve200.b1", Shape::Sieve, None, Some(1)),
    ("ct.select4.b0", Shape::FourToOne, None, Some(0)),
    ("ct.select4.b1", Shape::FourToOne, None, Some(1)),
    ("ct.select4.b128", Shape::FourToOne, None, Some(128)),
    ("mt2.spsc.b0", Shape::Tasks(1, 1), Some(2), Some(0)),
    ("mt2.spsc.b1", Shape::Tasks(1, 1), Some(2), Some(1)),
    ("mt2.spsc.b1024", Shape::Tasks(1, 1), Some(2), Some(1024)),
    ("mt2.spsc.unb", Shape::Tasks(1, 1), Some(2), None),
    ("mt2.mpsc4.b0", Shape::Tasks(4, 1), Some(2), Some(0)),
    ("mt2.mpsc4.b1", Shape::Tasks(4, 1), Some(2), Some(1)),
    ("mt2.mpsc4.b1024", Shape::Tasks(4, 1), Some(2), Some(1024)),
    ("mt2.mpmc4x4.b0", Shape::Tasks(4, 4), Some(2), Some(0)),
    ("mt2.mpmc4x4.b1024", Shape::Tasks(4, 4), Some(2), Some(1024)),
    ("mt2.pingpong.b0", Shape::PingPong, Some(2), Some(0)),
    ("mt2.pingpong.b1", Shape::PingPong, Some(2), Some(1)),
    ("mt2.daisy1000.b0", Shape::Daisy(1000), Some(2), Some(0)),
    ("mt2.daisy1000.b1", Shape::Daisy(1000), Some(2), Some(1)),
    ("mt2.daisy10k.b0", Shape::Chain(10_000), Some(2), Some(0)),
    ("mt2.daisy10k.b1", Shape::Chain(10_000), Some(2), Some(1)),
    ("mt2.sieve200.b0", Shape::Sieve, Some(2), Some(0)),
    ("mt2.sieve200.b1", Shape::Sieve, Some(2), Some(1)),
    ("mt2.select4.b0", Shape::FourToOne, Some(2), Some(0)),
    ("mt2.select4.b1", Shape::FourToOne, Some(2), Some(1)),
    ("mt2.select4.b128", Shape::FourToOne, Some(2), Some(128)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape, threads, capacity): &(&'static str, Shape, Option<usize>, Option<usize>)| {
        let mut entries = Entries { shape, threads, capacity, entries: Vec::new() };
        task_channels::visit(&mut entries);
        if let Some((_, row)) = name.split_once('.') {
            entries.entries.push(go::entry(row, threads.unwrap_or(1)));
        }
        Scenario {
            family: "async",
            name,
            // A runtime of one thread does the same every time.
            alone: threads.is_none() && matches!(shape, Shape::Tasks(..) | Shape::PingPong | Shape::FourToOne),
            ours_only: false,
            operations: match shape {
                Shape::Tasks(senders, receivers) => Operations::MultipleOf(senders * receivers),
                Shape::PingPong => Operations::MultipleOf(1),
                Shape::Daisy(length) | Shape::Chain(length) => Operations::MultipleOf(length),
                Shape::Sieve => Operations::MultipleOf(PRIMES),
                Shape::FourToOne => Operations::MultipleOf(4),
            },
            entries: entries.entries,
        }
    };
    SCENARIOS.iter().map(scenario).collect()
}

/// Makes an entry of each implementation.
struct Entries {
    shape: Shape,
    threads: Option<usize>,
    capacity: Option<usize>,
    entries: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<C: TaskChannel>(&mut self) {
        let (shape, threads, capacity) = (self.shape, self.threads, self.capacity);
        self.entries.push(Entry::new(C::NAME, move |n| {
            let runtime = runtime(threads);
            match shape {
                Shape::Tasks(senders, receivers) => tasks::<C>(&runtime, capacity, senders, receivers, n),
                Shape::PingPong => ping_pong::<C>(&runtime, capacity, n),
                Shape::Daisy(length) => daisy::<C>(&runtime, capacity, length, n),
                Shape::Chain(length) => chains::<C>(&runtime, capacity, length, n),
                Shape::Sieve => sieves::<C>(&runtime, capacity, n),
                Shape::FourToOne => four_to_one::<C>(&runtime, capacity, n),
            }
        }));
    }
}

fn runtime(threads: Option<usize>) -> Runtime {
    let runtime = match threads {
        None => Builder::new_current_thread().build(),
        Some(n) => Builder::new_multi_thread().worker_threads(n).build(),
    };
    runtime.expect("threads can be had")
}

/// Gives the handle back, so that its channel does not end.
async fn send_all<C: TaskChannel>(mut tx: C::Tx, n: usize) -> C::Tx {
    for i in 0..n {
        assert!(C::send(&mut tx, black_box(i)).await, "the receiver is alive");
    }
    tx
}

async fn recv_all<C: TaskChannel>(mut rx: C::Rx, n: usize) {
    for _ in 0..n {
        black_box(C::recv(&mut rx).await.expect("the sender is alive"));
    }
}

fn tasks<C: TaskChannel>(
    runtime: &Runtime,
    capacity: Option<usize>,
    senders: usize,
    receivers: usize,
    n: usize,
) -> Option<Sample> {
    let (tx, rx) = C::channel(capacity)?;
    let txs: Option<Vec<C::Tx>> = (1..senders).map(|_| C::another_tx(&tx)).collect();
    let rxs: Option<Vec<C::Rx>> = (1..receivers).map(|_| C::another_rx(&rx)).collect();
    let (mut txs, mut rxs) = (txs?, rxs?);
    txs.push(tx);
    rxs.push(rx);
    let meter = Meter::start();
    let receiving: Vec<_> = rxs.into_iter().map(|rx| runtime.spawn(recv_all::<C>(rx, n / receivers))).collect();
    let sending: Vec<_> = txs.into_iter().map(|tx| runtime.spawn(send_all::<C>(tx, n / senders))).collect();
    receiving.into_iter().for_each(|task| runtime.block_on(task).expect("no task panics"));
    sending.into_iter().for_each(|task| drop(runtime.block_on(task).expect("no task panics")));
    Some(meter.stop(n))
}

fn ping_pong<C: TaskChannel>(runtime: &Runtime, capacity: Option<usize>, n: usize) -> Option<Sample> {
    let (mut there, mut there_rx) = C::channel(capacity)?;
    let (mut back, mut back_rx) = C::channel(capacity)?;
    let meter = Meter::start();
    runtime.spawn(async move {
        while let Some(i) = C::recv(&mut there_rx).await {
            C::send(&mut back, i).await;
        }
    });
    let ping = runtime.spawn(async move {
        for i in 0..n {
            C::send(&mut there, black_box(i)).await;
            black_box(C::recv(&mut back_rx).await.expect("the other task answers"));
        }
    });
    runtime.block_on(ping).expect("no task panics");
    Some(meter.stop(n))
}

fn daisy<C: TaskChannel>(runtime: &Runtime, capacity: Option<usize>, length: usize, n: usize) -> Option<Sample> {
    let (mut first, rx) = C::channel(capacity)?;
    let links: Option<Vec<_>> = (1..length).map(|_| C::channel(capacity)).collect();
    let mut last = rx;
    let meter = Meter::start();
    for (mut tx, rx) in links? {
        let mut from = std::mem::replace(&mut last, rx);
        runtime.spawn(async move {
            while let Some(i) = C::recv(&mut from).await {
                C::send(&mut tx, i + 1).await;
            }
        });
    }
    let end = runtime.spawn(async move {
        for round in 0..n / length {
            C::send(&mut first, round).await;
            assert_eq!(C::recv(&mut last).await, Some(round + length - 1));
        }
    });
    runtime.block_on(end).expect("no task panics");
    Some(meter.stop(n))
}

fn chains<C: TaskChannel>(runtime: &Runtime, capacity: Option<usize>, length: usize, n: usize) -> Option<Sample> {
    drop(C::channel(capacity)?);
    let meter = Meter::start();
    let chains = runtime.spawn(async move {
        for chain in 0..n / length {
            let (mut first, mut last) = C::channel(capacity).expect("there was one");
            for _ in 1..length {
                let (mut tx, rx) = C::channel(capacity).expect("there was one");
                let mut from = std::mem::replace(&mut last, rx);
                tokio::spawn(async move {
                    let i = C::recv(&mut from).await.expect("one comes");
                    C::send(&mut tx, i + 1).await;
                });
            }
            tokio::spawn(async move { C::send(&mut first, chain).await });
            assert_eq!(C::recv(&mut last).await, Some(chain + length - 1));
        }
    });
    runtime.block_on(chains).expect("no task panics");
    Some(meter.stop(n))
}

fn sieves<C: TaskChannel>(runtime: &Runtime, capacity: Option<usize>, n: usize) -> Option<Sample> {
    drop(C::channel(capacity)?);
    let meter = Meter::start();
    let sieves = runtime.spawn(async move {
        for _ in 0..n / PRIMES {
            assert_eq!(sieve::<C>(capacity).await, 1223, "the 200th prime");
        }
    });
    runtime.block_on(sieves).expect("no task panics");
    Some(meter.stop(n))
}

/// The last of the primes. The tasks end when they find that nobody receives any more.
async fn sieve<C: TaskChannel>(capacity: Option<usize>) -> usize {
    let (mut tx, mut rx) = C::channel(capacity).expect("there was one");
    tokio::spawn(async move {
        for i in 2.. {
            if !C::send(&mut tx, i).await {
                return;
            }
        }
    });
    let mut last = 0;
    for _ in 0..PRIMES {
        last = C::recv(&mut rx).await.expect("there are more");
        let (mut tx, next) = C::channel(capacity).expect("there was one");
        let mut from = std::mem::replace(&mut rx, next);
        tokio::spawn(async move {
            while let Some(i) = C::recv(&mut from).await {
                if i % last != 0 && !C::send(&mut tx, i).await {
                    return;
                }
            }
        });
    }
    last
}

fn four_to_one<C: TaskChannel>(runtime: &Runtime, capacity: Option<usize>, n: usize) -> Option<Sample> {
    if !C::SELECTS {
        return None;
    }
    let channels: Option<Vec<_>> = (0..4).map(|_| C::channel(capacity)).collect();
    let (txs, rxs): (Vec<_>, Vec<_>) = channels?.into_iter().unzip();
    let mut rxs: [C::Rx; 4] = rxs.try_into().ok()?;
    let meter = Meter::start();
    let end = runtime.spawn(async move {
        for _ in 0..n {
            black_box(C::recv_any(&mut rxs).await.expect("its sender is alive"));
        }
    });
    let sending: Vec<_> = txs.into_iter().map(|tx| runtime.spawn(send_all::<C>(tx, n / 4))).collect();
    runtime.block_on(end).expect("no task panics");
    drop(sending);
    Some(meter.stop(n))
}
