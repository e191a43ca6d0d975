//! A mutex makes no value fit for other threads that is not fit for one other thread.

use std::rc::Rc;
use std::sync::Arc;

use gosync::{Mutex, go};

fn main() {
    let mutex = Arc::new(Mutex::new(Rc::new(1)));
    go(move || drop(mutex.lock()));
}
