//! A send without a message.

use gosync::{chan, select};

fn main() {
    let (tx, _rx) = chan::bounded::<i32>(1);
    select! {
        send(tx) -> sent => println!("{sent:?}"),
    }
}
