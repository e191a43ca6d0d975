//! `select_async!`: as `select.rs`, in tasks, and dropped at any point.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use gosync::chan::{self, Chan, Receiver, Select};
use gosync::{JoinHandle, go, select, select_async};

use super::task::poll_once_and_drop;
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;
use crate::task::block_on;

const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const RECV_BEFORE_SEND: &str = "chan.recv-before-unbuffered-send-complete";
const ONE: &str = "chan.no-double-fire";
const DEFAULT: &str = "gosync.select-default";
const MEET: &str = "gosync.selects-meet";
const PERMIT: &str = "gosync.permit";
const WAKER: &str = "gosync.waker";
const CANCEL: &str = "gosync.cancel-select";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(SEND_BEFORE_RECV, "a task selects, receive", || {
            let (d, (tx, rx), never) = (Plain::new(), chan::bounded(0), chan::never::<()>());
            let sender = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.send(7).unwrap();
                }
            });
            let got = block_on(async {
                select_async! {
                    recv(never) -> _ => unreachable!(),
                    recv(rx) -> value => value,
                }
            });
            assert_eq!((got, d.read()), (Ok(7), 1));
            sender.join().unwrap();
        })
        .bound(3)
        .reaches(&["chan.wake-task"]),
        holds(RECV_BEFORE_SEND, "a task selects, send", || {
            let (d, (tx, rx), never) = (Plain::new(), chan::bounded(0), chan::never::<()>());
            let receiver = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    assert_eq!(rx.recv(), Ok(7));
                }
            });
            block_on(async {
                select_async! {
                    send(tx, 7) -> result => result.unwrap(),
                    recv(never) -> _ => unreachable!(),
                }
            });
            assert_eq!(d.read(), 1);
            receiver.join().unwrap();
        })
        .bound(3)
        .reaches(&["chan.wake-task"]),
        holds(ONE, "a task, two receives, two senders", || {
            let ((a, ra), (b, rb)) = (chan::bounded(0), chan::bounded(0));
            let senders = [go(move || a.send(1).unwrap()), go(move || b.send(2).unwrap())];
            let first = block_on(async {
                select_async! {
                    recv(ra) -> value => value,
                    recv(rb) -> value => value,
                }
            });
            let second = if first == Ok(1) { rb.recv() } else { ra.recv() };
            witness(if first == Ok(1) { "a first" } else { "b first" });
            assert_eq!(first.unwrap() + second.unwrap(), 3);
            senders.into_iter().for_each(|sender| sender.join().unwrap());
        })
        .bound(2)
        .witnesses(&["a first", "b first"]),
        holds(MEET, "tasks, both ends of one channel", || {
            fn either(c: &Chan<i32>) -> bool {
                block_on(async {
                    select_async! {
                        send(c, 1) -> result => { result.unwrap(); true }
                        recv(c) -> value => { assert_eq!(value, Ok(1)); false }
                    }
                })
            }
            let c = Chan::new(0);
            let other = go({
                let c = c.clone();
                move || either(&c)
            });
            let sent = either(&c);
            witness(if sent { "sent" } else { "received" });
            assert_eq!(other.join().unwrap(), !sent);
        })
        .bound(2)
        .witnesses(&["sent", "received"]),
        holds(MEET, "a task and a Select", || {
            let (tx, rx) = chan::bounded(0);
            let receiver = go(move || {
                let mut select = Select::new();
                select.recv(&rx);
                select.select().recv(&rx)
            });
            block_on(async {
                select_async! { send(tx, 7) -> result => result.unwrap() }
            });
            assert_eq!(receiver.join().unwrap(), Ok(7));
        })
        .bound(2),
        holds(WAKER, "the last one is called, of a select", || {
            let ((tx, rx), never) = (chan::bounded(0), chan::never::<i32>());
            let sender = go(move || tx.send(1).unwrap());
            let mut receive = pin!(async {
                select_async! {
                    recv(rx) -> value => value,
                    recv(never) -> value => value,
                }
            });
            let first = receive.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let got = if let Poll::Ready(got) = first { got } else { block_on(receive) };
            assert_eq!(got, Ok(1));
            sender.join().unwrap();
        })
        .bound(3)
        .reaches(&["chan.wake-task"]),
        holds(CANCEL, "receives", || {
            let ((tx, rx), never) = (chan::bounded(0), chan::never::<Plain>());
            let sender = go(move || tx.send(Plain::holding(1)).unwrap());
            let polled = poll_once_and_drop(async {
                select_async! {
                    recv(rx) -> value => value,
                    recv(never) -> value => value,
                }
            });
            let value = match polled {
                Poll::Ready(value) => value,
                Poll::Pending => rx.recv(),
            };
            witness("done");
            assert_eq!(value.unwrap().read(), 1);
            sender.join().unwrap();
        })
        .bound(3)
        .witnesses(&["done"])
        .reaches(&["task-select.give-back"]),
        holds(CANCEL, "a send", || {
            let (tx, rx) = chan::bounded(0);
            let receiver = go(move || rx.recv());
            let sent = poll_once_and_drop(async {
                select_async! { send(tx, 7) -> result => result.is_ok() }
            });
            if sent.is_pending() {
                // What was set aside for it is there for another one.
                tx.send(8).unwrap();
            }
            assert_eq!(receiver.join().unwrap(), Ok(if sent.is_pending() { 8 } else { 7 }));
        })
        .bound(3)
        .reaches(&["task-select.give-back"]),
        holds(CANCEL, "a promised receive", || {
            let (tx, rx) = chan::bounded(0);
            let sender = go(move || {
                let mut select = Select::new();
                select.send(&tx);
                select.select().send(&tx, 7).unwrap();
            });
            let value = match poll_once_and_drop(async {
                select_async! { recv(rx) -> value => value }
            }) {
                Poll::Ready(value) => value,
                Poll::Pending => rx.recv(),
            };
            assert_eq!(value, Ok(7));
            sender.join().unwrap();
        })
        .bound(2)
        .reaches(&["task-select.tell-holder"]),
        holds(DEFAULT, "a task, a value moves to the other channel", || moving_value(true))
            .reaches(&["select.look-again"]),
        holds(DEFAULT, "a task, a value moves to the first channel", || moving_value(false)),
        holds(DEFAULT, "a task beside a select that sends", default_beside_a_select)
            .pinged()
            .bound(3)
            .witnesses(&["a value", "nothing"]),
        holds(CANCEL, "a timeout beside a promise that is not kept", timeout_beside_a_promise)
            .bound(3)
            .witnesses(&["a promise", "none"]),
        holds(CANCEL, "a timeout", || {
            let (tx, rx) = chan::bounded(0);
            let sender = go(move || tx.send(7).unwrap());
            // Pending once, then over.
            let mut asked = false;
            let timeout =
                std::future::poll_fn(
                    move |_| {
                        if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }
                    },
                );
            let mut selecting = pin!(async {
                select_async! {
                    recv(rx) -> value => value.ok(),
                    default(timeout) => None,
                }
            });
            let mut poll = || selecting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let got = match poll() {
                Poll::Ready(got) => got,
                Poll::Pending => match poll() {
                    Poll::Ready(got) => got,
                    Poll::Pending => block_on(selecting),
                },
            };
            witness(if got.is_some() { "in time" } else { "too late" });
            assert_eq!(got.or_else(|| rx.recv().ok()), Some(7));
            sender.join().unwrap();
        })
        .bound(3)
        .witnesses(&["in time", "too late"]),
        // What a task has chosen to send it sends without waiting, wherever its place has gone.
        holds(PERMIT, "a task's message, its room goes to a value that comes back", || {
            let (c, dropper) = value_on_its_way_back();
            let mut sending = pin!(async {
                select_async! { send(c, message(&c)) -> result => result }
            });
            let mut poll = || sending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(poll().is_pending());
            let came_back = take_two(&c);
            assert_eq!(poll(), Poll::Ready(Ok(())));
            dropper.join().unwrap();
            assert!(came_back.then_some(1).into_iter().chain([3]).eq(c.try_iter()));
        })
        .witnesses(&["its room was taken", "its room was free"]),
        fails(PERMIT, "a thread's message, its room goes to a value that comes back", Verdict::Deadlock, || {
            let (c, dropper) = value_on_its_way_back();
            take_two(&c);
            let mut select = Select::new();
            select.send(c.as_ref());
            if let Ok(chosen) = select.try_select() {
                chosen.send(c.as_ref(), message(&c)).unwrap();
            }
            dropper.join().unwrap();
        }),
        holds(PERMIT, "a task's message, its Select gives up", || {
            let (tx, rx) = chan::bounded(0);
            let given_up = Arc::new(AtomicBool::new(false));
            let receiver = go({
                let given_up = Arc::clone(&given_up);
                move || {
                    choose_and_give_up(&rx);
                    given_up.store(true, Ordering::Relaxed);
                    rx
                }
            });
            let has_given_up = || given_up.load(Ordering::Relaxed);
            let before = Cell::new(false);
            block_on(async {
                select_async! { send(tx, { before.set(has_given_up()); 7 }) -> result => result.unwrap() }
            });
            match (before.get(), has_given_up()) {
                (true, _) => witness("before the message"),
                (_, false) => witness("after the send"),
                _ => {}
            }
            assert_eq!(receiver.join().unwrap().try_recv(), Ok(7));
        })
        .bound(3)
        .witnesses(&["before the message", "after the send"]),
        fails(PERMIT, "a thread's message, its Select gives up", Verdict::Deadlock, || {
            let (tx, rx) = chan::bounded(0);
            let receiver = go(move || {
                choose_and_give_up(&rx);
                rx
            });
            select! { send(tx, 7) -> result => result.unwrap() }
            receiver.join().unwrap();
        })
        .bound(3),
    ]
}

/// At every instant one of two channels has a value, as in `select_default`. It is found without waiting for anything.
fn moving_value(forth: bool) {
    let (from, to) = (Chan::new(1), Chan::new(1));
    from.send(1).unwrap();
    let mover = go({
        let (from, to) = (from.clone(), to.clone());
        move || {
            to.send(1).unwrap();
            let _ = from.try_recv();
        }
    });
    let (first, second) = if forth { (&to, &from) } else { (&from, &to) };
    let got = poll_once_and_drop(async {
        select_async! {
            recv(first) -> value => value,
            recv(second) -> value => value,
            default => panic!("one of them had a value all the time"),
        }
    });
    assert_eq!(got, Poll::Ready(Ok(1)));
    mover.join().unwrap();
}

/// A sender may be met that has no value yet. Then it is waited for, `default` or not; its thread is not.
fn default_beside_a_select() {
    let (tx, rx) = chan::bounded(0);
    let sender = go({
        let rx = rx.clone();
        move || {
            select! { send(tx, 7) -> sent => sent.unwrap() }
            drop(rx);
        }
    });
    let got = block_on(async {
        select_async! { recv(rx) -> value => value.ok(), default => None }
    });
    witness(if got.is_some() { "a value" } else { "nothing" });
    assert_eq!(got.or_else(|| rx.recv().ok()), Some(7));
    sender.join().unwrap();
}

/// A sender chooses the receiver, whose time is up before the sender changes its mind. Nobody else will come.
fn timeout_beside_a_promise() {
    let (tx, rx) = chan::bounded::<i32>(0);
    let sender = go(move || {
        let mut select = Select::new();
        select.send(&tx);
        let chosen = select.try_select();
        witness(if chosen.is_ok() { "a promise" } else { "none" });
        drop(chosen);
        tx
    });
    let got = block_on(async {
        select_async! { recv(rx) -> value => value.ok(), default(std::future::ready(())) => None }
    });
    assert_eq!(got, None);
    drop(sender.join().unwrap());
}

/// A full buffer, and a task's receive that has got a value and is dropped, by another thread.
fn value_on_its_way_back() -> (Chan<i32>, JoinHandle<()>) {
    let c = Chan::new(1);
    let mut receive = Box::pin({
        let rx = c.receiver();
        async move { rx.recv_async().await }
    });
    assert!(receive.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    c.try_send(1).unwrap();
    c.try_send(2).unwrap();
    (c, go(move || drop(receive)))
}

/// Empties the buffer; whether the other value can still come back.
fn take_two(c: &Chan<i32>) -> bool {
    let first = c.try_recv().unwrap();
    first == 2 || c.try_recv() != Ok(2)
}

fn message(c: &Chan<i32>) -> i32 {
    witness(if c.is_empty() { "its room was free" } else { "its room was taken" });
    3
}

fn choose_and_give_up(rx: &Receiver<i32>) {
    let mut select = Select::new();
    select.recv(rx);
    drop(select.select());
}
