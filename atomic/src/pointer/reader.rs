//! [`Reader`]: keeps the last value, and asks for another only if the version has changed.
//!
//! The look is a Relaxed load, for nothing hangs on when it sees a new version: the value comes out of a section. It does see
//! every change that happened before, by coherence: the word of that section's end is older than none that it may read then.

use std::fmt;

use super::Pointer;
use crate::__sys::{Arc, step};

/// Caches, for one thread, what it has read from a [`Pointer`] or a [`Value`](crate::Value).
///
/// While nothing is stored, [`get`](Reader::get) costs one load of a word that all CPUs can keep in their caches, and
/// changes no count: readers do not contend. After a store, the next `get` loads again.
///
/// It owns the last value that it has read, until it reads another or is dropped. Make one for each thread.
///
/// # Memory ordering
///
/// That of [`Reader::get`].
///
/// # Examples
///
/// ```
/// use gosync_atomic::Value;
///
/// static LIMIT: Value<u64> = Value::empty();
///
/// LIMIT.store(10);
/// std::thread::scope(|s| {
///     s.spawn(|| {
///         let mut limit = LIMIT.reader();
///         for _ in 0..1_000 {
///             assert!((10..=20).contains(&**limit.get().unwrap()));
///         }
///     });
///     LIMIT.store(20);
/// });
/// ```
pub struct Reader<'a, T: ?Sized> {
    pointer: &'a Pointer<T>,
    seen: Option<Arc<T>>,
    /// The version of what was seen.
    version: u64,
}

impl<'a, T: ?Sized> Reader<'a, T> {
    pub(super) fn new(pointer: &'a Pointer<T>) -> Reader<'a, T> {
        let (seen, version) = pointer.load_versioned();
        Reader { pointer, seen, version }
    }

    /// The value.
    ///
    /// # Memory ordering
    ///
    /// The store of the value happens before the return (`atomic.observed-before-observer`), and `get` sees every
    /// store that happens before the call, or a later one. It may miss concurrent stores: unlike a
    /// [`load`](Pointer::load) it does not take part in the total order (`atomic.total-order`).
    #[inline]
    pub fn get(&mut self) -> Option<&Arc<T>> {
        if !self.pointer.is_at(self.version) {
            step!("reader.refresh", (self.seen, self.version) = Reader::refresh(self.pointer, self.seen.take()));
        }
        self.seen.as_ref()
    }

    /// What there is now, and its version. Not a method, so that a reader whose address nobody takes can live in registers.
    #[cold]
    #[inline(never)]
    fn refresh(pointer: &Pointer<T>, last: Option<Arc<T>>) -> (Option<Arc<T>>, u64) {
        let now = pointer.load_versioned();
        // Here, in no section. If that panics, the reader has nothing, of a version that is gone: it will ask again.
        drop(last);
        now
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Reader<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("seen", &self.seen).finish_non_exhaustive()
    }
}
