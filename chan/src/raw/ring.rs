//! The buffer: a ring that grows by doubling, up to the channel's capacity.
//!
//! It starts without memory, so that creating a channel costs the same at every capacity, and a channel that is never
//! full never pays for its whole buffer. At steady depth nothing is allocated. What a burst has made of an unbounded one is
//! given back when it is empty; a bounded one keeps what its user has allowed it. All of it happens under the channel's lock.

use std::collections::TryReserveError;
use std::mem::MaybeUninit;

/// There is no memory for the buffer.
#[derive(Debug)]
pub(crate) struct NoMemory(TryReserveError);

impl NoMemory {
    /// To be called when the lock is free, or while the value is its owner's, and nobody who was claimed hangs on it.
    #[cold]
    #[inline(never)]
    pub(crate) fn panic(self) -> ! {
        panic!("a channel's buffer: {}", self.0)
    }
}

/// A growing FIFO of values.
pub(crate) struct Ring<T> {
    /// A power of two of slots, or none yet. The `len` slots from `head` on, wrapping, hold values.
    slots: Box<[MaybeUninit<T>]>,
    head: usize,
    len: usize,
    /// With more slots than this it gives its memory back when it gets empty.
    keep: usize,
}

impl<T> Ring<T> {
    /// What an empty ring keeps if its capacity is unbounded: this many bytes of values.
    const KEPT_BYTES: usize = 64 * 1024;

    /// The first allocation: this many bytes of values, and one slot at least.
    const FIRST_BYTES: usize = 1024;

    pub(crate) fn new() -> Ring<T> {
        Ring { slots: Box::new([]), head: 0, len: 0, keep: usize::MAX }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn slot(&self, i: usize) -> usize {
        // Wrapping is right: the number of slots divides 2^64.
        self.head.wrapping_add(i) & (self.slots.len().wrapping_sub(1))
    }

    /// Whether a value can be appended without memory.
    #[inline(always)]
    pub(crate) fn has_slot(&self) -> bool {
        self.len < self.slots.len()
    }

    /// Makes room for so many values, while their owner can still drop them: there may be no memory. `capacity` as for `push`.
    #[inline]
    pub(crate) fn make_room(&mut self, values: usize, capacity: usize) -> Result<(), NoMemory> {
        while self.slots.len() - self.len < values {
            self.grow(capacity)?;
        }
        Ok(())
    }

    /// Appends a value. `capacity` is what the ring will never have to exceed.
    #[inline]
    pub(crate) fn push(&mut self, value: T, capacity: usize) {
        self.push_with(|| value, capacity);
    }

    /// As [`push`](Ring::push), of a value that is taken when there is a place for it. Panics if there is no memory.
    #[inline]
    pub(crate) fn push_with(&mut self, value: impl FnOnce() -> T, capacity: usize) {
        if self.len == self.slots.len() {
            self.grow_or_panic(capacity);
        }
        let at = self.slot(self.len);
        // SAFETY: `slot` masks with the number of slots less one, a power of two that is not zero any more.
        unsafe { self.slots.get_unchecked_mut(at) }.write(value());
        self.len += 1;
    }

    /// Appends a value and takes out the oldest: itself, if there is no other. Needs no memory.
    #[inline]
    pub(crate) fn exchange(&mut self, value: T) -> T {
        if self.len == 0 {
            return value;
        }
        let at = self.slot(0);
        // SAFETY: there are slots, because there is a value; the `len` from `head` on hold values, and this one is counted
        // out below.
        let oldest = unsafe { self.slots[at].assume_init_read() };
        self.head = at.wrapping_add(1);
        let at = self.slot(self.len - 1);
        self.slots[at].write(value);
        oldest
    }

    /// Puts a value before all others.
    #[cfg(feature = "async")]
    pub(crate) fn push_front(&mut self, value: T, capacity: usize) {
        if self.len == self.slots.len() {
            self.grow_or_panic(capacity);
        }
        self.head = self.head.wrapping_sub(1);
        let at = self.slot(0);
        self.slots[at].write(value);
        self.len += 1;
    }

    /// Takes out the oldest value.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let at = self.slot(0);
        // SAFETY: `slot` masks with the number of slots less one, and there are slots, because there is a value.
        let slot = unsafe { self.slots.get_unchecked(at) };
        // SAFETY: the `len` slots from `head` on hold values; this one is counted out below.
        let value = unsafe { slot.assume_init_read() };
        self.head = at.wrapping_add(1);
        self.len -= 1;
        if self.len == 0 && self.slots.len() > self.keep {
            self.give_back();
        }
        Some(value)
    }

    /// Frees the slots of a ring that is empty.
    #[cold]
    fn give_back(&mut self) {
        self.slots = Box::new([]);
        self.head = 0;
    }

    #[cold]
    fn grow_or_panic(&mut self, capacity: usize) {
        self.grow(capacity).unwrap_or_else(|error| error.panic());
    }

    /// Makes more room.
    #[cold]
    fn grow(&mut self, capacity: usize) -> Result<(), NoMemory> {
        let old = self.slots.len();
        let first = (Self::FIRST_BYTES / size_of::<T>().max(1)).clamp(1, 32);
        let most = capacity.checked_next_power_of_two().unwrap_or(usize::MAX / 2 + 1);
        // A power of two each: `first` rounded down, the doubling, the capacity rounded up.
        let new = if old == 0 { (1 << first.ilog2()).min(most) } else { old * 2 };
        let mut slots = std::mem::take(&mut self.slots).into_vec();
        // In place, if the allocator can: a long queue is not copied, nor are its new pages touched before their time.
        let result = slots.try_reserve_exact(new - old);
        if result.is_ok() {
            // SAFETY: there is room, and a slot need not be initialised.
            unsafe { slots.set_len(new) };
        }
        self.slots = slots.into_boxed_slice();
        result.map_err(NoMemory)?;
        // The values stood from `head` to the end and on from the beginning. These now go on behind the old end.
        self.head &= old.wrapping_sub(1);
        let (front, back) = self.slots.split_at_mut(old);
        let wrapped = &front[..self.head.min(old)];
        // SAFETY: there are as many new slots as old ones, or none is wrapped; each value is moved once.
        unsafe { wrapped.as_ptr().copy_to_nonoverlapping(back.as_mut_ptr(), wrapped.len()) };
        if capacity == usize::MAX {
            self.keep = (Self::KEPT_BYTES / size_of::<T>().max(1)).max(1);
        }
        Ok(())
    }
}

impl<T> Drop for Ring<T> {
    /// If a value's drop panics, those behind it are leaked: another panic would end the process.
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_while_it_grows_and_wraps() {
        let mut ring = Ring::new();
        let (mut next_in, mut next_out) = (0, 0);
        for round in 0..200_usize {
            for _ in 0..round {
                ring.push(Box::new(next_in), usize::MAX);
                next_in += 1;
            }
            for _ in 0..round.saturating_sub(1) {
                assert_eq!(ring.pop(), Some(Box::new(next_out)));
                next_out += 1;
            }
        }
        assert_eq!(ring.len(), next_in - next_out);
    }

    #[test]
    fn exchanges_without_memory() {
        let mut ring = Ring::new();
        assert_eq!(ring.exchange(1), 1);
        assert_eq!((ring.len(), ring.slots.len()), (0, 0));
        for len in [1, 2, 31, 32] {
            (0..len).for_each(|n| ring.push(n, usize::MAX));
            let slots = ring.slots.len();
            assert!((len..100).map(|n| ring.exchange(n)).eq(0..100 - len));
            assert_eq!((ring.len(), ring.slots.len()), (len, slots));
            assert!(std::iter::from_fn(|| ring.pop()).eq(100 - len..100));
        }
    }

    #[test]
    fn makes_room_for_several() {
        let mut ring = Ring::new();
        assert!(ring.make_room(40, 100).is_ok());
        assert_eq!(ring.slots.len(), 64);
        (0..40).for_each(|n| ring.push(n, 100));
        assert!(ring.make_room(24, 100).is_ok());
        assert_eq!(ring.slots.len(), 64);
        assert!(std::iter::from_fn(|| ring.pop()).eq(0..40));
    }

    #[test]
    fn takes_no_more_slots_than_the_capacity_rounded_up() {
        for capacity in [1, 2, 3, 31, 33, 1000, 1024] {
            let mut ring = Ring::new();
            (0..capacity).for_each(|i| ring.push(i, capacity));
            assert_eq!(ring.slots.len(), capacity.next_power_of_two());
        }
    }

    #[test]
    fn gives_back_what_a_burst_has_made() {
        let fill_and_drain = |ring: &mut Ring<u64>, n, capacity| {
            (0..n).for_each(|i| ring.push(i, capacity));
            assert_eq!(std::iter::from_fn(|| ring.pop()).count() as u64, n);
            ring.slots.len()
        };
        let mut ring = Ring::new();
        assert_eq!(fill_and_drain(&mut ring, 8192, usize::MAX), 8192, "as many as it keeps");
        assert_eq!(fill_and_drain(&mut ring, 8193, usize::MAX), 0);
        assert_eq!(fill_and_drain(&mut ring, 3, usize::MAX), 32);
        assert_eq!(fill_and_drain(&mut Ring::new(), 10_000, 10_000), 16_384, "its user has allowed it");
        let mut large: Ring<[u8; 100_000]> = Ring::new();
        for _ in 0..2 {
            large.push([0; 100_000], usize::MAX);
            assert!(large.pop().is_some());
            assert_eq!(large.slots.len(), 1);
        }
    }

    #[test]
    fn values_without_a_size_take_no_memory() {
        let mut ring = Ring::new();
        (0..1000).for_each(|_| ring.push((), usize::MAX));
        assert_eq!(std::iter::from_fn(|| ring.pop()).count(), 1000);
    }
}
