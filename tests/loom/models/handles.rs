//! Handles: the last one of a side disconnects, the last of all frees, once and after every use.

use gosync::chan::{self, Chan};
use gosync::go;

use crate::model::{Model, holds, witness};
use crate::plain::Plain;

const FREE: &str = "gosync.free";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(FREE, "both sides leave", || {
            let (tx, rx) = chan::bounded::<()>(1);
            let other = go(move || drop(tx));
            drop(rx);
            other.join().unwrap();
        }),
        holds(FREE, "values left behind", || {
            // The value's drop reads what its sender wrote, wherever it runs.
            let (tx, rx) = chan::bounded(2);
            let other = go(move || {
                tx.send(ReadOnDrop(Plain::holding(1))).unwrap_or(());
            });
            drop(rx);
            other.join().unwrap();
        }),
        holds(FREE, "a clone that only looks", || {
            // Nothing but the count orders the look before the end.
            let (tx, rx) = chan::bounded::<()>(1);
            let looker = tx.clone();
            let other = go(move || {
                witness(if looker.is_closed() { "closed" } else { "open" });
                assert!((1..=2).contains(&looker.sender_count()));
                drop(looker);
            });
            drop(tx);
            drop(rx);
            other.join().unwrap();
        })
        .witnesses(&["open", "closed"]),
        holds(FREE, "two senders, one receiver", || {
            let (tx, rx) = chan::bounded(2);
            let senders = [1, 2].map(|n| {
                let tx = tx.clone();
                go(move || tx.send(n).unwrap())
            });
            drop(tx);
            assert_eq!(rx.iter().sum::<i32>(), 3);
            senders.into_iter().for_each(|sender| sender.join().unwrap());
        })
        .bound(2)
        .reaches(&["sleeper.wake"]),
        holds(FREE, "both directions in one handle", || {
            let c = Chan::new(1);
            let other = go({
                let c = c.clone();
                move || {
                    if c.try_send(Plain::holding(1)).is_ok() {
                        witness("sent");
                    }
                }
            });
            drop(c);
            other.join().unwrap();
        })
        .witnesses(&["sent"]),
        holds("gosync.user-model", "channels in a model of one's own", || {
            // The runner's controls are not used: this is what a dependant's own model can do.
            let (tx, rx) = chan::bounded(1);
            let sender = loom::thread::spawn(move || tx.send(1).unwrap());
            assert_eq!(rx.iter().collect::<Vec<_>>(), [1]);
            sender.join().unwrap();
        }),
    ]
}

struct ReadOnDrop(Plain);

impl Drop for ReadOnDrop {
    fn drop(&mut self) {
        assert_eq!(self.0.read(), 1);
    }
}
