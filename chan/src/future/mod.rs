//! [`SendFuture`] and [`RecvFuture`]: the operations of a channel as futures (feature `async`).

mod recv;
mod send;

use std::cell::UnsafeCell;
use std::mem::{MaybeUninit, needs_drop};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Poll;

use gosync_atomic::__sys::Sleeper;
pub use recv::{RecvFuture, RecvStream};
pub use send::SendFuture;

use crate::raw::waiter::{Node, Room};

/// How far a future is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not polled, or to be begun anew.
    Idle,
    /// It has returned `Ready`.
    Finished,
    /// Its node is with the channel.
    Waiting,
    /// The same, and there may be an alarm, for the channel is a timer's.
    Timed,
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

    /// Whether the operation of a node that is with the channel has been done.
    ///
    /// # Safety
    ///
    /// It is.
    #[inline(always)]
    unsafe fn is_done(&self) -> bool {
        // SAFETY: the caller's contract: the node is written.
        unsafe { Node::is_done(self.node()) }
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

    /// Ends a node whose operation was done: as [`end`](Place::end), which then has nothing to do except in models.
    ///
    /// # Safety
    ///
    /// Same as for [`end`](Place::end).
    #[inline(always)]
    unsafe fn end_done(&self) {
        if needs_drop::<Sleeper>() {
            // SAFETY: the caller's contract.
            unsafe { self.end() };
        }
    }

    /// Ends a node whose outcome is known, or that was given up.
    ///
    /// # Safety
    ///
    /// It is written, and nobody else knows it any more. What is in its slot is not dropped.
    unsafe fn end(&self) {
        // SAFETY: the caller's contract.
        unsafe { self.node().drop_in_place() };
    }
}

/// A future, and the handle that it uses if nobody lends it one: pinned together, and the future goes first.
pub(crate) struct Owned<F, H> {
    future: F,
    _handle: Option<H>,
}

impl<F, H> Owned<F, H> {
    pub(crate) fn pin(future: F, handle: Option<H>) -> Pin<Box<Owned<F, H>>> {
        Box::pin(Owned { future, _handle: handle })
    }

    pub(crate) fn get(&self) -> &F {
        &self.future
    }

    pub(crate) fn future(self: Pin<&mut Self>) -> Pin<&mut F> {
        // SAFETY: it is pinned with this.
        unsafe { self.map_unchecked_mut(|this| &mut this.future) }
    }
}

/// An operation on the nil channel is never done.
#[inline(always)]
fn never<R>() -> Poll<R> {
    unlikely();
    Poll::Pending
}

/// Keeps what it is called beside out of the way.
#[cold]
#[inline(never)]
fn unlikely() {}

#[cold]
fn polled_again() -> ! {
    panic!("a future that is finished is not polled")
}
