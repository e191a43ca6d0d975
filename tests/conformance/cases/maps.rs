//! `Map`.

use std::fmt::{Display, Formatter, Result as Written};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::Map;

use crate::play::{Case, Play, case};

/// All of a map, sorted.
fn pairs<K: Display + Hash + Eq + Clone, V: Display + Clone>(map: &Map<K, V>) -> String {
    let mut all: Vec<_> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
    all.sort();
    format!("[{}]", all.join(" "))
}

fn squares(n: i32) -> Map<i32, i32> {
    (0..n).map(|i| (i, i * i)).collect()
}

/// A value, or none.
fn loaded(value: Option<impl Display>) -> String {
    value.map_or_else(|| "<nil> false".to_owned(), |value| format!("{value} true"))
}

fn both((value, loaded): (impl Display, bool)) -> String {
    format!("{value} {loaded}")
}

/// What may be nil in Go.
#[derive(Clone, Copy, PartialEq)]
struct Nil(Option<i32>);

impl Display for Nil {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("<nil>"),
        }
    }
}

/// Not equal to itself.
#[derive(Clone)]
struct NaN;

impl PartialEq for NaN {
    fn eq(&self, _: &NaN) -> bool {
        false
    }
}

impl Eq for NaN {}

impl Hash for NaN {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Display for NaN {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str("NaN")
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("map, load and store", |p| {
            let map = Map::<_, _>::new();
            p.say(loaded(map.load("a")));
            map.store("a", 1);
            p.say(loaded(map.load("a")));
            p.say(loaded(map.load("b")));
            map.store("a", 2);
            p.say(loaded(map.load("a")));
            p.say(pairs(&map));
        }),
        case("map, load or store", |p| {
            let map = Map::<_, _>::new();
            p.say(both(map.load_or_store("a", 1)));
            p.say(both(map.load_or_store("a", 2)));
            p.say(both(map.load_or_store_with("b", || 3)));
            map.delete("a");
            p.say(both(map.load_or_store("a", 4)));
            p.say(pairs(&map));
        }),
        case("map, delete", |p| {
            let map = Map::<_, _>::new();
            map.delete("a");
            p.say(loaded(map.load_and_delete("a")));
            map.store("a", 1);
            map.store("b", 2);
            p.say(loaded(map.load_and_delete("a")));
            p.say(loaded(map.load_and_delete("a")));
            map.delete("b");
            map.delete("b");
            p.say(pairs(&map));
        }),
        case("map, swap", |p| {
            let map = Map::<_, _>::new();
            p.say(loaded(map.swap("a", 1)));
            p.say(loaded(map.swap("a", 2)));
            map.delete("a");
            p.say(loaded(map.swap("a", 3)));
            p.say(pairs(&map));
        }),
        case("map, compare and swap", |p| {
            let map = Map::<_, _>::new();
            let swap = |old, new| map.compare_and_swap("a", &old, new).is_ok();
            p.say(swap(0, 1));
            map.store("a", 1);
            p.say(format!("{} {} {} {}", swap(0, 2), swap(1, 1), swap(1, 2), swap(1, 3)));
            p.say(pairs(&map));
            map.delete("a");
            p.say(swap(2, 3));
            p.say(pairs(&map));
        }),
        case("map, compare and delete", |p| {
            let map = Map::<_, _>::new();
            let delete = |old| map.compare_and_delete("a", &old).is_some();
            p.say(delete(1));
            map.store("a", 1);
            p.say(format!("{} {} {}", delete(2), delete(1), delete(1)));
            p.say(pairs(&map));
        }),
        case("map, a value that is nil", |p| {
            let (map, nil) = (Map::<_, _>::new(), Nil(None));
            let delete = || map.compare_and_delete("a", &nil).is_some();
            p.say(format!("{} {}", map.compare_and_swap("a", &nil, Nil(Some(1))).is_ok(), delete()));
            map.store("a", nil);
            p.say(loaded(map.load("a")));
            p.say(both(map.load_or_store("a", Nil(Some(1)))));
            p.say(map.compare_and_swap("a", &nil, Nil(Some(2))).is_ok());
            p.say(loaded(map.swap("a", nil)));
            p.say(delete());
            p.say(loaded(map.load_and_delete("a")));
        }),
        case("map, clear", |p| {
            let map = squares(5);
            map.clear();
            p.say(pairs(&map));
            p.say(loaded(map.load(&2)));
            p.say(both(map.load_or_store(2, 9)));
            map.store(3, 8);
            p.say(pairs(&map));
            map.clear();
            map.clear();
            p.say(pairs(&map));
        }),
        case("map, a key that is not equal to itself", |p| {
            let map = Map::<_, _>::new();
            map.store(NaN, 1);
            map.store(NaN, 2);
            p.say(loaded(map.load(&NaN)));
            p.say(both(map.load_or_store(NaN, 3)));
            p.say(loaded(map.load_and_delete(&NaN)));
            p.say(pairs(&map));
            map.clear();
            p.say(pairs(&map));
        }),
    ];
    cases.extend(ranges());
    cases.extend(many());
    cases
}

fn ranges() -> Vec<Case> {
    vec![
        case("map, range", |p| {
            p.say(pairs(&Map::<i32, i32>::new()));
            p.say(pairs(&squares(7)));
            p.say(squares(7).iter().take(3).count());
        }),
        case("map, range that deletes what it sees", |p| {
            let map = squares(100);
            let n = map.iter().filter(|(key, _)| map.delete(key)).count();
            p.say(format!("{n} {}", pairs(&map)));
        }),
        case("map, range that changes what it sees", |p| {
            let map = squares(100);
            let sum = |map: &Map<i32, i32>| map.iter().map(|(_, value)| value).sum::<i32>();
            let n: i32 = map.iter().inspect(|(key, _)| map.store(*key, -1)).map(|(_, value)| value).sum();
            p.say(n);
            p.say(sum(&map));
        }),
        case("map, range in a range", |p| {
            let map = squares(9);
            let inner = |key: i32| map.iter().map(|(_, value)| key * value).sum::<i32>();
            p.say(map.iter().map(|(key, _)| inner(key)).sum::<i32>());
        }),
        case("map, range that panics", |p| {
            let map = squares(3);
            p.run(|| {
                let seen = map.iter().inspect(|(key, _)| assert!(*key > 9, "boom"));
                seen.count().to_string()
            });
            map.store(1, 9);
            p.say(pairs(&map));
        }),
    ]
}

/// Four threads at once.
fn by_four(operation: impl Fn(usize) -> bool + Sync) -> usize {
    let (operation, n) = (&operation, &AtomicUsize::new(0));
    thread::scope(|s| {
        (0..4).for_each(|i| _ = s.spawn(move || n.fetch_add(operation(i).into(), Ordering::Relaxed)));
    });
    n.load(Ordering::Relaxed)
}

fn many() -> Vec<Case> {
    let stores = |p: &mut Play| {
        p.choices(|| {
            let (map, agree) = (Map::<_, _>::new(), AtomicUsize::new(0));
            let stored = by_four(|i| {
                let (value, loaded) = map.load_or_store("a", i);
                agree.fetch_add((!loaded && value == i).into(), Ordering::Relaxed);
                !loaded
            });
            format!("{stored} {}", agree.into_inner())
        });
    };
    let deletes = |p: &mut Play| {
        p.choices(|| {
            let map = squares(2);
            let done = by_four(|i| match i % 2 {
                0 => map.compare_and_delete(&1, &1).is_some(),
                _ => map.load_and_delete(&1).is_some(),
            });
            format!("{done} {}", pairs(&map))
        });
    };
    let swaps = |p: &mut Play| {
        p.choices(|| {
            let (map, sum) = (Map::<_, _>::from([("a", 0)]), AtomicUsize::new(0));
            by_four(|i| sum.fetch_add(map.swap("a", i + 1).unwrap(), Ordering::Relaxed) > 0);
            (sum.into_inner() + map.load("a").unwrap()).to_string()
        });
    };
    let counts = |p: &mut Play| {
        p.choices(|| {
            let map = Map::<_, _>::from([("a", 0)]);
            let count = || {
                let old = map.load("a").unwrap();
                map.compare_and_swap("a", &old, old + 1).is_err()
            };
            by_four(|_| {
                (0..5).for_each(|_| while count() {});
                true
            });
            pairs(&map)
        });
    };
    vec![
        case("map, one of many stores", stores),
        case("map, one of many deletes", deletes),
        case("map, many swap in turn", swaps),
        case("map, many count", counts),
    ]
}
