//! [`Sender`]: the sending handle.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{deadline_after, waits};

use crate::error::{CloseError, SendError, SendTimeoutError, TrySendError};
use crate::handle::Handle;
use crate::raw::select::Port;
use crate::raw::{Grant, Side};

/// The sending side of a channel: Go's `chan<- T`.
///
/// One pointer. Clones send to the same channel; dropping the last one closes it. Made by [`bounded`](crate::bounded),
/// [`unbounded`](crate::unbounded), or [`Chan::sender`](crate::Chan::sender).
///
/// # Memory ordering
///
/// * A send happens before the completion of the receive that gets its value (`chan.send-before-recv-complete`).
/// * On a channel of capacity C, the k-th receive happens before the completion of the (k+C)-th send
///   (`chan.kth-recv-before-(k+C)th-send-complete`); with C = 0 the receive happens before the completion of its own send
///   (`chan.recv-before-unbuffered-send-complete`).
/// * [`close`](Sender::close), and the drop that closes, happen before a receive that reports the end
///   (`chan.close-before-closed-recv`).
/// * A send that fails orders nothing, and neither do [`len`](Sender::len) and the other questions.
///
/// # Examples
///
/// ```
/// let (tx, rx) = gosync_chan::bounded(1);
/// tx.send(1).unwrap();
/// assert!(tx.try_send(2).unwrap_err().is_full());
/// drop(tx);
/// assert_eq!(rx.recv(), Ok(1));
/// assert!(rx.recv().is_err());
/// ```
///
/// What it can be asked:
///
/// ```
/// use gosync_chan::{Sender, bounded};
///
/// let (tx, rx) = bounded(2);
/// let other = tx.clone();
/// assert!(tx.same_channel(&other));
/// assert_eq!((tx.sender_count(), tx.receiver_count()), (2, 1));
/// assert_eq!((tx.len(), tx.capacity(), tx.is_empty()), (0, Some(2), true));
/// (1..=2).for_each(|n| tx.send(n).unwrap());
/// assert!(tx.is_full());
///
/// other.close().unwrap();
/// assert!(tx.is_closed());
/// assert_eq!(tx.send(3).unwrap_err().into_inner(), 3);
/// assert!(!tx.is_nil() && Sender::<u8>::nil().is_nil());
/// # drop(rx);
/// ```
///
/// Handles of one channel are equal, so a channel can be the key of a map, as in Go:
///
/// ```
/// use std::collections::HashMap;
///
/// use gosync_chan::bounded;
///
/// let (client, inbox) = bounded(1);
/// let mut clients = HashMap::from([(client.clone(), "gopher")]);
/// for (client, name) in &clients {
///     client.send(format!("hello, {name}")).unwrap();
/// }
/// assert_eq!(clients.remove(&client), Some("gopher"));
/// drop(client);
/// assert_eq!(inbox.iter().collect::<Vec<_>>(), ["hello, gopher"]);
/// ```
#[doc(alias = "chan")]
#[repr(transparent)] // as `Chan`
pub struct Sender<T> {
    pub(crate) handle: Handle<T>,
}

// SAFETY: values move between threads; no reference to one is ever shared.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above; all operations take `&self` and lock.
unsafe impl<T: Send> Sync for Sender<T> {}

// No user code runs inside the channel, so no panic can leave it half changed.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    /// Takes over one count of the sending side.
    pub(crate) fn adopt(handle: Handle<T>) -> Sender<T> {
        Sender { handle }
    }

    /// Sends with a permit, and does not wait for a partner.
    #[cfg(feature = "async")]
    pub(crate) fn send_granted_by_task(&self, grant: Grant, value: T) -> Result<(), SendError<T>> {
        self.handle.send_granted_by_task(grant, value)
    }

    /// What it is made of.
    #[cfg(feature = "async")]
    pub(crate) fn handle(&self) -> Handle<T> {
        self.handle
    }

    /// The channel as a select sees it; `None` is nil.
    pub(crate) fn port(&self) -> Option<&dyn Port> {
        self.handle.port()
    }

    /// Sends with a permit.
    pub(crate) fn send_granted(&self, grant: Grant, value: T) -> Result<(), SendError<T>> {
        self.handle.send_granted(grant, value)
    }

    /// The nil channel: sends block for ever, tries find it full, `close` fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::{CloseError, Sender, TrySendError};
    ///
    /// const NIL: Sender<i32> = Sender::nil();
    /// let tx = NIL;
    /// assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    /// assert_eq!(tx.close(), Err(CloseError::Nil));
    /// ```
    #[must_use]
    pub const fn nil() -> Sender<T> {
        Sender { handle: Handle::nil() }
    }

    /// Sends a value: hands it to the oldest blocked receiver, or appends it to the buffer, or blocks until one of them
    /// can be done. O(1). Go: `ch <- value`.
    ///
    /// # Errors
    ///
    /// If the channel is closed, before or while this blocks, or if nobody is left to receive. The value is in the error.
    ///
    /// # Panics
    ///
    /// If the buffer has to grow, and there is no memory for it. The value is dropped then; the channel goes on.
    #[inline]
    #[doc(alias = "<-")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        waits!("sends on a channel");
        self.handle.send(value)
    }

    /// Sends a value if that needs no blocking. Go: `select { case ch <- value: default: }`, except that a closed channel
    /// is an error here and a panic there.
    ///
    /// At capacity 0 the receiver may be a [`Select`](crate::Select). Then this waits until its
    /// [`SelectedOperation`](crate::SelectedOperation) is completed, however long that takes; if it is dropped instead, there
    /// was no receiver.
    ///
    /// # Errors
    ///
    /// If there is no room and no blocked receiver, or if the channel is closed. The value is in the error.
    ///
    /// # Panics
    ///
    /// If there is no memory, as [`send`](Sender::send).
    #[inline]
    #[doc(alias = "default")]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.handle.try_send(value)
    }

    /// As [`send`](Sender::send), but blocks for `timeout` at most. A timeout that has passed still sends if that needs
    /// no blocking. A [`Select`](crate::Select) that receives is waited for beyond it, as by
    /// [`try_send`](Sender::try_send).
    ///
    /// # Errors
    ///
    /// If there was no room in time, or if the channel is closed. The value is in the error.
    ///
    /// # Panics
    ///
    /// If there is no memory, as [`send`](Sender::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, _rx) = gosync_chan::bounded(0);
    /// let error = tx.send_timeout("nobody listens", Duration::from_millis(1)).unwrap_err();
    /// assert!(error.is_timeout());
    /// assert_eq!(error.into_inner(), "nobody listens");
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        waits!("sends on a channel");
        self.handle.send_until(value, deadline_after(timeout))
    }

    /// As [`send_timeout`](Sender::send_timeout), with an instant.
    ///
    /// # Errors
    ///
    /// If there was no room in time, or if the channel is closed. The value is in the error.
    ///
    /// # Panics
    ///
    /// If there is no memory, as [`send`](Sender::send).
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        waits!("sends on a channel");
        self.handle.send_until(value, Some(deadline))
    }

    /// As [`send`](Sender::send), for a task: the future is done when the value was handed to a receiver or to the buffer.
    /// Feature `async`; works on any executor, beside any threads, at capacity 0 too, in one line with them.
    ///
    /// # Errors
    ///
    /// If the channel is closed, before or while this waits, or if nobody is left to receive. The value is in the error.
    ///
    /// # Cancellation
    ///
    /// Dropping the future before it is done drops the value, unless it was sent. Nobody else notices. A future that is
    /// leaked while it waits stays in line.
    ///
    /// # Panics
    ///
    /// The future panics when it is polled after it was done, and if there is no memory, as [`send`](Sender::send).
    #[cfg(feature = "async")]
    #[inline]
    pub fn send_async(&self, value: T) -> crate::future::SendFuture<'_, T> {
        crate::future::SendFuture::new(self, value)
    }

    /// The channel as a sink, for the combinators of futures-util and whatever else takes one. Feature `sink`. Allocates
    /// once. Closing the sink does not close the channel: see [`SendSink`](crate::SendSink).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use futures_sink::Sink;
    ///
    /// let (tx, rx) = gosync_chan::bounded(1);
    /// let mut sink = pin!(tx.sink());
    /// let cx = &mut Context::from_waker(Waker::noop());
    /// assert_eq!(sink.as_mut().poll_ready(cx), Poll::Ready(Ok(())));
    /// sink.as_mut().start_send("first").unwrap();
    /// assert_eq!(sink.as_mut().poll_ready(cx), Poll::Ready(Ok(())), "the channel has it");
    /// sink.as_mut().start_send("second").unwrap();
    /// assert_eq!(sink.as_mut().poll_ready(cx), Poll::Pending, "the sink has it");
    /// assert_eq!(rx.recv(), Ok("first"));
    /// assert_eq!(sink.as_mut().poll_flush(cx), Poll::Ready(Ok(())));
    /// assert_eq!(rx.recv(), Ok("second"));
    /// ```
    #[cfg(feature = "sink")]
    pub fn sink(&self) -> crate::sink::SendSink<'_, T> {
        crate::sink::SendSink::new(self)
    }

    /// As [`sink`](Sender::sink), with this handle in it: for what outlives the place where it was made, as a task that is spawned.
    /// Feature `sink`. Allocates once. The channel ends with the sink if this is its last sender.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::Pin;
    ///
    /// use futures_sink::Sink;
    /// use gosync_chan::{SendError, Sender};
    ///
    /// fn boxed(tx: Sender<u64>) -> Pin<Box<dyn Sink<u64, Error = SendError<u64>> + Send>> {
    ///     Box::pin(tx.into_sink())
    /// }
    /// # let (tx, rx) = gosync_chan::bounded(1);
    /// # boxed(tx).as_mut().start_send(1).unwrap();
    /// # assert_eq!((rx.recv(), rx.recv().is_err()), (Ok(1), true));
    /// ```
    #[cfg(feature = "sink")]
    pub fn into_sink<'a>(self) -> crate::sink::SendSink<'a, T>
    where
        T: 'a,
    {
        crate::sink::SendSink::owning(self)
    }

    /// Closes the channel: no value enters any more, blocked senders get theirs back, receivers drain the buffer and then
    /// see the end. O(blocked operations); allocates only if tasks wait, a list of them. Go: `close(ch)`.
    ///
    /// # Errors
    ///
    /// If somebody has called `close` before, on any handle of the channel, or if the handle is nil
    /// ([`Closed`](CloseError::Closed), [`Nil`](CloseError::Nil)). (A channel that was
    /// closed by the drop of one side's last handle can still be closed once.)
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = gosync_chan::bounded(2);
    /// tx.send('a').unwrap();
    /// tx.close().unwrap();
    /// assert_eq!(tx.send('b').unwrap_err().into_inner(), 'b');
    /// assert_eq!(tx.close().unwrap_err().to_string(), "close of closed channel");
    /// assert_eq!(rx.iter().collect::<String>(), "a");
    /// ```
    pub fn close(&self) -> Result<(), CloseError> {
        self.handle.close()
    }

    /// Whether a send would fail because the channel is closed or nobody is left to receive. Orders nothing.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// The number of values in the buffer; values of blocked senders are not counted. Go: `len(ch)`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handle.len()
    }

    /// How many values the buffer can hold, `None` if unbounded. Go: `cap(ch)`.
    #[must_use]
    #[doc(alias = "cap")]
    pub fn capacity(&self) -> Option<usize> {
        self.handle.capacity()
    }

    /// Whether the buffer holds no value. True at capacity 0, unless a value came back from a task's receive that was dropped
    /// (feature `async`: Cancellation of `recv_async`).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handle.is_empty()
    }

    /// Whether the buffer has no room. Always true at capacity 0; and while there are more values than it can hold, since some came
    /// back from such receives.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.handle.is_full()
    }

    /// Whether this is the nil channel.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.handle.is_nil()
    }

    /// Whether both handles belong to the same channel. Go: `==`.
    #[must_use]
    #[doc(alias = "==")]
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.handle.same_channel(&other.handle)
    }

    /// How many handles can send, at some instant. Orders nothing.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.handle.count(Side::Senders)
    }

    /// How many handles can receive, at some instant. Orders nothing.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.handle.count(Side::Receivers)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.handle.acquire(Side::Senders);
        Sender { handle: self.handle }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // SAFETY: this handle owns one count of the sending side, and is gone.
        unsafe { self.handle.release(Side::Senders) }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt("Sender", f)
    }
}
