//! A sender where a receiver is expected.

use gosync::{chan, select};

fn main() {
    let (tx, _rx) = chan::bounded::<i32>(1);
    select! {
        recv(tx) -> v => println!("{v:?}"),
    }
}
