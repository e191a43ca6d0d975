//! Timers: functions that panic, stops and resets at any time, channels that go while a value is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gosync::chan::{Ticker, Timer, after, after_func, select};

use crate::ledger::Ledger;
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject};

pub(crate) fn everything(run: &Run) {
    for number in run.rounds() {
        let ledger = Ledger::new(64);
        let calls = Arc::new(AtomicUsize::new(0));
        let mut expected = 0;
        thread::scope(|s| {
            for i in 0..2 {
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + i);
                    for _ in 0..8 {
                        at_channel(&mut rng);
                    }
                    run.settle();
                    done();
                });
            }
            let mut rng = Rng::new(100 * number + 50);
            for _ in 0..4 {
                doing("after_func");
                let (value, panics, calls) = (ledger.value("after_func"), rng.one_in(3), Arc::clone(&calls));
                let func = after_func(rng.tiny(), move || {
                    let _value = &value;
                    calls.fetch_add(1, Ordering::Relaxed);
                    if panics {
                        inject();
                    }
                });
                match rng.below(3) {
                    0 if func.stop() => fault(),
                    1 => {
                        doing("reset");
                        expected += 1 + usize::from(!func.reset(Duration::ZERO));
                        continue;
                    }
                    _ => expected += 1,
                }
            }
        });
        doing("wait for the functions");
        while calls.load(Ordering::Relaxed) < expected {
            thread::sleep(Duration::from_micros(50));
        }
        // A function that panicked stops no other.
        doing("receive");
        after(Duration::ZERO).recv().unwrap();
        run.expect(calls.load(Ordering::Relaxed) == expected, || format!("{calls:?} calls, not {expected}"));
        run.settle();
    }
    done();
}

fn at_channel(rng: &mut Rng) {
    let (timer, ticker) = (Timer::new(rng.tiny()), Ticker::new(rng.tiny() + Duration::from_micros(1)));
    let (rx, ticks) = (timer.channel().clone(), ticker.channel().clone());
    match rng.below(4) {
        0 => {
            fault();
            drop(timer);
        }
        1 => drop(timer.stop()),
        2 => drop(timer.reset(rng.tiny())),
        _ => {}
    }
    doing("select!, timers");
    let timeout = rng.tiny();
    select! {
        recv(rx) -> _ => {}
        recv(ticks) -> _ => {}
        default(timeout) => {}
    }
}
