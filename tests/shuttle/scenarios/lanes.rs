//! Channels that nobody waits at for long, so that their lanes are opened and shut all the time: those who use them meet those
//! who take the lock, and those who only look.

use gosync::chan::{self, Receiver, Sender};
use gosync::select;

use crate::kit::{InOrder, Ledger, Value, any, scope, threads};
use crate::scenario::{EITHER, HANGS, IS_WRONG, Scenario, fails, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("lanes, all that there is", 8, || all_that_there_is(chan::bounded(3)))
            .witnesses(&["some", "all"])
            .convicts(HANGS, &["sleeper.wake", "chan.close.complete"])
            .convicts(EITHER, &["chan.closed-is-eventful"]),
        holds("lanes, all that there is, unbounded", 8, || all_that_there_is(chan::unbounded()))
            .witnesses(&["some", "all"])
            .convicts(HANGS, &["sleeper.wake", "chan.close.complete"]),
        holds("lanes, a value for each", 5, || a_value_for_each(false)).convicts(IS_WRONG, &["lanes.unchanged"]),
        fails("lanes, a value for each, one too many", 5, || a_value_for_each(true)),
        holds("lanes, bursts", 5, bursts).witnesses(&["empty in between"]).convicts(HANGS, &["sleeper.wake"]),
    ]
}

const SENDERS: usize = 3;
const VALUES: usize = 4;

/// By a plain send, a try, or a select. `Err`: closed.
fn send(tx: &Sender<Value>, value: Value) -> Result<(), Value> {
    match any(4) {
        0 => match tx.try_send(value) {
            Err(back) if !back.is_disconnected() => tx.send(back.into_inner()).map_err(|back| back.into_inner()),
            sent => sent.map_err(|back| back.into_inner()),
        },
        1 => select! { send(tx, value) -> sent => sent.map_err(|back| back.into_inner()) },
        _ => tx.send(value).map_err(|back| back.into_inner()),
    }
}

/// By a plain receive, a try, or a select. `None`: closed.
fn recv(rx: &Receiver<Value>) -> Option<Value> {
    match any(4) {
        0 => rx.try_recv().or_else(|_| rx.recv()).ok(),
        1 => select! { recv(rx) -> value => value.ok() },
        2 => select! {
            recv(rx) -> value => value.ok(),
            default => rx.recv().ok(),
        },
        _ => rx.recv().ok(),
    }
}

/// Every way to send and to receive, somebody who looks, and a close.
fn all_that_there_is((tx, rx): (Sender<Value>, Receiver<Value>)) {
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let (tx, ledger) = (&tx, &ledger);
            s.spawn(move || {
                (0..VALUES).for_each(|n| {
                    if let Err(back) = send(tx, (sender, n)) {
                        ledger.returned.push(back);
                    }
                });
            });
        }
        for _ in 0..3 {
            s.spawn(|| {
                let mut order = InOrder::default();
                while let Some(value) = recv(&rx) {
                    order.got(value);
                    ledger.received.push(value);
                }
            });
        }
        s.spawn(|| {
            let most = tx.capacity().unwrap_or(SENDERS * VALUES);
            (0..20).for_each(|_| assert!(tx.len() <= most, "more than there can be"));
        });
        for _ in 0..any(40) {
            let _ = tx.is_full();
        }
        tx.close().unwrap();
    });
    assert_eq!(rx.len(), 0);
    let received = ledger.balance(SENDERS, VALUES);
    witness(if received < SENDERS * VALUES { "some" } else { "all" });
}

/// There is room for all. Whoever has sent finds a value by a try, its own or another's, and a length that says so; now and then
/// somebody takes the lock. With `one_too_many` it claims another.
fn a_value_for_each(one_too_many: bool) {
    const ROUNDS: usize = 4;
    let (tx, rx) = chan::bounded(8);
    threads(5, |i| {
        for n in 0..ROUNDS {
            tx.send((i, n)).unwrap();
            assert!((1..=5).contains(&tx.len()), "its own, and at most one of each");
            if any(3) == 0 {
                select! { recv(rx) -> value => assert!(value.is_ok()) }
            } else {
                rx.try_recv().expect("something was sent and not taken");
            }
            if one_too_many && any(8) == 0 {
                rx.try_recv().expect("nobody has sent this one");
            }
        }
    });
    assert_eq!(rx.len(), 0);
}

/// So large that a buffer of 16 is given back.
struct Large(Value, #[allow(dead_code, reason = "its size is what counts")] [u8; 7_000]);

/// The buffer grows, and is given back, while others send and receive.
fn bursts() {
    let (tx, rx) = chan::unbounded();
    let ledger = Ledger::new();
    scope(|s| {
        for sender in 0..SENDERS {
            let tx = tx.clone();
            s.spawn(move || (0..6).for_each(|n| assert!(tx.send(Large((sender, n), [0; 7_000])).is_ok())));
        }
        for _ in 0..2 {
            s.spawn(|| {
                let mut order = InOrder::default();
                while let Ok(Large(value, _)) = rx.try_recv().or_else(|_| rx.recv()) {
                    order.got(value);
                    ledger.received.push(value);
                    if rx.is_empty() {
                        witness("empty in between");
                    }
                }
            });
        }
        drop(tx);
    });
    assert_eq!(ledger.balance(SENDERS, 6), SENDERS * 6);
}
