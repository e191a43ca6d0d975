//! The buffer: the k-th receive before the (k+C)-th send, a channel as a semaphore and as a lock, and the tries that
//! look without the lock.

use gosync::chan::{self, Chan};
use gosync::go;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const KTH: &str = "chan.kth-recv-before-(k+C)th-send-complete";
const SEND_BEFORE_RECV: &str = "chan.send-before-recv-complete";
const TRY: &str = "gosync.try";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(KTH, "cap 1", || full_then_look(1, 1)).reaches(&["sleeper.wake"]),
        holds(KTH, "cap 2", || full_then_look(2, 2)).reaches(&["sleeper.wake"]),
        fails(KTH, "cap 2, one value", Verdict::Race, || full_then_look(2, 1)),
        holds(KTH, "as a lock", || lock_of(1, 2)).reaches(&["sleeper.wake"]),
        holds(KTH, "as a lock of three", || lock_of(1, 3)).bound(2).reaches(&["sleeper.wake"]),
        fails(KTH, "as a lock, cap 2", Verdict::Race, || lock_of(2, 2)),
        holds(KTH, "as a wait group", as_wait_group).bound(3),
        // A sender that is blocked on a full buffer: its value travels through the buffer, behind the others.
        holds(SEND_BEFORE_RECV, "blocked on a full buffer", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
            tx.send(1).unwrap();
            let sender = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.send(2).unwrap();
                }
            });
            assert_eq!(rx.recv(), Ok(1));
            assert_eq!(rx.recv(), Ok(2));
            assert_eq!(d.read(), 1);
            sender.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        holds(SEND_BEFORE_RECV, "unbounded", || {
            let (d, (tx, rx)) = (Plain::new(), chan::unbounded());
            let sender = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.send(1).unwrap();
                    tx.send(2).unwrap();
                }
            });
            assert_eq!(rx.recv(), Ok(1));
            assert_eq!(d.read(), 1);
            assert_eq!(rx.recv(), Ok(2));
            sender.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        // A try sees what its thread knows to have happened.
        holds(TRY, "receive after own send", try_after_own_send).witnesses(&["own", "the other's"]),
        holds(TRY, "send after own receive", try_send_after_own_recv),
        holds(TRY, "receive after being told", try_after_being_told),
        holds(TRY, "receive from a blocked sender", || {
            let (tx, rx) = chan::bounded(0);
            let sender = go(move || tx.send(1));
            let tried = rx.try_recv();
            witness(if tried.is_ok() { "received" } else { "empty" });
            drop(rx);
            assert_eq!(sender.join().unwrap().is_ok(), tried.is_ok());
        })
        .witnesses(&["received", "empty"]),
        // A channel that holds a value until it is closed is never found empty and open in between.
        holds(TRY, "never empty between a value and the end", || {
            let c = Chan::new(1);
            c.send(1).unwrap();
            let other = go({
                let c = c.clone();
                move || c.try_recv()
            });
            c.close().unwrap();
            let mine = c.recv();
            let others = other.join().unwrap();
            assert!(others != Err(chan::TryRecvError::Empty));
            assert_eq!(mine.is_ok(), others.is_err());
            witness(if mine.is_ok() { "mine" } else { "the other's" });
        })
        .witnesses(&["mine", "the other's"]),
    ]
}

/// A channel of capacity `cap` with `filled` values. T1: write, receive. T2: send, read.
fn full_then_look(cap: usize, filled: usize) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    (0..filled).for_each(|_| tx.send(()).unwrap());
    let receiver = go({
        let (d, rx) = (d.clone(), rx.clone());
        move || {
            d.write(1);
            rx.recv().unwrap();
        }
    });
    tx.send(()).unwrap();
    let seen = d.read();
    receiver.join().unwrap();
    assert_eq!(seen, 1);
}

/// Threads that hold a slot of the channel while they change a variable.
fn lock_of(cap: usize, threads: usize) {
    let (d, c) = (Plain::new(), Chan::new(cap));
    let section = {
        let d = d.clone();
        move |c: &Chan<()>| {
            c.send(()).unwrap();
            d.increment();
            c.recv().unwrap();
        }
    };
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let (section, c) = (section.clone(), c.clone());
            go(move || section(&c))
        })
        .collect();
    section(&c);
    others.into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(d.read(), threads);
}

/// The channel starts full; each worker takes one out when it has finished, so filling it up again waits for all.
fn as_wait_group() {
    let (a, b, c) = (Plain::new(), Plain::new(), Chan::new(2));
    c.send(()).unwrap();
    c.send(()).unwrap();
    let workers: Vec<_> = [&a, &b]
        .map(|d| {
            let (d, c) = (d.clone(), c.clone());
            go(move || {
                d.write(1);
                c.recv().unwrap();
            })
        })
        .into();
    c.send(()).unwrap();
    c.send(()).unwrap();
    assert_eq!(a.read() + b.read(), 2);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}

/// With room for both, whoever has sent finds a value: its own or the other's.
fn try_after_own_send() {
    let c = Chan::new(2);
    let send_and_take = |c: &Chan<usize>, n| {
        c.send(n).unwrap();
        let got = c.try_recv().expect("something was sent and not taken");
        witness(if got == n { "own" } else { "the other's" });
        got
    };
    let other = go({
        let c = c.clone();
        move || send_and_take(&c, 1)
    });
    let mine = send_and_take(&c, 2);
    assert_eq!(mine + other.join().unwrap(), 3);
}

fn try_send_after_own_recv() {
    let c = Chan::new(2);
    c.send(0).unwrap();
    c.send(0).unwrap();
    let take_and_send = |c: &Chan<usize>| {
        c.recv().unwrap();
        c.try_send(1).expect("something was taken and not replaced");
    };
    let other = go({
        let c = c.clone();
        move || take_and_send(&c)
    });
    take_and_send(&c);
    other.join().unwrap();
    assert_eq!(c.len(), 2);
}

/// Told by another channel that a value is there, a try finds it.
fn try_after_being_told() {
    let (tx, rx) = chan::bounded(1);
    let (tell, told) = chan::bounded(0);
    let sender = go(move || {
        tx.send(1).unwrap();
        tell.send(()).unwrap();
    });
    told.recv().unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    sender.join().unwrap();
}
