//! The allocation behind all handles of one channel, and who frees it.
//!
//! Each side counts its handles. Whoever drops the last handle of a side disconnects the channel, and says so under its lock;
//! the second of the two to do so frees the allocation. A thread may still be about to wake a peer then, but that goes by address.
//!
//! New handles of a side are made from old ones. So a handle that is counted alone stays alone, and its count can be left without a
//! read-modify-write; and a side that finds that the other one has left, and has released the lock, has the channel for itself, and
//! frees it without the lock.
//!
//! Ordering: every decrement is `AcqRel`, and a look that finds the last handle `Acquire`, so whoever takes the count to zero has
//! seen all that other handles of its side did. Whoever frees has seen all that the other side did, by the lock. An increment
//! needs no order.

use std::process::abort;
use std::ptr::NonNull;

use gosync_atomic::__sys::atomic::AtomicUsize;
use gosync_atomic::__sys::{Alive, ord};

use super::Channel;
use super::state::signs;

/// Which handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Side {
    // The numbers are the signs of `state::signs` that tell whether this side may proceed, or that they do not tell.
    Receivers = signs::RECV | signs::TIMER,
    Senders = signs::SEND,
}

/// A channel with its counts.
#[repr(C)] // the channel's hot words first
pub(crate) struct Shared<T> {
    channel: Channel<T>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    alive: Alive,
}

impl<T> Shared<T> {
    /// Allocates a channel that counts one handle on each side.
    pub(crate) fn new(capacity: usize) -> NonNull<Shared<T>> {
        Self::of(|| Channel::new(capacity), 1)
    }

    /// Allocates a channel that its users cannot close, which counts one handle on each side.
    pub(crate) fn receive_only() -> NonNull<Shared<T>> {
        Self::of(Channel::receive_only, 1)
    }

    /// Allocates a timer's channel, which counts one receiver, and never has a sender.
    pub(crate) fn timer(channel: Channel<T>) -> NonNull<Shared<T>> {
        Self::of(|| channel, 0)
    }

    #[inline(always)]
    fn of(channel: impl FnOnce() -> Channel<T>, senders: usize) -> NonNull<Shared<T>> {
        // In place: a channel is hundreds of bytes.
        let mut place = Box::new_uninit();
        place.write(Shared {
            channel: channel(),
            senders: AtomicUsize::new(senders),
            receivers: AtomicUsize::new(1),
            alive: Alive::new(),
        });
        // SAFETY: written just now.
        NonNull::from(Box::leak(unsafe { place.assume_init() }))
    }

    /// The channel.
    #[inline(always)]
    pub(crate) fn channel(&self) -> &Channel<T> {
        self.alive.used();
        &self.channel
    }

    fn count(&self, side: Side) -> &AtomicUsize {
        match side {
            Side::Senders => &self.senders,
            Side::Receivers => &self.receivers,
        }
    }

    /// The handles of a side, at some instant.
    pub(crate) fn handles(&self, side: Side) -> usize {
        // Relaxed: a number that may change at any time.
        self.count(side).load(ord!("chan.handles", Relaxed))
    }

    /// Counts one more handle of a side that has one.
    pub(crate) fn acquire(&self, side: Side) {
        self.alive.used();
        // Relaxed: the handle that is cloned keeps the channel alive.
        let old = self.count(side).fetch_add(1, ord!("chan.clone", Relaxed));
        if old > isize::MAX as usize {
            // Only forgotten clones get there. A wrapped count would free the channel under its users.
            abort();
        }
    }

    /// Counts one handle of a side less: whether there is none left.
    fn count_down(&self, side: Side) -> bool {
        let count = self.count(side);
        // Acquire: pairs with the Release of the subtractions.
        if count.load(ord!("chan.drop.last", Acquire)) == 1 {
            // Relaxed: nobody else changes it any more, and who looks at it orders nothing.
            count.store(0, ord!("chan.drop.none", Relaxed));
            return true;
        }
        // AcqRel: what this handle did happens before what the last one does now.
        count.fetch_sub(1, ord!("chan.drop", AcqRel)) == 1
    }

    /// Counts one handle less.
    ///
    /// # Safety
    ///
    /// `this` is alive, the caller owns one handle of that side, and does not use it again.
    pub(crate) unsafe fn release(this: NonNull<Shared<T>>, side: Side) {
        // SAFETY: alive, as long as the caller's handle is counted.
        let shared = unsafe { this.as_ref() };
        shared.alive.used();
        if !shared.count_down(side) {
            return;
        }
        if shared.channel.is_abandoned() {
            shared.alive.freed();
            // SAFETY: allocated by `of` as a box; no handle is left, and the other side has done with it.
            let mut shared = unsafe { Box::from_raw(this.as_ptr()) };
            let unreachable = shared.channel.empty();
            drop(shared);
            // Last, because the drop of a value may panic: then nothing is left half done.
            drop(unreachable);
            return;
        }
        let (unreachable, is_last, ended);
        {
            let mut state = shared.channel.settling();
            (unreachable, is_last) = state.leave(side);
            ended = state.end();
            // Here the lock is released, and not in a function that was given a reference to the channel: no reference that is
            // an argument may be to what another thread frees meanwhile, used or not.
        }
        ended.complete();
        if is_last {
            shared.alive.freed();
            // SAFETY: as above: the second of the two sides to disconnect has taken the lock after the first.
            drop(unsafe { Box::from_raw(this.as_ptr()) });
        }
        // Last, as above.
        drop(unreachable);
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::*;

    const CHILD: &str = "GOSYNC_OVERFLOW_CHILD";

    /// A channel of which so many receivers seem to have been forgotten.
    fn with_receivers(n: usize) -> NonNull<Shared<u8>> {
        let mut shared = Shared::new(1);
        // SAFETY: it was just made, and nobody else has it.
        unsafe { shared.as_mut() }.receivers = AtomicUsize::new(n);
        shared
    }

    /// Counts come near their end only by forgotten handles: up to there all works, and beyond it the process ends before
    /// a count could wrap and free the channel under its users.
    #[test]
    fn handles_are_counted_up_to_the_end() {
        const MOST: usize = isize::MAX as usize;
        let mut shared = with_receivers(MOST - 1);
        // SAFETY: not freed below, for one handle is left.
        let channel = unsafe { shared.as_ref() };
        channel.acquire(Side::Receivers);
        assert_eq!(channel.handles(Side::Receivers), MOST);
        // SAFETY: the handle that was just counted.
        unsafe { Shared::release(shared, Side::Receivers) };
        assert_eq!(channel.handles(Side::Receivers), MOST - 1);
        assert!(!channel.channel().is_closed(), "there are receivers");
        // SAFETY: nobody else has it.
        unsafe { shared.as_mut() }.receivers = AtomicUsize::new(1);
        // SAFETY: the first handle of each side.
        unsafe { Shared::release(shared, Side::Receivers) };
        // SAFETY: as above.
        unsafe { Shared::release(shared, Side::Senders) };

        if env::var_os(CHILD).is_some() {
            let shared = with_receivers(MOST + 1);
            // SAFETY: not freed.
            unsafe { shared.as_ref() }.acquire(Side::Receivers);
            return;
        }
        let name = "raw::shared::tests::handles_are_counted_up_to_the_end";
        let child = Command::new(env::current_exe().unwrap()).args(["--exact", name]).env(CHILD, "1").output().unwrap();
        assert!(!child.status.success(), "it went on beyond the end: {child:?}");
        #[cfg(unix)]
        assert!(std::os::unix::process::ExitStatusExt::signal(&child.status).is_some(), "no abort: {child:?}");
    }
}
