//! Mutexes: `Mutex` where a guard will do, `RawMutex` where Go's program locks and unlocks as it likes.

use std::sync::Arc;

use gosync::{Mutex, RawMutex};

use crate::play::{Case, case};

fn locked(m: &RawMutex) -> String {
    m.lock();
    "locked".to_owned()
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("mutex, try", |p| {
            let m = Mutex::new(());
            let guard = m.try_lock();
            p.say(guard.is_some());
            p.say(m.try_lock().is_some());
            drop(guard);
            p.say(m.try_lock().is_some());
        }),
        case("mutex, locked twice by one", |p| {
            let task = p.start(|| {
                let m = RawMutex::new();
                m.lock();
                locked(&m)
            });
            p.see(&task);
        }),
        case("mutex, unlocked by another one", |p| {
            let m = Arc::new(RawMutex::new());
            m.lock();
            let same = Arc::clone(&m);
            let task = p.start(move || {
                same.unlock();
                "unlocked".to_owned()
            });
            p.see(&task);
            p.say(m.try_lock());
        }),
        case("mutex, waits for the holder", |p| {
            let m = Arc::new(RawMutex::new());
            m.lock();
            let same = Arc::clone(&m);
            let task = p.start(move || locked(&same));
            p.see(&task);
            m.unlock();
            p.see(&task);
            p.say(m.try_lock());
        }),
        case("mutex, three wait in turn", |p| {
            let order = Arc::new(Mutex::new(Vec::new()));
            let guard = order.lock();
            let same = Arc::clone(&order);
            let tasks = p.start_all(3, move |i| {
                same.lock().push(i.to_string());
                "unlocked".to_owned()
            });
            drop(guard);
            p.see(&tasks);
            p.say(format!("[{}]", order.lock().join(" ")));
        }),
        case("mutex, a section that panics", |p| {
            let m = Mutex::new(());
            p.run(|| {
                let _guard = m.lock();
                panic!("in the section")
            });
            p.say(m.try_lock().is_some());
        }),
        case("mutex, unlocked when not locked", |p| {
            p.run(|| {
                RawMutex::new().unlock();
                "unlocked".to_owned()
            });
        }),
        case("mutex, unlocked twice", |p| {
            p.run(|| {
                let m = RawMutex::new();
                m.lock();
                m.unlock();
                m.unlock();
                "unlocked".to_owned()
            });
        }),
    ]
}
