//! The handles themselves: nil, len and capacity, counts, identity, `Debug`, iterators.

use std::collections::{HashMap, HashSet};
use std::thread;

use gosync::chan::{self, Chan, Receiver, Sender, TryRecvError};

use crate::make;
use crate::watchdog::Watchdog;

/// len, capacity, `is_empty`, `is_full` of every kind of channel while it fills and drains.
#[test]
fn len_and_capacity() {
    for capacity in [None, Some(0), Some(1), Some(2), Some(3), Some(40)] {
        let (tx, rx) = make(capacity);
        let most = capacity.unwrap_or(100);
        let check = |len: usize| {
            assert_eq!((tx.len(), rx.len()), (len, len));
            assert_eq!((tx.capacity(), rx.capacity()), (capacity, capacity));
            assert_eq!((tx.is_empty(), rx.is_empty()), (len == 0, len == 0));
            let full = Some(len) == capacity;
            assert_eq!((tx.is_full(), rx.is_full()), (full, full));
        };
        check(0);
        for n in 0..most {
            tx.try_send(n).unwrap();
            check(n + 1);
        }
        assert_eq!(tx.try_send(0).is_ok(), capacity.is_none());
        if capacity.is_none() {
            rx.recv().unwrap();
            tx.send(0).unwrap();
        }
        rx.close().unwrap();
        for n in (0..if capacity.is_none() { most + 1 } else { most }).rev() {
            rx.recv().unwrap();
            if capacity.is_some() || n < most {
                check(n);
            }
        }
        check(0);
    }
}

/// The two-way handle says the same.
#[test]
fn len_and_capacity_of_chan() {
    let c = Chan::new(2);
    assert_eq!((c.len(), c.capacity(), c.is_empty(), c.is_full()), (0, Some(2), true, false));
    c.send(1).unwrap();
    assert_eq!((c.len(), c.capacity(), c.is_empty(), c.is_full()), (1, Some(2), false, false));
    c.send(2).unwrap();
    assert_eq!((c.len(), c.capacity(), c.is_empty(), c.is_full()), (2, Some(2), false, true));
    let c = Chan::<i32>::unbounded();
    assert_eq!((c.len(), c.capacity(), c.is_empty(), c.is_full()), (0, None, true, false));
    assert_eq!(Chan::<i32>::new(usize::MAX).capacity(), None, "the same as unbounded");
}

#[test]
fn nil() {
    let (tx, rx, c) = (Sender::<i32>::nil(), Receiver::<i32>::nil(), Chan::<i32>::nil());
    for (len, capacity, empty, full, closed, nil) in [
        (tx.len(), tx.capacity(), tx.is_empty(), tx.is_full(), tx.is_closed(), tx.is_nil()),
        (rx.len(), rx.capacity(), rx.is_empty(), rx.is_full(), rx.is_closed(), rx.is_nil()),
        (c.len(), c.capacity(), c.is_empty(), c.is_full(), c.is_closed(), c.is_nil()),
    ] {
        assert_eq!((len, capacity), (0, Some(0)));
        assert_eq!((empty, full, closed, nil), (true, true, false, true));
    }
    assert_eq!((tx.sender_count(), tx.receiver_count()), (0, 0));
    assert_eq!(rx.try_iter().count(), 0);
    // Its parts are nil too.
    assert!(c.sender().is_nil() && c.receiver().is_nil() && c.clone().is_nil());
    let (tx, rx) = c.split();
    assert!(tx.is_nil() && rx.is_nil());
    let (tx, rx) = chan::bounded::<i32>(0);
    assert!(!tx.is_nil() && !rx.is_nil());
}

#[test]
fn same_channel() {
    let (a, b) = (Chan::<i32>::new(1), Chan::<i32>::new(1));
    assert!(a.same_channel(&a) && a.same_channel(&a.clone()) && !a.same_channel(&b));
    assert!(!a.same_channel(&Chan::nil()) && Chan::<i32>::nil().same_channel(&Chan::nil()));
    assert!(a.sender().same_channel(&a.sender()) && !a.sender().same_channel(&b.sender()));
    assert!(a.receiver().same_channel(&a.receiver()) && !a.receiver().same_channel(&b.receiver()));
    assert!(!a.sender().same_channel(&Sender::nil()) && !a.receiver().same_channel(&chan::never()));
    let (tx, rx) = a.clone().split();
    assert!(tx.same_channel(&a.sender()) && rx.same_channel(&a.receiver()));
    let (unbounded, _rx) = chan::unbounded::<i32>();
    assert!(!unbounded.same_channel(&tx));
}

/// Equality and hashes go by the channel, as those of Go's channels do.
#[test]
fn keys() {
    let (a, b) = (Chan::<i32>::new(1), Chan::<i32>::new(1));
    assert!(a == a.clone() && a != b && a != Chan::nil() && Chan::<i32>::nil() == Chan::nil());
    assert!(a.sender() == a.sender() && a.sender() != b.sender() && a.sender() != Sender::nil());
    assert!(a.receiver() == a.receiver() && a.receiver() != b.receiver() && a.receiver() != chan::never());

    let mut names = HashMap::from([(a.sender(), "a"), (b.sender(), "b"), (Sender::nil(), "nil")]);
    // What is in a channel, or becomes of it, does not matter.
    a.send(1).unwrap();
    b.close().unwrap();
    assert_eq!((names[&a.sender()], names[&b.sender()], names[&Sender::nil()]), ("a", "b", "nil"));
    assert_eq!(names.insert(a.sender(), "again"), Some("a"));
    assert_eq!((names.remove(&a.sender()), names.remove(&a.sender()), names.len()), (Some("again"), None, 2));

    // Values need not be comparable, nor printable.
    struct Plain;
    let (tx, rx) = chan::bounded::<Plain>(0);
    let (senders, receivers) = (HashSet::from([tx.clone(), tx.clone()]), HashSet::from([rx.clone(), rx.clone()]));
    assert_eq!((senders.len(), receivers.len()), (1, 1));
    assert!(senders.contains(&tx) && receivers.contains(&rx));
    assert_eq!((tx.sender_count(), rx.receiver_count()), (2, 2), "one in the set");
    let both = HashSet::from([a.clone(), b.clone(), a.clone()]);
    assert!(both.len() == 2 && both.contains(&a) && !both.contains(&Chan::nil()));
}

/// Every way to make and to lose a handle.
#[test]
fn counts() {
    let (tx, rx) = chan::bounded::<i32>(1);
    let counts = || (tx.sender_count(), tx.receiver_count());
    assert_eq!((counts(), rx.sender_count(), rx.receiver_count()), ((1, 1), 1, 1));
    let more = (tx.clone(), rx.clone(), rx.clone());
    assert_eq!(counts(), (2, 3));
    drop(more);
    assert_eq!(counts(), (1, 1));
    let taken = rx.clone().into_iter();
    assert_eq!(counts(), (1, 2));
    drop(taken);
    assert_eq!(counts(), (1, 1));

    let c = Chan::<i32>::new(1);
    let watch = c.sender();
    let counts = || (watch.sender_count(), watch.receiver_count());
    assert_eq!(counts(), (2, 1));
    let d = c.clone();
    assert_eq!(counts(), (3, 2));
    let rx = d.receiver();
    assert_eq!(counts(), (3, 3));
    let halves = d.split();
    assert_eq!(counts(), (3, 3), "the halves take over");
    drop(halves);
    assert_eq!(counts(), (2, 2));
    drop((rx, c));
    assert_eq!(counts(), (1, 0));
    assert!(watch.is_closed());
}

#[test]
fn debug() {
    assert_eq!(format!("{:?}", Sender::<i32>::nil()), "Sender(nil)");
    assert_eq!(format!("{:?}", Receiver::<i32>::nil()), "Receiver(nil)");
    assert_eq!(format!("{:?}", Chan::<i32>::nil()), "Chan(nil)");
    struct Unprintable;
    let (tx, rx) = chan::bounded(3);
    tx.send(Unprintable).ok().unwrap();
    assert_eq!(format!("{tx:?}"), "Sender { len: 1, capacity: Some(3), closed: false, .. }");
    tx.close().unwrap();
    assert_eq!(format!("{rx:?}"), "Receiver { len: 1, capacity: Some(3), closed: true, .. }");
    assert_eq!(format!("{:?}", Chan::<u8>::unbounded()), "Chan { len: 0, capacity: None, closed: false, .. }");
}

/// Blocking iterators end with the channel and stay at their end.
#[test]
fn iterators_are_fused() {
    let (tx, rx) = chan::unbounded();
    (0..4).for_each(|n| tx.send(n).unwrap());
    drop(tx);
    let mut iter = rx.iter();
    assert_eq!((iter.next(), iter.next()), (Some(0), Some(1)));
    assert_eq!((&rx).into_iter().next(), Some(2));
    let mut into_iter = rx.clone().into_iter();
    assert_eq!(into_iter.next(), Some(3));
    for _ in 0..3 {
        assert_eq!((iter.next(), into_iter.next()), (None, None));
    }
}

/// `try_iter` ends when there is nothing, and goes on when there is something again.
#[test]
fn try_iter() {
    let (tx, rx) = chan::unbounded();
    let mut iter = rx.try_iter();
    assert_eq!(iter.next(), None);
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert_eq!((iter.next(), iter.next(), iter.next()), (Some(1), Some(2), None));
    tx.send(3).unwrap();
    drop(tx);
    assert_eq!((iter.next(), iter.next()), (Some(3), None));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

/// Iterators share the channel with other receivers, and take from blocked senders.
#[test]
fn iterators_and_threads() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(0);
    thread::scope(|s| {
        let halves = [(); 2].map(|()| {
            let rx = rx.clone();
            s.spawn(move || rx.into_iter().sum::<u32>())
        });
        s.spawn(move || (1..=100).for_each(|n| tx.send(n).unwrap()));
        assert_eq!(halves.map(|h| h.join().unwrap()).iter().sum::<u32>(), 5050);
    });
    let c = Chan::new(0);
    thread::scope(|s| {
        s.spawn(|| {
            (1..=10).for_each(|n| c.send(n).unwrap());
            c.close().unwrap();
        });
        assert_eq!(c.iter().sum::<i32>(), 55);
    });
}

/// A loop over a two-way handle: by reference it goes on being one, by value it sends no more.
#[test]
fn loops_over_chan() {
    let c = Chan::new(3);
    (1..=3).for_each(|n| c.send(n).unwrap());
    let mut seen = Vec::new();
    for n in &c {
        seen.push(n);
        if n == 2 {
            break;
        }
    }
    assert_eq!((seen, c.try_iter().collect::<Vec<_>>()), (vec![1, 2], vec![3]));
    assert_eq!((c.sender_count(), c.receiver_count()), (1, 1));
    let other = c.clone();
    assert_eq!((c.sender_count(), c.receiver_count()), (2, 2));
    let rest = c.into_iter();
    assert_eq!((other.sender_count(), other.receiver_count()), (1, 2));
    other.send(4).unwrap();
    drop(other);
    assert_eq!(rest.collect::<Vec<_>>(), [4], "and then the end");
}

/// Several values at a time, by a two-way handle.
#[test]
fn many_by_chan() {
    let c = Chan::new(2);
    let (mut values, mut got) = (vec![1, 2, 3], Vec::new());
    assert_eq!((c.try_send_many(&mut values), values.len()), (Ok(2), 1));
    assert_eq!((c.recv_many(&mut got, 8), c.send_many(&mut values)), (Ok(2), Ok(())));
    assert_eq!((c.try_recv_many(&mut got, 8), got), (Ok(1), vec![1, 2, 3]));
}
