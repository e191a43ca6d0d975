//! [`RecvFuture`], and [`RecvStream`], which is one after the other.

use std::fmt;
use std::future::Future;
use std::marker::{PhantomData, PhantomPinned};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::future::FusedFuture;
use futures_core::stream::{FusedStream, Stream};

use super::{Owned, Place, Stage, never, polled_again};
use crate::error::RecvError;
use crate::handle::Handle;
use crate::raw::Channel;
use crate::raw::task::Start;
use crate::raw::waiter::Outcome;
use crate::receiver::Receiver;
use crate::timer::TaskTimer;

/// Future of [`Receiver::recv_async`].
#[must_use = "a future does nothing unless it is polled"]
pub struct RecvFuture<'a, T> {
    handle: Handle<T>,
    /// There if the stage is `Timed`.
    timer: MaybeUninit<TaskTimer>,
    stage: Stage,
    place: Place<T>,
    _receiver: PhantomData<&'a Receiver<T>>,
    _pinned: PhantomPinned,
}

// SAFETY: as for `SendFuture`.
unsafe impl<T: Send> Send for RecvFuture<'_, T> {}
// SAFETY: as for `SendFuture`.
unsafe impl<T: Send> Sync for RecvFuture<'_, T> {}
// As for `SendFuture`.
impl<T> UnwindSafe for RecvFuture<'_, T> {}
impl<T> RefUnwindSafe for RecvFuture<'_, T> {}

impl<'a, T> RecvFuture<'a, T> {
    #[inline(always)]
    pub(crate) fn new(receiver: &'a Receiver<T>) -> RecvFuture<'a, T> {
        // SAFETY: it is lent for longer than the future may exist.
        unsafe { RecvFuture::of(receiver.handle()) }
    }

    /// # Safety
    ///
    /// Somebody owns a receiver's count of the handle until the future was dropped.
    #[inline(always)]
    unsafe fn of(handle: Handle<T>) -> RecvFuture<'a, T> {
        RecvFuture {
            handle,
            timer: MaybeUninit::uninit(),
            stage: Stage::Idle,
            place: Place::new(MaybeUninit::uninit()),
            _receiver: PhantomData,
            _pinned: PhantomPinned,
        }
    }

    #[inline(always)]
    fn channel(&self) -> Option<&'a Channel<T>> {
        // SAFETY: by the contract of `of`; nothing of the future's keeps it.
        unsafe { self.handle.channel_of_owner() }
    }

    /// To be polled again.
    fn rearm(self: Pin<&mut Self>) {
        // SAFETY: nothing is moved.
        unsafe { self.get_unchecked_mut() }.stage = Stage::Idle;
    }

    /// Begins.
    #[inline(always)]
    fn start(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Result<T, Start> {
        // SAFETY: the future is pinned, and gives the node up when it is dropped.
        unsafe { channel.start_recv(self.place.node(), cx.waker()) }
    }

    #[inline(always)]
    fn go_on(&mut self, start: Result<T, Start>, cx: &Context<'_>) -> Poll<Result<T, RecvError>> {
        match start {
            Ok(value) => {
                self.stage = Stage::Finished;
                Poll::Ready(Ok(value))
            }
            Err(Start::Done) => {
                self.stage = Stage::Finished;
                // SAFETY: it was put there, and is taken once.
                Poll::Ready(Ok(unsafe { self.place.take() }))
            }
            Err(Start::Waits) => {
                self.stage = Stage::Waiting;
                Poll::Pending
            }
            Err(start) => self.go_on_otherwise(matches!(start, Start::Closed), cx),
        }
    }

    #[cold]
    #[inline(never)]
    fn go_on_otherwise(&mut self, is_closed: bool, cx: &Context<'_>) -> Poll<Result<T, RecvError>> {
        if is_closed {
            self.stage = Stage::Finished;
            return Poll::Ready(Err(RecvError));
        }
        self.stage = Stage::Waiting;
        if self.channel().is_some_and(Channel::is_timer) {
            self.timer.write(TaskTimer::default());
            self.stage = Stage::Timed;
        }
        self.poll_otherwise(cx)
    }

    /// All but the beginning, and the end of what waited and was done.
    #[cold]
    #[inline(never)]
    fn poll_otherwise(&mut self, cx: &Context<'_>) -> Poll<Result<T, RecvError>> {
        match (self.channel(), self.stage) {
            (None, _) => never(),
            (_, Stage::Finished) => polled_again(),
            (Some(channel), _) => self.poll_waiting(channel, cx),
        }
    }

    fn poll_waiting(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Poll<Result<T, RecvError>> {
        let outcome = std::task::ready!(self.poll_node(channel, cx));
        self.finish();
        // SAFETY: the outcome is known.
        unsafe { self.place.end() };
        match outcome {
            // SAFETY: completed by the delivery of a value, which is taken once.
            Outcome::Done => Poll::Ready(Ok(unsafe { self.place.take() })),
            Outcome::Retry => self.again(channel, cx),
            _ => Poll::Ready(Err(RecvError)),
        }
    }

    #[cold]
    fn again(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Poll<Result<T, RecvError>> {
        self.stage = Stage::Idle;
        let start = self.start(channel, cx);
        self.go_on(start, cx)
    }

    /// What has become of the node; `Retry` is to be begun anew.
    fn poll_node(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Poll<Outcome> {
        // SAFETY: the node is with the channel.
        let mut polled = unsafe { channel.poll_recv(self.place.node(), cx.waker()) };
        if self.stage != Stage::Timed {
            return polled;
        }
        if polled.is_pending() {
            // Nobody looks at the clock for a task but the task.
            let due = channel.poll();
            // SAFETY: as above.
            polled = unsafe { channel.poll_recv(self.place.node(), cx.waker()) };
            if polled.is_pending() {
                // SAFETY: the stage is `Timed`.
                unsafe { self.timer.assume_init_mut() }.set(due, cx.waker());
            }
        }
        polled
    }

    /// It waits no more.
    fn finish(&mut self) {
        if std::mem::replace(&mut self.stage, Stage::Finished) == Stage::Timed {
            // SAFETY: the stage was `Timed`.
            unsafe { self.timer.assume_init_drop() };
        }
    }

    /// Ends what waits.
    #[cold]
    #[inline(never)]
    fn give_up(&mut self) {
        if let Some(channel) = self.channel() {
            // SAFETY: the node is with the channel.
            unsafe { channel.give_up_recv(self.place.node()) };
            // SAFETY: given up.
            unsafe { self.place.end() };
        }
        self.finish();
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of the future.
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
                // SAFETY: completed by the delivery of a value, which is taken once.
                Poll::Ready(Ok(unsafe { this.place.take() }))
            }
            _ => this.poll_otherwise(cx),
        }
    }
}

impl<T> FusedFuture for RecvFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.stage == Stage::Finished
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Waiting | Stage::Timed) {
            self.give_up();
        }
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture")
            .field("receiver", &ManuallyDrop::new(Receiver::adopt(self.handle)))
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// Stream of [`Receiver::stream`]: the values until the channel is closed and drained.
#[must_use = "a stream does nothing unless it is polled"]
pub struct RecvStream<'a, T> {
    line: Pin<Box<Owned<RecvFuture<'a, T>, Receiver<T>>>>,
    ended: bool,
}

impl<'a, T> RecvStream<'a, T> {
    pub(crate) fn new(receiver: &'a Receiver<T>) -> RecvStream<'a, T> {
        RecvStream { line: Owned::pin(RecvFuture::new(receiver), None), ended: false }
    }

    /// One that owns its receiver.
    pub(crate) fn owning(receiver: Receiver<T>) -> RecvStream<'a, T> {
        // SAFETY: the receiver is dropped after the future.
        let next = unsafe { RecvFuture::of(receiver.handle()) };
        RecvStream { line: Owned::pin(next, Some(receiver)), ended: false }
    }
}

impl<T> Stream for RecvStream<'_, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let mut next = self.line.as_mut().future();
        let result = std::task::ready!(next.as_mut().poll(cx));
        next.rearm();
        self.ended = result.is_err();
        Poll::Ready(result.ok())
    }
}

impl<T> FusedStream for RecvStream<'_, T> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T> fmt::Debug for RecvStream<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvStream").field(self.line.as_ref().get_ref().get()).finish()
    }
}
