//! The pattern of a case has to match an error as well.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<u8>(1);
    select! {
        recv(rx) -> Ok(value) => drop(value),
    }
}
