//! The tables of a [`Map`](super::Map): how one is found, read, changed, made larger and smaller.
//!
//! A table calls the user's `Hash` when it changes its size, and a panic there would empty it if it were in the middle of
//! that. So it never grows by itself: it has room before an entry is added ([`make_room`]), and where it has none it is built anew
//! ([`rebuild`]), from hashes that are there before anything is moved.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::mem;

use gosync_atomic::__sys::{TABLES_PER_SLOT, drop_all, slots, waits};
use gosync_atomic::CachePadded;
use hashbrown::HashTable;

use super::Start;
use crate::rwmutex::{BiasedRwMutex, ReadGuard, WriteGuard};

pub(super) struct Tables<K, V, S> {
    pub(super) hasher: S,
    /// A power of two, and not one.
    pub(super) tables: Box<[Table<K, V>]>,
    /// What is left of a mixed hash after that many bits is the number of a table.
    pub(super) shift: u32,
}

pub(super) type Table<K, V> = CachePadded<BiasedRwMutex<HashTable<Entry<K, V>>>>;
pub(super) type Reading<'a, K, V> = ReadGuard<'a, HashTable<Entry<K, V>>>;
pub(super) type Writing<'a, K, V> = WriteGuard<'a, HashTable<Entry<K, V>>>;

pub(super) struct Entry<K, V> {
    pub(super) key: K,
    pub(super) value: V,
}

impl<K, V> Entry<K, V> {
    #[inline(always)]
    pub(super) fn is_of<Q: Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.key.borrow() == key
    }
}

impl<K, V, S> Drop for Tables<K, V, S> {
    /// Drops all keys and values. If the drop of one panics, the others are dropped all the same.
    fn drop(&mut self) {
        let tables = mem::take(&mut self.tables).into_iter();
        drop_all(&mut tables.flat_map(|table| table.into_inner().into_inner()));
    }
}

impl<K, V, S> Tables<K, V, S> {
    #[cold]
    pub(super) fn new(start: Start<S>) -> Tables<K, V, S> {
        let hasher = match start {
            Start::Make(make) => make(),
            Start::Given(hasher) => hasher,
        };
        let count = (TABLES_PER_SLOT * slots()).next_power_of_two();
        let table = |_| CachePadded::new(BiasedRwMutex::new(HashTable::new()));
        Tables { hasher, tables: (0..count).map(table).collect(), shift: u64::BITS - count.trailing_zeros() }
    }
}

#[inline(always)]
#[cfg_attr(feature = "deadlock", track_caller)]
pub(super) fn load_from<K: Borrow<Q>, V: Clone, Q: Eq + ?Sized>(table: &Table<K, V>, hash: u64, key: &Q) -> Option<V> {
    read(table).find(hash, |entry| entry.is_of(key)).map(|entry| entry.value.clone())
}

/// Locks for reading; who waits for it is named.
#[inline(always)]
#[cfg_attr(feature = "deadlock", track_caller)]
pub(super) fn read<K, V>(table: &Table<K, V>) -> Reading<'_, K, V> {
    waits!("waits to read a Map");
    table.read()
}

/// Locks for writing, likewise.
#[inline(always)]
#[cfg_attr(feature = "deadlock", track_caller)]
pub(super) fn write<K, V>(table: &Table<K, V>) -> Writing<'_, K, V> {
    waits!("waits to change a Map");
    table.write()
}

/// Sees to it that an entry can be added without a hash function, and without a panic that there are too many.
#[inline(always)]
pub(super) fn make_room<K: Hash, V>(table: &mut HashTable<Entry<K, V>>, hasher: &impl BuildHasher) {
    if table.len() == table.capacity() {
        // A table that is full of what was deleted keeps its size by this, or gets smaller.
        rebuild(table, table.len().saturating_mul(2).max(1), hasher);
    }
}

/// What to tell a table that has room.
pub(super) fn has_room<E>(_: &E) -> u64 {
    unreachable!("it does not grow")
}

/// Whether a table has much more memory than it needs.
#[inline(always)]
pub(super) fn is_sparse<E>(table: &HashTable<E>) -> bool {
    const FEW: usize = 64;
    // Not its capacity, which does not count what was deleted but has to stay for others to be found.
    table.num_buckets() > FEW && table.len() <= table.num_buckets() / 8
}

/// Gives memory back that a table once needed, but no longer does: what that costs, so many deletions have paid for.
#[cold]
#[inline(never)]
pub(super) fn give_back<K: Hash, V>(table: &mut HashTable<Entry<K, V>>, hasher: &impl BuildHasher) {
    rebuild(table, 2 * table.len(), hasher);
}

/// Moves all entries to a table with room for so many.
#[cold]
#[inline(never)]
fn rebuild<K: Hash, V>(table: &mut HashTable<Entry<K, V>>, capacity: usize, hasher: &impl BuildHasher) {
    // All that may panic comes before anything is moved.
    let hashes: Vec<u64> = table.iter().map(|entry| hasher.hash_one(&entry.key)).collect();
    let mut new = HashTable::with_capacity(capacity);
    // In the order in which `iter` has gone through them: that of the buckets, both times.
    for (entry, hash) in table.drain().zip(hashes) {
        new.insert_unique(hash, entry, has_room);
    }
    *table = new;
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::Map;

    #[test]
    fn memory_goes_when_keys_go() {
        let map = Map::<u32, u32>::new();
        let capacity = || map.tables().tables.iter().map(|table| table.read().num_buckets()).sum::<usize>();
        (0..100_000).for_each(|key| map.store(key, key));
        assert!(capacity() >= 100_000);
        (100..100_000).for_each(|key| assert!(map.delete(&key)));
        assert!(capacity() <= 64 * map.tables().tables.len(), "{}", capacity());
        (0..100).for_each(|key| assert_eq!(map.load(&key), Some(key)));
        map.clear();
        assert!(capacity() <= map.tables().tables.len());
    }

    #[test]
    fn a_panic_that_there_are_too_many_keys_changes_nothing() {
        let map = Map::<u32, u32>::from([(1, 1)]);
        let (_, table) = map.place(&1);
        let result = catch_unwind(AssertUnwindSafe(|| rebuild(&mut table.write(), usize::MAX, map.hasher())));
        assert!(result.is_err());
        assert_eq!(map.swap(1, 2), Some(1));
    }
}
