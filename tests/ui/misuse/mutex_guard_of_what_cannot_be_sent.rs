//! A guard may go to another thread, but not with a value that may not.

use std::rc::Rc;

use gosync::Mutex;

fn main() {
    let value = Mutex::new(Rc::new(1));
    let guard = value.lock();
    std::thread::scope(|scope| {
        scope.spawn(move || assert_eq!(**guard, 1));
    });
}
