//! `Cond`: predicates that panic, waits that time out, futures that are dropped. A signal is for one who waits, and no
//! fault swallows it: those who wait without a deadline get all that is there for them.

use std::thread;
use std::time::Duration;

use gosync::{Cond, Mutex};

use crate::ledger::{Ledger, Live};
use crate::rng::Rng;
use crate::run::{Run, doing, done, inject, playing, survive};
use crate::task::{Cruelty, End, torment};

const PATIENT: usize = 2;
const CRUEL: usize = 2;
const QUOTA: usize = 30;

struct Store {
    values: Mutex<Vec<Live>>,
    not_empty: Cond,
}

impl Store {
    /// A waker that panics does so here, when all were woken.
    fn signal(&self) {
        survive(|| self.not_empty.signal());
    }
}

pub(crate) fn everything(run: &Run) {
    for number in run.rounds() {
        playing(format!("cond, round {number}"));
        let ledger = &Ledger::new(PATIENT * QUOTA);
        let store = &Store { values: Mutex::default(), not_empty: Cond::new() };
        thread::scope(|s| {
            for i in 0..PATIENT {
                s.spawn(move || {
                    take_all(store, &mut Rng::new(100 * number + i));
                    run.settle();
                    done();
                });
            }
            for i in 0..CRUEL {
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + 50 + i);
                    (0..QUOTA).for_each(|_| disturb(store, &mut rng));
                    run.settle();
                    done();
                });
            }
            let mut rng = Rng::new(100 * number + 99);
            for _ in 0..PATIENT * QUOTA {
                doing("signal");
                survive(|| store.values.lock().push(ledger.value("signal")));
                if rng.one_in(8) {
                    survive(|| store.not_empty.broadcast());
                } else {
                    store.signal();
                }
                rng.pause();
            }
            run.settle();
        });
        run.expect(store.values.lock().is_empty(), || "values are left".to_owned());
        run.expect(!store.not_empty.signal(), || "somebody waits at the end".to_owned());
        ledger.check(run, 0);
    }
    done();
}

/// Takes its share, and waits for it without a deadline.
fn take_all(store: &Store, rng: &mut Rng) {
    let mut taken = 0;
    while taken < QUOTA {
        let panics = rng.one_in(6);
        // Outside: a guard whose drop panics, by somebody's waker, would have it leaked.
        let mut value = None;
        doing("wait_while");
        survive(|| {
            let mut values = store.values.lock();
            store.not_empty.wait_while(&mut values, |values| values.is_empty());
            value = values.pop();
            if panics {
                inject();
            }
        });
        taken += usize::from(value.is_some());
    }
}

/// Waits and takes nothing. What it was woken for is for somebody else.
fn disturb(store: &Store, rng: &mut Rng) {
    let (panics, timeout) = (rng.one_in(4), rng.tiny());
    match rng.below(3) {
        0 => {
            doing("wait_timeout");
            let mut called = false;
            survive(|| {
                let mut values = store.values.lock();
                called = store.not_empty.wait_timeout(&mut values, timeout);
            });
            if called {
                store.signal();
            }
        }
        1 => {
            doing("wait_timeout_while");
            let mut rounds = 0;
            survive(|| {
                let mut values = store.values.lock();
                store.not_empty.wait_timeout_while(&mut values, timeout, |_| {
                    rounds += 1;
                    if panics && rounds == 2 {
                        inject();
                    }
                    rounds < 3
                })
            });
            // It may have been called as often as that.
            (1..rounds).for_each(|_| store.signal());
        }
        _ => {
            doing("wait_async");
            let cruelty = Cruelty { drops: true, forgets: false, patience: Duration::from_micros(50) };
            let guard = store.values.lock();
            let end = survive(|| torment(store.not_empty.wait_async(guard), cruelty, rng));
            match end {
                Some(End::Ready(guard)) => {
                    survive(|| drop(guard));
                    store.signal();
                }
                // The signal that it got, if it got one, went to the next. But a waker that panics in its drop, or in a
                // poll, may be that of an unlock that came before.
                Some(_) => {}
                None => store.signal(),
            }
        }
    }
}
