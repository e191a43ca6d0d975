//! A loop until a plain flag changes.

use gosync::{chan, go};
use loom::thread::yield_now;

use crate::plain::Plain;

pub(crate) fn broken() {
    let (done, value) = (Plain::new(), Plain::new());
    let writer = go({
        let (done, value) = (done.clone(), value.clone());
        move || {
            value.write(7);
            done.write(1);
        }
    });
    while done.read() == 0 {
        yield_now();
    }
    assert_eq!(value.read(), 7);
    writer.join().unwrap();
}

pub(crate) fn repaired() {
    let (value, (done, wait)) = (Plain::new(), chan::bounded::<()>(0));
    let writer = go({
        let value = value.clone();
        move || {
            value.write(7);
            done.close().unwrap();
        }
    });
    assert!(wait.recv().is_err());
    assert_eq!(value.read(), 7);
    writer.join().unwrap();
}
