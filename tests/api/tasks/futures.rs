//! What the futures return, and when.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::future::FusedFuture;
use gosync::chan::{Chan, Receiver, RecvError, SendError, Sender};

use super::{CAPACITIES, Count, poll, poll_for, receive, send};
use crate::make;

/// Room and values are had at the first poll, in order.
#[test]
fn at_once() {
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let room = capacity.unwrap_or(20);
        (0..room).for_each(|n| assert_eq!(poll(&mut send(&tx, n)), Poll::Ready(Ok(()))));
        assert_eq!(tx.len(), room);
        (0..room).for_each(|n| assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Ok(n))));
        assert!(poll(&mut receive(&rx)).is_pending());
        assert_eq!(rx.len(), 0);
    }
}

/// Nothing happens before the first poll.
#[test]
fn lazy() {
    let c = Chan::new(1);
    let (tx, rx) = c.split();
    drop(tx.send_async(1));
    assert!(tx.is_empty());
    tx.send(2).unwrap();
    let future = rx.recv_async();
    assert_eq!(rx.try_recv(), Ok(2));
    drop(future);
}

/// Receivers that wait are served in the order of arrival, one wake-up each.
#[test]
fn waiting_receivers() {
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let mut waiting: Vec<_> = (0..5).map(|_| (receive(&rx), Count::new())).collect();
        for (future, (_, waker)) in &mut waiting {
            assert!(poll_for(future, waker).is_pending());
        }
        for n in 0..5 {
            tx.try_send(n).unwrap();
            let woken: Vec<_> = waiting.iter().map(|(_, (count, _))| count.get()).collect();
            assert!(woken.iter().enumerate().all(|(i, &woken)| woken == usize::from(i <= n)), "{n}: {woken:?}");
        }
        for (n, (future, _)) in waiting.iter_mut().enumerate() {
            assert_eq!(poll(future), Poll::Ready(Ok(n)));
        }
    }
}

/// Senders that wait are served in the order of arrival, one wake-up each, and their values come after the buffer's.
#[test]
fn waiting_senders() {
    for capacity in [0, 1, 8] {
        let (tx, rx) = make(Some(capacity));
        (0..capacity).for_each(|n| tx.send(n).unwrap());
        let mut waiting: Vec<_> = (capacity..capacity + 5).map(|n| (send(&tx, n), Count::new())).collect();
        for (future, (_, waker)) in &mut waiting {
            assert!(poll_for(future, waker).is_pending());
        }
        for n in 0..capacity + 5 {
            assert_eq!(rx.try_recv(), Ok(n));
            let woken: Vec<_> = waiting.iter().map(|(_, (count, _))| count.get()).collect();
            assert!(woken.iter().enumerate().all(|(i, &woken)| woken == usize::from(i <= n)), "{n}: {woken:?}");
        }
        waiting.iter_mut().for_each(|(future, _)| assert_eq!(poll(future), Poll::Ready(Ok(()))));
    }
}

/// The last poll's waker is the one that counts.
#[test]
fn another_waker() {
    let (tx, rx) = make(Some(0));
    let [(first, waker_1), (second, waker_2)] = [Count::new(), Count::new()];
    let mut receiving = receive(&rx);
    assert!(poll_for(&mut receiving, &waker_1).is_pending());
    assert!(poll_for(&mut receiving, &waker_2).is_pending());
    tx.try_send(1).unwrap();
    assert_eq!((first.get(), second.get()), (0, 1));
    assert_eq!(poll(&mut receiving), Poll::Ready(Ok(1)));
    let mut sending = send(&tx, 2);
    assert!(poll_for(&mut sending, &waker_2).is_pending());
    assert!(poll_for(&mut sending, &waker_1).is_pending());
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!((first.get(), second.get()), (1, 1));
    assert_eq!(poll(&mut sending), Poll::Ready(Ok(())));
}

/// A close ends who waits: each is woken once, senders have their values back, receivers have drained the buffer before.
#[test]
fn close_ends_those_who_wait() {
    let ends: [fn(Sender<usize>, Receiver<usize>); 3] =
        [|tx, _| tx.close().unwrap(), |_, rx| rx.close().unwrap(), |tx, rx| drop((tx, rx))];
    for (way, end) in ends.into_iter().enumerate() {
        for capacity in [0, 1, 8] {
            let (tx, rx) = make(Some(capacity));
            (0..capacity).for_each(|n| tx.send(n).unwrap());
            let (count, waker) = Count::new();
            // Another receiver would put off the end in the last way.
            let keep = (way < 2).then(|| rx.clone());
            let mut waiting: Vec<_> = (100..140).map(|n| send(&tx, n)).collect();
            waiting.iter_mut().for_each(|future| assert!(poll_for(future, &waker).is_pending()));
            end(tx, rx);
            assert_eq!(count.get(), 40);
            for (n, future) in (100..).zip(&mut waiting) {
                assert_eq!(poll(future), Poll::Ready(Err(SendError(n))));
            }
            drop(waiting);
            if let Some(rx) = keep {
                (0..capacity).for_each(|n| assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Ok(n))));
                assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Err(RecvError)));
            }
        }
        let (tx, rx) = make::<usize>(Some(1));
        let (count, waker) = Count::new();
        let mut waiting: Vec<_> = (0..40).map(|_| receive(&rx)).collect();
        waiting.iter_mut().for_each(|future| assert!(poll_for(future, &waker).is_pending()));
        end(tx, rx);
        assert_eq!(count.get(), 40);
        waiting.iter_mut().for_each(|future| assert_eq!(poll(future), Poll::Ready(Err(RecvError))));
    }
}

/// After the end there is nothing to wait for.
#[test]
fn after_the_end() {
    let (tx, rx) = make(Some(2));
    tx.send(1).unwrap();
    tx.close().unwrap();
    assert_eq!(poll(&mut send(&tx, 2)), Poll::Ready(Err(SendError(2))));
    assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Ok(1)));
    assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Err(RecvError)));
    drop(rx);
    assert_eq!(poll(&mut send(&tx, 3)), Poll::Ready(Err(SendError(3))));
}

/// The nil channel: never done, never woken, and nothing of it is left behind.
#[test]
fn nil() {
    let (tx, rx) = (Sender::<String>::nil(), Receiver::<String>::nil());
    let (count, waker) = Count::new();
    let mut sending = send(&tx, "value".into());
    let mut receiving = receive(&rx);
    for _ in 0..3 {
        assert!(poll_for(&mut sending, &waker).is_pending());
        assert!(poll_for(&mut receiving, &waker).is_pending());
    }
    drop((sending, receiving));
    assert_eq!(count.get(), 0);
    drop(waker);
    assert_eq!(std::sync::Arc::strong_count(&count), 1);
}

/// A future that is done says so, and panics if it is polled again. The channel does not care.
#[test]
fn polled_after_it_was_done() {
    let (tx, rx) = make(Some(1));
    let mut sending = Box::pin(tx.send_async(1));
    let mut receiving = Box::pin(rx.recv_async());
    assert!(!sending.is_terminated() && !receiving.is_terminated());
    assert_eq!(poll(&mut sending), Poll::Ready(Ok(())));
    assert_eq!(poll(&mut receiving), Poll::Ready(Ok(1)));
    assert!(sending.is_terminated() && receiving.is_terminated());
    let again = catch_unwind(AssertUnwindSafe(|| poll(&mut sending))).unwrap_err();
    assert_eq!(text(again.as_ref()), "a future that is finished is not polled");
    let again = catch_unwind(AssertUnwindSafe(|| poll(&mut receiving))).unwrap_err();
    assert_eq!(text(again.as_ref()), "a future that is finished is not polled");
    drop((sending, receiving));
    tx.send(2).unwrap();
    assert_eq!(rx.recv(), Ok(2));
}

/// What a panic says.
fn text(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap()
}

/// A two-way handle has the operations of both, for tasks too.
#[test]
fn a_two_way_handle() {
    use futures_core::Stream;
    use futures_sink::Sink;

    let c = Chan::new(1);
    let cx = &mut Context::from_waker(Waker::noop());
    let (mut first, mut second) = (Box::pin(c.send_async(1)), Box::pin(c.send_async(2)));
    assert_eq!((poll(&mut first), poll(&mut second)), (Poll::Ready(Ok(())), Poll::Pending));
    assert_eq!(poll(&mut Box::pin(c.recv_async())), Poll::Ready(Ok(1)));
    assert_eq!(poll(&mut second), Poll::Ready(Ok(())));
    let (mut values, mut sink) = (c.stream(), c.sink());
    assert_eq!(Pin::new(&mut values).poll_next(cx), Poll::Ready(Some(2)));
    assert_eq!(Pin::new(&mut sink).start_send(3), Ok(()));
    assert_eq!(Pin::new(&mut values).poll_next(cx), Poll::Ready(Some(3)));
    c.close().unwrap();
    assert_eq!(Pin::new(&mut values).poll_next(cx), Poll::Ready(None));
    assert_eq!(Pin::new(&mut sink).start_send(4), Err(SendError(4)));
}
