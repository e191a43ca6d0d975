//! Channels whose lanes are open, and whoever takes the lock: a close, the last handle of a side, a select, a permit, a
//! deadline, a task.

use std::task::Poll;
use std::time::Duration;

use gosync::chan::{self, Receiver, Select};
use gosync::{go, select, select_biased};
use gosync_atomic::__sys::control::expire_deadlines;

use super::lanes::laned;
use super::task::poll_once_and_drop;
use crate::model::{Model, holds, witness};
use crate::plain::Plain;

const LEN: &str = "chan.len-cap-no-edge";
const KTH: &str = "chan.kth-recv-before-(k+C)th-send-complete";
const ONE: &str = "chan.no-double-fire";
const DEFAULT: &str = "gosync.select-default";
const GIVES_BACK: &str = "gosync.close-gives-back";
const FREE: &str = "gosync.free";
const PERMIT: &str = "gosync.permit";
const READY: &str = "gosync.ready";
const DEADLINE: &str = "gosync.deadline";
const CANCEL: &str = "gosync.cancel";

pub(crate) fn models() -> Vec<Model> {
    let models = vec![
        // A close, and the last handle of a side.
        holds(GIVES_BACK, "lanes: a sender", || sender_meets_close(1))
            .pinged()
            .reaches(&["lane.leave", "lane.shut"])
            .witnesses(&["none", "all"]),
        holds(GIVES_BACK, "lanes: a sender, two values", || sender_meets_close(2))
            .pinged()
            .bound(3)
            .witnesses(&["none", "some", "all"]),
        holds(GIVES_BACK, "lanes: two senders", senders_meet_close).bound(2).witnesses(&["none", "some", "all"]),
        holds(GIVES_BACK, "lanes: the last receiver leaves", last_receiver_leaves)
            .reaches(&["lane.leave", "lane.shut"])
            .witnesses(&["sent", "given back"]),
        holds(FREE, "lanes: values left behind", || {
            let (tx, rx) = laned(2, || Plain::holding(1));
            let other = go(move || tx.send(Plain::holding(1)).is_ok());
            drop(rx);
            witness(if other.join().unwrap() { "sent" } else { "given back" });
        })
        .reaches(&["lane.leave", "lane.shut"])
        .witnesses(&["sent", "given back"]),
        // Selects, permits, deadlines, and futures take the lock.
        holds(ONE, "lanes: two receives, two senders", two_receives_two_senders)
            .bound(2)
            .reaches(&["lane.leave"])
            .witnesses(&["a first", "b first"]),
        holds(KTH, "lanes: select sends", select_sends).bound(3).reaches(&["lane.leave", "sleeper.wake"]),
        holds(DEFAULT, "lanes: a value moves to the other channel", || moving_value(true))
            .bound(3)
            .reaches(&["lane.leave"]),
        holds(DEFAULT, "lanes: a value moves to the first channel", || moving_value(false))
            .bound(2)
            .reaches(&["lane.leave"]),
        holds(PERMIT, "lanes: completed", || permit(true)).bound(2).reaches(&["lane.leave", "lane.shut"]),
        holds(PERMIT, "lanes: given back", || permit(false)).bound(2).reaches(&["lane.leave", "lane.shut"]),
        holds(LEN, "lanes: what a select leaves", || counted_after(receive_by_select)).bound(3).reaches(&["lane.shut"]),
        holds(LEN, "lanes: what a close leaves", || {
            counted_after(|rx| {
                rx.close().unwrap();
                None
            });
        })
        .bound(3)
        .reaches(&["lane.shut"]),
        holds(READY, "lanes: receive", ready_to_receive).bound(3).reaches(&["lane.leave", "chan.tell-observer"]),
        holds(DEADLINE, "lanes: receive", deadline).reaches(&["lane.leave"]).witnesses(&["in time", "too late"]),
        holds(CANCEL, "lanes: a receive", receive_dropped)
            .bound(3)
            .reaches(&["lane.leave", "task.put-back"])
            .witnesses(&["ready", "pending"]),
        holds(CANCEL, "lanes: a send", send_dropped).bound(3).reaches(&["lane.leave"]).witnesses(&["sent", "not sent"]),
    ];
    models.into_iter().map(Model::with_lanes).collect()
}

/// A sender of these values, and a close: what was accepted is what is received.
fn sender_meets_close(values: usize) {
    let (tx, rx) = laned(2, || 0);
    let sender = go({
        let tx = tx.clone();
        move || (1..=values).take_while(|&n| tx.send(n).is_ok()).count()
    });
    tx.close().unwrap();
    let received: Vec<_> = rx.iter().collect();
    let accepted = sender.join().unwrap();
    assert_eq!(received, (1..=accepted).collect::<Vec<_>>());
    note(accepted, values);
}

fn senders_meet_close() {
    let (tx, rx) = laned(2, || 0);
    let senders = [1, 2].map(|n| {
        let tx = tx.clone();
        go(move || if tx.send(n).is_ok() { n } else { 0 })
    });
    tx.close().unwrap();
    let received: usize = rx.iter().sum();
    assert_eq!(senders.into_iter().map(|sender| sender.join().unwrap()).sum::<usize>(), received);
    note(received, 3);
}

fn note(accepted: usize, of: usize) {
    witness(match accepted {
        0 => "none",
        n if n == of => "all",
        _ => "some",
    });
}

fn last_receiver_leaves() {
    let (tx, rx) = laned(2, Plain::new);
    let sender = go(move || tx.send(Plain::holding(1)));
    drop(rx);
    match sender.join().unwrap() {
        Ok(()) => witness("sent"),
        Err(back) => {
            assert_eq!(back.into_inner().read(), 1);
            witness("given back");
        }
    }
}

fn two_receives_two_senders() {
    let ((a, ra), (b, rb)) = (laned(1, || 0), laned(1, || 0));
    let senders = [(a, 1), (b, 2)].map(|(tx, n)| go(move || tx.send(n).map(|()| tx).unwrap()));
    let receive = || {
        select! {
            recv(ra) -> value => value.unwrap(),
            recv(rb) -> value => value.unwrap(),
        }
    };
    let (first, second) = (receive(), receive());
    assert_eq!(first + second, 3);
    witness(if first == 1 { "a first" } else { "b first" });
    drop(senders.map(|sender| sender.join().unwrap()));
}

/// By one that tries its cases in order, under their locks.
fn receive_by_select(rx: &Receiver<i32>) -> Option<i32> {
    let never = chan::never::<i32>();
    select_biased! { recv(rx) -> value => value.ok(), recv(never) -> value => value.ok() }
}

/// Who shuts the lanes publishes what was in them, as who used them does not: neither the first value nor the last one is taken.
fn counted_after(shut: fn(&Receiver<i32>) -> Option<i32>) {
    let (tx, rx) = laned(4, || 0);
    (1..=3).for_each(|n| tx.send(n).unwrap());
    let other = go({
        let rx = rx.clone();
        move || shut(&rx)
    });
    drop(rx.clone());
    let taken = other.join().unwrap();
    assert_eq!(rx.len(), 3 - usize::from(taken.is_some()));
    assert!(taken.into_iter().chain(rx.try_iter()).eq(1..=3));
}

/// A full channel, and who takes what is in it: the write before that is seen after the send.
fn select_sends() {
    let (d, (tx, rx)) = (Plain::new(), laned(1, || 0));
    tx.send(1).unwrap();
    let receiver = go({
        let (d, rx) = (d.clone(), rx.clone());
        move || {
            d.write(1);
            assert_eq!(rx.recv(), Ok(1));
        }
    });
    select! { send(tx, 2) -> sent => sent.unwrap() }
    assert_eq!(d.read(), 1);
    receiver.join().unwrap();
    assert_eq!(rx.recv(), Ok(2));
}

/// At every instant there is a value in one of the channels.
fn moving_value(forward: bool) {
    let ((a, ra), (b, rb)) = (laned(1, || 0), laned(1, || 0));
    if forward { &a } else { &b }.send(1).unwrap();
    let mover = go({
        let (ra, rb) = (ra.clone(), rb.clone());
        move || {
            let (to, from) = if forward { (&b, &ra) } else { (&a, &rb) };
            to.send(2).unwrap();
            let _ = from.try_recv();
            (a, b)
        }
    });
    select! {
        recv(ra) -> value => assert!(value.is_ok()),
        recv(rb) -> value => assert!(value.is_ok()),
        default => panic!("there is a value"),
    }
    mover.join().unwrap();
}

/// The only room belongs to a permit while somebody sends.
fn permit(completed: bool) {
    let (tx, rx) = laned(1, || 0);
    let sender = go({
        let tx = tx.clone();
        move || tx.send(1).unwrap()
    });
    let receiver = go({
        let rx = rx.clone();
        move || rx.recv().unwrap()
    });
    let mut select = Select::new();
    select.send(&tx);
    let chosen = select.select();
    if completed {
        chosen.send(&tx, 2).unwrap();
        assert_eq!(rx.recv().unwrap() + receiver.join().unwrap(), 3);
    } else {
        drop(chosen);
        assert_eq!(receiver.join().unwrap(), 1);
    }
    sender.join().unwrap();
}

fn ready_to_receive() {
    let (tx, rx) = laned(1, Plain::new);
    let sender = go(move || tx.send(Plain::holding(1)).unwrap());
    let mut select = Select::new();
    select.recv(&rx);
    assert_eq!(select.ready(), 0);
    assert_eq!(rx.try_recv().unwrap().read(), 1);
    sender.join().unwrap();
}

fn deadline() {
    let (tx, rx) = laned(1, || 0);
    let receiver = go({
        let rx = rx.clone();
        move || rx.recv_timeout(Duration::from_secs(1))
    });
    expire_deadlines();
    tx.send(1).unwrap();
    let in_time = receiver.join().unwrap() == Ok(1);
    assert_eq!(rx.try_recv().is_ok(), !in_time);
    witness(if in_time { "in time" } else { "too late" });
}

/// A receive is polled once and dropped while somebody sends: its value is the next one's, and the others stay behind it.
fn receive_dropped() {
    let (tx, rx) = laned(2, || 0);
    let sender = go(move || (1..=2).for_each(|n| tx.send(n).unwrap()));
    let first = match poll_once_and_drop(rx.recv_async()) {
        Poll::Ready(got) => {
            witness("ready");
            got
        }
        Poll::Pending => {
            witness("pending");
            rx.recv()
        }
    };
    assert_eq!((first, rx.recv()), (Ok(1), Ok(2)));
    sender.join().unwrap();
}

/// A send is polled once and dropped while somebody receives: its value was received or is gone.
fn send_dropped() {
    let (tx, rx) = laned(1, || 0);
    tx.send(1).unwrap();
    let receiver = go({
        let rx = rx.clone();
        move || rx.recv()
    });
    let sent = poll_once_and_drop(tx.send_async(2)).is_ready();
    assert_eq!(receiver.join().unwrap(), Ok(1));
    let found = rx.try_recv() == Ok(2);
    assert!(!sent || found);
    witness(if found { "sent" } else { "not sent" });
}
