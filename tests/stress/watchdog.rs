//! [`Watchdog`]: turns a hang into a failure with a name.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far beyond what any test takes, on any machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Aborts the process, naming the test, unless it is dropped in time.
#[must_use = "the test is watched as long as this lives"]
pub(crate) struct Watchdog {
    _alive: mpsc::Sender<()>,
}

impl Watchdog {
    /// Watches the calling test.
    pub(crate) fn new() -> Watchdog {
        let (alive, hangs) = mpsc::channel::<()>();
        // libtest names each thread after its test.
        let name = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            if hangs.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                // Not `eprintln!`: libtest captures that, and would lose it.
                writeln!(io::stderr(), "{name} hangs").ok();
                std::process::abort();
            }
        });
        Watchdog { _alive: alive }
    }
}
