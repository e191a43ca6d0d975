//! The condition variable: who is woken by a call, and that nobody takes his place.

use gosync::go;
use loom::sync::Arc;

use super::cond::{Hall, release};
use crate::model::{Model, holds, witness};

const STEALING: &str = "cond.no-stealing";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(STEALING, "a signal meets a newcomer", || {
            meets_newcomer(
                |hall| {
                    hall.cond.signal();
                },
                true,
            )
        })
        .bound(3)
        .witnesses(&["they wait"]),
        holds(STEALING, "a broadcast meets a newcomer", || {
            meets_newcomer(
                |hall| {
                    hall.cond.broadcast();
                },
                false,
            )
        })
        .bound(3)
        .witnesses(&["they wait"]),
        holds(STEALING, "a broadcast and one who waits again", || {
            // Whoever it has woken, and waits again, is not woken by it once more.
            let hall = Hall::new();
            let again = go({
                let hall = Arc::clone(&hall);
                move || {
                    hall.wait_for_call();
                    hall.wait_until_told();
                }
            });
            if hall.all_wait(1) {
                witness("they wait");
                assert_eq!(hall.cond.broadcast(), 1);
            } else {
                release(&[Arc::clone(&hall)]);
            }
            hall.tell();
            hall.cond.signal();
            again.join().unwrap();
        })
        .bound(3)
        .witnesses(&["they wait"]),
        holds(STEALING, "first in, first out", || {
            let hall = Hall::new();
            let first = go({
                let hall = Arc::clone(&hall);
                move || hall.wait_for_call()
            });
            if !hall.all_wait(1) {
                hall.state.lock().called = true;
                hall.cond.signal();
                first.join().unwrap();
                return;
            }
            let second = Hall::waits_until_told(&hall);
            if hall.all_wait(2) {
                witness("they wait");
            }
            hall.cond.signal();
            first.join().unwrap();
            hall.tell();
            hall.cond.signal();
            second.join().unwrap();
        })
        .bound(3)
        .witnesses(&["they wait"]),
    ]
}

/// One who waits is called while another one begins to wait, who is told only when the first one is through.
fn meets_newcomer(call: impl Fn(&Hall), is_for_one: bool) {
    let hall = Hall::new();
    let first = go({
        let hall = Arc::clone(&hall);
        move || hall.wait_for_call()
    });
    if !hall.all_wait(1) {
        hall.state.lock().called = true;
        hall.cond.signal();
        first.join().unwrap();
        return;
    }
    witness("they wait");
    let newcomer = go({
        let hall = Arc::clone(&hall);
        move || {
            if is_for_one {
                hall.wait_until_told();
            } else {
                // The broadcast may have been for it too.
                hall.wait_once();
            }
        }
    });
    call(&hall);
    assert!(first.join().unwrap());
    hall.tell();
    hall.cond.signal();
    newcomer.join().unwrap();
}
