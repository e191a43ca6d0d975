//! `Once`, `OnceValue`, `OnceFunc`: functions that panic, captured values, callers on every thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::{Once, OnceFunc, OnceValue};

use crate::ledger::Ledger;
use crate::rng::Rng;
use crate::run::{Run, doing, done, inject, survive};

const THREADS: usize = 4;

pub(crate) fn everything(run: &Run) {
    for number in run.rounds() {
        let mut rng = Rng::new(100 * number);
        let panics = rng.one_in(2);
        let ledger = Ledger::new(8);
        let calls = &AtomicUsize::new(0);
        let returns = &AtomicUsize::new(0);
        let captured = [ledger.value("captured"), ledger.value("captured")];
        let [first, second] = captured;
        let once = &Once::new();
        let made = Arc::clone(&ledger);
        let value = &OnceValue::new(move || {
            let _first = &first;
            calls.fetch_add(1, Ordering::Relaxed);
            if panics { inject() } else { made.value("made") }
        });
        let func = &OnceFunc::new(move || {
            let _second = &second;
            calls.fetch_add(1, Ordering::Relaxed);
            if panics {
                inject();
            }
        });
        thread::scope(|s| {
            for _ in 0..THREADS {
                s.spawn(move || {
                    doing("call_once");
                    survive(|| {
                        once.call_once(|| {
                            calls.fetch_add(1, Ordering::Relaxed);
                            if panics {
                                inject();
                            }
                        });
                    });
                    run.expect(once.is_completed(), || "call_once returned too soon".to_owned());
                    // Only the first caller gets the payload; the others get a panic of its own.
                    doing("get");
                    let got = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| value.get().id));
                    run.expect(got.is_err() == panics, || "a get that should not end so".to_owned());
                    doing("call");
                    let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| func.call()));
                    run.expect(called.is_err() == panics, || "a call that should not end so".to_owned());
                    returns.fetch_add(1, Ordering::Relaxed);
                    run.settle();
                    done();
                });
            }
        });
        run.expect(calls.load(Ordering::Relaxed) == 3, || format!("{calls:?} calls"));
        run.expect(returns.load(Ordering::Relaxed) == THREADS, || format!("{returns:?} returns"));
        run.settle();
        if !panics {
            run.expect(ledger.knows(value.get().id), || "no value".to_owned());
        }
        // Both go with the end of this block; the ledger is asked in the next one.
        let later = Arc::clone(&ledger);
        LAST.with_borrow_mut(|last| {
            if let Some(ledger) = last.replace(later) {
                ledger.check(run, 0);
            }
        });
    }
    done();
}

thread_local! {
    /// The ledger of the round before.
    static LAST: std::cell::RefCell<Option<Arc<Ledger>>> = const { std::cell::RefCell::new(None) };
}
