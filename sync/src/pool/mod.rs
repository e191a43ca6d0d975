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

/// A pool of reusable items, which makes a new one if it has none: Go's `sync.Pool`.
///
/// [`get`](Pool::get) returns an item from the pool, or a new one, in a guard that puts it back on drop.
/// [`take`](Pool::take) and [`put`](Pool::put) do the same by hand. For items that are expensive to make and cheap to
/// reset: buffers, parsers, compressors. Items are returned as they were left; the caller resets them.
///
/// Do not rely on an item staying in the pool: it may drop any item at any time, and may make a new one although it
/// has some. An item that was taken belongs to the caller alone.
///
/// `const`; allocates nothing before the first `put`, and later only when one shard receives more items than ever
/// before. An item goes to the shard of the thread that puts it, so shards may still grow after the number of items
/// in use has reached its maximum.
///
/// # What it keeps
///
/// At most 64 items for each CPU, or as many as [`with_limit`](Pool::with_limit) says. `put` drops items beyond that.
/// Items stay until they are taken, until [`clear`](Pool::clear), or until the pool is dropped. Besides the items the
/// pool takes 128 bytes (64 or less on smaller platforms) for each CPU, with the number of CPUs rounded up to a power
/// of two.
///
/// # Blocking
///
/// Only [`clear`](Pool::clear) blocks. There is a shard with a lock for each CPU, and threads are spread over them; a
/// thread that finds a lock taken tries the next shard. The function that makes items and the drops of items run
/// without a lock, so they may use the pool. O(1) if the thread's own shard has an item, or room; otherwise O(CPUs).
///
/// # Panics
///
/// A panic of the function that makes items, or of an item's drop, is passed on to the caller, and leaves the pool
/// usable.
///
/// An item whose guard is dropped by a panic goes back to the pool as it is, as with Go's `defer pool.Put(item)`. If
/// it may be half changed, and the next user does not reset it, use [`take`](Pool::take) and [`put`](Pool::put): a
/// panic in between drops it. Since nothing marks such items, a pool is not
/// [`RefUnwindSafe`](std::panic::RefUnwindSafe): a closure for `catch_unwind` that uses one needs `AssertUnwindSafe`.
///
/// # Memory ordering
///
/// A `put`, or the drop of a guard, happens before the return of the `get` that returns the same item
/// (`pool.put-before-get-of-same`), and so does the call of the function that made it
/// (`pool.new-before-get-of-same`). Nothing else is ordered: neither operations on different items nor those that
/// find nothing (`pool.nothing-else`).
///
/// # Differences from Go
///
/// Go's pool has no limit, and a garbage collection empties it; here the limit bounds it, and `clear` empties it.
/// Go's `Get` returns `nil` from a pool without `New`; here every pool has one, and [`try_take`](Pool::try_take) and
/// [`try_get`](Pool::try_get) do not call it. Under Go's race detector a pool drops items at random; here it drops
/// one only if there is no room, or no memory for more.
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
        /// An empty pool whose items are made by `make`. Go: `sync.Pool{New: make}`.
        #[must_use]
        pub const fn new(make: F) -> Pool<T, F> {
            Pool::with_limit(LIMIT, make)
        }
    }

    const_fn! {
        /// A pool that keeps at most `limit` items for each CPU, with the number of CPUs rounded up to a power of
        /// two. With limit 0 it keeps none.
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

    /// An item from the pool, or a new one, in a guard that puts it back on drop. Go: `pool.Get()`, with `defer
    /// pool.Put(item)`.
    ///
    /// # Panics
    ///
    /// If the function that makes items panics.
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

    /// An item from the pool, or a new one, owned by the caller. Go: `pool.Get()`.
    ///
    /// # Panics
    ///
    /// If the function that makes items panics.
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
    /// An item from the pool, in a guard that puts it back on drop; `None` if none is found. Makes none.
    #[inline]
    #[must_use]
    pub fn try_get(&self) -> Option<Pooled<'_, T>> {
        Some(Pooled::new(self.try_take()?, &self.places))
    }

    /// An item from the pool, owned by the caller; `None` if none is found. Makes none. Go: `pool.Get()` of a pool
    /// without `New`.
    ///
    /// It finds an item that was put before, unless another thread has taken it, or is using the same shard at this
    /// moment.
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

    /// Puts an item into the pool, whatever its origin; drops it if there is no room. Go: `pool.Put(item)`.
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

    /// Drops the items in the pool, and frees their memory. Items in use can still be put back. In Go the garbage
    /// collector does this.
    ///
    /// Items that are put concurrently may be dropped or not. Blocks while another thread uses a shard. O(items +
    /// CPUs).
    ///
    /// # Panics
    ///
    /// If the drop of an item panics; the other items are still dropped.
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
    /// Shows the number of items, as a snapshot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("items", &self.places.count()).finish_non_exhaustive()
    }
}
