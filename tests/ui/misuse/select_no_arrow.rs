//! A receive without a place for its result.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<i32>(1);
    select! {
        recv(rx) => println!("received"),
    }
}
