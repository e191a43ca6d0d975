//! The scenarios. One operation is one message, but for ping-pong, where it is a round trip.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gosync_benches::peers::Channel;
use gosync_benches::uncontended::{self, BURST, Operation};

use crate::measure::{Meter, Sample};

/// What is done with a channel.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// One thread alone.
    Alone(Operation),
    /// So many senders and receivers, each in a thread, as fast as they can.
    Threads(usize, usize),
    /// Two threads and two channels: there and back.
    PingPong,
    /// A message at a time, with a pause before each.
    Paced(Duration),
}

/// A shape at a capacity.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) ours_only: bool,
    shape: Shape,
    capacity: Option<usize>,
}

const fn scenario(name: &'static str, shape: Shape, capacity: Option<usize>) -> Scenario {
    Scenario { name, ours_only: false, shape, capacity }
}

/// The pause after which an idle receiver gets its one message.
const IDLE: Duration = Duration::from_secs(5);

/// All of them.
pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("un.sendrecv.b1", Shape::Alone(Operation::SendRecv), Some(1)),
    scenario("un.sendrecv.b1024", Shape::Alone(Operation::SendRecv), Some(1024)),
    scenario("un.sendrecv.unb", Shape::Alone(Operation::SendRecv), None),
    scenario("un.burst512.b1024", Shape::Alone(Operation::Burst), Some(1024)),
    scenario("un.tryrecv-empty.b1024", Shape::Alone(Operation::TryRecvEmpty), Some(1024)),
    scenario("un.create-drop.b0", Shape::Alone(Operation::CreateDrop), Some(0)),
    scenario("un.create-drop.b1", Shape::Alone(Operation::CreateDrop), Some(1)),
    scenario("un.create-drop.b1024", Shape::Alone(Operation::CreateDrop), Some(1024)),
    scenario("spsc.b0", Shape::Threads(1, 1), Some(0)),
    scenario("spsc.b1", Shape::Threads(1, 1), Some(1)),
    scenario("spsc.b1024", Shape::Threads(1, 1), Some(1024)),
    scenario("spsc.unb", Shape::Threads(1, 1), None),
    scenario("mpsc4.b0", Shape::Threads(4, 1), Some(0)),
    scenario("mpsc4.b1", Shape::Threads(4, 1), Some(1)),
    scenario("mpsc4.b1024", Shape::Threads(4, 1), Some(1024)),
    scenario("mpmc4x4.b0", Shape::Threads(4, 4), Some(0)),
    scenario("mpmc4x4.b1", Shape::Threads(4, 4), Some(1)),
    scenario("mpmc4x4.b1024", Shape::Threads(4, 4), Some(1024)),
    scenario("pingpong.b0", Shape::PingPong, Some(0)),
    scenario("pingpong.b1", Shape::PingPong, Some(1)),
    scenario("paced.200us", Shape::Paced(Duration::from_micros(200)), Some(1024)),
    Scenario { name: "idle.5s", ours_only: true, shape: Shape::Paced(IDLE), capacity: Some(1024) },
];

impl Scenario {
    /// The number of operations, where it is not a matter of time.
    pub(crate) fn fixed(&self) -> Option<usize> {
        matches!(self.shape, Shape::Paced(IDLE)).then_some(1)
    }

    /// The number of operations is a multiple of this.
    pub(crate) fn granule(&self) -> usize {
        match self.shape {
            Shape::Alone(Operation::Burst) => BURST,
            Shape::Threads(senders, receivers) => senders * receivers,
            Shape::Alone(_) | Shape::PingPong | Shape::Paced(_) => 1,
        }
    }

    /// The multiple of the granule nearest to `n`, one granule at least.
    pub(crate) fn round(&self, n: f64) -> usize {
        let granule = self.granule();
        ((n / granule as f64).round() as usize).max(1) * granule
    }
}

/// Performs `n` operations; `None` if the implementation cannot do the scenario.
pub(crate) fn run<C: Channel>(scenario: &Scenario, n: usize) -> Option<Sample> {
    match scenario.shape {
        Shape::Alone(operation) => {
            let meter = Meter::start();
            uncontended::run::<C>(operation, scenario.capacity, n).then(|| meter.stop(n))
        }
        Shape::Threads(senders, receivers) => threads::<C>(scenario.capacity, senders, receivers, n),
        Shape::PingPong => ping_pong::<C>(scenario.capacity, n),
        Shape::Paced(pause) => paced::<C>(scenario.capacity, pause, n),
    }
}

/// Runs `others` in a thread each and `here` in this one, and measures from the moment when all of them are ready. They
/// wait for it awake: how the scheduler places threads that are woken all at once would decide over the first
/// milliseconds.
fn measured<O: FnOnce() + Send>(n: usize, others: Vec<O>, here: impl FnOnce()) -> Sample {
    let missing = &AtomicUsize::new(others.len() + 1);
    let arrive = || missing.fetch_sub(1, Ordering::AcqRel);
    let await_missing = |n| {
        while missing.load(Ordering::Acquire) != n {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        let wait_and_work = |work: O| {
            move || {
                arrive();
                await_missing(0);
                work();
            }
        };
        let threads: Vec<_> = others.into_iter().map(|work| scope.spawn(wait_and_work(work))).collect();
        await_missing(1);
        let meter = Meter::start();
        arrive();
        here();
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        meter.stop(n)
    })
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
