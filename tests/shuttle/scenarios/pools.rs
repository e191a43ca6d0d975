//! Pools: an item is in one place or one thread has it, as many are kept as may be, and all of them go. There are two places.

use gosync::{Pool, Pooled};

use crate::kit::{List, Room, any, threads};
use crate::scenario::{IS_WRONG, Scenario, holds, witness};

const LIMIT: usize = 1;
const PLACES: usize = 2;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("pool", 6, || shared(false))
            .witnesses(&["an old one", "a new one", "no room"])
            .convicts(IS_WRONG, &["pool.room-again", "pool.free"]),
        holds("pool, cleared", 6, || shared(true))
            .witnesses(&["an old one", "a new one", "cleared"])
            .convicts(IS_WRONG, &["pool.room-again", "pool.free"]),
    ]
}

/// An item, with the place where who uses it is alone, and the list of those that are gone.
struct Item<'a> {
    number: usize,
    room: Room,
    gone: &'a List<usize>,
}

impl Drop for Item<'_> {
    fn drop(&mut self) {
        self.room.alone(|| self.gone.push(self.number));
    }
}

fn shared(clears: bool) {
    let (made, gone) = (List::new(), List::new());
    let make = || {
        witness("a new one");
        Item { number: made.push_and_count(()), room: Room::default(), gone: &gone }
    };
    let pool = Pool::with_limit(LIMIT, make);
    threads(6, |me| {
        for _ in 0..2 {
            match any(if clears && me == 0 { 1 } else { 5 }) {
                0 if clears => {
                    let before = gone.len();
                    pool.clear();
                    if gone.len() > before {
                        witness("cleared");
                    }
                }
                0 | 1 => pool.get().room.alone(|| ()),
                2 => {
                    let item = pool.take();
                    item.room.alone(|| ());
                    pool.put(item);
                }
                3 => {
                    let Some(item) = pool.try_get() else { continue };
                    witness("an old one");
                    item.room.alone(|| ());
                    drop(Pooled::take(item));
                }
                _ => {
                    let before = gone.len();
                    // More than there is room for, if others have some.
                    let _items = [pool.get(), pool.get()];
                    if gone.len() > before {
                        witness("no room");
                    }
                }
            }
        }
    });
    // Nobody else is here: what is in it is found, wherever it is. As much goes in as there is room for.
    let left: Vec<_> = std::iter::from_fn(|| pool.try_take()).collect();
    assert!(left.len() <= LIMIT * PLACES, "{} items were kept", left.len());
    assert_eq!(left.len() + gone.len(), made.len(), "some were not found");
    left.into_iter().for_each(|item| pool.put(item));
    drop(pool);
    let mut all = gone.take();
    all.sort_unstable();
    assert_eq!(all, (1..=made.len()).collect::<Vec<_>>(), "each goes once");
}
