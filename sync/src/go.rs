//! [`go`]: the `go` statement, and [`JoinHandle`].
//!
//! The handle is std's, with the end of the thread's function beside it, which is nothing at all without the features `synctest` and
//! `deadlock`: `atomic/src/sys/end.rs` says what it is for.

use std::fmt;

use gosync_atomic::__sys::{End, inherit_with_end, native_only, thread, waits};

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
    let (f, end) = inherit_with_end(f);
    JoinHandle { thread: thread::spawn(f), end }
}

/// A thread that [`go`] has started: [`std::thread::JoinHandle`], with the same methods, whose `join` is a wait that
/// the features `synctest` and `deadlock` know of.
/// Go has none: there, the goroutine closes a channel, or a `WaitGroup` counts it.
///
/// Dropped, it leaves the thread to itself. It converts into std's, and without these features it is nothing else.
///
/// # Memory ordering
///
/// The end of the thread happens before the return of [`join`](JoinHandle::join). Go has no rule for that, as it has no handles; its
/// `go.exit-no-edge` is about threads that nobody joins. [`is_finished`](JoinHandle::is_finished) orders nothing.
///
/// # Examples
///
/// ```
/// let sum = gosync::go(|| (1..=4).sum::<i32>());
/// assert_eq!(sum.join().unwrap(), 10);
/// ```
///
/// For what wants std's:
///
/// ```
/// let handle = gosync::go(|| 7);
/// let handle: std::thread::JoinHandle<i32> = handle.into();
/// assert_eq!(handle.join().unwrap(), 7);
/// ```
pub struct JoinHandle<T> {
    thread: thread::JoinHandle<T>,
    end: End,
}

impl<T> JoinHandle<T> {
    /// Blocks until the thread has ended, and returns what its function returned. In Go this is a receive from a channel that the goroutine
    /// closes, or the `Wait` of a `WaitGroup`.
    ///
    /// In a bubble of `synctest` this is durable: the clock moves meanwhile, if the thread is of the same bubble and so is the caller. If not, the thread
    /// is something outside, and the clock stands still until it has ended.
    ///
    /// # Errors
    ///
    /// The payload of the thread's panic.
    ///
    /// # Panics
    ///
    /// As std's does: it may, if a thread joins itself.
    ///
    /// # Memory ordering
    ///
    /// The end of the thread happens before the return. See the [type](JoinHandle#memory-ordering).
    ///
    /// # Examples
    ///
    /// ```
    /// let thread = gosync::go(|| panic!("oh no"));
    /// let payload = thread.join().unwrap_err();
    /// assert_eq!(payload.downcast_ref(), Some(&"oh no"));
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn join(self) -> std::thread::Result<T> {
        waits!("joins a thread");
        let JoinHandle { thread, end } = self;
        end.wait();
        thread.join()
    }

    /// The thread, with its name, its id and its `unpark`.
    ///
    /// # Examples
    ///
    /// ```
    /// let thread = gosync::go(std::thread::park);
    /// thread.thread().unpark();
    /// thread.join().unwrap();
    /// ```
    #[must_use]
    pub fn thread(&self) -> &thread::Thread {
        self.thread.thread()
    }
}

native_only! {
    impl<T> JoinHandle<T> {
        /// Whether the thread's function has returned or panicked, so that a [`join`](JoinHandle::join) takes a moment at most.
        ///
        /// Not in a loom model.
        ///
        /// # Memory ordering
        ///
        /// None: join, before you read what the thread has written.
        ///
        /// # Examples
        ///
        /// ```
        /// let (tx, rx) = gosync::chan::bounded::<()>(0);
        /// let thread = gosync::go(move || rx.recv());
        /// assert!(!thread.is_finished());
        /// drop(tx);
        /// assert!(thread.join().unwrap().is_err());
        /// ```
        #[must_use]
        pub fn is_finished(&self) -> bool {
            self.end.has_come().unwrap_or_else(|| self.thread.is_finished())
        }
    }
}

/// std's handle, for what takes that. Its `join` is no wait that `synctest` or `deadlock` know of.
impl<T> From<JoinHandle<T>> for thread::JoinHandle<T> {
    fn from(handle: JoinHandle<T>) -> thread::JoinHandle<T> {
        handle.thread
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}
