//! The expressions that an arm may take its handle from.

#![allow(clippy::unnecessary_literal_unwrap)] // Operands are written for the sake of their form.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};

use super::channel::{Receiver, Sender, bounded, never, unbounded};
use super::select;

/// A user's pointer.
struct Wrapper<T>(T);

impl<T> Deref for Wrapper<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Sends 1 through one operand and receives it through another.
macro_rules! passes {
    ($tx:expr, $rx:expr) => {{
        select! { send($tx, 1) -> sent => assert_eq!(sent, Ok(())) }
        select! { recv($rx) -> got => assert_eq!(got, Ok(1)) }
    }};
}

#[test]
fn references() {
    let (tx, rx) = unbounded();
    passes!(tx, rx);
    passes!(&tx, &rx);
    passes!(&&tx, &&rx);
    passes!(&&&&tx, &&&&rx);
    let (mut tx, mut rx) = (tx, rx);
    passes!(&mut tx, &mut rx);
    passes!(&mut &mut tx, &&mut rx);
    let (tx_ref, rx_ref) = (&tx, &rx);
    passes!(tx_ref, rx_ref);
    passes!(*tx_ref, *rx_ref);
}

#[test]
fn pointers() {
    let (tx, rx) = unbounded();
    passes!(Box::new(tx.clone()), Box::new(rx.clone()));
    passes!(Rc::new(tx.clone()), Arc::new(rx.clone()));
    passes!(Wrapper(tx.clone()), Wrapper(rx.clone()));
    passes!(&Wrapper(Box::new(Wrapper(&tx))), &Box::new(Wrapper(Rc::new(rx.clone()))));
    passes!(std::borrow::Cow::<Handle>::Owned(Handle(tx.clone())).0, &std::mem::ManuallyDrop::new(rx.clone()));
    let (tx, rx) = (Arc::new(tx), Box::new(rx));
    passes!(tx, rx);
    passes!(&tx, &rx);
    passes!(*tx, *rx);
    passes!(tx.deref(), rx.as_ref());
}

#[derive(Clone)]
struct Handle(Sender<i32>);

#[test]
fn places() {
    struct Ends {
        tx: Sender<i32>,
        rx: Option<Receiver<i32>>,
    }
    let (tx, rx) = unbounded();
    let ends = Ends { tx: tx.clone(), rx: Some(rx.clone()) };
    passes!(ends.tx, ends.rx.as_ref().unwrap());
    let map = HashMap::from([("in", tx.clone())]);
    let list = [rx.clone(), never()];
    passes!(map["in"], list[0]);
    passes!(map.get("in").unwrap(), list.first().unwrap());
    let pair = ((tx.clone(), 0), [&rx]);
    passes!((pair.0).0, pair.1[0]);
    let cell = RefCell::new(rx.clone());
    passes!(Mutex::new(tx.clone()).lock().unwrap(), cell.borrow());
    static SHARED: OnceLock<(Sender<i32>, Receiver<i32>)> = OnceLock::new();
    SHARED.get_or_init(unbounded);
    passes!(SHARED.get().unwrap().0, &SHARED.get().unwrap().1);
}

#[test]
#[allow(clippy::redundant_closure_call)]
fn temporaries() {
    let (tx, rx) = unbounded();
    passes!(tx.clone(), rx.clone());
    passes!((|| tx.clone())(), (|| &rx)());
    passes!({ tx.clone() }, if rx.is_empty() { never() } else { rx.clone() });
    passes!(
        match 1 {
            1 => &tx,
            _ => unreachable!(),
        },
        'pick: { break 'pick &rx }
    );
    passes!(vec![tx.clone()][0], vec![rx.clone()].pop().unwrap());
    passes!(Some(&tx).unwrap_or(&bounded(0).0), Some(&rx).unwrap_or(&never()));
    passes!(select! { default => tx.clone() }, select! { default => &rx });
    let give = move || rx;
    tx.send(2).unwrap();
    select! { recv(give()) -> got => assert_eq!(got, Ok(2)) }
    // They live as long as the select, the sender in this pair too.
    select! { recv(unbounded::<i32>().1) -> _ => unreachable!(), default => {} }
    select! { send(unbounded().0, 1) -> sent => assert_eq!(sent, Ok(())) }
}

/// The idiom for an operand that is not always there.
#[test]
fn optional_by_never() {
    let (tx, rx) = unbounded();
    tx.send(1).unwrap();
    let mut source = None;
    for round in 0..2 {
        let got = select! {
            recv(source.unwrap_or(&never())) -> got => got.ok(),
            default => None,
        };
        assert_eq!(got, (round == 1).then_some(1));
        source = Some(&rx);
    }
}

/// Each handle expression is evaluated once, in the order in which they stand.
#[test]
fn evaluated_once_in_order() {
    let (tx, rx) = bounded(1);
    let log = Cell::new(0);
    let note = |digit| log.set(log.get() * 10 + digit);
    for expected in ["sent", "received", "sent"] {
        log.set(0);
        let done = select! {
            recv({ note(1); &rx }) -> got => { assert_eq!(got, Ok(7)); "received" }
            send({ note(2); &tx }, 7) -> _ => "sent",
            recv({ note(3); never::<()>() }) -> _ => unreachable!(),
        };
        assert_eq!((log.get(), done), (123, expected));
    }
    // Also if the default is taken.
    log.set(0);
    select! {
        send({ note(1); &tx }, 7) -> _ => unreachable!(),
        default => note(2),
    }
    assert_eq!(log.get(), 12);
}

/// Handles of different messages in one select.
#[test]
fn different_messages() {
    let ((a_tx, a), (b_tx, b), (c_tx, c)) = (bounded::<u8>(1), bounded::<String>(1), bounded::<()>(1));
    let mut seen = (0, String::new(), 0);
    b_tx.send("text".into()).unwrap();
    for _ in 0..5 {
        select! {
            recv(a) -> got => seen.0 += got.unwrap(),
            recv(b) -> got => { seen.1 = got.unwrap(); a_tx.send(3).unwrap() }
            send(c_tx, ()) -> _ => seen.2 += 1,
            default => {}
        }
    }
    assert_eq!((seen, c.len()), ((3, "text".into(), 1), 1));
}
