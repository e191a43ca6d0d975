//! [`SendSink`]: a sender as a sink (feature `sink`).
//!
//! It holds at most one value, in a [`SendFuture`] that is used again and again: what `start_send` cannot send at once
//! waits there, in its place in line. `start_send` has no task to wake; the next poll says which.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;

use crate::error::SendError;
use crate::future::{Owned, SendFuture};
use crate::sender::Sender;

/// Sink of [`Sender::sink`].
///
/// | | |
/// | --- | --- |
/// | `poll_ready` | ready when the value of the last `start_send` was sent, or failed |
/// | `start_send` | sends at once if possible; otherwise the value is queued from now on. Never blocks |
/// | `poll_flush` | like `poll_ready`: at capacity 0 a receiver has the value, otherwise the channel has it |
/// | `poll_close` | flushes; after that this sink takes no values; the channel stays open |
///
/// # Errors
///
/// If the channel is closed, or nobody is left to receive. The error contains the unsent value, and is returned once.
/// The sink can still be polled, and every later `start_send` returns its value as an error.
///
/// # Panics
///
/// `start_send` panics if the sink is not ready, because a value is still queued. The new value is dropped.
///
/// # Closing
///
/// `poll_close` ends the sink and not the channel: several sinks may feed one channel, and the first that ends must
/// not end the others. The channel is closed as usual, by [`close`](Sender::close) or when its last sender is
/// dropped. A value that is sent to the sink after that is returned as an error.
///
/// # Cancellation
///
/// A future that drives the sink may be dropped at any time: the value that the sink holds stays queued, and is sent
/// when the sink is polled again. Dropping the sink drops the value that it holds, unless it was sent.
///
/// # Memory ordering
///
/// Same as for [`send_async`](Sender::send_async): `start_send` happens before the completion of the receive that gets its value
/// (`chan.send-before-recv-complete`), and the receive that makes room before the `poll_flush` that reports it.
#[must_use = "a sink does nothing unless it is polled"]
pub struct SendSink<'a, T> {
    /// The last value's send.
    line: Pin<Box<Owned<SendFuture<'a, T>, Sender<T>>>>,
    ended: bool,
}

impl<'a, T> SendSink<'a, T> {
    pub(crate) fn new(sender: &'a Sender<T>) -> SendSink<'a, T> {
        // SAFETY: it is lent for longer than the sink may exist.
        SendSink { line: Owned::pin(unsafe { SendFuture::finished(sender.handle()) }, None), ended: false }
    }

    /// One that owns its sender.
    pub(crate) fn owning(sender: Sender<T>) -> SendSink<'a, T> {
        // SAFETY: the sender is dropped after the future.
        let last = unsafe { SendFuture::finished(sender.handle()) };
        SendSink { line: Owned::pin(last, Some(sender)), ended: false }
    }

    fn last(&self) -> &SendFuture<'a, T> {
        self.line.as_ref().get_ref().get()
    }

    fn last_mut(&mut self) -> Pin<&mut SendFuture<'a, T>> {
        self.line.as_mut().future()
    }
}

impl<T> Sink<T> for SendSink<'_, T> {
    type Error = SendError<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        if !self.last().is_finished() {
            return self.last_mut().poll(cx);
        }
        if self.last().is_nil() && !self.ended {
            // A send to the nil channel is never done, so it need not begin.
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    #[track_caller]
    fn start_send(mut self: Pin<&mut Self>, value: T) -> Result<(), SendError<T>> {
        assert!(self.last().is_finished(), "start_send on a sink that is not ready");
        if self.ended {
            return Err(SendError(value));
        }
        self.last_mut().begin(value).map_err(SendError)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        if self.last().is_finished() { Poll::Ready(Ok(())) } else { self.last_mut().poll(cx) }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.ended = true;
        self.poll_flush(cx)
    }
}

impl<T> fmt::Debug for SendSink<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSink").field("last", self.last()).field("ended", &self.ended).finish_non_exhaustive()
    }
}
