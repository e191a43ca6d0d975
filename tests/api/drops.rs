//! Each value is dropped exactly once, and buffered ones at once when nobody can receive them any more.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, Receiver, Sender};
use gosync_tests::times;

use crate::watchdog::Watchdog;
use crate::{make, settle};

/// Counts the drops of each value that it has made.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    drops: Arc<Mutex<Vec<u32>>>,
}

/// A value of a [`Ledger`].
pub(crate) struct Counted {
    id: usize,
    ledger: Ledger,
    // Makes a double drop visible to the allocator too.
    _heap: Box<usize>,
}

impl Ledger {
    pub(crate) fn value(&self) -> Counted {
        let mut drops = self.drops.lock().unwrap();
        let id = drops.len();
        drops.push(0);
        Counted { id, ledger: self.clone(), _heap: Box::new(id) }
    }

    /// How many values were made and how many dropped; none more than once.
    #[track_caller]
    pub(crate) fn balance(&self) -> (usize, usize) {
        let drops = self.drops.lock().unwrap();
        assert!(drops.iter().all(|&n| n <= 1), "dropped more than once: {drops:?}");
        (drops.len(), drops.iter().filter(|&&n| n == 1).count())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.ledger.drops.lock().unwrap()[self.id] += 1;
    }
}

const CAPACITIES: [Option<usize>; 5] = [None, Some(1), Some(3), Some(40), Some(0)];

fn fill(ledger: &Ledger, tx: &Sender<Counted>, most: usize) -> usize {
    (0..most).take_while(|_| tx.try_send(ledger.value()).is_ok()).count()
}

/// The drop of the last receiver drops what is buffered, then and there, though senders are left.
#[test]
fn last_receiver() {
    for capacity in CAPACITIES {
        // Start at different places in the ring, so that the values wrap.
        for received in [0, 1, 30] {
            let ledger = Ledger::default();
            let (tx, rx) = make(capacity);
            fill(&ledger, &tx, 35);
            (0..received).for_each(|_| drop(rx.try_recv()));
            fill(&ledger, &tx, 20);
            let other = rx.clone();
            drop(rx);
            let buffered = tx.len();
            let (made, dropped) = ledger.balance();
            assert_eq!(made - dropped, buffered, "the values live as long as somebody can receive them");
            drop(other);
            assert_eq!(ledger.balance(), (made, made));
            assert_eq!(tx.len(), 0);
            drop(tx.send(ledger.value()));
            drop(tx);
            assert_eq!(ledger.balance(), (made + 1, made + 1));
        }
    }
}

/// If the senders go first, the receivers' drop does it.
#[test]
fn last_sender() {
    for capacity in CAPACITIES {
        let ledger = Ledger::default();
        let (tx, rx) = make(capacity);
        let n = fill(&ledger, &tx, 10);
        drop(tx);
        assert_eq!(rx.len(), n);
        let taken = rx.try_recv();
        drop(rx);
        let (made, dropped) = ledger.balance();
        assert_eq!(made - dropped, usize::from(taken.is_ok()));
        drop(taken);
        assert_eq!(ledger.balance(), (made, made));
    }
}

/// A close drops nothing; the drops of the handles do.
#[test]
fn close() {
    for capacity in CAPACITIES {
        let ledger = Ledger::default();
        let c = Chan::new(capacity.unwrap_or(usize::MAX));
        let n = fill(&ledger, &c.sender(), 10);
        let made = ledger.balance().0;
        c.close().unwrap();
        assert_eq!(ledger.balance(), (made, made - n));
        drop(c);
        assert_eq!(ledger.balance(), (made, made));
    }
}

/// Every failing send gives its value to the error, which drops it.
#[test]
fn refused() {
    let ledger = Ledger::default();
    let full = Chan::new(1);
    full.try_send(ledger.value()).ok().unwrap();
    for c in [full, Chan::new(0), Chan::nil()] {
        assert!(c.try_send(ledger.value()).is_err());
        assert!(c.send_timeout(ledger.value(), Duration::ZERO).is_err());
        assert!(c.send_timeout(ledger.value(), Duration::from_millis(1)).is_err());
        if c.close().is_ok() {
            assert!(c.send(ledger.value()).is_err());
            assert!(c.try_send(ledger.value()).is_err());
            assert!(c.send_timeout(ledger.value(), Duration::MAX).is_err());
        }
    }
    let (made, dropped) = ledger.balance();
    assert_eq!(made, dropped);
}

/// What passes through is dropped by whoever has it: handed over at capacity 0, through a buffer, or out of a queue of
/// blocked senders behind a full buffer.
#[test]
fn passed_on() {
    let _watchdog = Watchdog::new();
    for capacity in [Some(0), Some(1), Some(2), None] {
        let ledger = Ledger::default();
        let (tx, rx) = make(capacity);
        thread::scope(|s| {
            for _ in 0..3 {
                let (tx, ledger) = (tx.clone(), &ledger);
                s.spawn(move || (0..50).for_each(|_| tx.send(ledger.value()).ok().unwrap()));
            }
            drop(tx);
            let mut held = Vec::new();
            for value in &rx {
                held.push(value);
                held.truncate(7);
            }
            let (made, dropped) = ledger.balance();
            assert_eq!(made - dropped, held.len());
        });
        assert_eq!(ledger.balance(), (150, 150));
    }
}

/// Blocked senders, when the channel is closed or its last receiver dropped: their values come back and nothing else
/// happens to them, while those in the buffer stay or go.
#[test]
fn blocked_senders() {
    let _watchdog = Watchdog::new();
    for (closes, capacity) in [(true, 0), (true, 2), (false, 0), (false, 2)] {
        let ledger = Ledger::default();
        let (tx, rx) = make(Some(capacity));
        fill(&ledger, &tx, capacity);
        let blocked: Vec<_> = (0..4)
            .map(|_| {
                let (tx, value) = (tx.clone(), ledger.value());
                thread::spawn(move || tx.send(value).unwrap_err().into_inner())
            })
            .collect();
        settle();
        let receiver = end(rx, closes);
        let returned: Vec<_> = blocked.into_iter().map(|t| t.join().unwrap()).collect();
        assert_eq!(ledger.balance(), (capacity + 4, if closes { 0 } else { capacity }));
        drop(returned);
        drop(receiver);
        assert_eq!(ledger.balance(), (capacity + 4, capacity + 4));
    }
}

fn end(rx: Receiver<Counted>, closes: bool) -> Option<Receiver<Counted>> {
    closes.then(|| {
        rx.close().unwrap();
        rx
    })
}

/// Both sides let go at the same time.
#[test]
fn both_sides_at_once() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    for round in 0..times(300) {
        let (tx, rx) = make(if round % 2 == 0 { None } else { Some(2) });
        fill(&ledger, &tx, 2);
        thread::scope(|s| {
            s.spawn(|| {
                tx.try_send(ledger.value()).ok();
                drop(tx);
            });
            s.spawn(|| {
                rx.try_recv().ok();
                drop(rx);
            });
        });
        let (made, dropped) = ledger.balance();
        assert_eq!(made, dropped);
    }
}
