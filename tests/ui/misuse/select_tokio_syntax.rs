//! tokio's spelling.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<i32>(1);
    select! {
        v = rx.recv() => println!("{v:?}"),
    }
}
