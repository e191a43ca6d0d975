//! Tests of what takes time, in no time: Go's `testing/synctest`. Feature `synctest`.
//!
//! [`test()`] runs a function in a *bubble*: it, and all threads that it starts by gosync, have a clock of their own, which stands still
//! while one of them runs. When all are *durably blocked*, the clock is set to the next instant at which one of them goes on. So a
//! timeout of an hour comes at once, and exactly when it should; and nothing depends on how fast the machine is.
//!
//! ```
//! use std::time::Duration;
//!
//! use gosync::context::{Context, ContextError};
//! use gosync::{synctest, time};
//!
//! # const TIMEOUT: Duration = Duration::from_secs(3600);
//! synctest::test(|| {
//!     let (ctx, _cancel) = Context::background().with_timeout(TIMEOUT);
//!
//!     // Just before the timeout, nothing has happened.
//!     time::sleep(TIMEOUT - Duration::from_nanos(1));
//!     synctest::wait();
//!     assert_eq!(ctx.err(), None);
//!
//!     time::sleep(Duration::from_nanos(1));
//!     synctest::wait();
//!     assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
//! });
//! ```
//!
//! # What belongs to a bubble
//!
//! The thread that `test` starts, and what threads of the bubble start by [`go`](crate::go()), by a [`WaitGroup`](crate::WaitGroup), an
//! [`errgroup`](crate::errgroup), [`chan::after_func`](crate::chan::after_func) or [`Context::after_func`](crate::Context::after_func). Not a
//! [`std::thread::spawn`], nor a task: an executor waits by means of its own.
//!
//! The clock is what [`time::now`](crate::time::now) says, and what all of gosync goes by: deadlines, timeouts, timers and tickers,
//! contexts, [`time::sleep`](crate::time::sleep). [`Instant::now`](std::time::Instant::now) and [`std::thread::sleep`] are
//! the system's. Do not use timers, tickers, or contexts with a deadline, that were made outside: they go by the clock of whoever
//! asks them, and a context that has ended by the clock of a bubble has ended for all.
//!
//! # What is durably blocked
//!
//! A thread that sends, receives or selects, waits for a [`Cond`](crate::Cond), a `WaitGroup`, an `errgroup` or a call of
//! [`singleflight`](crate::singleflight), acquires from a [`semaphore`](crate::semaphore), sleeps by `time::sleep`, or
//! [joins](crate::JoinHandle::join) a thread of the bubble that `go` has started; and one that waits with a deadline for a lock.
//!
//! Not one that waits for a [`Mutex`](crate::Mutex) or an [`RwMutex`](crate::RwMutex) without a deadline, or for a [`Once`](crate::Once), as in Go: it may be
//! a static, held for a moment by a thread outside of the bubble, and then nothing is at an end. So who sleeps with a lock
//! that another thread of the bubble waits for stops the clock, and the test hangs. Nor one that waits by what is not gosync's: for input, at
//! the end of a [`std::thread::scope`], in the `join` of a handle of std's, for std's locks. In a scope, wait for a `WaitGroup` or
//! a channel before it ends. Nor what a thread does after its function, in the destructors of its thread-local variables: they must
//! not wait for the bubble's clock.
//!
//! What is blocked durably must not be waited for from outside, nor be woken from there: use the bubble's channels and the like in the bubble only. In Go
//! that is fatal. Here a thread of the bubble that is woken from outside goes on, but not before all others are blocked; and
//! what it waits for may be too late by then, because the clock has moved, or a deadlock has been reported. Nor must a lock
//! that is shared with threads outside be waited for with a deadline while another thread of the bubble waits for it without
//! one: both may hang.
//!
//! # Cost
//!
//! None without the feature. With it, a thread that is about to sleep, to wake another one, or to look at the clock, asks whether it is in a bubble.

use std::panic::resume_unwind;

use gosync_atomic::__sys::bubble;

/// Runs `f` in a new bubble, on a thread of its own, and returns what it returns when all threads of the bubble have ended. Go:
/// `synctest.Test`.
///
/// The clock moves as long as `f` has not returned. A timer that is not due by then never is. See the [module](self).
///
/// # Panics
///
/// If `f` does. Those threads of the bubble that have not ended by then are not waited for.
///
/// With Go's text, and a line for each thread, if all threads of the bubble are blocked and none has a deadline, or if some are when
/// `f` has returned and no other is left. They stay blocked for ever. With feature `deadlock` the lines say in which operation, and where it was
/// called.
///
/// If the caller is in a bubble, or if no thread can be started.
///
/// # Memory ordering
///
/// The call happens before the start of `f`, and the end of each thread of the bubble before its return
/// (`synctest.exit-before-run-return`).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gosync::{chan, go, synctest, time};
///
/// let took = synctest::test(|| {
///     let start = time::now();
///     let (tx, rx) = chan::bounded(0);
///     go(move || {
///         time::sleep(Duration::from_secs(24 * 3600));
///         tx.send("the next day").unwrap();
///     });
///     assert!(rx.recv_timeout(Duration::from_secs(60)).is_err());
///     assert_eq!(rx.recv(), Ok("the next day"));
///     time::now() - start
/// });
/// assert_eq!(took, Duration::from_secs(24 * 3600));
/// ```
///
/// ```should_panic
/// gosync::synctest::test(|| {
///     let (_tx, rx) = gosync::chan::bounded::<()>(0);
///     rx.recv()  // deadlock: all goroutines in bubble are blocked
/// })
/// # .unwrap();
/// ```
#[track_caller]
#[doc(alias = "Test")]
pub fn test<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    match bubble::run(f) {
        Ok(Ok(value)) => value,
        Ok(Err(payload)) => resume_unwind(payload),
        Err(text) => panic!("{text}"),
    }
}

/// Blocks until all other threads of the bubble are durably blocked, or have ended, and what is due has been done. Go: `synctest.Wait`.
///
/// The clock does not move meanwhile.
///
/// # Panics
///
/// With Go's texts, outside of a bubble, and if another thread of the bubble waits in this way.
///
/// # Memory ordering
///
/// What a thread of the bubble did before it was blocked or ended happens before the return (`synctest.block-before-wait`,
/// `synctest.exit-before-wait`), and so does what a timer's function did (`synctest.timer-before-wait`).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
///
/// use gosync::{Context, synctest};
///
/// synctest::test(|| {
///     let (ctx, cancel) = Context::background().with_cancel();
///     let called = Arc::new(AtomicBool::new(false));
///     ctx.after_func({
///         let called = Arc::clone(&called);
///         move || called.store(true, Relaxed)
///     });
///     synctest::wait();
///     assert!(!called.load(Relaxed), "nothing was cancelled yet");
///     cancel.cancel();
///     synctest::wait();
///     assert!(called.load(Relaxed));
/// });
/// ```
#[track_caller]
#[doc(alias = "Wait")]
pub fn wait() {
    if let Err(text) = bubble::wait_for_others() {
        panic!("{text}");
    }
}
