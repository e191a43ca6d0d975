//! What `select!` expands to. Hidden: no part of the interface, and subject to change.
//!
//! Everything here is safe to call in any order, because the expansion stands in crates that may forbid unsafe code:
//!
//! * A case knows whether it was won, and can be finished once.
//! * It is lent to a select exclusively ([`RecvCase::arm`]), so that no other uses its node, and nobody looks at it meanwhile; and
//!   to one select only, which takes what it was lent. A select of a thread is over when it returns.
//! * A task's select may be forgotten, and then is never over. So what its peers write to is in the pinned future, and not in what
//!   that was lent: the file `task` says more.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

pub use gosync_atomic::__sys::pick;
use gosync_atomic::__sys::{deadline_after, waits};

use crate::error::{RecvError, SendError};
use crate::raw::select::{self, How, Name, Operation};
use crate::raw::waiter::{Node, Outcome};
use crate::raw::{Channel, Grant, Patience, RecvFailure, Side};
use crate::receiver::Receiver;
use crate::sender::Sender;

pub mod operands;

pub use operands::{
    AnyOperand, NoReceiver, NoSender, Operand, ReceiverHandle, ReceiverOperand, SenderHandle, SenderOperand,
};

/// What can stand in `default(..)`.
#[diagnostic::on_unimplemented(
    message = "a `default` waits for a `Duration` or until an `Instant`, not for a `{Self}`",
    label = "expected a `Duration` or an `Instant`"
)]
pub trait Timeout {
    /// How long it waits.
    fn limit(self) -> Limit;
}

/// How long a select waits.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// So long, from when it is needed on.
    For(Duration),
    /// Until then.
    Until(Instant),
}

impl Timeout for Duration {
    #[inline]
    fn limit(self) -> Limit {
        Limit::For(self)
    }
}

impl Timeout for Instant {
    #[inline]
    fn limit(self) -> Limit {
        Limit::Until(self)
    }
}

/// What stands in `default(..)`, evaluated before anything is tried. The clock is looked at when it is needed.
#[inline]
pub fn limit(timeout: impl Timeout) -> Limit {
    timeout.limit()
}

/// A case on its way through a select.
#[derive(Debug)]
#[repr(transparent)] // so that a list of them is a list of operations
pub struct Armed<'a>(Operation<'a>);

/// A receive. A peer puts the value straight into it.
#[allow(missing_debug_implementations, reason = "hidden, and its node is not to be looked at")]
pub struct RecvCase<'a, T> {
    receiver: Option<&'a Receiver<T>>,
    outcome: Cell<Option<Outcome>>,
    node: UnsafeCell<MaybeUninit<Node<T>>>,
}

// SAFETY: a handle, a notice, and perhaps a value, which can be sent if it may. It is moved only while no select uses its node.
unsafe impl<T: Send> Send for RecvCase<'_, T> {}

impl<'a, T> RecvCase<'a, T> {
    /// The case of a handle, or one that is never won.
    #[inline]
    pub fn new(receiver: Option<&'a Receiver<T>>) -> RecvCase<'a, T> {
        RecvCase { receiver, outcome: Cell::new(None), node: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    #[inline]
    fn operation(&self) -> Operation<'_> {
        // Of an earlier select, whose value may be overwritten in this one.
        self.outcome.set(None);
        let node = NonNull::new(self.node.get()).unwrap_or(NonNull::dangling()).cast();
        let port = self.receiver.and_then(Receiver::port);
        // SAFETY: `node` is room for a node of the receiver's type, in place as long as `self` is borrowed.
        unsafe { Operation::receive(port, node, Name::Notice(&self.outcome)) }
    }

    /// Takes part in a select.
    #[inline]
    pub fn arm(&mut self) -> Armed<'_> {
        Armed(self.operation())
    }

    /// Tries it without the others: whether it was won.
    #[inline]
    pub fn guess(&self) -> bool {
        let result = self.receiver.and_then(Receiver::channel).map(Channel::recv_for_select);
        let outcome = match result.unwrap_or(Err(RecvFailure::Empty)) {
            Ok(value) => {
                let node = NonNull::new(self.node.get()).unwrap_or(NonNull::dangling()).cast();
                // SAFETY: there is room for such a node, and only the value is wanted of it.
                unsafe { Node::write_slot(node, value) };
                Outcome::Done
            }
            Err(RecvFailure::Closed) => Outcome::Closed,
            Err(RecvFailure::Empty) => return false,
        };
        self.outcome.set(Some(outcome));
        true
    }

    /// Whether it was won and not finished.
    #[inline]
    pub fn is_won(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// The result of the receive.
    #[inline]
    pub fn finish(&self) -> Result<T, RecvError> {
        match self.outcome.take() {
            Some(Outcome::Done) => {
                let node = NonNull::new(self.node.get()).unwrap_or(NonNull::dangling()).cast();
                // SAFETY: the select is over, and has written the slot; the value is taken once: the outcome is gone.
                Ok(unsafe { Node::take_slot(node) })
            }
            _ => Err(RecvError),
        }
    }
}

/// A send. Its message comes when it is won.
#[derive(Debug)]
pub struct SendCase<'a, T> {
    sender: Option<&'a Sender<T>>,
    outcome: Cell<Option<Outcome>>,
}

impl<'a, T> SendCase<'a, T> {
    /// The case of a handle, or one that is never won.
    #[inline]
    pub fn new(sender: Option<&'a Sender<T>>) -> SendCase<'a, T> {
        SendCase { sender, outcome: Cell::new(None) }
    }

    #[inline]
    fn operation(&self) -> Operation<'_> {
        Operation::of(self.sender.and_then(Sender::port), Side::Senders, Name::Notice(&self.outcome))
    }

    /// Takes part in a select.
    #[inline]
    pub fn arm(&mut self) -> Armed<'_> {
        Armed(self.operation())
    }

    /// Tries it without the others: whether it was won.
    #[inline]
    pub fn guess(&self) -> bool {
        let how = How { patience: Patience::Until(None), biased: false, only_news: false };
        self.outcome.set(select::guess(&self.operation(), &how));
        self.is_won()
    }

    /// Whether it was won and not finished.
    #[inline]
    pub fn is_won(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// What is to be sent with.
    #[inline]
    pub fn finish(&self) -> SendPermit<'a, T> {
        SendPermit::new(self.sender, self.outcome.take().map(Grant::of))
    }
}

/// The right to send one value, given back if the message panics.
#[derive(Debug)]
pub struct SendPermit<'a, T> {
    sender: Option<&'a Sender<T>>,
    grant: Option<Grant>,
}

impl<'a, T> SendPermit<'a, T> {
    #[inline]
    pub(super) fn new(sender: Option<&'a Sender<T>>, grant: Option<Grant>) -> SendPermit<'a, T> {
        SendPermit { sender, grant }
    }

    /// Takes the grant out.
    #[inline]
    pub(super) fn take(&mut self) -> Option<(&'a Sender<T>, Grant)> {
        self.sender.zip(self.grant.take())
    }

    /// Sends.
    #[inline]
    pub fn send(mut self, value: T) -> Result<(), SendError<T>> {
        match self.take() {
            Some((sender, grant)) => sender.send_granted(grant, value),
            None => Err(SendError(value)),
        }
    }
}

impl<T> Drop for SendPermit<'_, T> {
    fn drop(&mut self) {
        if let (Some(port), Some(grant)) = (self.sender.and_then(Sender::port), self.grant.take()) {
            port.give_back(Side::Senders, grant);
        }
    }
}

/// Runs a select of so many cases: one of them is won, unless there was not enough patience.
#[inline]
fn run<const N: usize>(cases: &[Armed<'_>; N], patience: Patience, biased: bool) {
    // SAFETY: an `Armed` is an `Operation` and nothing else.
    let operations = unsafe { &*std::ptr::from_ref(cases).cast::<[Operation<'_>; N]>() };
    if let Some((number, outcome)) = select::select(operations, How { patience, biased, only_news: false }) {
        if let Name::Notice(notice) = operations[number].name() {
            notice.set(Some(outcome));
        }
    }
}

/// `select!` without `default`.
#[inline]
#[cfg_attr(feature = "deadlock", track_caller)]
pub fn block<const N: usize>(cases: [Armed<'_>; N], biased: bool) {
    waits!("selects");
    run(&cases, Patience::Until(None), biased);
}

/// `select!` with `default`.
#[inline]
pub fn attempt<const N: usize>(cases: [Armed<'_>; N], biased: bool) {
    run(&cases, Patience::Try, biased);
}

/// `select!` with `default(timeout)`.
#[inline]
#[cfg_attr(feature = "deadlock", track_caller)]
pub fn wait<const N: usize>(cases: [Armed<'_>; N], limit: Limit, biased: bool) {
    waits!("selects");
    let deadline = match limit {
        Limit::For(duration) => deadline_after(duration),
        Limit::Until(instant) => Some(instant),
    };
    run(&cases, Patience::Until(deadline), biased);
}

#[cfg(feature = "async")]
pub use super::task::{Nothing, SelectFuture, SelectOr, TaskRecvCase, TaskSendCase, Won};

/// `select! {}`, and a `select!` whose cases are all disabled.
#[cfg_attr(feature = "deadlock", track_caller)]
pub fn for_ever() -> ! {
    waits!("selects from nothing");
    loop {
        run(&[], Patience::Until(None), false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_won_before_is_not_won_again() {
        let (tx, rx) = crate::bounded(2);
        let mut case = RecvCase::new(Some(&rx));
        for n in 0..2 {
            tx.send(n).unwrap();
        }
        assert!(case.guess());
        attempt([case.arm()], false);
        assert!(case.is_won());
        // The second value; the first was left where it was overwritten.
        assert_eq!(case.finish(), Ok(1));
        tx.send(2).unwrap();
        assert!(case.guess());
        wait([case.arm()], limit(Duration::from_millis(1)), false);
        assert!(!case.is_won());
        assert_eq!(case.finish(), Err(RecvError));
    }
}
