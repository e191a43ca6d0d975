//! [`go`]: the `go` statement.

pub use gosync_atomic::__sys::thread::JoinHandle;

/// Runs `f` on a new thread: Go's `go f()`.
///
/// It is an operating system thread, not a goroutine: for more than about a thousand at a time, use the tasks of an
/// async runtime. Unlike in Go, a panic in `f` ends only its thread; `join` reports it.
///
/// # Memory ordering
///
/// The call happens before the start of `f` (`go.stmt-before-start`). The end of `f` orders nothing by itself
/// (`go.exit-no-edge`): join the handle, or communicate.
///
/// # Panics
///
/// If no thread can be started.
///
/// # Examples
///
/// ```
/// let (tx, rx) = gosync::chan::bounded(0);
/// gosync::go(move || tx.send("done").unwrap());
/// assert_eq!(rx.recv(), Ok("done"));
/// ```
pub fn go<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    gosync_atomic::__sys::thread::spawn(gosync_atomic::__sys::inherit(f))
}
