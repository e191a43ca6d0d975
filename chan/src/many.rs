//! Several values at a time: what is public of it. `raw/many.rs` has the rest.

use gosync_atomic::__sys::waits;

use crate::error::{RecvError, SendError, TryRecvError, TrySendError};
use crate::{Receiver, Sender};

impl<T> Receiver<T> {
    /// Receives up to `limit` values and appends them to `into`. Blocks for the first, as [`recv`](Receiver::recv)
    /// does, and then takes what is available without waiting for more; values that arrive meanwhile are taken too,
    /// so with fast senders it ends only at `limit`. Returns how many there were: at least 1, unless `limit` is 0.
    ///
    /// It behaves like that many single receives, between which others may receive, but takes a fraction of their
    /// time for buffered values. At capacity 0 it receives one value.
    ///
    /// O(n) for n values. Go: a receive, and then a loop of `select { case v := <-ch: .. default: .. }`.
    ///
    /// # Errors
    ///
    /// If nothing was received and the channel is closed, or has no sender left, and has been drained; before or
    /// while this blocks.
    ///
    /// # Panics
    ///
    /// If `into` has to grow and the allocation fails. No received value is lost.
    ///
    /// # Memory ordering
    ///
    /// Each value as by [`recv`](Receiver::recv) (`chan.send-before-recv-complete`).
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = gosync_chan::unbounded();
    /// (1..=5).for_each(|n| tx.send(n).unwrap());
    /// drop(tx);
    /// let mut batch = Vec::new();
    /// while rx.recv_many(&mut batch, 2).is_ok() {
    ///     println!("{batch:?}"); // [1, 2], [3, 4], [5]
    ///     assert!(batch.len() <= 2);
    ///     batch.clear();
    /// }
    /// ```
    #[doc(alias = "<-")]
    #[doc(alias = "drain")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        waits!("receives from a channel");
        self.handle.recv_many(into, limit)
    }

    /// Like [`recv_many`](Receiver::recv_many), if that is possible without blocking. Like
    /// [`try_recv`](Receiver::try_recv), it waits for a sender that is about to provide its value.
    ///
    /// # Errors
    ///
    /// If there is no value and no blocked sender, or if the channel is closed and drained.
    ///
    /// # Panics
    ///
    /// Same as [`recv_many`](Receiver::recv_many).
    ///
    /// # Memory ordering
    ///
    /// Like [`recv_many`](Receiver::recv_many); a failure orders nothing (`gosync.try`).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::{TryRecvError, bounded};
    ///
    /// let (tx, rx) = bounded(4);
    /// (1..=3).for_each(|n| tx.send(n).unwrap());
    /// let mut values = Vec::new();
    /// assert_eq!(rx.try_recv_many(&mut values, 10), Ok(3));
    /// assert_eq!(rx.try_recv_many(&mut values, 10), Err(TryRecvError::Empty));
    /// assert_eq!(values, [1, 2, 3]);
    /// ```
    pub fn try_recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, TryRecvError> {
        self.handle.try_recv_many(into, limit)
    }

    /// Like [`recv_many`](Receiver::recv_many), for a task. A future that is dropped before it is ready has received
    /// nothing, as with [`recv_async`](Receiver::recv_async).
    ///
    /// # Errors
    ///
    /// Same as [`recv_many`](Receiver::recv_many).
    ///
    /// # Panics
    ///
    /// Same as [`recv_many`](Receiver::recv_many) and [`recv_async`](Receiver::recv_async).
    ///
    /// # Memory ordering
    ///
    /// Each value as by [`recv_async`](Receiver::recv_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::Receiver;
    ///
    /// async fn write(lines: &Receiver<String>, mut write: impl AsyncFnMut(&[String])) {
    ///     let mut batch = Vec::new();
    ///     while lines.recv_many_async(&mut batch, 64).await.is_ok() {
    ///         write(&batch).await;
    ///         batch.clear();
    ///     }
    /// }
    /// ```
    #[cfg(feature = "async")]
    pub async fn recv_many_async(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        if limit == 0 {
            return Ok(0);
        }
        // Before the first is received.
        into.reserve(1);
        into.push(self.recv_async().await?);
        // A try may wait for a select's sender, which perhaps only this task's executor can run.
        let more = self.channel().map_or(0, |channel| channel.recv_many_items(into, limit - 1));
        Ok(1 + more)
    }
}

impl<T> Sender<T> {
    /// Sends the values of a vector, in order, each as [`send`](Sender::send) does: blocks whenever there is no room.
    /// Leaves the vector empty, with its allocation.
    ///
    /// It behaves like that many single sends, between which others may send, but takes a fraction of their time if
    /// the buffer has room.
    ///
    /// O(n) for n values. Go: `for _, v := range values { ch <- v }`.
    ///
    /// # Errors
    ///
    /// If the channel is closed, before or while this blocks, or if it has no receiver left. Unsent values are left
    /// in the vector, in order.
    ///
    /// # Panics
    ///
    /// If the buffer has to grow and the allocation fails. Then one value is dropped, and those after it are left in
    /// the vector.
    ///
    /// # Memory ordering
    ///
    /// Each value as by [`send`](Sender::send) (`chan.send-before-recv-complete`,
    /// `chan.kth-recv-before-(k+C)th-send-complete`).
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = gosync_chan::bounded(4);
    /// let mut values = vec![1, 2, 3];
    /// tx.send_many(&mut values).unwrap();
    /// assert!(values.is_empty() && rx.len() == 3);
    ///
    /// values.extend([4, 5]);
    /// tx.close().unwrap();
    /// assert!(tx.send_many(&mut values).is_err());
    /// assert_eq!(values, [4, 5]);
    /// ```
    #[doc(alias = "<-")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn send_many(&self, values: &mut Vec<T>) -> Result<(), SendError<()>> {
        waits!("sends on a channel");
        self.handle.send_many(values)
    }

    /// Sends as many of the values as is possible without blocking, in order, and returns how many. Removes them from
    /// the vector, in O(n). Like [`try_send`](Sender::try_send), it waits for a receiver that is about to take a
    /// value.
    ///
    /// # Errors
    ///
    /// If nothing was sent, because there is no room and no blocked receiver, or because the channel is closed. Not
    /// if `values` is empty.
    ///
    /// # Panics
    ///
    /// Same as [`send_many`](Sender::send_many).
    ///
    /// # Memory ordering
    ///
    /// Like [`send_many`](Sender::send_many); a failure orders nothing (`gosync.try`).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_chan::{TrySendError, bounded};
    ///
    /// let (tx, rx) = bounded(2);
    /// let mut values = vec![1, 2, 3];
    /// assert_eq!(tx.try_send_many(&mut values), Ok(2));
    /// assert_eq!(tx.try_send_many(&mut values), Err(TrySendError::Full(())));
    /// assert_eq!(values, [3]);
    /// # drop(rx);
    /// ```
    pub fn try_send_many(&self, values: &mut Vec<T>) -> Result<usize, TrySendError<()>> {
        self.handle.try_send_many(values)
    }
}
