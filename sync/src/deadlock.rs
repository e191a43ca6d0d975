//! The deadlock report: what Go's runtime says when all goroutines are asleep. Feature `deadlock`.
//!
//! If every thread of the process sleeps in an operation of gosync that has no deadline, and nothing is left that could
//! wake one, the program would hang for ever. With this feature it prints a report within a second, and aborts:
//!
//! ```text
//! fatal error: all goroutines are asleep - deadlock!
//!
//! thread 5081 (main): waits for a WaitGroup at src/main.rs:15:11, for 0.3 s
//! thread 5082 (worker): receives from a channel at src/main.rs:8:29, for 0.3 s
//! ```
//!
//! [`set_hook`] replaces the abort. [`dump`] returns at any time which threads wait, for what and where.
//!
//! # What is detected
//!
//! There are no false reports. A report is made only if all threads of the process, as counted by the operating system,
//! sleep in gosync, and none of them has been woken. So there is none while a thread computes, sleeps, reads, or waits for
//! something outside of gosync, because it might wake another one; nor during a sleep with a deadline, while a timer is
//! armed, or with threads of another library, such as an executor. A join by a handle of [`go`](crate::go()) is
//! a wait in gosync; one by a handle of std's is not, nor is the end of a [`std::thread::scope`]: wait for a
//! [`WaitGroup`](crate::WaitGroup) or a channel there. Threads that wait for each other
//! while others run are in [`dump`] only; Go does not report them either.
//!
//! A thread that changes a [`Map`](crate::Map) and waits for threads that are reading the same table does not sleep: that takes a
//! moment only. If one of them waits for ever, in the `clone` of a value, there is no report.
//!
//! The number of threads is known on Linux only. Elsewhere there is [`dump`], but no report.
//!
//! Signal handlers and other processes, which could wake a thread too, are not taken into account.
//!
//! # Cost
//!
//! None without the feature. With it, a thread that goes to sleep enters a list under a global lock, and checks the list
//! four times a second if it sleeps for long. Operations that do not sleep cost the same.
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

/// Sets a function that is called instead of the abort. It runs on the thread that has slept longest, which goes back to
/// sleep when the function returns; the same threads are not reported again.
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
