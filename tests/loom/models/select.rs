//! `select!`: the rules of the channel through a case on either side, and what is select's own: exactly one case, nobody
//! missed, nobody left behind. `select_default` has what happens when nothing is ready.

use std::time::Duration;

use gosync::chan::{self, Chan, Receiver, Select, Sender};
use gosync::{go, select};
use gosync_atomic::__sys::control::{expire_deadlines, pick_any, wake_spuriously};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const RECV_BEFORE_SEND: &str = "chan.recv-before-unbuffered-send-complete";
const KTH: &str = "chan.kth-recv-before-(k+C)th-send-complete";
const CLOSE: &str = "chan.close-before-closed-recv";
const ONE: &str = "chan.no-double-fire";
const ONLY: &str = "select.executed-case-only";
const MEET: &str = "gosync.selects-meet";
const LOSERS: &str = "gosync.select-losers";

const SOON: Duration = Duration::from_secs(1);

pub(crate) fn models() -> Vec<Model> {
    let mut models = vec![
        // The rules of channels, with a select on the sending, the receiving, or both sides.
        holds(RECV_BEFORE_SEND, "select sends", || recv_then_look(&select_send, &plain_recv))
            .reaches(&["sleeper.wake"]),
        holds(RECV_BEFORE_SEND, "select receives", || recv_then_look(&plain_send, &select_recv)),
        holds(RECV_BEFORE_SEND, "selects on both sides", || recv_then_look(&select_send, &select_recv)).bound(3),
        holds(KTH, "select sends, cap 1", semaphore),
        holds(CLOSE, "select receives", close_then_look).reaches(&["sleeper.wake"]),
        fails(CLOSE, "select receives, write after the close", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(0));
            let closer = go({
                let d = d.clone();
                move || {
                    tx.close().unwrap();
                    d.write(1);
                }
            });
            select! { recv(rx) -> end => assert!(end.is_err()) }
            d.read();
            closer.join().unwrap();
        }),
        // One case is done, and no other.
        holds(ONE, "two receives, two senders", two_receives_two_senders)
            .bound(2)
            .witnesses(&["a first", "b first"])
            .reaches(&["chan.claim"]),
        holds(ONE, "two sends, two receivers", two_sends_two_receivers)
            .bound(2)
            .witnesses(&["to a", "to b"])
            .reaches(&["chan.claim"]),
        holds(ONE, "send or receive", send_or_receive).bound(2).witnesses(&["sent", "received"]),
        holds(ONE, "close and a sender", close_and_a_sender).bound(2).witnesses(&["value", "closed"]),
        holds(ONE, "a receive behind a select", a_receive_behind_a_select).bound(2).reaches(&["chan.cases-before"]),
        holds(ONE, "the same channel twice", the_same_channel_twice).bound(3).witnesses(&["first", "second"]),
        // The edges are those of the case that was done.
        holds(ONLY, "the case that was done", || executed(true)).witnesses(&["a", "b"]).bound(2),
        fails(ONLY, "the other case", Verdict::Race, || executed(false)).bound(2),
        // Selects that face each other.
        holds(MEET, "opposite ends of two channels", facing_two_channels).bound(3).witnesses(&["a", "b"]),
        holds(MEET, "both ends of one channel", facing_one_channel).bound(3).witnesses(&["sent", "received"]),
        // Nodes of cases that were not done are in nobody's way.
        holds(LOSERS, "is no partner", || {
            let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded::<i32>(0));
            let other = go({
                let rb = rb.clone();
                move || {
                    select! {
                        recv(ra) -> value => assert_eq!(value, Ok(1)),
                        recv(rb) -> _ => unreachable!(),
                    }
                }
            });
            a.send(1).unwrap();
            // It may still stand in line for `b`.
            let mut select = Select::new();
            select.send(&b);
            assert!(select.try_ready().is_err());
            other.join().unwrap();
        })
        .reaches(&["chan.claimed-partner"]),
        holds(LOSERS, "before a receiver", loser_before_a_receiver).bound(2),
        holds(LOSERS, "before a sender", loser_before_a_sender).bound(2),
        holds(LOSERS, "after a deadline", loser_after_a_deadline).bound(2).witnesses(&["in time", "too late"]),
        holds("gosync.no-spurious-return", "select", || {
            let ((tx, rx), never) = (chan::bounded(0), chan::never::<i32>());
            let receiver = go(move || {
                select! {
                    recv(rx) -> value => value,
                    recv(never) -> value => value,
                }
            });
            wake_spuriously();
            tx.send(1).unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(1));
        })
        .reaches(&["sleeper.wake"]),
    ];
    for cap in [0, 1] {
        let shape = |what: &str| format!("{what}, cap {cap}");
        models.extend([
            holds(SEND_BEFORE_RECV, shape("select sends"), move || send_then_look(cap, &select_send, &plain_recv))
                .bound(3),
            holds(SEND_BEFORE_RECV, shape("select receives"), move || send_then_look(cap, &plain_send, &select_recv)),
            holds(SEND_BEFORE_RECV, shape("selects"), move || send_then_look(cap, &select_send, &select_recv)).bound(3),
        ]);
    }
    models
}

/// A send through a select that has another case, which is never ready.
fn select_send(tx: &Sender<i32>, value: i32) {
    let other = chan::never::<()>();
    select! {
        send(tx, value) -> result => result.unwrap(),
        recv(other) -> _ => unreachable!(),
    }
}

fn plain_send(tx: &Sender<i32>, value: i32) {
    tx.send(value).unwrap();
}

/// A receive through a select that has another case, which is never ready.
fn select_recv(rx: &Receiver<i32>) -> i32 {
    let other = chan::never::<()>();
    select! {
        recv(other) -> _ => unreachable!(),
        recv(rx) -> value => value.unwrap(),
    }
}

fn plain_recv(rx: &Receiver<i32>) -> i32 {
    rx.recv().unwrap()
}

type Send = dyn Fn(&Sender<i32>, i32) + Sync;
type Recv = dyn Fn(&Receiver<i32>) -> i32 + Sync;

/// T1: write, send. T2: receive, read.
fn send_then_look(cap: usize, send: &'static Send, recv: &'static Recv) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            send(&tx, 7);
        }
    });
    assert_eq!(recv(&rx), 7);
    assert_eq!(d.read(), 1);
    sender.join().unwrap();
}

/// T1: write, receive. T2: send, read.
fn recv_then_look(send: &'static Send, recv: &'static Recv) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(0));
    let receiver = go({
        let d = d.clone();
        move || {
            d.write(1);
            assert_eq!(recv(&rx), 7);
        }
    });
    send(&tx, 7);
    assert_eq!(d.read(), 1);
    receiver.join().unwrap();
}

/// A full channel of capacity 1: the receive that makes room happens before the send that uses it.
fn semaphore() {
    let (d, c) = (Plain::new(), Chan::new(1));
    c.send(0).unwrap();
    let receiver = go({
        let (d, c) = (d.clone(), c.clone());
        move || {
            d.write(1);
            c.recv().unwrap();
        }
    });
    select_send(c.as_ref(), 1);
    assert_eq!(d.read(), 1);
    receiver.join().unwrap();
}

fn close_then_look() {
    let (d, (tx, rx), other) = (Plain::new(), chan::bounded::<()>(0), chan::never::<()>());
    let closer = go({
        let d = d.clone();
        move || {
            d.write(1);
            tx.close().unwrap();
        }
    });
    select! {
        recv(other) -> _ => unreachable!(),
        recv(rx) -> end => assert!(end.is_err()),
    }
    assert_eq!(d.read(), 1);
    closer.join().unwrap();
}

/// Two senders on two channels, two selects that take one value each.
fn two_receives_two_senders() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(0));
    let senders = [go(move || a.send(Plain::holding(1)).unwrap()), go(move || b.send(Plain::holding(2)).unwrap())];
    let take = || {
        select! {
            recv(ra) -> value => value.unwrap_or_else(|_| Plain::holding(0)).read(),
            recv(rb) -> value => value.unwrap_or_else(|_| Plain::holding(0)).read(),
        }
    };
    let first = take();
    witness(if first == 1 { "a first" } else { "b first" });
    // The other sender's channel is open until it has sent; the first one's may be closed already.
    let second = if first == 1 { rb.recv() } else { ra.recv() }.unwrap().read();
    assert_eq!(first + second, 3);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

/// The select is queued at both channels, a receive perhaps behind it. It has been done by the time that `a` is sent to, which
/// must tell the select's node, which may still be there, from the receive's.
fn a_receive_behind_a_select() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(0));
    let plain = go({
        let ra = ra.clone();
        move || ra.recv().unwrap()
    });
    let sender = go(move || {
        b.send(1).unwrap();
        a.send(2).unwrap();
    });
    select! {
        recv(ra) -> value => panic!("{value:?} is the other's"),
        recv(rb) -> value => assert_eq!(value.unwrap(), 1),
    }
    assert_eq!(plain.join().unwrap(), 2);
    sender.join().unwrap();
}

/// One select that sends to one of two receivers; the other one is sent away by the end of its channel.
fn two_sends_two_receivers() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(0));
    let receivers = [go(move || ra.recv().is_ok()), go(move || rb.recv().is_ok())];
    let mut evaluated = 0;
    select! {
        send(a, { evaluated += 1; Plain::holding(1) }) -> result => result.unwrap(),
        send(b, { evaluated += 1; Plain::holding(1) }) -> result => result.unwrap(),
    }
    assert_eq!(evaluated, 1);
    drop((a, b));
    let [to_a, to_b] = receivers.map(|receiver| receiver.join().unwrap());
    assert!(to_a != to_b, "one value, one receiver");
    witness(if to_a { "to a" } else { "to b" });
}

/// A select that sends to one channel or receives from another, and a peer for each.
fn send_or_receive() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(0));
    let receiver = go(move || ra.recv().is_ok());
    let sender = go(move || b.send(Plain::holding(2)).is_ok());
    let sent = select! {
        send(a, Plain::holding(1)) -> result => { result.unwrap(); true }
        recv(rb) -> value => { assert_eq!(value.unwrap().read(), 2); false }
    };
    witness(if sent { "sent" } else { "received" });
    drop((a, rb));
    assert_eq!(receiver.join().unwrap(), sent);
    assert_eq!(sender.join().unwrap(), !sent);
}

/// A close and a value that arrive together: one is reported, the other one is there afterwards.
fn close_and_a_sender() {
    let ((a, ra), (b, rb)) = (chan::bounded::<()>(0), chan::bounded(0));
    let closer = go(move || a.close().unwrap());
    let sender = go(move || b.send(7).unwrap());
    select! {
        recv(ra) -> end => {
            assert!(end.is_err());
            witness("closed");
            assert_eq!(rb.recv(), Ok(7));
        }
        recv(rb) -> value => {
            assert_eq!(value, Ok(7));
            witness("value");
            assert!(ra.recv().is_err());
        }
    }
    closer.join().unwrap();
    sender.join().unwrap();
}

/// Either of two cases of one channel may be met first.
fn the_same_channel_twice() {
    let (tx, rx) = chan::bounded(0);
    let receiver = go(move || {
        let first = select! {
            recv(rx) -> value => { witness("first"); value }
            recv(rx) -> value => { witness("second"); value }
        };
        assert_eq!((first, rx.recv()), (Ok(1), Ok(2)));
    });
    pick_any();
    (1..=2).for_each(|n| tx.send(n).unwrap());
    receiver.join().unwrap();
}

/// Two senders write what is theirs; the select reads that of the case that was done, or that of the other one.
fn executed(own: bool) {
    let ((da, (a, ra)), (db, (b, rb))) = ((Plain::new(), chan::bounded(1)), (Plain::new(), chan::bounded(1)));
    let send = |d: &Plain, tx: Sender<()>| {
        let d = d.clone();
        go(move || {
            d.write(1);
            tx.send(()).unwrap();
        })
    };
    let senders = [send(&da, a), send(&db, b)];
    let from_a = select! {
        recv(ra) -> _ => { witness("a"); true }
        recv(rb) -> _ => { witness("b"); false }
    };
    if from_a == own {
        da.read()
    } else {
        db.read()
    };
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

/// One sends to `a` or receives from `b`, the other one receives from `a` or sends to `b`: they pair, on either.
fn facing_two_channels() {
    let (d, a, b) = (Plain::new(), Chan::new(0), Chan::new(0));
    let other = go({
        let (d, a, b) = (d.clone(), a.clone(), b.clone());
        move || {
            d.write(1);
            select! {
                send(b, 2) -> result => result.unwrap(),
                recv(a) -> value => assert_eq!(value, Ok(1)),
            }
        }
    });
    // Edges go both ways at capacity 0, whichever it is.
    select! {
        send(a, 1) -> result => {
            result.unwrap();
            witness("a");
        }
        recv(b) -> value => {
            assert_eq!(value, Ok(2));
            witness("b");
        }
    }
    assert_eq!(d.read(), 1);
    other.join().unwrap();
}

/// Two threads that each send or receive on the same channel: one sends and the other one receives.
fn facing_one_channel() {
    fn either(c: &Chan<i32>) -> bool {
        select! {
            send(c, 1) -> result => { result.unwrap(); true }
            recv(c) -> value => { assert_eq!(value, Ok(1)); false }
        }
    }
    let c = Chan::new(0);
    let other = go({
        let c = c.clone();
        move || either(&c)
    });
    let sent = either(&c);
    witness(if sent { "sent" } else { "received" });
    assert_eq!(other.join().unwrap(), !sent);
}

/// A select waits on `a` and `b` and is won on `b`. Its node on `a` must not swallow the value that a receiver waits for.
fn loser_before_a_receiver() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(1));
    let selecting = go({
        let ra = ra.clone();
        move || {
            select! {
                recv(ra) -> value => value.unwrap(),
                recv(rb) -> value => value.unwrap(),
            }
        }
    });
    let receiving = go(move || ra.recv().unwrap());
    b.send(2).unwrap();
    a.send(1).unwrap();
    match selecting.join().unwrap() {
        2 => assert_eq!(receiving.join().unwrap(), 1),
        // The select took the value of `a`: another one for the receiver.
        _ => {
            a.send(3).unwrap();
            assert_eq!(receiving.join().unwrap(), 3);
        }
    }
}

fn loser_before_a_sender() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(1));
    let selecting = go({
        let a = a.clone();
        move || {
            select! {
                send(a, 1) -> result => { result.unwrap(); false }
                send(b, 2) -> result => { result.unwrap(); true }
            }
        }
    });
    let sending = go(move || a.send(3).unwrap());
    let first = ra.recv().unwrap();
    if selecting.join().unwrap() {
        assert_eq!((first, rb.recv()), (3, Ok(2)));
    } else {
        assert_eq!(first + ra.recv().unwrap(), 4);
    }
    sending.join().unwrap();
}

/// A select that gives up leaves nothing behind: the value goes to the receiver that stays.
fn loser_after_a_deadline() {
    let (tx, rx) = chan::bounded(0);
    let other = chan::never::<i32>();
    let hasty = go({
        let rx = rx.clone();
        move || {
            select! {
                recv(rx) -> value => value.is_ok(),
                recv(other) -> _ => unreachable!(),
                default(SOON) => false,
            }
        }
    });
    let patient = go(move || rx.recv().is_ok());
    expire_deadlines();
    tx.send(()).unwrap();
    drop(tx);
    let (hasty, patient) = (hasty.join().unwrap(), patient.join().unwrap());
    assert!(hasty != patient, "one value, one receiver");
    witness(if hasty { "in time" } else { "too late" });
}
