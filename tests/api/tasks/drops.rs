//! Futures that are dropped or leaked at any point: nothing is lost, nobody is stranded, each value is dropped once.

use std::future::Future;
use std::mem::forget;
use std::task::{Context, Poll, Waker};

use gosync::chan::{Chan, RecvError, SendError, TryRecvError, select_async};

use super::{CAPACITIES, Count, poll, poll_for, receive, send};
use crate::drops::Ledger;
use crate::make;

/// Before the first poll a send has its value, and drops it.
#[test]
fn before_the_first_poll() {
    for capacity in CAPACITIES {
        let ledger = Ledger::default();
        let (tx, rx) = make(capacity);
        drop((tx.send_async(ledger.value()), rx.recv_async()));
        assert_eq!((ledger.balance(), tx.len()), ((1, 1), 0));
    }
}

/// While it waits: its value goes with it, and the others move up.
#[test]
fn waiting_senders() {
    for capacity in [0, 1, 8] {
        for gone in 0..3 {
            let ledger = Ledger::default();
            let (tx, rx) = make(Some(capacity));
            (0..capacity).for_each(|n| tx.send((n, ledger.value())).ok().unwrap());
            let mut waiting: Vec<_> = (capacity..capacity + 3).map(|n| send(&tx, (n, ledger.value()))).collect();
            waiting.iter_mut().for_each(|future| assert!(poll(future).is_pending()));
            drop(waiting.remove(gone));
            assert_eq!(ledger.balance(), (capacity + 3, 1));
            let received: Vec<_> = rx.try_iter().map(|(n, _)| n).collect();
            let expected: Vec<_> = (0..capacity + 3).filter(|&n| n != capacity + gone).collect();
            assert_eq!(received, expected);
            waiting.iter_mut().for_each(|future| assert!(poll(future).is_ready()));
            assert_eq!(ledger.balance(), (capacity + 3, capacity + 3));
        }
    }
}

/// While it waits: the value goes to the one behind it.
#[test]
fn waiting_receivers() {
    for capacity in CAPACITIES {
        for gone in 0..3 {
            let (tx, rx) = make(capacity);
            let mut waiting: Vec<_> = (0..3).map(|_| receive(&rx)).collect();
            waiting.iter_mut().for_each(|future| assert!(poll(future).is_pending()));
            drop(waiting.remove(gone));
            (0..2).for_each(|n| tx.try_send(n).unwrap());
            for (n, future) in waiting.iter_mut().enumerate() {
                assert_eq!(poll(future), Poll::Ready(Ok(n)));
            }
        }
    }
}

/// After a value was delivered to it, and before it has taken that: the next one in line gets it, and is woken.
#[test]
fn delivered_and_handed_on() {
    for capacity in CAPACITIES {
        let ledger = Ledger::default();
        let (tx, rx) = make(capacity);
        let mut first = receive(&rx);
        let mut second = receive(&rx);
        let (count, waker) = Count::new();
        assert!(poll(&mut first).is_pending());
        assert!(poll_for(&mut second, &waker).is_pending());
        tx.try_send(ledger.value()).ok().unwrap();
        assert_eq!(count.get(), 0);
        drop(first);
        assert_eq!((count.get(), ledger.balance()), (1, (1, 0)));
        assert!(matches!(poll(&mut second), Poll::Ready(Ok(_))));
        assert_eq!(ledger.balance(), (1, 1));
    }
}

/// As above with nobody in line: it is the next value to be received, before those of the buffer and of blocked senders.
#[test]
fn delivered_and_put_back() {
    for capacity in CAPACITIES {
        let ledger = Ledger::default();
        let (tx, rx) = make(capacity);
        let mut receiving = receive(&rx);
        assert!(poll(&mut receiving).is_pending());
        tx.try_send((0, ledger.value())).ok().unwrap();
        let room = capacity.unwrap_or(20);
        (1..=room).for_each(|n| tx.try_send((n, ledger.value())).ok().unwrap());
        let mut sending = capacity.map(|_| send(&tx, (room + 1, ledger.value())));
        let all = room + 1 + usize::from(sending.is_some());
        if let Some(sending) = &mut sending {
            assert!(poll(sending).is_pending());
        }
        drop(receiving);
        assert_eq!((rx.len(), ledger.balance()), (room + 1, (all, 0)));
        assert_eq!((rx.is_full(), rx.is_empty()), (capacity.is_some(), false), "one more than it can hold is full");
        // Nobody overtakes the sender that waits.
        if sending.is_some() {
            assert!(tx.try_send((99, ledger.value())).is_err());
        }
        let received: Vec<_> = rx.try_iter().map(|(n, _)| n).collect();
        assert_eq!(received, (0..all).collect::<Vec<_>>());
        if let Some(sending) = &mut sending {
            assert!(matches!(poll(sending), Poll::Ready(Ok(()))));
        }
        let (made, dropped) = ledger.balance();
        assert_eq!(made, dropped);
        assert_eq!(rx.try_recv().err(), Some(TryRecvError::Empty));
    }
}

/// As above, after a close: the value can still be received.
#[test]
fn put_back_after_a_close() {
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let mut receiving = receive(&rx);
        assert!(poll(&mut receiving).is_pending());
        tx.try_send(1).unwrap();
        tx.close().unwrap();
        drop(receiving);
        assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Ok(1)));
        assert_eq!(poll(&mut receive(&rx)), Poll::Ready(Err(RecvError)));
    }
}

/// An iterator that has ended stays so, when a value comes back after that.
#[test]
fn put_back_after_the_end_of_an_iterator() {
    let (tx, rx) = make(Some(1));
    let mut receiving = receive(&rx);
    assert!(poll(&mut receiving).is_pending());
    tx.try_send(1).unwrap();
    drop(tx);
    let (mut borrowed, mut owned) = (rx.iter(), rx.clone().into_iter());
    assert_eq!((borrowed.next(), owned.next()), (None, None));
    drop(receiving);
    assert_eq!((borrowed.next(), borrowed.clone().next(), owned.next()), (None, None, None));
    assert_eq!(rx.iter().next(), Some(1), "one that has not");
}

/// The last receiver takes a value with it that was put back.
#[test]
fn put_back_and_never_received() {
    for capacity in CAPACITIES {
        let ledger = Ledger::default();
        let (tx, rx) = make(capacity);
        let mut receiving = receive(&rx);
        assert!(poll(&mut receiving).is_pending());
        tx.try_send(ledger.value()).ok().unwrap();
        drop(rx);
        assert_eq!(ledger.balance(), (1, 0));
        drop(receiving);
        assert_eq!((ledger.balance(), tx.is_closed()), ((1, 1), true));
    }
}

/// A send whose value was received is done, whether it is polled again or not.
#[test]
fn sent_and_not_told() {
    for capacity in [0, 1, 8] {
        let ledger = Ledger::default();
        let (tx, rx) = make(Some(capacity));
        (0..capacity).for_each(|_| tx.send(ledger.value()).ok().unwrap());
        let mut sending = send(&tx, ledger.value());
        assert!(poll(&mut sending).is_pending());
        let received = rx.try_recv().unwrap();
        drop(sending);
        assert_eq!(ledger.balance(), (capacity + 1, 0));
        drop(received);
        assert_eq!(rx.try_iter().count(), capacity);
        assert_eq!(ledger.balance(), (capacity + 1, capacity + 1));
    }
}

/// A send that a close has ended has its value back, and drops it if it is not asked for it.
#[test]
fn refused_and_not_told() {
    let ledger = Ledger::default();
    let (tx, rx) = make(Some(0));
    let mut sending = [send(&tx, ledger.value()), send(&tx, ledger.value())];
    sending.iter_mut().for_each(|future| assert!(poll(future).is_pending()));
    rx.close().unwrap();
    assert_eq!(ledger.balance(), (2, 0));
    let [first, mut second] = sending;
    drop(first);
    assert_eq!(ledger.balance(), (2, 1));
    let Poll::Ready(Err(SendError(value))) = poll(&mut second) else { panic!("it was closed") };
    assert_eq!(ledger.balance(), (2, 1));
    drop(value);
    assert_eq!(ledger.balance(), (2, 2));
}

/// A leaked receive swallows one value at most; a leaked send still delivers. Those around them are served.
#[test]
fn leaked() {
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let mut waiting = [receive(&rx), receive(&rx), receive(&rx)];
        waiting.iter_mut().for_each(|future| assert!(poll(future).is_pending()));
        let [mut first, leaked, mut last] = waiting;
        forget(leaked);
        (0..3).for_each(|n| tx.try_send(n).unwrap());
        assert_eq!(poll(&mut first), Poll::Ready(Ok(0)));
        assert_eq!(poll(&mut last), Poll::Ready(Ok(2)));
        let mut late = receive(&rx);
        assert!(poll(&mut late).is_pending());
        tx.try_send(3).unwrap();
        assert_eq!(poll(&mut late), Poll::Ready(Ok(3)));

        let Some(capacity) = capacity else { continue };
        (0..capacity).for_each(|n| tx.try_send(n).unwrap());
        let mut waiting = [100, 101, 102].map(|n| send(&tx, n));
        waiting.iter_mut().for_each(|future| assert!(poll(future).is_pending()));
        let [mut first, leaked, mut last] = waiting;
        forget(leaked);
        let received: Vec<_> = rx.try_iter().collect();
        assert_eq!(received, (0..capacity).chain(100..103).collect::<Vec<_>>());
        assert_eq!((poll(&mut first), poll(&mut last)), (Poll::Ready(Ok(())), Poll::Ready(Ok(()))));
    }
}

/// A close passes a leaked future as any other.
#[test]
fn leaked_and_closed() {
    let (tx, rx) = make::<u8>(Some(0));
    let (count, waker) = Count::new();
    let mut waiting = [receive(&rx), receive(&rx), receive(&rx)];
    waiting.iter_mut().for_each(|future| assert!(poll_for(future, &waker).is_pending()));
    let [mut first, leaked, mut last] = waiting;
    forget(leaked);
    tx.close().unwrap();
    assert_eq!(count.get(), 3);
    assert_eq!((poll(&mut first), poll(&mut last)), (Poll::Ready(Err(RecvError)), Poll::Ready(Err(RecvError))));
}

/// A task was given the room for its message, and then a value came back into it from a receive that was dropped: the task
/// does not wait for room, which would block its executor, but puts its message behind that value, beyond the capacity.
#[test]
fn a_select_whose_room_went_to_a_value_that_came_back() {
    let c = Chan::new(1);
    let (tx, rx) = (c.sender(), c.receiver());
    let mut context = Context::from_waker(Waker::noop());
    let mut receive = Box::pin(rx.recv_async());
    assert!(receive.as_mut().poll(&mut context).is_pending());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let other = Chan::<i32>::new(0);
    let mut select = Box::pin(async {
        select_async! {
            send(tx, 4) -> result => result,
            recv(other) -> _ => unreachable!("nobody sends"),
        }
    });
    assert!(select.as_mut().poll(&mut context).is_pending());
    assert_eq!(rx.try_recv(), Ok(2));
    drop(receive);
    assert_eq!(select.as_mut().poll(&mut context), Poll::Ready(Ok(())));
    assert!([1, 4].into_iter().eq(rx.try_iter()));
    assert!(c.is_empty());
}
