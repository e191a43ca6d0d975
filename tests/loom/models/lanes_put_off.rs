//! Receivers that put a look at the senders' lane off. In models the first look of each channel is, if there is a value and the buffer is
//! large, so that it happens once in each execution: with a value there that somebody else may take meanwhile, or with the end of it all.

use gosync::{go, select};

use super::lanes::{close_then_look, laned, never_empty, send_then_look, try_after_being_told};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::block_on;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const CLOSE: &str = "chan.close-before-closed-recv";
const TRANSFER: &str = "chan.value-transfer";
const FIFO: &str = "chan.fifo";
const TRY: &str = "gosync.try";

pub(crate) fn models() -> Vec<Model> {
    let models = [
        holds(SEND_BEFORE_RECV, "lanes: a look put off", || send_then_look(laned(usize::MAX, || ()), true)),
        fails(SEND_BEFORE_RECV, "lanes: a look put off, write after the send", Verdict::Race, || {
            send_then_look(laned(usize::MAX, || ()), false)
        }),
        holds(SEND_BEFORE_RECV, "lanes: a look of a task put off", of_a_task).bound(2),
        holds(CLOSE, "lanes: a look put off until the end", || close_then_look(laned(usize::MAX, || 0), true)).bound(2),
        holds(TRANSFER, "lanes: a look put off, and two receivers", two_receivers)
            .bound(1)
            .pinged()
            .witnesses(&["the first for the first", "the second for the first"]),
        holds(FIFO, "lanes: a look put off until they are shut", until_they_are_shut).bound(2),
        holds(TRY, "lanes: a try that puts a look off", || try_after_being_told(laned(usize::MAX, || 0))),
        holds(TRY, "lanes: a try that puts a look off, beside another", || never_empty(laned(usize::MAX, || 0)))
            .bound(3)
            .witnesses(&["mine", "the other's"]),
    ];
    models.into_iter().map(|model| model.with_lanes().reaches(&["lane.put-off"])).collect()
}

fn of_a_task() {
    let (d, (tx, rx)) = (Plain::new(), laned(usize::MAX, || 0));
    let sender = go({
        let d = d.clone();
        move || {
            d.write(1);
            (1..=2).for_each(|n| tx.send(n).unwrap());
        }
    });
    assert_eq!((block_on(rx.recv_async()), d.read()), (Ok(1), 1));
    assert_eq!(block_on(rx.recv_async()), Ok(2));
    sender.join().unwrap();
}

/// The value that the one has left is the other's, and the one gets the next.
fn two_receivers() {
    let (tx, rx) = laned(usize::MAX, Plain::new);
    let sender = go(move || (1..=2).for_each(|n| tx.send(Plain::holding(n)).unwrap()));
    let receiver = go({
        let rx = rx.clone();
        move || rx.recv().unwrap().read()
    });
    let mine = rx.recv().unwrap().read();
    witness(if mine == 1 { "the first for the first" } else { "the second for the first" });
    assert_eq!(mine + receiver.join().unwrap(), 3);
    sender.join().unwrap();
}

/// Somebody takes the lock meanwhile.
fn until_they_are_shut() {
    let (tx, rx) = laned(usize::MAX, || 0);
    tx.send(1).unwrap();
    let sender = go(move || {
        select! { send(tx, 2) -> sent => sent.unwrap() }
    });
    assert_eq!((rx.recv(), rx.recv()), (Ok(1), Ok(2)));
    sender.join().unwrap();
}
