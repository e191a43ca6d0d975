//! The allocation behind all handles of one channel, and who frees it.
//!
//! Each side counts its handles. Whoever drops the last handle of a side disconnects the channel and then says so in
//! `other_side_left`; the second of the two to say so frees the allocation. A thread may still be about to wake a peer
//! then, but that goes by address.
//!
//! Ordering: every decrement is `AcqRel`, so whoever takes the count to zero has seen all that other handles of its side
//! did; the swap is `AcqRel`, so whoever frees has seen the same of the other side. New handles are made from old ones,
//! so an increment needs no order.

use std::process::abort;
use std::ptr::NonNull;

use gosync_atomic::__sys::atomic::{AtomicBool, AtomicUsize};
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
    /// One side has no handles left and is done with the allocation.
    other_side_left: AtomicBool,
    alive: Alive,
}

impl<T> Shared<T> {
    /// Allocates a channel that counts one handle on each side.
    pub(crate) fn new(capacity: usize) -> NonNull<Shared<T>> {
        Self::of(Channel::new(capacity), 1)
    }

    /// Allocates a channel that its users cannot close, which counts one handle on each side.
    pub(crate) fn receive_only() -> NonNull<Shared<T>> {
        Self::of(Channel::receive_only(), 1)
    }

    /// Allocates a timer's channel, which counts one receiver, and never has a sender.
    pub(crate) fn timer(channel: Channel<T>) -> NonNull<Shared<T>> {
        Self::of(channel, 0)
    }

    fn of(channel: Channel<T>, senders: usize) -> NonNull<Shared<T>> {
        let shared = Shared {
            channel,
            senders: AtomicUsize::new(senders),
            receivers: AtomicUsize::new(1),
            other_side_left: AtomicBool::new(senders == 0),
            alive: Alive::new(),
        };
        NonNull::from(Box::leak(Box::new(shared)))
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

    /// Counts one handle less.
    ///
    /// # Safety
    ///
    /// `this` is alive, the caller owns one handle of that side, and does not use it again.
    pub(crate) unsafe fn release(this: NonNull<Shared<T>>, side: Side) {
        // SAFETY: alive, as long as the caller's handle is counted.
        let shared = unsafe { this.as_ref() };
        shared.alive.used();
        // AcqRel: what this handle did happens before what the last one does now.
        if shared.count(side).fetch_sub(1, ord!("chan.drop", AcqRel)) != 1 {
            return;
        }
        let unreachable = shared.channel.disconnect(side);
        // AcqRel: what this side did happens before the other side frees the channel.
        if shared.other_side_left.swap(true, ord!("chan.drop-side", AcqRel)) {
            shared.alive.freed();
            // SAFETY: allocated by `new` as a box; no handle is left, and the other side has said that it is done.
            drop(unsafe { Box::from_raw(this.as_ptr()) });
        }
        // Last, because the drop of a value may panic: then nothing is left half done.
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
