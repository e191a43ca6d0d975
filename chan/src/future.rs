//! [`SendFuture`] and [`RecvFuture`]: the operations of a channel as futures (feature `async`).

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use futures_core::future::FusedFuture;
use futures_core::stream::{FusedStream, Stream};

#[cfg(feature = "sink")]
use crate::error::TrySendError;
use crate::error::{RecvError, SendError};
use crate::raw::Channel;
use crate::raw::waiter::{Node, Outcome};
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::timer::TaskTimer;

/// How far a future is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not polled, or to be begun anew.
    Idle,
    /// Its node is with the channel.
    Waiting,
    /// It has returned `Ready`.
    Finished,
}

/// A node that is shared with the channel while its future waits.
struct Place<T>(UnsafeCell<MaybeUninit<Node<T>>>);

impl<T> Place<T> {
    const fn new() -> Place<T> {
        Place(UnsafeCell::new(MaybeUninit::uninit()))
    }

    fn node(&self) -> NonNull<Node<T>> {
        // A cell's pointer is not null.
        NonNull::new(self.0.get().cast()).unwrap_or(NonNull::dangling())
    }

    /// What has become of a node that is with the channel.
    ///
    /// # Safety
    ///
    /// It is.
    unsafe fn poll(&self, cx: &Context<'_>) -> Poll<Outcome> {
        // SAFETY: the caller's contract: the node is written.
        unsafe { self.node().as_ref() }.task().poll(cx.waker()).map(|code| Outcome::from_code(code).1)
    }

    /// The value in the slot of a node whose outcome is known.
    ///
    /// # Safety
    ///
    /// There is one, and it is taken once.
    unsafe fn take(&self) -> T {
        // SAFETY: a node that has an outcome is written.
        let node = unsafe { self.node().as_ref() };
        // SAFETY: the caller's contract.
        unsafe { node.take() }
    }

    /// Ends a node whose outcome is known.
    ///
    /// # Safety
    ///
    /// It is written, and nobody else knows it any more. What is in its slot is not dropped.
    unsafe fn end(&self) {
        // SAFETY: the caller's contract.
        unsafe { self.node().drop_in_place() };
    }
}

/// Future of [`Sender::send_async`].
#[must_use = "a future does nothing unless it is polled"]
pub struct SendFuture<'a, T> {
    sender: &'a Sender<T>,
    value: Option<T>,
    stage: Stage,
    place: Place<T>,
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
    pub(crate) fn new(sender: &'a Sender<T>, value: T) -> SendFuture<'a, T> {
        SendFuture { sender, value: Some(value), stage: Stage::Idle, place: Place::new(), _pinned: PhantomPinned }
    }

    /// One that has nothing to send yet: for a sink.
    #[cfg(feature = "sink")]
    pub(crate) fn finished(sender: &'a Sender<T>) -> SendFuture<'a, T> {
        SendFuture { sender, value: None, stage: Stage::Finished, place: Place::new(), _pinned: PhantomPinned }
    }

    /// Whether it has nothing to send.
    #[cfg(feature = "sink")]
    pub(crate) fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Whether it is never done.
    #[cfg(feature = "sink")]
    pub(crate) fn is_nil(&self) -> bool {
        self.sender.is_nil()
    }

    /// Sends another value, at once or when this is polled. The value comes back if the channel is closed.
    #[cfg(feature = "sink")]
    pub(crate) fn begin(self: Pin<&mut Self>, value: T) -> Result<(), T> {
        debug_assert!(self.is_finished());
        match self.sender.try_send(value) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(value)) => Err(value),
            Err(TrySendError::Full(value)) => {
                // SAFETY: nothing is moved out of the future.
                let this = unsafe { self.get_unchecked_mut() };
                this.value = Some(value);
                this.stage = Stage::Idle;
                Ok(())
            }
        }
    }

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.sender.channel()
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of the future but its value, which is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        // A send to the nil channel is never done.
        let Some(channel) = this.channel() else { return Poll::Pending };
        if this.stage == Stage::Waiting {
            // SAFETY: the node is with the channel.
            let Poll::Ready(outcome) = (unsafe { this.place.poll(cx) }) else { return Poll::Pending };
            this.stage = Stage::Finished;
            if outcome != Outcome::Done {
                // SAFETY: completed without taking the value.
                this.value = Some(unsafe { this.place.take() });
            }
            // SAFETY: the outcome is known.
            unsafe { this.place.end() };
            match (outcome, this.value.take()) {
                (Outcome::Retry, value) => {
                    // Its partner has given up: again from the beginning.
                    this.value = value;
                    this.stage = Stage::Idle;
                }
                (_, Some(value)) => return Poll::Ready(Err(SendError(value))),
                (_, None) => return Poll::Ready(Ok(())),
            }
        }
        let value = this.value.take().expect("a future that is finished is not polled");
        // SAFETY: the future is pinned, and gives the node up when it is dropped.
        match unsafe { channel.start_send(this.place.node(), value, cx.waker()) } {
            Poll::Pending => {
                this.stage = Stage::Waiting;
                Poll::Pending
            }
            Poll::Ready(result) => {
                this.stage = Stage::Finished;
                Poll::Ready(result.map_err(SendError))
            }
        }
    }
}

impl<T> FusedFuture for SendFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.stage == Stage::Finished
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        if let (Stage::Waiting, Some(channel)) = (self.stage, self.channel()) {
            // SAFETY: the node is with the channel.
            let unsent = unsafe { channel.give_up_send(self.place.node()) };
            // SAFETY: given up.
            unsafe { self.place.end() };
            // Last, because the drop of a value may panic.
            drop(unsent);
        }
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("sender", self.sender).field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// Future of [`Receiver::recv_async`].
#[must_use = "a future does nothing unless it is polled"]
pub struct RecvFuture<'a, T> {
    receiver: &'a Receiver<T>,
    /// If the channel is a timer's.
    timer: TaskTimer,
    stage: Stage,
    place: Place<T>,
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
    pub(crate) fn new(receiver: &'a Receiver<T>) -> RecvFuture<'a, T> {
        RecvFuture {
            receiver,
            timer: TaskTimer::default(),
            stage: Stage::Idle,
            place: Place::new(),
            _pinned: PhantomPinned,
        }
    }

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.receiver.channel()
    }

    /// To be polled again.
    fn rearm(self: Pin<&mut Self>) {
        // SAFETY: nothing is moved.
        unsafe { self.get_unchecked_mut() }.stage = Stage::Idle;
    }
}

impl<T> RecvFuture<'_, T> {
    /// What has become of the node; `Retry` is to be begun anew.
    fn poll_node(&mut self, channel: &Channel<T>, cx: &Context<'_>) -> Poll<Outcome> {
        // SAFETY: the node is with the channel.
        let mut polled = unsafe { self.place.poll(cx) };
        if polled.is_pending() && channel.is_timer() {
            // Nobody looks at the clock for a task but the task.
            let due = channel.poll();
            // SAFETY: as above.
            polled = unsafe { self.place.poll(cx) };
            if polled.is_pending() {
                self.timer.set(due, cx.waker());
            }
        }
        if polled.is_ready() {
            self.timer.stop();
        }
        polled
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of the future.
        let this = unsafe { self.get_unchecked_mut() };
        // A receive from the nil channel is never done.
        let Some(channel) = this.channel() else { return Poll::Pending };
        loop {
            match this.stage {
                Stage::Idle => {
                    // SAFETY: the future is pinned, and gives the node up when it is dropped.
                    match unsafe { channel.start_recv(this.place.node(), cx.waker()) } {
                        Poll::Pending => this.stage = Stage::Waiting,
                        Poll::Ready(value) => {
                            this.stage = Stage::Finished;
                            return Poll::Ready(value.ok_or(RecvError));
                        }
                    }
                    if !channel.is_timer() {
                        return Poll::Pending;
                    }
                }
                Stage::Waiting => {
                    let outcome = std::task::ready!(this.poll_node(channel, cx));
                    this.stage = if outcome == Outcome::Retry { Stage::Idle } else { Stage::Finished };
                    // SAFETY: completed by the delivery of a value, which is taken once.
                    let value = (outcome == Outcome::Done).then(|| unsafe { this.place.take() });
                    // SAFETY: the outcome is known.
                    unsafe { this.place.end() };
                    if this.stage == Stage::Finished {
                        return Poll::Ready(value.ok_or(RecvError));
                    }
                }
                Stage::Finished => panic!("a future that is finished is not polled"),
            }
        }
    }
}

impl<T> FusedFuture for RecvFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.stage == Stage::Finished
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    fn drop(&mut self) {
        if let (Stage::Waiting, Some(channel)) = (self.stage, self.channel()) {
            // SAFETY: the node is with the channel.
            unsafe { channel.give_up_recv(self.place.node()) };
            // SAFETY: given up.
            unsafe { self.place.end() };
        }
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture")
            .field("receiver", self.receiver)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// Stream of [`Receiver::stream`]: the values until the channel is closed and drained.
#[must_use = "a stream does nothing unless it is polled"]
pub struct RecvStream<'a, T> {
    next: Pin<Box<RecvFuture<'a, T>>>,
    ended: bool,
}

impl<'a, T> RecvStream<'a, T> {
    pub(crate) fn new(receiver: &'a Receiver<T>) -> RecvStream<'a, T> {
        RecvStream { next: Box::pin(RecvFuture::new(receiver)), ended: false }
    }
}

impl<T> Stream for RecvStream<'_, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let result = std::task::ready!(self.next.as_mut().poll(cx));
        self.next.as_mut().rearm();
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
        f.debug_tuple("RecvStream").field(&self.next).finish()
    }
}
