//! Why an operation on a channel did not happen. An unsent value is always in the error.
//!
//! The texts are Go's, where Go has one: what panics there is an error here.

use std::error::Error;
use std::fmt;

/// The channel is closed, or nobody is left to receive. Holds the value that was not sent.
///
/// Go: `panic: send on closed channel`.
///
/// # Examples
///
/// ```
/// use gosync_chan::{SendError, bounded};
///
/// let (tx, rx) = bounded(1);
/// drop(rx);
/// let error = tx.send("letter").unwrap_err();
/// assert_eq!(error, SendError("letter"));
/// assert_eq!(error.to_string(), "send on closed channel");
/// assert_eq!(error.into_inner(), "letter");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// Why [`try_send`](crate::Sender::try_send) did not send. Holds the value that was not sent.
///
/// # Examples
///
/// ```
/// use gosync_chan::{TrySendError, bounded};
///
/// let (tx, rx) = bounded(1);
/// tx.send(1).unwrap();
/// let error = tx.try_send(2).unwrap_err();
/// assert!(error.is_full());
/// assert_eq!(error.into_inner(), 2);
/// drop(rx);
/// assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
/// assert!(tx.try_send(3).unwrap_err().is_disconnected());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There was no room and no blocked receiver.
    Full(T),
    /// The channel is closed, or nobody is left to receive.
    Disconnected(T),
}

/// Why [`send_timeout`](crate::Sender::send_timeout) or `send_deadline` did not send. Holds the value that was not sent.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let (tx, rx) = gosync_chan::bounded(1);
/// tx.send(1).unwrap();
/// let error = tx.send_timeout(2, Duration::from_millis(1)).unwrap_err();
/// assert!(error.is_timeout());
/// assert_eq!(error.into_inner(), 2);
/// drop(rx);
/// assert!(tx.send_timeout(3, Duration::from_millis(1)).unwrap_err().is_disconnected());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// There was no room until the deadline.
    Timeout(T),
    /// The channel is closed, or nobody is left to receive.
    Disconnected(T),
}

/// The channel is closed, or has no sender left, and has been drained.
///
/// Go: the `false` of `v, ok := <-ch`.
///
/// # Examples
///
/// ```
/// use gosync_chan::{RecvError, bounded};
///
/// let (tx, rx) = bounded::<u8>(1);
/// drop(tx);
/// assert_eq!(rx.recv(), Err(RecvError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// Why [`try_recv`](crate::Receiver::try_recv) received nothing.
///
/// # Examples
///
/// ```
/// let (tx, rx) = gosync_chan::bounded::<u8>(1);
/// assert!(rx.try_recv().unwrap_err().is_empty());
/// drop(tx);
/// assert!(rx.try_recv().unwrap_err().is_disconnected());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There was no value and no blocked sender.
    Empty,
    /// The channel is closed, or has no sender left, and has been drained.
    Disconnected,
}

/// Why [`recv_timeout`](crate::Receiver::recv_timeout) or `recv_deadline` received nothing.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gosync_chan::{RecvTimeoutError, bounded};
///
/// let (tx, rx) = bounded::<u8>(1);
/// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
/// assert!(rx.recv_timeout(Duration::from_millis(1)).unwrap_err().is_timeout());
/// drop(tx);
/// assert!(rx.recv_timeout(Duration::from_secs(60)).unwrap_err().is_disconnected());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// There was no value until the deadline.
    Timeout,
    /// The channel is closed, or has no sender left, and has been drained.
    Disconnected,
}

/// Why `close` failed.
///
/// Go: `panic: close of closed channel` and `panic: close of nil channel`. A receive-only channel, such as that of a
/// timer or a context, cannot be closed; in Go this does not compile.
///
/// # Examples
///
/// ```
/// use gosync_chan::{Chan, CloseError, Sender, after};
///
/// let chan = Chan::<u8>::new(0);
/// assert_eq!(chan.close(), Ok(()));
/// assert_eq!(chan.close(), Err(CloseError::Closed));
/// assert_eq!(Sender::<u8>::nil().close(), Err(CloseError::Nil));
/// assert_eq!(after(std::time::Duration::ZERO).close(), Err(CloseError::ReceiveOnly));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseError {
    /// `close` was called before.
    Closed,
    /// The handle is nil.
    Nil,
    /// It is the channel of a timer, which cannot be closed, or that of a context, which cancellation closes.
    ReceiveOnly,
}

const CLOSED: &str = "send on closed channel";
const DRAINED: &str = "receive on closed and empty channel";

impl<T> SendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TrySendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(value) | TrySendError::Disconnected(value) => value,
        }
    }

    /// Whether there was no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, TrySendError::Full(_))
    }

    /// Whether the channel is closed or nobody is left to receive.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(self, TrySendError::Disconnected(_))
    }
}

impl<T> SendTimeoutError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            SendTimeoutError::Timeout(value) | SendTimeoutError::Disconnected(value) => value,
        }
    }

    /// Whether the deadline passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, SendTimeoutError::Timeout(_))
    }

    /// Whether the channel is closed or nobody is left to receive.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(self, SendTimeoutError::Disconnected(_))
    }
}

impl TryRecvError {
    /// Whether there was no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == TryRecvError::Empty
    }

    /// Whether the channel is closed and drained.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        *self == TryRecvError::Disconnected
    }
}

impl RecvTimeoutError {
    /// Whether the deadline passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        *self == RecvTimeoutError::Timeout
    }

    /// Whether the channel is closed and drained.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        *self == RecvTimeoutError::Disconnected
    }
}

// The value may not be printable, and need not be: `Debug` shows the kind.

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendError(..)")
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_full() { "Full(..)" } else { "Disconnected(..)" })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_timeout() { "Timeout(..)" } else { "Disconnected(..)" })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(CLOSED)
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_full() { "send on full channel" } else { CLOSED })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_timeout() { "send timed out" } else { CLOSED })
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(DRAINED)
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_empty() { "receive on empty channel" } else { DRAINED })
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_timeout() { "receive timed out" } else { DRAINED })
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            CloseError::Closed => "close of closed channel",
            CloseError::Nil => "close of nil channel",
            CloseError::ReceiveOnly => "close of receive-only channel",
        })
    }
}

impl<T> Error for SendError<T> {}
impl<T> Error for TrySendError<T> {}
impl<T> Error for SendTimeoutError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
impl Error for CloseError {}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(error: SendError<T>) -> Self {
        TrySendError::Disconnected(error.0)
    }
}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(error: SendError<T>) -> Self {
        SendTimeoutError::Disconnected(error.0)
    }
}

impl From<RecvError> for TryRecvError {
    fn from(_: RecvError) -> Self {
        TryRecvError::Disconnected
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(_: RecvError) -> Self {
        RecvTimeoutError::Disconnected
    }
}
