//! Close: who can, how often, what others see; and the drop of a side's last handle.

use std::thread;
use std::time::Duration;

use gosync::chan::{self, Chan, CloseError, Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError};
use gosync_tests::times;

use crate::watchdog::Watchdog;
use crate::{make, settle};

/// Any handle closes; all see it; nobody closes again.
#[test]
fn any_handle_closes_once() {
    type Close = fn(&Chan<i32>) -> Result<(), CloseError>;
    let ways: [Close; 5] = [
        |c| c.close(),
        |c| c.clone().close(),
        |c| c.sender().close(),
        |c| c.receiver().close(),
        |c| {
            let (tx, _rx) = c.clone().split();
            tx.close()
        },
    ];
    for first in ways {
        let c = Chan::new(1);
        let (tx, rx) = (c.sender(), c.receiver());
        assert!(!c.is_closed() && !tx.is_closed() && !rx.is_closed());
        assert_eq!(first(&c), Ok(()));
        assert!(c.is_closed() && tx.is_closed() && rx.is_closed());
        for second in ways {
            assert_eq!(second(&c), Err(CloseError::Closed));
        }
    }
}

#[test]
fn nil_cannot_be_closed() {
    for _ in 0..2 {
        assert_eq!(Sender::<i32>::nil().close(), Err(CloseError::Nil));
        assert_eq!(Receiver::<i32>::nil().close(), Err(CloseError::Nil));
        assert_eq!(Chan::<i32>::nil().close(), Err(CloseError::Nil));
    }
}

/// Of many threads that close at once, one has closed.
#[test]
fn one_closer_wins() {
    let _watchdog = Watchdog::new();
    for _ in 0..times(200) {
        let c = Chan::<i32>::new(0);
        let wins = thread::scope(|s| {
            let closers = [(); 4].map(|()| s.spawn(|| c.close().is_ok()));
            closers.map(|t| t.join().unwrap()).into_iter().filter(|&won| won).count()
        });
        assert_eq!(wins, 1);
    }
}

/// What is buffered survives the close, and the drop of the last sender, but nothing enters any more.
#[test]
fn receivers_drain() {
    for capacity in [None, Some(5)] {
        for end in [(|tx| tx.close().unwrap()) as fn(Sender<i32>), |tx| drop(tx)] {
            let (tx, rx) = make(capacity);
            (0..3).for_each(|n| tx.send(n).unwrap());
            end(tx);
            assert!(rx.is_closed());
            assert_eq!((rx.len(), rx.recv(), rx.try_recv()), (3, Ok(0), Ok(1)));
            assert_eq!(rx.recv_timeout(Duration::ZERO), Ok(2));
            assert_eq!((rx.recv(), rx.try_recv()), (Err(RecvError), Err(TryRecvError::Disconnected)));
        }
    }
}

/// A channel that lost one side is closed, but nobody has called `close` yet: that works once.
#[test]
fn close_after_a_side_is_gone() {
    for capacity in [None, Some(0), Some(2)] {
        let (tx, rx) = make::<i32>(capacity);
        drop(rx);
        assert!(tx.is_closed());
        assert_eq!((tx.close(), tx.close()), (Ok(()), Err(CloseError::Closed)));
        let (tx, rx) = make::<i32>(capacity);
        drop(tx);
        assert!(rx.is_closed());
        assert_eq!((rx.close(), rx.close()), (Ok(()), Err(CloseError::Closed)));
        // The other way round: the drop after a close changes nothing.
        let (tx, rx) = make::<i32>(capacity);
        tx.close().unwrap();
        drop(tx);
        assert_eq!((rx.close(), rx.recv()), (Err(CloseError::Closed), Err(RecvError)));
    }
}

/// Only the last handle of a side counts, and a `Chan` is a handle of both.
#[test]
fn the_last_handle_closes() {
    let (tx, rx) = chan::bounded(2);
    drop((tx.clone(), rx.clone()));
    assert!(!tx.is_closed());
    let tx2 = tx.clone();
    drop(tx);
    tx2.send(1).unwrap();
    let rx2 = rx.clone();
    drop(rx);
    assert_eq!(rx2.recv(), Ok(1));

    let c = Chan::new(1);
    let tx = c.sender();
    drop(c);
    assert_eq!(tx.send(1), Err(SendError(1)));
    let c = Chan::new(1);
    c.send(1).unwrap();
    let rx = c.receiver();
    drop(c);
    assert_eq!((rx.recv(), rx.recv()), (Ok(1), Err(RecvError)));
    let c = Chan::new(1);
    drop((c.sender(), c.receiver()));
    assert_eq!((c.send(1), c.recv()), (Ok(()), Ok(1)));
}

/// All blocked senders and receivers end, whatever blocked them and whatever ends them.
#[test]
fn blocked_operations_end() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 1] {
        for end in [(|_, rx| rx.close().unwrap()) as fn(Sender<i32>, Receiver<i32>), |tx, rx| drop((tx, rx))] {
            // Senders: they hold no receiver, so both ends end them.
            let (tx, rx) = make(Some(capacity));
            (0..capacity).for_each(|_| tx.send(0).unwrap());
            let senders: Vec<_> = (1..=4)
                .map(|n| {
                    let tx = tx.clone();
                    thread::spawn(move || {
                        if n % 2 == 0 {
                            tx.send(n)
                        } else {
                            tx.send_timeout(n, Duration::from_secs(60)).map_err(|e| SendError(e.into_inner()))
                        }
                    })
                })
                .collect();
            settle();
            end(tx, rx);
            for (n, sender) in (1..).zip(senders) {
                assert_eq!(sender.join().unwrap(), Err(SendError(n)));
            }
            let (tx, rx) = make::<i32>(Some(capacity));
            let receivers = [false, true].map(|timed| {
                let rx = rx.clone();
                thread::spawn(move || if timed { rx.recv_timeout(Duration::MAX).ok() } else { rx.recv().ok() })
            });
            settle();
            end(tx, rx);
            assert_eq!(receivers.map(|r| r.join().unwrap()), [None, None]);
        }
    }
}

/// A close leaves nothing behind that a later try could mistake for a peer.
#[test]
fn tries_after_close() {
    for capacity in [None, Some(0), Some(1)] {
        let (tx, rx) = make(capacity);
        rx.close().unwrap();
        assert_eq!(tx.try_send(1), Err(TrySendError::Disconnected(1)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!((tx.len(), rx.len()), (0, 0));
    }
}
