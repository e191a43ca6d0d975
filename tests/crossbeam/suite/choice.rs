//! What `select!` and `select_biased!` choose.

use std::thread;

use super::channel::{RecvError, SendError, bounded, never, select, select_biased, unbounded};
use super::{BUFFERS, KINDS, make};
use crate::watchdog::Watchdog;
use crate::{LONG, ms, settle};

#[test]
fn the_one_that_is_ready() {
    for capacity in BUFFERS {
        let ends: Vec<_> = (0..5).map(|_| make(capacity)).collect();
        for (i, (tx, _)) in ends.iter().enumerate() {
            tx.send(i).unwrap();
            let got = select! {
                recv(ends[0].1) -> got => (0, got),
                recv(ends[1].1) -> got => (1, got),
                recv(ends[2].1) -> got => (2, got),
                recv(ends[3].1) -> got => (3, got),
                recv(ends[4].1) -> got => (4, got),
            };
            assert_eq!(got, (i, Ok(i)));
        }
    }
    let full = bounded::<()>(0);
    for capacity in BUFFERS {
        let (tx, rx) = make(capacity);
        select! {
            send(full.0, ()) -> _ => unreachable!(),
            recv(full.1) -> _ => unreachable!(),
            send(tx, 9) -> sent => assert_eq!(sent, Ok(())),
            recv(never::<()>()) -> _ => unreachable!(),
        }
        assert_eq!(rx.try_recv(), Ok(9));
    }
}

#[test]
fn default_if_none_is_ready() {
    for capacity in KINDS {
        let (_tx, rx) = make::<i32>(capacity);
        let full = bounded::<i32>(0);
        let idle = select! {
            recv(rx) -> _ => false,
            send(full.0, 1) -> _ => false,
            default => true,
        };
        assert!(idle, "at once");
        let idle = select! {
            recv(rx) -> _ => false,
            send(full.0, 1) -> _ => false,
            default(ms(3)) => true,
        };
        assert!(idle, "in time");
        let idle = select_biased! {
            send(full.0, 1) -> _ => false,
            recv(rx) -> _ => false,
            default(ms(0)) => true,
        };
        assert!(idle, "biased");
    }
}

/// The default is not taken while something is ready, however often.
#[test]
fn never_default_if_one_is_ready() {
    let (tx, rx) = bounded(1);
    let (_keep, idle) = bounded::<()>(0);
    for i in 0..10_000 {
        select! {
            recv(idle) -> _ => unreachable!(),
            send(tx, i) -> sent => sent.unwrap(),
            default => unreachable!(),
        }
        select! {
            recv(rx) -> got => assert_eq!(got, Ok(i)),
            recv(idle) -> _ => unreachable!(),
            default(ms(0)) => unreachable!(),
        }
    }
}

/// A blocked partner makes an operation on a channel without a buffer ready.
#[test]
fn a_blocked_partner_is_found() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded(0);
    thread::scope(|s| {
        s.spawn(|| tx.send(1).unwrap());
        let got = loop {
            select! {
                recv(rx) -> got => break got,
                default => thread::yield_now(),
            }
        };
        assert_eq!(got, Ok(1));
        let taker = s.spawn(|| rx.recv());
        loop {
            select! {
                send(tx, 2) -> sent => break sent.unwrap(),
                default => thread::yield_now(),
            }
        }
        assert_eq!(taker.join().unwrap(), Ok(2));
    });
}

/// A blocked select is woken by whichever operation becomes possible, on either side.
#[test]
fn woken_while_blocked() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        let (_keep, idle) = bounded::<()>(0);
        let (full, from_full) = bounded(1);
        for i in 0..50 {
            full.send(0).unwrap();
            thread::scope(|s| {
                s.spawn(|| {
                    if i < 3 {
                        settle();
                    }
                    if i % 2 == 0 { tx.send(i).unwrap() } else { assert_eq!(from_full.recv(), Ok(0)) }
                });
                select! {
                    recv(idle) -> _ => unreachable!(),
                    recv(rx) -> got => assert_eq!((got, i % 2), (Ok(i), 0)),
                    send(full, i) -> sent => assert_eq!((sent, i % 2), (Ok(()), 1)),
                }
            });
            assert_eq!(from_full.try_recv(), Ok(if i % 2 == 0 { 0 } else { i }));
            assert!(full.is_empty() && rx.is_empty());
        }
    }
}

#[test]
fn woken_before_the_time_is_up() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        thread::scope(|s| {
            s.spawn(|| {
                settle();
                tx.send(1).unwrap();
            });
            select! {
                recv(rx) -> got => assert_eq!(got, Ok(1)),
                default(LONG) => unreachable!(),
            }
        });
    }
}

/// One way to send, three to receive, and the other way around: all that can be done in one select.
#[test]
fn as_plain_operations() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        thread::scope(|s| {
            s.spawn(|| {
                for i in 0..90 {
                    match i % 3 {
                        0 => select! { send(tx, i) -> sent => sent.unwrap() },
                        1 => select! { send(tx, i) -> sent => sent.unwrap(), default(LONG) => unreachable!() },
                        _ => loop {
                            select! { send(tx, i) -> sent => break sent.unwrap(), default => thread::yield_now() }
                        },
                    }
                }
            });
            for i in 0..90 {
                let got = match i / 30 {
                    0 => select! { recv(rx) -> got => got },
                    1 => select! { recv(rx) -> got => got, default(LONG) => unreachable!() },
                    // Two that only try would never meet at capacity 0.
                    _ => loop {
                        select! { recv(rx) -> got => break got, default(ms(1)) => {} }
                    },
                };
                assert_eq!(got, Ok(i));
            }
        });
        drop(tx);
        assert_eq!(select! { recv(rx) -> got => got }, Err(RecvError));
        assert_eq!(select! { recv(rx) -> got => got, default => Ok(0) }, Err(RecvError));
        assert_eq!(select! { recv(rx) -> got => got, default(ms(1)) => Ok(0) }, Err(RecvError));
        let (tx, rx) = make(capacity);
        drop(rx);
        assert_eq!(select! { send(tx, 4) -> sent => sent }, Err(SendError(4)));
        assert_eq!(select! { send(tx, 4) -> sent => sent, default => Ok(()) }, Err(SendError(4)));
        assert_eq!(select! { send(tx, 4) -> sent => sent, default(ms(1)) => Ok(()) }, Err(SendError(4)));
    }
}

/// Handles are cloned and the originals dropped while a select is blocked on the clones.
#[test]
fn clones_keep_it_alive() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        let (back, answers) = unbounded();
        let blocked = {
            let rx = rx.clone();
            thread::spawn(move || {
                select! { recv(rx) -> got => back.send(got).unwrap() }
            })
        };
        settle();
        let other = tx.clone();
        drop(tx);
        drop(rx);
        other.send(1).unwrap();
        assert_eq!(answers.recv(), Ok(Ok(1)));
        blocked.join().unwrap();
    }
}

/// A panic in a body leaves the channels as they are after the operation.
#[test]
fn panicking_bodies() {
    let (tx, rx) = bounded(2);
    tx.send(1).unwrap();
    let (tx2, rx2) = (tx.clone(), rx.clone());
    let result = std::panic::catch_unwind(move || {
        select! { recv(rx2) -> got => std::panic::resume_unwind(Box::new(got)) }
    });
    assert_eq!(*result.unwrap_err().downcast::<Result<i32, RecvError>>().unwrap(), Ok(1));
    let result = std::panic::catch_unwind(move || {
        select! { send(tx2, 2) -> _ => std::panic::resume_unwind(Box::new(())) }
    });
    result.unwrap_err();
    assert_eq!((rx.try_recv(), rx.len()), (Ok(2), 0));
    drop(tx);
    rx.recv().unwrap_err();
}
