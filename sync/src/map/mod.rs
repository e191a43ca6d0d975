//! [`Map`]: hash tables behind locks, each for the keys with some of the hashes.
//!
//! The table of a key is told by its hash; so operations on keys of different tables do not meet, and those that only look
//! do not wait for each other. What is about all keys, [`clear`](Map::clear) and [`len`](Map::len), takes all the locks, in
//! order, so that nobody waits in a circle; it happens at one instant, when it has them all.
//!
//! # Invariants
//!
//! 1. A key is in the table of its hash only, and there at most once.
//! 2. Nobody has the lock of one table and waits for that of an earlier one.
//! 3. Under a lock no code of users is run but `Hash`, `Eq`, `Borrow` and `Clone` of keys and `Clone` and `PartialEq` of values (and what
//!    they ask to be asked, as by [`swap_if`](Map::swap_if)): what is dropped is dropped after the lock is released. A panic in any of
//!    it leaves the map as it was. How tables change their size is in `tables.rs`.
//! 4. What a user's drop may panic in is dropped before something is returned, and not after it, as arguments are: by then what is
//!    returned has its place at the caller's, and nobody would drop it.
//!
//! Hashes are not kept beside the keys: with small keys and values that makes entries half as large again, and it is by lines of
//! memory that a write is slow which another CPU has been at before.
//!
//! # Ordering
//!
//! That of the locks: a write is a section of its table's writer, and who sees it is in a later one
//! (map.write-before-observing-read).

mod iter;
mod tables;

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};

use gosync_atomic::__sys::{RandomState, const_fn, drop_all, step, waits};
use gosync_once::OnceValue;
use hashbrown::HashTable;

pub use iter::{MapIntoIter, MapIter};
use tables::{Entry, Table, Tables, give_back, has_room, is_sparse, load_from, make_room, read, write};

/// A hash map that threads and tasks share: as `sync.Map`.
///
/// It suits keys that are written once and read often, and threads that use different keys: there are many locks, and
/// operations on different keys rarely contend. To make several changes together, or to change a value in place, use
/// a [`Mutex`](crate::Mutex) or [`RwMutex`](crate::RwMutex) around a `HashMap`.
///
/// `const`; it allocates nothing until it is first used, and then eight tables for each CPU, each with a lock, in its
/// own cache line. Operations take amortised constant time, and block only while others use the same table.
///
/// Values are returned as clones, made under a lock: use an `Arc`, or a type that is cheap to clone. `Hash`, `Eq`,
/// `Borrow` and `Clone` of keys, and `Clone` and `PartialEq` of values, must not use the map, nor wait for a thread that
/// does: they run under a lock, and could deadlock. The drops of keys and values may use the map.
///
/// # Panics
///
/// A panic in `Hash`, `Eq`, `Borrow`, `Clone` or `PartialEq` of keys or values is passed on to the caller, and leaves
/// the map as it was. A panic in the drop of a key or value is passed on when everything else is done.
///
/// The first operation makes the hasher, by `S::default()`. If that panics, or uses the map, this and all later operations panic.
///
/// # Memory ordering
///
/// A write happens before every read that sees it (`map.write-before-observing-read`):
///
/// | | read | write |
/// | --- | --- | --- |
/// | [`load`](Map::load), [`contains_key`](Map::contains_key) | yes | |
/// | [`store`](Map::store), [`delete`](Map::delete) | | yes |
/// | [`swap`](Map::swap), [`load_and_delete`](Map::load_and_delete) | yes | yes |
/// | [`load_or_store`](Map::load_or_store), [`load_or_store_with`](Map::load_or_store_with) | yes | if it stores |
/// | [`compare_and_swap`](Map::compare_and_swap), [`swap_if`](Map::swap_if) | yes | if it swaps |
/// | [`compare_and_delete`](Map::compare_and_delete), [`delete_if`](Map::delete_if) | yes | if it deletes |
/// | [`iter`](Map::iter), [`clear`](Map::clear) | what it finds | `clear` (`map.range-clear`: as Go does it, though Go does not promise it) |
///
/// # Differences from Go
///
/// Keys and values are typed, so no operation panics because a key cannot be hashed or a value cannot be compared.
/// `clear` is one write, at one instant. [`len`](Map::len) is not in Go. A value that is not stored is returned.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use gosync::Map;
///
/// static USERS: Map<u32, Arc<str>> = Map::new();
///
/// USERS.store(1, "Ada".into());
/// let (user, loaded) = USERS.load_or_store(1, "Grace".into());
/// assert!(&*user == "Ada" && loaded);
/// for (id, name) in USERS.iter() {
///     println!("{id}: {name}");
/// }
/// assert_eq!(USERS.load_and_delete(&1).as_deref(), Some("Ada"));
/// assert_eq!(USERS.load(&1), None);
/// ```
///
/// Changing a value only if it is the expected one, by `==` or by identity:
///
/// ```
/// use std::sync::Arc;
///
/// use gosync::Map;
///
/// let map: Map<&str, Arc<u32>> = Map::from([("a", Arc::new(1))]);
/// let old = map.load("a").unwrap();
/// assert_eq!(map.compare_and_swap("a", &Arc::new(2), Arc::new(3)), Err(Arc::new(3)));
/// assert!(map.compare_and_delete("a", &Arc::new(2)).is_none());
/// // An equal one is not enough.
/// assert!(map.swap_if("a", |value| Arc::ptr_eq(value, &Arc::new(1)), Arc::new(2)).is_err());
/// assert!(map.swap_if("a", |value| Arc::ptr_eq(value, &old), Arc::new(2)).is_ok());
/// assert_eq!(map.swap("a", old), Some(Arc::new(2)));
/// assert!(map.contains_key("a"));
/// assert_eq!(map.delete_if("a", |value| **value < 5), Some(Arc::new(1)));
/// assert!(map.is_empty());
/// ```
///
/// Other hashers, and the iterators:
///
/// ```
/// use std::hash::{BuildHasherDefault, DefaultHasher};
///
/// use gosync::{Map, MapIntoIter, MapIter};
///
/// // The same in every run.
/// static ORDER: Map<u8, char, BuildHasherDefault<DefaultHasher>> = Map::with_hasher(BuildHasherDefault::new());
///
/// ORDER.store(1, 'a');
/// ORDER.clear();
/// let map: Map<u8, char> = [(1, 'a'), (2, 'b')].into();
/// let some: MapIter<'_, u8, char> = map.iter();
/// assert_eq!(some.count(), 2);
/// let all: MapIntoIter<u8, char> = map.into_iter();
/// assert_eq!(all.map(|(key, _)| key).sum::<u8>(), 3);
/// ```
#[doc(alias = "sync.Map")]
pub struct Map<K, V, S = RandomState> {
    tables: OnceValue<Tables<K, V, S>, Start<S>>,
}

// A panic leaves the map as it was (invariant 3).
impl<K, V, S> UnwindSafe for Map<K, V, S> {}
impl<K, V, S> RefUnwindSafe for Map<K, V, S> {}

/// Where the hashes come from, once they are needed.
enum Start<S> {
    Make(fn() -> S),
    Given(S),
}

impl<K, V, S: Default> Map<K, V, S> {
    const_fn! {
        /// An empty map.
        #[must_use]
        pub const fn new() -> Map<K, V, S> {
            Map { tables: OnceValue::of(Start::Make(S::default)) }
        }
    }
}

impl<K, V, S> Map<K, V, S> {
    const_fn! {
        /// An empty map with this hasher. If the hashes are predictable, whoever chooses the keys can make the map
        /// slow.
        #[must_use]
        pub const fn with_hasher(hasher: S) -> Map<K, V, S> {
            Map { tables: OnceValue::of(Start::Given(hasher)) }
        }
    }

    #[inline]
    fn tables(&self) -> &Tables<K, V, S> {
        self.tables.get_with(Tables::new)
    }

    /// The number of keys, at one instant; all writes wait meanwhile. Not in Go.
    #[must_use]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn len(&self) -> usize {
        let tables = &self.tables().tables;
        waits!("waits to read a Map");
        let tables = tables.iter().map(|table| {
            let table = table.read();
            (table.len(), step!("map.len.keep", Some(table), else None))
        });
        let tables: Vec<_> = tables.collect();
        tables.iter().map(|(len, _)| len).sum()
    }

    /// Whether there are no keys; like [`len`](Map::len).
    #[must_use]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Deletes all keys, at one instant.
    ///
    /// The keys and values are dropped afterwards, without a lock.
    ///
    /// # Panics
    ///
    /// If the drop of a key or value does; the others are dropped all the same.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn clear(&self) {
        drop_all(&mut self.take_all().into_iter().flatten());
    }

    /// Takes all keys out, at one instant.
    #[cfg_attr(feature = "deadlock", track_caller)]
    fn take_all(&self) -> Vec<HashTable<Entry<K, V>>> {
        let tables = &self.tables().tables;
        waits!("waits to change a Map");
        let tables = tables.iter().map(|table| {
            let mut table = table.write();
            (mem::take(&mut *table), step!("map.clear.keep", Some(table), else None))
        });
        let (all, locked): (Vec<_>, Vec<_>) = tables.unzip();
        drop(locked);
        all
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Map<K, V, S> {
    fn hasher(&self) -> &S {
        &self.tables().hasher
    }

    /// The hash of a key, and the table that it belongs to.
    #[inline]
    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> (u64, &Table<K, V>) {
        let all = self.tables();
        let hash = all.hasher.hash_one(key);
        // A table goes by the hash's own bits, at both ends, so the choice among tables takes others: those of a product.
        let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash, &all.tables[(mixed >> all.shift) as usize])
    }

    /// A clone of the value of a key. O(1).
    #[inline]
    #[doc(alias = "Load")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn load<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        V: Clone,
    {
        let (hash, table) = self.place(key);
        load_from(table, hash, key)
    }

    /// Whether there is a value for this key. O(1).
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let (hash, table) = self.place(key);
        read(table).find(hash, |entry| entry.is_of(key)).is_some()
    }

    /// Sets the value of a key, and drops its old value. O(1), amortised.
    #[inline]
    #[doc(alias = "Store")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn store(&self, key: K, value: V) {
        drop(self.swap(key, value));
    }

    /// Sets the value of a key, and returns its old value. If the key was there, the map keeps the old key.
    #[inline]
    #[doc(alias = "Swap")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn swap(&self, key: K, value: V) -> Option<V> {
        let (hash, table) = self.place(&key);
        let mut table = write(table);
        let Some(entry) = table.find_mut(hash, |entry| entry.is_of(&key)) else {
            make_room(&mut table, self.hasher());
            table.insert_unique(hash, Entry { key, value }, has_room);
            return None;
        };
        let old = mem::replace(&mut entry.value, value);
        drop(table);
        drop(key); // Invariant 4.
        Some(old)
    }

    /// Returns the value of a key, and `true`; if it has none, stores `value`, and returns a clone of it, and
    /// `false`.
    ///
    /// If the key has a value, `value` is dropped. To make it only if needed, use
    /// [`load_or_store_with`](Map::load_or_store_with).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::Map;
    ///
    /// let ports: Map<&str, u16> = Map::new();
    /// assert_eq!(ports.load_or_store("http", 80), (80, false));
    /// assert_eq!(ports.load_or_store("http", 8080), (80, true));
    /// ```
    #[doc(alias = "LoadOrStore")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn load_or_store(&self, key: K, value: V) -> (V, bool)
    where
        V: Clone,
    {
        let (hash, table) = self.place(&key);
        if let Some(loaded) = load_from(table, hash, &key) {
            drop((key, value)); // Invariant 4.
            return (loaded, true);
        }
        let mut table = write(table);
        // Somebody else may have stored it meanwhile.
        let found = step!("map.look-again", table.find(hash, |entry| entry.is_of(&key)), else None);
        if let Some(entry) = found {
            let loaded = entry.value.clone();
            drop(table);
            drop((key, value)); // Invariant 4.
            return (loaded, true);
        }
        // First, for it may panic, and what is cloned must not be dropped under the lock.
        make_room(&mut table, self.hasher());
        let stored = value.clone();
        table.insert_unique(hash, Entry { key, value }, has_room);
        (stored, false)
    }

    /// Like [`load_or_store`](Map::load_or_store), but makes the value only if there is none. Not in Go.
    ///
    /// `make` runs without a lock, so it may use the map. Concurrent callers may each make a value, of which one is
    /// stored. To make it only once, see [`singleflight`](crate::singleflight).
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn load_or_store_with(&self, key: K, make: impl FnOnce() -> V) -> (V, bool)
    where
        V: Clone,
    {
        match self.load(&key) {
            Some(loaded) => {
                drop((key, make)); // Invariant 4.
                (loaded, true)
            }
            None => self.load_or_store(key, make()),
        }
    }

    /// Deletes a key, and returns its value.
    #[inline]
    #[doc(alias = "LoadAndDelete")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn load_and_delete<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.delete_if(key, |_| true)
    }

    /// Deletes a key, and returns whether it was there.
    #[inline]
    #[doc(alias = "Delete")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn delete<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.load_and_delete(key).is_some()
    }

    /// Sets the value of a key if it has the value `old`, and returns that.
    ///
    /// # Errors
    ///
    /// If it has another value, or none. The error is `new`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::Map;
    ///
    /// let state: Map<&str, &str> = Map::new();
    /// assert_eq!(state.compare_and_swap("job", &"queued", "running"), Err("running"));
    /// state.store("job", "queued");
    /// assert_eq!(state.compare_and_swap("job", &"queued", "running"), Ok("queued"));
    /// ```
    #[doc(alias = "CompareAndSwap")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn compare_and_swap<Q: Hash + Eq + ?Sized>(&self, key: &Q, old: &V, new: V) -> Result<V, V>
    where
        K: Borrow<Q>,
        V: PartialEq,
    {
        self.swap_if(key, |value| value == old, new)
    }

    /// Deletes a key if it has the value `old`, and returns that. `None` if it has another value, or none.
    #[doc(alias = "CompareAndDelete")]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn compare_and_delete<Q: Hash + Eq + ?Sized>(&self, key: &Q, old: &V) -> Option<V>
    where
        K: Borrow<Q>,
        V: PartialEq,
    {
        self.delete_if(key, |value| value == old)
    }

    /// Sets the value of a key if `is_old` is true for its value, and returns that. `is_old` is called under a lock,
    /// and must not use the map. Go compares pointers by identity: here that is `swap_if(&key, |value|
    /// Arc::ptr_eq(value, &old), new)`.
    ///
    /// # Errors
    ///
    /// If it has another value, or none. The error is `new`.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn swap_if<Q: Hash + Eq + ?Sized>(&self, key: &Q, mut is_old: impl FnMut(&V) -> bool, new: V) -> Result<V, V>
    where
        K: Borrow<Q>,
    {
        let (hash, table) = self.place(key);
        let mut table = write(table);
        let result = match table.find_mut(hash, |entry| entry.is_of(key)) {
            Some(entry) if is_old(&entry.value) => Ok(mem::replace(&mut entry.value, new)),
            _ => Err(new),
        };
        drop(table);
        drop(is_old); // Invariant 4.
        result
    }

    /// Deletes a key if `is_old` is true for its value, and returns that. `is_old` is called under a lock, and must
    /// not use the map.
    #[inline]
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn delete_if<Q: Hash + Eq + ?Sized>(&self, key: &Q, mut is_old: impl FnMut(&V) -> bool) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (hash, table) = self.place(key);
        let mut table = write(table);
        let is_sparse = is_sparse(&table);
        let mut entry = table.find_entry(hash, |entry| entry.is_of(key)).ok()?;
        if !is_old(&entry.get().value) {
            return None;
        }
        if is_sparse {
            // Before anything is changed, for it may panic.
            give_back(&mut table, self.hasher());
            entry = table.find_entry(hash, |entry| entry.is_of(key)).ok()?;
        }
        let (Entry { key, value }, _) = entry.remove();
        drop(table);
        drop((key, is_old)); // Invariant 4.
        Some(value)
    }
}

impl<K, V, S: Default> Default for Map<K, V, S> {
    fn default() -> Map<K, V, S> {
        Map::new()
    }
}

impl<K, V, S> fmt::Debug for Map<K, V, S> {
    /// Without the keys and values, for which it would have to wait.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Extend<(K, V)> for &Map<K, V, S> {
    #[cfg_attr(feature = "deadlock", track_caller)]
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.store(key, value);
        }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Extend<(K, V)> for Map<K, V, S> {
    #[cfg_attr(feature = "deadlock", track_caller)]
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        (&*self).extend(pairs);
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> FromIterator<(K, V)> for Map<K, V, S> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Map<K, V, S> {
        let map = Map::new();
        (&map).extend(pairs);
        map
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Default, const N: usize> From<[(K, V); N]> for Map<K, V, S> {
    fn from(pairs: [(K, V); N]) -> Map<K, V, S> {
        pairs.into_iter().collect()
    }
}
