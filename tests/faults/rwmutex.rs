//! `RwMutex`: sections, maps and downgrades that panic while others wait, futures that are dropped, guards that are leaked.

use std::future::Future;
use std::mem::forget;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use gosync::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};

use crate::locks::Pair;
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, survive};
use crate::task::{Cruelty, End, torment};

const THREADS: usize = 4;
const SECTIONS: usize = 50;

fn cruelty() -> Cruelty {
    Cruelty { drops: true, forgets: false, patience: Duration::from_micros(50) }
}

pub(crate) fn everything(run: &Run) {
    for number in run.rounds() {
        let lock = &RwMutex::new(Pair::default());
        let sections: usize = thread::scope(|s| {
            let threads: Vec<_> = (0..THREADS)
                .map(|i| {
                    s.spawn(move || {
                        let mut rng = Rng::new(100 * number + i);
                        let count = (0..SECTIONS).filter(|_| one(run, lock, &mut rng)).count();
                        run.settle();
                        done();
                        count
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        doing("write");
        run.expect(lock.write().0 == [sections; 2], || format!("not {sections} sections"));
        run.expect(lock.try_write().is_some(), || "locked at the end".to_owned());
        leaked(run);
    }
    done();
}

/// One section of a reader or a writer; whether a writer's ran.
fn one(run: &Run, lock: &RwMutex<Pair>, rng: &mut Rng) -> bool {
    if rng.one_in(2) {
        read(run, lock, rng);
        return false;
    }
    let (panics, way, fate, timeout) = (rng.one_in(8), rng.below(5), rng.below(6), rng.tiny());
    let mut ran = false;
    let mut section = |mut guard: RwMutexWriteGuard<'_, Pair>| {
        ran = true;
        let same = guard.step(panics && fate > 2);
        run.expect(same, || "a writer was not alone".to_owned());
        match fate {
            0 => {
                let mut both = RwMutexWriteGuard::map(guard, |pair| if panics { inject() } else { &mut pair.0 });
                both.reverse();
            }
            1 => {
                let part =
                    RwMutexWriteGuard::filter_map(guard, |pair| if panics { inject() } else { pair.0.get_mut(7) });
                run.expect(part.is_err(), || "a pair has two".to_owned());
            }
            2 => {
                let guard = RwMutexWriteGuard::downgrade(guard);
                run.expect(guard.is_equal(), || "a writer beside a downgrade".to_owned());
                if panics {
                    inject();
                }
            }
            _ => {}
        }
    };
    match way {
        0 => {
            doing("write");
            // Without a deadline it gets the lock, whatever the wakers do of those that it lets in.
            let guard = lock.write();
            survive(|| section(guard));
        }
        1 => {
            doing("try_write");
            survive(|| lock.try_write().map(&mut section));
        }
        2 => {
            doing("write_timeout");
            survive(|| lock.write_timeout(timeout).map(&mut section));
        }
        _ => {
            doing("write_async");
            let future = async { section(lock.write_async().await) };
            survive(|| matches!(torment(future, cruelty(), rng), End::Ready(())));
        }
    }
    ran
}

fn read(run: &Run, lock: &RwMutex<Pair>, rng: &mut Rng) {
    let (panics, way, fate, timeout) = (rng.one_in(8), rng.below(5), rng.below(3), rng.tiny());
    let section = |guard: RwMutexReadGuard<'_, Pair>| {
        run.expect(guard.is_equal(), || "a reader beside a writer".to_owned());
        match fate {
            0 => {
                let both = RwMutexReadGuard::map(guard, |pair| if panics { inject() } else { &pair.0 });
                run.expect(both[0] == both[1], || "a reader beside a writer".to_owned());
            }
            _ if panics => inject(),
            _ => {}
        }
    };
    match way {
        0 => {
            doing("read");
            survive(|| section(lock.read()));
        }
        1 => {
            doing("try_read");
            survive(|| lock.try_read().map(section));
        }
        2 => {
            doing("read_timeout");
            survive(|| lock.read_timeout(timeout).map(section));
        }
        _ => {
            doing("read_async");
            let future = async { section(lock.read_async().await) };
            survive(|| torment(future, cruelty(), rng));
        }
    }
}

/// Guards and futures that are forgotten keep the lock, or their place; and that is all.
fn leaked(run: &Run) {
    doing("forget");
    let mut context = Context::from_waker(Waker::noop());
    let lock = RwMutex::new(0);
    fault();
    forget(lock.read());
    run.expect(lock.try_write().is_none() && lock.try_read().is_some(), || "a leaked reader".to_owned());
    run.expect(lock.write_timeout(Duration::ZERO).is_none(), || "a leaked reader".to_owned());
    fault();
    let mut writer = Box::pin(lock.write_async());
    run.expect(writer.as_mut().poll(&mut context).is_pending(), || "beside a leaked reader".to_owned());
    forget(writer);
    run.expect(lock.read_timeout(Duration::ZERO).is_none(), || "a writer waits".to_owned());
    run.expect(pin!(lock.read_async()).poll(&mut context).is_pending(), || "a writer waits".to_owned());
    let lock = RwMutex::new(0);
    fault();
    forget(lock.write());
    run.expect(lock.try_read().is_none() && lock.try_write().is_none(), || "a leaked writer".to_owned());
    run.expect(lock.into_inner() == 0, || "its value".to_owned());
}
