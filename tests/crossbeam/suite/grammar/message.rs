//! The message of a send is evaluated only if its arm is chosen, after the choice, and once.

#![allow(clippy::diverging_sub_expression)] // Some messages exist to show that they are not evaluated.

use std::cell::Cell;
use std::thread;

use super::channel::{SendError, bounded, never, unbounded};
use super::select;
use crate::watchdog::Watchdog;
use crate::{ms, settle};

#[test]
#[allow(unreachable_code)]
fn not_evaluated_if_not_chosen() {
    let (full, _keep) = bounded::<i32>(0);
    select! {
        send(full, panic!("evaluated")) -> _ => unreachable!(),
        default => {}
    }
    select! {
        send(full, panic!("evaluated")) -> _ => unreachable!(),
        default(ms(2)) => {}
    }
    let (tx, rx) = bounded(1);
    tx.send(()).unwrap();
    select! {
        send(full, panic!("evaluated")) -> _ => unreachable!(),
        recv(rx) -> got => got.unwrap(),
    }
    // Another thread decides while this one is blocked.
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        s.spawn(|| {
            settle();
            tx.send(()).unwrap();
        });
        select! {
            send(full, panic!("evaluated")) -> _ => unreachable!(),
            recv(rx) -> got => got.unwrap(),
        }
    });
}

#[test]
fn evaluated_once_if_chosen() {
    let (tx, rx) = unbounded();
    let count = Cell::new(0);
    let message = || {
        count.set(count.get() + 1);
        count.get()
    };
    select! {
        send(tx, message()) -> sent => sent.unwrap(),
        recv(never::<()>()) -> _ => unreachable!(),
    }
    assert_eq!((count.get(), rx.recv()), (1, Ok(1)));
    // A channel without receivers is ready too; the message comes back.
    drop(rx);
    select! {
        send(tx, message()) -> sent => assert_eq!(sent, Err(SendError(2))),
        default => unreachable!(),
    }
    assert_eq!(count.get(), 2);
}

/// What is moved into an arm that was not chosen has not moved.
#[test]
fn kept_if_not_chosen() {
    let (full, _keep) = bounded::<Box<i32>>(0);
    let mut value = Some(Box::new(1));
    for _ in 0..3 {
        select! {
            send(full, value.take().unwrap()) -> _ => unreachable!(),
            default => {}
        }
    }
    assert_eq!(value, Some(Box::new(1)));
}

/// The message is made after a partner was found: it may wait for something that only then happens.
#[test]
fn evaluated_after_pairing() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded::<i32>(0);
    let (made, ingredients) = bounded(0);
    thread::scope(|s| {
        // Whoever comes second finds this thread's partner gone: the message of the select comes from a plain send.
        let taker = s.spawn(|| rx.recv());
        let maker = s.spawn(|| made.send(20).unwrap());
        select! {
            send(tx, ingredients.recv().unwrap() + 1) -> sent => assert_eq!(sent, Ok(())),
        }
        assert_eq!(taker.join().unwrap(), Ok(21));
        maker.join().unwrap();
    });
}

/// The same with one channel: the message is received from the very channel that it is sent to.
#[test]
fn received_from_the_same_channel() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded::<i32>(0);
    let (start, started) = bounded(1);
    thread::scope(|s| {
        let taker = s.spawn(|| rx.recv());
        // Sends only when the select has the taker for itself.
        s.spawn(|| {
            started.recv().unwrap();
            tx.send(5).unwrap();
        });
        let message = || {
            start.send(()).unwrap();
            rx.recv().unwrap() + 1
        };
        select! { send(tx, message()) -> sent => assert_eq!(sent, Ok(())) }
        assert_eq!(taker.join().unwrap(), Ok(6));
    });
}

/// With room in the buffer the message may use the channel: it receives what was sent before.
#[test]
fn message_uses_the_channel() {
    for capacity in [Some(2), Some(3), None] {
        let (tx, rx) = match capacity {
            Some(capacity) => bounded(capacity),
            None => unbounded(),
        };
        tx.send(1).unwrap();
        select! { send(tx, rx.recv().unwrap() + 10) -> sent => assert_eq!(sent, Ok(())) }
        assert_eq!((rx.try_recv(), rx.len()), (Ok(11), 0));
    }
}

/// A message may be made by another select, and a time too.
#[test]
fn message_by_select() {
    let ((a_tx, a), (b_tx, b)) = (unbounded(), unbounded());
    a_tx.send(1).unwrap();
    select! {
        send(b_tx, select! { recv(a) -> got => got.unwrap() + 1, default => 0 }) -> sent => sent.unwrap(),
        default => unreachable!(),
    }
    assert_eq!(b.recv(), Ok(2));
}

/// The message's expression borrows and is gone when the body runs.
#[test]
fn message_borrows() {
    let (tx, rx) = unbounded::<usize>();
    let mut list = vec![1, 2, 3];
    select! {
        send(tx, list.iter().sum()) -> sent => { sent.unwrap(); list.clear() }
    }
    assert_eq!((rx.recv(), list.len()), (Ok(6), 0));
}
