//! What `select_async!` expands to. Hidden: no part of the interface, and subject to change.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::cases::{RecvCase, SendCase, SendPermit};
use crate::error::SendError;
use crate::raw::Channel;
use crate::raw::select::{Name, Operation, TaskSelect};
use crate::receiver::Receiver;

/// A case on its way through a task's select. Whoever made it has lent it the whole case.
#[derive(Debug)]
#[repr(transparent)] // so that a list of them is a list of operations
pub struct ArmedTask<'a>(Operation<'a>);

// SAFETY: it is made of a case by an exclusive borrow, and only of one whose values may be sent.
unsafe impl Send for ArmedTask<'_> {}
// SAFETY: a shared one offers nothing.
unsafe impl Sync for ArmedTask<'_> {}

// SAFETY: a handle that can be sent if its values can, and a node that is shared under the channel's lock.
unsafe impl<T: Send> Send for RecvCase<'_, T> {}

impl<T: Send> RecvCase<'_, T> {
    /// Takes part in a task's select.
    pub fn arm_task(&mut self) -> ArmedTask<'_> {
        ArmedTask(self.operation())
    }

    /// Tries it without the others: whether it was won.
    #[inline]
    pub fn guess_by_task(&self) -> bool {
        self.note(self.receiver().and_then(Receiver::channel).map(Channel::recv_for_task_select))
    }
}

impl<T: Send> SendCase<'_, T> {
    /// Takes part in a task's select.
    pub fn arm_task(&mut self) -> ArmedTask<'_> {
        ArmedTask(self.operation())
    }

    /// Does not try it: that it is won is for its message to wait for.
    #[inline]
    pub fn guess_by_task(&self) -> bool {
        false
    }
}

impl<T> SendPermit<'_, T> {
    /// Sends, and does not wait for a partner.
    ///
    /// # Errors
    ///
    /// As for `send`.
    pub fn send_by_task(mut self, value: T) -> Result<(), SendError<T>> {
        match self.take() {
            Some((sender, grant)) => sender.send_granted_by_task(grant, value),
            None => Err(SendError(value)),
        }
    }
}

/// The future of a select: it ends when one of the cases is won.
pub struct SelectFuture<'a, const N: usize>(TaskSelect<'a, N>);

// SAFETY: the operations are of `ArmedTask`s, and nodes are shared under their channels' locks; a place holds the guard of a
// lock only while the future is polled.
unsafe impl<const N: usize> Send for SelectFuture<'_, N> {}
// SAFETY: a shared future offers nothing.
unsafe impl<const N: usize> Sync for SelectFuture<'_, N> {}

impl<'a, const N: usize> SelectFuture<'a, N> {
    /// The select of these cases.
    pub fn new(cases: &'a mut [ArmedTask<'_>; N], biased: bool) -> SelectFuture<'a, N> {
        // SAFETY: an `ArmedTask` is an `Operation` and nothing else, which may be taken for one that lives shorter.
        let operations = unsafe { &*std::ptr::from_mut(cases).cast::<[Operation<'a>; N]>() };
        SelectFuture(TaskSelect::new(operations, biased))
    }

    /// The same, until this future ends.
    pub fn or<F: Future>(self, timeout: F) -> SelectOr<'a, F, N> {
        SelectOr { select: self, timeout, is_late: false }
    }

    fn select(self: Pin<&mut Self>) -> Pin<&mut TaskSelect<'a, N>> {
        // SAFETY: it is pinned with the future.
        unsafe { self.map_unchecked_mut(|this| &mut this.0) }
    }
}

impl<const N: usize> Future for SelectFuture<'_, N> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut select = self.select();
        let (number, outcome) = std::task::ready!(select.as_mut().poll(cx));
        if let Name::Notice(notice) = select.name(number) {
            notice.set(Some(outcome));
        }
        Poll::Ready(())
    }
}

impl<const N: usize> fmt::Debug for SelectFuture<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectFuture").field("cases", &N).finish_non_exhaustive()
    }
}

/// The future of a select with a timeout.
#[derive(Debug)]
pub struct SelectOr<'a, F, const N: usize> {
    select: SelectFuture<'a, N>,
    timeout: F,
    /// The timeout has passed, but an operation is on its way.
    is_late: bool,
}

impl<F: Future, const N: usize> Future for SelectOr<'_, F, N> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing is moved out of the future.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: pinned with the future.
        let mut select = unsafe { Pin::new_unchecked(&mut this.select) };
        if select.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // SAFETY: pinned with the future.
        let timeout = unsafe { Pin::new_unchecked(&mut this.timeout) };
        if this.is_late || timeout.poll(cx).is_pending() {
            return Poll::Pending;
        }
        if select.as_mut().select().try_give_up() {
            return Poll::Ready(());
        }
        this.is_late = true;
        // It may have been done since it was asked.
        select.poll(cx)
    }
}
