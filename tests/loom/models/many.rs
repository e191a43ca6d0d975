//! Several values at a time: the rules of single operations, of each of them; in lanes, under the lock, and while one becomes the other.

use gosync::chan::{Receiver, Sender, bounded};
use gosync::{go, select, select_async};
use gosync_atomic::__sys::Parker;

use super::lanes::{Ends, laned};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::{block_on, poll_once};

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const KTH: &str = "chan.kth-recv-before-(k+C)th-send-complete";
const CLOSE: &str = "chan.close-before-closed-recv";
const TRANSFER: &str = "chan.value-transfer";
const FIFO: &str = "chan.fifo";
const LEN: &str = "chan.len-cap-no-edge";
const TRY: &str = "gosync.try";
const PERMIT: &str = "gosync.permit";

pub(crate) fn models() -> Vec<Model> {
    let in_lanes = vec![
        holds(SEND_BEFORE_RECV, "many: lanes", || send_then_look(laned(2, || 0), true))
            .bound(3)
            .reaches(&["many.sent", "many.received"])
            .witnesses(&["at once", "in two goes"]),
        fails(SEND_BEFORE_RECV, "many: lanes, write after the send", Verdict::Race, || {
            send_then_look(laned(2, || 0), false);
        }),
        holds(SEND_BEFORE_RECV, "many: a task", of_a_task).bound(2).reaches(&["many.received", "chan.wake-task"]),
        holds(KTH, "many: lanes, full", || full_then_look(laned(2, || 0), 2)).bound(3).reaches(&["many.received"]),
        fails(KTH, "many: lanes, not full", Verdict::Race, || full_then_look(laned(3, || 0), 2)),
        holds(TRANSFER, "many: two senders", two_senders).bound(2).reaches(&["many.sent", "lane.keep-out"]),
        holds(TRANSFER, "many: two receivers", two_receivers)
            .bound(2)
            .reaches(&["many.received", "lane.keep-out"])
            .witnesses(&["one each", "both"]),
        holds(FIFO, "many: lanes that are shut in between", shut_in_between).bound(2).reaches(&[
            "many.sent",
            "many.received",
            "lane.shut",
        ]),
        holds(CLOSE, "many: lanes", || close_then_look(laned(2, || 0), true)).bound(3).reaches(&["many.sent"]),
        fails(CLOSE, "many: lanes, write after the close", Verdict::Race, || close_then_look(laned(2, || 0), false)),
        holds(TRY, "many: lanes, sent", || sent_then_looked(laned(3, || 0), false)).pinged().reaches(&["many.sent"]),
        holds(TRY, "many: lanes, received", received_then_many_tried).pinged().reaches(&["many.sent"]),
    ];
    let locked = vec![
        holds(SEND_BEFORE_RECV, "many: locked", || send_then_look(warm(2), true))
            .bound(3)
            .reaches(&["many.sent-locked", "many.received-locked"])
            .witnesses(&["at once"]),
        fails(SEND_BEFORE_RECV, "many: locked, write after the send", Verdict::Race, || {
            send_then_look(warm(2), false);
        }),
        holds(KTH, "many: locked, full", || full_then_look(warm(2), 2)).bound(3).reaches(&["many.received-locked"]),
        fails(KTH, "many: locked, not full", Verdict::Race, || full_then_look(warm(3), 2)),
        holds(CLOSE, "many: locked", || close_then_look(warm(2), true)).bound(3).reaches(&["many.sent-locked"]),
        holds(TRANSFER, "many: closed meanwhile", closed_meanwhile).bound(3).witnesses(&["some", "all"]),
        holds(TRY, "many: sent", || sent_then_looked(warm(3), false)).reaches(&["many.sent-locked"]),
        holds(TRY, "many: received, of a full buffer", || received_then_looked(2, false))
            .reaches(&["many.received-locked"]),
        holds(TRY, "many: one received, of a full buffer", || received_then_looked(1, false))
            .reaches(&["many.received-locked"]),
        holds(LEN, "many: sent", || sent_then_looked(warm(3), true)).reaches(&["many.sent-locked"]),
        holds(LEN, "many: received", || received_then_looked(1, true)).reaches(&["many.received-locked"]),
        holds(TRY, "many: the rest after a close", rest_then_end).reaches(&["many.received-locked"]),
        holds(TRY, "many: more than there is room for", more_than_room).witnesses(&["full", "room"]),
        holds(PERMIT, "many: tasks that have yet to send", beside_chosen_sends).bound(3).reaches(&["many.only-items"]),
    ];
    in_lanes.into_iter().map(Model::with_lanes).chain(locked).collect()
}

/// A channel whose buffer is there.
fn warm(capacity: usize) -> Ends<i32> {
    let (tx, rx) = bounded(capacity);
    tx.send(0).unwrap();
    rx.recv().unwrap();
    (tx, rx)
}

fn recv_all(rx: &Receiver<i32>, n: usize) -> Vec<i32> {
    let mut values = Vec::new();
    while values.len() < n {
        let left = n - values.len();
        rx.recv_many(&mut values, left).unwrap();
    }
    values
}

/// T1: write, send two. T2: receive, read.
fn send_then_look((tx, rx): Ends<i32>, in_order: bool) {
    let d = Plain::new();
    let sender = go({
        let d = d.clone();
        move || {
            if in_order {
                d.write(1);
            }
            tx.send_many(&mut vec![1, 2]).unwrap();
            if !in_order {
                d.write(1);
            }
        }
    });
    let mut values = Vec::new();
    rx.recv_many(&mut values, 2).unwrap();
    assert_eq!(d.read(), 1);
    witness(if values.len() == 2 { "at once" } else { "in two goes" });
    values.extend(recv_all(&rx, 2 - values.len()));
    assert_eq!(values, [1, 2]);
    sender.join().unwrap();
}

fn of_a_task() {
    let (d, (tx, rx)) = (Plain::new(), laned(2, || 0));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            tx.send_many(&mut vec![1, 2]).unwrap();
        }
    });
    let mut values = Vec::new();
    while values.len() < 2 {
        block_on(rx.recv_many_async(&mut values, 2)).unwrap();
        assert_eq!(d.read(), 1);
    }
    assert_eq!(values, [1, 2]);
    sender.join().unwrap();
}

/// With two values. T1: write, receive both. T2: send two, read.
fn full_then_look((tx, rx): Ends<i32>, filled: i32) {
    let d = Plain::new();
    tx.send_many(&mut (0..filled).collect()).unwrap();
    let receiver = go({
        let (d, rx) = (d.clone(), rx.clone());
        move || {
            d.write(1);
            recv_all(&rx, 2)
        }
    });
    tx.send_many(&mut vec![2]).unwrap();
    let seen = d.read();
    assert_eq!(receiver.join().unwrap(), [0, 1]);
    assert_eq!((seen, recv_all(&rx, 1)), (1, vec![2]));
}

fn sum(values: &[Plain]) -> usize {
    values.iter().map(Plain::read).sum()
}

fn two_senders() {
    let (tx, rx) = laned(4, Plain::new);
    let send = |tx: Sender<Plain>, values: [usize; 2]| {
        tx.send_many(&mut values.map(Plain::holding).into()).unwrap();
    };
    let sender = go({
        let tx = tx.clone();
        move || send(tx, [1, 2])
    });
    send(tx, [4, 8]);
    let mut values = Vec::new();
    while rx.recv_many(&mut values, 3).is_ok() {}
    assert_eq!(sum(&values), 15);
    sender.join().unwrap();
}

fn two_receivers() {
    let (tx, rx) = laned(2, Plain::new);
    tx.send_many(&mut [1, 2].map(Plain::holding).into()).unwrap();
    let receive = |rx: &Receiver<Plain>, limit| {
        let mut values = Vec::new();
        _ = rx.try_recv_many(&mut values, limit);
        values
    };
    let receiver = go({
        let rx = rx.clone();
        move || sum(&receive(&rx, 1))
    });
    let mine = receive(&rx, 2);
    let others = receiver.join().unwrap();
    witness(if mine.len() == 2 { "both" } else { "one each" });
    assert_eq!(sum(&mine) + others + sum(&receive(&rx, 2)), 3);
    drop(tx);
}

/// The receiver shuts the lanes by a select while the sender is in one, or about to be.
fn shut_in_between() {
    let (tx, rx) = laned(2, || 0);
    let sender = go(move || tx.send_many(&mut vec![1, 2, 3]).unwrap());
    let first = select! { recv(rx) -> value => value.unwrap() };
    let mut values = vec![first];
    values.extend(recv_all(&rx, 2));
    assert_eq!(values, [1, 2, 3]);
    sender.join().unwrap();
}

/// T1: send two, write, close. T2: receive to the end, read.
fn close_then_look((tx, rx): Ends<i32>, in_order: bool) {
    let d = Plain::new();
    let closer = go({
        let d = d.clone();
        move || {
            tx.send_many(&mut vec![1, 2]).unwrap();
            if in_order {
                d.write(1);
            }
            tx.close().unwrap();
            if !in_order {
                d.write(1);
            }
        }
    });
    let mut values = Vec::new();
    while rx.recv_many(&mut values, 2).is_ok() {}
    assert_eq!((values, d.read()), (vec![1, 2], 1));
    closer.join().unwrap();
}

/// What was not sent is left, and the rest arrives.
fn closed_meanwhile() {
    let (tx, rx) = warm(2);
    let sender = go(move || {
        let mut values = vec![1, 2];
        _ = tx.send_many(&mut values);
        values
    });
    rx.close().unwrap();
    let left = sender.join().unwrap();
    let mut values = Vec::new();
    while rx.recv_many(&mut values, 2).is_ok() {}
    witness(if left.is_empty() { "all" } else { "some" });
    values.extend(left);
    assert_eq!(values, [1, 2]);
}

/// What was sent is found by a try, or counted, and so can be asked for with no lock.
fn sent_then_looked((tx, rx): Ends<i32>, counted: bool) {
    let sender = go(move || {
        tx.send_many(&mut vec![1, 2]).unwrap();
        tx
    });
    let early = rx.try_recv();
    let tx = sender.join().unwrap();
    assert!(!counted || rx.len() == 2 - usize::from(early.is_ok()));
    assert!(early.into_iter().chain(rx.try_iter()).eq([1, 2]));
    drop(tx);
}

/// A full buffer, of which so many are received: then there is room, and what is left is counted.
fn received_then_looked(n: usize, counted: bool) {
    let (tx, rx) = warm(2);
    tx.send_many(&mut vec![1, 2]).unwrap();
    let receiver = go(move || {
        assert_eq!(recv_all(&rx, n), [1, 2][..n]);
        rx
    });
    let early = tx.try_send(3).is_ok();
    let rx = receiver.join().unwrap();
    assert!(!counted || rx.len() == 2 - n + usize::from(early));
    assert!(early || tx.try_send(3).is_ok(), "there is room");
}

/// As that, in lanes, and several are tried.
fn received_then_many_tried() {
    let (tx, rx) = laned(2, || 0);
    tx.send_many(&mut vec![1, 2]).unwrap();
    let receiver = go(move || {
        assert_eq!(recv_all(&rx, 2), [1, 2]);
        rx
    });
    let mut values = vec![3, 4];
    _ = tx.try_send_many(&mut values);
    let rx = receiver.join().unwrap();
    assert!(values.is_empty() || tx.try_send_many(&mut values).is_ok(), "there is room");
    assert!(rx.try_iter().eq([3, 4]));
}

/// After a close the rest is received, and a try finds the end.
fn rest_then_end() {
    let (tx, rx) = warm(2);
    tx.send_many(&mut vec![1, 2]).unwrap();
    tx.close().unwrap();
    let receiver = go({
        let rx = rx.clone();
        move || {
            let mut values = Vec::new();
            _ = rx.recv_many(&mut values, 2);
            values.len()
        }
    });
    let mine = rx.try_recv().is_ok();
    assert_eq!(receiver.join().unwrap() + usize::from(mine), 2);
    assert!(rx.try_recv().unwrap_err().is_disconnected());
}

/// What has no room stays with who tried to send it.
fn more_than_room() {
    let (tx, rx) = warm(1);
    let receiver = go({
        let rx = rx.clone();
        move || rx.try_recv().into_iter().collect::<Vec<_>>()
    });
    let mut values = vec![1, 2];
    _ = tx.try_send_many(&mut values);
    witness(if values.is_empty() { "room" } else { "full" });
    let mut all = receiver.join().unwrap();
    all.extend(rx.try_iter().chain(values));
    assert_eq!(all, [1, 2]);
}

/// A task is given the room that the first value leaves, and another one waits; both have yet to send, and do so when they are polled,
/// after the receive. So that must not wait for either once it has a value.
fn beside_chosen_sends() {
    let (tx, rx) = warm(1);
    tx.send(1).unwrap();
    let mut tasks = [2, 3].map(|n| {
        let tx = tx.clone();
        Box::pin(async move {
            select_async! { send(tx, n) -> result => result.unwrap() }
        })
    });
    assert!(tasks.iter_mut().all(|task| poll_once(task.as_mut(), &Parker::new()).is_pending()));
    let receiver = go({
        let rx = rx.clone();
        move || {
            let mut values = Vec::new();
            rx.recv_many(&mut values, 3).unwrap();
            values
        }
    });
    // A try here would meet the second one, and wait for it.
    drop(rx.clone());
    assert_eq!(receiver.join().unwrap(), [1]);
    for (n, task) in (2..).zip(tasks) {
        block_on(task);
        assert_eq!(rx.try_recv(), Ok(n));
    }
}
