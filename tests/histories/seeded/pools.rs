//! Broken pools: items behind one lock, and one fault each.

use std::mem::take;
use std::thread;

use gosync::Mutex;

use crate::checker::picture;
use crate::pools::{Effect, Item, Pools, Store};
use crate::record::convict_by;
use crate::rng::Rng;

/// How a pool is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Of an item that is being cleared, a copy may be handed out.
    Twice,
    /// Now and then an item goes, and nobody drops it.
    Lose,
    /// Now and then one is dropped that there is room for.
    Waste,
    /// It keeps more than it may.
    Hoard,
    /// Now and then an item that is there is not found.
    Blind,
    /// `clear` leaves an item.
    Leave,
}

struct Broken<const FAULT: usize> {
    room: usize,
    items: Mutex<Vec<u8>>,
}

const FAULTS: [Fault; 6] = [Fault::Twice, Fault::Lose, Fault::Waste, Fault::Hoard, Fault::Blind, Fault::Leave];

impl<const FAULT: usize> Broken<FAULT> {
    fn has(fault: Fault) -> bool {
        FAULTS[FAULT] == fault
    }
}

impl<const FAULT: usize> Store for Broken<FAULT> {
    fn with_limit(limit: usize) -> Self {
        let cpus = thread::available_parallelism().map_or(1, usize::from).next_power_of_two();
        Broken { room: limit * cpus, items: Mutex::default() }
    }

    fn take(&self) -> Item {
        self.try_take().unwrap_or_default()
    }

    fn try_take(&self) -> Option<Item> {
        let mut items = self.items.lock();
        if Self::has(Fault::Blind) && items.last().is_some_and(|item| item % 4 == 3) {
            return None;
        }
        if Self::has(Fault::Twice) {
            let found = items.last().copied();
            drop(items);
            thread::yield_now();
            self.items.lock().retain(|item| Some(*item) != found);
            return found.map(Item::of);
        }
        items.pop().map(Item::of)
    }

    fn put(&self, mut item: Item, rng: &mut Rng) {
        let mut items = self.items.lock();
        let has_room = items.len() < self.room || Self::has(Fault::Hoard);
        if !has_room || Self::has(Fault::Waste) && rng.one_in(8) {
            return;
        }
        let number = item.forget();
        if !(Self::has(Fault::Lose) && rng.one_in(8)) {
            items.push(number);
        }
    }

    fn clear(&self) {
        let mut items = self.items.lock();
        let left = if Self::has(Fault::Leave) { items.pop() } else { None };
        let all = take(&mut *items);
        items.extend(left);
        drop(items);
        all.into_iter().map(Item::of).for_each(drop);
    }
}

fn convict<const FAULT: usize>(limit: usize) -> Vec<Effect> {
    let violation = convict_by(&Pools::<Broken<FAULT>>::new(limit), 12);
    println!("{}", picture(&violation));
    violation.into_iter().map(|event| event.effect).collect()
}

#[test]
fn a_pool_that_hands_out_twice() {
    let violation = convict::<0>(8);
    assert!(violation.iter().any(|effect| matches!(effect, Effect::Got(_))), "{violation:?}");
}

#[test]
fn a_pool_that_loses() {
    convict::<1>(8);
}

#[test]
fn a_pool_that_wastes() {
    let violation = convict::<2>(8);
    assert!(violation.contains(&Effect::Dropped { alone: true }), "{violation:?}");
}

#[test]
fn a_pool_that_hoards() {
    convict::<3>(1);
}

#[test]
fn a_pool_that_does_not_see() {
    let violation = convict::<4>(8);
    assert!(violation.contains(&Effect::Nothing { alone: true }), "{violation:?}");
}

#[test]
fn a_pool_that_is_cleared_in_part() {
    let violation = convict::<5>(8);
    assert!(violation.iter().any(|effect| matches!(effect, Effect::ClearedAlone(_))), "{violation:?}");
}
