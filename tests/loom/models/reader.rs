//! `Reader`: what it sees after a change, and in what order.

use gosync::atomic::Value;
use gosync::go;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};

use super::value::{Words, is};
use crate::model::{Model, Verdict, fails, holds, witness};

const READER: &str = "gosync.value-reader";

/// A reader sees every change that it was told of.
fn told(change: fn(&Words)) {
    let (flag, v) = (Arc::new(AtomicBool::new(false)), Arc::new(Value::new(0)));
    let mut reader = v.reader();
    let other = go({
        let (flag, v) = (Arc::clone(&flag), Arc::clone(&v));
        move || {
            change(&v);
            flag.store(true, Ordering::Release);
        }
    });
    let is_told = flag.load(Ordering::Acquire);
    let is_new = reader.get().is_some_and(|value| **value == 1);
    witness(match (is_told, is_new) {
        (true, true) => "told",
        (true, false) => panic!("told, and still the old value"),
        (false, true) => "before being told",
        (false, false) => "too early",
    });
    other.join().unwrap();
    assert!(reader.get().is_some_and(|value| **value == 1));
}

const WHEN: &[&str] = &["told", "before being told", "too early"];

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(READER, "store", || told(|v| v.store(1))).witnesses(WHEN),
        holds(READER, "swap", || told(|v| assert!(is(v.swap(1), 0)))).witnesses(WHEN),
        holds(READER, "compare_and_swap", || told(|v| assert!(v.compare_and_swap(Some(&0), 1)))).witnesses(WHEN),
        holds(READER, "values in order", || {
            let v = Arc::new(Value::new(0));
            let mut reader = v.reader();
            let other = go({
                let v = Arc::clone(&v);
                move || (1..=2).for_each(|n| v.store(n))
            });
            let seen = [(); 2].map(|()| **reader.get().unwrap());
            assert!(seen[0] <= seen[1], "{seen:?}");
            if seen == [0, 2] {
                witness("one was missed");
            }
            if seen == [1, 2] {
                witness("none was missed");
            }
            other.join().unwrap();
        })
        .bound(3)
        .witnesses(&["one was missed", "none was missed"]),
        fails(READER, "not told", Verdict::Assertion, || {
            let v = Arc::new(Value::new(0));
            let mut reader = v.reader();
            let other = go({
                let v = Arc::clone(&v);
                move || v.store(1)
            });
            assert_eq!(**reader.get().unwrap(), 1);
            other.join().unwrap();
        }),
    ]
}
