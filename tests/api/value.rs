//! `Value`, `Pointer` and `Reader` beyond Go's tests: what runs where, what is dropped when, odd values.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use gosync::atomic::{Pointer, Value};

#[test]
fn what_is_loaded_is_kept() {
    let v = Value::new("first".to_owned());
    let first = v.load().unwrap();
    let again = v.load().unwrap();
    assert!(Arc::ptr_eq(&first, &again), "it is not copied");
    v.store("second".to_owned());
    assert_eq!((first.as_str(), v.load().unwrap().as_str()), ("first", "second"));
    assert_eq!(Arc::strong_count(&first), 2, "the value itself is no owner any more");
    drop(again);
    assert_eq!(Arc::into_inner(first).as_deref(), Some("first"));
}

#[test]
fn values_are_dropped_once_and_in_time() {
    let counted = Arc::new(());
    let v = Value::new(Arc::clone(&counted));
    v.store(Arc::clone(&counted));
    assert_eq!(Arc::strong_count(&counted), 2, "the one before has gone");
    let old = v.swap(Arc::clone(&counted));
    assert_eq!(Arc::strong_count(&counted), 3, "the one before is the caller's");
    drop(old);
    assert!(!v.compare_and_swap(None, Arc::clone(&counted)));
    assert_eq!(Arc::strong_count(&counted), 2, "what was refused has gone");
    assert!(v.compare_and_swap(Some(&counted), Arc::clone(&counted)));
    assert_eq!(Arc::strong_count(&counted), 2);
    assert!(v.into_inner().is_some_and(|inner| Arc::ptr_eq(inner.as_ref(), &counted)));
    assert_eq!(Arc::strong_count(&counted), 1);
    drop(Value::new(Arc::clone(&counted)));
    assert_eq!(Arc::strong_count(&counted), 1, "what is left goes with the value");
}

/// Uses the pointer that it was in: this would never end if a section were still open.
struct Curious;

static HOME: Pointer<Curious> = Pointer::new(None);
static FOUND: AtomicUsize = AtomicUsize::new(0);

impl Drop for Curious {
    fn drop(&mut self) {
        FOUND.fetch_add(1 + usize::from(HOME.load().is_some()), Ordering::Relaxed);
        HOME.compare_and_swap(None, None);
    }
}

#[test]
fn drops_may_use_the_pointer() {
    let curious = || Some(Arc::new(Curious));
    let found = || FOUND.load(Ordering::Relaxed);
    HOME.store(curious());
    HOME.store(curious());
    assert_eq!(found(), 2, "the old one found the new one");
    assert!(!HOME.compare_and_swap(None, curious()));
    assert_eq!(found(), 4, "the refused one found the old one");
    HOME.store(None);
    assert_eq!(found(), 5, "the last one found none");
}

/// Its comparison does something with the value that it is part of.
struct Meddler {
    n: usize,
    meddle: fn(),
}

impl PartialEq for Meddler {
    fn eq(&self, other: &Meddler) -> bool {
        (self.meddle)();
        self.n == other.n
    }
}

static MEDDLED: Value<Meddler> = Value::empty();

#[test]
fn comparisons_may_use_the_value() {
    static MEDDLING: AtomicUsize = AtomicUsize::new(0);
    let quiet = |n| Meddler { n, meddle: || () };
    // The first comparison replaces the value by an equal one, so there has to be another.
    let replace = || {
        if MEDDLING.fetch_add(1, Ordering::Relaxed) == 0 {
            MEDDLED.store(Meddler { n: 1, meddle: || _ = MEDDLING.fetch_add(1, Ordering::Relaxed) });
        }
    };
    MEDDLED.store(Meddler { n: 1, meddle: replace });
    assert!(MEDDLED.compare_and_swap(Some(&quiet(1)), quiet(2)));
    assert_eq!((MEDDLING.load(Ordering::Relaxed), MEDDLED.load().unwrap().n), (2, 2));
    // By a different one: the second comparison says so.
    MEDDLED.store(Meddler { n: 3, meddle: || MEDDLED.store(Meddler { n: 4, meddle: || () }) });
    assert!(!MEDDLED.compare_and_swap(Some(&quiet(3)), quiet(5)));
    assert_eq!(MEDDLED.load().unwrap().n, 4);
}

#[test]
fn panics_leave_it_usable() {
    struct Fragile(bool);
    impl PartialEq for Fragile {
        fn eq(&self, _: &Fragile) -> bool {
            panic!("expected by this test");
        }
    }
    impl Drop for Fragile {
        fn drop(&mut self) {
            if self.0 && !thread::panicking() {
                panic!("expected by this test");
            }
        }
    }
    let v = Value::new(Fragile(true));
    catch_unwind(|| v.compare_and_swap(Some(&Fragile(false)), Fragile(false))).unwrap_err();
    assert!(v.load().is_some_and(|fragile| fragile.0), "a comparison that panics changes nothing");
    catch_unwind(|| v.store(Fragile(false))).unwrap_err();
    assert!(v.load().is_some_and(|fragile| !fragile.0), "the new value is in before the old one is dropped");
}

#[test]
fn the_same_is_not_the_equal() {
    let (a, b) = (Arc::new(()), Arc::new(()));
    let p = Pointer::from(Arc::clone(&a));
    assert!(!p.compare_and_swap(Some(&b), None), "without size, and yet not the same");
    assert!(!p.compare_and_swap(None, None));
    assert!(p.compare_and_swap(Some(&a), Some(Arc::clone(&a))));
    assert_eq!(Arc::strong_count(&a), 2);
    assert!(p.compare_and_swap(Some(&a), None) && p.compare_and_swap(None, Some(b)));
}

#[test]
fn unsized_values() {
    let p: Pointer<str> = Pointer::new(Some("text".into()));
    let text = p.load().unwrap();
    assert!(p.compare_and_swap(Some(&text), Some("other".into())));
    assert_eq!(p.load().as_deref(), Some("other"));
    let p: Pointer<dyn Fn() -> u8 + Send + Sync> = Pointer::default();
    p.store(Some(Arc::new(|| 7)));
    assert_eq!(p.load().unwrap()(), 7);
    let p: Pointer<[u16]> = Pointer::from(Arc::from([1, 2, 3]));
    assert_eq!(p.reader().get().unwrap()[2], 3);
}

#[test]
fn borrowed_and_cyclic_values() {
    let text = String::from("borrowed");
    let v = Value::new(text.as_str());
    assert_eq!(v.load().as_deref(), Some(&"borrowed"));
    // A value that leads back to its own pointer, weakly.
    struct Node(Weak<Pointer<Node>>);
    let p = Arc::new(Pointer::new(None));
    p.store(Some(Arc::new(Node(Arc::downgrade(&p)))));
    let back = p.load().unwrap().0.upgrade().unwrap();
    assert!(Arc::ptr_eq(&back, &p));
    drop((p, back));
}

#[test]
fn readers() {
    let v = Value::empty();
    let (mut early, mut late) = (v.reader(), v.reader());
    assert_eq!(early.get(), None);
    v.store(1);
    assert_eq!(early.get().map(|n| **n), Some(1));
    let seen = early.get().map(Arc::as_ptr);
    assert_eq!(early.get().map(Arc::as_ptr), seen, "the same, not another");
    v.store(1);
    assert_ne!(early.get().map(Arc::as_ptr), seen, "equal, but stored anew");
    v.swap(2);
    assert!(v.compare_and_swap(Some(&2), 3));
    assert_eq!((early.get().map(|n| **n), late.get().map(|n| **n)), (Some(3), Some(3)));
    assert!(!v.compare_and_swap(Some(&2), 4));
    assert_eq!(format!("{early:?} {v:?}"), "Reader { seen: Some(3), .. } Value(Some(3))");
    let p = Pointer::new(Some(Arc::new(5)));
    let mut reader = p.reader();
    assert_eq!(reader.get().map(|n| **n), Some(5));
    p.store(None);
    assert_eq!((reader.get(), format!("{p:?}").as_str()), (None, "Pointer(None)"));
}

/// A reader is an owner of what it has seen last.
#[test]
fn a_reader_that_does_not_look() {
    let v = Value::new(());
    let mut reader = v.reader();
    let weak = Arc::downgrade(&v.load().unwrap());
    v.store(());
    assert!(weak.upgrade().is_some());
    reader.get();
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_value_outlives_its_thread() {
    let v = Arc::new(Value::empty());
    thread::spawn({
        let v = Arc::clone(&v);
        move || v.store(vec![1, 2, 3])
    })
    .join()
    .unwrap();
    assert_eq!(v.load().unwrap().iter().sum::<i32>(), 6);
}
