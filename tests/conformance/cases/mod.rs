//! The twins of `go/*.go`, case by case under the same names.

mod atomics;
mod channels;
mod cond;
mod context;
mod errgroup;
mod locks;
mod maps;
mod once;
mod pools;
mod rwmutex;
mod selects;
mod semaphore;
mod singleflight;
mod states;
mod timers;
mod waitgroup;

use crate::play::Case;

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(atomics::cases());
    cases.extend(states::cases());
    cases.extend(channels::cases());
    cases.extend(locks::cases());
    cases.extend(rwmutex::cases());
    cases.extend(cond::cases());
    cases.extend(once::cases());
    cases.extend(waitgroup::cases());
    cases.extend(maps::cases());
    cases.extend(pools::cases());
    cases.extend(context::cases());
    cases.extend(errgroup::cases());
    cases.extend(semaphore::cases());
    cases.extend(singleflight::cases());
    cases.extend(selects::cases());
    cases.extend(timers::cases());
    cases
}
