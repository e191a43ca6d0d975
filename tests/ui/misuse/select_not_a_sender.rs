//! A receiver in a `send` case.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<u8>(1);
    select! {
        send(rx, 1) -> sent => drop(sent),
    }
}
