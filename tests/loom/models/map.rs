//! The map, with two tables. Keys are their own hashes: 0 belongs to the first table, 1 to the second one.

use std::hash::{BuildHasherDefault, Hasher};

use gosync::{Map, go};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const WRITE: &str = "map.write-before-observing-read";
const ALL: &str = "map.range-clear";
const PASS: &str = "gosync.map-pass";
const INSTANT: &str = "gosync.map-instant";

/// Wakes a thread that waits for a table's lock.
const WAITED: &[&str] = &["sleeper.wake"];

#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Keys = Map<u64, u8, BuildHasherDefault<Itself>>;

/// What a write does to the value of 0.
type Write = fn(&Keys);

/// Sets it to 1; it had none.
const STORES: [(&str, Write); 4] = [
    ("store", |map| map.store(0, 1)),
    ("swap", |map| assert_eq!(map.swap(0, 1), None)),
    ("load_or_store", |map| assert_eq!(map.load_or_store(0, 1), (1, false))),
    ("load_or_store_with", |map| assert_eq!(map.load_or_store_with(0, || 1), (1, false))),
];

/// Sets it to 1; it was 0.
const CHANGES: [(&str, Write); 3] = [
    ("store over another", |map| map.store(0, 1)),
    ("compare_and_swap", |map| assert_eq!(map.compare_and_swap(&0, &0, 1), Ok(0))),
    ("swap_if", |map| assert_eq!(map.swap_if(&0, |&value| value == 0, 1), Ok(0))),
];

/// Deletes it; it was 0.
const DELETES: [(&str, Write); 4] = [
    ("delete", |map| assert!(map.delete(&0))),
    ("load_and_delete", |map| assert_eq!(map.load_and_delete(&0), Some(0))),
    ("compare_and_delete", |map| assert_eq!(map.compare_and_delete(&0, &0), Some(0))),
    ("delete_if", |map| assert_eq!(map.delete_if(&0, |_| true), Some(0))),
];

/// Whether 0 has the value 1.
type Read = fn(&Keys) -> bool;

const READS: [(&str, Read); 9] = [
    ("contains_key", |map| map.contains_key(&0)),
    ("load_or_store", |map| map.load_or_store(0, 2) == (1, true)),
    ("load_or_store_with", |map| map.load_or_store_with(0, || 2) == (1, true)),
    ("swap", |map| map.swap(0, 2) == Some(1)),
    ("load_and_delete", |map| map.load_and_delete(&0) == Some(1)),
    ("compare_and_swap", |map| map.compare_and_swap(&0, &1, 2) == Ok(1)),
    ("compare_and_swap that fails", |map| {
        let mut seen = false;
        let look = |&value: &u8| {
            seen = value == 1;
            false
        };
        assert_eq!(map.swap_if(&0, look, 2), Err(2));
        seen
    }),
    ("compare_and_delete", |map| map.compare_and_delete(&0, &1) == Some(1)),
    ("len", |map| map.len() == 1),
];

pub(crate) fn models() -> Vec<Model> {
    let stores = STORES.map(|(name, write)| seen(WRITE, format!("writes: {name}"), None, write, has_one));
    let changes = CHANGES.map(|(name, write)| seen(WRITE, format!("writes: {name}"), Some(0), write, has_one));
    let deletes = DELETES.map(|(name, write)| seen(WRITE, format!("writes: {name}"), Some(0), write, has_none));
    let reads = READS.map(|(name, read)| seen(WRITE, format!("reads: {name}"), None, STORES[0].1, read));
    let all = vec![
        seen(ALL, "an iterator", None, STORES[0].1, |map| map.iter().eq([(0, 1)])),
        seen(ALL, "clear", Some(0), Map::clear, has_none),
        holds(WRITE, "the first use of the map", || {
            let (d, map) = (Plain::new(), Arc::new(Keys::default()));
            let other = go({
                let (d, map) = (d.clone(), Arc::clone(&map));
                move || {
                    d.write(1);
                    map.store(0, 1);
                }
            });
            look(&d, &map, has_one);
            other.join().unwrap();
            assert!(has_one(&map));
        })
        .bound(3)
        .witnesses(&["seen", "not yet"]),
        holds(INSTANT, "one of two is stored", || {
            let map = Arc::new(Keys::default());
            let other = go({
                let map = Arc::clone(&map);
                move || map.load_or_store(0, 1)
            });
            let (own, loaded) = map.load_or_store(0, 2);
            let (others, others_loaded) = other.join().unwrap();
            assert!(own == others && loaded != others_loaded, "{own} {loaded} {others} {others_loaded}");
            assert_eq!((map.load(&0), map.len()), (Some(own), 1));
            witness(if loaded { "the other's" } else { "this one's" });
        })
        .bound(3)
        .witnesses(&["this one's", "the other's"])
        .reaches(&["map.look-again"]),
        holds(INSTANT, "a swap and a delete of one value", || {
            let map = Arc::new(touched(Some(0)));
            let other = go({
                let map = Arc::clone(&map);
                move || map.compare_and_delete(&0, &0).is_some()
            });
            let swapped = map.compare_and_swap(&0, &0, 1).is_ok();
            let deleted = other.join().unwrap();
            assert!(swapped != deleted);
            assert_eq!(map.load(&0), swapped.then_some(1));
            witness(if swapped { "swapped" } else { "deleted" });
        })
        .witnesses(&["swapped", "deleted"]),
        holds(INSTANT, "a clear between two stores", || {
            let map = Arc::new(touched(None));
            let other = go({
                let map = Arc::clone(&map);
                move || map.clear()
            });
            map.store(0, 1);
            map.store(1, 1);
            other.join().unwrap();
            let left = [map.contains_key(&0), map.contains_key(&1)];
            witness(match left {
                [true, true] => "before both",
                [false, true] => "between",
                [false, false] => "after both",
                [true, false] => panic!("the first one's table was cleared before, and the second one's after"),
            });
        })
        .bound(3)
        .witnesses(&["before both", "between", "after both"])
        .reaches(WAITED),
        holds(INSTANT, "a length while a key takes the place of another", || {
            let map = Arc::new(touched(None));
            map.store(1, 1);
            let other = go({
                let map = Arc::clone(&map);
                move || map.len()
            });
            map.store(0, 1);
            map.delete(&1);
            witness(match other.join().unwrap() {
                1 => "one",
                2 => "two",
                len => panic!("there were never {len}"),
            });
        })
        .bound(3)
        .witnesses(&["one", "two"]),
        holds(INSTANT, "two clears, and a length", || {
            let map = Arc::new(touched(Some(0)));
            let other = go({
                let map = Arc::clone(&map);
                move || map.clear()
            });
            map.clear();
            assert_eq!(map.len(), 0);
            other.join().unwrap();
        })
        .bound(3)
        .reaches(WAITED),
        fails(WRITE, "write after the store", Verdict::Race, || {
            races(
                None,
                |d, map| {
                    map.store(0, 1);
                    d.write(1);
                },
                has_one,
            );
        }),
        fails(WRITE, "a load that found nothing", Verdict::Race, || {
            races(
                None,
                |d, map| {
                    d.write(1);
                    map.store(0, 1);
                },
                has_none,
            );
        }),
        fails(WRITE, "a swap that failed", Verdict::Race, || {
            races(
                None,
                |d, map| {
                    d.write(1);
                    assert_eq!(map.compare_and_swap(&0, &0, 1), Err(1));
                },
                has_none,
            );
        }),
        fails(ALL, "write after the clear", Verdict::Race, || {
            races(
                Some(0),
                |d, map| {
                    map.clear();
                    d.write(1);
                },
                has_none,
            );
        }),
    ];
    let pass = vec![
        holds(PASS, "a reader and a writer", || {
            meet(
                Some(0),
                |d, map| {
                    d.write(1);
                    map.store(0, 1);
                },
                has_one,
            );
        })
        .with_seats(2)
        .witnesses(&["seen", "not yet"])
        .reaches(&["biased.announce", "biased.shut", "biased.retreat"]),
        holds(PASS, "a reader, and a writer before another", || {
            let (d, map) = (Plain::new(), Arc::new(touched(Some(0))));
            let write = move |d: Plain, map: Arc<Keys>| {
                move || {
                    d.write(1);
                    map.store(0, 1);
                    // The second one opens it, for others.
                    (0..2).for_each(|_| _ = map.load(&0));
                }
            };
            let other = go(write(d.clone(), Arc::clone(&map)));
            look(&d, &map, has_one);
            look(&d, &map, has_one);
            other.join().unwrap();
        })
        .bound(3)
        .with_seats(2)
        .witnesses(&["seen", "not yet"])
        .reaches(&["biased.announce", "biased.open"]),
        holds(PASS, "two readers and a writer", || {
            let map = Arc::new(touched(Some(0)));
            // One of the three has no seat.
            let others = [(); 2].map(|()| {
                let map = Arc::clone(&map);
                // The first time it takes the lock.
                go(move || (0..2).for_each(|_| _ = map.load(&0)))
            });
            map.store(0, 1);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(map.load(&0), Some(1));
        })
        .bound(2)
        .with_seats(2)
        .reaches(&["biased.announce", "biased.shut"]),
        holds(PASS, "a clone that uses another map", || {
            // Who passes by the lock of the first one takes that of the other.
            let (d, other) = (Plain::new(), Arc::new(touched(Some(0))));
            let map: Arc<Map<u64, Uses, BuildHasherDefault<Itself>>> = Arc::default();
            map.store(0, Uses(d.clone(), Arc::clone(&other)));
            (0..2).for_each(|_| drop(map.load(&0)));
            let writer = go({
                let (d, map) = (d.clone(), Arc::clone(&map));
                move || {
                    let change = |_: &Uses| {
                        d.increment();
                        false
                    };
                    assert!(map.swap_if(&0, change, Uses(d.clone(), other)).is_err());
                }
            });
            map.load(&0);
            writer.join().unwrap();
        })
        .bound(3)
        .with_seats(2)
        .reaches(&["biased.one-at-a-time", "biased.shut"]),
    ];
    let plain: Vec<Model> = stores.into_iter().chain(changes).chain(deletes).chain(reads).chain(all).collect();
    let seated: Vec<Model> =
        plain.iter().filter(|model| model.expected == Verdict::Pass).map(|model| model.seated(2)).collect();
    plain.into_iter().chain(seated).chain(pass).collect()
}

fn has_one(map: &Keys) -> bool {
    map.load(&0) == Some(1)
}

fn has_none(map: &Keys) -> bool {
    map.load(&0).is_none()
}

/// A value whose clone looks at memory after it has used a map.
struct Uses(Plain, Arc<Keys>);

impl Clone for Uses {
    fn clone(&self) -> Uses {
        assert!(self.1.contains_key(&0));
        self.0.read();
        Uses(self.0.clone(), Arc::clone(&self.1))
    }
}

/// Who sees the write sees what was before it.
fn seen(rule: &'static str, name: impl Into<String>, value: Option<u8>, write: Write, read: Read) -> Model {
    let body = move || {
        meet(
            value,
            move |d, map| {
                d.write(1);
                write(map);
            },
            read,
        );
    };
    holds(rule, name, body).bound(3).witnesses(&["seen", "not yet"])
}

/// One thread does this with the map, in which 0 has this value, while another looks.
fn meet(value: Option<u8>, write: impl FnOnce(&Plain, &Keys) + Send + 'static, read: Read) {
    let (d, map) = (Plain::new(), Arc::new(touched(value)));
    let other = go({
        let (d, map) = (d.clone(), Arc::clone(&map));
        move || write(&d, &map)
    });
    look(&d, &map, read);
    other.join().unwrap();
}

/// As [`meet`], and whatever was written is read.
fn races(value: Option<u8>, write: impl FnOnce(&Plain, &Keys) + Send + 'static, read: Read) {
    let (d, map) = (Plain::new(), Arc::new(touched(value)));
    let other = go({
        let (d, map) = (d.clone(), Arc::clone(&map));
        move || write(&d, &map)
    });
    if read(&map) {
        d.read();
    }
    other.join().unwrap();
}

fn look(d: &Plain, map: &Keys, read: Read) {
    if read(map) {
        witness("seen");
        assert_eq!(d.read(), 1);
    } else {
        witness("not yet");
    }
}

/// A map that has been used before, and whose tables' locks can be passed by.
fn touched(value: Option<u8>) -> Keys {
    let map = Keys::default();
    assert!(map.is_empty());
    value.into_iter().for_each(|value| map.store(0, value));
    opened(map, 0)
}

/// With the lock of a key's table open: the second reader after a write opens it.
fn opened(map: Keys, key: u64) -> Keys {
    (0..2).for_each(|_| _ = map.load(&key));
    map
}
