//! What users of the API may rely on beyond Go's own tests: types, traits, sizes, errors, drops, and odd values.
//!
//! | module | covers |
//! | --- | --- |
//! | `auto_traits` | `Send`, `Sync`, unwind safety and other traits, for which values and for which not; the facade's types |
//! | `sizes` | one-pointer handles, the four-byte group, construction in constants and statics |
//! | `errors` | texts, conversions, questions; every failing operation gives its value back |
//! | `handles` | nil, len and capacity, counts, identity, `Debug`, iterators |
//! | `close` | who can close, how often, and what blocked and later operations see |
//! | `timeouts` | passed deadlines, far deadlines, no early return |
//! | `order` | blocked operations are served in the order of arrival |
//! | `drops` | each value is dropped exactly once, at the time that is promised |
//! | `panics` | values whose drop panics |
//! | `reentrant` | values whose drop uses the channel that held them |
//! | `values` | borrowed, large, empty and over-aligned values |
//! | `thread_local` | blocking while the thread's locals are being destroyed |
//! | `waitgroup` | `WaitGroup` and `go` |
//! | `once` | `Once`, `OnceFunc`, `OnceValue`, `OnceValues`: re-entry, payloads, drops |

mod auto_traits;
mod close;
mod drops;
mod errors;
mod handles;
mod once;
mod order;
mod panics;
mod reentrant;
mod sizes;
mod thread_local;
mod timeouts;
mod values;
mod waitgroup;
#[path = "../stress/watchdog.rs"]
mod watchdog;

use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, Receiver, Sender};

/// A channel of each kind, with capacity `Some`, or unbounded.
fn make<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    Chan::new(capacity.unwrap_or(usize::MAX)).split()
}

/// Lets other threads come as far as where they block. No verdict depends on whether they do.
fn settle() {
    thread::sleep(Duration::from_millis(5));
}
