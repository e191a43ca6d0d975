//! Programs that neither checker has: about what only Miri sees.

use std::future::Future;
use std::sync::Arc;

use gosync::semaphore::Weighted;
use gosync::{Mutex, RwMutex};

/// By their names, and whether they hold.
pub(crate) const ALL: &[(&str, bool, fn())] = &[
    ("own/an argument that is freed", false, argument),
    ("own/futures that are the last to own what they wait for", true, futures),
];

/// What Miri must find wrong: the function still has its reference when nothing is behind it.
fn argument() {
    fn free(_number: &u64, pointer: *mut u64) {
        // SAFETY: out of a box, and the caller does not use it again. What is wrong is the other argument.
        drop(unsafe { Box::from_raw(pointer) });
    }
    let pointer = Box::into_raw(Box::new(1));
    // SAFETY: it is alive.
    free(unsafe { &*pointer }, pointer);
}

/// Each goes as the argument of a function, and what it waits for goes with it.
fn futures() {
    fn let_go(future: impl Future) {
        drop(future);
    }
    let (slots, number, table) = (Arc::new(Weighted::new(1)), Arc::new(Mutex::new(1)), Arc::new(RwMutex::new(1)));
    let (permit, lock) = (slots.permit_arc_async(1), number.lock_arc_async());
    let (read, write) = (table.read_arc_async(), table.write_arc_async());
    drop((slots, number, table));
    let_go(permit);
    let_go(lock);
    let_go(read);
    let_go(write);
}
