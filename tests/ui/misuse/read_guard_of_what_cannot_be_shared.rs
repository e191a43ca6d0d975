//! A reader's guard shares the value with the thread that it is sent to.

use std::cell::Cell;

use gosync::RwMutex;

fn main() {
    let value = RwMutex::new(Cell::new(1));
    let guard = value.read();
    std::thread::scope(|scope| {
        scope.spawn(move || guard.set(2));
    });
}
