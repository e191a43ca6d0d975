//! A `Map`, against std's `HashMap`: every operation, with hashes that collide, tables that grow and shrink, and iterators that
//! go on while the map changes. Values are counted: none is lost, and none is there twice.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::rc::Rc;

use gosync::{Map, MapIter};

use crate::Input;

/// Hashes of so many values.
#[derive(Clone, Copy)]
struct Few {
    mask: u64,
    factor: u64,
    hash: u64,
}

impl BuildHasher for Few {
    type Hasher = Few;

    fn build_hasher(&self) -> Few {
        *self
    }
}

impl Hasher for Few {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }

    fn write_u16(&mut self, key: u16) {
        self.hash = u64::from(key);
    }

    fn finish(&self) -> u64 {
        (self.hash & self.mask).wrapping_mul(self.factor)
    }
}

/// By this factor, all keys have hashes that belong to one table, as far as a map multiplies by the golden ratio, too.
const ONE_TABLE: u64 = 0xf1de_83e1_9937_733d;

/// A value that is counted. Clones are equal, and so are some others.
#[derive(Clone, Debug)]
struct Value(u8, #[expect(dead_code, reason = "it is counted")] Rc<()>);

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.0 == other.0
    }
}

/// What an iterator may yield, and what it must.
struct Walk<'a> {
    pairs: MapIter<'a, u16, Value, Few>,
    /// All values of a key since it began.
    had: HashMap<u16, HashSet<u8>>,
    /// The keys that have been there all the time.
    stays: HashSet<u16>,
    seen: HashSet<u16>,
}

impl<'a> Walk<'a> {
    fn new(map: &'a Map<u16, Value, Few>, model: &HashMap<u16, u8>) -> Walk<'a> {
        Walk {
            pairs: map.iter(),
            had: model.iter().map(|(&key, &value)| (key, HashSet::from([value]))).collect(),
            stays: model.keys().copied().collect(),
            seen: HashSet::new(),
        }
    }

    /// A key has this value now, or none.
    fn note(&mut self, key: u16, value: Option<u8>) {
        match value {
            Some(value) => _ = self.had.entry(key).or_default().insert(value),
            None => _ = self.stays.remove(&key),
        }
    }

    /// So many steps; whether it has come to its end.
    fn go_on(&mut self, steps: usize) -> bool {
        for _ in 0..steps {
            let Some((key, value)) = self.pairs.next() else {
                let missed: Vec<_> = self.stays.difference(&self.seen).collect();
                assert!(missed.is_empty(), "{missed:?} were there all the time");
                return true;
            };
            assert!(self.seen.insert(key), "{key} comes twice");
            assert!(self.had.get(&key).is_some_and(|had| had.contains(&value.0)), "{key} never had {value:?}");
        }
        false
    }
}

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let few = Few {
        mask: [0, 1, 7, 0xff, u64::MAX][input.below(5)],
        factor: [1, 1 << 57, ONE_TABLE][input.below(3)],
        hash: 0,
    };
    let count = Rc::new(());
    let map = Map::with_hasher(few);
    {
        let mut game = Game { map: &map, model: HashMap::new(), walk: None, count: &count, is_wide: few.mask >= 0xff };
        while !input.is_over() {
            game.step(&mut input);
        }
        if let Some(mut walk) = game.walk.take() {
            assert!(walk.go_on(usize::MAX));
        }
        let left: HashMap<_, _> = map.iter().map(|(key, value)| (key, value.0)).collect();
        assert_eq!(left, game.model);
        assert_eq!(Rc::strong_count(&count), left.len() + 1);
        if input.below(2) == 0 {
            map.clear();
            assert!(map.is_empty());
        }
    }
    let some = input.below(4);
    map.into_iter().take(some).for_each(drop);
    assert_eq!(Rc::strong_count(&count), 1);
}

struct Game<'a> {
    map: &'a Map<u16, Value, Few>,
    model: HashMap<u16, u8>,
    walk: Option<Walk<'a>>,
    count: &'a Rc<()>,
    /// Whether there are many hashes.
    is_wide: bool,
}

impl<'a> Game<'a> {
    fn set(&mut self, key: u16, value: Option<u8>) -> Option<u8> {
        if let Some(walk) = &mut self.walk {
            walk.note(key, value);
        }
        match value {
            Some(value) => self.model.insert(key, value),
            None => self.model.remove(&key),
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let map = self.map;
        let operation = input.below(18);
        let key = input.below(24) as u16;
        let has = self.model.get(&key).copied();
        let (old, new) = (input.below(4) as u8, input.below(4) as u8);
        let is_old = has == Some(old);
        let count = self.count;
        let of = |value| Value(value, Rc::clone(count));
        match operation {
            0 => {
                map.store(key, of(new));
                self.set(key, Some(new));
            }
            1 => {
                let swapped = map.swap(key, of(new)).map(|value| value.0);
                assert_eq!(swapped, self.set(key, Some(new)));
            }
            2 | 3 => {
                let (value, loaded) = if operation == 2 {
                    map.load_or_store(key, of(new))
                } else {
                    map.load_or_store_with(key, || of(new))
                };
                assert_eq!((value.0, loaded), (has.unwrap_or(new), has.is_some()));
                self.set(key, Some(value.0));
            }
            4 => {
                // Who makes a value may store one.
                let (value, loaded) = map.load_or_store_with(key, || {
                    map.store(key, of(new));
                    of(new)
                });
                assert_eq!((value.0, loaded), (has.unwrap_or(new), true));
                self.set(key, Some(value.0));
            }
            5 => assert_eq!(map.load(&key).map(|value| value.0), has),
            6 => assert_eq!(map.contains_key(&key), has.is_some()),
            7 => assert_eq!(map.load_and_delete(&key).map(|value| value.0), self.set(key, None)),
            8 => assert_eq!(map.delete(&key), self.set(key, None).is_some()),
            9 | 10 => {
                let result = match operation {
                    9 => map.compare_and_swap(&key, &of(old), of(new)),
                    _ => map.swap_if(&key, |value| value.0 == old, of(new)),
                };
                assert_eq!(result.map(|value| value.0).map_err(|value| value.0), if is_old { Ok(old) } else { Err(new) });
                if is_old {
                    self.set(key, Some(new));
                }
            }
            11 | 12 => {
                let deleted = match operation {
                    11 => map.compare_and_delete(&key, &of(old)),
                    _ => map.delete_if(&key, |value| value.0 == old),
                };
                assert_eq!(deleted.map(|value| value.0), has.filter(|_| is_old));
                if is_old {
                    self.set(key, None);
                }
            }
            13 => {
                map.clear();
                let keys: Vec<_> = self.model.keys().copied().collect();
                keys.into_iter().for_each(|key| _ = self.set(key, None));
            }
            14 => {
                // Enough for tables to grow.
                let n = u16::from(input.byte());
                // Keys that all have one hash take long.
                let keys = 100..100 + if self.is_wide { n } else { n % 16 };
                let mut map = map;
                map.extend(keys.clone().map(|key| (key, of(new))));
                keys.for_each(|key| _ = self.set(key, Some(new)));
            }
            15 => {
                // And to shrink.
                let keys: Vec<_> = self.model.keys().copied().filter(|key| *key >= 100 && key % 16 != 0).collect();
                for key in keys {
                    assert_eq!(map.load_and_delete(&key).map(|value| value.0), self.set(key, None));
                }
            }
            _ => {
                let is_over = self.walk.get_or_insert_with(|| Walk::new(map, &self.model)).go_on(4 * usize::from(new));
                if is_over || operation == 16 && old == 0 {
                    self.walk = None;
                }
            }
        }
        assert_eq!(map.len(), self.model.len());
        assert_eq!(map.load(&key).map(|value| value.0), self.model.get(&key).copied());
        if self.walk.is_none() {
            assert_eq!(Rc::strong_count(self.count), self.model.len() + 1, "a value is lost, or there twice");
        }
    }
}
