//! What orders nothing: controls, each of which must race, and models of what may be relied on all the same.

use gosync::{chan, go};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::yield_now;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const FAILED: &str = "chan.failed-nonblocking-no-edge";
const LEN: &str = "chan.len-cap-no-edge";
const YIELD: &str = "sched.yield-sleep-no-edge";

pub(crate) fn models() -> Vec<Model> {
    vec![
        fails(FAILED, "try_recv that found nothing", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
            tx.send(1).unwrap();
            let receiver = go({
                let (d, rx) = (d.clone(), rx.clone());
                move || {
                    d.write(1);
                    rx.recv().unwrap();
                }
            });
            if rx.try_recv().is_err() {
                d.read();
            } else {
                tx.send(2).unwrap();
            }
            receiver.join().unwrap();
        }),
        fails(FAILED, "try_send that found no room", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
            let sender = go({
                let (d, tx) = (d.clone(), tx.clone());
                move || {
                    d.write(1);
                    tx.send(1).unwrap();
                }
            });
            if tx.try_send(2).is_err() {
                d.read();
            } else {
                rx.recv().unwrap();
            }
            sender.join().unwrap();
        }),
        fails(LEN, "a length that was seen", Verdict::Race, || {
            let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
            let sender = go({
                let d = d.clone();
                move || {
                    d.write(1);
                    tx.send(1).unwrap();
                }
            });
            if rx.len() == 1 {
                d.read();
            }
            rx.recv().unwrap();
            sender.join().unwrap();
        }),
        holds(LEN, "a value that was counted is found", || {
            let (tx, rx) = chan::bounded(3);
            let sender = go(move || tx.send(1).unwrap());
            let counted = rx.len() == 1;
            let tried = rx.try_recv();
            assert!(!counted || tried.is_ok());
            witness(if counted { "counted" } else { "early" });
            sender.join().unwrap();
        })
        .witnesses(&["counted", "early"]),
        holds(LEN, "neither full nor empty", || {
            let (tx, rx) = chan::bounded(3);
            (0..2).for_each(|i| tx.send(i).unwrap());
            let receiver = go({
                let rx = rx.clone();
                move || rx.recv().unwrap()
            });
            assert!((1..=2).contains(&tx.len()));
            receiver.join().unwrap();
            assert_eq!(rx.len(), 1);
        }),
        holds(LEN, "meets a send and a close", || {
            let (tx, rx) = chan::bounded(1);
            let sender = go(move || {
                tx.send(1).unwrap();
                tx.close().unwrap();
            });
            assert!(rx.len() <= 1 && rx.capacity() == Some(1));
            assert_eq!(rx.iter().count(), 1);
            assert_eq!(rx.len(), 0);
            sender.join().unwrap();
        })
        .bound(2),
        fails(YIELD, "a flag without an order, and yields", Verdict::Race, || {
            let (d, ready) = (Plain::new(), Arc::new(AtomicBool::new(false)));
            let writer = go({
                let (d, ready) = (d.clone(), ready.clone());
                move || {
                    d.write(1);
                    ready.store(true, Ordering::Relaxed);
                }
            });
            while !ready.load(Ordering::Relaxed) {
                yield_now();
            }
            d.read();
            writer.join().unwrap();
        }),
    ]
}
