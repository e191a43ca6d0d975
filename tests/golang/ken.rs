//! `test/ken/chan.go` and `test/ken/chan1.go`, with plain sends and receives.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gosync::chan::{self, Receiver, Sender};

use crate::watchdog::Watchdog;

/// One channel of `chan.go`: the senders share a sequence, and so do the receivers.
struct Line {
    tx: Sender<usize>,
    rx: Receiver<usize>,
    /// The next number to send.
    next: AtomicUsize,
    /// Which numbers have come.
    seen: Vec<AtomicBool>,
}

impl Line {
    fn new(capacity: usize, numbers: usize) -> Line {
        let (tx, rx) = chan::bounded(capacity);
        let seen = (0..numbers).map(|_| AtomicBool::new(false)).collect();
        Line { tx, rx, next: AtomicUsize::new(0), seen }
    }

    /// Sends numbers of the sequence until it is used up; how many.
    fn send_all(&self) -> usize {
        std::iter::repeat_with(|| self.next.fetch_add(1, Ordering::Relaxed))
            .take_while(|&n| n < self.seen.len())
            .map(|n| self.tx.send(n).unwrap())
            .count()
    }

    /// Receives until the end, and checks that no number comes twice or comes unsent; how many.
    fn receive_all(&self) -> usize {
        self.rx
            .iter()
            .map(|n| {
                assert!(n < self.next.load(Ordering::Relaxed), "{n} was not sent");
                assert!(!self.seen[n].swap(true, Ordering::Relaxed), "{n} came twice");
            })
            .count()
    }
}

/// `chan.go`: four channels at once, at each of Go's capacities, with one sender and one receiver each and with several.
#[test]
fn ken_chan() {
    const NUMBERS: usize = 912; // Go's total is four times that
    let _watchdog = Watchdog::new();
    for capacity in [0, 1, 10, 100] {
        for peers in [1, 3] {
            let lines: Vec<_> = (0..4).map(|_| Line::new(capacity, NUMBERS)).collect();
            let received: usize = thread::scope(|s| {
                let receivers: Vec<_> =
                    lines.iter().flat_map(|line| (0..peers).map(|_| s.spawn(|| line.receive_all()))).collect();
                for line in &lines {
                    let senders: Vec<_> = (0..peers).map(|_| s.spawn(|| line.send_all())).collect();
                    s.spawn(|| {
                        let sent: usize = senders.into_iter().map(|t| t.join().unwrap()).sum();
                        assert_eq!(sent, NUMBERS);
                        line.tx.close().unwrap();
                    });
                }
                receivers.into_iter().map(|t| t.join().unwrap()).sum()
            });
            assert_eq!(received, 3648, "capacity {capacity}, {peers} peers");
        }
    }
}

/// `chan1.go`: ten receivers share 1,000 numbers; each number comes once, and not before it was marked as sent.
#[test]
fn ken_chan1() {
    const NUMBERS: usize = 1000;
    const UNSENT: usize = 0;
    const SENT: usize = 1;
    const RECEIVED: usize = 2;
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded::<usize>(2);
    let marks: Vec<_> = (0..NUMBERS).map(|_| AtomicUsize::new(UNSENT)).collect();
    thread::scope(|s| {
        for _ in 0..10 {
            s.spawn(|| {
                for n in &rx {
                    // Relaxed: the channel orders the mark before the receive.
                    assert_eq!(marks[n].swap(RECEIVED, Ordering::Relaxed), SENT, "{n}");
                }
            });
        }
        for (n, mark) in marks.iter().enumerate() {
            mark.store(SENT, Ordering::Relaxed);
            tx.send(n).unwrap();
        }
        tx.close().unwrap();
    });
    assert!(marks.iter().all(|mark| mark.load(Ordering::Relaxed) == RECEIVED));
}
