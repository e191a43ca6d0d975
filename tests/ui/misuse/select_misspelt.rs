//! A case that is neither `recv` nor `send` nor `default`.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<u8>(1);
    select! {
        receive(rx) -> value => drop(value),
    }
}
