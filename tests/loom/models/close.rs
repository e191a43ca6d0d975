//! Close: what it orders, what it gives back, and whom it wakes.

use gosync::chan::{self, Chan, CloseError};
use gosync::go;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const CLOSE: &str = "chan.close-before-closed-recv";
const GIVES_BACK: &str = "gosync.close-gives-back";

pub(crate) fn models() -> Vec<Model> {
    let mut models = vec![
        fails(CLOSE, "write after the close", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(1));
            let closer = go({
                let d = d.clone();
                move || {
                    tx.close().unwrap();
                    d.write(1);
                }
            });
            assert!(rx.recv().is_err());
            d.read();
            closer.join().unwrap();
        }),
        holds(CLOSE, "drop of the last sender", || close_then_look(1, drop)).reaches(&["sleeper.wake"]),
        holds(CLOSE, "drained first", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(2));
            let closer = go({
                let d = d.clone();
                move || {
                    tx.send(1).unwrap();
                    d.write(1);
                    tx.close().unwrap();
                }
            });
            assert_eq!(rx.iter().collect::<Vec<_>>(), [1]);
            assert_eq!(d.read(), 1);
            closer.join().unwrap();
        })
        .reaches(&["sleeper.wake"]),
        holds(CLOSE, "try_recv that reports the end", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(1));
            let closer = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.close().unwrap();
                }
            });
            if rx.try_recv().unwrap_err().is_disconnected() {
                assert_eq!(d.read(), 1);
                witness("the end");
            } else {
                witness("empty");
            }
            closer.join().unwrap();
        })
        .witnesses(&["the end", "empty"]),
        holds(CLOSE, "two receivers", || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded::<()>(0));
            let look = {
                let d = d.clone();
                move |rx: &chan::Receiver<()>| {
                    assert!(rx.recv().is_err());
                    assert_eq!(d.read(), 1);
                }
            };
            let other = go({
                let (look, rx) = (look.clone(), rx.clone());
                move || look(&rx)
            });
            let closer = go(move || {
                d.write(1);
                tx.close().unwrap();
            });
            look(&rx);
            other.join().unwrap();
            closer.join().unwrap();
        })
        .bound(3)
        .reaches(&["sleeper.wake"]),
        // A value that was sent before the close brings only its send's edge.
        fails("chan.close-no-edge-to-value-recv", "cap 1", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
            let closer = go({
                let d = d.clone();
                move || {
                    tx.send(7).unwrap();
                    d.write(1);
                    tx.close().unwrap();
                }
            });
            if rx.recv().is_ok() {
                d.read();
            }
            closer.join().unwrap();
        }),
        // A blocked or a later send gives its value back, or it was received: never both, never neither.
        holds(GIVES_BACK, "two blocked senders", || {
            let c = Chan::new(0);
            let senders = [1, 2].map(|n| {
                let c = c.clone();
                go(move || c.send(n).unwrap_err().into_inner())
            });
            c.close().unwrap();
            assert_eq!(senders.map(|sender| sender.join().unwrap()), [1, 2]);
        })
        .bound(3)
        .reaches(&["sleeper.wake"]),
        holds(GIVES_BACK, "the last receiver leaves", || {
            let (tx, rx) = chan::bounded(0);
            let sender = go(move || tx.send(Plain::holding(1)));
            drop(rx);
            assert_eq!(sender.join().unwrap().unwrap_err().into_inner().read(), 1);
        })
        .reaches(&["sleeper.wake"]),
        holds(GIVES_BACK, "one close succeeds", || {
            let c = Chan::<()>::new(0);
            let other = go({
                let c = c.clone();
                move || c.close()
            });
            let results = [c.close(), other.join().unwrap()];
            assert!(results.contains(&Ok(())) && results.contains(&Err(CloseError::Closed)));
            assert!(c.is_closed());
            witness(if results[0].is_ok() { "mine" } else { "the other's" });
        })
        .witnesses(&["mine", "the other's"]),
    ];
    for cap in [0, 1, 2] {
        models.push(
            holds(CLOSE, format!("cap {cap}"), move || close_then_look(cap, |tx| tx.close().unwrap()))
                .reaches(&["sleeper.wake"]),
        );
        models.push(
            holds(GIVES_BACK, format!("cap {cap}, full"), move || send_meets_close(cap))
                .witnesses(&["sent", "given back"])
                .reaches(&["sleeper.wake"]),
        );
    }
    models
}

/// T1: write, close. T2: receive the end, read.
fn close_then_look(cap: usize, close: fn(chan::Sender<()>)) {
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(cap));
    let closer = go({
        let d = d.clone();
        move || {
            d.write(1);
            close(tx);
        }
    });
    assert!(rx.recv().is_err());
    assert_eq!(d.read(), 1);
    closer.join().unwrap();
}

/// One sends, the other makes room, closes, and drains.
fn send_meets_close(cap: usize) {
    let c = Chan::new(cap);
    (0..cap).for_each(|_| c.send(0).unwrap());
    let sender = go({
        let c = c.clone();
        move || c.send(1)
    });
    let first = c.try_recv();
    c.close().unwrap();
    let got = first.into_iter().chain(c.iter()).filter(|&n| n == 1).count();
    match sender.join().unwrap() {
        Ok(()) => {
            assert_eq!(got, 1);
            witness("sent");
        }
        Err(error) => {
            assert_eq!((got, error.into_inner()), (0, 1));
            witness("given back");
        }
    }
}
