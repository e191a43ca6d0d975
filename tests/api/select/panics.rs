//! Panics while something is set aside: it is given back, and everybody goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, Receiver, Select, Sender, TryRecvError, select, select_biased};

use super::{await_receiver, await_sender, block, choose_recv, choose_send, is_idle};
use crate::watchdog::Watchdog;
use crate::{make, settle};

/// The text of the panic, which there must be.
fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("should panic");
    payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| (*s).to_owned())
}

fn explode() -> i32 {
    panic!("expected by this test")
}

/// A message that panics: the room that was set aside for it is there again.
#[test]
fn a_message_gives_its_room_back() {
    for capacity in [Some(1), Some(2), None] {
        let (tx, rx) = make(capacity);
        for _ in 0..5 {
            let text = panic_text(|| {
                select! {
                    send(tx, explode()) -> _ => unreachable!(),
                    recv(rx) -> _ => unreachable!(),
                }
            });
            assert_eq!(text, "expected by this test");
            assert_eq!((rx.try_recv(), rx.len()), (Err(TryRecvError::Empty), 0));
        }
        (0..capacity.unwrap_or(100)).for_each(|n| tx.try_send(n as i32).unwrap());
    }
}

/// A sender that blocks meanwhile, in whatever way, gets that room.
#[test]
fn a_blocked_sender_proceeds() {
    const SENDS: [fn(&Sender<i32>); 4] = [
        |tx| tx.send(5).unwrap(),
        |tx| tx.send_timeout(5, Duration::MAX).unwrap(),
        |tx| select! { send(tx, 5) -> sent => sent.unwrap() },
        |tx| choose_send(tx).send(tx, 5).unwrap(),
    ];
    let _watchdog = Watchdog::new();
    for send in SENDS {
        let (tx, rx) = make(Some(1));
        thread::scope(|s| {
            panic_text(|| {
                select! {
                    send(tx, { block(s, || send(&tx)); explode() }) -> _ => unreachable!(),
                    default => unreachable!(),
                }
            });
            assert_eq!(rx.recv(), Ok(5));
        });
    }
}

/// At capacity 0: the receiver that was promised the message goes on, in whatever way it is blocked, and gets another.
#[test]
fn a_promised_receiver_goes_on() {
    const RECEIVES: [fn(&Receiver<i32>) -> i32; 5] = [
        |rx| rx.recv().unwrap(),
        |rx| rx.recv_timeout(Duration::MAX).unwrap(),
        |rx| rx.iter().next().unwrap(),
        |rx| select! { recv(rx) -> v => v.unwrap() },
        |rx| choose_recv(rx).recv(rx).unwrap(),
    ];
    let _watchdog = Watchdog::new();
    for receive in RECEIVES {
        for with_default in [true, false] {
            let (tx, rx) = make(Some(0));
            thread::scope(|s| {
                let receiver = s.spawn(|| receive(&rx));
                await_receiver(&tx);
                for _ in 0..3 {
                    await_receiver(&tx);
                    panic_text(|| {
                        if with_default {
                            select! { send(tx, explode()) -> _ => unreachable!(), default => panic!("not expected") }
                        } else {
                            select! { send(tx, explode()) -> _ => unreachable!() }
                        }
                    });
                }
                tx.send(5).unwrap();
                assert_eq!(receiver.join().unwrap(), 5);
            });
        }
    }
}

/// The same when the select was blocked, and the receiver came to it.
#[test]
fn a_receiver_that_came_goes_on() {
    let _watchdog = Watchdog::new();
    let c = Chan::new(0);
    thread::scope(|s| {
        let exploding = block(s, || {
            panic_text(|| {
                select! { send(c, explode()) -> _ => unreachable!() }
            })
        });
        let receivers = [
            s.spawn(|| c.recv()),
            s.spawn(|| select! { recv(c) -> v => v }),
            s.spawn(|| {
                let rx = c.receiver();
                choose_recv(&rx).recv(&rx)
            }),
        ];
        assert_eq!(exploding.join().unwrap(), "expected by this test");
        (0..3).for_each(|_| c.send(5).unwrap());
        assert_eq!(receivers.map(|t| t.join().unwrap()), [Ok(5); 3]);
    });
    assert!(is_idle(&c));
}

/// What comes before a select does not concern the channels: a handle that panics.
#[test]
fn a_handle() {
    let c = Chan::new(1);
    panic_text(|| {
        select! {
            send(c, 1) -> _ => unreachable!(),
            recv({ explode(); &c }) -> _ => unreachable!(),
        }
    });
    assert_eq!((c.len(), c.try_send(2), c.try_recv()), (0, Ok(()), Ok(2)));
}

/// Nor does what comes after it: a body that panics. The operation was done.
#[test]
fn a_body() {
    let c = Chan::new(2);
    panic_text(|| {
        select! {
            send(c, 1) -> sent => { sent.unwrap(); explode(); }
            default => {}
        }
    });
    c.send(2).unwrap();
    panic_text(|| {
        select_biased! {
            recv(c) -> v => { assert_eq!(v, Ok(1)); explode(); }
            send(c, 3) -> _ => {}
        }
    });
    assert_eq!((c.try_recv(), c.try_recv()), (Ok(2), Err(TryRecvError::Empty)));
}

/// A message may use its own channel: what is set aside is not there for it, the rest is.
#[test]
fn a_message_that_uses_its_channel() {
    let c = Chan::new(2);
    let sent = select! {
        send(c, {
            c.try_send(1).unwrap();
            assert!(c.try_send(9).is_err(), "one place is set aside");
            select! { send(c, 9) -> _ => unreachable!(), recv(c) -> v => v.unwrap() + 1 }
        }) -> sent => sent,
    };
    assert_eq!((sent, c.try_recv(), c.try_recv()), (Ok(()), Ok(2), Err(TryRecvError::Empty)));
}

/// A message with a `?`, `break` or `return` leaves the select; what was set aside is given back.
#[test]
fn a_message_that_leaves() {
    let c = Chan::new(1);
    let give_up = |message: Option<i32>| -> Option<()> {
        select! {
            send(c, message?) -> sent => sent.ok(),
            default => unreachable!(),
        }
    };
    assert_eq!(give_up(None), None);
    for message in [None, None] {
        select! {
            send(c, if let Some(message) = message { message } else { continue }) -> _ => unreachable!(),
        }
    }
    assert_eq!((c.len(), give_up(Some(1)), c.recv()), (0, Some(()), Ok(1)));
}

/// An operation that is completed with a wrong handle, or the wrong way: a panic with crossbeam-channel's text, and what
/// was set aside is given back.
#[test]
fn wrong_handles() {
    const SENDER: &str = "passed a sender that wasn't selected";
    const RECEIVER: &str = "passed a receiver that wasn't selected";
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(1));
    let (other_tx, other_rx) = make(Some(1));
    for n in 0..3 {
        assert_eq!(panic_text(|| _ = choose_send(&tx).send(&other_tx, 0)), SENDER);
        assert_eq!(panic_text(|| _ = choose_send(&tx).send(&Sender::nil(), 0)), SENDER);
        assert_eq!(panic_text(|| _ = choose_send(&tx).recv(&rx)), RECEIVER);
        tx.try_send(n).unwrap();
        assert_eq!(panic_text(|| _ = choose_recv(&rx).recv(&other_rx)), RECEIVER);
        assert_eq!(panic_text(|| _ = choose_recv(&rx).recv(&Receiver::<i32>::nil())), RECEIVER);
        assert_eq!(panic_text(|| _ = choose_recv(&rx).send(&tx, 0)), SENDER);
        assert_eq!(rx.try_recv(), Ok(n));
    }
    // Another handle of the same channel is as good.
    choose_send(&tx).send(&tx.clone(), 1).unwrap();
    assert_eq!(choose_recv(&rx).recv(&rx.clone()), Ok(1));

    // A promised sender does not lose its value by it.
    let (tx, rx) = make(Some(0));
    thread::scope(|s| {
        s.spawn(|| tx.send(5).unwrap());
        await_sender(&rx);
        assert_eq!(panic_text(|| _ = choose_recv(&rx).recv(&other_rx)), RECEIVER);
        assert_eq!(rx.recv(), Ok(5));
    });
}

/// A `Select` without operations has nothing to wait for; and numbers that it does not have.
#[test]
fn misuse_of_select() {
    let nothing = "no operations have been added to `Select`";
    assert_eq!(panic_text(|| drop(Select::new().select())), nothing);
    assert_eq!(panic_text(|| _ = Select::new().ready()), nothing);
    let (_tx, rx) = make::<i32>(Some(1));
    let mut select = Select::new();
    select.recv(&rx);
    assert_eq!(panic_text(|| select.remove(1)), "no operation 1 in this select");
    select.remove(0);
    assert_eq!(panic_text(|| select.remove(0)), "no operation 0 in this select");
    assert_eq!(select.recv(&rx), 1, "numbers are not used again");
    assert!(select.try_select().is_err());
}

/// A thread that panics while it holds a chosen operation gives it back as it unwinds.
#[test]
fn a_thread_that_holds_an_operation() {
    let _watchdog = Watchdog::new();
    let c = Chan::new(0);
    let tx = c.sender();
    thread::scope(|s| {
        let receiver = s.spawn(|| c.recv());
        await_receiver(&tx);
        let holder = s.spawn(|| {
            let _operation = choose_send(&tx);
            explode()
        });
        assert!(holder.join().is_err());
        settle();
        tx.send(1).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(1));
    });
}
