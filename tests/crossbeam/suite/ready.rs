//! `ready` and its family: which operation would not block, without doing it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Instant;

use super::channel::{ReadyTimeoutError, RecvError, Select, SendError, TryReadyError, bounded, never, unbounded};
use super::{BUFFERS, KINDS, make};
use crate::watchdog::Watchdog;
use crate::{LONG, ms, settle};

#[test]
fn finds_and_takes_nothing() {
    for capacity in BUFFERS {
        let (tx, rx) = make(capacity);
        let (_keep, idle) = bounded::<()>(0);
        let mut set = Select::new();
        set.recv(&idle);
        let receiving = set.recv(&rx);
        assert_eq!(set.try_ready(), Err(TryReadyError));
        tx.send(1).unwrap();
        for _ in 0..3 {
            assert_eq!(set.try_ready(), Ok(receiving));
            assert_eq!(set.ready(), receiving);
            assert_eq!(set.ready_timeout(LONG), Ok(receiving));
            assert_eq!(set.ready_deadline(Instant::now()), Ok(receiving));
        }
        assert_eq!((rx.len(), rx.try_recv()), (1, Ok(1)));
        assert_eq!(set.try_ready(), Err(TryReadyError));
    }
}

#[test]
fn room_makes_a_send_ready() {
    for capacity in [1, 3] {
        let (tx, rx) = bounded(capacity);
        let mut set = Select::new();
        set.send(&tx);
        for i in 0..capacity {
            assert_eq!(set.ready(), 0);
            tx.try_send(i).unwrap();
        }
        assert_eq!(set.try_ready(), Err(TryReadyError));
        rx.recv().unwrap();
        assert_eq!(set.try_ready(), Ok(0));
        assert_eq!(rx.len(), capacity - 1);
    }
    let (tx, _rx) = unbounded();
    let mut set = Select::new();
    set.send(&tx);
    (0..100).for_each(|i| {
        assert_eq!(set.ready(), 0);
        tx.try_send(i).unwrap();
    });
}

#[test]
fn gives_up_in_time() {
    for capacity in KINDS {
        let (_tx, rx) = make::<()>(capacity);
        let full = bounded::<()>(0);
        let mut set = Select::new();
        set.recv(&rx);
        set.send(&full.0);
        let start = Instant::now();
        assert_eq!(set.ready_timeout(ms(2)), Err(ReadyTimeoutError));
        assert!(start.elapsed() >= ms(2));
        let deadline = start + ms(6);
        assert_eq!(set.ready_deadline(deadline), Err(ReadyTimeoutError));
        assert!(Instant::now() >= deadline);
        assert_eq!(set.ready_deadline(start), Err(ReadyTimeoutError));
        assert_eq!(set.try_ready(), Err(TryReadyError));
    }
}

/// An end is something that a receive or a send need not wait for.
#[test]
fn an_end_is_ready() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make::<i32>(capacity);
        let (tx2, rx2) = make::<i32>(Some(0));
        let mut set = Select::new();
        let (receiving, sending) = (set.recv(&rx), set.send(&tx2));
        thread::scope(|s| {
            s.spawn(move || {
                settle();
                drop(tx);
            });
            assert_eq!(set.ready(), receiving);
        });
        assert_eq!(rx.try_recv().unwrap_err(), RecvError.into());
        set.remove(receiving);
        thread::scope(|s| {
            s.spawn(move || {
                settle();
                drop(rx2);
            });
            assert_eq!(set.ready_timeout(LONG), Ok(sending));
        });
        assert_eq!(tx2.try_send(1), Err(SendError(1).into()));
    }
}

#[test]
fn without_operations() {
    let mut set = Select::new();
    assert_eq!(set.try_ready(), Err(TryReadyError));
    assert_eq!(set.ready_timeout(ms(1)), Err(ReadyTimeoutError));
    assert_eq!(set.ready_deadline(Instant::now()), Err(ReadyTimeoutError));
    assert!(catch_unwind(AssertUnwindSafe(|| set.ready())).is_err());
    let nil = never::<()>();
    set.recv(&nil);
    assert_eq!(set.try_ready(), Err(TryReadyError));
    assert_eq!(set.ready_timeout(ms(1)), Err(ReadyTimeoutError));
}

/// Woken on either side, by every kind of channel.
#[test]
fn woken_while_blocked() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        let (full, from_full) = bounded(1);
        let mut set = Select::new();
        let (receiving, sending) = (set.recv(&rx), set.send(&full));
        for i in 0..20 {
            full.send(0).unwrap();
            thread::scope(|s| {
                s.spawn(|| {
                    if i < 4 {
                        settle();
                    }
                    if i % 2 == 0 { tx.send(i).unwrap() } else { from_full.recv().map(drop).unwrap() }
                });
                if i % 2 == 0 {
                    assert_eq!(set.ready(), receiving);
                    assert_eq!(rx.recv(), Ok(i));
                    from_full.recv().unwrap();
                } else {
                    assert_eq!(set.ready(), sending);
                }
            });
        }
    }
}

/// Several threads are told of one message; what only one of them can have, the others wait for again.
#[test]
fn several_watchers() {
    let _watchdog = Watchdog::new();
    const COUNT: usize = 500;
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        let total: usize = thread::scope(|s| {
            let watchers: Vec<_> = (0..3)
                .map(|_| {
                    s.spawn(|| {
                        let mut set = Select::new();
                        set.recv(&rx);
                        let mut taken = 0;
                        loop {
                            assert_eq!(set.ready(), 0);
                            match rx.try_recv() {
                                Ok(()) => taken += 1,
                                Err(error) if error.is_empty() => {}
                                Err(_) => break taken,
                            }
                        }
                    })
                })
                .collect();
            // At capacity 0 a try meets only a send that is blocked.
            (0..COUNT).for_each(|_| tx.send(()).unwrap());
            drop(tx);
            watchers.into_iter().map(|watcher| watcher.join().unwrap()).sum()
        });
        assert_eq!(total, COUNT);
    }
}

/// The loop that the documentation recommends, over two channels until both have ended.
#[test]
fn ready_then_try() {
    let _watchdog = Watchdog::new();
    let ((a_tx, a), (b_tx, b)) = (bounded(0), bounded(2));
    let mut sum = 0;
    thread::scope(|s| {
        s.spawn(move || (1..=100).for_each(|n| a_tx.send(n).unwrap()));
        s.spawn(move || (1..=100).for_each(|n| b_tx.send(n).unwrap()));
        let mut set = Select::new();
        let sources = [&a, &b];
        for rx in sources {
            set.recv(rx);
        }
        let mut open = 2;
        while open > 0 {
            let index = set.ready();
            match sources[index].try_recv() {
                Ok(n) => sum += n,
                Err(error) if error.is_empty() => {}
                Err(_) => {
                    set.remove(index);
                    open -= 1;
                }
            }
        }
    });
    assert_eq!(sum, 2 * 5050);
}

/// A thread that holds both ends does not make itself ready.
#[test]
fn not_ready_by_itself() {
    let (tx, rx) = bounded::<()>(0);
    let mut set = Select::new();
    set.recv(&rx);
    set.send(&tx);
    assert_eq!(set.try_ready(), Err(TryReadyError));
    assert_eq!(set.ready_timeout(ms(2)), Err(ReadyTimeoutError));
}

/// A partner that is itself in a select makes an operation at capacity 0 ready.
#[test]
fn a_selecting_partner_is_ready() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded(0);
    let (_keep, idle) = bounded::<()>(0);
    thread::scope(|s| {
        s.spawn(|| {
            let mut set = Select::new();
            set.recv(&idle);
            set.send(&tx);
            let operation = set.select();
            assert_eq!(operation.index(), 1);
            operation.send(&tx, 7).unwrap();
        });
        let mut set = Select::new();
        set.recv(&rx);
        let got = loop {
            assert_eq!(set.ready(), 0);
            if let Ok(got) = rx.try_recv() {
                break got;
            }
        };
        assert_eq!(got, 7);
    });
}
