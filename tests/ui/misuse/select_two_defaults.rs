//! Two ways out.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<i32>(1);
    select! {
        recv(rx) -> v => println!("{v:?}"),
        default => println!("nothing"),
        default => println!("nothing again"),
    }
}
