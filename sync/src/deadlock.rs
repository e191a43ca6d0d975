//! The deadlock report: what Go's runtime says when all goroutines are asleep. Feature `deadlock`.
//!
//! When every thread of the process sleeps in an operation of gosync that has no deadline, and nothing is left that could
//! wake one, the program is at an end, and would hang for ever. With this feature it says so within a second, and aborts:
//!
//! ```text
//! fatal error: all goroutines are asleep - deadlock!
//!
//! thread 5081 (main): waits for a WaitGroup at src/main.rs:15:11, for 0.3 s
//! thread 5082 (worker): receives from a channel at src/main.rs:8:29, for 0.3 s
//! ```
//!
//! [`set_hook`] has something else done instead. [`dump`] says at any time who waits, for what and where.
//!
//! # What is known
//!
//! A report is never wrong. It is made only if as many threads sleep in gosync as the process has, in the count of the
//! operating system, and none of them was told to go on. So a thread that computes, sleeps, reads, or waits by something
//! that is not gosync's keeps it from being made, because it might wake another one; so does a sleep with a deadline, an
//! armed timer, and any thread that another library has started, as an executor's. A thread that joins another one
//! by its handle is not in gosync either: wait for a [`WaitGroup`](crate::WaitGroup) or a channel to be seen. And
//! threads that wait for each other while others go on are in [`dump`] only, as Go does not report them either.
//!
//! A thread that changes a [`Map`](crate::Map) and waits for those who are in the middle of a look at the same keys does not sleep
//! for it, as that takes a moment: if one of them waits for ever, in a `clone` of a value, there is no report.
//!
//! The number of threads is known on Linux. Elsewhere there is [`dump`], and no report.
//!
//! What is left out of account is whatever could wake a thread without being one: a signal handler, or another process.
//!
//! # Cost
//!
//! None without the feature. With it, a sleep enters a list under a lock that all threads share, and a thread that sleeps for
//! long looks at it four times a second. What does not sleep costs what it does otherwise.
//!
//! # Examples
//!
//! ```no_run
//! let (tx, rx) = gosync::chan::bounded::<i32>(0);
//! rx.recv();  // `tx` is still there: the report, and an abort
//! # drop(tx);
//! ```

use std::sync::Arc;

pub use gosync_atomic::__sys::waits::{Report, Waiting, clear_hook, dump};

/// Sets what is called instead of an abort. It runs on the thread that has slept longest, which goes back to sleep when it
/// returns; the same threads are not reported again.
///
/// # Panics
///
/// A hook that panics ends the process, after the panic's message: it is called inside of the operation that sleeps, which must not end
/// with a panic.
///
/// # Examples
///
/// ```
/// gosync::deadlock::set_hook(|report| {
///     eprintln!("{report}");
///     std::process::exit(2);  // as Go does
/// });
/// ```
pub fn set_hook(hook: impl Fn(&Report) + Send + Sync + 'static) {
    gosync_atomic::__sys::waits::set_hook(Arc::new(hook));
}
