//! The helpers of `test/typeparam/chans.go`: small things that people build of channels.

use std::thread;

use gosync::chan::{self, Chan, Receiver, select};

use crate::watchdog::Watchdog;

/// `TestReadAll`: everything until the close.
#[test]
fn read_all() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(0);
    let sender = thread::spawn(move || {
        [4, 2, 5].into_iter().for_each(|n| tx.send(n).unwrap());
        tx.close().unwrap();
    });
    assert_eq!(rx.iter().collect::<Vec<_>>(), [4, 2, 5]);
    sender.join().unwrap();
}

/// `TestMerge`: two channels into one; the one that ends first is switched off. Whether both end, or nobody listens any
/// more (in Go: the context is cancelled), the merging thread ends.
#[test]
fn merge() {
    fn merge<T: Send + 'static>(first: Receiver<T>, second: Receiver<T>) -> (Receiver<T>, thread::JoinHandle<()>) {
        let (tx, rx) = chan::bounded(0);
        let merging = thread::spawn(move || {
            let (mut first, mut second) = (Some(first), Some(second));
            while first.is_some() || second.is_some() {
                let value = select! {
                    recv(first) -> v => v.map_err(|_| first = None),
                    recv(second) -> v => v.map_err(|_| second = None),
                };
                if value.is_ok_and(|value| tx.send(value).is_err()) {
                    return;
                }
            }
        });
        (rx, merging)
    }
    let _watchdog = Watchdog::new();
    let (tx1, rx1) = chan::bounded(0);
    let (tx2, rx2) = chan::bounded(0);
    let (merged, merging) = merge(rx1, rx2);
    let senders = [(tx1, [1, 3, 5]), (tx2, [2, 4, 6])].map(|(tx, numbers)| {
        thread::spawn(move || {
            numbers.into_iter().for_each(|n| tx.send(n).unwrap());
            tx.close().unwrap();
        })
    });
    let mut numbers: Vec<_> = merged.iter().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    senders.into_iter().for_each(|t| t.join().unwrap());
    merging.join().unwrap();

    let (tx1, rx1) = chan::bounded(0);
    let (tx2, rx2) = chan::bounded::<i32>(0);
    let (merged, merging) = merge(rx1, rx2);
    tx1.send(1).unwrap();
    drop(merged);
    merging.join().unwrap();
    assert!(tx1.send(2).is_err() && tx2.send(3).is_err());
}

/// `TestFilter`, ended by a close instead of a context.
#[test]
fn filter() {
    fn filter<T: Send + 'static>(source: Receiver<T>, keep: fn(&T) -> bool) -> Receiver<T> {
        let (tx, rx) = chan::bounded(0);
        thread::spawn(move || source.iter().filter(keep).try_for_each(|value| tx.send(value)));
        rx
    }
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(0);
    let even = filter(rx, |n| n % 2 == 0);
    let sender = thread::spawn(move || [1, 2, 4].into_iter().for_each(|n| tx.send(n).unwrap()));
    assert_eq!(even.into_iter().collect::<Vec<_>>(), [2, 4]);
    sender.join().unwrap();
}

/// `TestSink`: takes everything until the close, and shows that it was there.
#[test]
fn sink() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(0);
    let sink = thread::spawn(move || rx.into_iter().count());
    (0..10).for_each(|n| tx.send(n).unwrap());
    tx.close().unwrap();
    assert_eq!(sink.join().unwrap(), 10);
}

/// A value that one holder at a time takes out of a channel of capacity 1.
struct Exclusive<T> {
    slot: Chan<T>,
}

impl<T> Exclusive<T> {
    fn new(value: T) -> Exclusive<T> {
        let slot = Chan::new(1);
        slot.try_send(value).expect("a new channel has room");
        Exclusive { slot }
    }

    fn acquire(&self) -> T {
        self.slot.recv().expect("never closed")
    }

    fn try_acquire(&self) -> Option<T> {
        self.slot.try_recv().ok()
    }

    fn release(&self, value: T) {
        assert!(self.slot.try_send(value).is_ok(), "Exclusive: released without having been acquired");
    }
}

/// `TestExclusive`: two threads add up ten times each.
#[test]
fn exclusive() {
    let _watchdog = Watchdog::new();
    let number = Exclusive::new(0);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| (0..10).for_each(|_| number.release(number.acquire() + 1)));
        }
    });
    assert_eq!(number.acquire(), 20);
    assert_eq!(number.try_acquire(), None);
    number.release(21);
    assert_eq!(number.try_acquire(), Some(21));
}

/// `TestExclusive`, the misuse.
#[test]
#[should_panic(expected = "released without having been acquired")]
fn exclusive_release_without_acquire() {
    Exclusive::new(0).release(1);
}

/// `TestRanger`: the receiving side sees the end when the sender is gone, the sending side when the receiver is. Go
/// needs a second channel and a finalizer for that.
#[test]
fn ranger() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(0);
    thread::scope(|s| {
        s.spawn(move || {
            assert_eq!(rx.recv(), Ok(1));
            assert_eq!(rx.recv(), Ok(2));
        });
        assert!(tx.send(1).is_ok());
        assert!(tx.send(2).is_ok());
        // Whether the receiver goes before this send or while it blocks.
        assert_eq!(tx.send(3).unwrap_err().into_inner(), 3);
    });
    let (tx, rx) = chan::bounded::<i32>(0);
    let receiver = thread::spawn(move || rx.recv());
    drop(tx);
    assert!(receiver.join().unwrap().is_err());
}
