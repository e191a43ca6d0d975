//! What a dropped future puts back, and what that meets: it is older than what comes later, from whichever side; it takes no room from
//! others than it must; and what a select leaves when it is dropped is in nobody's way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use gosync::chan::{self, Chan, Receiver, RecvError, Select, Sender};
use gosync::{go, select, select_async};

use super::task::poll_once_and_drop;
use crate::model::{Model, holds, witness};
use crate::plain::Plain;
use crate::task::block_on;

const FIFO: &str = "chan.fifo";
const ONE: &str = "chan.no-double-fire";
const GIVES_BACK: &str = "gosync.close-gives-back";
const PERMIT: &str = "gosync.permit";
const CANCEL: &str = "gosync.cancel";
const CANCEL_SELECT: &str = "gosync.cancel-select";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(FIFO, "a value comes back before a promised send", back_before_a_promised_send).bound(3),
        holds(FIFO, "a value comes back before a permit's", back_before_a_permits).bound(3),
        holds(FIFO, "a value comes back before a task's", back_before_a_tasks).bound(3),
        holds(FIFO, "a task's send, past a permit", || past_a_permit(false)).bound(3),
        holds(FIFO, "a task's select sends, past a permit", || past_a_permit(true)).bound(3),
        holds(CANCEL, "a value comes back to a full buffer", back_to_a_full_buffer),
        holds(CANCEL, "a send, and a close", send_meets_close)
            .pinged()
            .witnesses(&["completed by it", "perhaps gone before"]),
        holds(CANCEL_SELECT, "room", select_leaves_room).witnesses(&["it had to wait"]),
        holds(CANCEL_SELECT, "a promised receive, by the holder", promised_receive_by_holder).bound(3),
        holds(GIVES_BACK, "a task's message closes", message_closes),
        holds(PERMIT, "a task's message, its Select gives up, and comes again", comes_again).bound(3),
        holds(ONE, "a receive behind a select is dropped", dropped_behind_a_select)
            .bound(3)
            .witnesses(&["won elsewhere", "not yet"]),
    ]
}

type Receiving = Pin<Box<dyn Future<Output = Result<i32, RecvError>>>>;

/// A task's receive, first in line.
fn receiving(rx: &Receiver<i32>) -> Receiving {
    let rx = rx.clone();
    let mut receiving: Receiving = Box::pin(async move { rx.recv_async().await });
    assert!(poll(receiving.as_mut()).is_pending());
    receiving
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Sends the first two by itself. The task that gets the first is dropped when the second is promised to a `Select`.
fn back_before_a_promised_send() {
    let (tx, rx) = chan::bounded(0);
    let receiving = receiving(&rx);
    let sender = go(move || [1, 2].into_iter().for_each(|n| tx.send(n).unwrap()));
    let mut select = Select::new();
    select.recv(&rx);
    let permit = select.select();
    drop(receiving);
    assert_eq!((permit.recv(&rx), rx.recv()), (Ok(1), Ok(2)));
    sender.join().unwrap();
}

/// The task that gets the first is dropped when a receiver was promised to who sends the second.
fn back_before_a_permits() {
    let (tx, rx) = chan::bounded(0);
    let receiving = receiving(&rx);
    tx.try_send(1).unwrap();
    let receiver = go(move || (rx.recv(), rx));
    let mut select = Select::new();
    select.send(&tx);
    let permit = select.select();
    drop(receiving);
    permit.send(&tx, 2).unwrap();
    let (first, rx) = receiver.join().unwrap();
    assert_eq!((first, rx.try_recv()), (Ok(1), Ok(2)));
}

/// The same, if a task sends the second.
fn back_before_a_tasks() {
    let (tx, rx) = chan::bounded(0);
    let receiving = receiving(&rx);
    tx.try_send(1).unwrap();
    let receiver = go(move || (rx.recv(), rx));
    block_on(async {
        select_async! { send(tx, { drop(receiving); 2 }) -> result => result.unwrap() }
    });
    let (first, rx) = receiver.join().unwrap();
    let values = [first.ok(), rx.try_recv().ok()];
    assert_eq!(values, [Some(1), Some(2)]);
}

/// The first value was chosen, and is for who comes, as soon as there is a second one for who has chosen.
fn past_a_permit(selects: bool) {
    let c = Chan::new(2);
    c.send(1).unwrap();
    let mut select = Select::new();
    select.recv(c.as_ref());
    let permit = select.try_select().unwrap();
    let receiver = go({
        let c = c.clone();
        move || c.recv()
    });
    block_on(async {
        if selects {
            select_async! { send(c, 2) -> result => result.unwrap() }
        } else {
            c.send_async(2).await.unwrap();
        }
    });
    assert_eq!((receiver.join().unwrap(), permit.recv(c.as_ref())), (Ok(1), Ok(2)));
}

/// One value more than there is room for: who waits for room gets none from the first receive.
fn back_to_a_full_buffer() {
    let (tx, rx) = chan::bounded(1);
    let receiving = receiving(&rx);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let mut sending = Box::pin({
        let tx = tx.clone();
        async move { tx.send_async(3).await }
    });
    assert!(poll(sending.as_mut()).is_pending());
    drop(receiving);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(poll(sending.as_mut()).is_pending(), "it is as full as it may be");
    let receiver = go({
        let rx = rx.clone();
        move || rx.try_recv()
    });
    block_on(sending).unwrap();
    assert_eq!((receiver.join().unwrap(), rx.try_recv()), (Ok(2), Ok(3)));
}

/// A task's send that a close has completed is dropped: its value goes with it, once.
fn send_meets_close() {
    let (tx, rx) = chan::bounded(0);
    let mut sending = Box::pin(async move { tx.send_async(Plain::holding(1)).await });
    assert!(poll(sending.as_mut()).is_pending());
    let closer = go({
        let rx = rx.clone();
        move || rx.close().unwrap()
    });
    witness(if rx.is_closed() { "completed by it" } else { "perhaps gone before" });
    drop(sending);
    closer.join().unwrap();
}

/// A task's select that was given the room in a buffer is dropped, and the next one has it.
fn select_leaves_room() {
    let (tx, rx) = chan::bounded(1);
    tx.send(1).unwrap();
    let receiver = go({
        let rx = rx.clone();
        move || rx.recv()
    });
    let sent = poll_once_and_drop(async {
        select_async! { send(tx, 2) -> result => result.is_ok() }
    });
    if sent.is_pending() {
        witness("it had to wait");
        tx.send(3).unwrap();
    }
    assert_eq!(receiver.join().unwrap(), Ok(1));
    assert_eq!(rx.try_recv(), Ok(if sent.is_pending() { 3 } else { 2 }));
}

/// A task's select is promised to who drops it, and then sends to somebody else.
fn promised_receive_by_holder() {
    let ((tx, rx), never) = (chan::bounded(0), chan::never::<i32>());
    let mut selecting = Box::pin({
        let rx = rx.clone();
        async move {
            select_async! {
                recv(rx) -> value => value,
                recv(never) -> value => value,
            }
        }
    });
    assert!(poll(selecting.as_mut()).is_pending());
    let mut select = Select::new();
    select.send(&tx);
    let permit = select.try_select().unwrap();
    let receiver = go(move || rx.recv());
    // It does not wait for its promise to be kept: who is to keep it is here.
    drop(selecting);
    permit.send(&tx, 7).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(7));
}

/// The channel is closed between the choice and the send: nothing enters it any more.
fn message_closes() {
    let c = Chan::new(1);
    let other = go({
        let c = c.clone();
        move || c.recv().is_err()
    });
    let back = block_on(async {
        select_async! { send(c, { c.close().unwrap(); Plain::holding(1) }) -> result => result.unwrap_err() }
    });
    assert_eq!(back.into_inner().read(), 1);
    assert!(other.join().unwrap(), "nothing was sent");
}

/// After a `Select` that gave up the channel is as it was: the next two that choose each other meet.
fn comes_again() {
    let (tx, rx) = chan::bounded(0);
    let receiver = go(move || {
        let receive = || {
            let mut select = Select::new();
            select.recv(&rx);
            select.select()
        };
        drop(receive());
        (rx.recv(), receive().recv(&rx))
    });
    block_on(async {
        select_async! { send(tx, 7) -> result => result.unwrap() }
    });
    chosen_send(&tx);
    assert_eq!(receiver.join().unwrap(), (Ok(7), Ok(8)));
}

fn chosen_send(tx: &Sender<i32>) {
    let mut select = Select::new();
    select.send(tx);
    select.select().send(tx, 8).unwrap();
}

/// A receive that has stood behind a select's goes. Who comes then still knows that there is a select, and wins it or does not.
fn dropped_behind_a_select() {
    let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(0));
    let selecting = go({
        let ra = ra.clone();
        move || {
            select! {
                recv(ra) -> value => value.unwrap(),
                recv(rb) -> value => value.unwrap(),
            }
        }
    });
    let behind = receiving(&ra);
    let there = b.try_send(2).is_ok();
    drop(behind);
    let both = (there, a.try_send(1).is_ok());
    witness(if there { "won elsewhere" } else { "not yet" });
    if both == (false, false) {
        a.send(1).unwrap();
    }
    assert!(both != (true, true), "one select, and two values");
    assert_eq!(selecting.join().unwrap(), if there { 2 } else { 1 });
}
