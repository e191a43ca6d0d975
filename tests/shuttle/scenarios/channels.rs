//! Channels between many senders and many receivers: each value arrives once or is given back, in the order of its sender.

use gosync::chan::{self, Receiver, Sender};

use crate::kit::{InOrder, Ledger, SOON, Value, any, scope};
use crate::scenario::{ANY, EITHER, HANGS, Scenario, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    let lost = &["sleeper.wake", "chan.close.complete"];
    vec![
        holds("channel, cap 0, closed", 8, || closed(chan::bounded(0)))
            .witnesses(&["some", "all"])
            .convicts(HANGS, lost),
        holds("channel, cap 1, closed", 8, || closed(chan::bounded(1)))
            .witnesses(&["some", "all"])
            .convicts(HANGS, lost),
        holds("channel, cap 2, closed", 8, || closed(chan::bounded(2)))
            .witnesses(&["some", "all"])
            .convicts(HANGS, lost),
        holds("channel, unbounded, closed", 8, || closed(chan::unbounded()))
            .witnesses(&["some", "all"])
            .convicts(HANGS, lost),
        holds("channel, cap 0, senders go", 7, || disconnected(chan::bounded(0))),
        holds("channel, cap 2, senders go", 7, || disconnected(chan::bounded(2))),
        holds("channel, unbounded, senders go", 7, || disconnected(chan::unbounded())),
        holds("channel, cap 0, receivers go", 7, || receivers_go(chan::bounded(0))).witnesses(&["some", "all"]),
        holds("channel, cap 1, receivers go", 7, || receivers_go(chan::bounded(1)))
            .witnesses(&["some", "all"])
            .convicts(EITHER, &["chan.send.closed"]),
        holds("channel, cap 0, deadlines", 7, || deadlines(chan::bounded(0)))
            .witnesses(&["some", "all"])
            .convicts(ANY, &["chan.await-claimer"])
            .convicts(ANY, &["chan.still-queued"]),
        holds("channel, cap 1, deadlines", 7, || deadlines(chan::bounded(1))).witnesses(&["some", "all"]),
    ]
}

const SENDERS: usize = 3;
const VALUES: usize = 3;

fn receive_all(rx: &Receiver<Value>, ledger: &Ledger) {
    let mut order = InOrder::default();
    for value in rx {
        order.got(value);
        ledger.received.push(value);
    }
}

fn note(received: usize) {
    witness(if received < SENDERS * VALUES { "some" } else { "all" });
}

/// Somebody closes it at some time.
fn closed((tx, rx): (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let (tx, ledger) = (&tx, &ledger);
            s.spawn(move || {
                (0..VALUES).for_each(|n| {
                    if let Err(back) = tx.send((sender, n)) {
                        ledger.returned.push(back.into_inner());
                    }
                });
            });
        }
        for _ in 0..4 {
            s.spawn(|| receive_all(&rx, &ledger));
        }
        // At some time: after it has looked so often.
        for _ in 0..any(40) {
            let _ = tx.len();
        }
        tx.close().unwrap();
    });
    assert_eq!(rx.len(), 0);
    note(ledger.balance(SENDERS, VALUES));
}

/// The senders end, and with them the channel, when all that was sent was received.
fn disconnected((tx, rx): (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let tx = tx.clone();
            s.spawn(move || (0..VALUES).for_each(|n| tx.send((sender, n)).unwrap()));
        }
        for _ in 0..3 {
            s.spawn(|| receive_all(&rx, &ledger));
        }
        drop(tx);
    });
    assert_eq!(ledger.balance(SENDERS, VALUES), SENDERS * VALUES);
}

/// The receivers take two values each, and go.
fn receivers_go((tx, rx): (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let (tx, ledger) = (tx.clone(), &ledger);
            s.spawn(move || {
                (0..VALUES).for_each(|n| {
                    if let Err(back) = tx.send((sender, n)) {
                        ledger.returned.push(back.into_inner());
                    }
                });
            });
        }
        for _ in 0..3 {
            let (rx, ledger, share) = (rx.clone(), &ledger, 1 + any(3));
            s.spawn(move || {
                (0..share).for_each(|_| rx.recv().into_iter().for_each(|value| ledger.received.push(value)));
            });
        }
        drop((tx, rx));
    });
    // What is in the buffer when the last receiver goes is dropped with it, so that it may be less than all.
    let (mut all, returned) = (ledger.received.take(), ledger.returned.take());
    note(all.len());
    all.extend(returned);
    let kept = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), kept, "no value twice");
    assert!(kept + 1 >= SENDERS * VALUES, "at most the one in the buffer is neither here nor there");
}

/// Whoever has waited too long tries another value, or again.
fn deadlines((tx, rx): (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let (tx, ledger) = (tx.clone(), &ledger);
            s.spawn(move || {
                (0..VALUES).for_each(|n| {
                    if let Err(back) = tx.send_timeout((sender, n), SOON) {
                        assert!(back.is_timeout());
                        ledger.returned.push(back.into_inner());
                    }
                });
            });
        }
        for _ in 0..3 {
            s.spawn(|| {
                let mut order = InOrder::default();
                loop {
                    match rx.recv_timeout(SOON) {
                        Ok(value) => {
                            order.got(value);
                            ledger.received.push(value);
                        }
                        Err(error) if error.is_disconnected() => break,
                        Err(_) => {}
                    }
                }
            });
        }
        gosync_atomic::__sys::control::expire_deadlines();
        drop(tx);
    });
    note(ledger.balance(SENDERS, VALUES));
}
