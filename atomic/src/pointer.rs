//! [`Pointer`], and what [`Value`](crate::Value) and [`Reader`] are made of: a latch, a version, and an `Arc`.
//!
//! ```text
//! latch   one word. Bit 0: somebody is inside; the others: the version, how many changes there were
//! held    what is pointed to, if anything: only touched by who is inside
//! ```
//!
//! Go leaves it to the garbage collector that nobody frees what a reader has just found. Without one, a reader has to count
//! itself in before the last owner goes, and a pointer and a count in another place cannot be had in one step. So every
//! operation is a short section inside the latch: the load clones the `Arc`, which counts the reader in, and so may an
//! exchange that fails; a store or a swap replaces it, and takes the old one out with it. A section is a handful of
//! instructions. It runs no code of the user's: no drop (the old `Arc` leaves the section before it goes), no comparison but
//! that of two addresses, no allocation. So it cannot panic, and nobody can come back into it from inside.
//!
//! # Invariants
//!
//! 1. Who has turned bit 0 from 0 to 1 is inside, until it stores a word with that bit clear. Nobody else stores words: a
//!    try that fails sets a bit that is set.
//! 2. Only who is inside touches `held`.
//! 3. The version grows with each change of `held`, in the store that ends the section, so between two looks at the same
//!    version nothing has changed. It has 63 bits, and does not come round: at a change every nanosecond that takes 292 years.
//!
//! # Ordering
//!
//! To enter is `Acquire`, and to leave `Release`. Tries that fail continue the release sequence of the last section,
//! being read-modify-writes. So each section happens before the next: what came before a store is seen by whoever loads
//! its value, and by every later operation, loads and failed comparisons included, in both directions.
//!
//! That is why Go's promise, one order of all atomic operations, needs no stronger ordering here. Take any program with these
//! and with sequentially consistent accesses of other words. Wherever one operation on a pointer comes before another on the
//! same one, it also *happens* before it. If the operations could not be put in one order, there would be a circle of "comes
//! before"; its steps between operations on pointers, and into and out of them, are all happens-before, and such steps may
//! stand between sequentially consistent accesses in the order that the language gives those. So the circle would be one of
//! that order, which has none.
//!
//! [`Reader::get`] looks from outside, and is not in that order: see there.
//!
//! # What this is not
//!
//! It is not wait-free, nor lock-free: a thread that loses its CPU inside a section holds up the others, which spin, yield and
//! then sleep, in no order. The alternatives that avoid this either take a reader more read-modify-writes than the two of a
//! load (counting readers in the pointer's spare bits, which not every platform has), or need hazard pointers, whose proofs
//! hang on orderings that loom does not model. A [`Reader`] needs neither, as long as nothing is stored.

mod exchange;
mod reader;

use std::fmt;
use std::mem::replace;
use std::panic::{RefUnwindSafe, UnwindSafe};

pub use self::exchange::CompareExchangeError;
pub use self::reader::Reader;
use crate::__sys::{Arc, Latch, UnsafeCell, const_fn, ord, step};

/// What was made of what an exchange has found, and what it has not put there.
type Refused<T, R> = (R, Option<Arc<T>>);

/// One change, in the version.
const CHANGE: u64 = 2;

/// An atomic pointer that owns what it points to: Go's `atomic.Pointer[T]`.
///
/// It holds an `Arc` or nothing, and replaces it as a whole. Comparisons are by identity: the same allocation, not an
/// equal value. [`load`](Pointer::load) returns an `Arc` that the caller owns, whatever is stored meanwhile; the last
/// owner frees it.
///
/// Each operation is a critical section of a few instructions, in which no user code runs: a load costs one
/// read-modify-write for the section and one for the count. Contending threads spin, then yield, then sleep for short
/// times. For many threads that mostly read, use [`reader`](Pointer::reader). Not for signal handlers.
///
/// Two words, three if `T` is unsized.
///
/// # Memory ordering
///
/// If an operation observes the effect of another, the other happens before it (`atomic.observed-before-observer`).
/// All operations behave as if executed in one total order, together with those of the other atomics
/// (`atomic.total-order`).
///
/// # Differences from Go
///
/// The last `Arc` frees the value, in place of Go's garbage collector.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use gosync_atomic::Pointer;
///
/// static NEWEST: Pointer<String> = Pointer::new(None);
///
/// let first = Arc::new("first".to_owned());
/// assert!(NEWEST.compare_and_swap(None, Some(Arc::clone(&first))));
/// let seen = NEWEST.load();
/// NEWEST.store(Some(Arc::new("second".to_owned())));
/// assert_eq!(seen, Some(first), "who has it, has it");
/// assert_eq!(*NEWEST.load().unwrap(), "second");
/// ```
///
/// Taking the pointee out:
///
/// ```
/// use std::sync::Arc;
///
/// use gosync_atomic::Pointer;
///
/// let pointer = Pointer::new(Some(Arc::new(1)));
/// let mut reader = pointer.reader();
/// assert_eq!(pointer.swap(Some(Arc::new(2))).as_deref(), Some(&1));
/// assert_eq!(reader.get().map(|value| **value), Some(2));
/// drop(reader);
/// assert_eq!(pointer.into_inner().as_deref(), Some(&2));
/// ```
#[doc(alias = "atomic.Pointer")]
pub struct Pointer<T: ?Sized> {
    latch: Latch,
    held: UnsafeCell<Option<Arc<T>>>,
}

// SAFETY: it is an `Arc` that moves with it.
unsafe impl<T: ?Sized + Send + Sync> Send for Pointer<T> {}
// SAFETY: threads share no more than clones of an `Arc` (invariant 2).
unsafe impl<T: ?Sized + Send + Sync> Sync for Pointer<T> {}

// As an `Arc`: no user's code runs while anything is half way anywhere.
impl<T: ?Sized + RefUnwindSafe> UnwindSafe for Pointer<T> {}
impl<T: ?Sized + RefUnwindSafe> RefUnwindSafe for Pointer<T> {}

impl<T: ?Sized> Pointer<T> {
    const_fn! {
        /// A pointer to `pointee`, or to nothing.
        #[must_use]
        pub const fn new(pointee: Option<Arc<T>>) -> Pointer<T> {
            Pointer { latch: Latch::new(), held: UnsafeCell::new(pointee) }
        }
    }

    /// What it points to. Go: `p.Load()`.
    ///
    /// # Memory ordering
    ///
    /// The operation that made it point there happens before the return (`atomic.observed-before-observer`); all operations
    /// are in one order (`atomic.total-order`).
    #[inline]
    #[must_use]
    #[doc(alias = "LoadPointer")]
    pub fn load(&self) -> Option<Arc<T>> {
        self.load_versioned().0
    }

    /// Makes it point to `new`. Go: `p.Store(new)`.
    ///
    /// Drops its share of the old pointee; if it was the last, that is dropped here, after the change.
    ///
    /// # Memory ordering
    ///
    /// Happens before the return of every operation that observes it (`atomic.observed-before-observer`); all operations are
    /// in one order (`atomic.total-order`).
    #[inline]
    #[doc(alias = "StorePointer")]
    pub fn store(&self, new: Option<Arc<T>>) {
        drop(self.swap(new));
    }

    /// Makes it point to `new`, and returns what it pointed to before. Go: `p.Swap(new)`.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load) and a [`store`](Self::store) in one.
    #[inline]
    #[doc(alias = "SwapPointer")]
    pub fn swap(&self, new: Option<Arc<T>>) -> Option<Arc<T>> {
        let version = self.enter();
        // SAFETY: this thread is inside (invariant 2).
        let old = self.held.with_mut(|held| unsafe { replace(&mut *held, new) });
        self.leave(version.wrapping_add(step!("pointer.swap.version", CHANGE, else 0)));
        old
    }

    /// Makes it point to `new` if it points to `old` (the same allocation, not an equal value), and returns whether
    /// it did. Never fails spuriously. Go: `p.CompareAndSwap(old, new)`.
    ///
    /// If it returns `false`, `new` is dropped; [`compare_exchange`](Pointer::compare_exchange) returns it.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load) and a [`store`](Self::store) in one if it returns `true`. If it returns `false`, that of a
    /// [`load`](Self::load): it comes after the operation whose effect it found (`atomic.failed-cas-observes`).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use gosync_atomic::Pointer;
    /// let (a, b) = (Arc::new(1), Arc::new(1));
    /// let p = Pointer::new(Some(Arc::clone(&a)));
    /// assert!(!p.compare_and_swap(Some(&b), None), "equal, but not the same");
    /// assert!(p.compare_and_swap(Some(&a), None));
    /// assert_eq!(p.load(), None);
    /// ```
    #[doc(alias = "CompareAndSwapPointer")]
    pub fn compare_and_swap(&self, old: Option<&Arc<T>>, new: Option<Arc<T>>) -> bool {
        // The other one is dropped here, outside of the section.
        self.exchange(old, new, |_| ()).is_ok()
    }

    /// Like [`compare_and_swap`](Pointer::compare_and_swap), but returns what it pointed to, or an error with what it
    /// points to instead and with `new`. Not in Go.
    ///
    /// # Errors
    ///
    /// If it does not point to `current`.
    ///
    /// # Memory ordering
    ///
    /// That of a [`compare_and_swap`](Self::compare_and_swap).
    ///
    /// # Examples
    ///
    /// Appends to a list that other threads change too, and makes the new node once:
    ///
    /// ```
    /// use std::sync::{Arc, OnceLock};
    ///
    /// use gosync_atomic::Pointer;
    ///
    /// struct Node {
    ///     name: &'static str,
    ///     next: OnceLock<Arc<Node>>,
    /// }
    ///
    /// static HEAD: Pointer<Node> = Pointer::new(None);
    ///
    /// fn push(name: &'static str) {
    ///     let mut node = Some(Arc::new(Node { name, next: OnceLock::new() }));
    ///     let mut current = None;
    ///     while let Err(error) = HEAD.compare_exchange(current.as_ref(), node) {
    ///         current = error.current;
    ///         let mut back = error.new.unwrap();
    ///         Arc::get_mut(&mut back).unwrap().next = OnceLock::from(current.clone().unwrap());
    ///         node = Some(back);
    ///     }
    /// }
    /// push("first");
    /// push("second");
    /// let head = HEAD.load().unwrap();
    /// assert_eq!((head.name, head.next.get().unwrap().name), ("second", "first"));
    /// ```
    pub fn compare_exchange(
        &self,
        current: Option<&Arc<T>>,
        new: Option<Arc<T>>,
    ) -> Result<Option<Arc<T>>, CompareExchangeError<T>> {
        self.exchange(current, new, Option::clone).map_err(|(current, new)| CompareExchangeError { current, new })
    }

    /// Makes it point to the result of `f` for what it points to, and returns what it pointed to before. In Go this
    /// is a loop around `CompareAndSwap`.
    ///
    /// If another thread changes it meanwhile, `f` is called again with what it points to then, and its earlier
    /// result is dropped. So `f` may be called any number of times, and should have no side effects. It may use the
    /// pointer, but must not change it each time: that loops for ever. To leave the pointer as it is, return a clone
    /// of the argument.
    ///
    /// # Panics
    ///
    /// If `f` panics. Then nothing is changed.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load) before each call of `f`, and of a [`store`](Self::store) after the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gosync_atomic::Pointer;
    ///
    /// static NAMES: Pointer<Vec<&str>> = Pointer::new(None);
    ///
    /// fn add(name: &'static str) {
    ///     NAMES.update(|names| {
    ///         let mut names = names.map_or(Vec::new(), |names| names.to_vec());
    ///         names.push(name);
    ///         Some(Arc::new(names))
    ///     });
    /// }
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| add("gopher"));
    ///     scope.spawn(|| add("ferris"));
    /// });
    /// assert_eq!(NAMES.load().unwrap().len(), 2);
    /// ```
    #[doc(alias = "rcu")]
    #[doc(alias = "fetch_update")]
    pub fn update(&self, mut f: impl FnMut(Option<&Arc<T>>) -> Option<Arc<T>>) -> Option<Arc<T>> {
        let mut found = self.load();
        loop {
            match self.exchange(found.as_ref(), f(found.as_ref()), Option::clone) {
                Ok(old) => {
                    // A user's drop, and before the return: after it, a panic would leak what is returned.
                    drop(f);
                    return old;
                }
                Err((now, refused)) => {
                    found = now;
                    drop(refused);
                }
            }
        }
    }

    /// A reader for a thread that reads often: while nothing changes, a read costs one load. Not in Go.
    ///
    /// # Memory ordering
    ///
    /// That of a [`load`](Self::load).
    #[must_use]
    pub fn reader(&self) -> Reader<'_, T> {
        Reader::new(self)
    }

    /// Consumes the pointer, and returns what it points to. Not in Go.
    ///
    /// # Memory ordering
    ///
    /// None needed: the access is exclusive.
    #[must_use]
    pub fn into_inner(self) -> Option<Arc<T>> {
        self.held.into_inner()
    }

    /// `Ok` with what it pointed to, if that was `old`; otherwise `Err` with what `look` makes of what it points to, inside of the
    /// section, and with `new`.
    pub(crate) fn exchange<R>(
        &self,
        old: Option<&Arc<T>>,
        new: Option<Arc<T>>,
        look: impl FnOnce(&Option<Arc<T>>) -> R,
    ) -> Result<Option<Arc<T>>, Refused<T, R>> {
        let version = self.enter();
        // SAFETY: this thread is inside (invariant 2).
        let is_old = self.held.with(|held| is_same(unsafe { &*held }.as_ref(), old));
        if !is_old {
            // SAFETY: as above.
            let found = self.held.with(|held| look(unsafe { &*held }));
            self.leave(version);
            return Err((found, new));
        }
        // SAFETY: as above.
        let taken = self.held.with_mut(|held| unsafe { replace(&mut *held, new) });
        self.leave(version.wrapping_add(step!("pointer.exchange.version", CHANGE, else 0)));
        Ok(taken)
    }

    /// What it points to, and the version that this is.
    #[inline]
    fn load_versioned(&self) -> (Option<Arc<T>>, u64) {
        let version = self.enter();
        // SAFETY: this thread is inside (invariant 2).
        let pointee = self.held.with(|held| unsafe { (*held).clone() });
        self.leave(version);
        (pointee, version)
    }

    /// Whether somebody has published this version, which need not be the newest. Orders nothing.
    #[inline]
    fn is_at(&self, version: u64) -> bool {
        // Relaxed: a number. Who has seen what belongs to it has been in a section since; who has not goes into one.
        self.latch.is_at(version, ord!("pointer.version", Relaxed))
    }

    /// Begins a section; the version.
    #[inline]
    fn enter(&self) -> u64 {
        // Acquire: pairs with pointer.leave of every earlier section.
        self.latch.enter(ord!("pointer.enter", Acquire))
    }

    /// Ends a section, with this version.
    #[inline]
    fn leave(&self, version: u64) {
        // Release: pairs with pointer.enter of every later section: what was done in this one, and before it.
        self.latch.leave(version, ord!("pointer.leave", Release));
    }
}

/// Whether both are nothing, or the same.
fn is_same<T: ?Sized>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

impl<T: ?Sized> Default for Pointer<T> {
    /// A pointer to nothing.
    fn default() -> Pointer<T> {
        Pointer::new(None)
    }
}

impl<T: ?Sized> From<Arc<T>> for Pointer<T> {
    fn from(pointee: Arc<T>) -> Pointer<T> {
        Pointer::new(Some(pointee))
    }
}

/// What it points to, by a [`load`](Pointer::load).
impl<T: ?Sized + fmt::Debug> fmt::Debug for Pointer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pointer").field(&self.load()).finish()
    }
}
