//! `semaphore::Weighted`: sections that panic, contexts that are cancelled, futures that are dropped, permits that are leaked.

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gosync::context::Context;
use gosync::semaphore::{Permit, Weighted};

use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, survive};
use crate::task::{Cruelty, torment};

const THREADS: usize = 4;
const SECTIONS: usize = 50;
const SIZE: usize = 3;

pub(crate) fn everything(run: &Run) {
    for number in run.rounds() {
        let (semaphore, in_use) = (&Weighted::new(SIZE), &AtomicUsize::new(0));
        thread::scope(|s| {
            for i in 0..THREADS {
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + i);
                    (0..SECTIONS).for_each(|_| one(run, semaphore, in_use, &mut rng));
                    run.settle();
                    done();
                });
            }
        });
        run.expect(semaphore.try_acquire(SIZE), || format!("permits are lost: {semaphore:?}"));
        doing("release too many");
        fault();
        let refused = catch_unwind(AssertUnwindSafe(|| semaphore.release(SIZE + 1))).is_err();
        run.expect(refused && !semaphore.try_acquire(1), || "more than are held".to_owned());
        doing("forget");
        fault();
        let leaky = Weighted::new(1);
        forget(leaky.try_permit(1));
        run.expect(!leaky.acquire_timeout(1, Duration::ZERO), || "a leaked permit".to_owned());
        leaky.release(1);
        run.expect(leaky.try_acquire(1), || "a leaked permit that was given back".to_owned());
    }
    done();
}

fn one(run: &Run, semaphore: &Weighted, in_use: &AtomicUsize, rng: &mut Rng) {
    let (n, panics, timeout) = (1 + rng.below(SIZE), rng.one_in(8), rng.tiny());
    let section = |permit: Permit<'_>| {
        let before = in_use.fetch_add(n, Ordering::Relaxed);
        run.expect(before + n <= SIZE, || format!("{} of {SIZE}", before + n));
        thread::yield_now();
        in_use.fetch_sub(n, Ordering::Relaxed);
        run.expect(permit.count() == n, || "another permit".to_owned());
        if panics {
            inject();
        }
    };
    match rng.below(6) {
        0 => {
            doing("permit");
            survive(|| semaphore.permit(&Context::background(), n).map(section));
        }
        1 => {
            doing("try_permit");
            survive(|| semaphore.try_permit(n).map(section));
        }
        2 => {
            doing("permit_timeout");
            survive(|| semaphore.permit_timeout(n, timeout).map(section));
        }
        3 => {
            doing("permit, a deadline");
            fault();
            let (context, _cancel) = Context::background().with_timeout(timeout);
            survive(|| semaphore.permit(&context, n).map(section));
        }
        _ => {
            doing("permit_async");
            let cruelty = Cruelty { drops: true, forgets: false, patience: Duration::from_micros(50) };
            let future = async { section(semaphore.permit_async(n).await) };
            survive(|| torment(future, cruelty, rng));
        }
    }
}
