//! Maps: who passes by the lock of a table meets who writes, and what is about all keys happens at one instant. There are two
//! tables, and two of the threads can pass by their locks.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gosync::Map;
use gosync_atomic::__sys::control::give_seats;

use crate::kit::{Room, any, threads};
use crate::scenario::{IS_WRONG, Scenario, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("map", 6, passed_by).convicts(IS_WRONG, &["biased.wait", "biased.look-again", "biased.used"]),
        holds("map, of maps", 6, of_maps).convicts(IS_WRONG, &["biased.one-at-a-time", "biased.wait"]),
        holds("map, cleared", 6, cleared)
            .witnesses(&["before both", "in between", "after both"])
            .convicts(IS_WRONG, &["map.clear.keep"]),
        holds("map, counted", 6, counted).witnesses(&["one", "two"]).convicts(IS_WRONG, &["map.len.keep"]),
        holds("map, stored by one", 6, stored_by_one)
            .witnesses(&["found", "stored"])
            .convicts(IS_WRONG, &["map.look-again"]),
    ]
}

/// Keys are their own hashes: 0 and 2 belong to the first table, 1 and 3 to the second one.
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

type Keys<V> = Map<u64, V, BuildHasherDefault<Itself>>;

/// A map whose locks have been passed by.
fn open_map<V: Clone>(keys: &[u64], value: impl Fn() -> V) -> Keys<V> {
    give_seats(2);
    let map = Keys::default();
    keys.iter().for_each(|&key| map.store(key, value()));
    (0..2).for_each(|_| [0, 1].iter().for_each(|key| _ = map.load(key)));
    map
}

/// Notices who is at it when it is cloned, which may do something else, too.
struct Seen<'a>(&'a Room, &'a (dyn Fn() + Sync));

impl Clone for Seen<'_> {
    fn clone(&self) -> Self {
        self.0.among(|_| {
            (self.1)();
            Seen(self.0, self.1)
        })
    }
}

/// Looks, or finds nobody else there, under the lock for writing.
fn read_or_write(map: &Keys<Seen<'_>>, one_in: usize) {
    if any(one_in) != 0 {
        assert!(map.load(&0).is_some());
        return;
    }
    let look = |seen: &Seen<'_>| {
        seen.0.alone(|| ());
        true
    };
    let new = map.load(&0).expect("nobody deletes it");
    assert!(map.swap_if(&0, look, new).is_ok());
}

fn passed_by() {
    let room = Room::default();
    let map = open_map(&[0], || Seen(&room, &|| ()));
    threads(6, |_| (0..3).for_each(|_| read_or_write(&map, 3)));
}

/// Who passes by one lock takes the next one, or the first would not be named any more.
fn of_maps() {
    let rooms = [Room::default(), Room::default()];
    let inner = open_map(&[0], || Seen(&rooms[0], &|| ()));
    let look_there = || assert!(inner.load(&0).is_some());
    let outer = open_map(&[0], || Seen(&rooms[1], &look_there));
    threads(6, |me| {
        for _ in 0..2 {
            match me {
                5 => read_or_write(&inner, 3),
                _ => read_or_write(&outer, 3),
            }
        }
    });
}

/// Two threads store two keys each, in their order, and nothing may clear the second one only.
fn cleared() {
    let map = open_map(&[], || 0);
    threads(6, |me| match me {
        0 => (0..2).for_each(|key| map.store(key, 0)),
        1 => (2..4).for_each(|key| map.store(key, 0)),
        2 => map.clear(),
        3 => _ = map.len(),
        _ => _ = map.load(&(any(4) as u64)),
    });
    let left = [0, 1, 2, 3].map(|key| map.contains_key(&key));
    for pair in left.chunks(2) {
        witness(match pair {
            [true, true] => "before both",
            [false, true] => "in between",
            [false, false] => "after both",
            _ => panic!("cleared in part"),
        });
    }
    assert_eq!(map.len(), left.into_iter().filter(|&there| there).count());
}

/// One thread moves a value back and forth, and it is always in one of two places, or in both.
fn counted() {
    let map = open_map(&[0], || 0);
    threads(6, |me| {
        for n in 0..2 {
            match me {
                0 => {
                    map.store(1 - n, 0);
                    assert!(map.delete(&n));
                }
                1..3 => assert_ne!(map.iter().count(), 3),
                _ => witness(match map.len() {
                    1 => "one",
                    2 => "two",
                    other => panic!("counted {other}, at no instant"),
                }),
            }
        }
    });
}

/// Whoever comes first, by whichever way, all have its value.
fn stored_by_one() {
    let (map, stored) = (open_map(&[], || 0), AtomicUsize::new(0));
    threads(6, |me| {
        let (own, loaded) = if any(2) == 0 { map.load_or_store(0, me) } else { map.load_or_store_with(0, || me) };
        witness(if loaded { "found" } else { "stored" });
        assert!(loaded || own == me);
        stored.fetch_add(usize::from(!loaded), Relaxed);
        assert_eq!(map.load(&0), Some(own));
    });
    assert_eq!(stored.into_inner(), 1, "one of them, and no other, has stored it");
}
