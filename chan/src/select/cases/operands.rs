//! What can stand in `recv(..)` and `send(..)` of a `select!`, and what the compiler says of anything else. Hidden, as the rest of `cases`.
//!
//! The macros call `__gosync_receiver` and `__gosync_sender` as methods, for a method is also looked for behind smart pointers. But
//! of a method that is not found the compiler only names traits that nobody knows. So the likely mistakes have such a method, too,
//! from [`NoReceiver`] and [`NoSender`]: one that asks for the missing trait, so that the compiler prints what is written here.

use crate::chan::Chan;
use crate::error::RecvError;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::timer::{Ticker, Timer};

/// What can stand in `recv(..)`, behind any number of references and smart pointers.
#[diagnostic::on_unimplemented(
    message = "`recv(..)` in a select expects a `Receiver` or a `Chan`, or an `Option` of one, and got `{Self}`",
    label = "`recv(..)` cannot receive from this",
    note = "to send, write `send(sender, message) -> result => ..`; to receive, use `timer.channel()`, `ticker.channel()`, `ctx.done()`"
)]
pub trait ReceiverOperand {
    /// What the channel carries.
    type Value;

    /// The handle; `None` disables the case.
    fn __gosync_receiver(&self) -> Option<&Receiver<Self::Value>>;
}

/// What can stand in `send(..)`, behind any number of references and smart pointers.
#[diagnostic::on_unimplemented(
    message = "`send(..)` in a select expects a `Sender` or a `Chan`, or an `Option` of one, and got `{Self}`",
    label = "`send(..)` cannot send to this",
    note = "to receive, write `recv(receiver) -> result => ..`"
)]
pub trait SenderOperand {
    /// What the channel carries.
    type Value;

    /// The handle; `None` disables the case.
    fn __gosync_sender(&self) -> Option<&Sender<Self::Value>>;
}

impl<T> ReceiverOperand for Receiver<T> {
    type Value = T;
    #[inline]
    fn __gosync_receiver(&self) -> Option<&Receiver<T>> {
        Some(self)
    }
}

impl<T> ReceiverOperand for Chan<T> {
    type Value = T;
    #[inline]
    fn __gosync_receiver(&self) -> Option<&Receiver<T>> {
        Some(self.as_ref())
    }
}

impl<R: ReceiverOperand + ?Sized> ReceiverOperand for &R {
    type Value = R::Value;
    #[inline]
    fn __gosync_receiver(&self) -> Option<&Receiver<R::Value>> {
        (**self).__gosync_receiver()
    }
}

impl<R: ReceiverOperand> ReceiverOperand for Option<R> {
    type Value = R::Value;
    #[inline]
    fn __gosync_receiver(&self) -> Option<&Receiver<R::Value>> {
        self.as_ref()?.__gosync_receiver()
    }
}

impl<T> SenderOperand for Sender<T> {
    type Value = T;
    #[inline]
    fn __gosync_sender(&self) -> Option<&Sender<T>> {
        Some(self)
    }
}

impl<T> SenderOperand for Chan<T> {
    type Value = T;
    #[inline]
    fn __gosync_sender(&self) -> Option<&Sender<T>> {
        Some(self.as_ref())
    }
}

impl<S: SenderOperand + ?Sized> SenderOperand for &S {
    type Value = S::Value;
    #[inline]
    fn __gosync_sender(&self) -> Option<&Sender<S::Value>> {
        (**self).__gosync_sender()
    }
}

impl<S: SenderOperand> SenderOperand for Option<S> {
    type Value = S::Value;
    #[inline]
    fn __gosync_sender(&self) -> Option<&Sender<S::Value>> {
        self.as_ref()?.__gosync_sender()
    }
}

/// An operand on its way to [`ReceiverOperand`] or [`SenderOperand`], for the sake of those whose type is not known yet, as
/// that of a closure's parameter: such a one is taken for a plain handle. The compiler looks for a method of `Operand`
/// first, which has them for handles alone, and then for one of `&Operand`.
#[derive(Debug)]
pub struct Operand<'a, O: ?Sized>(pub &'a O);

/// Picks a plain receiver.
pub trait ReceiverHandle<'a> {
    /// What the channel carries.
    type Value;

    /// The operand.
    fn __gosync_pick_receiver(self) -> &'a Receiver<Self::Value>;
}

/// Picks a plain sender.
pub trait SenderHandle<'a> {
    /// What the channel carries.
    type Value;

    /// The operand.
    fn __gosync_pick_sender(self) -> &'a Sender<Self::Value>;
}

/// Picks anything else.
pub trait AnyOperand<'a> {
    /// What it is.
    type Of: ?Sized;

    /// The operand.
    fn __gosync_pick_receiver(self) -> &'a Self::Of;

    /// The operand.
    fn __gosync_pick_sender(self) -> &'a Self::Of;
}

impl<'a, T> ReceiverHandle<'a> for Operand<'a, Receiver<T>> {
    type Value = T;
    fn __gosync_pick_receiver(self) -> &'a Receiver<T> {
        self.0
    }
}

impl<'a, T> SenderHandle<'a> for Operand<'a, Sender<T>> {
    type Value = T;
    fn __gosync_pick_sender(self) -> &'a Sender<T> {
        self.0
    }
}

impl<'a, O: ?Sized> AnyOperand<'a> for &Operand<'a, O> {
    type Of = O;
    fn __gosync_pick_receiver(self) -> &'a O {
        self.0
    }
    fn __gosync_pick_sender(self) -> &'a O {
        self.0
    }
}

/// What is not a [`ReceiverOperand`], though one might think so.
pub trait NoReceiver {
    /// Never compiles.
    fn __gosync_receiver(&self) -> Option<&Receiver<<Self as ReceiverOperand>::Value>>
    where
        Self: ReceiverOperand,
    {
        ReceiverOperand::__gosync_receiver(self)
    }
}

/// What is not a [`SenderOperand`], though one might think so.
pub trait NoSender {
    /// Never compiles.
    fn __gosync_sender(&self) -> Option<&Sender<<Self as SenderOperand>::Value>>
    where
        Self: SenderOperand,
    {
        SenderOperand::__gosync_sender(self)
    }
}

impl<T> NoReceiver for Sender<T> {}
impl<T> NoReceiver for Result<T, RecvError> {} // of `recv(rx.recv())`
impl NoReceiver for Timer {}
impl NoReceiver for Ticker {}
impl<T> NoSender for Receiver<T> {}
