//! `src/sync/map_test.go`, and the tests of `src/internal/sync/hashtriemap_test.go` that apply, each with a good hash, with one
//! of few values, and with a constant one.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::thread;

use gosync::Map;

use crate::watchdog::Watchdog;

/// A hash that is cut off.
#[derive(Default)]
struct Cut<const MASK: u64>(DefaultHasher);

impl<const MASK: u64> Hasher for Cut<MASK> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finish() & MASK
    }
}

type Few = BuildHasherDefault<Cut<0x0f>>;
type One = BuildHasherDefault<Cut<0>>;

/// Numbers that are different for each seed.
fn random(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed * 2 + 1;
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    }
}

/// `TestMapMatchesRWMutex` and its like: the same nine operations on keys of a few letters.
#[test]
fn test_map_matches_rwmutex() {
    let _watchdog = Watchdog::new();
    for seed in 0..100 {
        let (map, reference) = (Map::<String, usize>::new(), RwLock::new(HashMap::new()));
        let mut random = random(seed);
        for _ in 0..200 {
            let key = ["", "a", "b", "c", "ab"][random(5)].to_owned();
            let (old, new) = (random(4), random(4));
            let mut std = reference.write().unwrap();
            let had = std.get(&key).copied();
            match random(9) {
                0 => assert_eq!(map.load(&key), had),
                1 => {
                    std.insert(key.clone(), new);
                    map.store(key, new);
                }
                2 => {
                    let value = *std.entry(key.clone()).or_insert(new);
                    assert_eq!(map.load_or_store(key, new), (value, had.is_some()));
                }
                3 => assert_eq!(map.load_and_delete(&key), std.remove(&key)),
                4 => assert_eq!(map.delete(&key), std.remove(&key).is_some()),
                5 => assert_eq!(map.swap(key.clone(), new), std.insert(key, new)),
                6 if had == Some(old) => {
                    std.insert(key.clone(), new);
                    assert_eq!(map.compare_and_swap(&key, &old, new), Ok(old));
                }
                6 => assert_eq!(map.compare_and_swap(&key, &old, new), Err(new)),
                7 => {
                    let deleted = (had == Some(old)).then(|| std.remove(&key).unwrap());
                    assert_eq!(map.compare_and_delete(&key, &old), deleted);
                }
                _ => {
                    map.clear();
                    std.clear();
                }
            }
        }
        let pairs: HashMap<_, _> = map.iter().collect();
        assert_eq!(pairs, *reference.read().unwrap());
    }
}

/// `TestConcurrentRange`: while threads store multiples of each key, every iteration comes by all keys, each once, with
/// such a value.
#[test]
fn test_concurrent_range() {
    const KEYS: u64 = 1 << 10;
    let _watchdog = Watchdog::new();
    let map: Map<u64, u64> = (1..=KEYS).map(|n| (n, n)).collect();
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        for thread in 1..4 {
            let (map, done) = (&map, &done);
            s.spawn(move || {
                for round in 0.. {
                    for n in 1..KEYS {
                        if done.load(Ordering::Relaxed) {
                            return;
                        }
                        if n % 4 == thread {
                            map.store(n, n * round * thread);
                        } else {
                            map.load(&n);
                        }
                    }
                }
            });
        }
        for _ in 0..16 {
            let mut seen = vec![false; KEYS as usize + 1];
            for (key, value) in &map {
                assert_eq!(value % key, 0, "while storing multiples of {key}");
                assert!(!std::mem::replace(&mut seen[key as usize], true), "{key} came twice");
            }
            assert_eq!(seen.into_iter().filter(|&seen| seen).count(), KEYS as usize);
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// `TestIssue40999`: a key that was deleted is kept by nothing.
#[test]
fn test_issue_40999() {
    let map: Map<Arc<u8>, ()> = Map::new();
    // So that other keys keep the tables alive.
    map.store(Arc::new(1), ());
    let key = Arc::new(0);
    for _ in 0..100 {
        map.store(Arc::clone(&key), ());
        map.load(&key);
        map.delete(&key);
        assert_eq!(Arc::strong_count(&key), 1);
    }
}

/// `TestMapRangeNestedCall`: iterations within iterations, with every kind of call between.
#[test]
fn test_map_range_nested_call() {
    let _watchdog = Watchdog::new();
    let map: Map<usize, &str> = ["hello", "world", "Go"].into_iter().enumerate().collect();
    for (key, value) in &map {
        for (key, value) in &map {
            if let Some(loaded) = map.load(&key) {
                assert_eq!(loaded, value);
            }
            assert!(!map.load_or_store(42, "dummy").1);
            assert!(map.load_or_store(42, "dummy").1);
            assert_eq!(map.load_and_delete(&42), Some("dummy"));
        }
        assert_eq!(map.load(&key), Some(value));
        assert!(map.delete(&key));
    }
    assert_eq!(map.iter().count(), 0);
}

/// `TestCompareAndSwap_NonExistingKey`.
#[test]
fn test_compare_and_swap_non_existing_key() {
    let map = Map::<&str, Option<u8>>::new();
    assert_eq!(map.compare_and_swap("key", &None, Some(42)), Err(Some(42)));
}

/// `TestConcurrentClear`: stores, loads and clears by ten threads each; a clear after them leaves nothing.
#[test]
fn test_concurrent_clear() {
    let _watchdog = Watchdog::new();
    let map = Map::<usize, usize>::new();
    thread::scope(|s| {
        for n in 0..10 {
            let map = &map;
            s.spawn(move || map.store(n, n));
            s.spawn(move || map.load(&n).into_iter().for_each(|value| assert_eq!(value, n)));
            s.spawn(|| map.clear());
        }
    });
    map.clear();
    assert_eq!((map.len(), map.iter().next()), (0, None));
}

/// With each of the three hashes.
fn each_hash(test: impl Fn(&dyn Fn() -> Box<dyn Shared>)) {
    let _watchdog = Watchdog::new();
    test(&|| Box::new(Map::<String, usize, RandomState>::new()));
    test(&|| Box::new(Map::<String, usize, Few>::new()));
    test(&|| Box::new(Map::<String, usize, One>::new()));
}

/// A map of strings, whatever its hash.
trait Shared: Sync {
    fn load(&self, key: &str) -> Option<usize>;
    fn load_or_store(&self, key: &str, value: usize) -> (usize, bool);
    fn swap(&self, key: &str, value: usize) -> Option<usize>;
    fn load_and_delete(&self, key: &str) -> Option<usize>;
    fn compare_and_swap(&self, key: &str, old: usize, new: usize) -> bool;
    fn compare_and_delete(&self, key: &str, old: usize) -> bool;
    fn all(&self) -> Vec<(String, usize)>;
    fn clear(&self);
}

impl<S: BuildHasher + Sync + Send> Shared for Map<String, usize, S> {
    fn load(&self, key: &str) -> Option<usize> {
        self.load(key)
    }
    fn load_or_store(&self, key: &str, value: usize) -> (usize, bool) {
        self.load_or_store(key.into(), value)
    }
    fn swap(&self, key: &str, value: usize) -> Option<usize> {
        self.swap(key.into(), value)
    }
    fn load_and_delete(&self, key: &str) -> Option<usize> {
        self.load_and_delete(key)
    }
    fn compare_and_swap(&self, key: &str, old: usize, new: usize) -> bool {
        self.compare_and_swap(key, &old, new).is_ok()
    }
    fn compare_and_delete(&self, key: &str, old: usize) -> bool {
        self.compare_and_delete(key, &old).is_some()
    }
    fn all(&self) -> Vec<(String, usize)> {
        self.iter().collect()
    }
    fn clear(&self) {
        self.clear();
    }
}

/// Go's have 128, too.
fn keys() -> Vec<String> {
    (0..128).map(|n| format!("key {n:b}")).collect()
}

/// `LoadEmpty`, `LoadOrStore`, `All`, `Clear/Simple`.
#[test]
fn test_hash_trie_map() {
    each_hash(|new| {
        let map = new();
        keys().iter().for_each(|key| assert_eq!(map.load(key), None));
        for (n, key) in keys().iter().enumerate() {
            assert_eq!(map.load_or_store(key, n), (n, false));
            assert_eq!((map.load(key), map.load_or_store(key, 0)), (Some(n), (n, true)));
        }
        let mut all = map.all();
        all.sort_by_key(|&(_, n)| n);
        assert!(all.into_iter().enumerate().all(|(n, (key, value))| key == keys()[n] && value == n));
        map.clear();
        keys().iter().for_each(|key| assert_eq!(map.load(key), None));
        keys().iter().for_each(|key| assert_eq!(map.load_or_store(key, 7), (7, false)));
    });
}

/// `CompareAndDelete`, `CompareAndSwap`, `Swap`, `LoadAndDelete`, each `All`, `One`, `Multiple` and `Iterate`.
#[test]
fn test_hash_trie_map_changes() {
    each_hash(|new| {
        let map = new();
        for round in 0..3 {
            for (n, key) in keys().iter().enumerate() {
                assert_eq!(map.swap(key, n), None);
                assert!(!map.compare_and_delete(key, n + 1) && !map.compare_and_swap(key, n + 1, n));
                assert!(map.compare_and_swap(key, n, n + 1));
                assert!(!map.compare_and_swap(key, n, n + 1));
                assert_eq!(map.swap(key, n), Some(n + 1));
            }
            // Some by hand, and others while all are gone through.
            for (n, key) in keys().iter().enumerate().skip(round * 40).take(40) {
                assert!(map.compare_and_delete(key, n) && !map.compare_and_delete(key, n));
                assert_eq!(map.load_and_delete(key), None);
            }
            for (key, n) in map.all() {
                assert_eq!(map.load_and_delete(&key), Some(n));
            }
            assert_eq!(map.all(), []);
        }
    });
}

/// The parts of these, and of `LoadOrStore` and `Clear`, that are called `Concurrent..SharedKeys`: threads do the same to the
/// same keys, and each change is one's.
#[test]
fn test_hash_trie_map_shared_keys() {
    each_hash(|new| {
        let (map, keys) = (new(), keys());
        let (stored, swapped, deleted, replaced) =
            (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let count = |count: &AtomicUsize, yes: bool| {
            count.fetch_add(usize::from(yes), Ordering::Relaxed);
        };
        let together = |work: &(dyn Fn(&str) + Sync)| {
            thread::scope(|s| (0..4).for_each(|_| drop(s.spawn(|| keys.iter().for_each(|key| work(key))))));
        };
        together(&|key| count(&stored, !map.load_or_store(key, 1).1));
        together(&|key| count(&swapped, map.compare_and_swap(key, 1, 2)));
        together(&|key| count(&replaced, map.swap(key, 3) == Some(2)));
        together(&|key| count(&deleted, map.compare_and_delete(key, 3)));
        assert_eq!([stored, swapped, replaced, deleted].map(AtomicUsize::into_inner), [keys.len(); 4]);
        thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for key in &keys {
                        map.load_or_store(key, 1);
                        map.compare_and_swap(key, 1, 2);
                        map.compare_and_delete(key, 2);
                    }
                    map.clear();
                });
            }
        });
        map.clear();
        assert_eq!(map.all(), []);
    });
}

/// `TestConcurrentCache` (issue 70970): a swap and a delete of the same value do not both succeed.
#[test]
fn test_concurrent_cache() {
    let _watchdog = Watchdog::new();
    let map = Map::<usize, Arc<usize>>::new();
    thread::scope(|s| {
        for thread in 0..4 {
            let map = &map;
            s.spawn(move || {
                let mut random = random(thread);
                for _ in 0..20_000 {
                    let key = random(100);
                    let Some(old) = map.load(&key) else {
                        map.load_or_store(key, Arc::new(key));
                        continue;
                    };
                    assert_eq!(*old, key);
                    let is_old = |value: &Arc<usize>| Arc::ptr_eq(value, &old);
                    if random(2) == 0 {
                        // Who has deleted it has the only other one.
                        let Some(deleted) = map.delete_if(&key, is_old) else { continue };
                        assert!(Arc::ptr_eq(&deleted, &old));
                    } else {
                        let _ = map.swap_if(&key, is_old, Arc::new(key));
                    }
                    assert!(map.delete_if(&key, is_old).is_none(), "it is gone for good");
                }
            });
        }
    });
}
