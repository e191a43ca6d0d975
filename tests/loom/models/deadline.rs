//! Operations with a deadline: it passes at any moment or never, and nothing is lost or done twice.

use std::time::Duration;

use gosync::chan::{self, Chan};
use gosync::go;
use gosync_atomic::__sys::control::{expire_deadlines, wake_spuriously};

use crate::model::{Model, holds, witness};
use crate::plain::Plain;

const DEADLINE: &str = "gosync.deadline";
const SPURIOUS: &str = "gosync.no-spurious-return";

/// How long is not the point: in a model a deadline has passed or never does.
const SOON: Duration = Duration::from_secs(1);

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(DEADLINE, "receive, cap 0", || receive(0)).witnesses(&["in time", "too late"]).reaches(&["sleeper.wake"]),
        holds(DEADLINE, "receive, cap 1", || receive(1)).witnesses(&["in time", "too late"]).reaches(&["sleeper.wake"]),
        holds(DEADLINE, "send, cap 0", || send(0))
            .witnesses(&["in time", "too late", "closed"])
            .reaches(&["sleeper.wake"]),
        holds(DEADLINE, "send, cap 1, full", || send(1))
            .witnesses(&["in time", "too late", "closed"])
            .reaches(&["sleeper.wake"]),
        holds(DEADLINE, "receive meets close", receive_meets_close)
            .witnesses(&["closed", "too late"])
            .reaches(&["sleeper.wake"]),
        holds(DEADLINE, "leaves a queue in order", leaves_a_queue).bound(2).witnesses(&["in time", "too late"]),
        holds(SPURIOUS, "receive", || {
            let (tx, rx) = chan::bounded(0);
            let receiver = go(move || rx.recv());
            wake_spuriously();
            tx.send(1).unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(1));
        })
        .reaches(&["sleeper.wake"]),
        holds(SPURIOUS, "send", || {
            let (tx, rx) = chan::bounded(0);
            let sender = go(move || tx.send(Plain::holding(1)).unwrap());
            wake_spuriously();
            assert_eq!(rx.recv().unwrap().read(), 1);
            sender.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
    ]
}

/// A receive that may time out, then one that does not: together they get the value, and see what came before it.
fn receive(cap: usize) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    let receiver = go({
        let d = d.clone();
        move || {
            let got = rx.recv_timeout(SOON).or_else(|error| {
                assert!(error.is_timeout());
                witness("too late");
                rx.recv()
            });
            assert_eq!(got, Ok(7));
            assert_eq!(d.read(), 1);
        }
    });
    expire_deadlines();
    d.write(1);
    tx.send(7).unwrap();
    witness("in time");
    receiver.join().unwrap();
}

/// A send that may time out: its value is received if and only if it did not come back.
fn send(cap: usize) {
    let c = Chan::new(cap);
    (0..cap).for_each(|_| c.send(Plain::holding(0)).unwrap());
    let sender = go({
        let c = c.clone();
        move || c.send_timeout(Plain::holding(1), SOON)
    });
    expire_deadlines();
    let first = c.try_recv().ok();
    // Whoever neither met that try nor saw the deadline pass comes back by the close.
    c.close().unwrap();
    let sent = sender.join().unwrap();
    let got: usize = first.into_iter().chain(c.try_iter()).map(|d| d.read()).sum();
    match sent {
        Ok(()) => {
            assert_eq!(got, 1);
            witness("in time");
        }
        Err(error) => {
            witness(if error.is_timeout() { "too late" } else { "closed" });
            assert_eq!((got, error.into_inner().read()), (0, 1));
        }
    }
}

fn receive_meets_close() {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(0));
    let receiver = go({
        let d = d.clone();
        move || {
            if rx.recv_timeout(SOON).unwrap_err().is_timeout() {
                witness("too late");
            } else {
                assert_eq!(d.read(), 1);
                witness("closed");
            }
        }
    });
    expire_deadlines();
    d.write(1);
    tx.close().unwrap();
    receiver.join().unwrap();
}

/// Two receivers queue up, one of them may leave: the value goes to one that stays.
fn leaves_a_queue() {
    let (tx, rx) = chan::bounded(0);
    let hasty = go({
        let rx = rx.clone();
        move || rx.recv_timeout(SOON).is_ok()
    });
    let patient = go(move || rx.recv().is_ok());
    expire_deadlines();
    tx.send(()).unwrap();
    drop(tx);
    let (hasty, patient) = (hasty.join().unwrap(), patient.join().unwrap());
    assert!(hasty != patient, "one value, one receiver");
    witness(if hasty { "in time" } else { "too late" });
}
