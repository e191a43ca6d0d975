//! The end of a channel, as every operation sees it.

use std::thread;
use std::time::Instant;

use super::channel::{
    Receiver, RecvError, RecvTimeoutError, Select, SendError, SendTimeoutError, Sender, TryRecvError, TrySendError,
    bounded, select, select_biased,
};
use super::{BUFFERS, KINDS, make};
use crate::watchdog::Watchdog;
use crate::{LONG, ms, settle};

/// What every way to receive makes of a channel that has ended.
fn all_receives_fail(rx: &Receiver<i32>) {
    assert_eq!(rx.recv(), Err(RecvError));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    assert_eq!(rx.recv_timeout(ms(0)), Err(RecvTimeoutError::Disconnected));
    assert_eq!(rx.recv_deadline(Instant::now() + LONG), Err(RecvTimeoutError::Disconnected));
    assert_eq!((rx.iter().next(), rx.try_iter().next()), (None, None));
    select! { recv(rx) -> got => assert_eq!(got, Err(RecvError)) }
    select! { recv(rx) -> got => assert_eq!(got, Err(RecvError)), default => unreachable!() }
    select_biased! { recv(rx) -> got => assert_eq!(got, Err(RecvError)), default(LONG) => unreachable!() }
    let mut set = Select::new();
    set.recv(rx);
    assert_eq!(set.select().recv(rx), Err(RecvError));
    assert_eq!(set.try_select().unwrap().recv(rx), Err(RecvError));
    assert_eq!(set.select_timeout(LONG).unwrap().recv(rx), Err(RecvError));
    assert_eq!((set.ready(), set.try_ready(), set.ready_timeout(ms(0))), (0, Ok(0), Ok(0)));
}

/// And every way to send.
fn all_sends_fail(tx: &Sender<i32>) {
    assert_eq!(tx.send(1), Err(SendError(1)));
    assert_eq!(tx.try_send(2), Err(TrySendError::Disconnected(2)));
    assert_eq!(tx.send_timeout(3, LONG), Err(SendTimeoutError::Disconnected(3)));
    assert_eq!(tx.send_deadline(4, Instant::now()), Err(SendTimeoutError::Disconnected(4)));
    select! { send(tx, 5) -> sent => assert_eq!(sent, Err(SendError(5))) }
    select! { send(tx, 6) -> sent => assert_eq!(sent, Err(SendError(6))), default => unreachable!() }
    select_biased! { send(tx, 7) -> sent => assert_eq!(sent, Err(SendError(7))), default(LONG) => unreachable!() }
    let mut set = Select::new();
    set.send(tx);
    assert_eq!(set.select().send(tx, 8), Err(SendError(8)));
    assert_eq!(set.try_select().unwrap().send(tx, 9), Err(SendError(9)));
    assert_eq!(set.select_timeout(LONG).unwrap().send(tx, 10), Err(SendError(10)));
    assert_eq!((set.ready(), set.try_ready(), set.ready_timeout(ms(0))), (0, Ok(0), Ok(0)));
}

#[test]
fn without_senders() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        let other = tx.clone();
        drop(tx);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        drop(other);
        all_receives_fail(&rx);
        all_receives_fail(&rx.clone());
    }
}

#[test]
fn without_receivers() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        let other = rx.clone();
        drop(rx);
        tx.try_send(0).ok();
        drop(other);
        all_sends_fail(&tx);
        all_sends_fail(&tx.clone());
    }
}

/// What was sent before the end is received before it.
#[test]
fn drained_first() {
    for capacity in BUFFERS {
        let (tx, rx) = make(capacity);
        let count = capacity.unwrap_or(100).min(100) as i32;
        (0..count).for_each(|i| tx.send(i).unwrap());
        drop(tx);
        assert_eq!(rx.len(), count as usize);
        for i in 0..count {
            let got = match i % 3 {
                0 => rx.recv(),
                1 => select! { recv(rx) -> got => got },
                _ => {
                    let mut set = Select::new();
                    set.recv(&rx);
                    set.select().recv(&rx)
                }
            };
            assert_eq!(got, Ok(i));
        }
        all_receives_fail(&rx);
    }
}

/// Blocked receivers of every kind are woken by the end.
#[test]
fn wakes_receivers() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make::<i32>(capacity);
        let (_keep, idle) = bounded::<()>(0);
        let (rx, idle) = (&rx, &idle);
        thread::scope(|s| {
            s.spawn(|| assert_eq!(rx.recv(), Err(RecvError)));
            s.spawn(|| assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected)));
            s.spawn(|| assert_eq!(rx.iter().count(), 0));
            s.spawn(|| {
                select! {
                    recv(idle) -> _ => unreachable!(),
                    recv(rx) -> got => assert_eq!(got, Err(RecvError)),
                }
            });
            s.spawn(|| {
                select! {
                    recv(rx) -> got => assert_eq!(got, Err(RecvError)),
                    recv(rx) -> got => assert_eq!(got, Err(RecvError)),
                    default(LONG) => unreachable!(),
                }
            });
            s.spawn(|| {
                let mut set = Select::new();
                set.recv(idle);
                set.recv(rx);
                let operation = set.select();
                assert_eq!((operation.index(), operation.recv(rx)), (1, Err(RecvError)));
            });
            s.spawn(|| {
                let mut set = Select::new();
                set.recv(rx);
                assert_eq!(set.ready(), 0);
            });
            settle();
            drop(tx);
        });
    }
}

/// And so are blocked senders, with their messages.
#[test]
fn wakes_senders() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 1, 7] {
        let (tx, rx) = bounded::<String>(capacity);
        (0..capacity).for_each(|_| tx.send("before".into()).unwrap());
        let (_keep, idle) = bounded::<()>(0);
        let (tx, idle) = (&tx, &idle);
        let own = || "own".to_string();
        thread::scope(|s| {
            s.spawn(|| assert_eq!(tx.send(own()), Err(SendError(own()))));
            s.spawn(|| assert_eq!(tx.send_timeout(own(), LONG), Err(SendTimeoutError::Disconnected(own()))));
            s.spawn(|| {
                select! {
                    recv(idle) -> _ => unreachable!(),
                    send(tx, own()) -> sent => assert_eq!(sent, Err(SendError(own()))),
                }
            });
            s.spawn(|| {
                select! {
                    send(tx, own()) -> sent => assert_eq!(sent, Err(SendError(own()))),
                    send(tx, own()) -> sent => assert_eq!(sent, Err(SendError(own()))),
                    default(LONG) => unreachable!(),
                }
            });
            s.spawn(|| {
                let mut set = Select::new();
                set.recv(idle);
                set.send(tx);
                let operation = set.select();
                assert_eq!((operation.index(), operation.send(tx, own())), (1, Err(SendError(own()))));
            });
            s.spawn(|| {
                let mut set = Select::new();
                set.send(tx);
                assert_eq!(set.ready(), 0);
            });
            settle();
            drop(rx);
        });
    }
}

/// A clone anywhere keeps the channel open.
#[test]
fn clones_count() {
    let (tx, rx) = bounded(10);
    let more: Vec<_> = (0..5).map(|_| (tx.clone(), rx.clone())).collect();
    drop((tx, rx));
    for (i, (tx, rx)) in more.into_iter().enumerate() {
        assert_eq!((tx.send(i), rx.recv()), (Ok(()), Ok(i)));
    }
}

/// A panic drops a thread's handles too.
#[test]
fn by_panic() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make::<i32>(capacity);
        let thread = thread::spawn(move || {
            let _tx = tx;
            std::panic::resume_unwind(Box::new(()));
        });
        assert_eq!(rx.recv(), Err(RecvError));
        thread.join().unwrap_err();
        let (tx, rx) = make::<i32>(Some(0));
        let thread = thread::spawn(move || {
            let _rx = rx;
            std::panic::resume_unwind(Box::new(()));
        });
        assert_eq!(tx.send(1), Err(SendError(1)));
        thread.join().unwrap_err();
    }
}

/// What the ended operations of a select do does not disturb the others.
#[test]
fn an_end_among_others() {
    let (tx, ended) = bounded::<()>(0);
    drop(tx);
    let (tx, rx) = bounded(1);
    for _ in 0..100 {
        select_biased! {
            send(tx, 1) -> sent => sent.unwrap(),
            recv(ended) -> _ => unreachable!(),
        }
        select_biased! {
            send(tx, 1) -> _ => unreachable!(),
            recv(ended) -> got => got.unwrap_err(),
            recv(rx) -> _ => unreachable!(),
        };
        select_biased! {
            recv(rx) -> got => assert_eq!(got, Ok(1)),
            recv(ended) -> _ => unreachable!(),
        }
    }
}
