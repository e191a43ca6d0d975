//! [`SendFuture`].

use std::fmt;
use std::future::Future;
use std::marker::{PhantomData, PhantomPinned};
use std::mem::{ManuallyDrop, MaybeUninit, forget};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
#[cfg(feature = "sink")]
use std::task::Waker;
use std::task::{Context, Poll};

use futures_core::future::FusedFuture;

use super::{Place, Stage, never, polled_again};
use crate::error::SendError;
use crate::handle::Handle;
use crate::raw::Channel;
use crate::raw::task::Start;
use crate::raw::waiter::Outcome;
use crate::sender::Sender;

/// Future of [`Sender::send_async`].
#[must_use = "a future does nothing unless it is polled"]
pub struct SendFuture<'a, T> {
    handle: Handle<T>,
    stage: Stage,
    /// While idle, the value is in the slot.
    place: Place<T>,
    _sender: PhantomData<&'a Sender<T>>,
    _pinned: PhantomPinned,
}

// SAFETY: the node is shared under the channel's lock and its own; besides that the future is a value on its way.
unsafe impl<T: Send> Send for SendFuture<'_, T> {}
// SAFETY: a shared future offers nothing.
unsafe impl<T: Send> Sync for SendFuture<'_, T> {}
// As the handles: nothing that unwinds leaves the channel half changed, and the value is not looked at.
impl<T> UnwindSafe for SendFuture<'_, T> {}
impl<T> RefUnwindSafe for SendFuture<'_, T> {}

impl<'a, T> SendFuture<'a, T> {
    #[inline(always)]
    pub(crate) fn new(sender: &'a Sender<T>, value: T) -> SendFuture<'a, T> {
        let place = Place::new(MaybeUninit::new(value));
        // Lent for longer than the future may exist.
        let handle = sender.handle();
        SendFuture { handle, stage: Stage::Idle, place, _sender: PhantomData, _pinned: PhantomPinned }
    }

    /// One that has nothing to send yet: for a sink.
    ///
    /// # Safety
    ///
    /// Somebody owns a sender's count of the handle until the future was dropped.
    #[cfg(feature = "sink")]
    pub(crate) unsafe fn finished(handle: Handle<T>) -> SendFuture<'a, T> {
        let place = Place::new(MaybeUninit::uninit());
        SendFuture { handle, stage: Stage::Finished, place, _sender: PhantomData, _pinned: PhantomPinned }
    }

    /// Whether it has nothing to send.
    #[cfg(feature = "sink")]
    pub(crate) fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Whether it is never done.
    #[cfg(feature = "sink")]
    pub(crate) fn is_nil(&self) -> bool {
        self.handle.is_nil()
    }

    /// Sends another value, at once, or from now on in line; the next poll says for which task. The value comes back if the channel
    /// is closed.
    ///
    /// It never blocks: where a thread would have to wait for its partner, the node is left to that.
    #[cfg(feature = "sink")]
    pub(crate) fn begin(self: Pin<&mut Self>, value: T) -> Result<(), T> {
        debug_assert!(self.is_finished());
        // SAFETY: nothing is moved out of the future but its value, which is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        this.place.put(value);
        this.stage = Stage::Idle;
        let Some(channel) = this.channel() else { return Ok(()) };
        let start = this.start(channel, &Context::from_waker(Waker::noop()));
        this.stage = match start {
            Start::Waits | Start::Polls => Stage::Waiting,
            Start::Done | Start::Closed => Stage::Finished,
        };
        match start {
            // SAFETY: it was not sent.
            Start::Closed => Err(unsafe { this.place.take() }),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn channel(&self) -> Option<&'a Channel<T>> {
        // SAFETY: its sender exists as long as the future does, says who has made it; nothing of the future's keeps it.
        unsafe { self.handle.channel_of_owner() }
    }

    /// Begins. Should a panic come out of this, the value is gone, and the future finished.
    #[inline(always)]
    fn start(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Start {
        let unwinds = Unwinds(&mut self.stage);
        // SAFETY: the future is pinned, and gives the node up when it is dropped; the value is in the slot.
        let start = unsafe { channel.start_send(self.place.node(), cx.waker()) };
        forget(unwinds);
        start
    }

    #[inline(always)]
    fn go_on(&mut self, start: Start, cx: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        match start {
            Start::Done => {
                self.stage = Stage::Finished;
                Poll::Ready(Ok(()))
            }
            Start::Waits => {
                self.stage = Stage::Waiting;
                Poll::Pending
            }
            start => self.go_on_otherwise(matches!(start, Start::Closed), cx),
        }
    }

    #[cold]
    #[inline(never)]
    fn go_on_otherwise(&mut self, is_closed: bool, cx: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        if is_closed {
            self.stage = Stage::Finished;
            // SAFETY: it was not sent.
            return Poll::Ready(Err(SendError(unsafe { self.place.take() })));
        }
        self.stage = Stage::Waiting;
        self.poll_otherwise(cx)
    }

    /// All but the beginning, and the end of what waited and was done.
    #[cold]
    #[inline(never)]
    fn poll_otherwise(&mut self, cx: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        match (self.channel(), self.stage) {
            (None, _) => never(),
            (Some(channel), Stage::Waiting) => self.poll_waiting(channel, cx),
            _ => polled_again(),
        }
    }

    fn poll_waiting(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        // SAFETY: the node is with the channel.
        let outcome = std::task::ready!(unsafe { channel.poll_send(self.place.node(), cx.waker()) });
        self.stage = Stage::Finished;
        // SAFETY: the outcome is known.
        unsafe { self.place.end() };
        match outcome {
            Outcome::Done => Poll::Ready(Ok(())),
            Outcome::Retry => self.again(channel, cx),
            // SAFETY: completed without taking the value.
            _ => Poll::Ready(Err(SendError(unsafe { self.place.take() }))),
        }
    }

    /// Its partner has given up: again from the beginning.
    #[cold]
    fn again(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let start = self.start(channel, cx);
        self.go_on(start, cx)
    }

    /// Ends what has not ended.
    #[cold]
    #[inline(never)]
    fn give_up(&mut self) {
        let unsent = match (self.stage, self.channel()) {
            (Stage::Waiting | Stage::Timed, Some(channel)) => {
                // SAFETY: the node is with the channel.
                let unsent = unsafe { channel.give_up_send(self.place.node()) };
                // SAFETY: given up.
                unsafe { self.place.end() };
                unsent
            }
            // SAFETY: the value is in the slot.
            (Stage::Idle, _) => Some(unsafe { self.place.take() }),
            _ => None,
        };
        // Last, because the drop of a value may panic.
        drop(unsent);
    }
}

/// Finishes the future when a panic drops it.
struct Unwinds<'a>(&'a mut Stage);

impl Drop for Unwinds<'_> {
    fn drop(&mut self) {
        *self.0 = Stage::Finished;
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of the future but its value, which is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        match this.stage {
            Stage::Idle => {
                let Some(channel) = this.channel() else { return never() };
                let start = this.start(channel, cx);
                this.go_on(start, cx)
            }
            // SAFETY: the node is with the channel.
            Stage::Waiting if unsafe { this.place.is_done() } => {
                this.stage = Stage::Finished;
                // SAFETY: the outcome is known.
                unsafe { this.place.end_done() };
                Poll::Ready(Ok(()))
            }
            _ => this.poll_otherwise(cx),
        }
    }
}

impl<T> FusedFuture for SendFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.stage == Stage::Finished
    }
}

impl<T> Drop for SendFuture<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.stage != Stage::Finished {
            self.give_up();
        }
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sender = ManuallyDrop::new(Sender::adopt(self.handle));
        f.debug_struct("SendFuture").field("sender", &sender).field("stage", &self.stage).finish_non_exhaustive()
    }
}
