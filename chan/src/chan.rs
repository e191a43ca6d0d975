//! [`Chan`]: one handle for both directions.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{deadline_after, waits};

use crate::error::{CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};
use crate::handle::Handle;
use crate::raw::Side;
use crate::receiver::{IntoIter, Iter, Receiver, TryIter};
use crate::sender::Sender;

/// A channel handle that sends and receives: Go's `chan T`.
///
/// It counts as a sender and as a receiver, so a channel that is held by `Chan`s ends by [`close`](Chan::close) only,
/// as in Go. It has all methods of [`Sender`] and [`Receiver`], with the same memory ordering; their documentation
/// has the details.
///
/// # Examples
///
/// A channel as a semaphore, the idiom of Go's memory model:
///
/// ```
/// use gosync_chan::Chan;
///
/// let slots = Chan::new(3);
/// std::thread::scope(|s| {
///     for _ in 0..10 {
///         s.spawn(|| {
///             slots.send(()).unwrap(); // acquire
///             assert!(slots.len() <= 3);
///             slots.recv().unwrap(); // release
///         });
///     }
/// });
/// ```
///
/// One handle for both directions, and handles for one:
///
/// ```
/// use gosync_chan::{Chan, TryRecvError};
///
/// let chan = Chan::new(2);
/// let (tx, rx) = (chan.sender(), chan.receiver());
/// tx.send(1).unwrap();
/// chan.send(2).unwrap();
/// assert!(chan.is_full() && chan.capacity() == Some(2));
/// assert_eq!(rx.recv(), Ok(1));
/// assert_eq!(chan.try_iter().collect::<Vec<_>>(), [2]);
/// assert!(chan.is_empty() && chan.try_recv() == Err(TryRecvError::Empty));
/// chan.close().unwrap();
/// assert!(chan.is_closed() && rx.is_closed());
/// assert_eq!((chan.sender_count(), chan.receiver_count()), (2, 2));
/// for _ in &chan {
///     unreachable!("drained");
/// }
///
/// let other = Chan::<i32>::unbounded();
/// assert!(!chan.same_channel(&other) && other.capacity().is_none());
/// let (_tx, _rx) = other.split();
/// assert!(Chan::<i32>::nil().is_nil());
/// ```
#[doc(alias = "chan")]
#[repr(transparent)] // as `Sender` and `Receiver`
pub struct Chan<T> {
    pub(crate) handle: Handle<T>,
}

// SAFETY: values move between threads; no reference to one is ever shared.
unsafe impl<T: Send> Send for Chan<T> {}
// SAFETY: as above; all operations take `&self` and lock.
unsafe impl<T: Send> Sync for Chan<T> {}

// No user code runs inside the channel, so no panic can leave it half changed.
impl<T> UnwindSafe for Chan<T> {}
impl<T> RefUnwindSafe for Chan<T> {}

impl<T> Chan<T> {
    /// A channel of the given capacity; 0 is a rendezvous, `usize::MAX` is unbounded. Go: `make(chan T, capacity)`.
    #[must_use]
    #[doc(alias = "make")]
    pub fn new(capacity: usize) -> Chan<T> {
        Chan { handle: Handle::new(capacity) }
    }

    /// Takes over one count of each side.
    pub(crate) fn adopt(handle: Handle<T>) -> Chan<T> {
        Chan { handle }
    }

    /// Closes a channel that its users cannot close.
    pub(crate) fn end(&self) {
        self.handle.end();
    }

    /// A channel whose sends never block.
    #[must_use]
    pub fn unbounded() -> Chan<T> {
        Chan { handle: Handle::new(usize::MAX) }
    }

    /// The nil channel: operations block for ever, `try_send` finds it full and `try_recv` empty, `close` fails.
    #[must_use]
    pub const fn nil() -> Chan<T> {
        Chan { handle: Handle::nil() }
    }

    /// Turns the handle into one of each direction.
    #[must_use]
    pub fn split(self) -> (Sender<T>, Receiver<T>) {
        let handle = self.handle;
        // The two take over this handle's two counts.
        std::mem::forget(self);
        (Sender::adopt(handle), Receiver::adopt(handle))
    }

    /// A new handle that only sends. Go: conversion to `chan<- T`.
    #[must_use]
    pub fn sender(&self) -> Sender<T> {
        self.handle.acquire(Side::Senders);
        Sender::adopt(self.handle)
    }

    /// A new handle that only receives. Go: conversion to `<-chan T`.
    #[must_use]
    pub fn receiver(&self) -> Receiver<T> {
        self.handle.acquire(Side::Receivers);
        Receiver::adopt(self.handle)
    }

    /// Same as [`Sender::send`].
    ///
    /// # Errors
    ///
    /// If the channel is closed. The value is in the error.
    #[inline]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        waits!("sends on a channel");
        self.handle.send(value)
    }

    /// Same as [`Sender::try_send`].
    ///
    /// # Errors
    ///
    /// If there is no room and no blocked receiver, or if the channel is closed. The value is in the error.
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.handle.try_send(value)
    }

    /// Same as [`Sender::send_timeout`].
    ///
    /// # Errors
    ///
    /// If there was no room in time, or if the channel is closed. The value is in the error.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        waits!("sends on a channel");
        self.handle.send_until(value, deadline_after(timeout))
    }

    /// Same as [`Sender::send_deadline`].
    ///
    /// # Errors
    ///
    /// If there was no room in time, or if the channel is closed. The value is in the error.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        waits!("sends on a channel");
        self.handle.send_until(value, Some(deadline))
    }

    /// Same as [`Receiver::recv`].
    ///
    /// # Errors
    ///
    /// If the channel is closed and drained.
    #[inline]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv(&self) -> Result<T, RecvError> {
        waits!("receives from a channel");
        self.handle.recv()
    }

    /// Same as [`Receiver::try_recv`].
    ///
    /// # Errors
    ///
    /// If there is no value and no blocked sender, or if the channel is closed and drained.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.handle.try_recv()
    }

    /// Same as [`Receiver::recv_timeout`].
    ///
    /// # Errors
    ///
    /// If there was no value in time, or if the channel is closed and drained.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        waits!("receives from a channel");
        self.handle.recv_until(deadline_after(timeout))
    }

    /// Same as [`Receiver::recv_deadline`].
    ///
    /// # Errors
    ///
    /// If there was no value in time, or if the channel is closed and drained.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        waits!("receives from a channel");
        self.handle.recv_until(Some(deadline))
    }

    /// Like [`Sender::send_many`]: sends the values of a vector, and leaves it empty.
    ///
    /// # Errors
    ///
    /// If the channel is closed. Unsent values are left in the vector.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send_many(&self, values: &mut Vec<T>) -> Result<(), SendError<()>> {
        self.as_sender().send_many(values)
    }

    /// Same as [`Sender::try_send_many`].
    ///
    /// # Errors
    ///
    /// If nothing was sent, though there was something to send.
    pub fn try_send_many(&self, values: &mut Vec<T>) -> Result<usize, TrySendError<()>> {
        self.as_sender().try_send_many(values)
    }

    /// Like [`Receiver::recv_many`]: appends up to `limit` values to the vector.
    ///
    /// # Errors
    ///
    /// If the channel is closed and drained.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        self.as_receiver().recv_many(into, limit)
    }

    /// Same as [`Receiver::try_recv_many`].
    ///
    /// # Errors
    ///
    /// If there is no value and no blocked sender, or if the channel is closed and drained.
    pub fn try_recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, TryRecvError> {
        self.as_receiver().try_recv_many(into, limit)
    }

    /// Like [`Receiver::recv_many_async`]. Feature `async`.
    ///
    /// # Errors
    ///
    /// If the channel is closed and drained.
    #[cfg(feature = "async")]
    pub async fn recv_many_async(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        self.as_receiver().recv_many_async(into, limit).await
    }

    /// Like [`Sender::send_async`]. Feature `async`.
    ///
    /// # Errors
    ///
    /// If the channel is closed. The value is in the error.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion, and if an allocation fails, like [`Sender::send`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::Chan;
    ///
    /// /// At most so many at a time: the idiom of Go's memory model, for tasks.
    /// async fn with_slot<R>(slots: &Chan<()>, work: impl Future<Output = R>) -> R {
    ///     slots.send_async(()).await.unwrap(); // acquire
    ///     let result = work.await;
    ///     slots.recv_async().await.unwrap(); // release
    ///     result
    /// }
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub fn send_async(&self, value: T) -> crate::future::SendFuture<'_, T> {
        self.as_sender().send_async(value)
    }

    /// Like [`Receiver::recv_async`], which says what happens to a value if the future is dropped. Feature `async`.
    ///
    /// # Errors
    ///
    /// If the channel is closed and drained.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion.
    #[cfg(feature = "async")]
    #[inline]
    pub fn recv_async(&self) -> crate::future::RecvFuture<'_, T> {
        self.as_receiver().recv_async()
    }

    /// Like [`Receiver::stream`]: the values until the channel is closed and drained. Feature `async`. Allocates once.
    #[cfg(feature = "async")]
    pub fn stream(&self) -> crate::future::RecvStream<'_, T> {
        self.as_receiver().stream()
    }

    /// Like [`Receiver::into_stream`]. The stream no longer counts as a sender, as with
    /// [`into_iter`](IntoIterator::into_iter). Feature `async`.
    #[cfg(feature = "async")]
    pub fn into_stream<'a>(self) -> crate::future::RecvStream<'a, T>
    where
        T: 'a,
    {
        self.split().1.into_stream()
    }

    /// Like [`Sender::into_sink`]. The sink no longer counts as a receiver. Feature `sink`.
    #[cfg(feature = "sink")]
    pub fn into_sink<'a>(self) -> crate::sink::SendSink<'a, T>
    where
        T: 'a,
    {
        self.split().0.into_sink()
    }

    /// Like [`Sender::sink`]. Feature `sink`. Allocates once. Closing the sink does not close the channel.
    #[cfg(feature = "sink")]
    pub fn sink(&self) -> crate::sink::SendSink<'_, T> {
        self.as_sender().sink()
    }

    /// The values until the channel is closed and drained; blocks for each. Go: `for v := range ch`.
    #[must_use]
    #[doc(alias = "range")]
    pub fn iter(&self) -> Iter<'_, T> {
        self.as_receiver().iter()
    }

    /// The values that can be received without blocking.
    #[must_use]
    pub fn try_iter(&self) -> TryIter<'_, T> {
        self.as_receiver().try_iter()
    }

    /// Same as [`Sender::close`].
    ///
    /// # Errors
    ///
    /// If `close` was called before, on any handle of the channel, or if the handle is nil.
    pub fn close(&self) -> Result<(), CloseError> {
        self.handle.close()
    }

    /// Whether the channel is closed. Orders nothing.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// The number of values in the buffer. Go: `len(ch)`.
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
    pub fn same_channel(&self, other: &Chan<T>) -> bool {
        self.handle.same_channel(&other.handle)
    }

    /// The number of handles that can send, this one included: a snapshot. Orders nothing.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.handle.count(Side::Senders)
    }

    /// The number of handles that can receive, this one included: a snapshot. Orders nothing.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.handle.count(Side::Receivers)
    }

    fn as_sender(&self) -> &Sender<T> {
        self.as_ref()
    }

    fn as_receiver(&self) -> &Receiver<T> {
        self.as_ref()
    }
}

/// The values until the channel is closed and drained; blocks for each. The iterator no longer counts as a sender:
/// without another sender the channel ends once it is drained, where Go's loop would never end.
///
/// # Examples
///
/// ```
/// use gosync_chan::Chan;
///
/// let chan = Chan::new(3);
/// (1..=3).for_each(|n| chan.send(n).unwrap());
/// assert_eq!(chan.into_iter().sum::<i32>(), 6);
/// ```
impl<T> IntoIterator for Chan<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        self.split().1.into_iter()
    }
}

/// Same as [`iter`](Chan::iter).
impl<'a, T> IntoIterator for &'a Chan<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The sending side of this handle, for functions that take a [`Sender`].
impl<T> AsRef<Sender<T>> for Chan<T> {
    fn as_ref(&self) -> &Sender<T> {
        // SAFETY: both are a `Handle<T>` and nothing else; this one owns a count of the sending side, too.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}

/// The receiving side of this handle, for functions that take a [`Receiver`].
impl<T> AsRef<Receiver<T>> for Chan<T> {
    fn as_ref(&self) -> &Receiver<T> {
        // SAFETY: both are a `Handle<T>` and nothing else; this one owns a count of the receiving side, too.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}

impl<T> Clone for Chan<T> {
    fn clone(&self) -> Chan<T> {
        self.handle.acquire(Side::Senders);
        self.handle.acquire(Side::Receivers);
        Chan { handle: self.handle }
    }
}

impl<T> Drop for Chan<T> {
    fn drop(&mut self) {
        // SAFETY: this handle owns one count of the sending side, and sends nothing any more.
        unsafe { self.handle.release(Side::Senders) }
        // SAFETY: it owns one count of the receiving side too, which has kept the channel alive, and is gone.
        unsafe { self.handle.release(Side::Receivers) }
    }
}

impl<T> fmt::Debug for Chan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt("Chan", f)
    }
}
