//! Broken maps: keys in two tables, each behind a lock, and one fault each.

use std::collections::HashMap;
use std::thread;

use gosync::{Mutex, MutexGuard};

use crate::checker::picture;
use crate::maps::{About, Effect, Maps, Table};
use crate::record::convict_by;
use crate::rng::Rng;

/// How a map is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// `clear` has one lock at a time.
    ClearInParts,
    /// So has `len`.
    LenInParts,
    /// `load_or_store` does not look again when it has the lock for writing.
    LookOnce,
    /// `compare_and_swap` compares and swaps in two sections.
    CompareFirst,
    /// A delete does not notice that the value has changed since it looked.
    DeleteAny,
    /// Now and then a store is lost.
    Forget,
}

#[derive(Default)]
struct Broken<const FAULT: usize>([Mutex<HashMap<u8, u8>>; 2]);

const FAULTS: [Fault; 6] =
    [Fault::ClearInParts, Fault::LenInParts, Fault::LookOnce, Fault::CompareFirst, Fault::DeleteAny, Fault::Forget];

impl<const FAULT: usize> Broken<FAULT> {
    fn has(fault: Fault) -> bool {
        FAULTS[FAULT] == fault
    }

    fn table(&self, key: u8) -> MutexGuard<'_, HashMap<u8, u8>> {
        self.0[usize::from(key % 2)].lock()
    }

    /// Does this with each table: at one instant, unless it is broken in that.
    fn each<R>(&self, in_parts: Fault, f: impl Fn(&mut HashMap<u8, u8>) -> R) -> [R; 2] {
        if Self::has(in_parts) {
            return [0, 1].map(|n| {
                thread::yield_now();
                f(&mut self.0[n].lock())
            });
        }
        let [mut first, mut second] = [self.0[0].lock(), self.0[1].lock()];
        [f(&mut first), f(&mut second)]
    }
}

impl<const FAULT: usize> Table for Broken<FAULT> {
    fn load(&self, key: u8) -> Option<u8> {
        self.table(key).get(&key).copied()
    }

    fn swap(&self, key: u8, new: u8) -> Option<u8> {
        if Self::has(Fault::Forget) && new % 4 == 3 {
            return self.load(key);
        }
        self.table(key).insert(key, new)
    }

    fn load_or_store(&self, key: u8, new: u8, _: &mut Rng) -> (u8, bool) {
        if let Some(value) = self.load(key) {
            return (value, true);
        }
        thread::yield_now();
        if Self::has(Fault::LookOnce) {
            self.table(key).insert(key, new);
            return (new, false);
        }
        let mut table = self.table(key);
        let found = table.get(&key).copied();
        (*table.entry(key).or_insert(new), found.is_some())
    }

    fn delete_if(&self, key: u8, is_old: impl Fn(u8) -> bool) -> Option<u8> {
        let found = self.load(key).filter(|value| is_old(*value))?;
        if Self::has(Fault::DeleteAny) {
            thread::yield_now();
            self.table(key).remove(&key);
            return Some(found);
        }
        let mut table = self.table(key);
        if table.get(&key).copied().is_some_and(is_old) { table.remove(&key) } else { None }
    }

    fn compare_and_swap(&self, key: u8, old: u8, new: u8, _: &mut Rng) -> bool {
        let mut table = self.table(key);
        let mut same = table.get(&key) == Some(&old);
        if Self::has(Fault::CompareFirst) {
            drop(table);
            thread::yield_now();
            table = self.table(key);
            same &= table.contains_key(&key);
        }
        if same {
            table.insert(key, new);
        }
        same
    }

    fn compare_and_delete(&self, key: u8, old: u8, _: &mut Rng) -> bool {
        self.delete_if(key, |value| value == old).is_some()
    }

    fn clear(&self) {
        self.each(Fault::ClearInParts, HashMap::clear);
    }

    fn len(&self) -> usize {
        self.each(Fault::LenInParts, |table| table.len()).iter().sum()
    }

    fn pairs(&self) -> Vec<(u8, u8)> {
        self.each(Fault::LenInParts, |table| table.clone()).into_iter().flatten().collect()
    }
}

/// Convicts, and shows a violation of so many operations at most.
fn convict<const FAULT: usize>(about: About, most: usize) -> Vec<Effect> {
    let violation = convict_by(&Maps::<Broken<FAULT>>::new(about), most);
    println!("{:?}\n{}", FAULTS[FAULT], picture(&violation));
    violation.into_iter().map(|event| event.effect).collect()
}

#[test]
fn a_map_that_is_cleared_in_parts() {
    convict::<0>(About::AllKeys, 12);
}

#[test]
fn a_map_that_is_counted_in_parts() {
    let violation = convict::<1>(About::AllKeys, 12);
    let is_count = |effect: &Effect| matches!(effect, Effect::Len(_) | Effect::IsEmpty(_));
    assert!(violation.iter().any(is_count), "{violation:?}");
}

#[test]
fn a_map_that_looks_once() {
    convict::<2>(About::OneKey, 12);
}

#[test]
fn a_map_that_compares_first() {
    convict::<3>(About::OneKey, 12);
}

#[test]
fn a_map_that_deletes_what_it_has_not_seen() {
    convict::<4>(About::OneKey, 12);
}

#[test]
fn a_map_that_forgets() {
    convict::<5>(About::OneKey, 8);
}
