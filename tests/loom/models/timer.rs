//! Timers: what happens before a value, what a stop and a reset leave behind, who gets a value that is due. Functions of
//! timers are in `after_func`.
//!
//! The models have a clock of their own, which passes when they say so.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use gosync::chan::{self, Receiver, RecvError, Select, Ticker, Timer, TryRecvError};
use gosync::{go, select};
use gosync_atomic::__sys::control::{now, pick_any, set_clock, stop_clock};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

pub(super) const ARM: &str = "timer.arm-before-fire";
pub(super) const NO_STALE: &str = "timer.no-stale-value";
pub(super) const DUE: &str = "gosync.timer-due";

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// Lets so much time pass at once.
pub(super) fn pass(time: Duration) {
    set_clock(now() + time);
}

/// A way to wait for a timer's value.
type Wait = fn(&Receiver<Instant>);

fn plain(rx: &Receiver<Instant>) {
    rx.recv().unwrap();
}

fn selecting(rx: &Receiver<Instant>) {
    let (_tx, other) = chan::bounded::<()>(0);
    select! { recv(other) -> _ => unreachable!(), recv(rx) -> value => assert!(value.is_ok()) }
}

fn permitted(rx: &Receiver<Instant>) {
    let mut select = Select::new();
    select.recv(rx);
    select.select().recv(rx).unwrap();
}

fn watching(rx: &Receiver<Instant>) {
    let mut select = Select::new();
    select.recv(rx);
    select.ready();
    rx.try_recv().unwrap();
}

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(ARM, "receive", || reset_then_look(plain)).reaches(&["timer.wake-sleepers", "sleeper.wake"]),
        holds(ARM, "select", || reset_then_look(selecting)).reaches(&["timer.wake-sleepers", "sleeper.wake"]),
        holds(ARM, "Select", || reset_then_look(permitted)).reaches(&["timer.wake-sleepers", "sleeper.wake"]),
        holds(ARM, "ready", || reset_then_look(watching)).reaches(&["timer.wake-sleepers", "sleeper.wake"]),
        holds(ARM, "receive of a stopped timer", stopped_then_set).reaches(&["timer.wake-sleepers", "sleeper.wake"]),
        holds(ARM, "ticker", || {
            stop_clock();
            let (d, ticker) = (Plain::new(), Ticker::new(HOUR));
            let receiver = go({
                let (d, ticker) = (d.clone(), ticker.clone());
                move || {
                    ticker.channel().recv().unwrap();
                    assert_eq!(d.read(), 1);
                }
            });
            d.write(1);
            ticker.reset(SECOND);
            pass(MINUTE);
            receiver.join().unwrap();
        }),
        fails(ARM, "write after the reset", Verdict::Race, || {
            stop_clock();
            let (d, timer) = (Plain::new(), Timer::new(HOUR));
            let receiver = go({
                let (d, timer) = (d.clone(), timer.clone());
                move || {
                    timer.channel().recv().unwrap();
                    d.read();
                }
            });
            timer.reset(SECOND);
            d.write(1);
            pass(MINUTE);
            receiver.join().unwrap();
        }),
        holds(NO_STALE, "stop meets a try", || stop_meets_a_try(true)).witnesses(&["received", "stopped"]),
        fails(NO_STALE, "a try, without the stop", Verdict::Assertion, || stop_meets_a_try(false)),
        holds(NO_STALE, "stop meets a blocked select", stop_meets_a_blocked_select)
            .witnesses(&["received", "stopped"])
            .reaches(&["sleeper.wake"]),
        holds(NO_STALE, "reset meets a try", reset_meets_a_try).witnesses(&["old", "new", "none"]),
        holds(NO_STALE, "a value that is given back", given_back).witnesses(&["before", "after", "late"]),
        holds(NO_STALE, "a task that has it is dropped", task_dropped).bound(3).witnesses(&["before", "after"]),
        holds(NO_STALE, "a task that had the last but one is dropped", late_task_dropped).bound(2),
        holds(DUE, "two receivers, one value", two_receivers_one_value).bound(2).witnesses(&["a", "b", "neither"]),
        holds(DUE, "two receivers, two ticks", || two_ticks(plain, plain)).bound(3).reaches(&["sleeper.wake"]),
        holds(DUE, "two selects, two ticks", || two_ticks(selecting, selecting)).bound(2).reaches(&["sleeper.wake"]),
        holds(DUE, "a receiver and a Select, two ticks", || two_ticks(plain, permitted)).bound(2),
        holds(DUE, "the oldest first", oldest_first).bound(2).witnesses(&["blocked", "not blocked"]),
        holds(DUE, "in two cases of a select", two_timers).bound(3).witnesses(&["first", "second"]),
        holds(DUE, "put off", put_off).witnesses(&["waited"]).reaches(&["sleeper.wake"]),
        holds(DUE, "its own deadline first", || own_deadline_first(false)).reaches(&["chan.still-queued"]),
        holds(DUE, "a select's own deadline first", || own_deadline_first(true)).reaches(&["select.give-up"]),
        holds(DUE, "its own deadline too", || own_deadline_too(false)).witnesses(&["received", "left"]),
        holds(DUE, "a select's own deadline too", || own_deadline_too(true)).witnesses(&["received", "left"]),
        holds(DUE, "default", default_beside_a_timer),
        holds(DUE, "a task that has it is dropped", dropped_for_the_next).bound(2).reaches(&["sleeper.wake"]),
    ]
}

/// A reset reaches who waits, and what came before it happens before what comes after the value.
fn reset_then_look(wait: Wait) {
    stop_clock();
    let (d, timer) = (Plain::new(), Timer::new(HOUR));
    let receiver = go({
        let (d, timer) = (d.clone(), timer.clone());
        move || {
            wait(timer.channel());
            assert_eq!(d.read(), 1);
        }
    });
    d.write(1);
    assert!(timer.reset(SECOND));
    pass(MINUTE);
    receiver.join().unwrap();
}

fn stopped_then_set() {
    stop_clock();
    let (d, timer) = (Plain::new(), Timer::new(SECOND));
    assert!(timer.stop());
    let receiver = go({
        let (d, timer) = (d.clone(), timer.clone());
        move || {
            timer.channel().recv().unwrap();
            assert_eq!(d.read(), 1);
        }
    });
    d.write(1);
    assert!(!timer.reset(HOUR));
    pass(HOUR);
    receiver.join().unwrap();
}

/// The value is received or kept from coming, not both and not neither; then there is none.
fn stop_meets_a_try(stop: bool) {
    stop_clock();
    let timer = Timer::new(SECOND);
    pass(MINUTE);
    let receiver = go({
        let timer = timer.clone();
        move || timer.channel().try_recv().is_ok()
    });
    let stopped = !stop || timer.stop();
    let received = receiver.join().unwrap();
    witness(if received { "received" } else { "stopped" });
    assert_eq!(stopped, !received);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

fn stop_meets_a_blocked_select() {
    stop_clock();
    let (timer, (quit, quitting)) = (Timer::new(SECOND), chan::bounded::<()>(0));
    let receiver = go({
        let timer = timer.clone();
        move || select! { recv(timer.channel()) -> value => value.is_ok(), recv(quitting) -> _ => false }
    });
    pass(MINUTE);
    let stopped = timer.stop();
    quit.close().unwrap();
    let received = receiver.join().unwrap();
    witness(if received { "received" } else { "stopped" });
    assert_eq!(stopped, !received);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

fn reset_meets_a_try() {
    stop_clock();
    let timer = Timer::new(SECOND);
    let old = now() + SECOND;
    pass(MINUTE);
    let new = now() + SECOND;
    let receiver = go({
        let timer = timer.clone();
        move || timer.channel().try_recv().ok()
    });
    let was_running = timer.reset(SECOND);
    pass(MINUTE);
    let first = receiver.join().unwrap();
    let second = timer.channel().try_recv().ok();
    match first {
        Some(value) if value == old => {
            assert_eq!((was_running, second), (false, Some(new)));
            witness("old");
        }
        Some(value) => {
            assert_eq!((was_running, value, second), (true, new, None));
            witness("new");
        }
        None => {
            assert_eq!((was_running, second), (true, Some(new)));
            witness("none");
        }
    }
}

/// A value that was set aside, and given back around a stop, is not there after it.
fn given_back() {
    stop_clock();
    let timer = Timer::new(SECOND);
    pass(MINUTE);
    let chooser = go({
        let timer = timer.clone();
        move || {
            let mut select = Select::new();
            select.recv(timer.channel());
            select.try_select().is_ok()
        }
    });
    let stopped = timer.stop();
    let empty = timer.channel().try_recv() == Err(TryRecvError::Empty);
    let chosen = chooser.join().unwrap();
    witness(match (chosen, stopped) {
        (true, true) => "before",
        (true, false) => "after",
        (false, _) => "late",
    });
    assert!((stopped || chosen) && empty);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

/// A receive that waits.
fn task(rx: &Receiver<Instant>) -> Pin<Box<dyn Future<Output = Result<Instant, RecvError>> + Send>> {
    let rx = rx.clone();
    let mut task = Box::pin(async move { rx.recv_async().await });
    assert!(poll(task.as_mut()).is_pending());
    task
}

fn poll<F: Future + ?Sized>(task: Pin<&mut F>) -> Poll<F::Output> {
    task.poll(&mut Context::from_waker(Waker::noop()))
}

/// A value that a task was given, which is then dropped, around a stop: that finds it, or it is not there after it.
fn task_dropped() {
    stop_clock();
    let timer = Timer::new(SECOND);
    let waiting = task(timer.channel());
    pass(MINUTE);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "it is the task's");
    let dropper = go(move || drop(waiting));
    witness(if timer.stop() { "before" } else { "after" });
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
    dropper.join().unwrap();
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

/// The same without a stop: it is for the next receiver, who may wait for it already.
fn dropped_for_the_next() {
    stop_clock();
    let timer = Timer::new(SECOND);
    let due = now() + SECOND;
    let waiting = task(timer.channel());
    pass(MINUTE);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "it is the task's");
    let dropper = go(move || drop(waiting));
    assert_eq!(timer.channel().recv(), Ok(due));
    dropper.join().unwrap();
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

/// The same of a ticker, which has gone on: the tick is over, and the next one is not there twice.
fn late_task_dropped() {
    stop_clock();
    let ticker = Ticker::new(MINUTE);
    let (first, mut second) = (task(ticker.channel()), task(ticker.channel()));
    let due = now() + 2 * MINUTE;
    for _ in 0..2 {
        pass(MINUTE);
        assert_eq!(ticker.channel().try_recv(), Err(TryRecvError::Empty));
    }
    drop(first);
    assert_eq!(ticker.channel().try_recv(), Err(TryRecvError::Empty));
    assert_eq!(poll(second.as_mut()), Poll::Ready(Ok(due)));
}

fn two_receivers_one_value() {
    stop_clock();
    let (rx, (quit, quitting)) = (chan::after(SECOND), chan::bounded::<()>(0));
    let receive = || {
        let (rx, quitting) = (rx.clone(), quitting.clone());
        go(move || select! { recv(rx) -> value => value.is_ok(), recv(quitting) -> _ => false })
    };
    let (a, b) = (receive(), receive());
    pass(MINUTE);
    quit.close().unwrap();
    let got = [a.join().unwrap(), b.join().unwrap(), rx.try_recv().is_ok()];
    assert_eq!(got.iter().filter(|&&got| got).count(), 1);
    witness(if got[0] {
        "a"
    } else if got[1] {
        "b"
    } else {
        "neither"
    });
}

/// Who was not the first sleeps on, in time for the second.
fn two_ticks(one: Wait, other: Wait) {
    stop_clock();
    let (ticker, (tx, received)) = (Ticker::new(HOUR), chan::bounded(2));
    let receive = |wait: Wait| {
        let (ticker, tx) = (ticker.clone(), tx.clone());
        go(move || {
            wait(ticker.channel());
            tx.send(()).unwrap();
        })
    };
    let (a, b) = (receive(one), receive(other));
    pass(HOUR + MINUTE);
    received.recv().unwrap();
    pass(HOUR);
    a.join().unwrap();
    b.join().unwrap();
}

/// Somebody who does not wait for a value does not get ahead of somebody who does.
fn oldest_first() {
    stop_clock();
    let (rx, (tx, other)) = (chan::after(SECOND), chan::bounded::<()>(0));
    let receiver = go({
        let rx = rx.clone();
        move || select! { recv(rx) -> value => value.is_ok(), recv(other) -> _ => false }
    });
    let mut select = Select::new();
    select.send(&tx);
    // By way of the lock, where loom finds all orders.
    let is_blocked = select.ready_deadline(now()).is_ok();
    pass(MINUTE);
    let mine = rx.try_recv().is_ok();
    if is_blocked {
        witness("blocked");
        assert!(!mine);
    } else {
        witness("not blocked");
    }
    tx.close().unwrap();
    let others = receiver.join().unwrap();
    assert!(!(mine && others) && (others || !is_blocked));
}

/// Two timers that are due at once: one case is done, the other's value is left.
fn two_timers() {
    stop_clock();
    let (a, b) = (chan::after(SECOND), chan::after(SECOND));
    let receiver = go({
        let (a, b) = (a.clone(), b.clone());
        move || select! { recv(a) -> _ => "first", recv(b) -> _ => "second" }
    });
    pick_any();
    pass(MINUTE);
    let case = receiver.join().unwrap();
    witness(case);
    assert_eq!((a.try_recv().is_ok(), b.try_recv().is_ok()), (case == "second", case == "first"));
}

/// A reset to a later instant wakes nobody; who wakes up too early finds out.
fn put_off() {
    stop_clock();
    let timer = Timer::new(SECOND);
    let due = now() + HOUR;
    let receiver = go({
        let timer = timer.clone();
        move || timer.channel().recv()
    });
    assert!(timer.reset(HOUR));
    pass(MINUTE);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
    witness("waited");
    pass(HOUR);
    assert_eq!(receiver.join().unwrap(), Ok(due));
}

fn own_deadline_first(select: bool) {
    stop_clock();
    let (rx, deadline) = (chan::after(HOUR), now() + SECOND);
    let receiver = go({
        let rx = rx.clone();
        move || {
            if select {
                select! { recv(rx) -> _ => unreachable!(), default(deadline) => () }
            } else {
                assert!(rx.recv_deadline(deadline).unwrap_err().is_timeout());
            }
        }
    });
    pass(MINUTE);
    receiver.join().unwrap();
    pass(HOUR);
    assert!(rx.try_recv().is_ok());
}

/// When both pass at once, the value is received or left.
fn own_deadline_too(select: bool) {
    stop_clock();
    let (rx, deadline) = (chan::after(SECOND), now() + SECOND);
    let receiver = go({
        let rx = rx.clone();
        move || {
            if select {
                select! { recv(rx) -> value => value.is_ok(), default(deadline) => false }
            } else {
                rx.recv_deadline(deadline).is_ok()
            }
        }
    });
    pass(MINUTE);
    let received = receiver.join().unwrap();
    witness(if received { "received" } else { "left" });
    assert_eq!(rx.try_recv().is_ok(), !received);
}

/// A value that is due, and taken when there is another elsewhere: there is always one.
fn default_beside_a_timer() {
    stop_clock();
    let (timeout, (tx, rx)) = (chan::after(SECOND), chan::bounded(1));
    pass(MINUTE);
    let mover = go({
        let timeout = timeout.clone();
        move || {
            tx.send(()).unwrap();
            timeout.try_recv().is_ok()
        }
    });
    select! {
        recv(rx) -> value => assert!(value.is_ok()),
        recv(timeout) -> value => assert!(value.is_ok()),
        default => unreachable!(),
    }
    mover.join().unwrap();
}
