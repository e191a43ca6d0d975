//! Selects that meet: one case each, both sides of it, and no value twice.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gosync::chan::{self, Chan, Receiver, Sender};
use gosync::select;
use gosync_atomic::__sys::control::expire_deadlines;

use crate::kit::{Ledger, List, SOON, Value, any, scope, threads};
use crate::scenario::{ANY, EITHER, HANGS, Scenario, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("select, facing, both ends of three", 8, facing)
            .witnesses(&["sent", "received"])
            .convicts(HANGS, &["select.lock-order", "select.tell-holder"]),
        holds("select, facing, a ring with deadlines", 6, || ring(0, true))
            .witnesses(&["sent", "received", "neither"])
            .convicts(ANY, &["chan.claim"])
            .convicts(EITHER, &["select.give-up"]),
        holds("select, facing, a ring of buffers with default", 6, || ring(1, false))
            .witnesses(&["sent", "received", "neither"]),
        holds("select, timers", 6, timers).witnesses(&["in time", "too late"]),
        holds("select, plain senders", 7, || plain_partners(chan::bounded(0), chan::bounded(0)))
            .convicts(HANGS, &["chan.pass-over", "select.look-locked"]),
        holds("select, plain senders, cap 1", 7, || plain_partners(chan::bounded(1), chan::bounded(0))),
        holds("select, plain receivers", 7, plain_receivers).convicts(HANGS, &["permit.tell-holder"]),
        holds("select, closed", 8, || closed(0)).witnesses(&["some", "all"]).convicts(ANY, &["chan.claim-all"]),
        holds("select, closed, cap 1", 8, || closed(1)).witnesses(&["some", "all"]),
    ]
}

/// Each of eight threads offers both ends of three channels: they find each other in pairs.
fn facing() {
    let channels: [Chan<usize>; 3] = [Chan::new(0), Chan::new(0), Chan::new(0)];
    let (sent, received) = (List::new(), List::new());
    threads(8, |me| {
        let [a, b, c] = &channels;
        select! {
            send(a, me) -> result => { result.unwrap(); sent.push(me); },
            recv(b) -> value => received.push(value.unwrap()),
            send(c, me) -> result => { result.unwrap(); sent.push(me); },
            recv(a) -> value => received.push(value.unwrap()),
            send(b, me) -> result => { result.unwrap(); sent.push(me); },
            recv(c) -> value => received.push(value.unwrap()),
        }
    });
    let (mut sent, mut received) = (sent.take(), received.take());
    witness(if sent.contains(&0) { "sent" } else { "received" });
    sent.sort_unstable();
    received.sort_unstable();
    assert_eq!(sent.len(), 4);
    assert_eq!(sent, received);
}

/// Each of six threads sends to one neighbour or receives from the other, twice; and may do neither.
fn ring(capacity: usize, deadlines: bool) {
    const THREADS: usize = 6;
    let channels: Vec<(Sender<Value>, Receiver<Value>)> = (0..THREADS).map(|_| chan::bounded(capacity)).collect();
    let ledger = Ledger::new();
    let sent = List::new();
    if deadlines {
        expire_deadlines();
    }
    threads(THREADS, |me| {
        let (to, from) = (&channels[me].0, &channels[(me + 1) % THREADS].1);
        for n in 0..2 {
            let value = (me, n);
            let tell = |result: Result<(), chan::SendError<Value>>| {
                result.unwrap();
                sent.push(value);
                witness("sent");
            };
            let neither = || {
                ledger.returned.push(value);
                witness("neither");
            };
            let got = |got: Result<Value, chan::RecvError>| {
                ledger.received.push(got.unwrap());
                // This one's own value is where it was.
                ledger.returned.push(value);
                witness("received");
            };
            if deadlines {
                select! {
                    send(to, value) -> result => tell(result),
                    recv(from) -> value => got(value),
                    default(SOON) => neither(),
                }
            } else {
                select! {
                    send(to, value) -> result => tell(result),
                    recv(from) -> value => got(value),
                    default => neither(),
                }
            }
        }
    });
    // What nobody has received is still there.
    channels.iter().flat_map(|(_, rx)| rx.try_iter()).for_each(|value| ledger.received.push(value));
    assert_eq!(ledger.balance(THREADS, 2), sent.take().len());
}

/// A timer is one of the channels. One that all share says so to one of them.
fn timers() {
    let ((tx, rx), ledger) = (chan::bounded(0), Ledger::new());
    let shared = chan::after(SOON);
    let late = AtomicUsize::new(0);
    expire_deadlines();
    scope(|s| {
        for sender in 0..3 {
            let (tx, ledger) = (tx.clone(), &ledger);
            s.spawn(move || {
                for n in 0..2 {
                    select! {
                        send(tx, (sender, n)) -> result => result.unwrap(),
                        recv(chan::after(SOON)) -> _ => ledger.returned.push((sender, n)),
                    }
                }
            });
        }
        for _ in 0..3 {
            s.spawn(|| {
                loop {
                    select! {
                        recv(rx) -> value => match value {
                            Ok(value) => {
                                ledger.received.push(value);
                                witness("in time");
                            }
                            Err(_) => break,
                        },
                        recv(shared) -> _ => {
                            late.fetch_add(1, Relaxed);
                            witness("too late");
                        }
                    }
                }
            });
        }
        drop(tx);
    });
    assert!(late.into_inner() <= 1, "it is due once");
    let _ = ledger.balance(3, 2);
}

/// Selects between two channels, on which others just send.
fn plain_partners(a: (Sender<Value>, Receiver<Value>), b: (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..4 {
            let tx = if sender % 2 == 0 { &a.0 } else { &b.0 };
            s.spawn(move || (0..3).for_each(|n| tx.send((sender, n)).unwrap()));
        }
        for _ in 0..3 {
            s.spawn(|| {
                for _ in 0..4 {
                    select! {
                        recv(a.1) -> value => ledger.received.push(value.unwrap()),
                        recv(b.1) -> value => ledger.received.push(value.unwrap()),
                    }
                }
            });
        }
    });
    assert_eq!(ledger.balance(4, 3), 12);
}

/// The other way round.
fn plain_receivers() {
    let (a, b) = (chan::bounded(0), chan::bounded(1));
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..3 {
            let (a, b) = (a.0.clone(), b.0.clone());
            s.spawn(move || {
                for n in 0..4 {
                    select! {
                        send(a, (sender, n)) -> result => result.unwrap(),
                        send(b, (sender, n)) -> result => result.unwrap(),
                    }
                }
            });
        }
        // Whoever waits for one of them only must not be forgotten for the other: both end when all senders have.
        let (a, b) = ((a.0, a.1), (b.0, b.1));
        drop((a.0, b.0));
        for receiver in 0..4 {
            let (rx, ledger) = (if receiver % 2 == 0 { a.1.clone() } else { b.1.clone() }, &ledger);
            s.spawn(move || rx.iter().for_each(|value| ledger.received.push(value)));
        }
    });
    assert_eq!(ledger.balance(3, 4), 12);
}

/// Selects on both sides of two channels, which are closed at some time, one after the other.
fn closed(capacity: usize) {
    const SENDERS: usize = 3;
    let channels: [Chan<Value>; 2] = [Chan::new(capacity), Chan::new(0)];
    let [a, b] = &channels;
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let ledger = &ledger;
            s.spawn(move || {
                for n in 0..2 {
                    let value = (sender, n);
                    let result = select! {
                        send(a, value) -> result => result,
                        send(b, value) -> result => result,
                    };
                    if let Err(back) = result {
                        ledger.returned.push(back.into_inner());
                    }
                }
            });
        }
        for _ in 0..4 {
            s.spawn(|| receive_until_both_are_closed(a, b, &ledger));
        }
        for _ in 0..any(40) {
            let _ = a.len();
        }
        a.close().unwrap();
        b.close().unwrap();
    });
    witness(if ledger.balance(SENDERS, 2) < SENDERS * 2 { "some" } else { "all" });
}

fn receive_until_both_are_closed(a: &Chan<Value>, b: &Chan<Value>, ledger: &Ledger) {
    let mut open = [true; 2];
    let never = chan::never();
    while open != [false; 2] {
        let (a, b) =
            (if open[0] { a.receiver() } else { never.clone() }, if open[1] { b.receiver() } else { never.clone() });
        select! {
            recv(a) -> value => value.map_or_else(|_| open[0] = false, |value| ledger.received.push(value)),
            recv(b) -> value => value.map_or_else(|_| open[1] = false, |value| ledger.received.push(value)),
        }
    }
}
