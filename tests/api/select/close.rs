//! Closes, seen by everybody who is blocked, and by operations that were chosen before.

use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{Chan, Receiver, Select, SelectedOperation, SendError, Sender, select};

use super::{await_receiver, await_sender, block, choose_recv, choose_send};
use crate::watchdog::Watchdog;
use crate::{make, settle};

/// How the channel ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Close,
    LastOfTheOtherSide,
}

const ENDS: [End; 2] = [End::Close, End::LastOfTheOtherSide];
const LONG: Duration = Duration::from_secs(3600);

/// A blocked receive, in every way; whether it saw the end.
type Receive = fn(&Receiver<i32>) -> bool;

fn recv_select(rx: &Receiver<i32>, run: impl FnOnce(&mut Select<'_>) -> usize) -> bool {
    let (_open, idle) = make::<i32>(Some(0));
    let mut select = Select::new();
    select.recv(&idle);
    select.recv(rx);
    run(&mut select) == 1
}

fn recv_chosen(operation: SelectedOperation<'_>, rx: &Receiver<i32>) -> usize {
    let number = operation.index();
    assert!(operation.recv(rx).is_err());
    number
}

const RECEIVES: [(&str, Receive); 14] = [
    ("recv", |rx| rx.recv().is_err()),
    ("recv_timeout", |rx| rx.recv_timeout(LONG).unwrap_err().is_disconnected()),
    ("recv_deadline", |rx| rx.recv_deadline(Instant::now() + LONG).unwrap_err().is_disconnected()),
    ("iter", |rx| rx.iter().next().is_none()),
    ("into_iter", |rx| rx.clone().into_iter().next().is_none()),
    ("select! with one case", |rx| select! { recv(rx) -> v => v.is_err() }),
    ("select!", |rx| {
        let (open, idle) = make(Some(0));
        select! {
            recv(idle) -> _ => false,
            recv(rx) -> v => v.is_err(),
            send(open, 1) -> _ => false,
        }
    }),
    ("select! with a timeout", |rx| {
        select! {
            recv(rx) -> v => v.is_err(),
            default(LONG) => false,
        }
    }),
    ("select! with the channel twice", |rx| {
        select! {
            recv(rx) -> v => v.is_err(),
            recv(rx) -> v => v.is_err(),
        }
    }),
    ("Select", |rx| recv_select(rx, |select| recv_chosen(select.select(), rx))),
    ("select_timeout", |rx| recv_select(rx, |select| recv_chosen(select.select_timeout(LONG).unwrap(), rx))),
    ("select_deadline", |rx| {
        recv_select(rx, |select| recv_chosen(select.select_deadline(Instant::now() + LONG).unwrap(), rx))
    }),
    ("ready", |rx| recv_select(rx, |select| select.ready())),
    ("ready_timeout", |rx| recv_select(rx, |select| select.ready_timeout(LONG).unwrap())),
];

/// Every blocked receive sees the end, alone and all together.
#[test]
fn blocked_receives() {
    let _watchdog = Watchdog::new();
    for end in ENDS {
        for capacity in [Some(0), Some(2), None] {
            let (tx, rx) = make(capacity);
            thread::scope(|s| {
                let rx = &rx;
                let threads = RECEIVES.map(|(name, receive)| (name, s.spawn(move || receive(rx))));
                settle();
                if end == End::Close {
                    tx.close().unwrap();
                }
                drop(tx);
                for (name, thread) in threads {
                    assert!(thread.join().unwrap(), "{name}, {end:?}, capacity {capacity:?}");
                }
            });
        }
    }
    for (name, receive) in RECEIVES {
        let (tx, rx) = make(Some(0));
        thread::scope(|s| {
            let thread = block(s, || receive(&rx));
            tx.close().unwrap();
            assert!(thread.join().unwrap(), "{name}");
        });
    }
}

/// A blocked send of this value, in every way; the value, back again.
type Send = fn(&Sender<Box<i32>>, Box<i32>) -> Box<i32>;

fn send_select(tx: &Sender<Box<i32>>, run: impl FnOnce(&mut Select<'_>) -> Box<i32>) -> Box<i32> {
    let (idle, _open) = make::<Box<i32>>(Some(0));
    let mut select = Select::new();
    select.send(&idle);
    select.send(tx);
    run(&mut select)
}

const SENDS: [(&str, Send); 9] = [
    ("send", |tx, value| tx.send(value).unwrap_err().into_inner()),
    ("send_timeout", |tx, value| tx.send_timeout(value, LONG).unwrap_err().into_inner()),
    ("send_deadline", |tx, value| tx.send_deadline(value, Instant::now() + LONG).unwrap_err().into_inner()),
    ("select! with one case", |tx, value| select! { send(tx, value) -> sent => sent.unwrap_err().into_inner() }),
    ("select!", |tx, value| {
        let (open, idle) = make(Some(0));
        select! {
            recv(idle) -> v => v.unwrap(),
            send(tx, value) -> sent => sent.unwrap_err().into_inner(),
            send(open, Box::new(0)) -> _ => unreachable!(),
        }
    }),
    ("select! with a timeout", |tx, value| {
        select! {
            send(tx, value) -> sent => sent.unwrap_err().into_inner(),
            default(LONG) => unreachable!(),
        }
    }),
    ("Select", |tx, value| send_select(tx, |select| select.select().send(tx, value).unwrap_err().into_inner())),
    ("select_timeout", |tx, value| {
        send_select(tx, |select| select.select_timeout(LONG).unwrap().send(tx, value).unwrap_err().into_inner())
    }),
    ("ready", |tx, value| {
        send_select(tx, |select| {
            assert_eq!(select.ready(), 1);
            tx.try_send(value).unwrap_err().into_inner()
        })
    }),
];

/// Every blocked send gets its value back.
#[test]
fn blocked_sends() {
    let _watchdog = Watchdog::new();
    for end in ENDS {
        for capacity in [0, 2] {
            let (tx, rx) = make(Some(capacity));
            (0..capacity).for_each(|_| tx.send(Box::new(0)).unwrap());
            thread::scope(|s| {
                let numbered = (1..).zip(SENDS);
                let tx = &tx;
                let start = |(n, (name, send)): (i32, (_, Send))| (n, name, block(s, move || send(tx, Box::new(n))));
                let threads: Vec<_> = numbered.map(start).collect();
                if end == End::Close {
                    rx.close().unwrap();
                    assert_eq!(rx.iter().count(), capacity, "what is buffered can still be received");
                }
                drop(rx);
                for (n, name, thread) in threads {
                    assert_eq!(*thread.join().unwrap(), n, "{name}, {end:?}, capacity {capacity}");
                }
            });
        }
    }
}

/// A select that waits for several channels reports the one that was closed, and waits for the others afterwards.
#[test]
fn one_of_several() {
    let _watchdog = Watchdog::new();
    let cs = [0, 1, 0].map(Chan::<i32>::new);
    thread::scope(|s| {
        let thread = s.spawn(|| {
            let mut open = cs.each_ref().map(Some);
            for _ in 0..3 {
                let number = select! {
                    recv(open[0]) -> v => v.err().map(|_| 0),
                    recv(open[1]) -> v => v.err().map(|_| 1),
                    recv(open[2]) -> v => v.err().map(|_| 2),
                };
                open[number.expect("nobody sends")] = None;
            }
            assert!(open.iter().all(Option::is_none));
        });
        for c in &cs {
            settle();
            c.close().unwrap();
        }
        thread.join().unwrap();
    });
}

/// A send that was chosen while there was room fails after a close, or when the last receiver is gone, with its value.
#[test]
fn chosen_send_with_room() {
    let _watchdog = Watchdog::new();
    for capacity in [Some(1), Some(3), None] {
        for end in ENDS {
            let (tx, rx) = make(capacity);
            let operation = choose_send(&tx);
            if end == End::Close {
                rx.close().unwrap();
                assert!(rx.recv().is_err(), "closed and drained, whatever is set aside");
            }
            drop(rx);
            assert_eq!(operation.send(&tx, 7), Err(SendError(7)));
            assert_eq!(tx.len(), 0);
            drop(choose_send(&tx));
        }
    }
}

/// The message of `select!` closes the channel.
#[test]
fn closed_by_its_message() {
    let c = Chan::new(1);
    let sent = select! {
        send(c, { c.close().unwrap(); 5 }) -> sent => sent,
    };
    assert_eq!((sent, c.recv().is_err()), (Err(SendError(5)), true));
}

/// A receive that was chosen while there was a value gets it after a close, or when the last sender is gone.
#[test]
fn chosen_recv_of_a_value() {
    let _watchdog = Watchdog::new();
    for capacity in [Some(1), Some(3), None] {
        for end in ENDS {
            let (tx, rx) = make(capacity);
            tx.send(7).unwrap();
            let operation = choose_recv(&rx);
            if end == End::Close {
                tx.close().unwrap();
            }
            drop(tx);
            assert!(rx.try_recv().is_err(), "it is set aside");
            assert_eq!(operation.recv(&rx), Ok(7));
            assert!(rx.recv().is_err());
        }
    }
}

/// So does one of several values, in their order.
#[test]
fn chosen_recv_keeps_the_number_of_values() {
    let (tx, rx) = make(None);
    (0..3).for_each(|n| tx.send(n).unwrap());
    let operation = choose_recv(&rx);
    tx.close().unwrap();
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(operation.recv(&rx), Ok(2));
    assert!(rx.recv().is_err());
}

/// At capacity 0 the two ends of an operation have met when it is chosen; a close does not part them.
#[test]
fn chosen_partner() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(0));
    thread::scope(|s| {
        let receiver = s.spawn(|| rx.recv());
        await_receiver(&tx);
        let operation = choose_send(&tx);
        tx.close().unwrap();
        assert_eq!(operation.send(&tx, 7), Ok(()));
        assert_eq!(receiver.join().unwrap(), Ok(7));
    });
    assert!(tx.send(8).is_err() && rx.recv().is_err());

    let (tx, rx) = make(Some(0));
    thread::scope(|s| {
        let sender = s.spawn(|| tx.send(7));
        await_sender(&rx);
        let operation = choose_recv(&rx);
        rx.close().unwrap();
        assert_eq!(operation.recv(&rx), Ok(7));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
    assert!(tx.send(8).is_err() && rx.recv().is_err());
}

/// If the one that was chosen is dropped after the close, its partner sees the end.
#[test]
fn chosen_partner_dropped() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make::<i32>(Some(0));
    thread::scope(|s| {
        let receivers = [
            s.spawn(|| rx.recv().is_err()),
            s.spawn(|| select! { recv(rx) -> v => v.is_err() }),
            s.spawn(|| rx.recv_timeout(LONG).unwrap_err().is_disconnected()),
            s.spawn(|| choose_recv(&rx).recv(&rx).is_err()),
        ];
        let operations = receivers.each_ref().map(|_| {
            await_receiver(&tx);
            choose_send(&tx)
        });
        tx.close().unwrap();
        settle();
        drop(operations);
        assert_eq!(receivers.map(|t| t.join().unwrap()), [true; 4]);
    });

    let (tx, rx) = make(Some(0));
    thread::scope(|s| {
        let senders = [
            s.spawn(|| tx.send(7).unwrap_err().into_inner()),
            s.spawn(|| select! { send(tx, 7) -> sent => sent.unwrap_err().into_inner() }),
            s.spawn(|| tx.send_timeout(7, LONG).unwrap_err().into_inner()),
            s.spawn(|| choose_send(&tx).send(&tx, 7).unwrap_err().into_inner()),
        ];
        let operations = senders.each_ref().map(|_| {
            await_sender(&rx);
            choose_recv(&rx)
        });
        rx.close().unwrap();
        settle();
        drop(operations);
        assert_eq!(senders.map(|t| t.join().unwrap()), [7; 4]);
    });
}
