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
//! 3. `ready` tells what `readiness` computes from the state.
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
//! too (chan.close-before-closed-recv). What looks at `ready` alone is a try that fails, and that orders nothing.

mod ring;
mod shared;
mod waiter;

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::atomic::AtomicU32;
use gosync_atomic::__sys::{Cpu, Lock, LockGuard, MutPtr, UnsafeCell, has_passed, ord, step};

use ring::Ring;
pub(crate) use shared::{Shared, Side};
use waiter::{Node, Outcome, WaitQueue, Waiter};

/// Bits of `Channel::ready`.
mod ready {
    /// A receive would not block.
    pub(super) const RECEIVE: u32 = 1;
    /// A send would not block.
    pub(super) const SEND: u32 = 2;
    /// The channel is closed.
    pub(super) const CLOSED: u32 = 4;
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
    /// Written under the lock, read by tries without it: one word, so that what a try sees held at one instant.
    ready: AtomicU32,
    state: UnsafeCell<State<T>>,
    /// `usize::MAX` for an unbounded channel.
    capacity: usize,
}

/// What the lock guards.
struct State<T> {
    ring: Ring<T>,
    receivers: WaitQueue,
    senders: WaitQueue,
    /// What `Channel::ready` says.
    published: u32,
    /// No value enters any more: somebody called `close`, or one side has no handle left.
    closed: bool,
    /// Somebody called `close`.
    close_called: bool,
    /// Where senders and receivers that met a blocked peer, or blocked, were last seen: hints for the wait.
    sender_cpu: Cpu,
    receiver_cpu: Cpu,
}

// SAFETY: values move between threads, never references to them: `T: Send` is all it takes. The raw pointers in the
// queues lead to nodes that are shared under the rules of `waiter`.
unsafe impl<T: Send> Send for Channel<T> {}
// SAFETY: as above; the state is guarded by the lock.
unsafe impl<T: Send> Sync for Channel<T> {}

impl<T> State<T> {
    fn readiness(&self, capacity: usize) -> u32 {
        let receive = self.ring.len() > 0 || !self.senders.is_empty();
        let send = self.ring.len() < capacity || !self.receivers.is_empty();
        u32::from(receive) * ready::RECEIVE + u32::from(send) * ready::SEND + u32::from(self.closed) * ready::CLOSED
    }
}

/// The state, while the lock is held. Dropping it publishes the readiness and releases the lock.
struct Locked<'a, T> {
    // In this order: the access to the cell ends before the lock is released.
    state: MutPtr<State<T>>,
    channel: &'a Channel<T>,
    _lock: LockGuard<'a>,
}

impl<T> std::ops::Deref for Locked<'_, T> {
    type Target = State<T>;
    #[inline(always)]
    fn deref(&self) -> &State<T> {
        // SAFETY: the lock is held, so nobody else accesses the state; `&self` excludes a `deref_mut`.
        unsafe { self.state.deref() }
    }
}

impl<T> std::ops::DerefMut for Locked<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut State<T> {
        // SAFETY: the lock is held, so nobody else accesses the state; `&mut self` excludes another `deref`.
        unsafe { self.state.deref() }
    }
}

impl<T> Drop for Locked<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        let now = self.readiness(self.channel.capacity);
        if now != self.published {
            self.published = now;
            // Relaxed: a try that fails orders nothing, and any other operation takes the lock.
            step!("chan.publish", self.channel.ready.store(now, ord!("chan.publish.order", Relaxed)));
        }
    }
}

impl<T> Channel<T> {
    pub(crate) fn new(capacity: usize) -> Channel<T> {
        let state = State {
            ring: Ring::new(),
            receivers: WaitQueue::default(),
            senders: WaitQueue::default(),
            published: 0,
            closed: false,
            close_called: false,
            sender_cpu: Cpu::UNKNOWN,
            receiver_cpu: Cpu::UNKNOWN,
        };
        let ready = state.readiness(capacity);
        Channel {
            lock: Lock::new(),
            ready: AtomicU32::new(ready),
            state: UnsafeCell::new(State { published: ready, ..state }),
            capacity,
        }
    }

    #[inline(always)]
    fn locked(&self) -> Locked<'_, T> {
        let lock = self.lock.lock();
        Locked { state: self.state.get_mut(), channel: self, _lock: lock }
    }

    /// Whether a try could succeed or must report the end; if not, it need not take the lock.
    #[inline(always)]
    fn may_proceed(&self, direction: u32) -> bool {
        // Relaxed: see `Locked::drop`. One word, so both bits are of one instant; what this thread has seen happen to
        // the channel is in it.
        self.ready.load(ord!("chan.peek", Relaxed)) & (direction | ready::CLOSED) != 0
    }

    /// Sends without blocking.
    #[inline]
    pub(crate) fn try_send(&self, value: T) -> Result<(), SendFailure<T>> {
        if !self.may_proceed(ready::SEND) {
            return Err(SendFailure::Full(value));
        }
        self.send_now(value).map_err(
            |(locked, value)| {
                if locked.closed { SendFailure::Closed(value) } else { SendFailure::Full(value) }
            },
        )
    }

    /// Sends, blocking until the deadline at most; `None` is for ever.
    #[inline]
    pub(crate) fn send(&self, value: T, deadline: Option<Instant>) -> Result<(), SendFailure<T>> {
        self.send_now(value).or_else(|(locked, value)| self.send_blocking(locked, value, deadline))
    }

    /// Hands the value over or buffers it; otherwise gives it back, with the lock still held.
    #[inline]
    fn send_now(&self, value: T) -> Result<(), (Locked<'_, T>, T)> {
        let mut state = self.locked();
        if step!("chan.send.closed", state.closed, else false) {
            return Err((state, value));
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
        if state.ring.len() < self.capacity {
            state.ring.push(value, self.capacity);
            return Ok(());
        }
        Err((state, value))
    }

    #[cold]
    fn send_blocking(
        &self,
        mut state: Locked<'_, T>,
        value: T,
        deadline: Option<Instant>,
    ) -> Result<(), SendFailure<T>> {
        if state.closed {
            return Err(SendFailure::Closed(value));
        }
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

    /// Receives without blocking.
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, RecvFailure> {
        if !self.may_proceed(ready::RECEIVE) {
            return Err(RecvFailure::Empty);
        }
        self.recv_now().map_err(|locked| if locked.closed { RecvFailure::Closed } else { RecvFailure::Empty })
    }

    /// Receives, blocking until the deadline at most; `None` is for ever.
    #[inline]
    pub(crate) fn recv(&self, deadline: Option<Instant>) -> Result<T, RecvFailure> {
        self.recv_now().or_else(|locked| self.recv_blocking(locked, deadline))
    }

    /// Takes the oldest value, buffered or of a blocked sender; otherwise gives the held lock back.
    #[inline]
    fn recv_now(&self) -> Result<T, Locked<'_, T>> {
        let mut state = self.locked();
        if let Some(value) = state.ring.pop() {
            // SAFETY: the lock is held.
            if let Some(sender) = unsafe { state.senders.pop() } {
                self.refill(state, sender);
            }
            return Ok(value);
        }
        // SAFETY: the lock is held.
        if let Some(sender) = unsafe { state.senders.pop() } {
            state.receiver_cpu = Cpu::current();
            drop(state);
            // SAFETY: a sender of this channel, claimed just now.
            let value = unsafe { waiter::take_from(sender) };
            // SAFETY: its only completion, by its claimer.
            unsafe { waiter::complete(sender, Outcome::Done) };
            return Ok(value);
        }
        Err(state)
    }

    /// Moves a claimed sender's value into the slot that a receive has just freed. Under the lock, so that no later value
    /// gets ahead of it.
    #[cold]
    fn refill(&self, mut state: Locked<'_, T>, sender: NonNull<Waiter>) {
        // SAFETY: a sender of this channel, claimed just now.
        let value = unsafe { waiter::take_from(sender) };
        state.ring.push(value, self.capacity);
        state.receiver_cpu = Cpu::current();
        drop(state);
        // SAFETY: its only completion, by its claimer.
        unsafe { waiter::complete(sender, Outcome::Done) };
    }

    #[cold]
    fn recv_blocking(&self, mut state: Locked<'_, T>, deadline: Option<Instant>) -> Result<T, RecvFailure> {
        if step!("chan.recv.closed", state.closed, else false) {
            return Err(RecvFailure::Closed);
        }
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
        let mut state = self.locked();
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
        let mut state = self.locked();
        let first = !std::mem::replace(&mut state.close_called, true);
        self.end(state);
        first
    }

    /// As [`close`](Channel::close), because one side has no handle left. If that is the receiving side, nobody can reach
    /// the buffered values any more: they are returned, to be dropped when that can do no harm.
    fn disconnect(&self, side: Side) -> Ring<T> {
        let mut state = self.locked();
        let unreachable = match side {
            Side::Senders => Ring::new(),
            Side::Receivers => std::mem::replace(&mut state.ring, Ring::new()),
        };
        self.end(state);
        unreachable
    }

    /// Marks the channel closed and completes all blocked operations, after releasing the lock.
    fn end(&self, mut state: Locked<'_, T>) {
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

    /// The number of buffered values.
    pub(crate) fn len(&self) -> usize {
        self.locked().ring.len()
    }

    /// `None` for an unbounded channel.
    pub(crate) fn capacity(&self) -> Option<usize> {
        (self.capacity != usize::MAX).then_some(self.capacity)
    }

    /// Whether the channel takes no more values. Orders nothing.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: as in `may_proceed`.
        self.ready.load(ord!("chan.is-closed", Relaxed)) & ready::CLOSED != 0
    }
}
