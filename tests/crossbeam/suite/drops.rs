//! Every message is dropped once, by whoever has it. Messages whose drop panics.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::channel::{Select, bounded, select, unbounded};
use super::{BUFFERS, KINDS, make};
use crate::watchdog::Watchdog;
use crate::{ms, settle};

/// Counts in its own cell how often it was dropped.
#[derive(Debug)]
struct Counted(Arc<Vec<AtomicUsize>>, usize);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0[self.1].fetch_add(1, Ordering::SeqCst);
    }
}

fn cells(count: usize) -> Arc<Vec<AtomicUsize>> {
    Arc::new((0..count).map(|_| AtomicUsize::new(0)).collect())
}

fn dropped(cells: &[AtomicUsize]) -> usize {
    assert!(cells.iter().all(|n| n.load(Ordering::SeqCst) <= 1), "dropped twice");
    cells.iter().map(|n| n.load(Ordering::SeqCst)).sum()
}

/// What is in the buffer at the end is dropped with the last handles.
#[test]
fn left_in_the_buffer() {
    for capacity in [Some(1), Some(10), Some(100), None] {
        for sent in [0, 1, 9, 64, 1000] {
            let sent = sent.min(capacity.unwrap_or(usize::MAX));
            for received in [0, sent / 2, sent] {
                for receiver_first in [false, true] {
                    let cells = cells(sent);
                    let (tx, rx) = make(capacity);
                    (0..sent).for_each(|i| tx.send(Counted(cells.clone(), i)).unwrap());
                    let taken: Vec<_> = rx.iter().take(received).collect();
                    assert_eq!(dropped(&cells), 0);
                    if receiver_first {
                        drop(rx);
                        drop(tx);
                    } else {
                        drop(tx);
                        assert_eq!(dropped(&cells), 0);
                        drop(rx);
                    }
                    assert_eq!(dropped(&cells), sent - received);
                    drop(taken);
                    assert_eq!(dropped(&cells), sent);
                }
            }
        }
    }
}

/// With traffic by all kinds of operations, and an end in the middle of it: what was not received is in an error or dropped.
#[test]
fn under_traffic() {
    let _watchdog = Watchdog::new();
    const COUNT: usize = 2_000;
    for capacity in KINDS {
        for stop_at in [100, 1_900] {
            let cells = cells(2 * COUNT);
            let (tx, rx) = make(capacity);
            let mut received = Vec::new();
            let returned: usize = thread::scope(|s| {
                let producers: Vec<_> = [0, COUNT]
                    .into_iter()
                    .map(|first| {
                        let (tx, cells) = (tx.clone(), cells.clone());
                        s.spawn(move || {
                            let mut returned = 0;
                            for i in 0..COUNT {
                                let message = Counted(cells.clone(), first + i);
                                let result = match i % 4 {
                                    0 => tx.send(message),
                                    1 => select! { send(tx, message) -> sent => sent },
                                    2 => {
                                        let mut set = Select::new();
                                        set.send(&tx);
                                        set.select().send(&tx, message)
                                    }
                                    _ => tx
                                        .send_timeout(message, ms(1))
                                        .map_err(|e| super::channel::SendError(e.into_inner())),
                                };
                                if let Err(error) = result {
                                    returned += 1;
                                    drop(error.into_inner());
                                }
                            }
                            returned
                        })
                    })
                    .collect();
                drop(tx);
                let rx = rx;
                for i in 0..stop_at {
                    let got = match i % 3 {
                        0 => rx.recv(),
                        1 => select! { recv(rx) -> got => got },
                        _ => {
                            let mut set = Select::new();
                            set.recv(&rx);
                            set.select().recv(&rx)
                        }
                    };
                    received.extend(got);
                }
                drop(rx);
                producers.into_iter().map(|producer| producer.join().unwrap()).sum()
            });
            assert_eq!(received.len(), stop_at);
            assert!(returned + stop_at <= 2 * COUNT);
            assert_eq!(dropped(&cells), 2 * COUNT - stop_at);
            drop(received);
            assert_eq!(dropped(&cells), 2 * COUNT);
        }
    }
}

/// A refused message is in the error, undropped.
#[test]
fn in_errors() {
    let cells = cells(6);
    let message = |i| Counted(cells.clone(), i);
    let (tx, rx) = bounded(0);
    let a = tx.try_send(message(0)).unwrap_err();
    let b = tx.send_timeout(message(1), ms(1)).unwrap_err();
    drop(rx);
    let c = tx.send(message(2)).unwrap_err();
    let d = tx.try_send(message(3)).unwrap_err();
    let e = select! { send(tx, message(4)) -> sent => sent.unwrap_err() };
    let mut set = Select::new();
    set.send(&tx);
    let f = set.select().send(&tx, message(5)).unwrap_err();
    assert_eq!(dropped(&cells), 0);
    drop((a, b, c, d, e, f));
    assert_eq!(dropped(&cells), 6);
}

/// A channel in its own buffer, or in another's: the message goes down with the last handle outside.
#[test]
fn handles_as_messages() {
    let cells = cells(1);
    let (outer, outer_rx) = unbounded();
    let (inner, inner_rx) = unbounded();
    inner.send(Counted(cells.clone(), 0)).unwrap();
    outer.send((inner, inner_rx)).unwrap();
    drop(outer);
    assert_eq!(dropped(&cells), 0);
    drop(outer_rx);
    assert_eq!(dropped(&cells), 1);
}

/// Panics when it is dropped, once.
struct Bomb(#[expect(dead_code, reason = "kept for its own drop")] Counted);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            std::panic::resume_unwind(Box::new("bomb"));
        }
    }
}

fn explodes(f: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(()) => false,
        Err(payload) => payload.downcast_ref() == Some(&"bomb"),
    }
}

/// A panic in the drop of what is left over reaches the one who dropped the last handle, and nothing is dropped twice.
#[test]
fn a_panicking_drop_in_the_buffer() {
    for capacity in [Some(2), Some(7), None] {
        let cells = cells(2);
        let bomb = |i| Bomb(Counted(cells.clone(), i));
        let (tx, rx) = make(capacity);
        tx.send(bomb(0)).unwrap();
        tx.send(bomb(1)).unwrap();
        drop(tx);
        assert!(explodes(|| drop(rx)));
        assert_eq!(cells[0].load(Ordering::SeqCst), 1, "the first one was dropped");
        assert!(dropped(&cells) <= 2);
    }
}

/// The same with a sender that is left: it is told of the end, whichever of the two drops it was that panicked.
#[test]
fn a_panicking_drop_and_a_sender() {
    for capacity in [Some(2), Some(7), None] {
        let cells = cells(2);
        let bomb = |i| Bomb(Counted(cells.clone(), i));
        let (tx, rx) = make(capacity);
        tx.send(bomb(0)).unwrap();
        let by_receiver = explodes(|| drop(rx));
        let error = tx.send(bomb(1)).unwrap_err();
        assert_eq!(cells[1].load(Ordering::SeqCst), 0);
        assert!(explodes(|| drop(error)));
        let by_sender = explodes(|| drop(tx));
        assert!(by_receiver != by_sender);
        assert_eq!(dropped(&cells), 2);
    }
}

/// A message that was received or refused is its owner's affair, panic and all. The channel goes on.
#[test]
fn a_panicking_drop_outside() {
    for capacity in BUFFERS {
        let cells = cells(5);
        let bomb = |i| Bomb(Counted(cells.clone(), i));
        let (tx, rx) = make(capacity);
        for i in 0..3 {
            tx.send(bomb(i)).unwrap();
            assert!(explodes(|| match i {
                0 => drop(rx.recv().unwrap()),
                1 => select! { recv(rx) -> got => drop(got.unwrap()) },
                _ => {
                    let mut set = Select::new();
                    set.recv(&rx);
                    drop(set.select().recv(&rx).unwrap());
                }
            }));
        }
        assert_eq!((rx.len(), dropped(&cells)), (0, 3));
        tx.send(bomb(3)).unwrap();
        mem::forget(rx.try_recv().unwrap());
        drop(rx);
        assert!(explodes(|| drop(tx.send(bomb(4)))));
        assert_eq!(dropped(&cells), 4);
    }
}

/// While a thread unwinds, its handles and messages go quietly.
#[test]
fn during_a_panic() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let cells = cells(2);
        let (tx, rx) = make(capacity);
        let message = Counted(cells.clone(), 0);
        let other = Counted(cells.clone(), 1);
        let thread = thread::spawn(move || {
            if capacity != Some(0) {
                tx.send(message).unwrap();
            }
            let _other = other;
            std::panic::resume_unwind(Box::new(()));
        });
        thread.join().unwrap_err();
        drop(rx);
        assert_eq!(dropped(&cells), 2);
    }
}

/// Blocked operations that are given up hold nothing back.
#[test]
fn blocked_and_given_up() {
    let _watchdog = Watchdog::new();
    let cells = cells(4);
    let (tx, rx) = bounded(1);
    tx.send(Counted(cells.clone(), 0)).unwrap();
    thread::scope(|s| {
        for i in 1..4 {
            let (tx, cells) = (&tx, cells.clone());
            s.spawn(move || {
                let message = Counted(cells, i);
                match i {
                    1 => drop(tx.send(message).unwrap_err()),
                    2 => select! { send(tx, message) -> sent => drop(sent.unwrap_err()) },
                    _ => drop(tx.send_timeout(message, crate::LONG).unwrap_err()),
                }
            });
        }
        settle();
        drop(rx);
    });
    drop(tx);
    assert_eq!(dropped(&cells), 4);
}

/// A buffer is not built on the stack: it would not fit, with messages of 64 kB. Neither does a message have to be small.
#[test]
fn large_messages() {
    const LARGE: usize = 64 * 1024;
    const MEDIUM: usize = 16 * 1024;
    for capacity in BUFFERS {
        let thread = thread::Builder::new().stack_size(64 * LARGE).spawn(move || {
            let (tx, rx) = make::<[u8; LARGE]>(capacity);
            for i in 0..50 {
                tx.send([i; LARGE]).unwrap();
                assert_eq!(rx.recv().unwrap()[LARGE - 1], i);
            }
            let (tx, rx) = make::<[u8; MEDIUM]>(capacity);
            for i in 0..50 {
                select! { send(tx, [i; MEDIUM]) -> sent => assert!(sent.is_ok()) }
                select! { recv(rx) -> got => assert_eq!(got.unwrap()[MEDIUM - 1], i) }
            }
        });
        thread.unwrap().join().unwrap();
    }
}
