//! Go's channels for Rust: for threads and, with feature `async`, for tasks on the same handles.
//!
//! A channel is a FIFO between any number of senders and receivers. [`bounded(n)`](bounded) is Go's `make(chan T, n)`; at
//! capacity 0 it has no buffer, and a send completes only together with its receive. [`unbounded()`](unbounded) never
//! blocks a sender. What panics in Go is an error here, and an error always contains the unsent value.
//!
//! | Go | here |
//! | --- | --- |
//! | `make(chan T, n)` | [`bounded(n)`](bounded), [`Chan::new(n)`](Chan::new) |
//! | `ch <- v` | [`tx.send(v)`](Sender::send) |
//! | `v, ok := <-ch` | [`rx.recv()`](Receiver::recv) |
//! | `for v := range ch` | [`for v in rx`](Receiver::iter) |
//! | `close(ch)` | [`tx.close()`](Sender::close), or drop the last sender |
//! | `select` | [`select!`], [`select_biased!`]; [`Select`] for a list that is built at run time |
//! | `select { case ch <- v: default: }` | [`tx.try_send(v)`](Sender::try_send) |
//! | `select { case v := <-ch: default: }` | [`rx.try_recv()`](Receiver::try_recv) |
//! | `select { case v := <-ch: case <-time.After(d): }` | [`rx.recv_timeout(d)`](Receiver::recv_timeout) |
//! | `len(ch)`, `cap(ch)` | [`len`](Sender::len), [`capacity`](Sender::capacity) |
//! | `ch == other`, `map[chan T]V` | `tx == other`, `HashMap<Sender<T>, V>`: by channel, as [`same_channel`](Sender::same_channel) |
//! | a nil channel | [`Sender::nil`], [`Receiver::nil`], [`never()`] |
//! | `time.After(d)`, `time.Tick(d)` | [`after(d)`](after), [`at(t)`](at), [`tick(d)`](tick) |
//! | `time.NewTimer(d)`, `time.NewTicker(d)` | [`Timer::new(d)`](Timer::new), [`Ticker::new(d)`](Ticker::new) |
//! | `time.AfterFunc(d, f)` | [`after_func(d, f)`](after_func) |
//!
//! It is a drop-in replacement for crossbeam-channel 0.5: functions, types, errors, `select!` and `Select` have the same
//! names and the same behaviour, with a few exceptions that docs/PORTING.md of the repository lists.
//!
//! # Features
//!
//! `async`: `send_async`, `recv_async` and `stream` on the handles, and `select_async!`, for any executor. Tasks and threads
//! share one queue, and a future may be dropped at any time. Depends on `futures-core`.
//!
//! `sink`: `async`, and `Sender::sink`. Depends on `futures-sink`.
//!
//! `deadlock`: waits for channels appear in the deadlock report of the crate gosync.
//!
//! # How it behaves
//!
//! Blocked operations are served in order of arrival, each by one wake-up: the value is handed directly to or from the
//! blocked thread. A blocked thread spins for a few microseconds if that has paid off lately, and then sleeps. Operations
//! do not allocate; a buffer is allocated when first needed, and grows by doubling up to its capacity.
//!
//! A channel ends when it is closed or when one side's last handle is dropped. An unused clone of a handle, often in the
//! thread that started the others, keeps the channel from ending: drop it.
//!
//! # Examples
//!
//! ```
//! use gosync_chan::bounded;
//!
//! let (jobs, queue) = bounded(16);
//! let workers: Vec<_> = (0..2)
//!     .map(|_| {
//!         let queue = queue.clone();
//!         std::thread::spawn(move || queue.iter().map(|n: u64| n * n).sum::<u64>())
//!     })
//!     .collect();
//! (1..=10).for_each(|n| jobs.send(n).unwrap());
//! jobs.close().unwrap();
//! let total: u64 = workers.into_iter().map(|w| w.join().unwrap()).sum();
//! assert_eq!(total, 385);
//! ```

mod chan;
mod error;
#[cfg(feature = "async")]
mod future;
mod handle;
mod identity;
mod many;
mod raw;
mod receiver;
mod select;
mod sender;
mod signal;
#[cfg(feature = "sink")]
mod sink;
mod timer;

pub use chan::Chan;
pub use error::{CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};
#[cfg(feature = "async")]
pub use future::{RecvFuture, RecvStream, SendFuture};
pub use receiver::{IntoIter, Iter, Receiver, TryIter};
#[doc(hidden)]
pub use select::cases as __cases;
pub use select::{ReadyTimeoutError, Select, SelectTimeoutError, SelectedOperation, TryReadyError, TrySelectError};
pub use sender::Sender;
#[doc(hidden)]
pub use signal::Signal as __Signal;
#[cfg(feature = "sink")]
pub use sink::SendSink;
#[doc(hidden)]
pub use timer::BriefTimer as __BriefTimer;
pub use timer::{FuncTimer, Ticker, Timer, after, after_func, at, tick};

/// A channel whose buffer holds `capacity` values; 0 is a rendezvous. Go: `make(chan T, capacity)`.
///
/// Allocates the channel; the buffer comes when it is first needed.
///
/// # Examples
///
/// ```
/// let (tx, rx) = gosync_chan::bounded(1);
/// tx.send("hello").unwrap();
/// assert_eq!(rx.recv(), Ok("hello"));
/// ```
#[must_use]
#[doc(alias = "make")]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    Chan::new(capacity).split()
}

/// A channel whose sends never block.
///
/// # Examples
///
/// ```
/// let (tx, rx) = gosync_chan::unbounded();
/// (0..1000).for_each(|i| tx.send(i).unwrap());
/// assert_eq!(rx.try_iter().count(), 1000);
/// ```
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    Chan::unbounded().split()
}

/// The nil channel: a receiver whose channel never has a value and never ends.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let rx = gosync_chan::never::<()>();
/// assert!(rx.recv_timeout(Duration::from_millis(1)).unwrap_err().is_timeout());
/// ```
#[must_use]
#[doc(alias = "nil")]
pub const fn never<T>() -> Receiver<T> {
    Receiver::nil()
}
