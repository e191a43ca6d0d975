//! A blocked operation: the node that it leaves in a channel's queue, and how it sleeps and is completed.
//!
//! A node lives on the stack of its thread (in a pinned future, once there are tasks) for exactly as long as the
//! operation; no operation allocates. It is made of a [`Waiter`], which the queues and the wake-up know, and a slot for
//! the value, which only the two parties of the hand-off know.
//!
//! How it sleeps and is completed is [`Sleeper`]'s protocol; the outcomes are these:
//!
//! | outcome | meaning |
//! | --- | --- |
//! | `DONE` | the value has changed hands |
//! | `CLOSED` | the channel was closed; a sender's value is still in its slot |
//!
//! # Invariants
//!
//! 1. A node is in at most one queue. Its links are written only under the lock of that queue's channel, and read only
//!    under it or by the node's claimer.
//! 2. Taking a node out of its queue is the claim: whoever did it, and nobody else, moves the value and then completes
//!    the node exactly once. If that is the node's own thread (its deadline has passed), there is no completion.
//! 3. Before its completion the node stays where it is, and its thread does not touch the slot. So the claimer may move
//!    the value after it has released the lock.
//! 4. The completion is the last access to the node.
//!
//! # Ordering
//!
//! The claimer sees the node's contents through the channel's lock. The node's thread sees what the claimer did (the
//! value in a receiver's slot, or that its own value has been moved out) through the completion.
//!
//! # What select adds
//!
//! The nodes of one select will share one word that is claimed by compare-exchange under the lock instead of by removal
//! alone (2), and slots that are written before that claim; the queue, the lock and the sleep stay as they are.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Cpu, Sleeper, UnsafeCell, step};

const DONE: u32 = Sleeper::FIRST_OUTCOME;
const CLOSED: u32 = DONE + 1;

/// How a blocked operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The value has changed hands.
    Done,
    /// The channel was closed.
    Closed,
}

/// The part of a node that does not depend on the value's type.
pub(crate) struct Waiter {
    sleeper: Sleeper,
    links: UnsafeCell<Links>,
}

/// Neighbours in the queue. The oldest node has no `prev`, and a node that was taken out has none either.
struct Links {
    prev: Option<NonNull<Waiter>>,
    next: Option<NonNull<Waiter>>,
}

/// A node: one blocked send (its value in the slot) or one blocked receive (an empty slot).
#[repr(C)] // the waiter comes first: a pointer to it is a pointer to its node
pub(crate) struct Node<T> {
    waiter: Waiter,
    slot: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Node<T> {
    pub(crate) fn sender(value: T) -> Node<T> {
        Node::new(MaybeUninit::new(value))
    }

    pub(crate) fn receiver() -> Node<T> {
        Node::new(MaybeUninit::uninit())
    }

    fn new(slot: MaybeUninit<T>) -> Node<T> {
        let links = Links { prev: None, next: None };
        Node { waiter: Waiter { sleeper: Sleeper::new(), links: UnsafeCell::new(links) }, slot: UnsafeCell::new(slot) }
    }

    /// The node as the queues know it.
    pub(crate) fn waiter(&self) -> NonNull<Waiter> {
        // From the whole node, so that the pointer may reach the slot as well.
        NonNull::from(self).cast()
    }

    /// Moves the value out of the slot of the node's own thread.
    ///
    /// # Safety
    ///
    /// There is a value: a receiver's was delivered ([`Outcome::Done`]), a sender's was not taken. It is taken once.
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: the caller's contract; by invariants 2 and 3 nobody else touches the slot any more.
        self.slot.with(|slot| unsafe { slot.cast::<T>().read() })
    }

    /// Sleeps until the node is completed: `Some`; or until the deadline has passed: `None`.
    ///
    /// `peer` is where the thread that is likely to complete it last ran. After `None` the operation may be completed
    /// at any time, so the caller either takes the node out of its queue or waits again.
    pub(crate) fn wait(&self, deadline: Option<Instant>, peer: Cpu) -> Option<Outcome> {
        self.waiter.sleeper.spin(peer);
        let outcome = self.waiter.sleeper.wait(deadline)?;
        Some(if outcome == DONE { Outcome::Done } else { Outcome::Closed })
    }
}

/// Moves the value out of a blocked sender's slot.
///
/// # Safety
///
/// `waiter` is the sender node of a channel of `T`; the caller took it out of its queue and has not completed it.
pub(crate) unsafe fn take_from<T>(waiter: NonNull<Waiter>) -> T {
    // SAFETY: the node is alive (invariant 3) and starts with its waiter.
    let node = unsafe { waiter.cast::<Node<T>>().as_ref() };
    // SAFETY: a sender's slot holds its value until its claimer, the caller, moves it.
    node.slot.with(|slot| unsafe { slot.cast::<T>().read() })
}

/// Moves a value into a blocked receiver's slot.
///
/// # Safety
///
/// `waiter` is the receiver node of a channel of `T`; the caller took it out of its queue and has not completed it.
pub(crate) unsafe fn put_into<T>(waiter: NonNull<Waiter>, value: T) {
    // SAFETY: the node is alive (invariant 3) and starts with its waiter.
    let node = unsafe { waiter.cast::<Node<T>>().as_ref() };
    // SAFETY: only the claimer, the caller, touches the slot (invariants 2 and 3).
    node.slot.with_mut(|slot| unsafe { slot.cast::<T>().write(value) });
}

/// Completes a claimed node and wakes its thread if it sleeps. To be called after the channel's lock was released.
///
/// # Safety
///
/// The caller took the node out of its queue, and this is its only completion. The node is gone afterwards.
pub(crate) unsafe fn complete(waiter: NonNull<Waiter>, outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Done => DONE,
        Outcome::Closed => CLOSED,
    };
    // SAFETY: the node is alive until its completion (invariant 3).
    let sleeper = NonNull::from(unsafe { &waiter.as_ref().sleeper });
    // SAFETY: the caller's contract. By invariant 4 the last access.
    unsafe { Sleeper::complete(sleeper, outcome) };
}

/// A FIFO of blocked operations, all of one direction. Guarded by its channel's lock.
#[derive(Default)]
pub(crate) struct WaitQueue {
    head: Option<NonNull<Waiter>>,
    tail: Option<NonNull<Waiter>>,
}

impl WaitQueue {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Appends a node.
    ///
    /// # Safety
    ///
    /// The lock is held, the node is in no queue, and it stays in place until it is taken out or completed.
    pub(crate) unsafe fn push(&mut self, waiter: NonNull<Waiter>) {
        let links = Links { prev: self.tail, next: None };
        // SAFETY: the node is alive, and its links are guarded by the lock that the caller holds (invariant 1).
        unsafe { edit(waiter, |own| *own = links) };
        match self.tail.replace(waiter) {
            // SAFETY: nodes in the queue are alive (invariant 3) and guarded by the same lock.
            Some(last) => unsafe { edit(last, |links| links.next = Some(waiter)) },
            None => self.head = Some(waiter),
        }
    }

    /// Takes out the oldest node: the caller is its claimer.
    ///
    /// # Safety
    ///
    /// The lock is held.
    #[inline]
    pub(crate) unsafe fn pop(&mut self) -> Option<NonNull<Waiter>> {
        let first = self.head?;
        if self.tail == Some(first) {
            // Alone, as most are: its links need no change, so its thread, which looks at the same cache line, is not
            // disturbed while the lock is held.
            self.head = None;
            self.tail = None;
        } else {
            // SAFETY: the node is in this queue, whose lock the caller holds.
            self.head = unsafe { look(first, |links| links.next) };
            if let Some(second) = self.head {
                // SAFETY: as above.
                unsafe { edit(second, |links| links.prev = None) };
            }
        }
        Some(first)
    }

    /// Takes out this node if it is still queued: then the caller is its claimer.
    ///
    /// # Safety
    ///
    /// The lock is held, and the node is alive and of this queue's channel and direction.
    pub(crate) unsafe fn remove(&mut self, waiter: NonNull<Waiter>) -> bool {
        // SAFETY: the caller's contract.
        let queued = self.head == Some(waiter) || unsafe { look(waiter, |links| links.prev.is_some()) };
        if step!("chan.still-queued", queued, else true) {
            // SAFETY: as above, and the node is in this queue.
            unsafe { self.unlink(waiter) };
        }
        queued
    }

    /// Takes out all nodes: the caller is their claimer.
    ///
    /// # Safety
    ///
    /// The lock is held.
    pub(crate) unsafe fn claim_all(&mut self) -> Claimed {
        let claimed = Claimed { next: self.head.take() };
        self.tail = None;
        let mut at = claimed.next;
        while let Some(waiter) = at {
            // SAFETY: the node is alive and guarded by the lock. `next` stays as it is: `Claimed` follows it.
            at = unsafe {
                edit(waiter, |links| {
                    links.prev = None;
                    links.next
                })
            };
        }
        claimed
    }

    /// # Safety
    ///
    /// The lock is held, and the node is in this queue.
    unsafe fn unlink(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: the node is alive and guarded by the lock; so are its neighbours below.
        let (prev, next) = unsafe { look(waiter, |links| (links.prev, links.next)) };
        match prev {
            // SAFETY: as above.
            Some(prev) => unsafe { edit(prev, |links| links.next = next) },
            None => self.head = next,
        }
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { edit(next, |links| links.prev = prev) },
            None => self.tail = prev,
        }
    }
}

/// Nodes that were taken out of a queue together, oldest first.
pub(crate) struct Claimed {
    next: Option<NonNull<Waiter>>,
}

impl Iterator for Claimed {
    type Item = NonNull<Waiter>;

    fn next(&mut self) -> Option<NonNull<Waiter>> {
        let waiter = self.next?;
        // SAFETY: the node is alive until the caller completes it, and the caller is its claimer.
        self.next = unsafe { look(waiter, |links| links.next) };
        Some(waiter)
    }
}

/// Works on a node's links.
///
/// # Safety
///
/// The node is alive, and the lock that guards its links is held (invariant 1).
#[inline(always)]
unsafe fn edit<R>(waiter: NonNull<Waiter>, f: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: the caller's contract.
    let waiter = unsafe { waiter.as_ref() };
    // SAFETY: the caller's contract: nobody else reads or writes the links.
    waiter.links.with_mut(|links| f(unsafe { &mut *links }))
}

/// Reads a node's links.
///
/// # Safety
///
/// The node is alive, and the lock that guards its links is held or the caller is its claimer (invariant 1).
#[inline(always)]
unsafe fn look<R>(waiter: NonNull<Waiter>, f: impl FnOnce(&Links) -> R) -> R {
    // SAFETY: the caller's contract.
    let waiter = unsafe { waiter.as_ref() };
    // SAFETY: the caller's contract: nobody writes the links meanwhile.
    waiter.links.with(|links| f(unsafe { &*links }))
}
