//! Starting and ending a thread.

use gosync::{chan, go};

use crate::model::{Model, Verdict, fails, holds};
use crate::plain::Plain;

const START: &str = "go.stmt-before-start";
const EXIT: &str = "go.exit-no-edge";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(START, "write before go", || {
            let (d, (done, wait)) = (Plain::new(), chan::bounded(0));
            d.write(1);
            let other = go({
                let d = d.clone();
                move || {
                    assert_eq!(d.read(), 1);
                    done.send(()).unwrap();
                }
            });
            wait.recv().unwrap();
            other.join().unwrap();
        }),
        fails(START, "write after go", Verdict::Race, || {
            let d = Plain::new();
            let other = go({
                let d = d.clone();
                move || d.read()
            });
            d.write(1);
            other.join().unwrap();
        }),
        holds(EXIT, "joined", || {
            let d = Plain::new();
            let other = go({
                let d = d.clone();
                move || d.write(1)
            });
            other.join().unwrap();
            assert_eq!(d.read(), 1);
            // loom tries more than one order only if there is something to order.
            let (tx, rx) = chan::bounded(0);
            let other = go(move || tx.send(()).unwrap());
            rx.recv().unwrap();
            other.join().unwrap();
        }),
        fails(EXIT, "not joined", Verdict::Race, || {
            let d = Plain::new();
            drop(go({
                let d = d.clone();
                move || d.write(1)
            }));
            d.read();
        }),
    ]
}
