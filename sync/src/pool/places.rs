//! [`Places`]: where a pool keeps its items. A place for each slot, each with a lock that nobody waits for.
//!
//! ```text
//! places ──> null: nothing has been put; or as many as slots, each far from the others:
//!
//!            place 0: lock, count, items ─> [item, item, ..]
//!            place 1: lock, count, items ─> [item, ..]
//!            ..
//! ```
//!
//! A thread looks at the place of its slot first, and then at the next ones, around the circle: for an item, or for room. It passes
//! by a place whose lock is taken, and one whose `count` says that it has no item, or no room. So it never waits, and takes no lock in
//! vain but when others are just changing the place. So it also finds what it has put elsewhere, before it was moved to another CPU.
//!
//! # Invariants
//!
//! 1. `places` goes from null to an array of `slots()` places that came out of a `Box`, once, by the compare-exchange in `make`; then
//!    it never changes again before the drop. A thread whose array came too late frees it, for nobody else has seen it. `slots()`
//!    never changes, is a power of two, and `slot()` is less.
//! 2. Who has the lock of a place has its `items`, and nobody else touches them. There are `limit` at most.
//! 3. `count` is the number of items whenever nobody has the lock. Who does not have it may see an old one: it is a hint.
//!
//! So an item is given to one thread: it leaves its place under the lock. No user's code runs under a lock, but an allocator's:
//! items are moved in and out, and dropped by the caller. A panic inside would release the lock, and there is none: memory that
//! cannot be had is no room.
//!
//! # Ordering
//!
//! *An item.* Who takes it has the lock of its place after the one who put it there: the lock orders them. *Places.* Who learns of
//! them loads `places` with `Acquire`, or has lost the exchange, which acquires too; it was stored with `Release`. The counts
//! order nothing.

use std::cell;
use std::marker::PhantomData;
use std::panic::UnwindSafe;
use std::ptr;

use gosync_atomic::__sys::atomic::{AtomicPtr, AtomicUsize};
use gosync_atomic::__sys::{Alive, Lock, LockGuard, UnsafeCell, const_fn, ord, slot, slots, step};
use gosync_atomic::CachePadded;

/// The items that a pool keeps.
pub(super) struct Places<T> {
    places: AtomicPtr<Place<T>>,
    /// How many items each keeps.
    limit: usize,
    /// It owns items, which threads with a shared reference put and take.
    items: PhantomData<cell::UnsafeCell<T>>,
}

// SAFETY: what goes in in one thread comes out in another, and never a reference to it (invariant 2).
unsafe impl<T: Send> Sync for Places<T> {}

// The pointer has no say in this: it stands for items.
impl<T: UnwindSafe> UnwindSafe for Places<T> {}

// Nor does it move the items when it moves.
impl<T> Unpin for Places<T> {}

type Place<T> = CachePadded<Stash<T>>;

/// What is in one place.
struct Stash<T> {
    lock: Lock,
    count: AtomicUsize,
    items: UnsafeCell<Vec<T>>,
    alive: Alive,
}

impl<T> Places<T> {
    const_fn! {
        /// Places without items; they are made for the first one.
        pub(super) const fn new(limit: usize) -> Places<T> {
            Places { places: AtomicPtr::new(ptr::null_mut()), limit, items: PhantomData }
        }
    }

    /// The places, or null.
    #[inline(always)]
    fn made(&self) -> *mut Place<T> {
        // Acquire: pairs with the Release that publishes the places.
        self.places.load(ord!("pool.places", Acquire))
    }

    /// Takes an item, if one is found.
    #[inline]
    pub(super) fn take(&self) -> Option<T> {
        let places = self.made();
        if places.is_null() {
            return None;
        }
        let first = slot();
        // SAFETY: published, and a slot is less than their number (invariant 1).
        let item = unsafe { place(places, first) }.take();
        // SAFETY: as above.
        item.or_else(|| unsafe { take_elsewhere(places, first) })
    }

    /// Keeps the item, or returns it if no room is found.
    #[inline]
    #[must_use]
    pub(super) fn put(&self, item: T) -> Option<T> {
        let mut places = self.made();
        if places.is_null() {
            places = self.make();
            if places.is_null() {
                return Some(item);
            }
        }
        let (first, limit) = (slot(), self.limit);
        // SAFETY: published, and a slot is less than their number (invariant 1).
        let room = unsafe { place(places, first) }.room(limit);
        // SAFETY: as above.
        let Some(room) = room.or_else(|| unsafe { room_elsewhere(places, first, limit) }) else { return Some(item) };
        room.fill(item);
        None
    }

    /// Makes the places, if nobody else has. Null if there is no memory, or none are needed.
    #[cold]
    fn make(&self) -> *mut Place<T> {
        let mut places: Vec<Place<T>> = Vec::new();
        if self.limit == 0 || places.try_reserve_exact(slots()).is_err() {
            return ptr::null_mut();
        }
        places.resize_with(slots(), || CachePadded::new(Stash::new()));
        let ours = Box::into_raw(places.into_boxed_slice()).cast();
        // Release: publishes the places to the Acquire of `made`. Acquire on failure: pairs with the Release of who was first.
        let (ok, fail) = (ord!("pool.publish", Release), ord!("pool.publish.fail", Acquire));
        let Err(theirs) = self.places.compare_exchange(ptr::null_mut(), ours, ok, fail) else { return ours };
        // SAFETY: out of a `Box` just now, and seen by nobody (invariant 1).
        step!("pool.too-late", unsafe { free(ours) });
        theirs
    }

    /// Takes all items. Waits for those who have a lock, which they do for a moment.
    pub(super) fn take_all(&self) -> Vec<Vec<T>> {
        let places = self.made();
        let count = if places.is_null() { 0 } else { slots() };
        // SAFETY: published, and so many (invariant 1).
        (0..count).map(|n| unsafe { place(places, n) }.take_all()).collect()
    }

    /// How many items there are, if nobody changes that.
    pub(super) fn count(&self) -> usize {
        let places = self.made();
        let count = if places.is_null() { 0 } else { slots() };
        // SAFETY: published, and so many (invariant 1).
        (0..count).map(|n| unsafe { place(places, n) }.count()).sum()
    }
}

impl<T> Drop for Places<T> {
    /// Drops the items. If the drop of one panics, the others are dropped all the same.
    fn drop(&mut self) {
        // Relaxed: whoever drops it has it alone, and comes after all others.
        let places = self.places.load(ord!("pool.drop", Relaxed));
        if !places.is_null() {
            // SAFETY: invariant 1, and nobody else has the pool.
            step!("pool.free", unsafe { free(places) });
        }
    }
}

/// One of the places.
///
/// # Safety
///
/// `places` are a pool's, and published, and `n` is less than `slots()`; they are there as long as the caller uses it.
#[inline(always)]
unsafe fn place<'a, T>(places: *mut Place<T>, n: usize) -> &'a Place<T> {
    // SAFETY: the caller's contract, and invariant 1.
    let place = unsafe { &*places.wrapping_add(n) };
    place.alive.used();
    place
}

/// The places behind the first one that was looked at.
///
/// # Safety
///
/// As for [`place`].
unsafe fn elsewhere<'a, T: 'a>(places: *mut Place<T>, first: usize) -> impl Iterator<Item = &'a Place<T>> {
    let count = slots();
    // SAFETY: the caller's contract; the number of places is a power of two.
    (1..count).map(move |n| unsafe { place(places, (first + n) & (count - 1)) })
}

/// # Safety
///
/// As for [`place`].
#[inline(never)]
unsafe fn take_elsewhere<T>(places: *mut Place<T>, first: usize) -> Option<T> {
    // SAFETY: the caller's contract.
    unsafe { elsewhere(places, first) }.find_map(|place| place.take())
}

/// # Safety
///
/// As for [`place`].
#[inline(never)]
unsafe fn room_elsewhere<'a, T>(places: *mut Place<T>, first: usize, limit: usize) -> Option<Room<'a, T>> {
    // SAFETY: the caller's contract.
    unsafe { elsewhere(places, first) }.find_map(|place| place.room(limit))
}

/// Frees the places, with what is in them.
///
/// # Safety
///
/// They came out of a box of `slots()` places, and nobody uses them any more.
unsafe fn free<T>(places: *mut Place<T>) {
    // SAFETY: the caller's contract.
    let places = unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(places, slots())) };
    places.iter().for_each(|place| place.alive.freed());
}

impl<T> Stash<T> {
    fn new() -> Stash<T> {
        let (items, alive) = (UnsafeCell::new(Vec::new()), Alive::new());
        Stash { lock: Lock::new(), count: AtomicUsize::new(0), items, alive }
    }

    #[inline(always)]
    fn count(&self) -> usize {
        // Relaxed: a hint, which the holder of the lock checks.
        self.count.load(ord!("pool.count", Relaxed))
    }

    /// Takes the item that was put here last, if nobody else is here.
    #[inline]
    fn take(&self) -> Option<T> {
        if self.count() == 0 {
            return None;
        }
        let held = self.lock.try_lock()?;
        self.change(&held, Vec::pop)
    }

    /// Room for one more, if there is, and if nobody else is here.
    #[inline]
    fn room(&self, limit: usize) -> Option<Room<'_, T>> {
        if self.count() >= limit {
            return None;
        }
        let held = self.lock.try_lock()?;
        let is_room = |items: &mut Vec<T>| {
            // Somebody else may have filled it since `count` was read.
            let has_room = step!("pool.room-again", items.len() < limit, else true);
            has_room && (items.len() < items.capacity() || items.try_reserve(1).is_ok())
        };
        // The length stays as it is.
        self.with(&held, is_room).then_some(Room { stash: self, held })
    }

    fn take_all(&self) -> Vec<T> {
        let held = self.lock.lock();
        self.change(&held, std::mem::take)
    }

    /// Changes the items, and the count with them.
    #[inline(always)]
    fn change<R>(&self, held: &LockGuard<'_>, f: impl FnOnce(&mut Vec<T>) -> R) -> R {
        let (result, count) = self.with(held, |items| (f(items), items.len()));
        // Relaxed: a hint; under the lock, so that the last one is right.
        self.count.store(count, ord!("pool.count.store", Relaxed));
        result
    }

    /// The guard is this lock's.
    #[inline(always)]
    fn with<R>(&self, _held: &LockGuard<'_>, f: impl FnOnce(&mut Vec<T>) -> R) -> R {
        // SAFETY: the lock is held, so nobody else has the items (invariant 2).
        self.items.with_mut(|items| f(unsafe { &mut *items }))
    }
}

/// Room for an item, in a place whose lock is held.
struct Room<'a, T> {
    stash: &'a Stash<T>,
    held: LockGuard<'a>,
}

impl<T> Room<'_, T> {
    /// Puts an item there.
    #[inline(always)]
    fn fill(self, item: T) {
        self.stash.change(&self.held, |items| items.push(item));
    }
}
