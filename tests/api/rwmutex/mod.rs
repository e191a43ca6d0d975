//! `RwMutex`, `RawRwMutex` and `ShardedRwMutex` beyond Go's tests.
//!
//! | module | covers |
//! | --- | --- |
//! | `basics` | values, guards, tries, misuse, panics, drops |
//! | `guards` | downgrades, interruptions, guards for a part, those of lock_api |
//! | `lines` | phases, deadlines, and many mutexes at once |
//! | `sharded` | the sharded one |
//! | `tasks` | futures by hand and on tokio, beside threads, with drops at every stage, and wakers that panic |

mod basics;
mod guards;
mod lines;
mod sharded;
mod tasks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use gosync::RawRwMutex;

const FREE: &str = "RawRwMutex { writer: false, readers: 0, pending: false, waiting: false }";
const WRITER: &str = "RawRwMutex { writer: true, readers: 0, pending: false, waiting: false }";
/// A writer is in, and readers wait.
const WAITING: &str = "RawRwMutex { writer: true, readers: 0, pending: false, waiting: true }";
/// A reader is in, and a writer waits.
const PENDING: &str = "RawRwMutex { writer: false, readers: 1, pending: true, waiting: false }";
/// The same, and readers wait for that writer.
const BOTH: &str = "RawRwMutex { writer: false, readers: 1, pending: true, waiting: true }";

/// Waits until `mutex` shows this state.
fn until(mutex: &RawRwMutex, state: &str) {
    while format!("{mutex:?}") != state {
        thread::yield_now();
    }
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}
