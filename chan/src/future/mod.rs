//! [`SendFuture`] and [`RecvFuture`]: the operations of a channel as futures (feature `async`).

mod recv;
mod send;

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::task::{Context, Poll};

pub use recv::{RecvFuture, RecvStream};
pub use send::SendFuture;

use crate::raw::waiter::{Node, Outcome, Room};

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

/// A node that is shared with the channel while its future waits. Until then it is a slot.
struct Place<T>(UnsafeCell<Room<T>>);

impl<T> Place<T> {
    #[inline(always)]
    fn new(slot: MaybeUninit<T>) -> Place<T> {
        Place(UnsafeCell::new(Room::new(slot)))
    }

    #[inline(always)]
    fn node(&self) -> NonNull<Node<T>> {
        // A cell's pointer is not null.
        NonNull::new(self.0.get().cast()).unwrap_or(NonNull::dangling())
    }

    /// Puts a value into the slot of what is no node.
    #[cfg(feature = "sink")]
    fn put(&mut self, value: T) {
        // SAFETY: nobody else knows it.
        unsafe { Node::write_slot(self.node(), value) };
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

    /// The value in the slot of what is no node, or of a node whose outcome is known.
    ///
    /// # Safety
    ///
    /// There is one, and it is taken once.
    #[inline(always)]
    unsafe fn take(&self) -> T {
        // SAFETY: there is always a slot; the rest is the caller's contract.
        unsafe { Node::take_slot(self.node()) }
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

#[cold]
fn polled_again() -> ! {
    panic!("a future that is finished is not polled")
}
