//! `RawRwMutex`: Go's program locks and unlocks as it likes.

use std::sync::Arc;

use gosync::RawRwMutex;

use crate::play::{Case, Play, Task, case};

fn new() -> Arc<RawRwMutex> {
    Arc::new(RawRwMutex::new())
}

fn reader(p: &Play, m: &Arc<RawRwMutex>) -> Task {
    let m = Arc::clone(m);
    p.start(move || {
        m.rlock();
        "read".to_owned()
    })
}

fn writer(p: &Play, m: &Arc<RawRwMutex>) -> Task {
    let m = Arc::clone(m);
    p.start(move || {
        m.lock();
        "locked".to_owned()
    })
}

fn misuse(name: &str, misuse: fn(&RawRwMutex)) -> Case {
    case(name, move |p| {
        p.run(|| {
            misuse(&new());
            "unlocked".to_owned()
        });
    })
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("rwmutex, try", |p| {
            let m = new();
            p.say(format!("{} {} {}", m.try_rlock(), m.try_rlock(), m.try_lock()));
            m.runlock();
            m.runlock();
            p.say(format!("{} {} {}", m.try_lock(), m.try_lock(), m.try_rlock()));
            m.unlock();
            p.say(m.try_rlock());
        }),
        case("rwmutex, a writer waits for the readers", |p| {
            let m = new();
            m.rlock();
            m.rlock();
            let task = writer(p, &m);
            m.runlock();
            p.see(&task);
            m.runlock();
            p.see(&task);
        }),
        case("rwmutex, a writer that waits stops new readers", |p| {
            let m = new();
            m.rlock();
            let writer = writer(p, &m);
            p.say(format!("{} {}", m.try_rlock(), m.try_lock()));
            let reader = reader(p, &m);
            p.see([&writer, &reader]);
            m.runlock();
            p.see([&writer, &reader]);
            m.unlock();
            p.see([&writer, &reader]);
        }),
        case("rwmutex, readers that wait come before the next writer", |p| {
            let m = new();
            m.lock();
            let next = writer(p, &m);
            let readers: Vec<_> = (0..2).map(|_| reader(p, &m)).collect();
            m.unlock();
            p.see(&readers);
            p.see(&next);
            m.runlock();
            p.see(&next);
            m.runlock();
            p.see(&next);
        }),
        case("rwmutex, unlocked by another one", |p| {
            let m = new();
            m.lock();
            let same = Arc::clone(&m);
            let task = p.start(move || {
                same.unlock();
                same.rlock();
                "read".to_owned()
            });
            p.see(&task);
            let same = Arc::clone(&m);
            let task = p.start(move || {
                same.runlock();
                "unlocked".to_owned()
            });
            p.see(&task);
            p.say(m.try_lock());
        }),
        case("rwmutex, a read and then a lock of the same one", |p| {
            let m = new();
            m.rlock();
            let task = writer(p, &m);
            p.see(&task);
        }),
        misuse("rwmutex, unlocked when not locked", |m| m.unlock()),
        misuse("rwmutex, unlocked when read", |m| {
            m.rlock();
            m.unlock();
        }),
        misuse("rwmutex, a read too many unlocked", |m| m.runlock()),
        misuse("rwmutex, a read unlocked when locked", |m| {
            m.lock();
            m.runlock();
        }),
    ]
}
