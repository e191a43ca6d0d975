//! Two writes may be seen in the other order.

use gosync::atomic::Int64;
use gosync::go;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The words are loom's, read and written as plain ones are on hardware: with no order.
pub(crate) fn broken() {
    let (a, b) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let writer = go({
        let (a, b) = (a.clone(), b.clone());
        move || {
            a.store(1, Relaxed);
            b.store(2, Relaxed);
        }
    });
    let seen = (b.load(Relaxed), a.load(Relaxed));
    assert_ne!(seen, (2, 0), "b was written, and a not yet");
    writer.join().unwrap();
}

pub(crate) fn repaired() {
    let (a, b) = (Arc::new(Int64::new(0)), Arc::new(Int64::new(0)));
    let writer = go({
        let (a, b) = (a.clone(), b.clone());
        move || {
            a.store(1);
            b.store(2);
        }
    });
    let seen = (b.load(), a.load());
    assert_ne!(seen, (2, 0), "b was written, and a not yet");
    writer.join().unwrap();
}
