//! A writer's guard can be made a reader's, which shares the value with the thread that has the lock.

use std::cell::Cell;

use gosync::{RwMutex, RwMutexWriteGuard};

fn main() {
    let value = RwMutex::new(Cell::new(1));
    let guard = value.write();
    std::thread::scope(|scope| {
        scope.spawn(move || RwMutexWriteGuard::downgrade(guard).set(2));
    });
}
