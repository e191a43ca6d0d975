//! What holds at every capacity, and the rendezvous: values, order, and the edges between a send and its receive.

use gosync::{chan, go};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const TRANSFER: &str = "chan.value-transfer";
const FIFO: &str = "chan.fifo";
const RECV_BEFORE_SEND: &str = "chan.recv-before-unbuffered-send-complete";

pub(crate) fn models() -> Vec<Model> {
    let mut models = vec![
        // Unbuffered, the receive happens before the completion of its send.
        holds(RECV_BEFORE_SEND, "cap 0", || recv_then_look(0)).reaches(&["sleeper.wake"]),
        fails(RECV_BEFORE_SEND, "cap 1", Verdict::Race, || recv_then_look(1)),
        // The edge is with the partner, not with whoever else was there.
        fails("chan.wrong-partner-no-edge", "cap 2", Verdict::Race, wrong_partner),
        fails("chan.same-side-no-edge", "cap 2", Verdict::Race, same_side),
        // A try that succeeds is a send or a receive like any other.
        holds(SEND_BEFORE_RECV, "try_recv", try_recv).witnesses(&["a value", "empty"]),
        holds(SEND_BEFORE_RECV, "try_send to a blocked receiver", try_send_rendezvous).witnesses(&["sent", "full"]),
        fails(SEND_BEFORE_RECV, "write after the send", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
            let sender = go({
                let d = d.clone();
                move || {
                    tx.send(()).unwrap();
                    d.write(1);
                }
            });
            rx.recv().unwrap();
            d.read();
            sender.join().unwrap();
        }),
        fails(SEND_BEFORE_RECV, "read before the receive", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(0));
            let sender = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.send(()).unwrap();
                }
            });
            d.read();
            rx.recv().unwrap();
            sender.join().unwrap();
        }),
        holds(TRANSFER, "two senders, cap 0", || two_senders(0)).bound(3).witnesses(&["first", "second"]),
        holds(TRANSFER, "two senders, cap 1", || two_senders(1)).bound(3).witnesses(&["first", "second"]),
        holds(TRANSFER, "two receivers, cap 0", || two_receivers(0)).bound(3).witnesses(&["first", "second"]),
        holds(TRANSFER, "two receivers, cap 2", || two_receivers(2)).bound(3).witnesses(&["first", "second"]),
        fails(TRANSFER, "two receivers, one value", Verdict::Deadlock, || {
            let (tx, rx) = chan::bounded(1);
            let other = go({
                let rx = rx.clone();
                move || rx.recv().unwrap()
            });
            tx.send(1).unwrap();
            rx.recv().unwrap();
            other.join().unwrap();
        }),
        holds(FIFO, "two senders, cap 1", two_ordered_senders).bound(2).witnesses(&["first", "second"]),
    ];
    for cap in [0, 1, 2] {
        models.push(
            holds(SEND_BEFORE_RECV, format!("cap {cap}"), move || send_then_look(cap)).reaches(&["sleeper.wake"]),
        );
        models.push(holds(FIFO, format!("cap {cap}"), move || in_order(cap)).reaches(&["sleeper.wake"]));
    }
    models
}

/// T1: write, send. T2: receive, read.
fn send_then_look(cap: usize) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            tx.send(7).unwrap();
        }
    });
    assert_eq!(rx.recv(), Ok(7));
    assert_eq!(d.read(), 1);
    sender.join().unwrap();
}

/// T1: write, receive. T2: send, read.
fn recv_then_look(cap: usize) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    let receiver = go({
        let d = d.clone();
        move || {
            d.write(1);
            rx.recv().unwrap();
        }
    });
    tx.send(7).unwrap();
    let seen = d.read();
    receiver.join().unwrap();
    assert_eq!(seen, 1);
}

fn try_recv() {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            tx.send(7).unwrap();
        }
    });
    if rx.try_recv().is_ok() {
        assert_eq!(d.read(), 1);
        witness("a value");
    } else {
        witness("empty");
    }
    sender.join().unwrap();
}

fn try_send_rendezvous() {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(0));
    let receiver = go({
        let d = d.clone();
        move || {
            if rx.recv().is_ok() {
                assert_eq!(d.read(), 1);
            }
        }
    });
    d.write(1);
    match tx.try_send(()) {
        Ok(()) => witness("sent"),
        Err(_) => witness("full"),
    }
    drop(tx);
    receiver.join().unwrap();
}

fn in_order(cap: usize) {
    let (tx, rx) = chan::bounded(cap);
    let sender = go(move || {
        tx.send(1).unwrap();
        tx.send(2).unwrap();
    });
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(rx.recv(), Ok(2));
    sender.join().unwrap();
}

/// What two receivers get depends on the schedule; each value goes to one of them.
fn two_receivers(cap: usize) {
    let (tx, rx) = chan::bounded(cap);
    let other = go({
        let rx = rx.clone();
        move || rx.recv().unwrap()
    });
    let sender = go(move || {
        tx.send(Plain::holding(1)).unwrap();
        tx.send(Plain::holding(2)).unwrap();
    });
    let mine = rx.recv().unwrap().read();
    let others = other.join().unwrap().read();
    assert_eq!(mine + others, 3);
    witness(if mine == 1 { "first" } else { "second" });
    sender.join().unwrap();
}

/// Each sender's value arrives, with what it points to.
fn two_senders(cap: usize) {
    let (tx, rx) = chan::bounded(cap);
    let other = tx.clone();
    let senders = [go(move || tx.send(Plain::holding(1)).unwrap()), go(move || other.send(Plain::holding(2)).unwrap())];
    let first = rx.recv().unwrap().read();
    let second = rx.recv().unwrap().read();
    assert_eq!(first + second, 3);
    witness(if first == 1 { "first" } else { "second" });
    assert!(rx.recv().is_err());
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

/// What one sender sends stays in order, whatever another does meanwhile.
fn two_ordered_senders() {
    let (tx, rx) = chan::bounded(1);
    let other = tx.clone();
    let senders = [go(move || (1..=2).for_each(|n| tx.send(n).unwrap())), go(move || other.send(10).unwrap())];
    let got: Vec<i32> = rx.iter().collect();
    assert_eq!(got.len(), 3);
    assert!(got.iter().position(|&n| n == 1) < got.iter().position(|&n| n == 2));
    witness(if got[0] == 1 { "first" } else { "second" });
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

fn wrong_partner() {
    let (mine, others, (tx, rx)) = (Plain::new(), Plain::new(), chan::bounded(2));
    let senders = [
        go({
            let (mine, tx) = (mine.clone(), tx.clone());
            move || {
                mine.write(1);
                tx.send(1).unwrap();
            }
        }),
        go({
            let others = others.clone();
            move || {
                others.write(1);
                tx.send(2).unwrap();
            }
        }),
    ];
    // Ordered after the send of what was received, and after no other.
    match rx.recv().unwrap() {
        1 => others.read(),
        _ => mine.read(),
    };
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

fn same_side() {
    let (d, (tx, _rx)) = (Plain::new(), chan::bounded(2));
    let other = go({
        let (d, tx) = (d.clone(), tx.clone());
        move || {
            d.write(1);
            tx.send(1).unwrap();
        }
    });
    tx.send(2).unwrap();
    d.read();
    other.join().unwrap();
}
