//! What handles tell: length and capacity, identity, formats. And the iterators.

use std::iter::FusedIterator;
use std::thread;

use static_assertions::assert_impl_all;

use super::channel::{
    IntoIter, Iter, Receiver, RecvError, TryIter, TryRecvError, TrySendError, bounded, never, unbounded,
};
use super::{KINDS, make};
use crate::watchdog::Watchdog;
use crate::{ms, settle};

#[test]
fn capacity() {
    for capacity in KINDS {
        let (tx, rx) = make::<u8>(capacity);
        assert_eq!((tx.capacity(), rx.capacity()), (capacity, capacity));
    }
}

#[test]
fn bounded_length() {
    for capacity in [1, 2, 7] {
        let (tx, rx) = bounded(capacity);
        for n in 0..=capacity {
            assert_eq!((tx.len(), rx.len()), (n, n));
            assert_eq!((tx.is_empty(), rx.is_empty()), (n == 0, n == 0));
            assert_eq!((tx.is_full(), rx.is_full()), (n == capacity, n == capacity));
            if n < capacity {
                tx.send(n).unwrap();
            }
        }
        assert_eq!(tx.try_send(100), Err(TrySendError::Full(100)));
        for n in (0..capacity).rev() {
            rx.recv().unwrap();
            assert_eq!((tx.len(), rx.is_full(), tx.is_empty()), (n, false, n == 0));
        }
        // Around the ring, several times.
        for i in 0..10 * capacity {
            tx.send(i).unwrap();
            assert_eq!((rx.len(), rx.recv(), rx.len()), (1, Ok(i), 0));
        }
    }
}

#[test]
fn unbounded_length() {
    let (tx, rx) = unbounded();
    assert!(rx.is_empty() && !rx.is_full() && tx.is_empty() && !tx.is_full());
    for n in 1..=1000 {
        tx.send(n).unwrap();
        assert_eq!((tx.len(), rx.len(), tx.is_full(), rx.is_full()), (n, n, false, false));
    }
    for n in (0..1000).rev() {
        rx.recv().unwrap();
        assert_eq!((rx.len(), tx.is_empty()), (n, n == 0));
    }
}

/// Without a buffer a channel is empty and full at once, whoever is blocked on it.
#[test]
fn zero_length() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded::<i32>(0);
    let check = || {
        assert_eq!((tx.len(), rx.len()), (0, 0));
        assert!(tx.is_empty() && tx.is_full() && rx.is_empty() && rx.is_full());
    };
    check();
    thread::scope(|s| {
        s.spawn(|| tx.send(1).unwrap());
        settle();
        check();
        assert_eq!(rx.recv(), Ok(1));
        s.spawn(|| assert_eq!(rx.recv(), Ok(2)));
        settle();
        check();
        tx.send(2).unwrap();
    });
    check();
    assert_eq!((tx.try_send(1), rx.try_recv()), (Err(TrySendError::Full(1)), Err(TryRecvError::Empty)));
}

#[test]
fn never_length() {
    const NEVER: Receiver<String> = never();
    let rx = NEVER;
    assert_eq!((rx.capacity(), rx.len()), (Some(0), 0));
    assert!(rx.is_empty() && rx.is_full());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(rx.recv_timeout(ms(1)).unwrap_err().is_timeout());
    assert_eq!(rx.try_iter().count(), 0);
}

#[test]
fn same_channel() {
    for capacity in KINDS {
        let ((tx, rx), (tx2, rx2)) = (make::<i32>(capacity), make::<i32>(capacity));
        assert!(tx.same_channel(&tx) && tx.same_channel(&tx.clone()) && tx.clone().same_channel(&tx));
        assert!(rx.same_channel(&rx) && rx.same_channel(&rx.clone()) && rx.clone().same_channel(&rx));
        assert!(!tx.same_channel(&tx2) && !rx.same_channel(&rx2) && !rx.clone().same_channel(&rx2));
        for other in KINDS {
            let (tx2, rx2) = make(other);
            assert!(!tx.same_channel(&tx2) && !rx.same_channel(&rx2));
        }
        assert!(!rx.same_channel(&never()) && !never().same_channel(&rx));
        // Also when the other side is gone.
        let other = rx.clone();
        drop(tx);
        assert!(rx.same_channel(&other));
    }
    assert!(never::<i32>().same_channel(&never()));
}

/// The words are each crate's affair; the message needs no format.
#[test]
fn debug() {
    struct Plain;
    let (tx, rx) = bounded::<Plain>(1);
    assert!(format!("{tx:?}").starts_with("Sender"));
    assert!(format!("{rx:?} {:?}", never::<Plain>()).starts_with("Receiver"));
    assert!(format!("{:?}", rx.iter()).starts_with("Iter"));
    assert!(format!("{:?}", rx.try_iter()).starts_with("TryIter"));
    assert!(format!("{:?}", rx.into_iter()).starts_with("IntoIter"));
}

assert_impl_all!(Iter<'static, u8>: FusedIterator, Send);
assert_impl_all!(IntoIter<u8>: FusedIterator, Send);
assert_impl_all!(TryIter<'static, u8>: Iterator<Item = u8>, Send);

#[test]
fn iterators() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        thread::scope(|s| {
            s.spawn(move || (0..20).for_each(|i| tx.send(i).unwrap()));
            assert_eq!(rx.iter().take(5).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
            let mut sum = 0;
            for i in &rx {
                sum += i;
                if i == 9 {
                    break;
                }
            }
            assert_eq!(sum, 5 + 6 + 7 + 8 + 9);
            let mut iter = rx.iter();
            assert_eq!(iter.next(), Some(10));
            // Several at a time, and the receiver itself in between.
            assert_eq!((rx.recv(), rx.iter().next(), iter.next()), (Ok(11), Some(12), Some(13)));
            assert_eq!(rx.clone().into_iter().collect::<Vec<_>>(), [14, 15, 16, 17, 18, 19]);
            assert_eq!((iter.next(), iter.next(), rx.recv()), (None, None, Err(RecvError)));
        });
    }
}

#[test]
fn trying_iterator() {
    let (tx, rx) = unbounded();
    assert_eq!(rx.try_iter().next(), None);
    (0..5).for_each(|i| tx.send(i).unwrap());
    let mut iter = rx.try_iter();
    assert_eq!(iter.by_ref().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(iter.next(), None);
    tx.send(5).unwrap();
    assert_eq!((iter.next(), iter.next()), (Some(5), None));
    let (tx, rx) = bounded::<i32>(0);
    assert_eq!(rx.try_iter().count(), 0);
    drop(tx);
    assert_eq!(rx.try_iter().count(), 0);
}

/// A loop over a receiver drops it at its end, so that the senders see it.
#[test]
fn into_iter_owns() {
    let (tx, rx) = bounded(3);
    (0..3).for_each(|i| tx.send(i).unwrap());
    for i in rx {
        if i == 1 {
            break;
        }
    }
    assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
}

#[test]
fn order() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        thread::scope(|s| {
            s.spawn(move || (0..5_000).for_each(|i| tx.send(i).unwrap()));
            assert!(rx.iter().eq(0..5_000));
        });
    }
}
