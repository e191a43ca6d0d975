//! What a guard gives is no longer there than the guard.

use gosync::Mutex;

fn main() {
    let mutex = Mutex::new(1);
    let value = {
        let mut guard = mutex.lock();
        &mut *guard
    };
    *value = 2;
}
