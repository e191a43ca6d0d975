//! `test/closedchan.go`: a closed channel, unbuffered and buffered, through every style of access.
//!
//! Go's styles are operators, a select with one case, and a select with several. Here are these, with macros and with
//! `Select`, and the others that exist: try, timeout, deadline, and iterators, on one-way and two-way handles.

use std::time::{Duration, Instant};

use gosync::chan::{Chan, CloseError, Receiver, Select, Sender, select};

/// How to receive: `Some` is a value, `None` the end. Blocking or finding nothing would be a mistake on a closed channel.
type Receive = fn(&Receiver<i32>) -> Option<i32>;
/// How to send: the value, back again.
type Send = fn(&Sender<i32>, i32) -> i32;

const RECEIVES: [(&str, Receive); 13] = [
    ("recv", |rx| rx.recv().ok()),
    ("try_recv", |rx| match rx.try_recv() {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(error.is_disconnected(), "closed counts as ready");
            None
        }
    }),
    ("recv_timeout", |rx| match rx.recv_timeout(Duration::ZERO) {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(error.is_disconnected(), "closed counts as ready");
            None
        }
    }),
    ("recv_deadline", |rx| rx.recv_deadline(Instant::now() + Duration::from_secs(60)).ok()),
    ("iter", |rx| rx.iter().next()),
    ("try_iter", |rx| rx.try_iter().next()),
    ("into_iter", |rx| rx.clone().into_iter().next()),
    ("select, one case", |rx| select! { recv(rx) -> v => v.ok() }),
    ("select, one case and default", |rx| {
        select! {
            recv(rx) -> v => v.ok(),
            default => panic!("closed counts as ready"),
        }
    }),
    ("select, several", |rx| {
        let idle = Chan::<i32>::new(0);
        select! {
            recv(idle) -> _ => unreachable!(),
            recv(rx) -> v => v.ok(),
            send(idle, 1) -> _ => unreachable!(),
        }
    }),
    ("select, several and default", |rx| {
        let idle = Chan::<i32>::new(0);
        select! {
            recv(idle) -> _ => unreachable!(),
            recv(rx) -> v => v.ok(),
            default(Duration::ZERO) => panic!("closed counts as ready"),
        }
    }),
    ("Select", |rx| {
        let mut select = Select::new();
        select.recv(rx);
        assert_eq!(select.ready(), 0);
        select.select().recv(rx).ok()
    }),
    ("Select, tries", |rx| {
        let mut select = Select::new_biased();
        select.recv(rx);
        select.recv(rx);
        assert_eq!(select.try_ready(), Ok(0));
        select.try_select().expect("closed counts as ready").recv(rx).ok()
    }),
];

const SENDS: [(&str, Send); 9] = [
    ("send", |tx, value| tx.send(value).unwrap_err().into_inner()),
    ("try_send", |tx, value| {
        let error = tx.try_send(value).unwrap_err();
        assert!(error.is_disconnected(), "closed is not full");
        error.into_inner()
    }),
    ("send_timeout", |tx, value| {
        let error = tx.send_timeout(value, Duration::ZERO).unwrap_err();
        assert!(error.is_disconnected(), "closed is not late");
        error.into_inner()
    }),
    ("send_deadline", |tx, value| {
        tx.send_deadline(value, Instant::now() + Duration::from_secs(60)).unwrap_err().into_inner()
    }),
    ("select, one case", |tx, value| select! { send(tx, value) -> sent => sent.unwrap_err().into_inner() }),
    ("select, one case and default", |tx, value| {
        select! {
            send(tx, value) -> sent => sent.unwrap_err().into_inner(),
            default => panic!("closed is not full"),
        }
    }),
    ("select, several", |tx, value| {
        let idle = Chan::new(0);
        select! {
            send(idle, value) -> _ => unreachable!(),
            send(tx, value) -> sent => sent.unwrap_err().into_inner(),
            recv(idle) -> _ => unreachable!(),
        }
    }),
    ("Select", |tx, value| {
        let mut select = Select::new();
        select.send(tx);
        assert_eq!(select.ready(), 0);
        select.select().send(tx, value).unwrap_err().into_inner()
    }),
    ("Select, tries", |tx, value| {
        let mut select = Select::new();
        select.send(tx);
        assert_eq!(select.try_ready(), Ok(0));
        select.try_select().expect("closed is not full").send(tx, value).unwrap_err().into_inner()
    }),
];

/// Go's `closedsync`.
fn closed_sync() -> Chan<i32> {
    let c = Chan::new(0);
    c.close().unwrap();
    c
}

/// Go's `closedasync`: with a value left.
fn closed_async() -> Chan<i32> {
    let c = Chan::new(2);
    c.send(1).unwrap();
    c.close().unwrap();
    c
}

/// `test1`, receiving: the values that are left, then the end, for ever, whatever the styles are.
#[test]
fn receives() {
    for (name, receive) in RECEIVES {
        let rx = closed_sync().receiver();
        assert_eq!([receive(&rx), receive(&rx)], [None, None], "{name}, unbuffered");
        for (again, receive_again) in RECEIVES {
            let rx = closed_async().receiver();
            assert_eq!([receive(&rx), receive_again(&rx)], [Some(1), None], "{name}, then {again}, buffered");
            assert_eq!(receive(&rx), None);
        }
    }
}

/// `test1`, sending: it fails, gives the value back, and stores nothing, with room in the buffer and without.
#[test]
fn sends() {
    for (name, send) in SENDS {
        for (c, left) in [(closed_sync(), 0), (closed_async(), 1)] {
            assert_eq!(send(&c.sender(), 42), 42, "{name}");
            assert_eq!(c.iter().count(), left, "{name} stored something");
            assert_eq!(send(&c.sender(), 43), 43, "{name}, drained");
            assert_eq!(c.recv().ok(), None, "{name} stored something");
        }
    }
}

/// The two-way handle does the same.
#[test]
fn both_ways() {
    let c = closed_async();
    assert_eq!(c.send(9).unwrap_err().into_inner(), 9);
    assert!(c.try_send(9).unwrap_err().is_disconnected());
    assert!(c.send_timeout(9, Duration::ZERO).unwrap_err().is_disconnected());
    assert_eq!(c.try_recv(), Ok(1));
    assert!(c.try_recv().unwrap_err().is_disconnected());
    assert!(c.recv_timeout(Duration::ZERO).unwrap_err().is_disconnected());
    assert!(c.recv().is_err());
    assert_eq!((c.iter().next(), c.try_iter().next()), (None, None));
}

/// A channel that was closed by the drop of its last sender reads the same.
#[test]
fn closed_by_a_drop() {
    for (name, receive) in RECEIVES {
        let (tx, rx) = gosync::chan::bounded(2);
        tx.send(1).unwrap();
        drop(tx);
        assert_eq!([receive(&rx), receive(&rx)], [Some(1), None], "{name}");
    }
}

/// `main`: close of a nil channel and of a closed one fail with Go's texts.
#[test]
fn closes() {
    let error = Chan::<i32>::nil().close().unwrap_err();
    assert_eq!((error, error.to_string().as_str()), (CloseError::Nil, "close of nil channel"));
    for c in [closed_sync(), closed_async()] {
        let error = c.close().unwrap_err();
        assert_eq!((error, error.to_string().as_str()), (CloseError::Closed, "close of closed channel"));
        assert_eq!(c.send(1).unwrap_err().to_string(), "send on closed channel");
    }
}
