//! `Value`, `Pointer` and `Reader` beyond Go's tests: what runs where, what is dropped when, odd values.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use gosync::atomic::{CompareExchangeError, Pointer, Value};
use gosync_tests::times;

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

/// What is refused comes back, with what was there instead; what is replaced is the caller's.
#[test]
fn nothing_is_lost() {
    let (a, b, c) = (Arc::new(1), Arc::new(1), Arc::new(2));
    let count = || [Arc::strong_count(&a), Arc::strong_count(&b), Arc::strong_count(&c)];
    let p = Pointer::new(Some(Arc::clone(&a)));
    let CompareExchangeError { current, new } = p.compare_exchange(Some(&b), Some(Arc::clone(&c))).unwrap_err();
    assert!(Arc::ptr_eq(&current.unwrap(), &a) && Arc::ptr_eq(&new.unwrap(), &c));
    assert_eq!(count(), [2, 1, 1]);
    let error = p.compare_exchange(None, None).unwrap_err();
    assert!(error.current.is_some() && error.new.is_none());
    drop(error);
    let old = p.compare_exchange(Some(&a), Some(Arc::clone(&c))).unwrap();
    assert!(old.is_some_and(|old| Arc::ptr_eq(&old, &a)));
    assert_eq!(count(), [1, 1, 2]);
    assert!(p.compare_exchange(Some(&c), None).unwrap().is_some());
    assert!(p.compare_exchange(Some(&c), Some(Arc::clone(&b))).unwrap_err().current.is_none());
    assert!(p.compare_exchange(None, Some(Arc::clone(&b))).unwrap().is_none());
    assert_eq!(count(), [1, 2, 1]);

    #[derive(PartialEq)]
    struct Unprintable(Box<u8>);
    let v = Value::empty();
    let error = v.compare_exchange(Some(&Unprintable(Box::new(1))), Unprintable(Box::new(2))).err().unwrap();
    assert_eq!((error.current.is_none(), *error.new.0), (true, 2));
    assert_eq!(format!("{error:?}: {error}"), "CompareExchangeError { .. }: what was to be replaced is not there");
    assert!(v.compare_exchange(None, error.new).unwrap().is_none());
    let error = v.compare_exchange(None, Unprintable(Box::new(3))).err().unwrap();
    assert_eq!((*error.current.unwrap().0, *error.new.0), (2, 3));
    let old = v.compare_exchange(Some(&Unprintable(Box::new(2))), error.new).unwrap();
    assert_eq!((*old.unwrap().0, *v.load().unwrap().0), (2, 3));
}

/// It also comes back if it was refused by the second comparison, after a try.
#[test]
fn nothing_is_lost_by_a_second_comparison() {
    static PLACE: Value<Meddler> = Value::empty();
    PLACE.store(Meddler { n: 3, meddle: || PLACE.store(Meddler { n: 4, meddle: || () }) });
    let error =
        PLACE.compare_exchange(Some(&Meddler { n: 3, meddle: || () }), Meddler { n: 5, meddle: || () }).err().unwrap();
    assert_eq!((error.current.unwrap().n, error.new.n, PLACE.load().unwrap().n), (4, 5, 4));
}

#[test]
fn values_that_are_shared_already() {
    let (v, shared) = (Value::new(1), Arc::new(2));
    v.store_arc(Arc::clone(&shared));
    assert!(Arc::ptr_eq(&v.load().unwrap(), &shared), "it is not copied");
    assert!(v.swap_arc(Arc::new(3)).is_some_and(|old| Arc::ptr_eq(&old, &shared)));
    assert_eq!((Arc::strong_count(&shared), v.load().as_deref()), (1, Some(&3)));
}

/// An update calls its function again if another change comes in between, and none is lost.
#[test]
fn updates() {
    let p = Pointer::new(None);
    assert_eq!(p.update(|old| old.is_none().then(|| Arc::new(1))), None);
    let same = p.load().unwrap();
    assert!(p.update(|old| old.cloned()).is_some_and(|old| Arc::ptr_eq(&old, &same)));
    assert!(p.load().is_some_and(|now| Arc::ptr_eq(&now, &same)), "left as it is");
    let mut calls = Vec::new();
    let old = p.update(|old| {
        calls.push(old.map(|n| **n));
        if calls.len() < 3 {
            p.store(Some(Arc::new(10 * calls.len())));
        }
        old.map(|n| Arc::new(**n + 1))
    });
    assert_eq!((calls, old.as_deref(), p.load().as_deref()), (vec![Some(1), Some(10), Some(20)], Some(&20), Some(&21)));
    assert_eq!(p.update(|_| None).as_deref(), Some(&21));
    assert_eq!(p.load(), None);

    let v = Value::empty();
    assert_eq!(v.update(|old| old.map_or(0_usize, |n| n + 1)), None);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| (0..times(1_000)).for_each(|_| _ = v.update(|old| old.map_or(0, |n| n + 1))));
        }
    });
    assert_eq!(v.load().as_deref(), Some(&(4 * times(1_000))));
    let fails = catch_unwind(|| v.update(|_| panic!("expected by this test")));
    assert!(fails.is_err());
    assert_eq!(v.into_inner().as_deref(), Some(&(4 * times(1_000))), "a panic changes nothing");
}

/// What was made in vain is dropped, and so is what was replaced meanwhile: at the latest when the update returns.
#[test]
fn updates_drop_what_was_in_vain() {
    let counted = Arc::new(());
    let p = Pointer::new(Some(Arc::new(Arc::clone(&counted))));
    let mut calls = 0;
    let old = p.update(|_| {
        calls += 1;
        if calls == 1 {
            p.store(Some(Arc::new(Arc::clone(&counted))));
        }
        Some(Arc::new(Arc::clone(&counted)))
    });
    assert_eq!((calls, Arc::strong_count(&counted)), (2, 3), "the old one and the new one");
    drop(old);
    drop(p);
    assert_eq!(Arc::strong_count(&counted), 1);
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
