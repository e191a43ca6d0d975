//! Two threads that count in one plain variable.

use gosync::{Mutex, go};
use loom::sync::Arc;

use crate::plain::Plain;

pub(crate) fn broken() {
    let count = Plain::new();
    let other = go({
        let count = count.clone();
        move || count.increment()
    });
    count.increment();
    other.join().unwrap();
    assert_eq!(count.read(), 2);
}

pub(crate) fn repaired() {
    let count = Arc::new(Mutex::new(0));
    let other = go({
        let count = count.clone();
        move || *count.lock() += 1
    });
    *count.lock() += 1;
    other.join().unwrap();
    assert_eq!(*count.lock(), 2);
}
