//! `Mutex` and `RawMutex` beyond Go's tests.
//!
//! | module | covers |
//! | --- | --- |
//! | `basics` | values, guards, tries, misuse, panics, drops |
//! | `deadlines` | passed, far and early ones, and waiters that give up |
//! | `line` | who is served when, and many mutexes at once |

mod basics;
mod deadlines;
mod line;

use std::thread;

use gosync::RawMutex;

const FREE: &str = "RawMutex { locked: false, queued: false, called: false, reserved: false }";
const LOCKED: &str = "RawMutex { locked: true, queued: false, called: false, reserved: false }";
const IN_LINE: &str = "RawMutex { locked: true, queued: true, called: false, reserved: false }";

/// Waits until `mutex` shows one of these states; which.
fn until<'a>(mutex: &RawMutex, states: &[&'a str]) -> &'a str {
    loop {
        let state = format!("{mutex:?}");
        if let Some(seen) = states.iter().find(|&&wanted| wanted == state) {
            return seen;
        }
        thread::yield_now();
    }
}
