//! A thread may outlive who starts it, so it cannot borrow.

use gosync::{Mutex, go};

fn main() {
    let counter = Mutex::new(0);
    go(|| *counter.lock() += 1).join().unwrap();
}
