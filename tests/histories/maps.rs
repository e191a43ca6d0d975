//! `Map`: what is about one key, and what is about all of them, `clear` and `len`, at one instant.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::thread;

use gosync::Map;

use crate::checker::Spec;
use crate::record::{Game, Recorder, convince};
use crate::rng::Rng;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Load { key: u8, found: Option<u8> },
    Contains { key: u8, found: bool },
    Swap { key: u8, old: Option<u8>, new: u8 },
    Store { key: u8, new: u8 },
    LoadOrStore { key: u8, new: u8, got: u8, loaded: bool },
    LoadAndDelete { key: u8, old: Option<u8> },
    CompareAndSwap { key: u8, old: u8, new: u8, done: bool },
    CompareAndDelete { key: u8, old: u8, done: bool },
    Clear,
    Len(usize),
    IsEmpty(bool),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Model(BTreeMap<u8, u8>);

impl Spec for Model {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Model> {
        let Model(mut next) = self.clone();
        let possible = match *effect {
            Effect::Load { key, found } => self.0.get(&key) == found.as_ref(),
            Effect::Contains { key, found } => self.0.contains_key(&key) == found,
            Effect::Swap { key, old, new } => next.insert(key, new) == old,
            Effect::Store { key, new } => {
                next.insert(key, new);
                true
            }
            Effect::LoadOrStore { key, new, got, loaded } => {
                loaded == self.0.contains_key(&key) && *next.entry(key).or_insert(new) == got
            }
            Effect::LoadAndDelete { key, old } => next.remove(&key) == old,
            Effect::CompareAndSwap { key, old, new, done } => {
                let found = next.get_mut(&key).filter(|value| **value == old);
                done == found.map(|value| *value = new).is_some()
            }
            Effect::CompareAndDelete { key, old, done } => {
                let found = self.0.get(&key) == Some(&old);
                if found {
                    next.remove(&key);
                }
                done == found
            }
            Effect::Clear => {
                next.clear();
                true
            }
            Effect::Len(len) => self.0.len() == len,
            Effect::IsEmpty(empty) => self.0.is_empty() == empty,
        };
        possible.then_some(Model(next)).into_iter().collect()
    }
}

/// What a map can do. Where there are several ways to one end, any of them.
pub(crate) trait Table: Default + Sync {
    fn load(&self, key: u8) -> Option<u8>;
    fn swap(&self, key: u8, new: u8) -> Option<u8>;
    fn load_or_store(&self, key: u8, new: u8, rng: &mut Rng) -> (u8, bool);
    fn delete_if(&self, key: u8, is_old: impl Fn(u8) -> bool) -> Option<u8>;
    fn compare_and_swap(&self, key: u8, old: u8, new: u8, rng: &mut Rng) -> bool;
    fn compare_and_delete(&self, key: u8, old: u8, rng: &mut Rng) -> bool;
    fn clear(&self);
    fn len(&self) -> usize;
    /// All keys and values: each as it was at some time, or not.
    fn pairs(&self) -> Vec<(u8, u8)>;

    fn store(&self, key: u8, new: u8) {
        self.swap(key, new);
    }
    fn contains_key(&self, key: u8) -> bool {
        self.load(key).is_some()
    }
    fn load_and_delete(&self, key: u8) -> Option<u8> {
        self.delete_if(key, |_| true)
    }
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A value that takes its time where a map calls it under a lock, so that others meet the map half way.
#[derive(Debug)]
struct Slow(u8);

fn hesitate() {
    thread_local! {
        static TIMES: Cell<u32> = const { Cell::new(0) };
    }
    TIMES.set(TIMES.get() + 1);
    if TIMES.get() % 3 == 0 {
        thread::yield_now();
    }
}

impl Clone for Slow {
    fn clone(&self) -> Slow {
        hesitate();
        Slow(self.0)
    }
}

impl PartialEq for Slow {
    fn eq(&self, other: &Slow) -> bool {
        hesitate();
        self.0 == other.0
    }
}

/// As it is shipped.
#[derive(Default)]
struct Shipped(Map<u8, Slow>);

impl Table for Shipped {
    fn load(&self, key: u8) -> Option<u8> {
        self.0.load(&key).map(|value| value.0)
    }

    fn swap(&self, key: u8, new: u8) -> Option<u8> {
        self.0.swap(key, Slow(new)).map(|value| value.0)
    }

    fn load_or_store(&self, key: u8, new: u8, rng: &mut Rng) -> (u8, bool) {
        let new = Slow(new);
        let (value, loaded) =
            if rng.one_in(2) { self.0.load_or_store(key, new) } else { self.0.load_or_store_with(key, || new) };
        (value.0, loaded)
    }

    fn delete_if(&self, key: u8, is_old: impl Fn(u8) -> bool) -> Option<u8> {
        let is_old = |value: &Slow| {
            hesitate();
            is_old(value.0)
        };
        self.0.delete_if(&key, is_old).map(|value| value.0)
    }

    fn compare_and_swap(&self, key: u8, old: u8, new: u8, rng: &mut Rng) -> bool {
        let result = if rng.one_in(2) {
            self.0.compare_and_swap(&key, &Slow(old), Slow(new))
        } else {
            self.0.swap_if(&key, |value| *value == Slow(old), Slow(new))
        };
        assert_eq!(result, if result.is_ok() { Ok(Slow(old)) } else { Err(Slow(new)) });
        result.is_ok()
    }

    fn compare_and_delete(&self, key: u8, old: u8, rng: &mut Rng) -> bool {
        let result = if rng.one_in(2) {
            self.0.compare_and_delete(&key, &Slow(old))
        } else {
            self.0.delete_if(&key, |value| *value == Slow(old))
        };
        assert!(result.as_ref().is_none_or(|value| value.0 == old));
        result.is_some()
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn pairs(&self) -> Vec<(u8, u8)> {
        self.0.iter().map(|(key, value)| (key, value.0)).collect()
    }

    fn store(&self, key: u8, new: u8) {
        self.0.store(key, Slow(new));
    }

    fn contains_key(&self, key: u8) -> bool {
        self.0.contains_key(&key)
    }

    fn load_and_delete(&self, key: u8) -> Option<u8> {
        self.0.load_and_delete(&key).map(|value| value.0)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What most operations are about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    OneKey,
    AllKeys,
}

pub(crate) struct Maps<T> {
    about: About,
    table: std::marker::PhantomData<T>,
}

impl<T> Maps<T> {
    pub(crate) fn new(about: About) -> Maps<T> {
        Maps { about, table: std::marker::PhantomData }
    }
}

/// More readers than it takes until they pass by the locks of a map.
const READERS: usize = 20;

impl<T: Table> Game for Maps<T> {
    type Spec = Model;
    type Object = T;

    fn set_up(&self) -> (T, Model) {
        let table = T::default();
        let mut model = Model::default();
        for key in 0..2 {
            table.store(key, 252 + key);
            model.0.insert(key, 252 + key);
        }
        // A map is another one when it was read than just after a write.
        (0..READERS).for_each(|_| assert_eq!(table.len(), 2));
        (table, model)
    }

    fn play(&self, table: &T, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        // One after the other they fill the map, so that there are more.
        let keys = if self.about == About::AllKeys { 4 } else { 2 };
        let mut last = 0;
        for _ in 0..3 + rng.below(4) {
            let (key, new) = (rng.below(keys) as u8, recorder.value());
            let of_all = if self.about == About::AllKeys { rng.below(8) } else { rng.below(40) };
            match of_all {
                0 => recorder.record(|| {
                    table.clear();
                    Effect::Clear
                }),
                1 => recorder.record(|| Effect::Len(table.len())),
                2 => recorder.record(|| Effect::IsEmpty(table.is_empty())),
                3 => recorder.record_all(|| {
                    let pairs = table.pairs();
                    let value = |key| pairs.iter().find(|(found, _)| *found == key).map(|(_, value)| *value);
                    let seen: Vec<_> = (0..keys as u8).map(|key| Effect::Load { key, found: value(key) }).collect();
                    let found = seen.iter().filter(|seen| matches!(seen, Effect::Load { found: Some(_), .. }));
                    assert_eq!(found.count(), pairs.len(), "twice, or never stored: {pairs:?}");
                    seen
                }),
                _ => one_key(table, recorder, key, new, &mut last, rng),
            }
            rng.pause();
        }
    }

    fn end(&self, table: &T, recorder: &mut Recorder<'_, Effect>) {
        (0..4).for_each(|key| recorder.record(|| Effect::Load { key, found: table.load(key) }));
        recorder.record(|| Effect::Len(table.len()));
    }
}

/// An operation on one key; `last` is a value that it was seen to have.
fn one_key<T: Table>(table: &T, recorder: &mut Recorder<'_, Effect>, key: u8, new: u8, last: &mut u8, rng: &mut Rng) {
    let old = *last;
    match rng.below(10) {
        0 => recorder.record(|| {
            table.store(key, new);
            Effect::Store { key, new }
        }),
        1 => recorder.record(|| Effect::Swap { key, old: table.swap(key, new), new }),
        2 | 3 => recorder.record(|| {
            let (got, loaded) = table.load_or_store(key, new, rng);
            Effect::LoadOrStore { key, new, got, loaded }
        }),
        4 => recorder.record(|| Effect::LoadAndDelete { key, old: table.load_and_delete(key) }),
        5 => recorder.record(|| {
            let done = table.compare_and_swap(key, old, new, rng);
            Effect::CompareAndSwap { key, old, new, done }
        }),
        6 => recorder.record(|| Effect::CompareAndDelete { key, old, done: table.compare_and_delete(key, old, rng) }),
        7 => recorder.record(|| Effect::Contains { key, found: table.contains_key(key) }),
        _ => recorder.record(|| {
            let found = table.load(key);
            *last = found.unwrap_or(*last);
            Effect::Load { key, found }
        }),
    }
}

#[test]
fn map() {
    convince(&Maps::<Shipped>::new(About::OneKey));
}

#[test]
fn map_at_one_instant() {
    convince(&Maps::<Shipped>::new(About::AllKeys));
}
