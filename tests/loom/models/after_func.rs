//! Timers that call a function: what happens before the call, and whether it comes.

use gosync::chan;
use gosync::go;
use gosync_atomic::__sys::control::stop_clock;

use super::timer::{ARM, HOUR, MINUTE, SECOND, pass};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const NO_EDGE: &str = "timer.stop-false-no-edge";
const FUNC: &str = "gosync.after-func";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(ARM, "function", || {
            stop_clock();
            let (d, (tx, rx)) = (Plain::holding(1), chan::bounded(1));
            chan::after_func(SECOND, move || tx.send(d.read()).unwrap());
            pass(MINUTE);
            assert_eq!((rx.recv(), rx.recv().is_err()), (Ok(1), true));
        })
        .bound(3),
        holds(ARM, "function, set again", || function_set_again(false)).bound(3),
        fails(ARM, "function, write after it was set", Verdict::Race, || function_set_again(true)).bound(2),
        fails(NO_EDGE, "read after a stop that came too late", Verdict::Race, || {
            stop_clock();
            let d = Plain::new();
            let timer = chan::after_func(SECOND, {
                let d = d.clone();
                move || d.write(1)
            });
            pass(MINUTE);
            if !timer.stop() {
                d.read();
            }
        })
        .bound(2),
        holds(FUNC, "stop meets the clock", stop_meets_the_clock).bound(3).witnesses(&["called", "stopped"]),
        holds(FUNC, "an earlier one", an_earlier_one).bound(3).reaches(&["parker.wake"]),
        holds(FUNC, "two at once", two_functions).bound(2),
        holds(FUNC, "one after the other", one_after_the_other).bound(2),
    ]
}

/// The function's thread is not joined: what it has shown comes by a channel, and that ends when it has gone.
fn function_set_again(too_late: bool) {
    stop_clock();
    let (d, (tx, rx)) = (Plain::new(), chan::bounded(1));
    let timer = chan::after_func(HOUR, {
        let d = d.clone();
        move || tx.send(d.read()).unwrap()
    });
    if !too_late {
        d.write(1);
    }
    assert!(timer.reset(SECOND));
    if too_late {
        pass(MINUTE);
        d.write(1);
    }
    drop(timer);
    pass(MINUTE);
    assert_eq!((rx.recv(), rx.recv().is_err()), (Ok(1), true));
}

/// The function is called, or the stop says that it will not be.
fn stop_meets_the_clock() {
    stop_clock();
    let (tx, rx) = chan::bounded(1);
    let timer = chan::after_func(SECOND, move || tx.send(()).unwrap());
    pass(MINUTE);
    let stopped = timer.stop();
    drop(timer);
    // The channel ends when nobody will call the function any more.
    let called = rx.iter().count();
    assert_eq!(called, usize::from(!stopped));
    witness(if stopped { "stopped" } else { "called" });
}

/// A function that is due before those that the thread waits for is not kept waiting.
fn an_earlier_one() {
    stop_clock();
    let (tx, rx) = chan::bounded(1);
    let late = chan::after_func(HOUR, || unreachable!());
    let early = chan::after_func(SECOND, move || tx.send(()).unwrap());
    pass(MINUTE);
    assert_eq!(rx.recv(), Ok(()));
    assert!(!early.stop() && late.stop());
    // The thread finds nothing, and leaves.
    pass(HOUR);
}

fn two_functions() {
    stop_clock();
    let (tx, rx) = chan::bounded(2);
    let set = |tx: chan::Sender<()>| chan::after_func(SECOND, move || tx.send(()).unwrap());
    let other = go({
        let tx = tx.clone();
        move || drop(set(tx))
    });
    drop(set(tx));
    other.join().unwrap();
    pass(MINUTE);
    assert_eq!(rx.iter().count(), 2);
}

/// The thread may leave after the first, or go on.
fn one_after_the_other() {
    stop_clock();
    let (tx, rx) = chan::bounded(1);
    let first = tx.clone();
    drop(chan::after_func(SECOND, move || first.send(()).unwrap()));
    pass(MINUTE);
    assert_eq!(rx.recv(), Ok(()));
    drop(chan::after_func(SECOND, move || tx.send(()).unwrap()));
    pass(MINUTE);
    assert_eq!((rx.recv(), rx.recv().is_err()), (Ok(()), true));
}
