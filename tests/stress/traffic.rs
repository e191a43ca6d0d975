//! Conservation and order: every value arrives exactly once, and those of one sender in their order at each receiver.

use std::thread;

use gosync::chan::{Receiver, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError, TrySendError};

use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{CAPACITIES, LIMIT, join, make, rounds, start};

/// A value that says who sent it, and when. On the heap, so that tools notice a value that is used twice.
#[derive(Debug, PartialEq)]
pub(crate) struct Parcel {
    pub(crate) sender: usize,
    pub(crate) number: Box<usize>,
}

impl Parcel {
    pub(crate) fn new(sender: usize, number: usize) -> Parcel {
        Parcel { sender, number: Box::new(number) }
    }
}

/// How a thread sends and receives.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    /// Plain operations.
    Plain,
    /// Plain ones, tries and tiny timeouts at random; what fails is done again.
    Mixed,
}

/// Sends a value, however often it takes; the value if the channel is closed. What comes back must be what was sent.
pub(crate) fn send(tx: &Sender<Parcel>, mut parcel: Parcel, style: Style, rng: &mut Rng) -> Result<(), Parcel> {
    let (sender, number) = (parcel.sender, *parcel.number);
    loop {
        let refused;
        (parcel, refused) = match (style, rng.below(3)) {
            (Style::Plain, _) | (Style::Mixed, 0) => match tx.send(parcel) {
                Ok(()) => return Ok(()),
                Err(SendError(parcel)) => (parcel, true),
            },
            (Style::Mixed, 1) => match tx.try_send(parcel) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(parcel)) => (parcel, false),
                Err(TrySendError::Disconnected(parcel)) => (parcel, true),
            },
            (Style::Mixed, _) => match tx.send_timeout(parcel, rng.tiny()) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Timeout(parcel)) => (parcel, false),
                Err(SendTimeoutError::Disconnected(parcel)) => (parcel, true),
            },
        };
        assert_eq!(parcel, Parcel::new(sender, number), "another value came back");
        if refused {
            return Err(parcel);
        }
        rng.pause();
    }
}

/// Receives a value, however often it takes; `None` at the end.
pub(crate) fn receive(rx: &Receiver<Parcel>, style: Style, rng: &mut Rng) -> Option<Parcel> {
    loop {
        match (style, rng.below(3)) {
            (Style::Plain, _) | (Style::Mixed, 0) => return rx.recv().ok(),
            (Style::Mixed, 1) => match rx.try_recv() {
                Ok(parcel) => return Some(parcel),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            },
            (Style::Mixed, _) => match rx.recv_timeout(rng.tiny()) {
                Ok(parcel) => return Some(parcel),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            },
        }
        rng.pause();
    }
}

/// Panics unless each receiver has seen each sender's numbers in order, and together they have seen 0, 1, 2 ... of each
/// sender up to what it says it has sent.
pub(crate) fn check(received: &[Vec<Parcel>], sent: &[usize]) {
    let mut seen: Vec<_> = sent.iter().map(|&n| vec![0; n]).collect();
    for parcels in received {
        let mut last = vec![None; sent.len()];
        for Parcel { sender, number } in parcels {
            assert!(Some(**number) > last[*sender], "sender {sender}: {number} after {:?}", last[*sender]);
            last[*sender] = Some(**number);
            seen[*sender][**number] += 1;
        }
    }
    assert!(seen.iter().flatten().all(|&n| n == 1), "lost or duplicated");
}

/// Senders of up to 20,000 values in all.
fn run(capacity: usize, senders: usize, receivers: usize, style: Style) {
    let most = 20_000 / senders;
    let (tx, rx) = make(capacity);
    thread::scope(|s| {
        let senders = start(s, senders, |sender| {
            let tx = tx.clone();
            move || {
                let mut rng = Rng::new(sender);
                let send = |number| {
                    send(&tx, Parcel::new(sender, number), style, &mut rng).unwrap();
                    rng.pause();
                };
                rounds(most, LIMIT / 5).map(send).count()
            }
        });
        drop(tx);
        let receivers = start(s, receivers, |receiver| {
            let rx = rx.clone();
            move || {
                let mut rng = Rng::new(100 + receiver);
                std::iter::from_fn(|| receive(&rx, style, &mut rng)).collect::<Vec<_>>()
            }
        });
        let sent = join(senders);
        check(&join(receivers), &sent);
    });
}

fn all_capacities(senders: usize, receivers: usize, style: Style) {
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES {
        run(capacity, senders, receivers, style);
    }
}

#[test]
fn one_to_one() {
    all_capacities(1, 1, Style::Plain);
}

#[test]
fn many_to_one() {
    all_capacities(4, 1, Style::Plain);
}

#[test]
fn one_to_many() {
    all_capacities(1, 4, Style::Plain);
}

#[test]
fn many_to_many() {
    all_capacities(4, 4, Style::Plain);
}

#[test]
fn one_to_one_mixed() {
    all_capacities(1, 1, Style::Mixed);
}

#[test]
fn many_to_one_mixed() {
    all_capacities(4, 1, Style::Mixed);
}

#[test]
fn many_to_many_mixed() {
    all_capacities(3, 3, Style::Mixed);
}

/// Two-way traffic on one channel: everybody sends and receives.
#[test]
fn all_to_all() {
    const THREADS: usize = 4;
    let _watchdog = Watchdog::new();
    // With a value of each thread under way at most, a buffer for all of them never blocks.
    for capacity in [THREADS, 2 * THREADS, usize::MAX] {
        let (tx, rx) = make(capacity);
        let received = thread::scope(|s| {
            join(start(s, THREADS, |sender| {
                let (tx, rx) = (&tx, &rx);
                move || {
                    let mut rng = Rng::new(sender);
                    let mut exchange = |number| {
                        send(tx, Parcel::new(sender, number), Style::Mixed, &mut rng).unwrap();
                        receive(rx, Style::Mixed, &mut rng).unwrap()
                    };
                    rounds(5_000, LIMIT / 3).map(&mut exchange).collect::<Vec<_>>()
                }
            }))
        });
        let sent: Vec<_> = received.iter().map(Vec::len).collect();
        check(&received, &sent);
    }
}
