//! `ready`, which takes nothing: who watches a channel is told by everybody who makes an operation possible, a thread or a task, in
//! whichever way. Nobody else would tell: in each model one thing happens that does, and nothing after it.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use gosync::chan::{self, Receiver, Select, Sender};
use gosync::{JoinHandle, go, select};
use gosync_atomic::__sys::control::expire_deadlines;

use crate::model::{Model, holds, witness};
use crate::plain::Plain;

const READY: &str = "gosync.ready";

const SOON: Duration = Duration::from_secs(1);

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(READY, "receive, cap 0", || ready_to_receive(0)).bound(3).reaches(&["chan.tell-observer"]),
        holds(READY, "receive, cap 1", || ready_to_receive(1)).bound(3).reaches(&["chan.tell-observer"]),
        holds(READY, "send, cap 0", || ready_to_send(0)).bound(3).reaches(&["chan.tell-observer"]),
        holds(READY, "send, cap 1", || ready_to_send(1)).bound(3).reaches(&["chan.tell-observer"]),
        holds(READY, "a select blocks", ready_for_a_select).bound(3).reaches(&["chan.tell-observer"]),
        holds(READY, "closed", || {
            let (tx, rx) = chan::bounded::<()>(0);
            let closer = go(move || tx.close().unwrap());
            watch(&rx);
            assert!(rx.try_recv().unwrap_err().is_disconnected());
            closer.join().unwrap();
        })
        .reaches(&["chan.close.complete"]),
        holds(READY, "two watch one channel", || {
            let (tx, rx) = chan::bounded(1);
            let watchers = [(); 2].map(|()| {
                let rx = rx.clone();
                go(move || {
                    let mut select = Select::new();
                    select.recv(&rx);
                    select.ready();
                })
            });
            tx.send(1).unwrap();
            watchers.into_iter().for_each(|watcher| watcher.join().unwrap());
            assert_eq!(rx.try_recv(), Ok(1));
        })
        .bound(2)
        .reaches(&["sleeper.wake"]),
        holds(READY, "a deadline", || {
            let (tx, rx) = chan::bounded(1);
            let watcher = go({
                let rx = rx.clone();
                move || {
                    let mut select = Select::new();
                    select.recv(&rx);
                    witness(if select.ready_timeout(SOON).is_ok() { "ready" } else { "too late" });
                }
            });
            expire_deadlines();
            tx.send(1).unwrap();
            watcher.join().unwrap();
            assert_eq!(rx.try_recv(), Ok(1));
        })
        .witnesses(&["ready", "too late"]),
        holds(READY, "does not take a receiver's value", || {
            let (tx, rx) = chan::bounded(0);
            let watcher = go({
                let rx = rx.clone();
                move || {
                    let never = chan::never::<i32>();
                    let mut select = Select::new();
                    select.recv(&never);
                    select.recv(&rx);
                    assert_eq!(select.ready(), 1);
                }
            });
            let sender = go(move || tx.send(1).unwrap());
            assert_eq!(rx.recv(), Ok(1));
            drop(rx);
            watcher.join().unwrap();
            sender.join().unwrap();
        })
        .bound(2),
        holds(READY, "closed, a send", || {
            let (tx, rx) = chan::bounded(0);
            let watcher = watches_send(&tx);
            rx.close().unwrap();
            watcher.join().unwrap();
            assert!(tx.try_send(1).unwrap_err().is_disconnected());
        })
        .reaches(&["chan.close.complete"]),
        holds(READY, "a task's receive", || {
            let (tx, rx) = chan::bounded(0);
            let watcher = watches_send(&tx);
            let mut receive = pin!(rx.recv_async());
            assert!(receive.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            watcher.join().unwrap();
            tx.try_send(1).unwrap();
        })
        .reaches(&["chan.tell-observer"]),
        holds(READY, "a task's send", || {
            let (tx, rx) = chan::bounded(0);
            let watcher = watches_recv(&rx);
            let mut send = pin!(tx.send_async(1));
            assert!(send.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            watcher.join().unwrap();
            assert_eq!(rx.try_recv(), Ok(1));
        })
        .reaches(&["chan.tell-observer"]),
        holds(READY, "a value comes back from a task", || {
            let (tx, rx) = chan::bounded(1);
            let mut receive = Box::pin(rx.recv_async());
            assert!(receive.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            tx.try_send(1).unwrap();
            let watcher = watches_recv(&rx);
            drop(receive);
            watcher.join().unwrap();
            assert_eq!(rx.try_recv(), Ok(1));
        })
        .reaches(&["chan.tell-observer", "task.put-back"]),
        holds(READY, "a value comes back from a permit", || {
            let (tx, rx) = chan::bounded(1);
            tx.send(1).unwrap();
            let mut select = Select::new();
            select.recv(&rx);
            let permit = select.try_select().unwrap();
            let watcher = watches_recv(&rx);
            drop(permit);
            watcher.join().unwrap();
            assert_eq!(rx.try_recv(), Ok(1));
        })
        .reaches(&["chan.tell-observer"]),
        holds(READY, "room comes back from a permit", || {
            let (tx, rx) = chan::bounded(1);
            let mut select = Select::new();
            select.send(&tx);
            let permit = select.try_select().unwrap();
            let watcher = watches_send(&tx);
            drop(permit);
            watcher.join().unwrap();
            tx.try_send(1).unwrap();
            drop(rx);
        })
        .reaches(&["chan.tell-observer"]),
    ]
}

/// A thread that blocks until a receive could be done.
fn watches_recv(rx: &Receiver<i32>) -> JoinHandle<()> {
    let rx = rx.clone();
    go(move || watch(&rx))
}

/// The same, of a send.
fn watches_send(tx: &Sender<i32>) -> JoinHandle<()> {
    let tx = tx.clone();
    go(move || watch_send(&tx))
}

fn watch_send(tx: &Sender<i32>) {
    let mut select = Select::new();
    select.send(tx);
    assert_eq!(select.ready(), 0);
}

/// Blocks until a receive could be done.
fn watch<T>(rx: &Receiver<T>) {
    let mut select = Select::new();
    select.recv(rx);
    assert_eq!(select.ready(), 0);
}

fn ready_to_receive(cap: usize) {
    let (tx, rx) = chan::bounded(cap);
    let sender = go(move || tx.send(Plain::holding(1)).unwrap());
    watch(&rx);
    assert_eq!(rx.try_recv().unwrap().read(), 1);
    sender.join().unwrap();
}

fn ready_to_send(cap: usize) {
    // With a buffer the receive that makes room is the last: one that blocked after it would tell, too.
    let (tx, rx) = chan::bounded(cap);
    (0..cap).for_each(|_| tx.send(0).unwrap());
    let receiver = go(move || (rx.recv(), rx));
    watch_send(&tx);
    tx.try_send(1).unwrap();
    let (received, rx) = receiver.join().unwrap();
    assert_eq!((received, rx.try_recv().ok()), if cap == 0 { (Ok(1), None) } else { (Ok(0), Some(1)) });
}

/// A select that blocks is somebody who could be met.
fn ready_for_a_select() {
    let (tx, rx) = chan::bounded(0);
    let sender = go(move || {
        select! { send(tx, 7) -> result => result.unwrap() }
    });
    watch(&rx);
    assert_eq!(rx.try_recv(), Ok(7));
    sender.join().unwrap();
}
