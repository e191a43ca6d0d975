//! Where the two differ on purpose, stated of both. `docs/PORTING.md` has the same list for users.
//!
//! Not stated of crossbeam-channel here: a message of `select!` that panics, and a completion with the wrong handle, abort
//! the process there, because the operation is dropped while the panic unwinds.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel as twin;
use gosync::chan as ours;

use crate::watchdog::Watchdog;
use crate::{LONG, ms};

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// An operation that was selected and not completed: a panic there. Here what was set aside for it goes to others.
#[test]
fn an_operation_that_is_dropped() {
    let (tx, rx) = twin::bounded(1);
    tx.send(1).unwrap();
    let mut set = twin::Select::new();
    set.recv(&rx);
    assert!(panics(|| drop(set.select())));

    let (tx, rx) = ours::bounded(1);
    tx.send(1).unwrap();
    let mut set = ours::Select::new();
    set.recv(&rx);
    drop(set.select());
    assert_eq!((rx.len(), set.select().recv(&rx)), (1, Ok(1)));
    let mut set = ours::Select::new();
    set.send(&tx);
    drop(set.select());
    assert_eq!(tx.try_send(2), Ok(()));
}

/// At capacity 0 the partner of a dropped operation goes on waiting.
#[test]
fn the_partner_of_an_operation_that_is_dropped() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = ours::bounded(0);
    thread::scope(|s| {
        s.spawn(|| tx.send(1).unwrap());
        let mut set = ours::Select::new();
        set.recv(&rx);
        (0..3).for_each(|_| drop(set.select()));
        assert_eq!(rx.recv(), Ok(1));
    });
}

/// A message that leaves its arm, by a panic or in another way: the same.
#[test]
#[allow(unreachable_code, clippy::diverging_sub_expression, clippy::never_loop)]
fn a_message_that_does_not_come() {
    fn leaves(tx: &ours::Sender<i32>) -> Option<()> {
        ours::select! { send(tx, None?) -> sent => sent.ok() }
    }
    let (tx, rx) = ours::bounded(1);
    let panicking = panics(|| {
        ours::select! { send(tx, resume_unwind(Box::new(5))) -> _ => {} }
    });
    assert!(panicking);
    assert_eq!(leaves(&tx), None);
    loop {
        ours::select! { send(tx, break) -> _ => {} }
    }
    assert_eq!((tx.try_send(1), rx.recv()), (Ok(()), Ok(1)));
}

/// The wrong handle: a panic, after which the channel is as it was. A clone is not wrong.
#[test]
fn a_completion_with_another_handle() {
    let ((tx, rx), other) = (ours::bounded(1), ours::bounded::<i32>(1));
    tx.send(1).unwrap();
    let mut set = ours::Select::new();
    set.recv(&rx);
    assert!(panics(|| assert!(set.select().recv(&other.1).is_ok())));
    assert!(panics(|| assert!(set.select().send(&tx, 2).is_ok())));
    assert_eq!((rx.len(), set.select().recv(&rx.clone())), (1, Ok(1)));
}

/// No arms at all: an error of the compiler there; here Go's way to block for ever.
#[test]
fn an_empty_select() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = ours::bounded::<()>(0);
    thread::spawn(move || {
        let _tx = tx;
        ours::select! {}
    });
    assert!(rx.recv_timeout(ms(5)).unwrap_err().is_timeout());
}

/// Of a selected receive and a later one, the first to be completed gets the older message here, and the first to be
/// selected there.
#[test]
fn the_order_of_completions() {
    let (tx, rx) = twin::bounded(2);
    (1..=2).for_each(|i| tx.send(i).unwrap());
    let mut set = twin::Select::new();
    set.recv(&rx);
    let operation = set.select();
    assert_eq!((rx.recv(), operation.recv(&rx)), (Ok(2), Ok(1)));

    let (tx, rx) = ours::bounded(2);
    (1..=2).for_each(|i| tx.send(i).unwrap());
    let mut set = ours::Select::new();
    set.recv(&rx);
    let operation = set.select();
    assert_eq!((rx.recv(), operation.recv(&rx)), (Ok(1), Ok(2)));
}

/// What nobody can receive any more is dropped with the last receiver here; there, in a bounded channel, with the last
/// handle.
#[test]
fn messages_without_receivers() {
    let message = Arc::new(());
    let (tx, rx) = twin::bounded(1);
    tx.send(message.clone()).unwrap();
    drop(rx);
    assert_eq!((tx.len(), Arc::strong_count(&message)), (1, 2));
    drop(tx);

    let (tx, rx) = ours::bounded(1);
    tx.send(message.clone()).unwrap();
    drop(rx);
    assert_eq!((tx.len(), Arc::strong_count(&message)), (0, 1));
}

/// A capacity beyond all memory: a panic there; here the channel is unbounded.
#[test]
fn the_largest_capacity() {
    assert!(panics(|| drop(twin::bounded::<u8>(usize::MAX))));
    assert_eq!(ours::bounded::<u8>(usize::MAX).0.capacity(), None);
}

/// Handles can be compared and hashed here, by their channel.
#[test]
fn handles_as_keys() {
    let (tx, rx) = ours::bounded::<u8>(0);
    assert!(tx == tx.clone() && rx == rx.clone() && tx != ours::bounded(0).0);
}

/// Close, nil and optional operands are Go's, and have no counterpart there.
#[test]
fn more_than_there() {
    let (tx, rx) = ours::bounded(2);
    tx.send(1).unwrap();
    rx.close().unwrap();
    assert_eq!(tx.send(2), Err(ours::SendError(2)));
    let off: Option<&ours::Receiver<i32>> = None;
    let nil = ours::Sender::<i32>::nil();
    let mut seen = Vec::new();
    for _ in 0..2 {
        ours::select! {
            recv(off) -> _ => unreachable!(),
            send(nil, 1) -> _ => unreachable!(),
            recv(Some(&rx)) -> got => seen.push(got),
            default(Instant::now() + LONG) => unreachable!(),
        }
    }
    assert_eq!(seen, [Ok(1), Err(ours::RecvError)]);
}

/// Error texts are Go's where Go has one.
#[test]
fn texts() {
    assert_eq!(twin::SendError(1).to_string(), "sending on a disconnected channel");
    assert_eq!(ours::SendError(1).to_string(), "send on closed channel");
}
