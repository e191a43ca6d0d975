//! Values whose drop uses the channel that held them. No lock may be held then, so none of this deadlocks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use gosync::chan::{self, CloseError, Receiver, Sender};

use crate::watchdog::Watchdog;

/// A value that holds a sender of its own channel, and counts its drop.
struct Node {
    next: Option<Sender<Node>>,
    drops: Arc<AtomicU32>,
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.next.take());
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// Values that keep their own channel alive go with its last receiver.
#[test]
fn a_value_holds_a_sender_of_its_channel() {
    for keep_outside in [false, true] {
        let _watchdog = Watchdog::new();
        let drops = Arc::new(AtomicU32::new(0));
        let (tx, rx) = chan::unbounded();
        for _ in 0..5 {
            tx.send(Node { next: Some(tx.clone()), drops: Arc::clone(&drops) }).ok().unwrap();
        }
        assert_eq!(rx.sender_count(), 6);
        let outside = keep_outside.then(|| tx.clone());
        drop(tx);
        drop(rx.recv());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        drop(rx);
        assert_eq!(drops.load(Ordering::Relaxed), 5);
        if let Some(tx) = outside {
            assert_eq!((tx.sender_count(), tx.len(), tx.is_closed()), (1, 0, true));
        }
    }
}

/// What a [`Caller`]'s drop saw.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    sent: bool,
    tried: bool,
    len: usize,
    closed: bool,
    close: Option<Result<(), CloseError>>,
}

type Log = Arc<Mutex<Vec<Seen>>>;

/// A value that calls everything there is on its own channel when it is dropped.
struct Caller {
    on_drop: Option<(Sender<Caller>, Log)>,
}

impl Caller {
    const QUIET: Caller = Caller { on_drop: None };
}

impl Drop for Caller {
    fn drop(&mut self) {
        let Some((tx, log)) = self.on_drop.take() else { return };
        let seen = Seen {
            sent: tx.send(Caller::QUIET).is_ok(),
            tried: tx.try_send(Caller::QUIET).is_ok(),
            len: tx.clone().len(),
            closed: tx.is_closed(),
            close: Some(tx.close()),
        };
        drop(tx);
        log.lock().unwrap().push(seen);
    }
}

/// The drop of the last receiver drops the values after the channel was closed: they can still call it, in vain.
#[test]
fn a_value_calls_its_channel_when_the_last_receiver_goes() {
    let _watchdog = Watchdog::new();
    for capacity in [3, usize::MAX] {
        let (tx, rx) = chan::Chan::new(capacity).split();
        let log = Log::default();
        for _ in 0..3 {
            tx.send(Caller { on_drop: Some((tx.clone(), Arc::clone(&log))) }).ok().unwrap();
        }
        drop(tx);
        drop(rx);
        let closes = [Ok(()), Err(CloseError::Closed), Err(CloseError::Closed)];
        let expected = closes.map(|close| Seen { closed: true, close: Some(close), ..Seen::default() });
        assert_eq!(*log.lock().unwrap(), expected);
    }
}

/// A value that was received calls the channel like anybody else.
#[test]
fn a_received_value_calls_its_channel() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(5);
    let log = Log::default();
    tx.send(Caller { on_drop: Some((tx.clone(), Arc::clone(&log))) }).ok().unwrap();
    drop(rx.recv());
    let seen = Seen { sent: true, tried: true, len: 2, closed: false, close: Some(Ok(())) };
    assert_eq!(*log.lock().unwrap(), [seen]);
    assert_eq!(rx.iter().count(), 2);
}

/// A value that holds a receiver of its own channel, and drains it when dropped.
struct Drainer {
    rx: Option<Receiver<Drainer>>,
    drained: Arc<AtomicU32>,
}

impl Drop for Drainer {
    fn drop(&mut self) {
        if let Some(rx) = self.rx.take() {
            self.drained.fetch_add(rx.try_iter().count() as u32, Ordering::Relaxed);
        }
    }
}

/// Even while it is drained itself.
#[test]
fn a_value_receives_from_its_channel() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(10);
    let drained = Arc::new(AtomicU32::new(0));
    for rx in [Some(rx.clone()), None, Some(rx.clone()), None, None] {
        tx.send(Drainer { rx, drained: Arc::clone(&drained) }).ok().unwrap();
    }
    drop(rx.recv());
    assert_eq!(drained.load(Ordering::Relaxed), 4);
    assert_eq!((rx.len(), rx.receiver_count()), (0, 1));
}

/// Values that wake a thread blocked on another channel, or on the same one, as they go.
#[test]
fn a_value_wakes_others() {
    let _watchdog = Watchdog::new();
    struct Bell(Sender<()>);
    impl Drop for Bell {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let (bells, tower) = chan::unbounded();
    let (ring, ringing) = chan::bounded(0);
    (0..3).for_each(|_| bells.send(Bell(ring.clone())).ok().unwrap());
    let listener = thread::spawn(move || (0..3).map(|_| ringing.recv()).filter(Result::is_ok).count());
    drop(tower);
    assert_eq!(listener.join().unwrap(), 3);
}
