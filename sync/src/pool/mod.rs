//! [`Pool`]: items to be used again, Go's `sync.Pool`. The items are in [`Places`]; here is who makes, gets, returns and drops
//! them.
//!
//! # Invariants
//!
//! 1. An item is in one place, or one caller or one [`Pooled`] owns it. A `Pooled` has its item until it is dropped or
//!    taken apart, which happens once.
//! 2. User's code runs while no lock is held: `make` after the search for an item has failed, drops of items when they are out of
//!    their places.

mod guard;
mod places;

use std::fmt;

use gosync_atomic::__sys::const_fn;

pub use self::guard::Pooled;
use self::places::Places;

/// Items that are made when none is there, and kept to be used again: Go's `sync.Pool`.
///
/// [`get`](Pool::get) returns an item that somebody has put back, or a new one, in a guard that puts it back when it is dropped.
/// [`take`](Pool::take) and [`put`](Pool::put) do the same by hand. For what is dear to make and cheap to clean: buffers, parsers,
/// compressors. Items come back as they were left; whoever gets one cleans it.
///
/// A pool is no store: it may drop any item at any time, and may make a new one although it has some. But an item that is taken is
/// the taker's alone.
///
/// `const`; nothing is allocated before the first `put`, and later only when more items than ever before come to one place. Items go
/// to the place of the thread that puts them, so that may be some time after as many were out at a time as ever are.
///
/// # What it keeps
///
/// 64 items for each CPU, or as many as [`with_limit`](Pool::with_limit) says. What is put beyond is dropped there and then, by
/// the one who puts it. What is kept stays until it is taken, until [`clear`](Pool::clear), or until the pool is dropped. Beside
/// the items there are 128 bytes (64 or less on smaller platforms) for each CPU, rounded up to a power of two of CPUs.
///
/// # Blocking
///
/// None, but for [`clear`](Pool::clear). Threads have places of their own, as far as there are CPUs for them, each with a lock;
/// who finds a lock taken goes on to the next place. The function that makes items and the drops of items run while no lock is held,
/// so they may use the pool. In constant time if there is an item, or room, in the thread's own place; otherwise in time in
/// proportion to the number of CPUs.
///
/// # Panics
///
/// A panic of the function that makes items, or of an item's drop, goes to the caller, and leaves the pool usable.
///
/// An item whose guard is dropped by a panic goes back to the pool as it is, as by Go's `defer pool.Put(item)`. Where it may be left
/// half changed, and whoever gets it next does not clean it, use [`take`](Pool::take) and [`put`](Pool::put): a panic in between
/// drops it. As nothing says afterwards which of them it was, a pool is not [`RefUnwindSafe`](std::panic::RefUnwindSafe): a closure
/// for `catch_unwind` that uses one has to be declared safe.
///
/// # Memory ordering
///
/// A `put`, or the drop of a guard, happens before the return of the `get` that returns the same item
/// (`pool.put-before-get-of-same`), and so does the call of the function that made it (`pool.new-before-get-of-same`). Nothing
/// else is ordered, neither by operations on different items nor by what finds nothing (`pool.nothing-else`).
///
/// # Differences from Go
///
/// Go's pool has no limit, and a garbage collection empties it; here the limit bounds it, and `clear` empties it. Go's `Get` returns
/// `nil` from a pool without `New`; here every pool has one, and [`try_take`](Pool::try_take) and [`try_get`](Pool::try_get) do
/// not call it. Go's race detector has a pool lose items at random; here one goes only if there is no room, or no memory for more.
///
/// # Examples
///
/// ```
/// use std::fmt::Write;
///
/// use gosync::Pool;
///
/// static LINES: Pool<String> = Pool::new(String::new);
///
/// fn log(level: &str, text: &str) -> usize {
///     let mut line = LINES.get();
///     line.clear();
///     write!(line, "{level}: {text}").unwrap();
///     line.len()
/// }
///
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| assert_eq!(log("info", "it works"), 14));
///     }
/// });
/// ```
#[doc(alias = "sync.Pool")]
pub struct Pool<T, F = fn() -> T> {
    make: F,
    places: Places<T>,
}

/// How many items are kept for each CPU if nobody says otherwise.
const LIMIT: usize = 64;

impl<T, F: Fn() -> T> Pool<T, F> {
    const_fn! {
        /// A pool without items, whose items `make` makes. Go: `sync.Pool{New: make}`.
        #[must_use]
        pub const fn new(make: F) -> Pool<T, F> {
            Pool::with_limit(LIMIT, make)
        }
    }

    const_fn! {
        /// A pool that keeps at most `limit` items for each CPU, rounded up to a power of two of CPUs. One whose limit is 0 keeps
        /// none.
        ///
        /// # Examples
        ///
        /// ```
        /// use gosync::Pool;
        ///
        /// // Large, and few are needed at a time.
        /// static FRAMES: Pool<Box<[u8]>> = Pool::with_limit(2, || vec![0; 1 << 20].into_boxed_slice());
        /// assert_eq!(FRAMES.get().len(), 1 << 20);
        /// ```
        #[must_use]
        pub const fn with_limit(limit: usize, make: F) -> Pool<T, F> {
            Pool { make, places: Places::new(limit) }
        }
    }

    /// An item that goes back when the guard is dropped: one from the pool, or a new one. Go: `pool.Get()`, with
    /// `defer pool.Put(item)`.
    ///
    /// # Panics
    ///
    /// If the function that makes items does.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = gosync::Pool::new(|| Vec::<u8>::with_capacity(4096));
    /// pool.get().extend(b"left by the last user");
    /// let mut buffer = pool.get();
    /// assert!(buffer.capacity() >= 4096);
    /// buffer.clear();
    /// buffer.extend(b"mine");
    /// ```
    #[inline]
    #[doc(alias = "Get")]
    pub fn get(&self) -> Pooled<'_, T> {
        Pooled::new(self.take(), &self.places)
    }

    /// An item that is the caller's: one from the pool, or a new one. Go: `pool.Get()`.
    ///
    /// # Panics
    ///
    /// If the function that makes items does.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = gosync::Pool::new(String::new);
    /// let mut line = pool.take();
    /// line.push_str("a panic here would drop it");
    /// line.clear();
    /// pool.put(line);
    /// ```
    #[inline]
    #[must_use = "an item that is taken and not used is dropped"]
    pub fn take(&self) -> T {
        self.try_take().unwrap_or_else(&self.make)
    }
}

impl<T, F> Pool<T, F> {
    /// An item from the pool that goes back when the guard is dropped, if one is found; none is made.
    #[inline]
    #[must_use]
    pub fn try_get(&self) -> Option<Pooled<'_, T>> {
        Some(Pooled::new(self.try_take()?, &self.places))
    }

    /// An item from the pool that is the caller's, if one is found; none is made. Go: `pool.Get()` of a pool without `New`.
    ///
    /// One that was put before is found, unless somebody else has taken it, or is just looking for one or putting one in the same
    /// place.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = gosync::Pool::new(|| unreachable!("nobody asks"));
    /// pool.put("first");
    /// assert_eq!(pool.try_take(), Some("first"));
    /// assert_eq!(pool.try_take(), None);
    /// ```
    #[inline]
    #[must_use = "an item that is taken and not used is dropped"]
    pub fn try_take(&self) -> Option<T> {
        self.places.take()
    }

    /// Puts an item into the pool, wherever it comes from; drops it if there is no room. Go: `pool.Put(item)`.
    ///
    /// # Panics
    ///
    /// If the item is dropped and its drop panics.
    ///
    /// # Memory ordering
    ///
    /// It happens before the return of the call that gets the item (`pool.put-before-get-of-same`).
    #[inline]
    #[doc(alias = "Put")]
    pub fn put(&self, item: T) {
        // Dropped here: no lock is held any more.
        drop(self.places.put(item));
    }

    /// Drops the items that are in the pool, and frees the memory for them. Those that are out come back as ever. Go's garbage
    /// collector does this.
    ///
    /// Items that are put meanwhile may be dropped or not. Blocks as long as somebody else is in the middle of a look into a place;
    /// in time in proportion to the number of items and of CPUs.
    ///
    /// # Panics
    ///
    /// If the drop of an item does; the others are dropped all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = gosync::Pool::new(|| vec![0; 1 << 20]);
    /// drop(pool.get());
    /// pool.clear();
    /// assert!(pool.try_get().is_none());
    /// ```
    pub fn clear(&self) {
        // Dropped here: all of them are out of their places.
        drop(self.places.take_all());
    }
}

impl<T: Default> Default for Pool<T> {
    /// Makes items by `T::default()`.
    fn default() -> Pool<T> {
        Pool::new(T::default)
    }
}

impl<T, F> fmt::Debug for Pool<T, F> {
    /// Shows how many items there are, if nobody changes that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("items", &self.places.count()).finish_non_exhaustive()
    }
}
