//! `Mutex` and `WaitGroup`: sections and tasks that panic, futures that are dropped, changes that are refused.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gosync::{Mutex, RawMutex, WaitGroup};

use crate::ledger::Ledger;
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, survive};
use crate::task::{Cruelty, End, torment};

const THREADS: usize = 4;
const SECTIONS: usize = 50;

fn cruelty() -> Cruelty {
    Cruelty { drops: true, forgets: false, patience: Duration::from_micros(50) }
}

/// Two numbers that are equal outside of sections, and are so again when a section panics.
#[derive(Default)]
pub(crate) struct Pair(pub(crate) [usize; 2]);

impl Pair {
    pub(crate) fn is_equal(&self) -> bool {
        self.0[0] == self.0[1]
    }

    pub(crate) fn step(&mut self, panics: bool) -> bool {
        let same = self.is_equal();
        self.0[0] += 1;
        std::hint::black_box(&mut self.0);
        self.0[1] += 1;
        if panics {
            inject();
        }
        same
    }
}

pub(crate) fn mutex(run: &Run) {
    for number in run.rounds() {
        let (mutex, raw) = (&Mutex::new(Pair::default()), &RawMutex::new());
        let sections: usize = thread::scope(|s| {
            let threads: Vec<_> = (0..THREADS)
                .map(|i| {
                    s.spawn(move || {
                        let mut rng = Rng::new(100 * number + i);
                        let count = (0..SECTIONS).filter(|_| section(run, mutex, raw, &mut rng)).count();
                        run.settle();
                        done();
                        count
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        doing("lock");
        run.expect(mutex.lock().0 == [sections; 2], || format!("not {sections} sections"));
        run.expect(mutex.try_lock().is_some() && raw.try_lock(), || "locked at the end".to_owned());
    }
    done();
}

/// One try to run a section; whether it ran.
fn section(run: &Run, mutex: &Mutex<Pair>, raw: &RawMutex, rng: &mut Rng) -> bool {
    let panics = rng.one_in(8);
    let mut ran = false;
    let mut step = |pair: &mut Pair| {
        ran = true;
        let same = pair.step(panics);
        run.expect(same, || "two sections at once".to_owned());
    };
    match rng.below(6) {
        0 => {
            doing("lock");
            survive(|| step(&mut mutex.lock()));
        }
        1 => {
            doing("try_lock");
            survive(|| mutex.try_lock().map(|mut guard| step(&mut guard)));
        }
        2 => {
            doing("lock_timeout");
            let timeout = rng.tiny();
            survive(|| mutex.lock_timeout(timeout).map(|mut guard| step(&mut guard)));
        }
        3 => {
            // An unlock of what is not locked is refused, and what is locked goes on. Held by this thread, so it is known.
            doing("unlock twice");
            raw.lock();
            raw.unlock();
        }
        _ => {
            doing("lock_async");
            let future = async {
                let mut guard = mutex.lock_async().await;
                step(&mut guard);
            };
            survive(|| matches!(torment(future, cruelty(), rng), End::Ready(())));
        }
    }
    ran
}

/// The most that a group counts.
const MOST: isize = (u32::MAX >> 3) as isize;

pub(crate) fn waitgroup(run: &Run) {
    for number in run.rounds() {
        let mut rng = Rng::new(100 * number);
        let group = Arc::new(WaitGroup::new());
        let ledger = Ledger::new(64);
        let mut bad = 0;
        for _ in 0..rng.below(4) {
            let (value, panics) = (ledger.value("go"), rng.one_in(3));
            bad += usize::from(panics);
            doing("go");
            group.go(move || {
                let _value = &value;
                if panics {
                    inject();
                }
            });
        }
        // Changes out of the range, while tasks run.
        if rng.one_in(2) {
            fault();
            doing("add too much");
            let refused = std::panic::catch_unwind(|| group.add(isize::MAX));
            run.expect(refused.is_err(), || "more than it can count".to_owned());
        }
        thread::scope(|s| {
            for i in 0..2 {
                let group = &group;
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + 50 + i);
                    for _ in 0..4 {
                        doing("wait_async");
                        // It may report a panic, or the end, or be dropped.
                        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                            torment(group.wait_async(), cruelty(), &mut rng);
                        }));
                        drop(end);
                        doing("wait_timeout");
                        let timeout = rng.tiny();
                        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| group.wait_timeout(timeout))));
                    }
                    run.settle();
                    done();
                });
            }
        });
        doing("wait");
        let reported = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| group.wait())).is_err();
        run.expect(reported == (bad > 0), || format!("{bad} tasks panicked, reported: {reported}"));
        ledger.check(run, 0);
        if group.clear_panicked() != (bad > 0) {
            run.violation("clear_panicked");
        }
        // It is as new.
        doing("wait");
        group.wait();
        fault();
        let refused = std::panic::catch_unwind(|| group.done());
        run.expect(refused.is_err(), || "negative".to_owned());
        group.add(MOST);
        group.add(-MOST);
        group.wait();
        run.settle();
    }
    done();
}
