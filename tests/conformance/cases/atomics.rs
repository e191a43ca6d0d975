//! The typed atomics, `Value` and `Pointer`.

use std::fmt::Display;
use std::sync::Arc;

use gosync::atomic::{Bool, Int32, Int64, Pointer, Uint32, Uint64, Uintptr, Value};

use crate::play::{Case, case};

/// Evaluated from left to right, with a space between two.
fn all<const N: usize>(what: [&dyn Display; N]) -> String {
    what.map(ToString::to_string).join(" ")
}

/// What an empty `Value` would print.
fn old<T: Display>(value: Option<Arc<T>>) -> String {
    value.map_or_else(|| "nil".to_owned(), |value| value.to_string())
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("atomic, Int32", |p| {
            let a = Int32::new(0);
            p.say(all([&a.load(), &a.add(5), &a.add(-7), &a.swap(i32::MAX), &a.add(1)]));
            p.say(all([&a.compare_and_swap(0, 1), &a.compare_and_swap(i32::MIN, 12), &a.load()]));
            p.say(all([&a.and(10), &a.or(3), &a.load()]));
        }),
        case("atomic, Int64", |p| {
            let a = Int64::new(0);
            a.store(i64::MIN);
            p.say(all([&a.add(-1), &a.add(1), &a.swap(-1), &a.and(0xff), &a.or(0x100), &a.load()]));
            p.say(all([&a.compare_and_swap(0x1ff, -2), &a.compare_and_swap(0x1ff, 3), &a.load()]));
        }),
        case("atomic, Uint32", |p| {
            let a = Uint32::new(0);
            p.say(all([&a.add(u32::MAX), &a.add(2), &a.swap(6), &a.and(3), &a.or(9), &a.load()]));
            p.say(all([&a.compare_and_swap(11, 0), &a.compare_and_swap(11, 1), &a.load()]));
        }),
        case("atomic, Uint64", |p| {
            let a = Uint64::new(0);
            p.say(all([&a.add(u64::MAX), &a.add(2), &a.swap(6), &a.and(3), &a.or(9), &a.load()]));
        }),
        case("atomic, Uintptr", |p| {
            let a = Uintptr::new(0);
            p.say(all([&a.add(usize::MAX), &a.add(2), &a.swap(6), &a.and(3), &a.or(9), &a.load()]));
        }),
        case("atomic, Bool", |p| {
            let a = Bool::new(false);
            let swaps = (a.load(), a.swap(true), a.compare_and_swap(false, true), a.compare_and_swap(true, false));
            p.say(all([&swaps.0, &swaps.1, &swaps.2, &swaps.3, &a.load()]));
            a.store(true);
            p.say(a.load());
        }),
    ];
    cases.extend(pointers());
    cases
}

fn pointers() -> Vec<Case> {
    vec![
        case("atomic, Value", |p| {
            let a = Value::empty();
            p.say(a.load().is_none());
            p.say(all([&a.compare_and_swap(Some(&1), 2), &a.load().is_none()]));
            p.say(all([&a.compare_and_swap(None, 2), &old(a.load())]));
            p.say(all([&a.compare_and_swap(None, 9), &old(a.swap(3)), &old(a.load())]));
            p.say(all([&a.compare_and_swap(Some(&2), 4), &a.compare_and_swap(Some(&3), 5), &old(a.load())]));
            a.store(6);
            p.say(old(a.load()));
        }),
        case("atomic, Pointer", |p| {
            let a = Pointer::new(None);
            let (x, y, twin) = (Arc::new(0), Arc::new(0), Arc::new(0));
            let is = |pointee: &Arc<i32>| a.load().is_some_and(|now| Arc::ptr_eq(&now, pointee));
            let empty = a.load().is_none();
            p.say(all([&empty, &a.swap(Some(Arc::clone(&x))).is_none(), &is(&x)]));
            let swaps = [&twin, &x].map(|old| a.compare_and_swap(Some(old), Some(Arc::clone(&y))));
            p.say(all([&swaps[0], &swaps[1], &is(&y)]));
            a.store(None);
            p.say(all([&a.compare_and_swap(None, Some(Arc::clone(&x))), &is(&x)]));
        }),
    ]
}
