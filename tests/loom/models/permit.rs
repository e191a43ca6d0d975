//! `Select`: what is set aside for an operation that comes later, and given back if it does not come.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gosync::chan::{self, Chan, Receiver, Select, Sender};
use gosync::{go, select};
use gosync_atomic::__sys::control::expire_deadlines;

use crate::model::{Model, holds, witness};
use crate::plain::Plain;
use crate::task::block_on;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const RECV_BEFORE_SEND: &str = "chan.recv-before-unbuffered-send-complete";
const CLOSE: &str = "chan.close-before-closed-recv";
const PERMIT: &str = "gosync.permit";

const SOON: Duration = Duration::from_secs(1);

pub(crate) fn models() -> Vec<Model> {
    let mut models = vec![
        holds(RECV_BEFORE_SEND, "Select sends", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(0));
            let receiver = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    rx.recv().unwrap();
                }
            });
            send(&tx);
            assert_eq!(d.read(), 1);
            receiver.join().unwrap();
        })
        .bound(3),
        holds(CLOSE, "Select receives", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(0));
            let closer = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.close().unwrap();
                }
            });
            let mut select = Select::new();
            select.recv(&rx);
            assert!(select.select().recv(&rx).is_err());
            assert_eq!(d.read(), 1);
            closer.join().unwrap();
        }),
        // What is given back goes to the next in line.
        holds(PERMIT, "room", room_given_back),
        holds(PERMIT, "room is kept", room_is_kept),
        holds(PERMIT, "room that is left", room_left_by_a_permit)
            .pinged()
            .witnesses(&["it has been received", "not yet"]),
        holds(PERMIT, "a value beside a Select", || beside_a_chosen_receive(false)).bound(3),
        holds(PERMIT, "a task's value beside a Select", || beside_a_chosen_receive(true)).bound(3),
        holds(PERMIT, "a value", || value_given_back(false)),
        holds(PERMIT, "a value, to a Select", || value_given_back(true)).bound(3),
        holds(PERMIT, "a promised receiver", promised_receiver).bound(3).reaches(&["permit.give-back"]),
        holds(PERMIT, "a promised sender", promised_sender).bound(3).reaches(&["permit.give-back"]),
        holds(PERMIT, "a promised select", promised_select).bound(3).reaches(&["permit.give-back"]),
        holds(PERMIT, "a message that panics", message_that_panics).bound(2),
        holds(PERMIT, "Selects that meet", || selects_that_meet(false)).bound(2),
        holds(PERMIT, "Selects that meet, one gives up", || selects_that_meet(true)).bound(2),
        holds(PERMIT, "a close in between", close_in_between).witnesses(&["sent", "closed"]),
        holds(PERMIT, "what a close leaves", leftovers).bound(3),
        holds(PERMIT, "a promise and a deadline", promise_and_deadline).bound(3).witnesses(&["in time", "too late"]),
        holds(PERMIT, "two values, a permit for each", two_permits).bound(2),
        holds(PERMIT, "order, past a permit", || order_past_a_permit(false)).bound(3),
        holds(PERMIT, "order, past a permit, from a blocked sender", || order_past_a_permit(true)).bound(3),
    ];
    for cap in [0, 1] {
        models.push(holds(SEND_BEFORE_RECV, format!("Selects, cap {cap}"), move || both(cap)).bound(2));
    }
    models
}

fn send(tx: &Sender<i32>) {
    let mut select = Select::new();
    select.send(tx);
    select.select().send(tx, 7).unwrap();
}

fn recv(rx: &Receiver<i32>) -> i32 {
    let mut select = Select::new();
    select.recv(rx);
    select.select().recv(rx).unwrap()
}

/// T1: write, send. T2: receive, read.
fn both(cap: usize) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            send(&tx);
        }
    });
    assert_eq!((recv(&rx), d.read()), (7, 1));
    sender.join().unwrap();
}

/// The only room belongs to a permit, a sender blocks for it, the permit is given back.
fn room_given_back() {
    let (tx, rx) = chan::bounded(1);
    let mut select = Select::new();
    select.send(&tx);
    let permit = select.try_select().unwrap();
    let sender = go({
        let tx = tx.clone();
        move || tx.send(Plain::holding(1)).unwrap()
    });
    drop(permit);
    // Not the receive below is to find it.
    sender.join().unwrap();
    assert_eq!(rx.recv().unwrap().read(), 1);
}

/// The only room belongs to a permit, and a sender who does not want to wait has none, whenever it comes.
fn room_is_kept() {
    let (tx, rx) = chan::bounded(1);
    let mut select = Select::new();
    select.send(&tx);
    let permit = select.try_select().unwrap();
    let sender = go({
        let tx = tx.clone();
        move || tx.try_send(2).is_ok()
    });
    permit.send(&tx, 1).unwrap();
    assert!(!sender.join().unwrap(), "the room was taken");
    assert!(rx.try_iter().eq([1]));
}

/// The only value is taken by who has chosen to, and leaves room that everybody sees.
fn room_left_by_a_permit() {
    let (tx, rx) = chan::bounded(1);
    tx.send(1).unwrap();
    let receiver = go(move || (recv(&rx), rx));
    let early = tx.try_send(2).is_ok();
    witness(if early { "it has been received" } else { "not yet" });
    let (first, rx) = receiver.join().unwrap();
    assert!(early || tx.try_send(2).is_ok(), "there is room");
    assert_eq!((first, rx.try_recv()), (1, Ok(2)));
}

/// A `Select` waits, and a value comes for which there is room. Its sender goes on, whenever the other one does.
fn beside_a_chosen_receive(by_task: bool) {
    let ((tx, rx), (go_on, told)) = (chan::bounded(1), chan::bounded(1));
    let receiver = go(move || {
        let mut select = Select::new();
        select.recv(&rx);
        let permit = select.select();
        told.recv().unwrap();
        permit.recv(&rx)
    });
    if by_task { block_on(tx.send_async(1)) } else { tx.send(1) }.unwrap();
    go_on.send(()).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(1));
}

/// The only value belongs to a permit, a receiver blocks for it, the permit is given back.
fn value_given_back(to_a_select: bool) {
    let (tx, rx) = chan::bounded(1);
    tx.send(7).unwrap();
    let mut select = Select::new();
    select.recv(&rx);
    let permit = select.try_select().unwrap();
    let receiver = go({
        let rx = rx.clone();
        move || if to_a_select { recv(&rx) } else { rx.recv().unwrap() }
    });
    drop(permit);
    assert_eq!(receiver.join().unwrap(), 7);
}

/// A receiver is promised to a permit that is given back; then somebody else sends.
fn promised_receiver() {
    let (tx, rx) = chan::bounded::<Plain>(0);
    let receiver = go(move || rx.recv().unwrap().read());
    let mut select = Select::new();
    select.send(&tx);
    drop(select.select());
    tx.send(Plain::holding(1)).unwrap();
    assert_eq!(receiver.join().unwrap(), 1);
}

/// A sender is promised to a permit that is given back; then somebody else receives.
fn promised_sender() {
    let (tx, rx) = chan::bounded(0);
    let sender = go(move || tx.send(Plain::holding(1)).unwrap());
    let mut select = Select::new();
    select.recv(&rx);
    drop(select.select());
    assert_eq!(rx.recv().unwrap().read(), 1);
    sender.join().unwrap();
}

/// As `promised_receiver`, but it is a select's receive, and what comes afterwards is its other case.
fn promised_select() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(1));
    let receiver = go(move || {
        select! {
            recv(ra) -> value => value.unwrap(),
            recv(rb) -> value => value.unwrap(),
        }
    });
    let mut select = Select::new();
    select.send(&a);
    drop(select.select());
    b.send(2).unwrap();
    assert_eq!(receiver.join().unwrap(), 2);
}

fn message_that_panics() {
    let (tx, rx) = chan::bounded(0);
    let receiver = go(move || rx.recv().unwrap());
    let message = catch_unwind(AssertUnwindSafe(|| {
        select! { send(tx, no_message()) -> result => result.unwrap() }
    }));
    assert!(message.is_err());
    tx.send(1).unwrap();
    assert_eq!(receiver.join().unwrap(), 1);
}

fn no_message() -> i32 {
    std::panic::resume_unwind(Box::new("expected by this model"))
}

/// Two `Select`s choose each other. If one gives up, the other goes on as a plain operation.
fn selects_that_meet(gives_up: bool) {
    let (tx, rx) = chan::bounded(0);
    let sender = go({
        let tx = tx.clone();
        move || {
            let mut select = Select::new();
            select.send(&tx);
            let permit = select.select();
            if gives_up { drop(permit) } else { permit.send(&tx, 7).unwrap() }
        }
    });
    let mut select = Select::new();
    select.recv(&rx);
    let permit = select.select();
    let other = gives_up.then(|| go(move || tx.send(7).unwrap()));
    assert_eq!(permit.recv(&rx), Ok(7));
    sender.join().unwrap();
    other.into_iter().for_each(|other| other.join().unwrap());
}

/// The channel is closed between choice and completion: a value comes back, or it is received.
fn close_in_between() {
    let c = Chan::new(1);
    let closer = go({
        let c = c.clone();
        move || c.close().unwrap()
    });
    let mut select = Select::new();
    select.send(c.as_ref());
    match select.select().send(c.as_ref(), Plain::holding(1)) {
        Ok(()) => witness("sent"),
        Err(back) => {
            assert_eq!(back.into_inner().read(), 1);
            assert!(c.try_recv().is_err());
            witness("closed");
        }
    }
    closer.join().unwrap();
}

/// Of two values, one belongs to the holder of a permit, whoever drains the channel after its close.
fn leftovers() {
    let c = Chan::new(2);
    c.send(Plain::holding(1)).unwrap();
    c.send(Plain::holding(2)).unwrap();
    let mut select = Select::new();
    select.recv(c.as_ref());
    let permit = select.select();
    let other = go({
        let c = c.clone();
        move || {
            c.close().unwrap();
            let value = c.recv().unwrap().read();
            assert!(c.try_recv().is_err());
            value
        }
    });
    assert_eq!(permit.recv(c.as_ref()).unwrap().read() + other.join().unwrap(), 3);
}

/// A receiver whose deadline passes after it was promised waits for its value.
fn promise_and_deadline() {
    let (tx, rx) = chan::bounded(0);
    let receiver = go(move || match rx.recv_timeout(SOON) {
        Ok(value) => {
            witness("in time");
            value
        }
        Err(_) => {
            witness("too late");
            rx.recv().unwrap()
        }
    });
    expire_deadlines();
    send(&tx);
    assert_eq!(receiver.join().unwrap(), 7);
}

/// Two permits for the two values of a channel, completed in different threads: each gets one.
fn two_permits() {
    let c = Chan::new(2);
    c.send(Plain::holding(1)).unwrap();
    c.send(Plain::holding(2)).unwrap();
    let take = |c: &Chan<Plain>| {
        let mut select = Select::new();
        select.recv(c.as_ref());
        select.select().recv(c.as_ref()).unwrap().read()
    };
    let other = go({
        let c = c.clone();
        move || take(&c)
    });
    let mine = take(&c);
    assert_eq!(mine + other.join().unwrap(), 3);
}

/// What one sender sends arrives in order, although a permit is out for the first value when the second one comes.
fn order_past_a_permit(full: bool) {
    let c = Chan::new(if full { 1 } else { 2 });
    c.send(1).unwrap();
    let mut select = Select::new();
    select.recv(c.as_ref());
    let permit = select.try_select().unwrap();
    let sender = go({
        let c = c.clone();
        move || c.send(2).unwrap()
    });
    let first = c.recv();
    drop(permit);
    assert_eq!((first, c.recv()), (Ok(1), Ok(2)));
    sender.join().unwrap();
}
