//! What is built on `Once`: `OnceValue`, `OnceValues` and `OnceFunc`.

use std::panic::resume_unwind;

use gosync::{OnceFunc, OncePanic, OnceValue, OnceValues, go};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};

use super::once::{Expected, WAKE, caught, expected, in_threads};
use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const VALUE: &str = "oncevalue.value";
const VALUE_PANIC: &str = "oncevalue.panic";
const FUNC: &str = "oncefunc.return";
const CLOSURE: &str = "gosync.once-closure";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(VALUE, "two callers", || value(2, true)).reaches(WAKE),
        holds(VALUE, "three callers", || value(3, true)).bound(3).reaches(WAKE),
        fails(VALUE, "read without the call", Verdict::Race, || value(2, false)),
        holds(VALUE, "two values", || {
            let d = Plain::new();
            let values = Arc::new(OnceValues::new({
                let d = d.clone();
                move || {
                    d.increment();
                    (42, Plain::holding(43))
                }
            }));
            let check = |(a, b): (&usize, &Plain), d: &Plain| assert_eq!((*a, b.read(), d.read()), (42, 43, 1));
            let other = go({
                let (values, d) = (Arc::clone(&values), d.clone());
                move || check(values.get(), &d)
            });
            check(values.get(), &d);
            other.join().unwrap();
        })
        .reaches(WAKE),
        holds(VALUE, "printed", || {
            // Whoever prints the value reads it; the text is known only if it is there.
            let value = Arc::new(OnceValue::new(|| PrintsItself(Plain::holding(42))));
            let other = go({
                let value = Arc::clone(&value);
                move || match format!("{:?}", &*value).as_str() {
                    "OnceValue(42)" => witness("there"),
                    "OnceValue(..)" => witness("not there"),
                    text => panic!("{text}"),
                }
            });
            assert_eq!(value.get().0.read(), 42);
            other.join().unwrap();
        })
        .witnesses(&["there", "not there"]),
        holds(VALUE_PANIC, "two callers", || value_panic(2, || resume_unwind(Box::new("expected")), true))
            .reaches(WAKE),
        holds(VALUE_PANIC, "three callers", || value_panic(3, || resume_unwind(Box::new("expected")), true))
            .bound(2)
            .reaches(WAKE),
        holds(VALUE_PANIC, "owned text", || {
            value_panic(2, || resume_unwind(Box::new(String::from("expected"))), true);
        })
        .reaches(WAKE),
        holds(VALUE_PANIC, "other payload", || value_panic(2, expected, true)).reaches(WAKE),
        fails(VALUE_PANIC, "read without the call", Verdict::Race, || value_panic(2, expected, false)),
        holds(FUNC, "two callers", || func(2, true)).reaches(WAKE),
        holds(FUNC, "three callers", || func(3, true)).bound(3).reaches(WAKE),
        fails(FUNC, "read without the call", Verdict::Race, || func(2, false)),
        holds(CLOSURE, "value", || closure(false)).reaches(WAKE),
        holds(CLOSURE, "panic", || closure(true)).reaches(WAKE),
        fails(CLOSURE, "read without the call", Verdict::Race, || {
            let gone = Plain::new();
            let owned = WritesOnDrop(gone.clone());
            let value = Arc::new(OnceValue::new(move || drop(owned)));
            let other = go(move || *value.get());
            gone.read();
            other.join().unwrap();
        }),
    ]
}

/// `n` callers of a value; or one that only reads what its function does.
fn value(n: usize, call: bool) {
    let d = Plain::new();
    let value = Arc::new(OnceValue::new({
        let d = d.clone();
        move || {
            d.increment();
            Plain::holding(42)
        }
    }));
    in_threads(n, &value, &d, move |value, d| {
        if call {
            // Two ways to ask, and one is enough for a model of three.
            assert_eq!(value.get().read(), 42);
            assert!(n > 2 || value.read() == 42, "by dereference");
            assert_eq!(d.read(), 1);
        } else if d.read() == 0 {
            value.get();
        }
    });
}

/// `n` callers of a value whose function panics: each gets a panic that comes after what the function did.
fn value_panic(n: usize, panic: fn(), call: bool) {
    let d = Plain::new();
    let value = Arc::new(OnceValue::new({
        let d = d.clone();
        move || {
            d.increment();
            panic();
        }
    }));
    let first = Arc::new(AtomicUsize::new(0));
    let originals = Arc::clone(&first);
    in_threads(n, &value, &d, move |value, d| {
        if !call && d.read() == 1 {
            return;
        }
        let payload = caught(|| *value.get()).expect("every call panics");
        assert_eq!(d.read(), 1);
        let literal = payload.downcast_ref() == Some(&"expected");
        let text = payload.downcast_ref::<String>().is_some_and(|text| text == "expected");
        if payload.is::<Expected>() {
            originals.fetch_add(1, Ordering::Relaxed);
        } else {
            assert!(literal || text || payload.downcast_ref() == Some(&OncePanic));
            originals.fetch_add(usize::from(literal || text) * 0x100, Ordering::Relaxed);
        }
    });
    let first = first.load(Ordering::Relaxed);
    assert!(!call || first == 1 || first == n * 0x100, "the payload once, or the text every time");
}

/// `n` callers of a function; or one that only reads what it does.
fn func(n: usize, call: bool) {
    let d = Plain::new();
    let func = Arc::new(OnceFunc::new({
        let d = d.clone();
        move || d.increment()
    }));
    in_threads(n, &func, &d, move |func, d| {
        if call {
            func.call();
            assert_eq!(d.read(), 1);
        } else if d.read() == 0 {
            func.call();
        }
    });
}

/// What the function owned is gone before anybody returns from `get`.
fn closure(panics: bool) {
    let gone = Plain::new();
    let owned = WritesOnDrop(gone.clone());
    let value = Arc::new(OnceValue::new(move || {
        let _owned = &owned;
        if panics {
            expected();
        }
    }));
    in_threads(2, &value, &gone, move |value, gone| {
        assert_eq!(caught(|| *value.get()).is_some(), panics);
        assert_eq!(gone.read(), 1);
    });
}

struct WritesOnDrop(Plain);

impl Drop for WritesOnDrop {
    fn drop(&mut self) {
        self.0.increment();
    }
}

struct PrintsItself(Plain);

impl std::fmt::Debug for PrintsItself {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.read())
    }
}
