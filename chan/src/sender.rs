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
/// * A send that fails orders nothing, and neither do [`len`](Sender::len) and the other queries.
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
/// Queries:
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

    /// The nil channel: a send blocks for ever, `try_send` finds it full, `close` fails.
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

    /// Sends a value: hands it to the oldest blocked receiver, or appends it to the buffer, or blocks until it can do
    /// either. O(1). Go: `ch <- value`.
    ///
    /// # Errors
    ///
    /// If the channel is closed, before or while this blocks, or if nobody is left to receive. The value is in the error.
    ///
    /// # Panics
    ///
    /// If the buffer has to grow and the allocation fails. Then the value is dropped; the channel stays usable.
    #[inline]
    #[doc(alias = "<-")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        waits!("sends on a channel");
        self.handle.send(value)
    }

    /// Sends a value if that is possible without blocking. Go: `select { case ch <- value: default: }`, except that a
    /// closed channel is an error here and a panic there.
    ///
    /// At capacity 0 the receiver may be a [`Select`](crate::Select). Then this waits until its
    /// [`SelectedOperation`](crate::SelectedOperation) is completed, however long that takes. If the operation is
    /// dropped instead, this fails as if there were no receiver.
    ///
    /// # Errors
    ///
    /// If there is no room and no blocked receiver, or if the channel is closed. The value is in the error.
    ///
    /// # Panics
    ///
    /// If an allocation fails, like [`send`](Sender::send).
    #[inline]
    #[doc(alias = "default")]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.handle.try_send(value)
    }

    /// Like [`send`](Sender::send), but blocks for at most `timeout`. Even with an expired timeout it sends if that
    /// is possible without blocking. It waits for a receiving [`Select`](crate::Select) beyond the timeout, as
    /// [`try_send`](Sender::try_send) does.
    ///
    /// # Errors
    ///
    /// If there was no room in time, or if the channel is closed. The value is in the error.
    ///
    /// # Panics
    ///
    /// If an allocation fails, like [`send`](Sender::send).
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

    /// Like [`send_timeout`](Sender::send_timeout), with an instant.
    ///
    /// # Errors
    ///
    /// If there was no room in time, or if the channel is closed. The value is in the error.
    ///
    /// # Panics
    ///
    /// If an allocation fails, like [`send`](Sender::send).
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        waits!("sends on a channel");
        self.handle.send_until(value, Some(deadline))
    }

    /// Like [`send`](Sender::send), for a task: the future completes when a receiver or the buffer has the value.
    /// Feature `async`. Works on any executor; tasks and threads share one queue, at capacity 0 too.
    ///
    /// # Errors
    ///
    /// If the channel is closed, before or while this waits, or if nobody is left to receive. The value is in the error.
    ///
    /// # Cancellation
    ///
    /// Dropping the future before it completes drops the value, unless it was sent. No other operation is affected. A
    /// future that is leaked while it waits stays queued.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion, and if an allocation fails, like [`send`](Sender::send).
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

    /// Like [`sink`](Sender::sink), but owns this handle, so that it can be moved into a spawned task. Feature
    /// `sink`. Allocates once. If this was the last sender, dropping the sink closes the channel.
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

    /// Closes the channel: no further value enters, blocked senders get their values back, receivers drain the buffer
    /// and then see the end. O(blocked operations); allocates only if tasks wait (a list of them). Go: `close(ch)`.
    ///
    /// # Errors
    ///
    /// If `close` was called before, on any handle of the channel ([`Closed`](CloseError::Closed)), or if the handle
    /// is nil ([`Nil`](CloseError::Nil)). (A channel that ended because one side's last handle was dropped can still
    /// be closed once.)
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

    /// Whether a send would fail because the channel is closed or has no receiver left. Orders nothing.
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

    /// Whether the buffer is empty. True at capacity 0, unless a dropped receive of a task returned a value (feature
    /// `async`: see Cancellation of `recv_async`).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handle.is_empty()
    }

    /// Whether the buffer is full. Always true at capacity 0, and while such receives have returned more values than
    /// the capacity.
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

    /// The number of handles that can send: a snapshot. Orders nothing.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.handle.count(Side::Senders)
    }

    /// The number of handles that can receive: a snapshot. Orders nothing.
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
