//! [`Watchdog`]: turns a hang into a failure with a name.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Far beyond what any test takes, on any machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Aborts the process, naming the test, unless it is dropped in time.
///
/// It keeps to what a race detector without an instrumented std understands: no mutex, no std channel.
#[must_use = "the test is watched as long as this lives"]
pub(crate) struct Watchdog {
    alive: Option<Arc<()>>,
    watcher: Thread,
}

impl Watchdog {
    /// Watches the calling test.
    pub(crate) fn new() -> Watchdog {
        let alive = Arc::new(());
        let watched = Arc::downgrade(&alive);
        // libtest names each thread after its test.
        let name = thread::current().name().unwrap_or("a test").to_owned();
        let watcher = thread::spawn(move || {
            let start = Instant::now();
            while watched.strong_count() > 0 {
                let left = LIMIT.saturating_sub(start.elapsed());
                if left.is_zero() {
                    // Not `eprintln!`: libtest captures that, and would lose it.
                    writeln!(io::stderr(), "{name} hangs; what it printed shows with --nocapture").ok();
                    std::process::abort();
                }
                thread::park_timeout(left);
            }
        });
        Watchdog { alive: Some(alive), watcher: watcher.thread().clone() }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.alive = None;
        self.watcher.unpark();
    }
}
