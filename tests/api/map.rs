//! `Map`: keys and values whose code panics, or comes back to the map; drops; hashes of every kind; the iterators.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use gosync::Map;
use gosync_tests::times;

use crate::rng::Rng;
use crate::watchdog::Watchdog;

/// As a static, without anything before it is used.
static MAP: Map<&str, usize> = Map::new();

#[test]
fn in_a_static() {
    assert_eq!(MAP.load("one"), None);
    MAP.store("one", 1);
    let key = String::from("one");
    assert_eq!((MAP.load(&*key), MAP.contains_key("two")), (Some(1), false));
    assert_eq!(format!("{MAP:?}"), "Map { .. }");
}

/// One hash for all, few hashes, and those of identity.
#[derive(Clone, Copy, Default)]
struct Masked<const MASK: u64>(u64);

impl<const MASK: u64> Hasher for Masked<MASK> {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0 << 8 | u64::from(byte));
    }

    fn finish(&self) -> u64 {
        self.0 & MASK
    }
}

/// The same operations, at random, on a map and on std's.
fn as_std<S: BuildHasher>(map: &Map<u16, u32, S>) {
    let (mut std, mut rng) = (HashMap::new(), Rng::new(1));
    for n in 0..times(20_000) as u32 {
        // So that it grows and shrinks.
        let keys = if n / 2_000 % 2 == 0 { 2_000 } else { 20 };
        let key = rng.below(keys) as u16;
        let (old, new) = (std.get(&key).copied(), n);
        let guess = old.filter(|_| n % 3 != 0).unwrap_or(u32::MAX);
        match rng.below(12) {
            0 => assert_eq!(map.load(&key), old),
            1 => assert_eq!(map.contains_key(&key), old.is_some()),
            2 => {
                map.store(key, new);
                std.insert(key, new);
            }
            3 => assert_eq!(map.swap(key, new), std.insert(key, new)),
            4 => {
                let is = *std.entry(key).or_insert(new);
                assert_eq!(map.load_or_store(key, new), (is, old.is_some()));
            }
            5 => {
                let is = *std.entry(key).or_insert(new);
                assert_eq!(map.load_or_store_with(key, || new), (is, old.is_some()));
            }
            6 => assert_eq!(map.delete(&key), std.remove(&key).is_some()),
            7 => assert_eq!(map.load_and_delete(&key), std.remove(&key)),
            8 if old == Some(guess) => {
                std.insert(key, new);
                assert_eq!(map.compare_and_swap(&key, &guess, new), Ok(guess));
            }
            8 => assert_eq!(map.compare_and_swap(&key, &guess, new), Err(new)),
            9 => {
                let deleted = (old == Some(guess)).then(|| std.remove(&key)).flatten();
                assert_eq!(map.compare_and_delete(&key, &guess), deleted);
            }
            10 if rng.below(200) == 0 => {
                map.clear();
                std.clear();
            }
            _ => assert_eq!((map.len(), map.is_empty()), (std.len(), std.is_empty())),
        }
    }
    assert!(!std.is_empty());
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_unstable();
    let mut expected: Vec<_> = std.into_iter().collect();
    expected.sort_unstable();
    assert_eq!(pairs, expected);
}

#[test]
fn does_what_std_does() {
    as_std(&Map::<_, _>::new());
    as_std(&Map::with_hasher(BuildHasherDefault::<Masked<0>>::new()));
    as_std(&Map::with_hasher(BuildHasherDefault::<Masked<7>>::new()));
    as_std(&Map::with_hasher(BuildHasherDefault::<Masked<{ u64::MAX }>>::new()));
}

/// Counts those that are alive.
struct Alive<'a>(&'a Cell<usize>, u8);

impl<'a> Alive<'a> {
    fn new(count: &'a Cell<usize>, n: u8) -> Alive<'a> {
        count.set(count.get() + 1);
        Alive(count, n)
    }
}

impl Clone for Alive<'_> {
    fn clone(&self) -> Self {
        Alive::new(self.0, self.1)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl PartialEq for Alive<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl Eq for Alive<'_> {}

impl Hash for Alive<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.1.hash(state);
    }
}

#[test]
fn each_key_and_value_is_dropped_once() {
    let count = Cell::new(0);
    let new = |n| Alive::new(&count, n);
    let map = Map::<_, _>::new();
    map.store(new(1), new(10));
    assert_eq!(count.get(), 2);
    map.store(new(1), new(11));
    assert_eq!(count.get(), 2, "the second key and the first value are gone");
    drop(map.load_or_store(new(1), new(12)));
    assert_eq!(count.get(), 2);
    assert!(map.compare_and_swap(&new(1), &new(11), new(13)).is_ok());
    assert!(map.compare_and_swap(&new(1), &new(11), new(14)).is_err());
    assert_eq!(count.get(), 2);
    drop(map.load_or_store(new(2), new(20)));
    assert_eq!(count.get(), 4);
    assert!(map.compare_and_delete(&new(1), &new(13)).is_some());
    assert_eq!(count.get(), 2);
    (3..100).for_each(|n| map.store(new(n), new(n)));
    let mut iter = map.iter();
    assert!(iter.next().is_some());
    map.clear();
    assert!(count.get() < 2 * 98, "but for what the iterator has");
    drop(iter);
    assert_eq!(count.get(), 0);
    (0..100).for_each(|n| map.store(new(n), new(n)));
    let mut left = map.into_iter();
    assert!(left.next().is_some());
    assert_eq!(count.get(), 198);
    drop(left);
    assert_eq!(count.get(), 0);
    let map = Map::<_, _>::from([(new(1), new(1)), (new(2), new(2))]);
    assert_eq!((map.len(), count.get()), (2, 4));
    drop(map);
    assert_eq!(count.get(), 0);
    assert_eq!(Map::<Alive<'_>, ()>::new().into_iter().count(), 0, "never used");
}

/// Panics when it is its turn: in `Eq`, `Hash`, `Clone` or `PartialEq`.
#[derive(Debug)]
struct Bomb(u8);

thread_local! {
    static ARMED: Cell<&'static str> = const { Cell::new("") };
    /// So many times it does not go off yet.
    static SPARED: Cell<usize> = const { Cell::new(0) };
}

fn trip(place: &str) {
    if ARMED.get() == place && SPARED.replace(SPARED.get().saturating_sub(1)) == 0 {
        ARMED.set("");
        panic!("{place}");
    }
}

impl PartialEq for Bomb {
    fn eq(&self, other: &Bomb) -> bool {
        trip("eq");
        self.0 == other.0
    }
}

impl Eq for Bomb {}

impl Hash for Bomb {
    fn hash<H: Hasher>(&self, state: &mut H) {
        trip("hash");
        self.0.hash(state);
    }
}

impl Clone for Bomb {
    fn clone(&self) -> Bomb {
        trip("clone");
        Bomb(self.0)
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        trip("drop");
    }
}

#[test]
fn a_panic_leaves_the_map_as_it_was() {
    let _watchdog = Watchdog::new();
    type Operation = fn(&Map<Bomb, Bomb>);
    let operations: [(Operation, &[&'static str]); 11] = [
        (|map| drop(map.load(&Bomb(1))), &["eq", "hash", "clone"]),
        (|map| assert!(map.contains_key(&Bomb(1))), &["eq", "hash"]),
        (|map| map.store(Bomb(1), Bomb(1)), &["eq", "hash"]),
        (|map| map.store(Bomb(9), Bomb(9)), &["hash"]),
        (|map| drop(map.load_or_store(Bomb(1), Bomb(5))), &["eq", "hash", "clone"]),
        (|map| drop(map.load_or_store(Bomb(9), Bomb(9))), &["hash", "clone"]),
        (|map| drop(map.load_or_store_with(Bomb(9), || panic!("make"))), &["hash", "none"]),
        (|map| drop(map.compare_and_swap(&Bomb(1), &Bomb(1), Bomb(1))), &["eq", "hash"]),
        (|map| drop(map.compare_and_delete(&Bomb(1), &Bomb(1))), &["eq", "hash"]),
        (|map| drop(map.swap_if(&Bomb(1), |_| panic!("is_old"), Bomb(1))), &["eq", "hash", "none"]),
        (|map| assert_eq!(map.iter().count(), 3), &["clone"]),
    ];
    let map: Map<_, _> = (0..3).map(|n| (Bomb(n), Bomb(n))).collect();
    for (n, (operation, places)) in operations.into_iter().enumerate() {
        for &place in places {
            ARMED.set(place);
            let result = catch_unwind(AssertUnwindSafe(|| operation(&map)));
            ARMED.set("");
            assert!(result.is_err(), "operation {n}: {place}");
            assert_eq!(map.len(), 3, "operation {n}: {place}");
            (0..3).for_each(|n| assert_eq!(map.load(&Bomb(n)), Some(Bomb(n))));
        }
    }
}

/// Tables that grow and shrink hash their keys again, under a lock.
#[test]
fn a_panic_while_a_table_changes_its_size_leaves_the_map_as_it_was() {
    const KEYS: u8 = 180;
    let _watchdog = Watchdog::new();
    let map = Map::<Bomb, Bomb, BuildHasherDefault<Masked<1>>>::default();
    let mut again = [0, 0];
    let mut until_it_is_done = |of: usize, operation: &dyn Fn(), left: &dyn Fn() -> std::ops::Range<u8>| {
        for spared in 0.. {
            let before = left();
            ARMED.set("hash");
            SPARED.set(spared);
            let result = catch_unwind(AssertUnwindSafe(operation));
            ARMED.set("");
            let after = if result.is_ok() { left() } else { before };
            assert_eq!(map.len(), after.len());
            (0..KEYS).for_each(|n| assert_eq!(map.load(&Bomb(n)).is_some(), after.contains(&n), "{n}"));
            if result.is_ok() {
                again[of] += spared - 1;
                break;
            }
        }
    };
    let done = Cell::new(0);
    for n in 0..KEYS {
        let store = || {
            assert!(map.swap(Bomb(n), Bomb(n)).is_none());
            done.set(n + 1);
        };
        until_it_is_done(0, &store, &|| 0..done.get());
    }
    done.set(0);
    for n in 0..KEYS {
        let delete = || {
            assert!(map.delete(&Bomb(n)));
            done.set(n + 1);
        };
        until_it_is_done(1, &delete, &|| done.get()..KEYS);
    }
    // How often hashes were computed again.
    assert!(again[0] >= usize::from(KEYS) && again[1] > 0, "{again:?}");
}

#[test]
fn a_drop_that_panics_has_done_what_it_was_about() {
    let _watchdog = Watchdog::new();
    let map: Map<_, _> = (0..100).map(|n| (n, Bomb(n))).collect();
    let panics = |operation: &dyn Fn()| {
        ARMED.set("drop");
        assert!(catch_unwind(AssertUnwindSafe(operation)).is_err());
    };
    panics(&|| map.store(1, Bomb(2)));
    assert_eq!(map.load(&1).map(|bomb| bomb.0), Some(2));
    panics(&|| assert!(map.delete(&1)));
    assert_eq!((map.load(&1), map.len()), (None, 99));
    panics(&|| map.clear());
    assert!(map.is_empty());
}

/// A key or value that is counted. The drop of the next one panics, or that of each.
struct Charged(u8, Rc<()>);

impl PartialEq for Charged {
    fn eq(&self, other: &Charged) -> bool {
        self.0 == other.0
    }
}

impl Eq for Charged {}

impl Hash for Charged {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Clone for Charged {
    fn clone(&self) -> Charged {
        Charged(self.0, Rc::clone(&self.1))
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        trip("drop");
        if ARMED.get() == "each drop" && !std::thread::panicking() {
            panic!("each drop");
        }
    }
}

/// What was about to be returned goes too, and so does what a table has behind the one that panics.
#[test]
fn a_drop_that_panics_loses_nothing() {
    let _watchdog = Watchdog::new();
    type Operation = fn(Map<Charged, Charged>, Charged);
    // Each drops one before it returns another one, or drops all.
    let operations: [Operation; 12] = [
        |map, new| drop(map.swap(new.clone(), new)),
        |map, new| drop(map.load_or_store(new.clone(), new)),
        |map, new| drop(map.load_or_store_with(new, || unreachable!("there is one"))),
        |map, new| {
            let key = new.clone();
            drop(map.load_or_store_with(key, move || new));
        },
        |map, new| drop(map.load_and_delete(&new)),
        |map, new| drop(map.delete_if(&new.clone(), move |value| *value == new)),
        |map, new| {
            let (key, other) = (new.clone(), new.clone());
            drop(map.swap_if(&key, move |value| *value == other, new));
        },
        |map, new| {
            let (key, other) = (new.clone(), new.clone());
            drop(map.swap_if(&key, move |value| *value != other, new));
        },
        |map, _| map.clear(),
        |map, _| drop(map),
        |map, _| drop(map.into_iter()),
        |map, _| {
            let mut rest = map.into_iter();
            drop(rest.next());
        },
    ];
    for (n, operation) in operations.into_iter().enumerate() {
        for armed in ["drop", "each drop"] {
            let count = Rc::new(());
            let new = |key| Charged(key, Rc::clone(&count));
            let map: Map<_, _> = (0..200).map(|key| (new(key), new(key))).collect();
            let given = new(150);
            ARMED.set(armed);
            let result = catch_unwind(AssertUnwindSafe(|| operation(map, given)));
            ARMED.set("");
            assert!(result.is_err(), "operation {n}, {armed}");
            assert_eq!(Rc::strong_count(&count), 1, "operation {n}, {armed}");
        }
    }
}

/// A value each of which, also a clone, uses the map when it is dropped.
struct Counts(&'static Map<Bomb, Counts>);

impl Clone for Counts {
    fn clone(&self) -> Counts {
        Counts(self.0)
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        assert!(self.0.len() < 100);
    }
}

#[test]
fn nothing_is_dropped_under_a_lock_when_a_table_cannot_grow() {
    let _watchdog = Watchdog::new();
    let map: &Map<_, _> = Box::leak(Box::default());
    let mut panics = 0;
    for n in 0..99 {
        ARMED.set("hash");
        SPARED.set(1);
        let result = catch_unwind(|| drop(map.load_or_store(Bomb(n), Counts(map))));
        ARMED.set("");
        if result.is_err() {
            panics += 1;
            assert!(!map.contains_key(&Bomb(n)));
            map.store(Bomb(n), Counts(map));
        }
    }
    assert!(panics > 0, "no table has grown");
}

/// A value whose drop uses the map that it was in.
struct Returns;

thread_local! {
    static CLEARS: Cell<Option<&'static Map<u8, Rc<Returns>>>> = const { Cell::new(None) };
    static DROPS: Cell<usize> = const { Cell::new(0) };
}

impl Drop for Returns {
    fn drop(&mut self) {
        if let Some(map) = CLEARS.get() {
            DROPS.set(DROPS.get() + 1);
            // Whatever its table is: it waits for all of them.
            map.clear();
            assert!(map.is_empty());
        }
    }
}

#[test]
fn drops_may_use_the_map() {
    let _watchdog = Watchdog::new();
    let map: &Map<_, _> = Box::leak(Box::default());
    CLEARS.set(Some(map));
    let new = || Rc::new(Returns);
    map.store(1, new());
    map.store(1, new());
    assert!(map.is_empty(), "the first one has cleared it");
    map.store(1, new());
    assert!(map.load_or_store(1, new()).1);
    map.store(1, new());
    assert!(map.delete(&1));
    map.store(1, new());
    assert!(map.delete_if(&1, |_| true).is_some());
    map.store(1, new());
    map.clear();
    let captured = new();
    map.store(1, new());
    assert!(map.swap_if(&1, move |value| Rc::ptr_eq(value, &captured), new()).is_err());
    assert_eq!(DROPS.get(), 10);
    CLEARS.set(None);
}

/// A key whose drop uses the map, and whose value cannot be cloned.
#[test]
fn a_key_is_dropped_without_a_lock_when_the_clone_of_its_value_panics() {
    static MAP: Map<Key, Value> = Map::new();
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Key;
    impl Drop for Key {
        fn drop(&mut self) {
            if DROPS.fetch_add(1, Ordering::Relaxed) == 0 {
                MAP.clear();
            }
        }
    }
    struct Value;
    impl Clone for Value {
        fn clone(&self) -> Value {
            resume_unwind(Box::new("expected"))
        }
    }
    let _watchdog = Watchdog::new();
    MAP.store(Key, Value);
    let key = Key;
    // So many that some pass by the table's lock.
    (0..100).for_each(|_| assert!(MAP.contains_key(&key)));
    assert!(catch_unwind(|| MAP.iter().count()).is_err());
    assert_eq!((DROPS.load(Ordering::Relaxed), MAP.len()), (2, 0), "the clone, and the one that was there");
}

#[test]
fn odd_values() {
    #[repr(align(512))]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    struct Aligned(u8);
    let map = Map::<_, _>::new();
    for n in 0..200 {
        map.store(Aligned(n), Aligned(n));
    }
    let is_in_its_place = |value: &Aligned| std::ptr::from_ref(value).addr() % 512 == 0;
    (0..200).step_by(2).for_each(|n| assert!(map.delete_if(&Aligned(n), is_in_its_place).is_some()));
    assert!(map.iter().all(|(key, value)| key == value && key.0 % 2 == 1));
    let mut iter = map.iter();
    assert_eq!(iter.by_ref().count(), 100);
    assert!(iter.next().is_none(), "it has ended");
    assert_eq!(map.into_iter().count(), 100);

    let nothing = Map::<(), ()>::new();
    assert_eq!((nothing.swap((), ()), nothing.swap((), ())), (None, Some(())));
    assert_eq!((nothing.len(), nothing.iter().count(), nothing.delete(&())), (1, 1, true));

    // What is borrowed goes before the map, and neither looks at the other.
    let text = String::from("a b c");
    let words: Map<&str, &mut usize> = Map::new();
    let mut counts = [0; 3];
    (&words).extend(text.split(' ').zip(&mut counts));
    drop(words);
    assert_eq!(counts, [0; 3]);

    let dynamic: Map<Box<str>, Arc<dyn Fn() -> usize + Send + Sync>> = Map::new();
    dynamic.store("seven".into(), Arc::new(|| 7));
    assert_eq!(dynamic.load("seven").unwrap()(), 7);
    assert!(dynamic.swap_if("seven", |seven| seven() == 7, Arc::new(|| 8)).is_ok());

    let large = Map::<u64, [u64; 1_000]>::new();
    (0..100).for_each(|n| large.store(n, [n; 1_000]));
    assert!((0..100).all(|n| large.load(&n).is_some_and(|value| value[999] == n)));
}

/// The map is not there yet when its hasher is made.
#[test]
fn a_hasher_that_cannot_be_made() {
    static MAP: Map<u8, Arc<u8>, Fails> = Map::new();
    thread_local!(static USES: Cell<bool> = const { Cell::new(false) });
    struct Fails;
    impl Default for Fails {
        fn default() -> Fails {
            if USES.get() {
                MAP.store(1, Arc::new(1));
            }
            resume_unwind(Box::new("expected"))
        }
    }
    impl BuildHasher for Fails {
        type Hasher = Masked<0>;
        fn build_hasher(&self) -> Masked<0> {
            unreachable!("there is none")
        }
    }
    let _watchdog = Watchdog::new();
    USES.set(true);
    let value = Arc::new(2);
    for _ in 0..3 {
        let theirs = Arc::clone(&value);
        assert!(catch_unwind(|| MAP.store(1, theirs)).is_err());
        assert!(catch_unwind(|| MAP.len()).is_err());
        assert!(catch_unwind(|| MAP.iter().next()).is_err());
        assert_eq!(Arc::strong_count(&value), 1);
    }
    let map = Map::<u8, u8, Fails>::new();
    assert!(catch_unwind(|| map.load(&1)).is_err());
    assert_eq!(map.into_iter().count(), 0);
}

/// One that is given is used as it is, and none is made.
#[test]
fn a_hasher_that_is_given() {
    #[derive(Clone)]
    struct Given<'a>(&'a AtomicUsize);
    impl BuildHasher for Given<'_> {
        type Hasher = Masked<7>;
        fn build_hasher(&self) -> Masked<7> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Masked::default()
        }
    }
    let uses = AtomicUsize::new(0);
    let map = Map::with_hasher(Given(&uses));
    (0..100).for_each(|n| map.store(n, n));
    assert!((100..300).contains(&uses.load(Ordering::Relaxed)), "one hash for each, and those again where tables grow");
    let before = uses.load(Ordering::Relaxed);
    (0..90).for_each(|n| assert!(map.delete(&n)));
    assert!((90..120).contains(&(uses.load(Ordering::Relaxed) - before)), "and those that are left where they shrink");
    assert_eq!(map.len(), 10);
}

/// Threads use a map to their last moment, when they have no seat any more; and more of them than there are seats.
#[test]
fn at_the_end_of_a_thread() {
    const THREADS: usize = 80;
    static MAP: Map<usize, Arc<usize>> = Map::new();
    static START: Barrier = Barrier::new(THREADS);
    struct User(Cell<Option<usize>>);
    impl Drop for User {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(turn);
        }
    }
    thread_local! {
        static FIRST: User = const { User(Cell::new(None)) };
        static LAST: User = const { User(Cell::new(None)) };
    }
    fn turn(thread: usize) {
        for n in 0..100 {
            let value = MAP.load(&0).unwrap();
            assert!(*value <= THREADS);
            drop(value);
            if n % 50 == 0 {
                MAP.store(0, Arc::new(thread));
            }
        }
    }
    let _watchdog = Watchdog::new();
    MAP.store(0, Arc::new(0));
    (0..100).for_each(|_| _ = MAP.load(&0));
    let threads = (0..THREADS).map(|thread| {
        thread::spawn(move || {
            // One of them is set up before the map is used, one afterwards.
            FIRST.with(|user| user.0.set(Some(thread)));
            START.wait();
            if thread % 2 == 0 {
                turn(thread);
            }
            LAST.with(|user| user.0.set(Some(thread)));
        })
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let last = MAP.load(&0).unwrap();
    assert_eq!(Arc::strong_count(&last), 2, "all others are gone");
}

/// A thread that passes by the lock of one map, and of no other meanwhile; while others write to all of them.
#[test]
fn maps_of_maps() {
    type Inner = Map<u8, Arc<usize>>;
    struct Outer(Arc<Inner>);
    impl Clone for Outer {
        fn clone(&self) -> Outer {
            assert!(self.0.load(&0).is_some_and(|value| *value < 1_000));
            assert_eq!(self.0.len(), 1);
            Outer(Arc::clone(&self.0))
        }
    }
    let _watchdog = Watchdog::new();
    let (inner, outer) = (Arc::new(Inner::new()), Map::<u8, Outer>::new());
    inner.store(0, Arc::new(0));
    outer.store(0, Outer(Arc::clone(&inner)));
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for _ in 0..times(1_000) {
                    let found = outer.load(&0).unwrap();
                    assert!(found.0.contains_key(&0));
                    assert_eq!(outer.iter().count(), 1);
                }
            });
        }
        for n in 0..times(1_000) {
            inner.store(0, Arc::new(n));
            if n % 40 == 0 {
                outer.store(0, Outer(Arc::clone(&inner)));
            }
            if n % 100 == 0 {
                thread::yield_now();
            }
        }
    });
}

/// Locks come and go at the same address, while threads keep their seats.
#[test]
fn maps_that_come_and_go() {
    let _watchdog = Watchdog::new();
    for round in 0..times(200) {
        let map = Map::<usize, Arc<usize>>::from([(0, Arc::new(round))]);
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| (0..times(40)).for_each(|_| assert_eq!(*map.load(&0).unwrap() % 1_000, round)));
            }
            (0..times(40)).for_each(|_| assert_eq!(*map.load(&0).unwrap(), round));
            map.store(0, Arc::new(round + 1_000));
        });
        assert_eq!(Arc::strong_count(&map.load(&0).unwrap()), 2);
    }
}

#[test]
fn code_that_is_called_without_a_lock_may_use_the_map() {
    let _watchdog = Watchdog::new();
    let map = Map::<u32, u32>::new();
    let fibonacci = |n| {
        fn of(map: &Map<u32, u32>, n: u32) -> u32 {
            if n < 2 { n } else { map.load_or_store_with(n, || of(map, n - 1) + of(map, n - 2)).0 }
        }
        of(&map, n)
    };
    assert_eq!((fibonacci(40), map.len()), (102_334_155, 39));
    for (key, value) in &map {
        assert_eq!(map.load_and_delete(&key), Some(value));
        map.store(key + 1_000, value);
        map.iter().for_each(|(key, _)| assert!(map.contains_key(&key)));
    }
    assert_eq!(map.len(), 39);
}

/// What threads do with keys of their own is theirs, and each key of all is stored by one of them.
#[test]
fn many_threads() {
    const THREADS: usize = 4;
    const KEYS: usize = 500;
    let _watchdog = Watchdog::new();
    let (map, stored) = (Map::<usize, usize>::new(), AtomicUsize::new(0));
    thread::scope(|s| {
        for thread in 0..THREADS {
            let (map, stored) = (&map, &stored);
            s.spawn(move || {
                for round in 0..10 {
                    for key in 0..KEYS {
                        let own = (thread + 1) * KEYS + key;
                        assert_eq!(map.swap(own, round), (round > 0 && key % 2 == 0).then(|| round - 1));
                        assert_eq!(map.load(&own), Some(round));
                        if key % 2 == 1 {
                            assert!(map.compare_and_delete(&own, &round).is_some());
                        }
                        let (value, loaded) = map.load_or_store(key, key * 7);
                        assert_eq!(value, key * 7);
                        stored.fetch_add(usize::from(!loaded), Ordering::Relaxed);
                    }
                    let mut seen = vec![0; (THREADS + 1) * KEYS];
                    map.iter().for_each(|(key, _)| seen[key] += 1);
                    assert!(seen.iter().all(|&n| n <= 1), "no key comes twice");
                    assert!(seen[..KEYS].iter().all(|&n| n == 1), "those that stay come");
                }
            });
        }
    });
    assert_eq!(stored.into_inner(), KEYS);
    assert_eq!(map.len(), KEYS + THREADS * KEYS / 2);
}
