//! The allocation behind all handles of one channel, where in it the channel is, and who frees it.
//!
//! What every operation under the lock writes to is one cache line ([`Channel::HOT`]): an operation that takes the lock has it, and
//! need not wait for a second one, nor get that twice, once to read and once to write. An allocator that is asked to align what it
//! allocates takes 30 to 50 ns longer, so the allocation is a little larger, and the channel begins in it where that line does.
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

use std::mem::MaybeUninit;
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
#[repr(C)] // the channel first: it says how far from here its hot words are
pub(crate) struct Shared<T> {
    channel: Channel<T>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    alive: Alive,
    /// Where in its allocation it is.
    at: u8,
}

/// An allocation: a channel, and what is left before and behind it when its hot words begin at a cache line.
struct Block<T> {
    _shared: Shared<T>,
    _spare: [u8; 64],
}

impl<T> Block<T> {
    /// So the place is aligned, as the beginning of the block is.
    const ALIGNED: () = assert!(Channel::<T>::HOT % align_of::<Shared<T>>() == 0 && align_of::<Shared<T>>() <= 64);

    /// How far into a block a channel begins, for its hot words to be in one line.
    fn indent(block: NonNull<MaybeUninit<Block<T>>>) -> u8 {
        const { Block::<T>::ALIGNED };
        (block.addr().get() + Channel::<T>::HOT).wrapping_neg() as u8 % 64
    }
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
        let block = NonNull::from(Box::leak(Box::<Block<T>>::new_uninit()));
        let at = Block::indent(block);
        // SAFETY: so much is left in the block.
        let place = unsafe { block.cast::<Shared<T>>().byte_add(usize::from(at)) };
        // SAFETY: so far into the block it is, and nobody else knows it.
        let room = unsafe { &mut *place.as_ptr().cast::<MaybeUninit<Shared<T>>>() };
        // In place: a channel is hundreds of bytes.
        room.write(Shared {
            channel: channel(),
            senders: AtomicUsize::new(senders),
            receivers: AtomicUsize::new(1),
            alive: Alive::new(),
            at,
        });
        place
    }

    /// Frees the allocation, by its own beginning.
    ///
    /// # Safety
    ///
    /// `this` comes from [`of`](Shared::of), and nobody uses it any more.
    unsafe fn free(this: NonNull<Shared<T>>) {
        // SAFETY: the caller's contract: alive.
        let at = usize::from(unsafe { (*this.as_ptr()).at });
        // SAFETY: so far into its block it is.
        let block = unsafe { this.byte_sub(at) }.cast::<MaybeUninit<Block<T>>>();
        // SAFETY: allocated so by `of`.
        let mut block = unsafe { Box::from_raw(block.as_ptr()) };
        // SAFETY: as above.
        let shared = unsafe { block.as_mut_ptr().byte_add(at) };
        // SAFETY: the caller's contract. The block is freed even if this panics.
        unsafe { shared.cast::<Shared<T>>().drop_in_place() };
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

    /// Counts one handle less, of the side that this is the count of: whether there is none left. If there is, another thread
    /// may free the channel before this returns: an argument that is a reference to all of it would dangle.
    fn count_down(count: &AtomicUsize) -> bool {
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
        if !Self::count_down(shared.count(side)) {
            return;
        }
        if shared.channel.is_abandoned() {
            shared.alive.freed();
            // SAFETY: no handle is left, and the other side has done with it.
            let unreachable = unsafe { &mut (*this.as_ptr()).channel }.empty();
            // SAFETY: as above.
            unsafe { Shared::free(this) };
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
            unsafe { Shared::free(this) };
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

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn hot_words_are_one_line() {
        use std::mem::offset_of;

        use super::super::State;

        let state = offset_of!(Channel<u64>, state);
        assert_eq!(state + offset_of!(State<u64>, ring) - Channel::<u64>::HOT, 64);
        let lanes = offset_of!(Channel<u64>, lanes);
        assert_eq!((lanes - Channel::<u64>::HOT) % 64, 0, "the lane of senders begins at a line");
    }

    /// Of blocks that begin at different places of a line.
    #[test]
    fn hot_words_begin_at_a_line() {
        for _ in 0..2 {
            let made: Vec<_> = (0..64).map(|n| (Shared::<u64>::new(n), vec![0_u8; 24 * n])).collect();
            for (shared, _) in made {
                assert_eq!((shared.addr().get() + Channel::<u64>::HOT) % 64, 0);
                // SAFETY: the only handle of that side.
                unsafe { Shared::release(shared, Side::Senders) };
                // SAFETY: as above.
                unsafe { Shared::release(shared, Side::Receivers) };
            }
        }
    }

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
