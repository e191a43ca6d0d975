//! A plain flag, looked at before the lock is taken.

use gosync::{Mutex, Once, go};
use loom::sync::Arc;

use crate::plain::Plain;

pub(crate) fn broken() {
    let (done, value, mutex) = (Plain::new(), Plain::new(), Arc::new(Mutex::new(())));
    let set_up = move || {
        if done.read() == 0 {
            let _guard = mutex.lock();
            if done.read() == 0 {
                value.write(7);
                done.write(1);
            }
        }
        assert_eq!(value.read(), 7);
    };
    let other = go(set_up.clone());
    set_up();
    other.join().unwrap();
}

pub(crate) fn repaired() {
    let (once, value) = (Arc::new(Once::new()), Plain::new());
    let set_up = move || {
        once.call_once(|| value.write(7));
        assert_eq!(value.read(), 7);
    };
    let other = go(set_up.clone());
    set_up();
    other.join().unwrap();
}
