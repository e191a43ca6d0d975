//! A channel carries to another thread only what may go there.

use std::rc::Rc;

use gosync::{chan, go};

fn main() {
    let (tx, rx) = chan::bounded::<Rc<i32>>(1);
    go(move || rx.recv());
    tx.send(Rc::new(1)).unwrap();
}
