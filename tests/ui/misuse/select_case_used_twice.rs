//! What a case was lent to is over with the select. (Hidden, but a crate that forbids unsafe code can reach it.)

#![forbid(unsafe_code)]

use gosync_chan::__cases::{RecvCase, attempt, block};
use gosync_chan::bounded;

fn main() {
    let (_tx, rx) = bounded::<String>(0);
    let mut case = RecvCase::new(Some(&rx));
    let armed = [case.arm()];
    attempt(armed, false);
    block(armed, false);
}
