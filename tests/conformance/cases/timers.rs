//! Timers, tickers, functions at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{Chan, Receiver, Ticker, Timer, TryRecvError, after, after_func, select, tick};

use super::states::received;
use crate::play::{Case, case};

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(1);

/// Gives a timer the time that it needs.
fn due() {
    thread::sleep(3 * SOON);
}

fn fired(c: &Receiver<Instant>) -> &'static str {
    match c.try_recv() {
        Ok(_) => "fired",
        Err(TryRecvError::Empty) => "default",
        Err(TryRecvError::Disconnected) => "end",
    }
}

fn wait(c: &Receiver<Instant>) -> String {
    c.recv().unwrap();
    "fired".to_owned()
}

pub(crate) fn cases() -> Vec<Case> {
    [timers(), tickers(), functions()].into_iter().flatten().collect()
}

fn timers() -> Vec<Case> {
    vec![
        case("timer, len and cap", |p| {
            let t = Timer::new(Duration::ZERO);
            due();
            p.say(format!("len {}", t.channel().len()));
            p.say(format!("cap {}", t.channel().capacity().unwrap()));
        }),
        case("timer, fires once", |p| {
            let t = Timer::new(Duration::ZERO);
            wait(t.channel());
            due();
            p.say(fired(t.channel()));
        }),
        case("timer, negative duration", |p| p.say(wait(Timer::new(Duration::ZERO).channel()))),
        case("timer, stopped in time", |p| {
            let t = Timer::new(HOUR);
            p.say(t.stop());
            p.say(t.stop());
            p.say(fired(t.channel()));
        }),
        case("timer, stopped when due", |p| {
            let t = Timer::new(Duration::ZERO);
            due();
            p.say(t.stop());
            p.say(fired(t.channel()));
            p.say(t.stop());
        }),
        case("timer, stopped after its value", |p| {
            let t = Timer::new(Duration::ZERO);
            due();
            p.say(fired(t.channel()));
            p.say(t.stop());
        }),
        case("timer, reset in time", |p| {
            let t = Timer::new(HOUR);
            p.say(t.reset(Duration::ZERO));
            due();
            p.say(fired(t.channel()));
            p.say(fired(t.channel()));
        }),
        case("timer, reset when due", |p| {
            let t = Timer::new(Duration::ZERO);
            due();
            p.say(t.reset(HOUR));
            p.say(fired(t.channel()));
            p.say(t.stop());
        }),
        case("timer, reset after its value", |p| {
            let t = Timer::new(Duration::ZERO);
            wait(t.channel());
            p.say(t.reset(Duration::ZERO));
            due();
            p.say(fired(t.channel()));
        }),
        case("timer, reset after stop", |p| {
            let t = Timer::new(HOUR);
            t.stop();
            p.say(t.reset(Duration::ZERO));
            due();
            p.say(fired(t.channel()));
        }),
        case("timer, a receiver waits and it is stopped", |p| {
            let t = Timer::new(HOUR);
            let rx = t.channel().clone();
            let waiter = p.start(move || wait(&rx));
            p.say(t.stop());
            p.see(&waiter);
        }),
        case("timer, a receiver waits and it is reset", |p| {
            let t = Timer::new(HOUR);
            let rx = t.channel().clone();
            let waiter = p.start(move || wait(&rx));
            p.say(t.reset(SOON));
            p.see(&waiter);
        }),
        case("timer, two receivers wait", |p| {
            let t = Timer::new(SOON);
            let results = Chan::new(2);
            for _ in 0..2 {
                let (rx, results) = (t.channel().clone(), results.clone());
                thread::spawn(move || {
                    wait(&rx);
                    results.send(1).unwrap();
                });
            }
            results.recv().unwrap();
            due();
            p.say(results.len());
        }),
        case("timer, beyond what the clock can tell", |p| {
            let t = Timer::new(Duration::MAX);
            due();
            p.say(fired(t.channel()));
            p.say(t.stop());
        }),
        case("after", |p| p.say(wait(&after(SOON)))),
        case("after, two in order", |p| {
            let (slow, fast) = (after(5 * SOON), after(SOON));
            let mut order = String::new();
            for _ in 0..2 {
                select! {
                    recv(slow) -> _ => order += "slow ",
                    recv(fast) -> _ => order += "fast ",
                }
            }
            p.say(order);
        }),
    ]
}

fn tickers() -> Vec<Case> {
    vec![
        case("ticker, drops ticks that nobody takes", |p| {
            let t = Ticker::new(Duration::from_millis(200));
            thread::sleep(Duration::from_millis(500));
            p.say(fired(t.channel()));
            p.say(fired(t.channel()));
        }),
        case("ticker, goes on", |p| {
            let t = Ticker::new(SOON);
            (0..3).for_each(|_| drop(wait(t.channel())));
            p.say("three");
        }),
        case("ticker, stopped", |p| {
            let t = Ticker::new(SOON);
            due();
            t.stop();
            p.say(fired(t.channel()));
            due();
            p.say(fired(t.channel()));
            let rx = t.channel().clone();
            let waiter = p.start(move || wait(&rx));
            p.see(&waiter);
        }),
        case("ticker, reset after stop", |p| {
            let t = Ticker::new(HOUR);
            t.stop();
            t.reset(SOON);
            wait(t.channel());
            wait(t.channel());
            p.say("two");
        }),
        case("ticker, reset to a longer period", |p| {
            let t = Ticker::new(SOON);
            due();
            t.reset(HOUR);
            p.say(fired(t.channel()));
        }),
        case("ticker, no period", |p| {
            p.run(|| {
                let _ = Ticker::new(Duration::ZERO);
                "made".to_owned()
            });
            p.run(|| {
                Ticker::new(HOUR).reset(Duration::ZERO);
                "reset".to_owned()
            });
        }),
        case("tick, no period", |p| p.say(fired(&tick(Duration::ZERO)))),
    ]
}

fn functions() -> Vec<Case> {
    vec![
        case("function, called once", |p| {
            let c = Chan::new(9);
            let tx = c.clone();
            let t = after_func(Duration::ZERO, move || tx.send(1).unwrap());
            p.say(received(c.recv()));
            p.say(t.stop());
            due();
            p.say(c.len());
        }),
        case("function, stopped in time", |p| {
            let calls = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&calls);
            let t = after_func(HOUR, move || {
                count.fetch_add(1, Ordering::Relaxed);
            });
            p.say(t.stop());
            p.say(t.stop());
            p.say(calls.load(Ordering::Relaxed));
        }),
        case("function, set again", |p| {
            let c = Chan::new(9);
            let tx = c.clone();
            let t = after_func(HOUR, move || tx.send(1).unwrap());
            p.say(t.reset(Duration::ZERO));
            p.say(received(c.recv()));
            p.say(t.reset(Duration::ZERO));
            p.say(received(c.recv()));
            p.say(t.reset(HOUR));
            p.say(t.reset(HOUR));
            p.say(t.stop());
        }),
        case("function, waits for nobody", |p| {
            let (c, d) = (Chan::new(0), Chan::new(0));
            let (rx, tx) = (c.clone(), d.clone());
            let _first = after_func(Duration::ZERO, move || {
                rx.recv().unwrap();
                tx.send(1).unwrap();
            });
            let _second = after_func(SOON, move || c.send(1).unwrap());
            p.say(received(d.recv()));
        }),
    ]
}
