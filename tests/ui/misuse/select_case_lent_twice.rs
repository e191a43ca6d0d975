//! A case of a select has one node, so it takes part once. (Hidden, but a crate that forbids unsafe code can reach it.)

#![forbid(unsafe_code)]

use gosync_chan::__cases::{RecvCase, attempt};
use gosync_chan::bounded;

fn main() {
    let (_tx, rx) = bounded::<String>(0);
    let mut case = RecvCase::new(Some(&rx));
    attempt([case.arm(), case.arm()], false);
}
