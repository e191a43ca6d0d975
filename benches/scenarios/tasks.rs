//! Channels between tasks, on tokio with one thread (`ct`) and with two (`mt2`). One operation is one message, but for
//! ping-pong, where it is a round trip, and for the sieve, where it is a prime.

use std::hint::black_box;

use tokio::runtime::{Builder, Runtime};

use crate::harness::measure::{Meter, Sample};
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::task_channels::{self, TaskChannel, Visitor};

/// What is done with channels.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// So many senders and receivers, each a task, as fast as they can.
    Tasks(usize, usize),
    /// Two tasks and two channels: there and back.
    PingPong,
    /// A thousand tasks in a row that pass messages on.
    Daisy,
    /// The first primes, through a filter for each that was found.
    Sieve,
}

/// The length of the daisy chain.
const CHAIN: usize = 1000;

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
    ("ct.daisy1000.b0", Shape::Daisy, None, Some(0)),
    ("ct.daisy1000.b1", Shape::Daisy, None, Some(1)),
    ("ct.sieve200.b0", Shape::Sieve, None, Some(0)),
    ("ct.sieve200.b1", Shape::Sieve, None, Some(1)),
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
    ("mt2.daisy1000.b0", Shape::Daisy, Some(2), Some(0)),
    ("mt2.daisy1000.b1", Shape::Daisy, Some(2), Some(1)),
    ("mt2.sieve200.b0", Shape::Sieve, Some(2), Some(0)),
    ("mt2.sieve200.b1", Shape::Sieve, Some(2), Some(1)),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape, threads, capacity): &(&'static str, Shape, Option<usize>, Option<usize>)| {
        let mut entries = Entries { shape, threads, capacity, entries: Vec::new() };
        task_channels::visit(&mut entries);
        Scenario {
            family: "async",
            name,
            alone: false,
            ours_only: false,
            operations: match shape {
                Shape::Tasks(senders, receivers) => Operations::MultipleOf(senders * receivers),
                Shape::PingPong => Operations::MultipleOf(1),
                Shape::Daisy => Operations::MultipleOf(CHAIN),
                Shape::Sieve => Operations::Exactly(PRIMES),
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
                Shape::Daisy => daisy::<C>(&runtime, capacity, n),
                Shape::Sieve => sieve::<C>(&runtime, capacity, n),
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

async fn send_all<C: TaskChannel>(mut tx: C::Tx, n: usize) {
    for i in 0..n {
        assert!(C::send(&mut tx, black_box(i)).await, "the receiver is alive");
    }
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
    let mut tasks: Vec<_> = rxs.into_iter().map(|rx| runtime.spawn(recv_all::<C>(rx, n / receivers))).collect();
    tasks.extend(txs.into_iter().map(|tx| runtime.spawn(send_all::<C>(tx, n / senders))));
    tasks.into_iter().for_each(|task| runtime.block_on(task).expect("no task panics"));
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

fn daisy<C: TaskChannel>(runtime: &Runtime, capacity: Option<usize>, n: usize) -> Option<Sample> {
    let (mut first, rx) = C::channel(capacity)?;
    let links: Option<Vec<_>> = (1..CHAIN).map(|_| C::channel(capacity)).collect();
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
    let rounds = n / CHAIN;
    let end = runtime.spawn(async move {
        for round in 0..rounds {
            C::send(&mut first, round).await;
            assert_eq!(C::recv(&mut last).await, Some(round + CHAIN - 1));
        }
    });
    runtime.block_on(end).expect("no task panics");
    Some(meter.stop(n))
}

fn sieve<C: TaskChannel>(runtime: &Runtime, capacity: Option<usize>, n: usize) -> Option<Sample> {
    let (mut tx, mut rx) = C::channel(capacity)?;
    let meter = Meter::start();
    runtime.spawn(async move {
        for i in 2.. {
            if !C::send(&mut tx, i).await {
                return;
            }
        }
    });
    let primes = runtime.spawn(async move {
        let mut last = 0;
        for _ in 0..n {
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
    });
    let last = runtime.block_on(primes).expect("no task panics");
    assert!(n != PRIMES || last == 1223, "{last} is not the 200th prime");
    Some(meter.stop(n))
}
