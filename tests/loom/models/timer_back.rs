//! Timers whose value was chosen by a `Select` that gives up: it comes back, to who waits for it, or to be stopped; and whether a
//! permit is from before a reset does not matter to the next one.

use std::time::Instant;

use gosync::chan::{Receiver, Select, SelectedOperation, Timer, TryRecvError};
use gosync::go;
use gosync_atomic::__sys::control::stop_clock;

use super::timer::{DUE, MINUTE, NO_STALE, SECOND, pass};
use crate::model::{Model, holds, witness};

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(DUE, "a Select that has it gives up", to_who_waits).reaches(&["sleeper.wake"]),
        holds(NO_STALE, "a value that came back is stopped", stopped).witnesses(&["received", "stopped"]),
        holds(NO_STALE, "a permit from before a reset, and one from after", two_permits)
            .reaches(&["timer.redeem-stale"]),
    ]
}

/// A timer that is due.
fn due() -> Timer {
    stop_clock();
    let timer = Timer::new(SECOND);
    pass(MINUTE);
    timer
}

fn choose(rx: &Receiver<Instant>) -> SelectedOperation<'_> {
    let mut select = Select::new();
    select.recv(rx);
    select.try_select().unwrap()
}

/// A receiver that has found nothing, because the value was chosen, has no time at which it would look again.
fn to_who_waits() {
    let timer = due();
    let permit = choose(timer.channel());
    let receiver = go({
        let timer = timer.clone();
        move || timer.channel().recv()
    });
    drop(permit);
    assert!(receiver.join().unwrap().is_ok());
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

/// What came back is received, or the stop says that it is not going to be.
fn stopped() {
    let timer = due();
    drop(choose(timer.channel()));
    let receiver = go({
        let timer = timer.clone();
        move || timer.channel().try_recv().is_ok()
    });
    let stopped = timer.stop();
    let received = receiver.join().unwrap();
    witness(if received { "received" } else { "stopped" });
    assert_eq!(stopped, !received);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

/// The first permit is completed after the reset, or before; then the second one is given back, and its value is there.
fn two_permits() {
    let timer = due();
    let permit = choose(timer.channel());
    let resetter = go({
        let timer = timer.clone();
        move || timer.reset(SECOND)
    });
    assert!(permit.recv(timer.channel()).is_ok());
    resetter.join().unwrap();
    pass(MINUTE);
    drop(choose(timer.channel()));
    assert!(timer.channel().try_recv().is_ok(), "its value is lost");
}
