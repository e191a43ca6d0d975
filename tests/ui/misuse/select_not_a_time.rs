//! A `default` that waits for something else than a time.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<u8>(1);
    select! {
        recv(rx) -> value => drop(value),
        default(5) => {}
    }
}
