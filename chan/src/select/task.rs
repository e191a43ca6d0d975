//! What `select_async!` expands to. Hidden: no part of the interface, and subject to change.
//!
//! A future may be forgotten while it waits, and what it was lent is then used again, or freed. So a task's select is lent nothing but
//! handles. Its nodes are in the future, which is pinned; the first poll knows where they are, and makes the operations then. What
//! was won comes out as the future's output, a [`Won`]: no place need be kept for it meanwhile.

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use gosync_atomic::__sys::step;

use super::cases::SendPermit;
use crate::error::{RecvError, SendError};
use crate::raw::select::{Name, Operation, TaskSelect};
use crate::raw::waiter::{Node, Outcome};
use crate::raw::{Channel, Grant, RecvFailure, Side};
use crate::receiver::Receiver;
use crate::sender::Sender;

/// A receive that takes part in a task's select.
#[derive(Debug)]
pub struct TaskRecvCase<'a, T>(Option<&'a Receiver<T>>);

impl<'a, T: Send> TaskRecvCase<'a, T> {
    /// The case of a handle, or one that is never won.
    #[inline]
    pub fn new(receiver: Option<&'a Receiver<T>>) -> TaskRecvCase<'a, T> {
        TaskRecvCase(receiver)
    }

    /// Takes part in a select.
    #[inline]
    pub fn arm(self) -> ArmedRecv<'a, T> {
        ArmedRecv { receiver: self.0, node: UnsafeCell::new(MaybeUninit::uninit()), _pinned: PhantomPinned }
    }
}

/// A send that takes part in a task's select.
#[derive(Debug)]
pub struct TaskSendCase<'a, T>(Option<&'a Sender<T>>);

impl<'a, T: Send> TaskSendCase<'a, T> {
    /// The case of a handle, or one that is never won.
    #[inline]
    pub fn new(sender: Option<&'a Sender<T>>) -> TaskSendCase<'a, T> {
        TaskSendCase(sender)
    }

    /// Takes part in a select.
    #[inline]
    pub fn arm(self) -> ArmedSend<'a, T> {
        ArmedSend(self.0)
    }
}

/// A send that was won, and has nothing to send yet. It must become a permit, which gives back what is not used: a value with a
/// destructor would borrow the handle longer than the bodies of other cases like.
#[derive(Debug)]
pub struct WonSend<'a, T> {
    sender: Option<&'a Sender<T>>,
    grant: Grant,
}

impl<'a, T> WonSend<'a, T> {
    /// What is to be sent with.
    #[inline]
    pub fn permit(self) -> SendPermit<'a, T> {
        SendPermit::new(self.sender, Some(self.grant))
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

/// What was won: this case, or one of the others.
#[derive(Debug)]
pub enum Won<A, R> {
    /// This one.
    This(A),
    /// One of the others, or none.
    Other(R),
}

/// No case was won.
#[derive(Debug)]
pub struct Nothing;

/// A receive in a task's select, with its node.
#[allow(missing_debug_implementations, reason = "hidden, and its node is not to be looked at")]
pub struct ArmedRecv<'a, T> {
    receiver: Option<&'a Receiver<T>>,
    node: UnsafeCell<MaybeUninit<Node<T>>>,
    _pinned: PhantomPinned,
}

// SAFETY: a handle that can be sent if its values can, and a node that is shared under the channel's lock.
unsafe impl<T: Send> Send for ArmedRecv<'_, T> {}

/// A send in a task's select, which has a node for it.
#[derive(Debug)]
pub struct ArmedSend<'a, T>(Option<&'a Sender<T>>);

/// An operation of a task's select.
#[derive(Clone, Copy, Debug)]
pub struct TaskOperation<'a>(Operation<'a>);

/// How it has ended.
#[derive(Clone, Copy, Debug)]
pub struct TaskOutcome(Outcome);

/// A case in a task's select.
///
/// # Safety
///
/// The node of the operation, if it has one, is in `self`, and for what the operation's channel carries.
pub unsafe trait TaskCase<'a> {
    /// What comes of it when it is won.
    type Result;

    /// The operation, as long as this stays where it is.
    fn operation(&self) -> TaskOperation<'a>;

    /// Tries it without the others.
    fn guess(&self) -> Option<Self::Result>;

    /// What has come of it.
    ///
    /// # Safety
    ///
    /// It was won, with this outcome. Nobody else knows the node any more, and this is called once.
    unsafe fn result(&self, outcome: TaskOutcome) -> Self::Result;
}

// SAFETY: the node is a field, and of the receiver's type.
unsafe impl<'a, T> TaskCase<'a> for ArmedRecv<'a, T> {
    type Result = Result<T, RecvError>;

    #[inline]
    fn operation(&self) -> TaskOperation<'a> {
        let node = NonNull::new(self.node.get()).unwrap_or(NonNull::dangling()).cast();
        // SAFETY: it is room for a node of the receiver's type, in place as long as the operation is used, says the caller.
        TaskOperation(unsafe { Operation::receive(self.receiver.and_then(Receiver::port), node, Name::Number(0)) })
    }

    #[inline]
    fn guess(&self) -> Option<Result<T, RecvError>> {
        match self.receiver.and_then(Receiver::channel).map(Channel::recv_for_task_select)? {
            Ok(value) => Some(Ok(value)),
            Err(RecvFailure::Closed) => Some(Err(RecvError)),
            Err(RecvFailure::Empty) => None,
        }
    }

    #[inline]
    unsafe fn result(&self, TaskOutcome(outcome): TaskOutcome) -> Result<T, RecvError> {
        let node = NonNull::new(self.node.get()).unwrap_or(NonNull::dangling()).cast();
        match outcome {
            // SAFETY: the select has written the slot, says the caller, and the value is taken once.
            Outcome::Done => Ok(unsafe { Node::take_slot(node) }),
            _ => Err(RecvError),
        }
    }
}

// SAFETY: the operation has no node.
unsafe impl<'a, T> TaskCase<'a> for ArmedSend<'a, T> {
    type Result = WonSend<'a, T>;

    #[inline]
    fn operation(&self) -> TaskOperation<'a> {
        TaskOperation(Operation::of(self.0.and_then(Sender::port), Side::Senders, Name::Number(0)))
    }

    /// Does not try it: that it is won is for its message to wait for.
    #[inline]
    fn guess(&self) -> Option<WonSend<'a, T>> {
        None
    }

    #[inline]
    unsafe fn result(&self, TaskOutcome(outcome): TaskOutcome) -> WonSend<'a, T> {
        WonSend { sender: self.0, grant: Grant::of(outcome) }
    }
}

/// Cases one within the other, for each is of a type of its own: `(case, (case, ()))`.
///
/// # Safety
///
/// Same as for [`TaskCase`], of each.
pub unsafe trait TaskCases<'a> {
    /// How many they are.
    const COUNT: usize;
    /// What was won.
    type Won;

    /// Lists the operations, as long as this stays where it is.
    fn list(&self, list: &mut [TaskOperation<'a>]);

    /// Tries one without the others.
    fn guess(&self, number: usize) -> Option<Self::Won>;

    /// What has come of one.
    ///
    /// # Safety
    ///
    /// Same as for [`TaskCase::result`], of that one.
    unsafe fn won(&self, number: usize, outcome: TaskOutcome) -> Self::Won;

    /// Nothing was won.
    fn nothing() -> Self::Won;
}

// SAFETY: there is none.
unsafe impl TaskCases<'_> for () {
    const COUNT: usize = 0;
    type Won = Nothing;

    #[inline]
    fn list(&self, _: &mut [TaskOperation<'_>]) {}

    #[inline]
    fn guess(&self, _: usize) -> Option<Nothing> {
        None
    }

    #[inline]
    unsafe fn won(&self, _: usize, _: TaskOutcome) -> Nothing {
        Nothing
    }

    #[inline]
    fn nothing() -> Nothing {
        Nothing
    }
}

// SAFETY: one of each kind.
unsafe impl<'a, C: TaskCase<'a>, R: TaskCases<'a>> TaskCases<'a> for (C, R) {
    const COUNT: usize = 1 + R::COUNT;
    type Won = Won<C::Result, R::Won>;

    #[inline]
    fn list(&self, list: &mut [TaskOperation<'a>]) {
        if let [first, rest @ ..] = list {
            *first = self.0.operation();
            self.1.list(rest);
        }
    }

    #[inline]
    fn guess(&self, number: usize) -> Option<Self::Won> {
        match number.checked_sub(1) {
            None => self.0.guess().map(Won::This),
            Some(number) => self.1.guess(number).map(Won::Other),
        }
    }

    #[inline]
    unsafe fn won(&self, number: usize, outcome: TaskOutcome) -> Self::Won {
        match number.checked_sub(1) {
            // SAFETY: the caller's contract.
            None => Won::This(unsafe { self.0.result(outcome) }),
            // SAFETY: the caller's contract.
            Some(number) => Won::Other(unsafe { self.1.won(number, outcome) }),
        }
    }

    #[inline]
    fn nothing() -> Self::Won {
        Won::Other(R::nothing())
    }
}

/// The future of a select: it ends when one of the cases is won.
pub struct SelectFuture<'a, C, const N: usize> {
    select: TaskSelect<'a, N>,
    cases: C,
}

// SAFETY: the operations are of the cases, and nodes are shared under their channels' locks; a place holds the guard of a lock
// only while the future is polled.
unsafe impl<C: Send, const N: usize> Send for SelectFuture<'_, C, N> {}
// SAFETY: a shared future offers nothing.
unsafe impl<C: Send, const N: usize> Sync for SelectFuture<'_, C, N> {}

impl<'a, C: TaskCases<'a>, const N: usize> SelectFuture<'a, C, N> {
    /// The select of these cases, which ends with nothing if it `only_tries` and nothing is ready. Of the array only the length
    /// matters.
    #[inline]
    pub fn new(_: [(); N], cases: C, biased: bool, only_tries: bool) -> SelectFuture<'a, C, N> {
        const { assert!(C::COUNT == N, "a place for each case") };
        SelectFuture { select: TaskSelect::new(biased, only_tries), cases }
    }

    /// The same, or nothing if this future ends first.
    #[inline]
    pub fn or<F: Future>(self, timeout: F) -> SelectOr<'a, C, F, N> {
        SelectOr { select: self, timeout, is_late: false }
    }

    fn select(self: Pin<&mut Self>) -> Pin<&mut TaskSelect<'a, N>> {
        // SAFETY: it is pinned with the future.
        unsafe { self.map_unchecked_mut(|this| &mut this.select) }
    }
}

impl<'a, C: TaskCases<'a>, const N: usize> Future for SelectFuture<'a, C, N> {
    type Output = C::Won;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Won> {
        // SAFETY: nothing is moved out of the future but the value of a node that is none any more.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: pinned with the future.
        let select = unsafe { Pin::new_unchecked(&mut this.select) };
        let cases = &this.cases;
        let guessed = select.guess();
        if let Some(won) = guessed.and_then(|number| cases.guess(number)) {
            select.finish();
            return Poll::Ready(won);
        }
        let operations = || {
            let mut list = [TaskOperation(Operation::of(None, Side::Receivers, Name::Number(0))); N];
            cases.list(&mut list);
            list.map(|TaskOperation(operation)| operation)
        };
        // SAFETY: the nodes are in the cases, pinned with the future, which drops the select first.
        Poll::Ready(match std::task::ready!(unsafe { select.poll(cx, operations, guessed) }) {
            // SAFETY: it was won, and the select is over.
            Some((number, outcome)) => unsafe { cases.won(number, TaskOutcome(outcome)) },
            None => C::nothing(),
        })
    }
}

impl<C, const N: usize> fmt::Debug for SelectFuture<'_, C, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectFuture").field("cases", &N).finish_non_exhaustive()
    }
}

/// The future of a select with a timeout.
#[derive(Debug)]
pub struct SelectOr<'a, C, F, const N: usize> {
    select: SelectFuture<'a, C, N>,
    timeout: F,
    /// The timeout has passed, but an operation is on its way.
    is_late: bool,
}

impl<'a, C: TaskCases<'a>, F: Future, const N: usize> Future for SelectOr<'a, C, F, N> {
    type Output = C::Won;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Won> {
        // SAFETY: nothing is moved out of the future.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: pinned with the future.
        let mut select = unsafe { Pin::new_unchecked(&mut this.select) };
        if let Poll::Ready(won) = select.as_mut().poll(cx) {
            return Poll::Ready(won);
        }
        if !this.is_late {
            // SAFETY: pinned with the future.
            std::task::ready!(unsafe { Pin::new_unchecked(&mut this.timeout) }.poll(cx));
            this.is_late = true;
        }
        // If it cannot give up, an operation is on its way, and whoever does it, or does not after all, wakes this task.
        let gives_up = step!("task-select.give-up", select.as_mut().select().try_give_up(), else false);
        if gives_up { Poll::Ready(C::nothing()) } else { Poll::Pending }
    }
}
