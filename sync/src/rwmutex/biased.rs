//! [`BiasedRwMutex`]: a readers-writer lock that readers pass by as long as nobody writes.
//!
//! To take a lock, even together with others, is to change its word; and a word that several CPUs change goes from one to
//! the next each time. So, while the lock is *open*, a reader does not take it. It only says in a word of its own, at its
//! thread's seat, which lock it passes by. A writer takes the lock, which keeps out those who do not pass by, and shuts it, and
//! waits until no seat names it. That costs more than a reader saves, so a lock that was written to stays shut until several
//! readers have taken it since. (The idea is Dice's and Kogan's, BRAVO, 2019; there, the words are found by hash and taken by an exchange
//! that may fail, and how long a lock stays shut is told by a clock.)
//!
//! | word | meaning | who changes it |
//! | --- | --- | --- |
//! | `open` | readers may pass by | to yes: a reader who has taken the lock; to no: a writer who has |
//! | `taken` | so many readers have taken it since it was written to | those readers, and the writer |
//! | a seat's | the address of the lock that its thread passes by, or `IDLE`; `UNUSED` if none there ever did | that thread |
//! | `used` | more than each seat that is not `UNUSED` | who makes it so |
//!
//! # Invariants
//!
//! 1. While a writer accesses the value, it has the lock, the lock is shut, and no seat names it but for a moment: of a
//!    reader who has yet to see that it is shut, and then takes itself back.
//! 2. A reader accesses the value while it has the lock, or while its seat names it and the lock was open after that.
//! 3. A thread passes by one lock at a time, and where it has no seat, by none: otherwise it takes the lock.
//!
//! # Ordering
//!
//! The reader names the lock and then looks whether it is open; the writer shuts it and then looks at the seats: one of
//! them must see the other, so all four are in the one order of sequentially consistent accesses. So is what tells the writer
//! which seats to look at: `used` grows before the reader names a lock for the first time, and is read after the lock is shut.
//! Once a seat is in use, whatever it is set to releases what was read there to the writer's look, for who looks late sees only
//! what was stored last: a reader who leaves and comes back, and has to retreat, hides its `leave` behind that. (loom has fences around an access
//! of that one order, which let any later store release, so the models cannot tell.) `open` releases what its reader has
//! acquired by the lock, which is all that was written before, to those who pass by.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr;

use gosync_atomic::__sys::atomic::AtomicU32;
use gosync_atomic::__sys::{
    Pacer, READERS_UNTIL_OPEN, SEATS, UnsafeCell, array, const_fn, ord, process_wide, sc, seat, step,
};
use gosync_atomic::CachePadded;

use super::phase_lock::PhaseLock;

/// Which locks are passed by.
struct Passing {
    used: CachePadded<sc::AtomicUsize>,
    seats: [CachePadded<sc::AtomicUsize>; SEATS],
}

process_wide! {
    fn passing() -> Passing = Passing {
        used: CachePadded::new(sc::AtomicUsize::new(0)),
        seats: array!(CachePadded::new(sc::AtomicUsize::new(UNUSED)); SEATS),
    }
}

// Neither is the address of a lock: those are multiples of 4.
const UNUSED: usize = 1;
const IDLE: usize = 0;

impl Passing {
    /// Lets the thread at this seat pass by locks, and writers look there, if that is not so yet.
    fn begin(&self, seat: usize) {
        // Relaxed: only this thread changes it.
        if self.seats[seat].load_as(ord!("biased.is-used", Relaxed)) != UNUSED {
            return;
        }
        let mut used = self.used.load();
        while used <= seat && !self.used.compare_exchange(used, seat + 1) {
            used = self.used.load();
        }
        // Relaxed: nothing has been read at this seat, so there is nothing to release.
        self.seats[seat].store_as(IDLE, ord!("biased.use", Relaxed));
    }

    /// From here on the thread at this seat passes by no lock.
    #[inline(always)]
    fn leave(&self, seat: usize) {
        // Release: to the writer who waits for this, for what was read at this seat, now or earlier.
        self.seats[seat].store_as(IDLE, ord!("biased.leave", Release));
    }
}

const NO: u32 = 0;
const YES: u32 = 1;

/// A value that is read most of the time, by many threads.
pub(crate) struct BiasedRwMutex<T> {
    lock: PhaseLock,
    open: sc::AtomicU32,
    taken: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the mutex moves the value from thread to thread.
unsafe impl<T: Send> Send for BiasedRwMutex<T> {}
// SAFETY: it moves the value, for writers, and shares it, for readers.
unsafe impl<T: Send + Sync> Sync for BiasedRwMutex<T> {}

impl<T> BiasedRwMutex<T> {
    const_fn! {
        /// One that is shut.
        pub(crate) const fn new(value: T) -> BiasedRwMutex<T> {
            BiasedRwMutex {
                lock: PhaseLock::new(),
                open: sc::AtomicU32::new(NO),
                taken: AtomicU32::new(0),
                value: UnsafeCell::new(value),
            }
        }
    }

    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Locks for reading, and blocks until it can.
    #[inline(always)]
    pub(crate) fn read(&self) -> ReadGuard<'_, T> {
        let passes = self.pass();
        if passes.is_none() {
            self.read_locked();
        }
        ReadGuard { mutex: self, passes, _thread: PhantomData }
    }

    /// Locks for writing, and blocks until it can.
    #[inline]
    pub(crate) fn write(&self) -> WriteGuard<'_, T> {
        self.lock.write();
        // Relaxed: readers who count have the lock, before or after.
        self.taken.store(0, ord!("biased.count.reset", Relaxed));
        // Relaxed: who has opened it had the lock before.
        if self.open.load_as(ord!("biased.is-open", Relaxed)) != NO {
            self.shut();
        }
        WriteGuard { mutex: self, _value: PhantomData }
    }

    /// What a seat says of one who passes by.
    #[inline(always)]
    fn name(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Passes by, if that is possible: at which seat.
    #[inline(always)]
    fn pass(&self) -> Option<usize> {
        // Relaxed: a guess, to be looked at again.
        if self.open.load_as(ord!("biased.guess", Relaxed)) == NO {
            return None;
        }
        let seat = seat()?;
        let passing = passing();
        let place = &passing.seats[seat];
        // Relaxed: only this thread changes it.
        let own = place.load_as(ord!("biased.own", Relaxed));
        if step!("biased.one-at-a-time", own != IDLE, else own == UNUSED) {
            return None;
        }
        let is_open = step!(
            "biased.announce",
            {
                place.store(self.name());
                self.open.load()
            },
            else {
                place.store_weakly(self.name());
                self.open.load_weakly()
            }
        );
        if step!("biased.look-again", is_open != NO, else true) {
            return Some(seat);
        }
        step!("biased.retreat", passing.leave(seat));
        None
    }

    /// Takes the lock, for reading. Who passes by a lock has found one open here before: to ask there whether it is the first
    /// time would take a tenth of a reader's time.
    #[cold]
    #[inline(never)]
    fn read_locked(&self) {
        self.lock.read();
        // Relaxed: it is about time, whoever else counts. Those who take the lock for writing come before or after.
        let taken = self.taken.load(ord!("biased.count", Relaxed));
        if taken >= READERS_UNTIL_OPEN {
            if let Some(seat) = seat() {
                passing().begin(seat);
            }
            // Release: to those who pass by, for what was written before this one took the lock.
            self.open.store_as(YES, ord!("biased.open", Release));
        } else {
            // Relaxed: as above.
            self.taken.store(taken + 1, ord!("biased.count.store", Relaxed));
        }
    }

    /// Waits until nobody passes by any more. The caller has taken the lock for writing.
    #[cold]
    #[inline(never)]
    fn shut(&self) {
        let in_order = step!("biased.shut", true, else false);
        let look = |word: &sc::AtomicUsize| if in_order { word.load() } else { word.load_weakly() };
        if in_order {
            self.open.store(NO);
        } else {
            self.open.store_weakly(NO);
        }
        let passing = passing();
        let used = step!("biased.used", look(&passing.used), else 0);
        for place in &passing.seats[..used] {
            let mut pacer = Pacer::new();
            while step!("biased.wait", look(place) == self.name(), else false) {
                pacer.persist();
            }
        }
    }
}

/// The right to read. It stays in its thread, whose seat says so.
pub(crate) struct ReadGuard<'a, T> {
    mutex: &'a BiasedRwMutex<T>,
    /// The seat at which it passes by. `None`: it has taken the lock.
    passes: Option<usize>,
    _thread: PhantomData<*const T>,
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: invariants 1 and 2: no writer accesses the value.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        match self.passes {
            Some(seat) => passing().leave(seat),
            // SAFETY: it has taken the lock, for reading.
            None => unsafe { self.mutex.lock.read_unlock() },
        }
    }
}

/// The right to write.
pub(crate) struct WriteGuard<'a, T> {
    mutex: &'a BiasedRwMutex<T>,
    _value: PhantomData<&'a mut T>,
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: invariants 1 and 2: nobody else accesses the value.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: it has taken the lock, for writing.
        unsafe { self.mutex.lock.write_unlock() };
    }
}
