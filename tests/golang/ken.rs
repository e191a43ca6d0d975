//! `test/ken/chan.go` and `test/ken/chan1.go`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gosync::chan::{self, Receiver, RecvError, Sender, select};

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

    /// The next number of the sequence, until it is used up.
    fn number(&self) -> Option<usize> {
        Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|&n| n < self.seen.len())
    }

    /// Sends numbers of the sequence until it is used up; how many.
    fn send_all(&self) -> usize {
        std::iter::from_fn(|| self.number()).map(|n| self.tx.send(n).unwrap()).count()
    }

    /// Checks that a number does not come twice, nor unsent.
    fn check(&self, n: usize) {
        assert!(n < self.next.load(Ordering::Relaxed), "{n} was not sent");
        assert!(!self.seen[n].swap(true, Ordering::Relaxed), "{n} came twice");
    }

    /// Receives until the end, and checks that no number comes twice or comes unsent; how many.
    fn receive_all(&self) -> usize {
        self.rx.iter().map(|n| self.check(n)).count()
    }
}

/// Sends the numbers of all four in selects, each for as long as it lasts; how many.
fn select_send_all(lines: &[Line]) -> usize {
    let mut next = [0, 1, 2, 3].map(|i| lines[i].number());
    let mut sent = 0;
    while next != [None; 4] {
        let to = |i: usize| next[i].map(|_| &lines[i].tx);
        let done = select! {
            send(to(0), next[0].unwrap()) -> r => r.map(|()| 0),
            send(to(1), next[1].unwrap()) -> r => r.map(|()| 1),
            send(to(2), next[2].unwrap()) -> r => r.map(|()| 2),
            send(to(3), next[3].unwrap()) -> r => r.map(|()| 3),
        };
        let i = done.unwrap();
        next[i] = lines[i].number();
        sent += 1;
    }
    sent
}

/// Receives from all four in selects, from each until its end; how many.
fn select_receive_all(lines: &[Line]) -> usize {
    let mut open = [true; 4];
    let mut received = 0;
    while open != [false; 4] {
        let from = |i: usize| open[i].then_some(&lines[i].rx);
        let (i, result) = select! {
            recv(from(0)) -> r => (0, r),
            recv(from(1)) -> r => (1, r),
            recv(from(2)) -> r => (2, r),
            recv(from(3)) -> r => (3, r),
        };
        match result {
            Ok(n) => {
                lines[i].check(n);
                received += 1;
            }
            Err(RecvError) => open[i] = false,
        }
    }
    received
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

/// `chan.go`, the other three of its four: plain and selecting senders, plain and selecting receivers; and all at once.
#[test]
fn ken_chan_select() {
    const NUMBERS: usize = 912;
    let _watchdog = Watchdog::new();
    for capacity in [0, 1, 10, 100] {
        // How many senders and receivers of each channel, and how many selects on either side.
        for (plain_senders, selecting_senders, plain_receivers, selecting_receivers) in
            [(1, 0, 0, 1), (0, 1, 1, 0), (0, 1, 0, 1), (0, 3, 0, 2), (1, 1, 1, 1)]
        {
            let lines: Vec<_> = (0..4).map(|_| Line::new(capacity, NUMBERS)).collect();
            let received: usize = thread::scope(|s| {
                let plain = lines.iter().flat_map(|line| std::iter::repeat_n(line, plain_receivers));
                let mut receivers: Vec<_> = plain.map(|line| s.spawn(|| line.receive_all())).collect();
                receivers.extend((0..selecting_receivers).map(|_| s.spawn(|| select_receive_all(&lines))));
                let plain = lines.iter().flat_map(|line| std::iter::repeat_n(line, plain_senders));
                let mut senders: Vec<_> = plain.map(|line| s.spawn(|| line.send_all())).collect();
                senders.extend((0..selecting_senders).map(|_| s.spawn(|| select_send_all(&lines))));
                assert_eq!(senders.into_iter().map(|t| t.join().unwrap()).sum::<usize>(), 4 * NUMBERS);
                lines.iter().for_each(|line| line.tx.close().unwrap());
                receivers.into_iter().map(|t| t.join().unwrap()).sum()
            });
            assert_eq!(received, 3648, "capacity {capacity}");
        }
    }
}

/// `chan1.go`: ten receivers share 1,000 numbers; each number comes once, and not before it was marked as sent. In Go
/// the receivers select between the channel and another one; here they do either.
#[test]
fn ken_chan1() {
    const NUMBERS: usize = 1000;
    const UNSENT: usize = 0;
    const SENT: usize = 1;
    const RECEIVED: usize = 2;
    type Receive = fn(&Receiver<usize>, &Receiver<usize>) -> Option<usize>;
    const RECEIVES: [Receive; 2] = [
        |rx, _| rx.recv().ok(),
        |rx, idle| {
            select! {
                recv(idle) -> _ => unreachable!(),
                recv(rx) -> v => v.ok(),
            }
        },
    ];
    let _watchdog = Watchdog::new();
    for receive in RECEIVES {
        let (tx, rx) = chan::bounded::<usize>(2);
        let (_open, idle) = chan::bounded(0);
        let marks: Vec<_> = (0..NUMBERS).map(|_| AtomicUsize::new(UNSENT)).collect();
        thread::scope(|s| {
            for _ in 0..10 {
                s.spawn(|| {
                    while let Some(n) = receive(&rx, &idle) {
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
}
