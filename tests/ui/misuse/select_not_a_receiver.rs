//! What is no receiver: a sender, also behind a pointer; a timer and a context, where Go has a channel of it; what was received already.

use std::sync::Arc;
use std::time::Duration;

use gosync::chan::Timer;
use gosync::{Context, chan, select};

fn main() {
    let (tx, rx) = chan::bounded::<i32>(1);
    select! {
        recv(tx) -> v => println!("{v:?}"),
    }
    let tx = Arc::new(tx);
    select! {
        recv(tx) -> v => drop(v),
    }
    let timer = Timer::new(Duration::ZERO);
    select! {
        recv(timer) -> _ => {}
    }
    select! {
        recv(Context::background()) -> _ => {}
    }
    select! {
        recv(rx.recv()) -> v => drop(v),
    }
}
