//! The stream of a receiver.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use gosync::chan::{Receiver, RecvStream};

use super::{CAPACITIES, Count};
use crate::drops::Ledger;
use crate::make;

fn next<T>(stream: &mut RecvStream<'_, T>) -> Poll<Option<T>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// The values in order, then the end for good.
#[test]
fn values_and_end() {
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let mut stream = rx.stream();
        for round in 0..3 {
            let (count, waker) = Count::new();
            let pending = Pin::new(&mut stream).poll_next(&mut Context::from_waker(&waker));
            assert!(pending.is_pending());
            tx.try_send(round).unwrap();
            assert_eq!(count.get(), 1);
            assert_eq!(next(&mut stream), Poll::Ready(Some(round)));
        }
        let more = capacity.unwrap_or(20);
        (0..more).for_each(|n| tx.try_send(n).unwrap());
        assert!(!stream.is_terminated());
        drop(tx);
        (0..more).for_each(|n| assert_eq!(next(&mut stream), Poll::Ready(Some(n))));
        for _ in 0..3 {
            assert_eq!(next(&mut stream), Poll::Ready(None));
            assert!(stream.is_terminated());
        }
    }
}

/// A close wakes the stream that waits.
#[test]
fn close_wakes() {
    let (tx, rx) = make::<u8>(Some(1));
    let (count, waker) = Count::new();
    let mut stream = rx.stream();
    assert!(Pin::new(&mut stream).poll_next(&mut Context::from_waker(&waker)).is_pending());
    tx.close().unwrap();
    assert_eq!(count.get(), 1);
    assert_eq!(next(&mut stream), Poll::Ready(None));
}

/// A stream that is dropped with a value on its way gives it to the next.
#[test]
fn dropped_while_waiting() {
    for capacity in CAPACITIES {
        let ledger = Ledger::default();
        let (tx, rx) = make(capacity);
        let mut first = rx.stream();
        let mut second = rx.stream();
        assert!(next(&mut first).is_pending());
        assert!(next(&mut second).is_pending());
        assert!(tx.try_send(ledger.value()).is_ok());
        drop(first);
        let Poll::Ready(Some(value)) = next(&mut second) else { panic!("the value is lost") };
        assert_eq!(ledger.balance(), (1, 0));
        drop(value);
        assert_eq!(ledger.balance(), (1, 1));
        assert!(next(&mut second).is_pending());
    }
}

/// A stream of the nil channel never ends.
#[test]
fn nil() {
    let rx = Receiver::<u8>::nil();
    let mut stream = rx.stream();
    (0..3).for_each(|_| assert!(next(&mut stream).is_pending()));
    assert!(!stream.is_terminated());
}
