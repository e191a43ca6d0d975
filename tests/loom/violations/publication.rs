//! Who sees a pointer need not see what it points to.

use std::ptr::null_mut;

use gosync::atomic::Pointer;
use gosync::go;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use crate::plain::Plain;

/// The pointer is loom's, read and written with no order; the value behind it is plain.
pub(crate) fn broken() {
    let value = Plain::new();
    let published = Arc::new(AtomicPtr::new(null_mut()));
    let writer = go({
        let (value, published) = (value.clone(), published.clone());
        move || {
            value.write(1);
            published.store(&raw const value as *mut Plain, Relaxed);
        }
    });
    if !published.load(Relaxed).is_null() {
        assert_eq!(value.read(), 1);
    }
    writer.join().unwrap();
}

pub(crate) fn repaired() {
    let published = Arc::new(Pointer::new(None));
    let writer = go({
        let published = published.clone();
        move || {
            let value = Plain::new();
            value.write(1);
            published.store(Some(Arc::new(value)));
        }
    });
    if let Some(value) = published.load() {
        assert_eq!(value.read(), 1);
    }
    writer.join().unwrap();
}
