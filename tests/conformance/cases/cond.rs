//! `Cond`, with locks in Go's own shape.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gosync::{Cond, Mutex, RawMutex, RawRwMutex};

use crate::play::{Case, Play, Task, case};

/// A condition, its lock, and how many were woken.
#[derive(Default)]
struct Place {
    cond: Cond,
    lock: RawMutex,
    woken: AtomicUsize,
}

impl Place {
    fn new() -> Arc<Place> {
        Arc::default()
    }

    fn wait(&self) {
        self.lock.lock();
        self.cond.wait(&mut &self.lock);
    }
}

/// Waits once, and says which number it was woken as.
fn wait_on(p: &Play, place: &Arc<Place>) -> Task {
    let place = Arc::clone(place);
    p.start(move || {
        place.wait();
        let n = place.woken.fetch_add(1, Ordering::Relaxed) + 1;
        place.lock.unlock();
        format!("woken {n}")
    })
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("cond, nobody waits", |p| {
            let place = Place::new();
            place.cond.signal();
            place.cond.broadcast();
            let task = wait_on(p, &place);
            p.see(&task);
        }),
        case("cond, a signal wakes one", |p| {
            let place = Place::new();
            let tasks = [wait_on(p, &place), wait_on(p, &place)];
            for _ in 0..2 {
                place.cond.signal();
                p.see(&tasks);
            }
        }),
        case("cond, signals wake in the order of the waits", |p| {
            let place = Place::new();
            let tasks = [wait_on(p, &place), wait_on(p, &place), wait_on(p, &place)];
            for _ in &tasks {
                place.cond.signal();
                p.see(&tasks);
            }
        }),
        case("cond, a broadcast wakes all", |p| {
            let place = Place::new();
            let wait = {
                let place = Arc::clone(&place);
                move |_| {
                    place.wait();
                    place.lock.unlock();
                    "woken".to_owned()
                }
            };
            let tasks = p.start_all(3, wait.clone());
            place.cond.broadcast();
            p.see(&tasks);
            let late = p.start(move || wait(0));
            p.see(&late);
        }),
        case("cond, a wait releases the lock", |p| {
            let place = Place::new();
            let task = wait_on(p, &place);
            p.say(place.lock.try_lock());
            place.cond.signal();
            p.see(&task);
            place.lock.unlock();
            p.see(&task);
            p.say(place.lock.try_lock());
        }),
        case("cond, signalled with the lock held", |p| {
            let place = Place::new();
            let task = wait_on(p, &place);
            place.lock.lock();
            place.cond.signal();
            p.see(&task);
            place.lock.unlock();
            p.see(&task);
        }),
        case("cond, a loop over a condition", |p| {
            let place = Arc::new((Mutex::new(0), Cond::new()));
            let task = p.start({
                let place = Arc::clone(&place);
                move || {
                    let mut n = place.0.lock();
                    place.1.wait_while(&mut n, |n| *n < 2);
                    format!("saw {n}")
                }
            });
            for _ in 0..2 {
                *place.0.lock() += 1;
                place.1.signal();
                p.see(&task);
            }
        }),
        case("cond, of an rwmutex", |p| {
            let place = Arc::new((RawRwMutex::new(), Cond::new()));
            let task = p.start({
                let place = Arc::clone(&place);
                move || {
                    place.0.lock();
                    place.1.wait(&mut &place.0);
                    place.0.unlock();
                    "woken 1".to_owned()
                }
            });
            p.say(format!("{} {}", place.0.try_rlock(), place.0.try_lock()));
            place.1.broadcast();
            p.see(&task);
            place.0.runlock();
            p.see(&task);
            p.say(place.0.try_lock());
        }),
        case("cond, waits without the lock", |p| {
            p.run(|| {
                Cond::new().wait(&mut &RawMutex::new());
                "woken".to_owned()
            });
        }),
    ]
}
