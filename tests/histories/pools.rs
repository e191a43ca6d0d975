//! `Pool`: nothing is handed out that is not in it, so nothing twice; and nothing is lost that there is room for.
//!
//! A pool may fail to find an item, or room, while somebody else is busy with it. Whether somebody was is noted with what an
//! operation reports: one that was alone must have found what is there.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;

use gosync::{Pool, Pooled};

use crate::checker::Spec;
use crate::record::{Game, Recorder, convince};
use crate::rng::Rng;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An item was handed out.
    Got(u8),
    /// None was found.
    Nothing { alone: bool },
    /// An item went in.
    Kept(u8),
    /// There was no room for one, and it was dropped.
    Dropped { alone: bool },
    /// One of several that were dropped by a `clear`.
    Cleared(u8),
    /// All that was in there was dropped by a `clear` that was alone.
    ClearedAlone(Vec<u8>),
}

/// What is in the pool, and how much can be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    room: usize,
    items: BTreeSet<u8>,
}

impl Spec for Model {
    type Effect = Effect;

    fn after(&self, effect: &Effect) -> Vec<Model> {
        let mut next = self.clone();
        let possible = match effect {
            Effect::Got(item) | Effect::Cleared(item) => next.items.remove(item),
            Effect::Nothing { alone } => !alone || self.items.is_empty(),
            Effect::Kept(item) => next.items.insert(*item) && next.items.len() <= self.room,
            Effect::Dropped { alone } => !alone || self.items.len() == self.room,
            Effect::ClearedAlone(items) => take(&mut next.items).iter().eq(items),
        };
        possible.then_some(next).into_iter().collect()
    }
}

thread_local! {
    /// Which items this thread has dropped, in an operation that looks at it.
    static DROPPED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// An item. New ones have no number yet.
#[derive(Default)]
pub(crate) struct Item(Option<u8>);

impl Item {
    /// The one of this number.
    pub(crate) fn of(number: u8) -> Item {
        Item(Some(number))
    }

    /// Its number, without which it is none to be missed.
    pub(crate) fn forget(&mut self) -> u8 {
        self.0.take().expect("it has one")
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.extend(self.0));
    }
}

/// What a pool can do; `get` is a guard, whose drop puts it back.
pub(crate) trait Store: Sync {
    fn with_limit(limit: usize) -> Self;
    fn take(&self) -> Item;
    fn try_take(&self) -> Option<Item>;
    fn put(&self, item: Item, rng: &mut Rng);
    fn clear(&self);
}

impl Store for Pool<Item> {
    fn with_limit(limit: usize) -> Pool<Item> {
        Pool::with_limit(limit, Item::default)
    }

    fn take(&self) -> Item {
        Pool::take(self)
    }

    fn try_take(&self) -> Option<Item> {
        self.try_get().map(Pooled::take)
    }

    fn put(&self, item: Item, _: &mut Rng) {
        Pool::put(self, item);
    }

    fn clear(&self) {
        Pool::clear(self);
    }
}

/// A pool, and who is busy with it.
pub(crate) struct Watched<P> {
    pool: P,
    /// How many operations have begun, and, in the lower half, how many are under way.
    operations: AtomicU64,
}

const BEGUN: u64 = 1 << 32;

impl<P> Watched<P> {
    /// Does something: what came of it, whether it was alone all the time, and what was dropped.
    fn watch<R>(&self, f: impl FnOnce(&P) -> R) -> (R, bool, Vec<u8>) {
        DROPPED.take();
        let before = self.operations.fetch_add(BEGUN + 1, Ordering::SeqCst);
        let result = f(&self.pool);
        let after = self.operations.fetch_sub(1, Ordering::SeqCst);
        let alone = before % BEGUN == 0 && after == before + BEGUN + 1;
        (result, alone, DROPPED.take())
    }
}

pub(crate) struct Pools<P> {
    limit: usize,
    pool: std::marker::PhantomData<P>,
}

impl<P> Pools<P> {
    pub(crate) fn new(limit: usize) -> Pools<P> {
        Pools { limit, pool: std::marker::PhantomData }
    }
}

impl<P: Store> Pools<P> {
    fn put(pool: &Watched<P>, recorder: &mut Recorder<'_, Effect>, item: Item, rng: &mut Rng) {
        let number = item.0.expect("it has one");
        recorder.record(|| {
            let ((), alone, dropped) = pool.watch(|pool| pool.put(item, rng));
            if dropped.is_empty() {
                return Effect::Kept(number);
            }
            assert_eq!(dropped, [number], "another one was dropped in its place");
            Effect::Dropped { alone }
        });
    }
}

impl<P: Store> Game for Pools<P> {
    type Spec = Model;
    type Object = Watched<P>;

    fn set_up(&self) -> (Watched<P>, Model) {
        let cpus = available_parallelism().map_or(1, usize::from).next_power_of_two();
        let pool = Watched { pool: P::with_limit(self.limit), operations: AtomicU64::new(0) };
        (pool, Model { room: self.limit * cpus, items: BTreeSet::new() })
    }

    fn play(&self, pool: &Watched<P>, recorder: &mut Recorder<'_, Effect>, rng: &mut Rng) {
        let mut mine = Vec::new();
        for _ in 0..4 + rng.below(6) {
            let new = recorder.value();
            match rng.below(12) {
                0 => recorder.record_all(|| {
                    let ((), alone, mut dropped) = pool.watch(Store::clear);
                    dropped.sort_unstable();
                    if alone {
                        return vec![Effect::ClearedAlone(dropped)];
                    }
                    dropped.into_iter().map(Effect::Cleared).collect()
                }),
                1..4 => recorder.record(|| {
                    let (mut item, alone, _) = pool.watch(Store::take);
                    let effect = item.0.map_or(Effect::Nothing { alone }, Effect::Got);
                    item.0.get_or_insert(new);
                    mine.push(item);
                    effect
                }),
                4..7 => recorder.record(|| {
                    let (item, alone, _) = pool.watch(Store::try_take);
                    let number = item.as_ref().and_then(|item| item.0);
                    mine.extend(item);
                    number.map_or(Effect::Nothing { alone }, Effect::Got)
                }),
                7..10 if !mine.is_empty() => {
                    let item = mine.swap_remove(rng.below(mine.len()));
                    Self::put(pool, recorder, item, rng);
                }
                _ => Self::put(pool, recorder, Item::of(new), rng),
            }
            rng.pause();
        }
    }

    fn end(&self, pool: &Watched<P>, recorder: &mut Recorder<'_, Effect>) {
        let mut is_over = false;
        while !is_over {
            recorder.record(|| {
                let (item, alone, _) = pool.watch(Store::try_take);
                assert!(alone);
                is_over = item.is_none();
                item.and_then(|item| item.0).map_or(Effect::Nothing { alone }, Effect::Got)
            });
        }
    }
}

#[test]
fn pool() {
    convince(&Pools::<Pool<Item>>::new(8));
}

#[test]
fn pool_that_is_full() {
    convince(&Pools::<Pool<Item>>::new(1));
}
