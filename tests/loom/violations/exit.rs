//! A thread that has ended is not one that was waited for.

use gosync::{WaitGroup, go};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread::yield_now;

use crate::plain::Plain;

/// The flag tells that the thread is at its end, and has no order.
pub(crate) fn broken() {
    let (value, ended) = (Plain::new(), Arc::new(AtomicBool::new(false)));
    drop(go({
        let (value, ended) = (value.clone(), ended.clone());
        move || {
            value.write(7);
            ended.store(true, Relaxed);
        }
    }));
    while !ended.load(Relaxed) {
        yield_now();
    }
    assert_eq!(value.read(), 7);
}

pub(crate) fn repaired() {
    let (value, workers) = (Plain::new(), Arc::new(WaitGroup::new()));
    workers.add(1);
    drop(go({
        let (value, workers) = (value.clone(), workers.clone());
        move || {
            value.write(7);
            workers.done();
        }
    }));
    workers.wait();
    assert_eq!(value.read(), 7);
}
