//! Every form of send meets every form of receive: the forms are a table, and the models are made from it.

use std::time::Duration;

use gosync::chan::{self, Receiver, RecvError, Select, Sender};
use gosync::{go, select, select_async};

use crate::model::{Model, holds, witness};
use crate::plain::Plain;
use crate::task::block_on;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const RECV_BEFORE_SEND: &str = "chan.recv-before-unbuffered-send-complete";
const KTH: &str = "chan.kth-recv-before-(k+C)th-send-complete";
const CLOSE: &str = "chan.close-before-closed-recv";

const FAR: Duration = Duration::from_secs(1);

type Send = fn(&Sender<i32>, i32);
type Recv = fn(&Receiver<i32>) -> Result<i32, RecvError>;

const SENDS: [(&str, Send); 7] = [
    ("send", |tx, value| tx.send(value).unwrap()),
    ("try_send", |tx, value| match tx.try_send(value) {
        Ok(()) => witness("at once"),
        // A try may come too early.
        Err(full) => tx.send(full.into_inner()).unwrap(),
    }),
    ("send_timeout", |tx, value| tx.send_timeout(value, FAR).unwrap()),
    ("select!", |tx, value| {
        let never = chan::never::<()>();
        select! {
            send(tx, value) -> result => result.unwrap(),
            recv(never) -> _ => unreachable!(),
        }
    }),
    ("Select", |tx, value| {
        let never = chan::never::<()>();
        let mut select = Select::new();
        select.recv(&never);
        select.send(tx);
        select.select().send(tx, value).unwrap();
    }),
    ("send_async", |tx, value| block_on(tx.send_async(value)).unwrap()),
    ("select_async!", |tx, value| {
        let never = chan::never::<()>();
        block_on(async {
            select_async! {
                send(tx, value) -> result => result.unwrap(),
                recv(never) -> _ => unreachable!(),
            }
        });
    }),
];

const RECVS: [(&str, Recv); 8] = [
    ("recv", |rx| rx.recv()),
    ("try_recv", |rx| match rx.try_recv() {
        Err(chan::TryRecvError::Empty) => rx.recv(),
        tried => {
            witness("at once");
            tried.map_err(|_| RecvError)
        }
    }),
    ("recv_timeout", |rx| rx.recv_timeout(FAR).map_err(|_| RecvError)),
    ("iter", |rx| rx.iter().next().ok_or(RecvError)),
    ("select!", |rx| {
        let never = chan::never::<()>();
        select! {
            recv(never) -> _ => unreachable!(),
            recv(rx) -> value => value,
        }
    }),
    ("Select", |rx| {
        let never = chan::never::<()>();
        let mut select = Select::new();
        select.recv(&never);
        select.recv(rx);
        select.select().recv(rx)
    }),
    ("recv_async", |rx| block_on(rx.recv_async())),
    ("select_async!", |rx| {
        let never = chan::never::<()>();
        block_on(async {
            select_async! {
                recv(never) -> _ => unreachable!(),
                recv(rx) -> value => value,
            }
        })
    }),
];

/// Capacities in turn; the last one is unbounded.
const BUFFERS: [Option<usize>; 3] = [Some(1), Some(2), None];

pub(crate) fn models() -> Vec<Model> {
    let mut models = Vec::new();
    for (i, (sending, send)) in SENDS.into_iter().enumerate() {
        for (j, (receiving, recv)) in RECVS.into_iter().enumerate() {
            let buffer = BUFFERS[(i + j) % BUFFERS.len()];
            let shape = format!("pairs of forms: {sending} to {receiving}");
            models.push(tries(
                &[sending, receiving],
                holds(SEND_BEFORE_RECV, shape.clone(), move || meet(send, recv, buffer)),
            ));
            models.push(tries(
                &[sending, receiving],
                holds(RECV_BEFORE_SEND, shape.clone(), move || meet(send, recv, Some(0))),
            ));
            // One in seven, so that each form is there.
            if i == j % SENDS.len() {
                models.push(holds(KTH, shape, move || take_then_fill(send, recv)).bound(3));
            }
        }
    }
    for (j, (receiving, recv)) in RECVS.into_iter().enumerate() {
        let buffer = [Some(0), Some(1), None][j % 3];
        models.push(holds(CLOSE, format!("forms: {receiving}"), move || close_then_look(recv, buffer)).bound(3));
    }
    models
}

/// If a try is among the forms, one that succeeded must have been seen: pinged, because loom does not find it behind a
/// sender that looks before it acts.
fn tries(forms: &[&str], model: Model) -> Model {
    if forms.iter().any(|form| form.starts_with("try")) {
        model.bound(2).pinged().witnesses(&["at once"])
    } else {
        model.bound(3)
    }
}

fn channel(buffer: Option<usize>) -> (Sender<i32>, Receiver<i32>) {
    buffer.map_or_else(chan::unbounded, chan::bounded)
}

/// T1: write a, send, and at capacity 0 read b. T2: write b, receive, read a.
fn meet(send: Send, recv: Recv, buffer: Option<usize>) {
    let (a, b, (tx, rx)) = (Plain::new(), Plain::new(), channel(buffer));
    let sender = go({
        let (a, b) = (a.clone(), b.clone());
        move || {
            a.write(1);
            send(&tx, 7);
            if buffer == Some(0) {
                assert_eq!(b.read(), 1);
            }
        }
    });
    b.write(1);
    assert_eq!(recv(&rx), Ok(7));
    assert_eq!(a.read(), 1);
    sender.join().unwrap();
}

/// A channel of capacity 1, full. T1: write, receive. T2: send, read.
fn take_then_fill(send: Send, recv: Recv) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
    tx.send(1).unwrap();
    let receiver = go({
        let (d, rx) = (d.clone(), rx.clone());
        move || {
            d.write(1);
            assert_eq!(recv(&rx), Ok(1));
        }
    });
    send(&tx, 2);
    assert_eq!(d.read(), 1);
    receiver.join().unwrap();
}

/// T1: write, close. T2: receive the end, read.
fn close_then_look(recv: Recv, buffer: Option<usize>) {
    let (d, (tx, rx)) = (Plain::new(), channel(buffer));
    let closer = go({
        let d = d.clone();
        move || {
            d.write(1);
            tx.close().unwrap();
        }
    });
    assert_eq!(recv(&rx), Err(RecvError));
    assert_eq!(d.read(), 1);
    closer.join().unwrap();
}
