//! A `Pool`, against a model: nobody else is there, so an item is found if there is one, and room if there is some.

use std::collections::HashSet;
use std::rc::Rc;
use std::thread::available_parallelism;

use gosync::{Pool, Pooled};

use crate::Input;

const SLOTS: usize = 6;

/// An item that is counted.
#[derive(Debug)]
struct Item(u32, #[expect(dead_code, reason = "it is counted")] Rc<()>);

#[derive(Default)]
enum Held<'a> {
    #[default]
    Nothing,
    Guard(Pooled<'a, Item>),
    Item(Item),
}

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let count = Rc::new(());
    let limit = input.below(5);
    let room = limit * available_parallelism().map_or(1, usize::from).next_power_of_two();
    let made = std::cell::Cell::new(0);
    let make = || {
        made.set(made.get() + 1);
        Item(made.get(), Rc::clone(&count))
    };
    let pool = Pool::with_limit(limit, &make);
    let mut slots: [Held<'_>; SLOTS] = Default::default();
    // Which items are in the pool.
    let mut inside = HashSet::new();
    while !input.is_over() {
        let (operation, at) = (input.below(10), input.below(SLOTS));
        // What is there goes back, or is dropped.
        let back = match std::mem::take(&mut slots[at]) {
            Held::Nothing => None,
            Held::Guard(guard) if operation == 0 => {
                drop(Pooled::take(guard));
                None
            }
            Held::Guard(guard) => {
                let number = guard.0;
                drop(guard);
                Some(number)
            }
            Held::Item(item) if operation < 3 => {
                drop(item);
                None
            }
            Held::Item(item) => {
                let number = item.0;
                pool.put(item);
                Some(number)
            }
        };
        if inside.len() < room {
            inside.extend(back);
        }
        let before = made.get();
        slots[at] = match operation {
            0..3 => Held::Nothing,
            3 | 4 => Held::Guard(pool.get()),
            5 | 6 => Held::Item(pool.take()),
            7 => pool.try_get().map_or(Held::Nothing, Held::Guard),
            8 => pool.try_take().map_or(Held::Nothing, Held::Item),
            _ => {
                if input.below(4) == 0 {
                    pool.clear();
                    inside.clear();
                }
                Held::Nothing
            }
        };
        let got = match &slots[at] {
            Held::Nothing => None,
            Held::Guard(guard) => Some(guard.0),
            Held::Item(item) => Some(item.0),
        };
        let is_new = made.get() > before;
        match got {
            Some(number) => assert!(if is_new { number == made.get() && inside.is_empty() } else { inside.remove(&number) }),
            None => assert!(!(3..9).contains(&operation) || inside.is_empty(), "{inside:?} are not found"),
        }
        let held = slots.iter().filter(|held| !matches!(held, Held::Nothing)).count();
        assert_eq!(Rc::strong_count(&count), 1 + inside.len() + held, "an item is lost, or there twice");
        assert!(format!("{pool:?}").contains(&format!("items: {}", inside.len())));
    }
    drop(slots);
    drop(pool);
    assert_eq!(Rc::strong_count(&count), 1);
}
