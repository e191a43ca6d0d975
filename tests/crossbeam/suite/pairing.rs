//! One partner for each: nobody meets itself, those that face each other meet, nothing is lost or doubled.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::channel::{Receiver, Select, Sender, bounded, select, unbounded};
use super::{KINDS, make};
use crate::watchdog::Watchdog;
use crate::{LONG, ms};

/// A thread that offers both ends of one channel is no partner of its own.
#[test]
fn not_with_itself() {
    let (tx, rx) = bounded::<()>(0);
    for _ in 0..100 {
        select! {
            recv(rx) -> _ => unreachable!(),
            send(tx, ()) -> _ => unreachable!(),
            default => {}
        }
    }
    select! {
        send(tx, ()) -> _ => unreachable!(),
        recv(rx) -> _ => unreachable!(),
        default(ms(3)) => {}
    }
    let mut set = Select::new();
    set.recv(&rx);
    set.send(&tx);
    set.try_select().unwrap_err();
    set.select_timeout(ms(3)).unwrap_err();
}

/// Threads that all offer both ends of one channel pair off, and an odd one stays over.
#[test]
fn matching() {
    let _watchdog = Watchdog::new();
    const THREADS: usize = 20;
    for odd in [0, 1] {
        for dynamic in [false, true] {
            let (tx, rx) = bounded(0);
            let met: [AtomicUsize; THREADS] = std::array::from_fn(|_| AtomicUsize::new(0));
            let left = AtomicUsize::new(0);
            thread::scope(|s| {
                for i in 0..THREADS + odd {
                    let (tx, rx, met, left) = (&tx, &rx, &met, &left);
                    s.spawn(move || {
                        let meet = |other: usize| {
                            assert_ne!(other, i);
                            left.fetch_add(1, Ordering::SeqCst);
                            met[other % THREADS].fetch_add(1, Ordering::SeqCst);
                        };
                        if !dynamic {
                            select! {
                                recv(rx) -> got => if let Ok(other) = got { meet(other) },
                                send(tx, i) -> sent => sent.unwrap(),
                            }
                            return;
                        }
                        let mut set = Select::new();
                        let receiving = set.recv(rx);
                        set.send(tx);
                        let operation = set.select();
                        if operation.index() == receiving {
                            meet(operation.recv(rx).unwrap());
                        } else {
                            operation.send(tx, i).unwrap();
                        }
                    });
                }
                if odd == 1 {
                    // The one that stays over is blocked in its select, and meets this thread.
                    while left.load(Ordering::SeqCst) < THREADS / 2 {
                        thread::yield_now();
                    }
                    assert!(rx.recv().unwrap() < THREADS + odd);
                }
            });
            assert_eq!(left.load(Ordering::SeqCst), THREADS / 2);
            assert!(rx.try_recv().is_err());
        }
    }
}

/// Two selects that face each other, one to receive and one to send, always meet.
#[test]
fn facing() {
    let _watchdog = Watchdog::new();
    let (a, b) = (bounded(0), bounded(0));
    let (mut got_a, mut got_b) = (0, 0);
    let (mut sent_a, mut sent_b) = (0, 0);
    thread::scope(|s| {
        s.spawn(|| {
            for _ in 0..5_000 {
                select! {
                    send(a.0, ()) -> sent => { sent.unwrap(); sent_a += 1 }
                    send(b.0, ()) -> sent => { sent.unwrap(); sent_b += 1 }
                }
            }
        });
        for _ in 0..5_000 {
            select! {
                recv(b.1) -> got => { got.unwrap(); got_b += 1 }
                recv(a.1) -> got => { got.unwrap(); got_a += 1 }
            }
        }
    });
    assert_eq!((got_a, got_b), (sent_a, sent_b));
}

/// Crosswise: each sends on the channel on which the other receives, whichever of the two it becomes.
#[test]
fn crosswise() {
    let _watchdog = Watchdog::new();
    for dynamic in [false, true] {
        let (a, b) = (bounded(0), bounded(0));
        let side = |tx: &Sender<usize>, rx: &Receiver<usize>| {
            let (mut sent, mut received) = (0, 0);
            for i in 0..3_000 {
                if dynamic {
                    let mut set = Select::new();
                    set.send(tx);
                    set.recv(rx);
                    let operation = set.select();
                    if operation.index() == 0 {
                        operation.send(tx, i).unwrap();
                        sent += 1;
                    } else {
                        operation.recv(rx).unwrap();
                        received += 1;
                    }
                } else {
                    select! {
                        send(tx, i) -> done => { done.unwrap(); sent += 1 }
                        recv(rx) -> done => { done.unwrap(); received += 1 }
                    }
                }
            }
            (sent, received)
        };
        let (ours, theirs) = thread::scope(|s| {
            let other = s.spawn(|| side(&b.0, &a.1));
            (side(&a.0, &b.1), other.join().unwrap())
        });
        assert_eq!(ours.0 + ours.1, 3_000);
        assert_eq!(ours, (theirs.1, theirs.0));
    }
}

/// Several producers and consumers, each in a select over several channels: every message arrives once.
#[test]
fn every_message_arrives_once() {
    let _watchdog = Watchdog::new();
    const COUNT: usize = 1_000;
    for capacity in KINDS {
        let (a, b) = (make(capacity), make(capacity));
        let seen: Vec<AtomicUsize> = (0..3 * COUNT).map(|_| AtomicUsize::new(0)).collect();
        let (a_tx, b_tx) = (a.0, b.0);
        let (a_rx, b_rx) = (a.1, b.1);
        thread::scope(|s| {
            for producer in 0..3 {
                let (a, b) = (a_tx.clone(), b_tx.clone());
                s.spawn(move || {
                    for i in 0..COUNT {
                        let message = producer * COUNT + i;
                        match i % 3 {
                            0 => select! {
                                send(a, message) -> sent => sent.unwrap(),
                                send(b, message) -> sent => sent.unwrap(),
                            },
                            1 => a.send(message).unwrap(),
                            _ => {
                                let mut set = Select::new();
                                let first = set.send(&a);
                                set.send(&b);
                                let operation = set.select();
                                let tx = if operation.index() == first { &a } else { &b };
                                operation.send(tx, message).unwrap();
                            }
                        }
                    }
                });
            }
            drop((a_tx, b_tx));
            for consumer in 0..3 {
                let (a, b, seen) = (&a_rx, &b_rx, &seen);
                s.spawn(move || {
                    let mut open = [true; 2];
                    while open != [false; 2] {
                        let (which, got) = if consumer == 0 {
                            let mut set = Select::new();
                            let list = [a, b];
                            let indexes: Vec<usize> = (0..2).filter(|&i| open[i]).collect();
                            for &i in &indexes {
                                set.recv(list[i]);
                            }
                            let operation = set.select();
                            let which = indexes[operation.index()];
                            (which, operation.recv(list[which]))
                        } else {
                            let nil = super::channel::never();
                            select! {
                                recv(if open[0] { a } else { &nil }) -> got => (0, got),
                                recv(if open[1] { b } else { &nil }) -> got => (1, got),
                            }
                        };
                        match got {
                            Ok(message) => {
                                seen[message].fetch_add(1, Ordering::Relaxed);
                            }
                            Err(_) => open[which] = false,
                        }
                    }
                });
            }
        });
        assert!(seen.iter().all(|n| n.load(Ordering::Relaxed) == 1), "capacity {capacity:?}");
    }
}

/// Both sides give up and try again, all the time; what was sent is received, in order.
#[test]
fn giving_up() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        thread::scope(|s| {
            s.spawn(|| {
                for i in 0..200 {
                    let mut patience = (0..3).cycle();
                    loop {
                        let time = ms(patience.next().unwrap());
                        select! {
                            send(tx, i) -> sent => { sent.unwrap(); break }
                            default(time) => {}
                        }
                    }
                }
            });
            let mut set = Select::new();
            set.recv(&rx);
            for i in 0..200 {
                let got = loop {
                    if let Ok(operation) = set.select_timeout(ms(i % 2)) {
                        break operation.recv(&rx);
                    }
                };
                assert_eq!(got, Ok(i));
            }
        });
        assert!(rx.try_recv().is_err());
    }
}

/// The channel to be used next comes through the channel, in selects on both sides.
#[test]
fn channels_through_channels() {
    type Message = Box<dyn Any + Send>;
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (mut tx, mut rx) = make::<Message>(capacity);
        thread::scope(|s| {
            s.spawn(move || {
                for _ in 0..300 {
                    let (next_tx, next_rx) = make::<Message>(capacity);
                    let mut message = Some(Box::new(next_rx) as Message);
                    select! {
                        send(tx, message.take().unwrap()) -> sent => assert!(sent.is_ok()),
                        default(LONG) => unreachable!(),
                    }
                    tx = next_tx;
                }
            });
            s.spawn(move || {
                for _ in 0..300 {
                    let mut set = Select::new();
                    set.recv(&rx);
                    let message = set.select().recv(&rx).unwrap();
                    drop(set);
                    rx = *message.downcast::<Receiver<Message>>().unwrap();
                }
                assert!(rx.recv().is_err());
            });
        });
    }
}

/// A request with the channel for its answer, the idiom of servers.
#[test]
fn requests_and_answers() {
    let _watchdog = Watchdog::new();
    let (requests, queue) = unbounded::<(u64, Sender<u64>)>();
    let (stop, stopped) = bounded::<()>(0);
    thread::scope(|s| {
        for _ in 0..2 {
            let (queue, stopped) = (&queue, &stopped);
            s.spawn(move || {
                loop {
                    select! {
                        recv(queue) -> request => {
                            let (n, answer) = request.unwrap();
                            answer.send(n * n).unwrap();
                        }
                        recv(stopped) -> _ => break,
                    }
                }
            });
        }
        for n in 0..500 {
            let (answer, answers) = bounded(n as usize % 2);
            requests.send((n, answer)).unwrap();
            assert_eq!(answers.recv(), Ok(n * n));
            assert!(answers.recv().is_err());
        }
        drop(stop);
    });
}
