//! `select!` when nothing is ready, when time is up, and when several cases are ready: `default` only at an instant at which
//! nothing was ready, deadlines, the choice.

use std::time::Duration;

use gosync::chan::{self, Chan};
use gosync::{go, select, select_biased};
use gosync_atomic::__sys::control::{expire_deadlines, pick_any};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const DEFAULT: &str = "gosync.select-default";
const CHOICE: &str = "gosync.select-choice";

const SOON: Duration = Duration::from_secs(1);

pub(crate) fn models() -> Vec<Model> {
    vec![
        // `default`.
        holds(DEFAULT, "a value moves to the other channel", || moving_value(true)).reaches(&["select.look-again"]),
        holds(DEFAULT, "a value moves to the first channel", || moving_value(false)),
        holds(DEFAULT, "nothing, then a value", || {
            let ((a, ra), (b, rb)) = (chan::bounded(1), chan::bounded::<i32>(1));
            let sender = go(move || {
                a.send(1).unwrap();
                b
            });
            select! {
                recv(rb) -> _ => unreachable!("nothing was ever sent"),
                recv(ra) -> value => {
                    assert_eq!(value, Ok(1));
                    witness("a value");
                }
                default => witness("nothing"),
            }
            sender.join().unwrap();
        })
        .witnesses(&["a value", "nothing"]),
        holds(DEFAULT, "a sender changes its channel", moving_sender),
        holds(DEFAULT, "after own send", after_own_send),
        fails(DEFAULT, "one channel after the other", Verdict::Assertion, one_after_the_other),
        // Deadlines and spurious returns.
        holds("gosync.deadline", "select, cap 0", deadline)
            .witnesses(&["in time", "too late"])
            .reaches(&["sleeper.wake"]),
        holds(CHOICE, "two are ready", || {
            let ((a, ra), (b, rb)) = (chan::bounded(1), chan::bounded(1));
            a.send(()).unwrap();
            b.send(()).unwrap();
            let chooser = go(move || {
                select! {
                    recv(ra) -> _ => witness("a"),
                    recv(rb) -> _ => witness("b"),
                }
            });
            pick_any();
            chooser.join().unwrap();
        })
        .witnesses(&["a", "b"]),
        holds(CHOICE, "biased", || {
            let ((a, ra), (b, rb)) = (chan::bounded(1), chan::bounded(1));
            a.send(()).unwrap();
            let sender = go(move || b.send(()).unwrap());
            pick_any();
            select_biased! {
                recv(ra) -> _ => {}
                recv(rb) -> _ => unreachable!("a was ready first"),
            }
            sender.join().unwrap();
        }),
    ]
}

/// At every instant one of two channels has a value. It moves from the one that is looked at second to the one that is
/// looked at first, or the other way round.
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
    select! {
        recv(first) -> value => assert_eq!(value, Ok(1)),
        recv(second) -> value => assert_eq!(value, Ok(1)),
        default => panic!("one of them had a value all the time"),
    }
    mover.join().unwrap();
}

/// The same with a sender that is blocked, and the order of the cases turned round.
fn moving_sender() {
    let (a, b) = (Chan::new(0), Chan::new(1));
    b.send(2).unwrap();
    let sender = go({
        let (a, b) = (a.clone(), b.clone());
        move || {
            let taken = select! {
                send(a, 1) -> _ => false,
                default => true,
            };
            if taken {
                // Nobody waits for `a`. From here on a blocked sender is there until it is met.
                a.send(1).unwrap();
            }
            drop(b);
        }
    });
    let got = select! {
        recv(a) -> value => value,
        recv(b) -> value => value,
        default => panic!("`b` had a value all the time"),
    };
    match got {
        Ok(2) => assert_eq!(a.recv(), Ok(1)),
        got => assert_eq!(got, Ok(1)),
    }
    sender.join().unwrap();
}

fn after_own_send() {
    let ((a, ra), (b, rb)) = (chan::bounded(1), chan::bounded(2));
    let other = go({
        let b = b.clone();
        move || b.send(2).unwrap()
    });
    a.send(1).unwrap();
    let got = select! {
        recv(rb) -> value => value,
        recv(ra) -> value => value,
        default => panic!("its own value was there"),
    };
    assert!(matches!(got, Ok(1 | 2)));
    other.join().unwrap();
    drop(b);
}

/// What asks one channel after the other can be deceived.
fn one_after_the_other() {
    let (a, b) = (Chan::new(1), Chan::new(1));
    a.send(1).unwrap();
    let mover = go({
        let (a, b) = (a.clone(), b.clone());
        move || {
            b.send(2).unwrap();
            let _ = a.try_recv();
        }
    });
    let (from_b, from_a) = (b.try_recv(), a.try_recv());
    assert!(from_b.is_ok() || from_a.is_ok());
    mover.join().unwrap();
}

/// A select that may time out, then one that does not: together they get the value, and see what came before it.
fn deadline() {
    let (d, (tx, rx), other) = (Plain::new(), chan::bounded(0), chan::never::<i32>());
    let receiver = go({
        let d = d.clone();
        move || {
            let got = select! {
                recv(rx) -> value => value,
                recv(other) -> value => value,
                default(SOON) => {
                    witness("too late");
                    rx.recv()
                }
            };
            assert_eq!((got, d.read()), (Ok(7), 1));
        }
    });
    expire_deadlines();
    d.write(1);
    tx.send(7).unwrap();
    witness("in time");
    receiver.join().unwrap();
}
