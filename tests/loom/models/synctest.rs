//! Bubbles: what a wait for the others, and the end, are ordered after; that the clock moves when all are asleep, and not before;
//! that nobody is left asleep.
//!
//! The thread of the model is the keeper. A bubble has a clock of its own in a model, too.

use std::time::Duration;

use gosync::chan::{self, Receiver};
use gosync::{JoinHandle, Mutex, WaitGroup, go, synctest, time};
use gosync_atomic::__sys::thread;
use loom::sync::Arc;

use super::timer::{HOUR, SECOND};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const BLOCK: &str = "synctest.block-before-wait";
const EXIT: &str = "synctest.exit-before-wait";
const END: &str = "synctest.exit-before-run-return";
const TIMER: &str = "synctest.timer-before-wait";
const CLOCK: &str = "gosync.bubble-clock";
const WAKE: &str = "gosync.bubble-wake";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(BLOCK, "a receive", || block(true)).bound(3).reaches(&["bubble.wait-ends"]),
        fails(BLOCK, "a receive, without the wait", Verdict::Race, || block(false)).bound(2),
        holds(BLOCK, "a sleep", || sleeper(true)).bound(3).reaches(&["bubble.wait-ends"]),
        fails(BLOCK, "a sleep, without the wait", Verdict::Race, || sleeper(false)).bound(2),
        holds(EXIT, "a thread", || exit(true)).bound(3),
        fails(EXIT, "a thread, without the wait", Verdict::Race, || exit(false)).bound(2),
        holds(END, "a thread", || end(true)).bound(3),
        holds(END, "two threads", two_ends).bound(2),
        fails(END, "a thread that is in no bubble", Verdict::Race, || end(false)).bound(2),
        holds(TIMER, "a function", || function(true)).bound(2),
        fails(TIMER, "a function, without the wait", Verdict::Race, || function(false)).bound(2),
        holds(TIMER, "a function that is due at once", due_at_once).bound(2).reaches(&["bubble.timers-changed"]),
        holds(TIMER, "it meets the wait", || due_before_wait(true)).bound(2),
        fails(TIMER, "it meets no wait", Verdict::Race, || due_before_wait(false)).bound(2),
        holds(CLOCK, "two sleeps", two_sleeps).bound(2),
        holds(CLOCK, "the first alarm meets the keeper's look", first_alarm).bound(2),
        holds(CLOCK, "a deadline meets a send", deadline_meets_a_send).bound(2).witnesses(&["received", "late"]),
        holds(CLOCK, "it stands still while one runs", stands_still).bound(2),
        holds(CLOCK, "it stands still while one waits for a lock", lock_from_outside).bound(2).witnesses(&["waited"]),
        fails(CLOCK, "a deadlock, which is told by a panic", Verdict::Assertion, deadlock).bound(2),
        holds(CLOCK, "it moves while one joins", || sleeper_is_joined(true)).bound(3),
        fails(CLOCK, "one joins by another handle", Verdict::Deadlock, || sleeper_is_joined(false)).bound(2),
        holds(WAKE, "a send meets a receiver that goes to sleep", a_send).bound(3).reaches(&["bubble.wake-member"]),
        holds(WAKE, "two at a time", two_at_a_time).bound(2).reaches(&["bubble.wake-member"]),
        holds(WAKE, "an end meets a join", an_end).bound(2),
        holds(WAKE, "from outside", from_outside).bound(2).reaches(&["bubble.outside"]),
    ]
}

/// Joins it without the bubble's knowledge.
fn join_unseen<T>(handle: JoinHandle<T>) -> T {
    thread::JoinHandle::from(handle).join().unwrap()
}

/// Sees what the other member has done, after the wait.
fn look(d: &Plain, waits: bool) {
    if waits {
        synctest::wait();
        assert_eq!(d.read(), 1);
    } else {
        d.read();
    }
}

fn spawn_in(rx: &Receiver<()>, d: &Plain) {
    let (d, rx) = (d.clone(), rx.clone());
    drop(go(move || {
        d.write(1);
        assert!(rx.recv().is_err());
    }));
}

fn block(waits: bool) {
    synctest::test(move || {
        let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(0));
        spawn_in(&rx, &d);
        look(&d, waits);
        drop(tx);
    });
}

fn sleeper(waits: bool) {
    synctest::test(move || {
        let (d, start) = (Plain::new(), time::now());
        drop(go({
            let d = d.clone();
            move || {
                d.write(1);
                time::sleep(SECOND);
            }
        }));
        look(&d, waits);
        assert_eq!(time::now(), start, "the wait comes before the clock");
        time::sleep(HOUR);
    });
}

fn exit(waits: bool) {
    synctest::test(move || {
        let d = Plain::new();
        drop(go({
            let d = d.clone();
            move || d.write(1)
        }));
        look(&d, waits);
    });
}

fn end(is_member: bool) {
    let d = Plain::new();
    synctest::test({
        let d = d.clone();
        move || {
            let write = move || d.write(1);
            drop(if is_member { go(write).into() } else { thread::spawn(write) });
        }
    });
    assert!(!is_member || d.read() == 1);
    d.read();
}

/// Both are waited for, the one that was started by the other, too.
fn two_ends() {
    let d = [Plain::new(), Plain::new()];
    let value = synctest::test({
        let [a, b] = d.clone();
        move || {
            drop(go(move || {
                a.write(1);
                drop(go(move || b.write(2)));
            }));
            3
        }
    });
    assert_eq!([d[0].read(), d[1].read(), value], [1, 2, 3]);
}

fn function(waits: bool) {
    synctest::test(move || {
        let d = Plain::new();
        let timer = chan::after_func(SECOND, {
            let d = d.clone();
            move || d.write(1)
        });
        time::sleep(SECOND);
        look(&d, waits);
        drop(timer);
    });
}

/// Its member does not sleep in a way that the bubble knows of: the function is called all the same.
fn due_at_once() {
    synctest::test(|| {
        let (d, (tx, rx)) = (Plain::holding(1), chan::bounded(1));
        let timer = chan::after_func(Duration::ZERO, move || tx.send(d.read()).unwrap());
        let outside = thread::spawn(move || rx.recv().unwrap());
        assert_eq!(outside.join().unwrap(), 1);
        drop(timer);
    });
}

/// The wait begins at once: the function comes first all the same.
fn due_before_wait(waits: bool) {
    synctest::test(move || {
        let d = Plain::new();
        let timer = chan::after_func(Duration::ZERO, {
            let d = d.clone();
            move || d.write(1)
        });
        look(&d, waits);
        drop(timer);
    });
}

/// Nothing but the alarm, which may be set after the keeper has begun to look, says when it goes on.
fn first_alarm() {
    synctest::test(|| {
        let (start, (tx, rx)) = (time::now(), chan::bounded(1));
        let timer = chan::after_func(SECOND, move || tx.send(()).unwrap());
        rx.recv().unwrap();
        assert_eq!(time::now(), start + SECOND);
        drop(timer);
    });
}

/// Each goes on at its own time, and finds that the clock shows it.
fn two_sleeps() {
    synctest::test(|| {
        let start = time::now();
        let sleep = move |duration: Duration| {
            time::sleep(duration);
            assert_eq!(time::now(), start + duration);
        };
        drop(go(move || sleep(SECOND)));
        sleep(HOUR);
    });
}

fn deadline_meets_a_send() {
    synctest::test(|| {
        let (start, (tx, rx)) = (time::now(), chan::bounded::<()>(1));
        drop(go(move || {
            time::sleep(SECOND);
            // The receiver may be gone.
            let _ = tx.send(());
        }));
        let received = rx.recv_timeout(SECOND).is_ok();
        assert_eq!(time::now(), start + SECOND);
        witness(if received { "received" } else { "late" });
    });
}

/// Who runs sees no time pass, whoever sleeps.
fn stands_still() {
    synctest::test(|| {
        let (start, (tx, rx)) = (time::now(), chan::bounded::<()>(0));
        drop(go(move || assert!(rx.recv_timeout(HOUR).is_err())));
        join_unseen(go(|| ()));
        assert_eq!(time::now(), start);
        drop(tx);
    });
}

/// By a handle that the bubble does not know of, one that runs waits for one that sleeps.
fn sleeper_is_joined(is_seen: bool) {
    synctest::test(move || {
        let (d, start) = (Plain::new(), time::now());
        let sleeper = go({
            let d = d.clone();
            move || {
                time::sleep(HOUR);
                d.write(1);
            }
        });
        if is_seen {
            sleeper.join().unwrap()
        } else {
            join_unseen(sleeper)
        }
        assert_eq!((d.read(), time::now()), (1, start + HOUR));
    });
}

/// As with a send: one runs for as long as the other does not go on.
fn an_end() {
    synctest::test(|| {
        let ends = go(|| 7);
        let joins = go(move || ends.join().unwrap());
        assert_eq!(join_unseen(joins), 7);
    });
}

fn deadlock() {
    synctest::test(|| {
        let (_tx, rx) = chan::bounded::<()>(0);
        drop(go({
            let rx = rx.clone();
            move || _ = rx.recv()
        }));
        let _ = rx.recv();
    });
}

/// The lock is held by a thread in no bubble, while the other member sleeps.
fn lock_from_outside() {
    let mutex = Arc::new(Mutex::new(false));
    let mut held = mutex.lock();
    let outside = thread::spawn({
        let mutex = Arc::clone(&mutex);
        move || {
            synctest::test(move || {
                let (start, (tx, rx)) = (time::now(), chan::bounded::<()>(0));
                drop(go(move || assert!(rx.recv_timeout(HOUR).is_err())));
                if *mutex.lock() {
                    witness("waited");
                }
                assert_eq!(time::now(), start);
                drop(tx);
            });
        }
    });
    *held = true;
    drop(held);
    outside.join().unwrap();
}

/// The sender does not sleep afterwards in a way that the bubble knows: nobody mends a wake-up that was lost.
fn a_send() {
    synctest::test(|| {
        let (tx, rx) = chan::bounded(0);
        let receiver = go(move || rx.recv().unwrap());
        tx.send(7).unwrap();
        assert_eq!(join_unseen(receiver), 7);
    });
}

fn two_at_a_time() {
    synctest::test(|| {
        let wg = Arc::new(WaitGroup::new());
        wg.add(1);
        let waiter = go({
            let wg = Arc::clone(&wg);
            move || wg.wait()
        });
        let other = go({
            let wg = Arc::clone(&wg);
            move || wg.done()
        });
        wg.wait();
        join_unseen(waiter);
        join_unseen(other);
    });
}

/// Who is woken from outside goes on when all others are asleep.
fn from_outside() {
    synctest::test(|| {
        let (tx, rx) = chan::bounded(1);
        let receiver = go(move || assert_eq!(rx.recv(), Ok(7)));
        thread::spawn(move || tx.send(7).unwrap()).join().unwrap();
        synctest::wait();
        receiver.join().unwrap();
    });
}
