//! `Map`: whatever its keys, values and hasher do may panic, and its iterators are dropped and forgotten.
//!
//! An operation has a fuse: so many calls of a user's code go well, and the next one panics, whichever it is. Then the map is as
//! it was, unless that was a drop, which comes when all is done. Where one thread plays, a model knows which values are there.

use std::borrow::Borrow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use gosync::Map;

use crate::ledger::{Ledger, Live};
use crate::rng::Rng;
use crate::run::{Run, doing, done, fault, inject, survive};

const THREADS: usize = 4;
const OPERATIONS: usize = 40;
const KEYS: usize = 8;

/// What of a user's is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Hash,
    Compare,
    Borrow,
    Clone,
    Closure,
    Drop,
    Default,
}

thread_local! {
    /// After how many calls one panics.
    static FUSE: Cell<Option<usize>> = const { Cell::new(None) };
    /// Which one has.
    static BLOWN: Cell<Option<Call>> = const { Cell::new(None) };
    /// How many keys and values this thread has cloned.
    static CLONED: Cell<usize> = const { Cell::new(0) };
}

fn called(call: Call) {
    match FUSE.get() {
        Some(0) if !thread::panicking() => {
            FUSE.set(None);
            BLOWN.set(Some(call));
            inject();
        }
        Some(left @ 1..) => FUSE.set(Some(left - 1)),
        _ => {}
    }
}

/// Does this with a fuse: what comes of it, or which call has panicked.
fn fused<R>(fuse: Option<usize>, f: impl FnOnce() -> R) -> Result<R, Call> {
    FUSE.set(fuse);
    BLOWN.set(None);
    let result = survive(f);
    FUSE.set(None);
    // A result in hand does not mean that nothing has panicked, but that would be a violation.
    result.ok_or_else(|| BLOWN.get().expect("nothing else panics"))
}

/// What is looked for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(u8);

impl Hash for Name {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        called(Call::Hash);
        hasher.write_u8(self.0);
    }
}

/// A key. That it is compared shows only in [`Key::eq`]: names are compared by the map as what keys are borrowed as.
struct Key {
    name: Name,
    live: Live,
}

impl Key {
    fn new(name: usize, ledger: &Arc<Ledger>) -> Key {
        Key { name: Name(name as u8), live: ledger.value("key") }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.name.hash(hasher);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        called(Call::Compare);
        self.name == other.name
    }
}

impl Eq for Key {}

impl Borrow<Name> for Key {
    fn borrow(&self) -> &Name {
        called(Call::Borrow);
        &self.name
    }
}

impl Clone for Key {
    fn clone(&self) -> Key {
        called(Call::Clone);
        CLONED.set(CLONED.get() + 1);
        Key { name: Name(self.name.0), live: self.live.another("key, cloned") }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        called(Call::Drop);
    }
}

/// A value. It stands for the one that it was cloned of.
struct Value {
    id: usize,
    live: Live,
}

impl Value {
    fn new(ledger: &Arc<Ledger>) -> Value {
        let live = ledger.value("value");
        Value { id: live.id, live }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        called(Call::Compare);
        self.id == other.id
    }
}

impl Clone for Value {
    fn clone(&self) -> Value {
        called(Call::Clone);
        CLONED.set(CLONED.get() + 1);
        Value { id: self.id, live: self.live.another("value, cloned") }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        called(Call::Drop);
    }
}

/// Keys share hashes, and hashes share tables.
struct Hashing;

impl Default for Hashing {
    fn default() -> Hashing {
        called(Call::Default);
        Hashing
    }
}

struct Pairs(u64);

impl BuildHasher for Hashing {
    type Hasher = Pairs;

    fn build_hasher(&self) -> Pairs {
        called(Call::Hash);
        Pairs(0)
    }
}

impl Hasher for Pairs {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 += u64::from(byte / 2) << 61);
    }

    fn finish(&self) -> u64 {
        called(Call::Hash);
        self.0
    }
}

type Keys = Map<Key, Value, Hashing>;

/// What a map is to hold: which value, by number.
type Model = BTreeMap<u8, usize>;

pub(crate) fn everything(run: &Run) {
    for number in run.rounds() {
        // Of each table an iterator clones all.
        let ledger = &Ledger::new(THREADS * OPERATIONS * 4 * KEYS);
        let mut rng = Rng::new(100 * number);
        if number % 16 == 0 {
            no_hasher(run, ledger, &mut rng);
            ledger.check(run, 0);
            continue;
        }
        let map = Keys::new();
        // Which makes its hasher.
        run.expect(map.is_empty(), || "a new map is not empty".to_owned());
        let mut forgotten = 0;
        if number % 2 == 0 {
            let mut model = Model::new();
            for _ in 0..2 * OPERATIONS {
                forgotten += modelled(run, &map, &mut model, ledger, &mut rng);
            }
            check_model(run, &map, &model);
        } else {
            forgotten = traffic(run, &map, ledger, number);
        }
        run.settle();
        check_usable(run, &map, ledger);
        forgotten += end(run, map, &mut rng);
        ledger.check(run, forgotten);
    }
    done();
}

/// If the hasher cannot be made, the map cannot be used, then or later; what it was given goes all the same.
fn no_hasher(run: &Run, ledger: &Arc<Ledger>, rng: &mut Rng) {
    let map = Keys::new();
    doing("the first operation");
    let first = fused(Some(0), || map.store(Key::new(0, ledger), Value::new(ledger)));
    run.expect(first == Err(Call::Default), || format!("the first operation has made no hasher: {first:?}"));
    for _ in 0..4 {
        doing("a later operation");
        let later = catch_unwind(AssertUnwindSafe(|| match rng.below(5) {
            0 => map.store(Key::new(0, ledger), Value::new(ledger)),
            1 => drop(map.load_or_store_with(Key::new(0, ledger), || Value::new(ledger))),
            2 => map.clear(),
            3 => drop(map.iter().next()),
            _ => _ = map.len(),
        }));
        run.expect(later.is_err(), || "a map without a hasher was used".to_owned());
    }
    run.settle();
}

/// Several threads do anything; how many keys and values may be forgotten.
fn traffic(run: &Run, map: &Keys, ledger: &Arc<Ledger>, number: usize) -> usize {
    thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS)
            .map(|i| {
                s.spawn(move || {
                    let mut rng = Rng::new(100 * number + i);
                    let mut forgotten = 0;
                    for _ in 0..OPERATIONS {
                        let key = rng.below(KEYS);
                        let fuse = fuse(&mut rng);
                        let operation = rng.below(OPERATIONS_OF_KEYS + 4);
                        let old = rng.below(ledger.made() + 1);
                        let new = Value::new(ledger);
                        let made = Key::new(key, ledger);
                        if operation < OPERATIONS_OF_KEYS {
                            _ = fused(fuse, || one_key(map, operation, made, old, new));
                        } else {
                            drop((made, new));
                            forgotten += all_keys(map, operation - OPERATIONS_OF_KEYS, fuse, &mut rng);
                        }
                    }
                    run.settle();
                    done();
                    forgotten
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

fn fuse(rng: &mut Rng) -> Option<usize> {
    (!rng.one_in(3)).then(|| rng.below(12))
}

const OPERATIONS_OF_KEYS: usize = 12;

/// An operation on one key: whether it did something, and the value that it found.
fn one_key(map: &Keys, operation: usize, key: Key, old: usize, new: Value) -> (bool, Option<usize>) {
    let id = |value: Option<Value>| value.map(|value| value.id);
    let name = Name(key.name.0);
    match operation {
        0 => {
            doing("store");
            map.store(key, new);
            (true, None)
        }
        1 => {
            doing("extend");
            (&mut &*map).extend([(key, new)]);
            (true, None)
        }
        2 => {
            doing("swap");
            (true, id(map.swap(key, new)))
        }
        3 => {
            doing("load_or_store");
            let (value, loaded) = map.load_or_store(key, new);
            (!loaded, loaded.then_some(value.id))
        }
        4 => {
            doing("load_or_store_with");
            let make = || {
                called(Call::Closure);
                new
            };
            let (value, loaded) = map.load_or_store_with(key, make);
            (!loaded, loaded.then_some(value.id))
        }
        5 => {
            doing("load");
            (false, id(map.load(&name)))
        }
        6 => {
            doing("contains_key");
            let there = if old % 2 == 0 { map.contains_key(&name) } else { map.contains_key(&key) };
            (there, None)
        }
        7 => {
            doing("load_and_delete");
            let found = id(map.load_and_delete(&name));
            (found.is_some(), found)
        }
        8 => {
            doing("delete");
            (map.delete(&key), None)
        }
        9 => {
            doing("compare_and_swap");
            let mut expected = new.clone();
            expected.id = old;
            let found = map.compare_and_swap(&key, &expected, new).ok();
            (found.is_some(), id(found))
        }
        10 => {
            doing("swap_if");
            let is_old = |value: &Value| {
                called(Call::Closure);
                value.id == old
            };
            let found = map.swap_if(&name, is_old, new).ok();
            (found.is_some(), id(found))
        }
        _ => {
            doing("compare_and_delete");
            let mut expected = new;
            expected.id = old;
            let found = map.compare_and_delete(&name, &expected);
            (found.is_some(), id(found))
        }
    }
}

/// An operation on all keys; how many clones it has forgotten.
fn all_keys(map: &Keys, operation: usize, fuse: Option<usize>, rng: &mut Rng) -> usize {
    match operation {
        0 => {
            doing("clear");
            _ = fused(fuse, || map.clear());
            0
        }
        1 => {
            doing("iter");
            _ = fused(fuse, || map.iter().for_each(drop));
            0
        }
        2 => {
            doing("iter, dropped half way");
            let n = rng.below(KEYS);
            _ = fused(fuse, || map.iter().take(n).for_each(drop));
            0
        }
        _ => {
            doing("iter, forgotten");
            fault();
            CLONED.set(0);
            let (n, yielded) = (rng.below(KEYS), Cell::new(0));
            let mut pairs = map.iter();
            for _ in 0..n {
                let pair = fused(fuse, || pairs.next());
                if let Ok(Some(pair)) = pair {
                    yielded.set(yielded.get() + 2);
                    _ = survive(|| drop(pair));
                }
            }
            // What was cloned for a table with a clone that panicked is gone; at most, all of it.
            forget(pairs);
            CLONED.get() - yielded.get()
        }
    }
}

/// An operation of one thread, of which a model knows what it does; how many clones it has forgotten.
fn modelled(run: &Run, map: &Keys, model: &mut Model, ledger: &Arc<Ledger>, rng: &mut Rng) -> usize {
    let (name, fuse) = (rng.below(KEYS), fuse(rng));
    let operation = rng.below(OPERATIONS_OF_KEYS + 4);
    if operation >= OPERATIONS_OF_KEYS {
        if operation == OPERATIONS_OF_KEYS {
            model.clear();
        }
        return all_keys(map, operation - OPERATIONS_OF_KEYS, fuse, rng);
    }
    let (key, new) = (Key::new(name, ledger), Value::new(ledger));
    let (name, before) = (name as u8, model.get(&(name as u8)).copied());
    let old = before.filter(|_| rng.one_in(2)).unwrap_or(new.id);
    let is_old = before == Some(old);
    // Whether it does something, what it finds, and what is there then.
    let (does, finds, after) = match operation {
        0 | 1 => (true, None, Some(new.id)),
        2 => (true, before, Some(new.id)),
        3 | 4 => (before.is_none(), before, before.or(Some(new.id))),
        5 => (false, before, before),
        6 => (before.is_some(), None, before),
        7 => (before.is_some(), before, None),
        8 => (before.is_some(), None, None),
        9 | 10 => (is_old, before.filter(|_| is_old), if is_old { Some(new.id) } else { before }),
        _ => (is_old, before.filter(|_| is_old), before.filter(|_| !is_old)),
    };
    let result = fused(fuse, || one_key(map, operation, key, old, new));
    let now = match result {
        Ok(result) => {
            run.expect(result == (does, finds), || format!("{operation}: {result:?} instead of {:?}", (does, finds)));
            after
        }
        // All was done before.
        Err(Call::Drop) => after,
        Err(_) => before,
    };
    let found = map.load(&Name(name)).map(|value| value.id);
    run.expect(found == now, || format!("{operation}, {result:?}: {found:?} is there instead of {now:?}"));
    match found {
        Some(id) => model.insert(name, id),
        None => model.remove(&name),
    };
    0
}

fn check_model(run: &Run, map: &Keys, model: &Model) {
    let found: Model = map.iter().map(|(key, value)| (key.name.0, value.id)).collect();
    run.expect(found == *model, || format!("{found:?} instead of {model:?}"));
    run.expect(map.len() == model.len(), || format!("{} keys instead of {}", map.len(), model.len()));
}

/// Nothing is locked, and nothing is there twice.
fn check_usable(run: &Run, map: &Keys, ledger: &Arc<Ledger>) {
    doing("all that there is, without a fault");
    let pairs: Vec<_> = map.iter().collect();
    let found: Model = pairs.iter().map(|(key, value)| (key.name.0, value.id)).collect();
    run.expect(found.len() == pairs.len() && map.len() == pairs.len(), || "a key is there twice".to_owned());
    for (&name, &id) in &found {
        run.expect(map.load(&Name(name)).is_some_and(|value| value.id == id), || format!("{name} is not found"));
        run.expect(map.load_and_delete(&Name(name)).is_some_and(|value| ledger.is_alive(value.live.id)), || {
            format!("{name} is not deleted")
        });
    }
    run.expect(map.is_empty(), || "not empty at the end".to_owned());
    (0..KEYS).for_each(|name| map.store(Key::new(name, ledger), Value::new(ledger)));
    run.expect(map.len() == KEYS, || "not as many as were stored".to_owned());
}

/// The map goes, in one of several ways; how many keys and values are forgotten.
fn end(run: &Run, map: Keys, rng: &mut Rng) -> usize {
    let left = 2 * map.len();
    let fuse = Some(rng.below(2 * KEYS));
    match rng.below(5) {
        0 => {
            doing("clear");
            _ = fused(fuse, || map.clear());
            run.expect(map.is_empty(), || "not empty after a clear".to_owned());
            0
        }
        1 => {
            doing("drop of a map");
            _ = fused(fuse, || drop(map));
            0
        }
        2 => {
            doing("into_iter");
            _ = fused(fuse, || map.into_iter().for_each(drop));
            0
        }
        3 => {
            doing("into_iter, dropped half way");
            let n = rng.below(KEYS);
            _ = fused(fuse, || map.into_iter().take(n).for_each(drop));
            0
        }
        _ => {
            doing("into_iter, forgotten");
            fault();
            let n = rng.below(KEYS);
            let mut pairs = map.into_iter();
            (0..n).for_each(|_| drop(pairs.next()));
            forget(pairs);
            left - 2 * n
        }
    }
}
