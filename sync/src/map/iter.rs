//! Going through a [`Map`].

use std::fmt;
use std::iter::{Flatten, FusedIterator};
use std::mem;
use std::vec;

use gosync_atomic::__sys::{RandomState, drop_all};
use hashbrown::HashTable;

use super::Map;
use super::tables::{Entry, read};

impl<K, V, S> Map<K, V, S> {
    /// Clones of all keys and values, one table at a time. No lock is held between items, so the loop may use the
    /// map.
    ///
    /// Like Go's `Range`: no key is visited twice, and a key that stays in the map is visited once. For a key that is
    /// stored, changed or deleted concurrently, it yields any value that the key had meanwhile, or none. It is not a
    /// snapshot.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::Map;
    ///
    /// let map: Map<i32, i32> = (0..100).map(|n| (n, n * n)).collect();
    /// for (key, _) in map.iter().filter(|(key, _)| key % 2 == 0) {
    ///     map.delete(&key);
    /// }
    /// assert_eq!(map.len(), 50);
    /// ```
    #[doc(alias = "Range")]
    pub fn iter(&self) -> MapIter<'_, K, V, S> {
        MapIter { map: self, next: 0, pairs: Vec::new().into_iter() }
    }
}

/// The iterator that [`Map::iter`] returns.
#[must_use = "iterators do nothing unless they are used"]
pub struct MapIter<'a, K, V, S = RandomState> {
    map: &'a Map<K, V, S>,
    /// The number of the next table.
    next: usize,
    /// What is left of the one before.
    pairs: vec::IntoIter<(K, V)>,
}

impl<K: Clone, V: Clone, S> Iterator for MapIter<'_, K, V, S> {
    type Item = (K, V);

    #[cfg_attr(feature = "deadlock", track_caller)]
    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(pair) = self.pairs.next() {
                return Some(pair);
            }
            let table = self.map.tables().tables.get(self.next)?;
            self.next += 1;
            // Before the lock, after which they are dropped if a clone panics.
            let (mut pairs, mut key) = (Vec::new(), None);
            let table = read(table);
            pairs.reserve(table.len());
            for entry in table.iter() {
                _ = key.insert(entry.key.clone());
                let value = entry.value.clone();
                pairs.extend(key.take().map(|key| (key, value)));
            }
            drop(table);
            self.pairs = pairs.into_iter();
        }
    }
}

// It ends behind the last table, and no table comes after that.
impl<K: Clone, V: Clone, S> FusedIterator for MapIter<'_, K, V, S> {}

impl<K, V, S> fmt::Debug for MapIter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIter").finish_non_exhaustive()
    }
}

impl<'a, K: Clone, V: Clone, S> IntoIterator for &'a Map<K, V, S> {
    type Item = (K, V);
    type IntoIter = MapIter<'a, K, V, S>;

    fn into_iter(self) -> MapIter<'a, K, V, S> {
        self.iter()
    }
}

impl<K, V, S> IntoIterator for Map<K, V, S> {
    type Item = (K, V);
    type IntoIter = MapIntoIter<K, V>;

    fn into_iter(self) -> MapIntoIter<K, V> {
        let tables = self.tables.into_inner().map_or_else(Box::default, |mut tables| mem::take(&mut tables.tables));
        let tables: Vec<_> = tables.into_iter().map(|table| table.into_inner().into_inner()).collect();
        MapIntoIter { entries: tables.into_iter().flatten() }
    }
}

/// The iterator over the keys and values of a [`Map`] that owns them.
pub struct MapIntoIter<K, V> {
    entries: Flatten<vec::IntoIter<HashTable<Entry<K, V>>>>,
}

impl<K, V> Drop for MapIntoIter<K, V> {
    fn drop(&mut self) {
        drop_all(&mut self.entries);
    }
}

impl<K, V> Iterator for MapIntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.entries.next().map(|Entry { key, value }| (key, value))
    }
}

impl<K, V> FusedIterator for MapIntoIter<K, V> {}

impl<K, V> fmt::Debug for MapIntoIter<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIntoIter").finish_non_exhaustive()
    }
}
