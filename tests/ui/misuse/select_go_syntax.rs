//! Go's own spelling.

use gosync::{chan, select};

fn main() {
    let (_tx, rx) = chan::bounded::<i32>(1);
    select! {
        case v := <-rx: println!("{v:?}"),
    }
}
