//! The buffer: a ring that grows by doubling, up to the channel's capacity.
//!
//! It starts without memory, so that creating a channel costs the same at every capacity, and a channel that is never
//! full never pays for its whole buffer. At steady depth nothing is allocated. What a burst has made of an unbounded one is
//! given back when it is empty; a bounded one keeps what its user has allowed it. All of it happens under the channel's lock.
//! Only values also go in and out in [`lane`](super::lane)s, through [`Ring::put`] and [`Ring::get`], while nothing else of it changes.

use std::collections::TryReserveError;
use std::iter;
use std::mem::MaybeUninit;

use gosync_atomic::__sys::{UnsafeCell, drop_all, extend_uninit};

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
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    /// Of slots and of the capacity, the smaller one.
    limit: usize,
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
        Ring { slots: Box::new([]), limit: 0, head: 0, len: 0, keep: usize::MAX }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many values there can be before it has to grow, or is full.
    #[inline(always)]
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether it has more slots than an empty one should keep.
    #[inline(always)]
    pub(super) fn is_large(&self) -> bool {
        self.slots.len() > self.keep
    }

    /// The slot of a value of which the `n` before it have come and gone; modulo the number of slots.
    #[inline(always)]
    fn slot(&self, n: usize) -> &UnsafeCell<MaybeUninit<T>> {
        let at = n & self.slots.len().wrapping_sub(1);
        // SAFETY: masked with the number of slots less one, which is a power of two: there are slots, by the contracts of
        // those who call this.
        unsafe { self.slots.get_unchecked(at) }
    }

    /// Writes the `n`th value.
    ///
    /// # Safety
    ///
    /// There are slots. The value's has none, and nobody else accesses it.
    #[inline(always)]
    pub(super) unsafe fn put(&self, n: usize, value: T) {
        // SAFETY: the caller's contract.
        self.slot(n).with_mut(|slot| unsafe { slot.cast::<T>().write(value) });
    }

    /// Moves the `n`th value out.
    ///
    /// # Safety
    ///
    /// There are slots. The value's has one, which nobody else moves out, and nobody writes it meanwhile.
    #[inline(always)]
    pub(super) unsafe fn get(&self, n: usize) -> T {
        // SAFETY: the caller's contract.
        self.slot(n).with(|slot| unsafe { slot.cast::<T>().read() })
    }

    /// Where the oldest value is, and how many there are: for who continues with `put` and `get`.
    pub(super) fn extent(&self) -> (usize, usize) {
        (self.head, self.len)
    }

    /// What became of it by `put` and `get`.
    ///
    /// # Safety
    ///
    /// The `len` slots from `head` on, wrapping, hold values.
    pub(super) unsafe fn set_extent(&mut self, head: usize, len: usize) {
        self.head = head;
        self.len = len;
    }

    /// Gives back the memory of a burst, if it is over.
    pub(super) fn tidy(&mut self) {
        if self.len == 0 && self.is_large() {
            self.give_back();
        }
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
        // Wrapping is right here and below: the number of slots divides 2^64.
        // SAFETY: there are slots, and only `len` of them hold values.
        unsafe { self.put(self.head.wrapping_add(self.len), value()) };
        self.len += 1;
    }

    /// Appends a value and takes out the oldest: itself, if there is no other. Needs no memory.
    #[inline(always)]
    pub(crate) fn exchange(&mut self, value: T) -> T {
        if self.len == 0 {
            return value;
        }
        // SAFETY: the `len` slots from `head` on hold values; this one is counted out below.
        let oldest = unsafe { self.get(self.head) };
        self.head = self.head.wrapping_add(1);
        // SAFETY: there are slots, because there is a value; this one is free, if need be since just now.
        unsafe { self.put(self.head.wrapping_add(self.len - 1), value) };
        oldest
    }

    /// Puts a value before all others.
    #[cfg(feature = "async")]
    pub(crate) fn push_front(&mut self, value: T, capacity: usize) {
        if self.len == self.slots.len() {
            self.grow_or_panic(capacity);
        }
        self.head = self.head.wrapping_sub(1);
        // SAFETY: as in `push`.
        unsafe { self.put(self.head, value) };
        self.len += 1;
    }

    /// Takes out the oldest value.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        // SAFETY: the `len` slots from `head` on hold values; this one is counted out below.
        let value = unsafe { self.get(self.head) };
        self.head = self.head.wrapping_add(1);
        self.len -= 1;
        if self.len == 0 && self.is_large() {
            self.give_back();
        }
        Some(value)
    }

    /// Frees the slots of a ring that is empty.
    #[cold]
    fn give_back(&mut self) {
        self.slots = Box::new([]);
        self.limit = 0;
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
            extend_uninit(&mut slots, new);
        }
        self.slots = slots.into_boxed_slice();
        result.map_err(NoMemory)?;
        // The values stood from `head` to the end and on from the beginning. These now go on behind the old end. Other slots are
        // left alone: what is in them is no value, or not any more.
        self.head &= old.wrapping_sub(1);
        for i in 0..(self.head + self.len).saturating_sub(old) {
            // SAFETY: a value of the old ring; each is moved once.
            let value = unsafe { self.get(i) };
            // SAFETY: a slot that is new.
            unsafe { self.put(old + i, value) };
        }
        self.limit = new.min(capacity);
        if capacity == usize::MAX {
            self.keep = (Self::KEPT_BYTES / size_of::<T>().max(1)).max(1);
        }
        Ok(())
    }
}

impl<T> Drop for Ring<T> {
    /// If a value's drop panics, those behind it are dropped all the same: somebody may wait for what they own.
    fn drop(&mut self) {
        if self.len > 0 {
            drop_all(&mut iter::from_fn(|| self.pop()));
        }
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
    fn keeps_order_when_it_grows_before_it_is_full() {
        for (gone, len) in (0..8).flat_map(|gone| (0..=8).map(move |len| (gone, len))) {
            let mut ring = Ring::new();
            assert!(ring.make_room(8, 8).is_ok());
            let slots = ring.slots.len();
            for n in 0..gone {
                ring.push(Box::new(n), 64);
                assert_eq!(ring.pop(), Some(Box::new(n)));
            }
            (0..len).for_each(|n| ring.push(Box::new(n), 64));
            assert!(ring.make_room(slots + 1, 64).is_ok());
            assert!(ring.slots.len() > slots);
            assert!(std::iter::from_fn(|| ring.pop()).eq((0..len).map(Box::new)));
        }
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
