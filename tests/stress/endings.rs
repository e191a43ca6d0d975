//! Ends in the middle of traffic: closes, receivers that leave, handles that come and go. Every value is received,
//! returned to its sender, or dropped with the buffer, exactly once.

use std::sync::atomic::{AtomicIsize, Ordering};
use std::thread;

use gosync::chan::{Chan, Receiver, Sender};

use crate::rng::Rng;
use crate::traffic::{Parcel, Style, check, receive, send};
use crate::watchdog::Watchdog;
use crate::{CAPACITIES, LIMIT, join, make, rounds, start};

const SENDERS: usize = 3;
const RECEIVERS: usize = 2;

/// Sends until refused; how many were taken.
fn send_until_closed(tx: &Sender<Parcel>, sender: usize, style: Style, rng: &mut Rng) -> usize {
    let mut number = 0;
    while send(tx, Parcel::new(sender, number), style, rng).is_ok() {
        number += 1;
        rng.pause();
    }
    number
}

/// Somebody closes. What senders say was taken is what receivers get.
#[test]
fn close_during_traffic() {
    let _watchdog = Watchdog::new();
    for round in rounds(150, LIMIT) {
        for capacity in CAPACITIES {
            let style = if round % 2 == 0 { Style::Plain } else { Style::Mixed };
            let (tx, rx) = make(capacity);
            thread::scope(|s| {
                let (tx, rx) = (&tx, &rx);
                let rng = |thread| Rng::new(10 * round + thread);
                let senders =
                    start(s, SENDERS, |sender| move || send_until_closed(tx, sender, style, &mut rng(sender)));
                let receivers = start(s, RECEIVERS, |receiver| {
                    move || {
                        let mut rng = rng(SENDERS + receiver);
                        std::iter::from_fn(|| receive(rx, style, &mut rng)).collect::<Vec<_>>()
                    }
                });
                (0..rng(9).below(60)).for_each(|_| thread::yield_now());
                rx.close().unwrap();
                let sent = join(senders);
                check(&join(receivers), &sent);
            });
        }
    }
}

/// A value that counts itself while it lives.
struct Live<'a> {
    count: &'a AtomicIsize,
    sender: usize,
    number: usize,
    _heap: Box<usize>,
}

impl<'a> Live<'a> {
    fn new(count: &'a AtomicIsize, sender: usize, number: usize) -> Live<'a> {
        count.fetch_add(1, Ordering::Relaxed);
        Live { count, sender, number, _heap: Box::new(number) }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The receivers leave one after the other. What was taken and not received was dropped with the buffer; what was not
/// taken has come back.
#[test]
fn receivers_leave_during_traffic() {
    let _watchdog = Watchdog::new();
    for round in rounds(150, LIMIT) {
        for capacity in CAPACITIES {
            let live = AtomicIsize::new(0);
            let live = &live;
            let (tx, rx) = make(capacity);
            thread::scope(|s| {
                let senders = start(s, SENDERS, |sender| {
                    let (tx, mut rng) = (tx.clone(), Rng::new(10 * round + sender));
                    move || {
                        for number in 0.. {
                            rng.pause();
                            if let Err(error) = tx.send(Live::new(live, sender, number)) {
                                assert_eq!((error.0.sender, error.0.number), (sender, number));
                                return number;
                            }
                        }
                        unreachable!()
                    }
                });
                let receivers = start(s, RECEIVERS, |receiver| {
                    let (rx, stay) = (rx.clone(), Rng::new(10 * round + SENDERS + receiver).below(100));
                    move || rx.iter().take(stay).map(|value| (value.sender, value.number)).collect::<Vec<_>>()
                });
                drop(rx);
                let sent = join(senders);
                let mut received = join(receivers).concat();
                assert!(received.iter().all(|&(sender, number)| number < sent[sender]), "received what was refused");
                let count = received.len();
                received.sort_unstable();
                received.dedup();
                assert_eq!(received.len(), count, "received twice");
            });
            assert_eq!((tx.len(), tx.is_closed()), (0, true));
            assert_eq!(live.load(Ordering::Relaxed), 0, "leaked, or dropped twice");
        }
    }
}

/// A handle of another kind, or another handle of the same kind, for the same channel.
fn change_sender(tx: Sender<Parcel>, rng: &mut Rng) -> Sender<Parcel> {
    match rng.below(4) {
        0 => tx.clone(),
        1 => {
            let more: Vec<_> = (0..rng.below(5)).map(|_| tx.clone()).collect();
            more.into_iter().next_back().unwrap_or(tx)
        }
        _ => tx,
    }
}

fn change_receiver(rx: Receiver<Parcel>, rng: &mut Rng) -> Receiver<Parcel> {
    match rng.below(4) {
        0 => rx.clone(),
        1 => thread::scope(|s| s.spawn(|| rx.clone()).join().unwrap()),
        _ => rx,
    }
}

/// Handles are cloned and dropped all the time; the channel ends when the last sender goes, and not before.
#[test]
fn handles_come_and_go() {
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES {
        let c = Chan::new(capacity);
        thread::scope(|s| {
            let senders = start(s, SENDERS, |sender| {
                let (mut tx, mut rng) = (c.sender(), Rng::new(sender));
                move || {
                    let mut sent = 0;
                    for number in rounds(2_000, LIMIT / 5) {
                        send(&tx, Parcel::new(sender, number), Style::Mixed, &mut rng).unwrap();
                        tx = change_sender(tx, &mut rng);
                        sent = number + 1;
                    }
                    sent
                }
            });
            let receivers = start(s, RECEIVERS, |receiver| {
                let (mut rx, mut rng) = (c.receiver(), Rng::new(SENDERS + receiver));
                move || {
                    let mut parcels = Vec::new();
                    while let Some(parcel) = receive(&rx, Style::Mixed, &mut rng) {
                        parcels.push(parcel);
                        if rng.one_in(8) {
                            rx = change_receiver(rx, &mut rng);
                        }
                    }
                    assert_eq!(rx.sender_count(), 0);
                    parcels
                }
            });
            // The two-way handle counts as a sender, so this comes last.
            drop(c);
            let sent = join(senders);
            check(&join(receivers), &sent);
        });
    }
}

/// The last handles of both sides go at the same time, from several threads, with values in the buffer.
#[test]
fn all_handles_go_at_once() {
    let _watchdog = Watchdog::new();
    let live = AtomicIsize::new(0);
    for round in rounds(1_000, LIMIT) {
        let mut rng = Rng::new(round);
        let c = Chan::new(if rng.one_in(2) { 3 } else { usize::MAX });
        (0..rng.below(4)).for_each(|n| c.try_send(Live::new(&live, 0, n)).ok().unwrap());
        thread::scope(|s| {
            let (first, second) = c.clone().split();
            let (third, fourth) = c.split();
            join(vec![s.spawn(move || drop((first, fourth))), s.spawn(move || drop((second, third)))]);
        });
        assert_eq!(live.load(Ordering::Relaxed), 0);
    }
}
