//! [`Receiver`]: the receiving handle, and its iterators.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{deadline_after, waits};

use crate::error::{CloseError, RecvError, RecvTimeoutError, TryRecvError};
use crate::handle::Handle;
use crate::raw::select::Port;
use crate::raw::{Grant, Setting, Side};

/// The receiving side of a channel: Go's `<-chan T`.
///
/// One pointer. Clones receive from the same channel, each value going to one of them; dropping the last one makes sends
/// fail and drops what is buffered. Made by [`bounded`](crate::bounded), [`unbounded`](crate::unbounded), or
/// [`Chan::receiver`](crate::Chan::receiver).
///
/// # Memory ordering
///
/// Like [`Sender`](crate::Sender): a receive is ordered after the send of its value, or after the close that it
/// reports. A receive that fails for another reason orders nothing, and neither do [`len`](Receiver::len) and the
/// other queries.
///
/// # Examples
///
/// ```
/// let (tx, rx) = gosync_chan::bounded(0);
/// let producer = std::thread::spawn(move || (0..3).for_each(|i| tx.send(i).unwrap()));
/// assert_eq!(rx.iter().collect::<Vec<_>>(), [0, 1, 2]);
/// producer.join().unwrap();
/// ```
///
/// Queries:
///
/// ```
/// use gosync_chan::{Receiver, TryRecvError, bounded};
///
/// let (tx, rx) = bounded(2);
/// let other = rx.clone();
/// assert!(rx.same_channel(&other));
/// assert_eq!((rx.sender_count(), rx.receiver_count()), (1, 2));
/// assert_eq!((rx.capacity(), rx.is_empty()), (Some(2), true));
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
///
/// (1..=2).for_each(|n| tx.send(n).unwrap());
/// assert_eq!((rx.len(), rx.is_full(), rx.is_closed()), (2, true, false));
/// drop(tx);
/// assert!(rx.is_closed(), "and not yet drained");
/// assert_eq!(rx.recv(), Ok(1));
/// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [2]);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
/// assert!(!rx.is_nil() && Receiver::<u8>::nil().is_nil());
/// ```
#[doc(alias = "chan")]
#[repr(transparent)] // as `Chan`
pub struct Receiver<T> {
    pub(crate) handle: Handle<T>,
}

// SAFETY: values move between threads; no reference to one is ever shared.
unsafe impl<T: Send> Send for Receiver<T> {}
// SAFETY: as above; all operations take `&self` and lock.
unsafe impl<T: Send> Sync for Receiver<T> {}

// No user code runs inside the channel, so no panic can leave it half changed.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    /// Takes over one count of the receiving side.
    pub(crate) fn adopt(handle: Handle<T>) -> Receiver<T> {
        Receiver { handle }
    }

    /// Sets a timer.
    pub(crate) fn set_timer(&self, setting: Setting) -> bool {
        self.handle.set_timer(setting)
    }

    /// The channel; `None` is nil.
    pub(crate) fn channel(&self) -> Option<&crate::raw::Channel<T>> {
        self.handle.channel()
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

    /// Receives with a permit.
    pub(crate) fn recv_granted(&self, grant: Grant) -> Result<T, RecvError> {
        self.handle.recv_granted(grant)
    }

    /// The nil channel: a receive blocks for ever, `try_recv` finds it empty, `close` fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::{Receiver, TryRecvError};
    ///
    /// const NIL: Receiver<i32> = Receiver::nil();
    /// let rx = NIL;
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// ```
    #[must_use]
    pub const fn nil() -> Receiver<T> {
        Receiver { handle: Handle::nil() }
    }

    /// Receives the oldest value, from the buffer or from the oldest blocked sender, or blocks until there is one. O(1).
    /// Go: `v, ok := <-ch`.
    ///
    /// # Errors
    ///
    /// If the channel is closed, or has no sender left, and has been drained; before or while this blocks.
    #[inline]
    #[doc(alias = "<-")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv(&self) -> Result<T, RecvError> {
        waits!("receives from a channel");
        self.handle.recv()
    }

    /// Receives a value if that is possible without blocking. Go: `select { case v, ok := <-ch: default: }`.
    ///
    /// At capacity 0 the sender may be a select that is about to evaluate its message or to complete its
    /// [`SelectedOperation`](crate::SelectedOperation). Then this waits for the value, however long it takes. If the
    /// message panics or the operation is dropped instead, this fails as if there were no sender. If the select is a
    /// task's (`select_async!`), the wait lasts until its executor polls it: do not call this on the only thread that
    /// could.
    ///
    /// # Errors
    ///
    /// If there is no value and no blocked sender, or if the channel is closed and drained.
    #[inline]
    #[doc(alias = "default")]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.handle.try_recv()
    }

    /// Like [`recv`](Receiver::recv), but blocks for at most `timeout`. Even with an expired timeout it receives if
    /// that is possible without blocking. It waits beyond the timeout for a sender that is about to provide its
    /// value, as [`try_recv`](Receiver::try_recv) does.
    ///
    /// # Errors
    ///
    /// If there was no value in time, or if the channel is closed and drained.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, rx) = gosync_chan::bounded::<u8>(1);
    /// assert!(rx.recv_timeout(Duration::from_millis(1)).unwrap_err().is_timeout());
    /// drop(tx);
    /// assert!(rx.recv_timeout(Duration::from_secs(60)).unwrap_err().is_disconnected());
    /// ```
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        waits!("receives from a channel");
        self.handle.recv_until(deadline_after(timeout))
    }

    /// Like [`recv_timeout`](Receiver::recv_timeout), with an instant.
    ///
    /// # Errors
    ///
    /// If there was no value in time, or if the channel is closed and drained.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        waits!("receives from a channel");
        self.handle.recv_until(Some(deadline))
    }

    /// Like [`recv`](Receiver::recv), for a task. Feature `async`. Works on any executor; tasks and threads share one
    /// queue, at capacity 0 too.
    ///
    /// # Errors
    ///
    /// If the channel is closed, or has no sender left, and has been drained; before or while this waits.
    ///
    /// # Cancellation
    ///
    /// Dropping the future loses nothing: a value that was handed to it goes to the next receiver, or back to the
    /// front of the buffer. The buffer may then hold one more value than its capacity, and another receiver may have
    /// found it closed and drained in between. At capacity 0 the send has completed then, although the value is not
    /// received yet. With several receivers, one that received a later value in between may get this one after it. A
    /// future that is leaked while it waits stays queued, and may swallow one value.
    ///
    /// # Timers
    ///
    /// On a timer's channel the future is woken by the thread that serves [`after_func`](crate::after_func), with an
    /// allocation for each value that it waits for.
    ///
    /// # Panics
    ///
    /// The future panics if it is polled after completion, and if it waits for a timer and the timer thread cannot be
    /// started. In the second case it still waits, and can be polled again or dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::Receiver;
    ///
    /// async fn sum(numbers: &Receiver<u64>) -> u64 {
    ///     let mut sum = 0;
    ///     while let Ok(n) = numbers.recv_async().await {
    ///         sum += n;
    ///     }
    ///     sum
    /// }
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub fn recv_async(&self) -> crate::future::RecvFuture<'_, T> {
        crate::future::RecvFuture::new(self)
    }

    /// The values until the channel is closed and drained, as a stream. Feature `async`. Allocates once.
    ///
    /// It may be dropped at any time, like the future of [`recv_async`](Receiver::recv_async). It is fused.
    ///
    /// # Panics
    ///
    /// A poll panics if the timer thread cannot be started, like that of `recv_async`.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_core::Stream;
    /// use gosync_chan::Receiver;
    ///
    /// /// As what a combinator takes.
    /// fn numbers(rx: &Receiver<u64>) -> impl Stream<Item = u64> + '_ {
    ///     rx.stream()
    /// }
    /// ```
    #[cfg(feature = "async")]
    pub fn stream(&self) -> crate::future::RecvStream<'_, T> {
        crate::future::RecvStream::new(self)
    }

    /// Like [`stream`](Receiver::stream), but owns this handle, so that it can be moved into a spawned task. Feature
    /// `async`. Allocates once.
    ///
    /// # Panics
    ///
    /// As `stream`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::Pin;
    ///
    /// use futures_core::Stream;
    ///
    /// fn numbers() -> Pin<Box<dyn Stream<Item = u64> + Send>> {
    ///     let (tx, rx) = gosync_chan::bounded(1);
    ///     std::thread::spawn(move || (1..=10).for_each(|n| tx.send(n).unwrap()));
    ///     Box::pin(rx.into_stream())
    /// }
    /// # drop(numbers());
    /// ```
    #[cfg(feature = "async")]
    pub fn into_stream<'a>(self) -> crate::future::RecvStream<'a, T>
    where
        T: 'a,
    {
        crate::future::RecvStream::owning(self)
    }

    /// The values until the channel is closed and drained; blocks for each. Go: `for v := range ch`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::{IntoIter, Iter, Receiver, TryIter};
    ///
    /// let (tx, rx) = gosync_chan::bounded(3);
    /// (1..=3).for_each(|n| tx.send(n).unwrap());
    /// let mut now: TryIter<'_, i32> = rx.try_iter();
    /// assert_eq!(now.next(), Some(1));
    /// drop(tx);
    /// let mut blocking: Iter<'_, i32> = rx.iter();
    /// assert_eq!(blocking.next(), Some(2));
    /// let owned: IntoIter<i32> = rx.into_iter();
    /// assert_eq!(owned.collect::<Vec<_>>(), [3]);
    /// ```
    #[must_use]
    #[doc(alias = "range")]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: Some(self) }
    }

    /// The values that can be received without blocking.
    #[must_use]
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }

    /// Closes the channel, as [`Sender::close`](crate::Sender::close) does.
    ///
    /// # Errors
    ///
    /// If `close` was called before, on any handle of the channel ([`Closed`](CloseError::Closed)); if the handle is
    /// nil ([`Nil`](CloseError::Nil)); or if the channel belongs to a timer or a context
    /// ([`ReceiveOnly`](CloseError::ReceiveOnly)).
    pub fn close(&self) -> Result<(), CloseError> {
        self.handle.close()
    }

    /// Whether the channel is closed or has no sender left; there may still be values to drain.
    ///
    /// It never becomes false again, so a busy thread can poll it as it would Go's `done` channel: one load, no lock.
    /// It orders nothing; a receive that reports the end is ordered after the close.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// The number of values in the buffer; values of blocked senders are not counted. Go: `len(ch)`.
    ///
    /// It orders nothing. `try_recv` finds a value that was counted, unless another receiver takes it first.
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
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
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

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.handle.acquire(Side::Receivers);
        Receiver { handle: self.handle }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // SAFETY: this handle owns one count of the receiving side, and is gone.
        unsafe { self.handle.release(Side::Receivers) }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt("Receiver", f)
    }
}

/// Iterator of [`Receiver::iter`]: blocks for each value, and ends when the channel is closed and drained. Fused.
pub struct Iter<'a, T> {
    /// `None`: it has ended.
    receiver: Option<&'a Receiver<T>>,
}

/// Iterator of [`Receiver::try_iter`]: never blocks; ends when no value is available.
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// Iterator that owns its [`Receiver`]: blocks for each value, and ends when the channel is closed and drained.
/// Fused.
pub struct IntoIter<T> {
    receiver: Receiver<T>,
    ended: bool,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[cfg_attr(feature = "deadlock", track_caller)]
    fn next(&mut self) -> Option<T> {
        let value = self.receiver?.recv().ok();
        if value.is_none() {
            self.receiver = None;
        }
        value
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[cfg_attr(feature = "deadlock", track_caller)]
    fn next(&mut self) -> Option<T> {
        if self.ended {
            return None;
        }
        let value = self.receiver.recv().ok();
        self.ended = value.is_none();
        value
    }
}

// A channel that was closed and drained may get a value back, from a task's receive that is dropped, or from a `SelectedOperation`. An
// iterator that has ended does not look for it.
impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IntoIter<T> {}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self, ended: false }
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

// By hand: a derive would ask for a `T` that can be printed or cloned.

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Iter { receiver: self.receiver }
    }
}

impl<T> Clone for TryIter<'_, T> {
    fn clone(&self) -> Self {
        TryIter { receiver: self.receiver }
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(&self.receiver).finish()
    }
}

impl<T> fmt::Debug for TryIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryIter").field(self.receiver).finish()
    }
}

impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.receiver).finish()
    }
}
