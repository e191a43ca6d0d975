//! `errgroup` and `singleflight`: functions, futures, comparisons, clones and drops that panic.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gosync::context::Context;
use gosync::{OncePanic, errgroup, singleflight};

use crate::ledger::{Ledger, Live};
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, is_fault, playing, survive};
use crate::task::{Cruelty, torment};

fn cruelty() -> Cruelty {
    Cruelty { drops: true, forgets: false, patience: Duration::from_micros(50) }
}

const LIMIT: usize = 2;

pub(crate) fn errgroup(run: &Run) {
    for number in run.rounds() {
        playing(format!("errgroup, round {number}"));
        let mut rng = Rng::new(100 * number);
        let ledger = Ledger::new(64);
        let (group, context) = errgroup::Group::with_context(&Context::background());
        let limited = rng.one_in(2);
        if limited {
            group.set_limit(LIMIT);
        }
        let active = Arc::new(AtomicUsize::new(0));
        let (mut panics, mut errors) = (0, 0);
        for _ in 0..1 + rng.below(5) {
            let fate = rng.below(4);
            let (value, active) = (ledger.value("errgroup"), Arc::clone(&active));
            let work = move || {
                let _value = &value;
                let most = active.fetch_add(1, Ordering::Relaxed) + 1;
                thread::yield_now();
                active.fetch_sub(1, Ordering::Relaxed);
                match fate {
                    0 => inject(),
                    1 => {
                        fault();
                        Err("boom".into())
                    }
                    _ if limited && most > LIMIT => Err("more than the limit".into()),
                    _ => Ok(()),
                }
            };
            let ran = match rng.below(3) {
                0 => {
                    doing("go");
                    group.go(work);
                    true
                }
                1 => {
                    doing("try_go");
                    group.try_go(work).is_ok()
                }
                _ => {
                    doing("task");
                    let started = Arc::new(AtomicUsize::new(0));
                    let flag = Arc::clone(&started);
                    let future = group.task(async move {
                        flag.store(1, Ordering::Relaxed);
                        work()
                    });
                    // One that is dropped counts as done.
                    survive(|| torment(future, cruelty(), &mut rng));
                    started.load(Ordering::Relaxed) == 1
                }
            };
            panics += usize::from(ran && fate == 0);
            errors += usize::from(ran && fate == 1);
        }
        doing("wait");
        match catch_unwind(AssertUnwindSafe(|| group.wait())) {
            Err(payload) if is_fault(&*payload) => run.expect(panics > 0, || "a panic of nobody's".to_owned()),
            Err(payload) => resume_unwind(payload),
            Ok(Err(error)) => run.expect(errors > 0 && panics == 0 && error.to_string() == "boom", || {
                format!("{error} after {errors} errors and {panics} panics")
            }),
            Ok(Ok(())) => run.expect(errors + panics == 0, || format!("{errors} errors, {panics} panics, none told")),
        }
        run.expect(context.err().is_some(), || "not cancelled after a wait".to_owned());
        // All slots are free: nothing is active.
        group.set_limit(LIMIT);
        drop(group);
        ledger.check(run, 0);
        run.settle();
    }
    done();
}

/// A key whose comparison panics now and then.
struct Key {
    id: usize,
    armed: bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        if (self.armed || other.armed) && !thread::panicking() {
            inject();
        }
        self.id == other.id
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// A result whose clone panics now and then.
struct Made {
    value: Arc<Live>,
    armed: bool,
}

impl Clone for Made {
    fn clone(&self) -> Made {
        if self.armed && !thread::panicking() {
            inject();
        }
        Made { value: Arc::clone(&self.value), armed: false }
    }
}

/// As `survive`, for calls that share what has panicked.
fn outlive<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => Some(result),
        Err(payload) if is_fault(&*payload) || payload.is::<OncePanic>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

const THREADS: usize = 4;
const CALLS: usize = 25;

pub(crate) fn singleflight(run: &Run) {
    for number in run.rounds() {
        playing(format!("singleflight, round {number}"));
        let ledger = &Ledger::new(THREADS * CALLS + 2);
        let owned = Arc::new(singleflight::Group::<Key, Made>::new());
        let group = &owned;
        thread::scope(|s| {
            for i in 0..THREADS {
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + i);
                    (0..CALLS).for_each(|_| call(run, group, ledger, &mut rng));
                    run.settle();
                    done();
                });
            }
        });
        // Whatever has panicked, both keys can be called.
        for id in 0..2 {
            doing("call at the end");
            let new = Made { value: Arc::new(ledger.value("call at the end")), armed: false };
            outlive(|| group.forget(&Key { id, armed: false }));
            let made = outlive(|| group.call(Key { id, armed: false }, || new));
            drop(made);
        }
        // Entries whose comparison has panicked are dropped with the group, of which functions on other threads have one.
        doing("wait for the threads");
        while Arc::strong_count(group) > 1 {
            thread::sleep(Duration::from_micros(50));
        }
        drop(owned);
        ledger.check_soon(run);
        run.settle();
    }
    done();
}

fn call(run: &Run, group: &Arc<singleflight::Group<Key, Made>>, ledger: &Arc<Ledger>, rng: &mut Rng) {
    let key = Key { id: rng.below(2), armed: rng.one_in(24) };
    let (panics, armed, value) = (rng.one_in(6), rng.one_in(6), ledger.value("singleflight"));
    let make = move || {
        thread::yield_now();
        if panics { inject() } else { Made { value: Arc::new(value), armed } }
    };
    let made = match rng.below(4) {
        0 => {
            doing("call");
            outlive(|| group.call(key, make).0)
        }
        1 => {
            doing("call_async");
            outlive(|| torment(group.call_async(key, async { make() }), cruelty(), rng));
            None
        }
        2 => {
            doing("call_chan");
            outlive(|| group.call_chan(key, make)).and_then(|receiver| receiver.recv().ok()).map(|(made, _)| made)
        }
        _ => {
            doing("forget");
            outlive(|| group.forget(&key));
            None
        }
    };
    run.expect(made.is_none_or(|made| ledger.knows(made.value.id)), || "a value of nobody's".to_owned());
}
