//! The channel itself, without handles: one lock, one ring, two queues of blocked operations. It is Go's `hchan`.
//!
//! Every operation takes the lock once, does one of four things, and releases it:
//!
//! | | send | receive |
//! | --- | --- | --- |
//! | a peer is blocked | hand the value to the oldest receiver | take the oldest value; refill from the oldest sender |
//! | there is room, or a value | append to the ring | take from the ring |
//! | closed | give the value back | report it, once the ring is empty |
//! | otherwise | queue up and sleep | queue up and sleep |
//!
//! A value goes straight to or from a blocked peer's node ([`waiter`]), so a blocked operation costs one wake-up, wins
//! no race after it, and is served in the order of arrival.
//!
//! # Invariants, whenever the lock is free
//!
//! 1. One of the two queues is empty at least.
//! 2. A buffered value means no blocked receiver; room means no blocked sender; closed means neither.
//! 3. `hints` and `len` tell what the state says.
//! 4. The ring holds at most `capacity` values.
//!
//! # Never under the lock
//!
//! A wake-up, and anything that runs a user's code: drops of values in particular. The ring's growth is the one
//! allocation that happens under it.
//!
//! # Ordering
//!
//! The lock orders everything that goes through the ring: a receive acquires what its value's send released
//! (chan.send-before-recv-complete), and a send that found room acquires what the receive that made it released
//! (chan.kth-recv-before-(k+C)th-send-complete). Both directions of a hand-off are ordered by the lock and by the
//! completion in [`waiter`] (chan.recv-before-unbuffered-send-complete). A receive that reports the end takes the lock
//! too (chan.close-before-closed-recv). What looks at `hints` and `len` alone is a try that fails, and that orders nothing.

mod ring;
mod shared;
mod waiter;

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::atomic::{AtomicU32, AtomicUsize};
use gosync_atomic::__sys::{Cpu, Lock, LockGuard, MutPtr, UnsafeCell, has_passed, ord, step};

use ring::Ring;
pub(crate) use shared::{Shared, Side};
use waiter::{Node, Outcome, WaitQueue, Waiter};

/// Bits of `Channel::hints`.
mod hint {
    /// A receiver is blocked.
    pub(super) const RECEIVERS: u32 = 1;
    /// A sender is blocked.
    pub(super) const SENDERS: u32 = 2;
    /// The channel is closed.
    pub(super) const CLOSED: u32 = 4;
}

/// How long an operation may block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Not at all.
    Try,
    /// Until the deadline; `None` is for ever.
    Until(Option<Instant>),
}

/// Why a send did not happen; the value is back.
#[derive(Debug)]
pub(crate) enum SendFailure<T> {
    /// No room, and none came in time.
    Full(T),
    /// Closed, or nobody is left to receive.
    Closed(T),
}

/// Why a receive got nothing.
#[derive(Debug)]
pub(crate) enum RecvFailure {
    /// No value, and none came in time.
    Empty,
    /// Closed and drained.
    Closed,
}

/// A channel.
pub(crate) struct Channel<T> {
    lock: Lock,
    /// Copies of parts of the state, written under the lock and read without it by those who only look.
    hints: AtomicU32,
    len: AtomicUsize,
    /// `usize::MAX` for an unbounded channel.
    capacity: usize,
    state: UnsafeCell<State<T>>,
}

/// What the lock guards.
struct State<T> {
    ring: Ring<T>,
    receivers: WaitQueue,
    senders: WaitQueue,
    /// No value enters any more: somebody called `close`, or one side has no handle left.
    closed: bool,
    /// Somebody called `close`.
    close_called: bool,
    /// What `Channel::hints` says.
    published: u32,
    /// Where senders and receivers that met a blocked peer, or blocked, were last seen: advice for the wait.
    sender_cpu: Cpu,
    receiver_cpu: Cpu,
}

// SAFETY: values move between threads, never references to them: `T: Send` is all it takes. The raw pointers in the
// queues lead to nodes that are shared under the rules of `waiter`.
unsafe impl<T: Send> Send for Channel<T> {}
// SAFETY: as above; the state is guarded by the lock.
unsafe impl<T: Send> Sync for Channel<T> {}

/// The state, while the lock is held. Enough for what changes the ring alone; for the rest there is [`Settling`].
struct Locked<'a, T> {
    // In this order: the access to the cell ends before the lock is released.
    state: MutPtr<State<T>>,
    channel: &'a Channel<T>,
    _lock: LockGuard<'a>,
}

impl<T> Locked<'_, T> {
    #[inline(always)]
    fn state(&mut self) -> &mut State<T> {
        // SAFETY: the lock is held, so nobody else accesses the state; `&mut self` excludes a second reference.
        unsafe { self.state.deref() }
    }

    /// Appends a value to the ring, in which there is room.
    #[inline(always)]
    fn push(&mut self, value: T) {
        let capacity = self.channel.capacity;
        let ring = &mut self.state().ring;
        ring.push(value, capacity);
        let len = ring.len();
        self.publish_len(len);
    }

    /// Takes the oldest value out of the ring.
    #[inline(always)]
    fn pop(&mut self) -> Option<T> {
        let ring = &mut self.state().ring;
        let value = ring.pop()?;
        let len = ring.len();
        self.publish_len(len);
        Some(value)
    }

    #[inline(always)]
    fn publish_len(&self, len: usize) {
        // Release: pairs with the Acquire in `may_proceed`: who sees this length sees what was published before it.
        step!("chan.publish-len", self.channel.len.store(len, ord!("chan.len", Release)));
    }
}

/// As [`Locked`], when blocked peers may come or go: publishes the hints before the lock is released.
struct Settling<'a, T>(Locked<'a, T>);

impl<T> std::ops::Deref for Settling<'_, T> {
    type Target = State<T>;
    fn deref(&self) -> &State<T> {
        // SAFETY: the lock is held, so nobody else accesses the state; `&self` excludes a `deref_mut`.
        unsafe { self.0.state.deref() }
    }
}

impl<T> std::ops::DerefMut for Settling<'_, T> {
    fn deref_mut(&mut self) -> &mut State<T> {
        self.0.state()
    }
}

impl<T> Drop for Settling<'_, T> {
    fn drop(&mut self) {
        let now = u32::from(!self.receivers.is_empty()) * hint::RECEIVERS
            + u32::from(!self.senders.is_empty()) * hint::SENDERS
            + u32::from(self.closed) * hint::CLOSED;
        if now != self.published {
            self.published = now;
            // Relaxed: `may_proceed` says why.
            step!("chan.publish-hints", self.0.channel.hints.store(now, ord!("chan.hints", Relaxed)));
        }
    }
}

impl<T> Channel<T> {
    pub(crate) fn new(capacity: usize) -> Channel<T> {
        let state = State {
            ring: Ring::new(),
            receivers: WaitQueue::default(),
            senders: WaitQueue::default(),
            closed: false,
            close_called: false,
            published: 0,
            sender_cpu: Cpu::UNKNOWN,
            receiver_cpu: Cpu::UNKNOWN,
        };
        Channel {
            lock: Lock::new(),
            hints: AtomicU32::new(0),
            len: AtomicUsize::new(0),
            capacity,
            state: UnsafeCell::new(state),
        }
    }

    #[inline(always)]
    fn locked(&self) -> Locked<'_, T> {
        let lock = self.lock.lock();
        Locked { state: self.state.get_mut(), channel: self, _lock: lock }
    }

    /// Whether a try that is stopped at this length, for want of a peer of this kind, may succeed or must report the end.
    /// If not, there was an instant at which it had to fail, and it need not take the lock.
    ///
    /// With a buffer that is the instant of the first load: then nobody of the other side was blocked (invariant 2), and
    /// the channel was open, because it was so later. Without one it is the instant of the second: the length says nothing.
    /// What the calling thread has seen happen to the channel has been published before.
    #[inline(always)]
    fn may_proceed(&self, stopped_at: usize, peers: u32) -> bool {
        // Acquire: pairs with the Release in `publish_len`, so that the hints are not older than the length.
        // Relaxed: a try that fails orders nothing.
        self.len.load(ord!("chan.peek-len", Acquire)) != stopped_at
            || self.hints.load(ord!("chan.peek-hints", Relaxed)) & (peers | hint::CLOSED) != 0
    }

    /// Sends without blocking.
    #[inline]
    pub(crate) fn try_send(&self, value: T) -> Result<(), SendFailure<T>> {
        if !self.may_proceed(self.capacity, hint::RECEIVERS) {
            return Err(SendFailure::Full(value));
        }
        self.send(value, Patience::Try)
    }

    /// Receives without blocking.
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, RecvFailure> {
        if !self.may_proceed(0, hint::SENDERS) {
            return Err(RecvFailure::Empty);
        }
        self.recv(Patience::Try)
    }

    /// Sends, blocking as long as there is patience.
    #[inline]
    pub(crate) fn send(&self, value: T, patience: Patience) -> Result<(), SendFailure<T>> {
        let mut locked = self.locked();
        let state = locked.state();
        let closed = step!("chan.send.closed", state.closed, else false);
        if !closed && state.receivers.is_empty() && state.ring.len() < self.capacity {
            locked.push(value);
            return Ok(());
        }
        self.send_slow(Settling(locked), value, patience)
    }

    /// Hands the value to a blocked receiver, or queues up and sleeps, or gives up.
    fn send_slow(&self, mut state: Settling<'_, T>, value: T, patience: Patience) -> Result<(), SendFailure<T>> {
        if state.closed {
            return Err(SendFailure::Closed(value));
        }
        // SAFETY: the lock is held.
        if let Some(receiver) = unsafe { state.receivers.pop() } {
            state.sender_cpu = Cpu::current();
            drop(state);
            // SAFETY: a receiver of this channel, claimed just now.
            unsafe { waiter::put_into(receiver, value) };
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(receiver, Outcome::Done) };
            return Ok(());
        }
        let Patience::Until(deadline) = patience else { return Err(SendFailure::Full(value)) };
        if has_passed(deadline) {
            return Err(SendFailure::Full(value));
        }
        let node = Node::sender(value);
        // SAFETY: the lock is held; the node is new and stays here until `block` has seen it completed or taken it out.
        unsafe { state.senders.push(node.waiter()) };
        state.sender_cpu = Cpu::current();
        let peer = state.receiver_cpu;
        drop(state);
        match self.block(&node, deadline, peer, |state| &mut state.senders) {
            Some(Outcome::Done) => Ok(()),
            // SAFETY: a closer leaves the value in its slot.
            Some(Outcome::Closed) => Err(SendFailure::Closed(unsafe { node.take() })),
            // SAFETY: nobody claimed the node, so the value is where it was.
            None => Err(SendFailure::Full(unsafe { node.take() })),
        }
    }

    /// Receives, blocking as long as there is patience.
    #[inline]
    pub(crate) fn recv(&self, patience: Patience) -> Result<T, RecvFailure> {
        let mut locked = self.locked();
        if locked.state().senders.is_empty() {
            if let Some(value) = locked.pop() {
                return Ok(value);
            }
        }
        self.recv_slow(Settling(locked), patience)
    }

    /// Takes the oldest value while a sender is blocked, or queues up and sleeps, or gives up.
    fn recv_slow(&self, mut state: Settling<'_, T>, patience: Patience) -> Result<T, RecvFailure> {
        // SAFETY: the lock is held.
        if let Some(sender) = unsafe { state.senders.pop() } {
            return Ok(self.recv_from(state, sender));
        }
        if step!("chan.recv.closed", state.closed, else false) {
            return Err(RecvFailure::Closed);
        }
        let Patience::Until(deadline) = patience else { return Err(RecvFailure::Empty) };
        if has_passed(deadline) {
            return Err(RecvFailure::Empty);
        }
        let node = Node::receiver();
        // SAFETY: the lock is held; the node is new and stays here until `block` has seen it completed or taken it out.
        unsafe { state.receivers.push(node.waiter()) };
        state.receiver_cpu = Cpu::current();
        let peer = state.sender_cpu;
        drop(state);
        match self.block(&node, deadline, peer, |state| &mut state.receivers) {
            // SAFETY: a sender has put a value into the slot.
            Some(Outcome::Done) => Ok(unsafe { node.take() }),
            Some(Outcome::Closed) => Err(RecvFailure::Closed),
            None => Err(RecvFailure::Empty),
        }
    }

    /// Takes the oldest value, given a claimed sender: its own, or, if there is a buffer, the first in it. Then the sender's
    /// goes to the end of the buffer, under the lock, so that no later value gets ahead of it. The length stays what it
    /// was, and is not published in between: a try must not find the buffer empty, which it never was.
    fn recv_from(&self, mut state: Settling<'_, T>, sender: NonNull<Waiter>) -> T {
        state.receiver_cpu = Cpu::current();
        let value = match state.ring.pop() {
            Some(oldest) => {
                // SAFETY: a sender of this channel, claimed just now.
                let newest = unsafe { waiter::take_from(sender) };
                state.ring.push(newest, self.capacity);
                drop(state);
                oldest
            }
            None => {
                drop(state);
                // SAFETY: as above.
                unsafe { waiter::take_from(sender) }
            }
        };
        // SAFETY: its only completion, by its claimer.
        unsafe { waiter::complete(sender, Outcome::Done) };
        value
    }

    /// Waits for a queued node's completion. `None`: the deadline has passed, and the node is out of its queue.
    fn block(
        &self,
        node: &Node<T>,
        deadline: Option<Instant>,
        peer: Cpu,
        queue: impl FnOnce(&mut State<T>) -> &mut WaitQueue,
    ) -> Option<Outcome> {
        if let Some(outcome) = node.wait(deadline, peer) {
            return Some(outcome);
        }
        // The deadline has passed, but a peer may have claimed the node meanwhile: only the lock tells.
        let mut state = Settling(self.locked());
        // SAFETY: the lock is held, and the node was queued here.
        let removed = unsafe { queue(&mut state).remove(node.waiter()) };
        drop(state);
        if removed {
            return None;
        }
        // Claimed: the peer is between its claim and the completion, which may take as long as it is not scheduled.
        step!("chan.await-claimer", node.wait(None, Cpu::UNKNOWN), else Some(Outcome::Done))
    }

    /// Closes: nothing enters any more, blocked operations end. `false` if `close` was called before.
    pub(crate) fn close(&self) -> bool {
        let mut state = Settling(self.locked());
        let first = !std::mem::replace(&mut state.close_called, true);
        self.end(state);
        first
    }

    /// As [`close`](Channel::close), because one side has no handle left. If that is the receiving side, nobody can reach
    /// the buffered values any more: they are returned, to be dropped when that can do no harm.
    fn disconnect(&self, side: Side) -> Ring<T> {
        let mut state = Settling(self.locked());
        let unreachable = match side {
            Side::Senders => Ring::new(),
            Side::Receivers => std::mem::replace(&mut state.ring, Ring::new()),
        };
        let len = state.ring.len();
        state.0.publish_len(len);
        self.end(state);
        unreachable
    }

    /// Marks the channel closed and completes all blocked operations, after releasing the lock.
    fn end(&self, mut state: Settling<'_, T>) {
        step!("chan.close.mark", state.closed = true);
        // SAFETY: the lock is held.
        let receivers = unsafe { state.receivers.claim_all() };
        // SAFETY: as above.
        let senders = unsafe { state.senders.claim_all() };
        drop(state);
        for waiter in receivers.chain(senders) {
            // SAFETY: its only completion, by its claimer.
            step!("chan.close.complete", unsafe { waiter::complete(waiter, Outcome::Closed) });
        }
    }

    /// The number of buffered values. Orders nothing.
    pub(crate) fn len(&self) -> usize {
        // Relaxed: a number that may change at any time.
        self.len.load(ord!("chan.len.look", Relaxed))
    }

    /// `None` for an unbounded channel.
    pub(crate) fn capacity(&self) -> Option<usize> {
        (self.capacity != usize::MAX).then_some(self.capacity)
    }

    /// Whether the channel takes no more values. Orders nothing.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: it orders nothing.
        self.hints.load(ord!("chan.is-closed", Relaxed)) & hint::CLOSED != 0
    }
}
