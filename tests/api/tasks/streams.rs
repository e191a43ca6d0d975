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

/// A stream that owns its receiver goes where it likes, and gives it up when it is dropped: also with a value that it was given.
#[test]
fn owns_its_receiver() {
    let ledger = Ledger::default();
    let (tx, rx) = make(Some(0));
    let mut stream = rx.into_stream();
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
    assert!(next(&mut stream).is_pending());
    let mut boxed: Pin<Box<dyn Stream<Item = _> + Send>> = Box::pin(stream);
    tx.try_send(ledger.value()).ok().unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(matches!(boxed.as_mut().poll_next(cx), Poll::Ready(Some(_))));
    assert!(boxed.as_mut().poll_next(cx).is_pending());
    tx.try_send(ledger.value()).ok().unwrap();
    assert_eq!(ledger.balance(), (2, 1));
    drop(boxed);
    assert_eq!((ledger.balance(), tx.receiver_count(), tx.is_closed()), ((2, 2), 0, true));
    // In a task of a runtime, and by a two-way handle.
    let c = gosync::chan::Chan::new(8);
    (1..=3).for_each(|n| c.send(n).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let sum = runtime.spawn(futures_util::StreamExt::fold(c.into_stream(), 0, async |sum, n| sum + n));
    assert_eq!(runtime.block_on(sum).unwrap(), 6);
}
