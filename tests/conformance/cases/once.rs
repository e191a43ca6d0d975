//! `Once` and its family.

use std::cell::Cell;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gosync::chan::Chan;
use gosync::{Once, OnceFunc, OnceValue, OnceValues};

use crate::play::{Case, case};

fn done() -> String {
    "done".to_owned()
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("once, called twice", |p| {
            let (once, mut n) = (Once::new(), 0);
            once.call_once(|| n += 1);
            once.call_once(|| n += 10);
            p.say(n);
        }),
        case("once, a panic counts", |p| {
            let (once, n) = (Once::new(), Cell::new(0));
            for _ in 0..3 {
                p.run(|| {
                    once.call_once(|| {
                        n.set(n.get() + 1);
                        panic!("boom");
                    });
                    done()
                });
            }
            p.say(n.get());
        }),
        case("once, others wait", |p| {
            let (once, c) = (Arc::new(Once::new()), Chan::new(0));
            let (same, rx) = (Arc::clone(&once), c.clone());
            let first = p.start(move || {
                same.call_once(|| rx.recv().unwrap());
                done()
            });
            let tx = c.clone();
            let second = p.start(move || {
                once.call_once(|| tx.send(()).unwrap());
                done()
            });
            p.see([&first, &second]);
            c.send(()).unwrap();
            p.see([&first, &second]);
        }),
        case("once, others wait for a panic", |p| {
            let (once, c) = (Arc::new(Once::new()), Chan::new(0));
            let (same, rx) = (Arc::clone(&once), c.clone());
            let first = p.start(move || {
                same.call_once(|| {
                    rx.recv().unwrap();
                    panic!("boom");
                });
                done()
            });
            let second = p.start(move || {
                once.call_once(|| {});
                done()
            });
            c.send(()).unwrap();
            p.see([&first, &second]);
        }),
        case("once, inside another one", |p| {
            let (a, b, n) = (Once::new(), Once::new(), Cell::new(0));
            let count = || n.set(n.get() + 1);
            a.call_once(|| {
                b.call_once(count);
                count();
            });
            p.say(n.get());
        }),
        case("once, inside itself", |p| {
            let task = p.start(|| {
                let once = Once::new();
                once.call_once(|| once.call_once(|| {}));
                done()
            });
            p.see(&task);
        }),
        case("once func", |p| {
            let n = AtomicUsize::new(0);
            let f = OnceFunc::new(|| {
                n.fetch_add(1, Ordering::Relaxed);
            });
            f.call();
            f.call();
            p.say(n.load(Ordering::Relaxed));
        }),
        case("once func, a panic every time", |p| {
            let n = AtomicUsize::new(0);
            let f = OnceFunc::new(|| {
                n.fetch_add(1, Ordering::Relaxed);
                panic!("boom");
            });
            for _ in 0..3 {
                p.run(|| {
                    f.call();
                    done()
                });
            }
            p.say(n.load(Ordering::Relaxed));
        }),
        case("once value", |p| {
            let mut n = 0;
            let value = OnceValue::new(move || {
                n += 1;
                n
            });
            p.say(format!("{} {}", value.get(), value.get()));
        }),
        case("once value, a panic every time", |p| {
            let mut n = 0;
            let value: OnceValue<i32, _> = OnceValue::new(move || {
                n += 1;
                panic!("boom {n}");
            });
            for _ in 0..3 {
                p.run(|| value.get().to_string());
            }
        }),
        case("once value, a panic that is no text", |p| {
            let value: OnceValue<i32> = OnceValue::new(|| panic_any(42));
            for _ in 0..2 {
                p.run(|| value.get().to_string());
            }
        }),
        case("once values", |p| {
            let mut n = 0;
            let values = OnceValues::new(move || {
                n += 1;
                (n, "text")
            });
            for _ in 0..2 {
                let (a, b) = values.get();
                p.say(format!("{a}{b}"));
            }
        }),
    ]
}
