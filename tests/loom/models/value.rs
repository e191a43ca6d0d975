//! `Value` and `Pointer`; `reader.rs` has more of `Reader`. In models their `Arc` is loom's, which reports one that is never freed, and an end that is
//! not ordered after every use.

use gosync::atomic::{Int32, Pointer, Value};
use gosync::go;
use gosync_atomic::__sys::Alive;
use gosync_atomic::__sys::control::forgo_one_order;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicPtr, Ordering};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const EDGE: &str = "atomic.value-store-before-load";
const FAILED: &str = "atomic.failed-cas-observes";
const TOTAL: &str = "atomic.total-order";
const ONCE: &str = "gosync.value-once";
const FREE: &str = "gosync.value-free";

pub(crate) fn models() -> Vec<Model> {
    let models = [edges(), failed(), one_order(), changes(), frees()];
    models.into_iter().flatten().collect()
}

pub(super) type Words = Value<usize>;

/// One thread writes and publishes; the other reads if it has observed that.
fn message(publish: fn(&Words), observe: fn(&Words) -> bool) {
    let (d, v) = (Plain::new(), Arc::new(Value::new(0)));
    let other = go({
        let (d, v) = (d.clone(), Arc::clone(&v));
        move || {
            d.write(1);
            publish(&v);
        }
    });
    let read = observe(&v).then(|| d.read());
    witness(if read.is_some() { "observed" } else { "not observed" });
    other.join().unwrap();
    assert_ne!(read, Some(0));
}

const BOTH: &[&str] = &["observed", "not observed"];

pub(super) fn is(value: Option<Arc<usize>>, expected: usize) -> bool {
    value.is_some_and(|value| *value == expected)
}

/// Who observes a store sees what came before it.
fn edges() -> Vec<Model> {
    let by = |name: &str, publish: fn(&Words)| {
        holds(EDGE, format!("by {name}"), move || message(publish, |v| is(v.load(), 1))).witnesses(BOTH)
    };
    let seen_by = |name: &str, observe: fn(&Words) -> bool| {
        holds(EDGE, format!("seen by {name}"), move || message(|v| v.store(1), observe)).witnesses(BOTH)
    };
    vec![
        by("store", |v| v.store(1)),
        by("swap", |v| assert!(is(v.swap(1), 0))),
        by("compare_and_swap", |v| assert!(v.compare_and_swap(Some(&0), 1))),
        seen_by("swap", |v| is(v.swap(2), 1)),
        seen_by("compare_and_swap", |v| v.compare_and_swap(Some(&1), 2)),
        seen_by("a reader", |v| v.reader().get().is_some_and(|value| **value == 1)),
        seen_by("a reader that has looked before", |v| {
            let mut reader = v.reader();
            let mut look = || reader.get().is_some_and(|value| **value == 1);
            !look() && look()
        }),
        holds(EDGE, "what the value points to", || {
            let p = Arc::new(Pointer::new(None));
            let other = go({
                let p = Arc::clone(&p);
                move || p.store(Some(Arc::new(Plain::holding(1))))
            });
            match p.load() {
                Some(plain) => {
                    assert_eq!(plain.read(), 1);
                    witness("stored");
                }
                None => witness("empty"),
            }
            other.join().unwrap();
        })
        .witnesses(&["stored", "empty"]),
        fails(EDGE, "write after the store", Verdict::Race, || {
            let (d, v) = (Plain::new(), Arc::new(Value::new(0)));
            let other = go({
                let (d, v) = (d.clone(), Arc::clone(&v));
                move || {
                    v.store(1);
                    d.write(1);
                }
            });
            if is(v.load(), 1) {
                d.read();
            }
            other.join().unwrap();
        }),
        fails(EDGE, "read without having observed", Verdict::Race, || message(|v| v.store(1), |v| v.load().is_some())),
    ]
}

/// A compare-and-swap that fails has read, and has not written.
fn failed() -> Vec<Model> {
    vec![
        holds(FAILED, "the loser observes, Value", || {
            message(|v| v.store(1), |v| !v.compare_and_swap(Some(&0), 2));
        })
        .witnesses(BOTH),
        holds(FAILED, "the loser observes, Pointer", || {
            let (d, old) = (Plain::new(), Arc::new(0));
            let p = Arc::new(Pointer::new(Some(Arc::clone(&old))));
            let other = go({
                let (d, p) = (d.clone(), Arc::clone(&p));
                move || {
                    d.write(1);
                    p.store(None);
                }
            });
            if p.compare_and_swap(Some(&old), None) {
                witness("not observed");
            } else {
                assert_eq!(d.read(), 1);
                witness("observed");
            }
            other.join().unwrap();
        })
        .witnesses(BOTH),
    ]
}

/// A number and a value: one thread sets the number and then does something to the value, the other sets the value and then
/// looks at the number. If the first was too early to see that, the second sees the number. The number's accesses acquire and
/// release, and nothing more, so it is the operations on the value that put them in order.
fn number_and_value(is_early: fn(&Words) -> bool) {
    forgo_one_order();
    let (x, v) = (Arc::new(Int32::new(0)), Arc::new(Value::new(0)));
    let other = go({
        let (x, v) = (Arc::clone(&x), Arc::clone(&v));
        move || {
            v.store(1);
            x.load()
        }
    });
    x.store(1);
    let is_early = is_early(&v);
    match (is_early, other.join().unwrap()) {
        (true, 0) => panic!("neither sees the other"),
        (true, _) => witness("the other sees"),
        (false, 0) => witness("this one sees"),
        (false, _) => witness("both see"),
    }
}

const SEE: &[&str] = &["the other sees", "this one sees", "both see"];

/// Two threads store into one pointer each and then look at the other's. At least one sees the other.
fn two_pointers(is_written: fn(&Pointer<()>) -> bool) {
    let two = Arc::new([(); 2].map(|()| Pointer::new(None)));
    let thread = |me: usize| {
        let two = Arc::clone(&two);
        move || {
            two[me].store(Some(Arc::new(())));
            is_written(&two[1 - me])
        }
    };
    let other = go(thread(1));
    let mine = thread(0)();
    match (mine, other.join().unwrap()) {
        (false, false) => panic!("neither sees the other"),
        (true, false) => witness("the first sees"),
        (false, true) => witness("the second sees"),
        (true, true) => witness("both see"),
    }
}

const SEES: &[&str] = &["the first sees", "the second sees", "both see"];

fn one_order() -> Vec<Model> {
    let with = |name: &str, is_early: fn(&Words) -> bool| {
        holds(TOTAL, format!("a number and a value, {name}"), move || number_and_value(is_early)).witnesses(SEE)
    };
    vec![
        with("load", |v| is(v.load(), 0)),
        with("swap", |v| is(v.swap(2), 0)),
        with("compare_and_swap", |v| v.compare_and_swap(Some(&0), 2)),
        with("failed compare_and_swap", |v| !v.compare_and_swap(Some(&1), 2)),
        fails(TOTAL, "a number and a value, a reader", Verdict::Assertion, || {
            // Its first look is a load; this is the second.
            forgo_one_order();
            let (x, v) = (Arc::new(Int32::new(0)), Arc::new(Value::new(0)));
            let mut reader = v.reader();
            let other = go({
                let (x, v) = (Arc::clone(&x), Arc::clone(&v));
                move || {
                    v.store(1);
                    x.load()
                }
            });
            x.store(1);
            let is_early = reader.get().is_some_and(|value| **value == 0);
            assert!(!is_early || other.join().unwrap() == 1, "neither sees the other");
        }),
        holds(TOTAL, "two pointers", || two_pointers(|p| p.load().is_some())).witnesses(SEES),
        holds(TOTAL, "two pointers, failed compare_and_swap", || two_pointers(|p| !p.compare_and_swap(None, None)))
            .witnesses(SEES),
        holds(TOTAL, "two writers, two readers of pointers", || {
            let two = Arc::new([(); 2].map(|()| Pointer::new(None)));
            let writers = [0, 1].map(|one| {
                let two = Arc::clone(&two);
                go(move || two[one].store(Some(Arc::new(()))))
            });
            let reader = |first: usize| {
                let two = Arc::clone(&two);
                move || [first, 1 - first].map(|one| two[one].load().is_some())
            };
            let other = go(reader(1));
            let mine = reader(0)();
            let theirs = other.join().unwrap();
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            assert!((mine, theirs) != ([true, false], [true, false]), "two orders");
            if mine == [true, false] {
                witness("the first one first");
            }
            if theirs == [true, false] {
                witness("the second one first");
            }
        })
        .bound(2)
        .witnesses(&["the first one first", "the second one first"]),
    ]
}

/// Every value is taken out once, and a comparison is made with the value that is replaced.
fn changes() -> Vec<Model> {
    vec![
        holds(ONCE, "two swaps", || {
            let v = Arc::new(Value::new(0));
            let other = go({
                let v = Arc::clone(&v);
                move || *v.swap(1).unwrap()
            });
            let mine = *v.swap(2).unwrap();
            let theirs = other.join().unwrap();
            let left = *v.load().unwrap();
            assert!([(0, 2, 1), (1, 0, 2)].contains(&(mine, theirs, left)), "{mine}, {theirs}, {left}");
            witness(if mine == 0 { "the first first" } else { "the second first" });
        })
        .witnesses(&["the first first", "the second first"]),
        holds(ONCE, "two compare_and_swaps, one succeeds", || {
            let v = Arc::new(Value::empty());
            let other = go({
                let v = Arc::clone(&v);
                move || v.compare_and_swap(None, 1)
            });
            let mine = v.compare_and_swap(None, 2);
            let theirs = other.join().unwrap();
            assert!(mine != theirs);
            assert!(is(v.load(), if mine { 2 } else { 1 }));
            witness(if mine { "mine" } else { "theirs" });
        })
        .witnesses(&["mine", "theirs"]),
        holds(ONCE, "an equal value comes in between", || {
            // It is another one, so the comparison is made again; it is equal, so that succeeds.
            let v = Arc::new(Value::new(0));
            let other = go({
                let v = Arc::clone(&v);
                move || v.store(0)
            });
            assert!(v.compare_and_swap(Some(&0), 1));
            other.join().unwrap();
            witness(if is(v.load(), 0) { "stored later" } else { "stored before" });
        })
        .witnesses(&["stored later", "stored before"]),
        holds(ONCE, "additions by compare_and_swap", || {
            let v = Arc::new(Value::new(0));
            let add = |v: &Words| {
                let mut tries = 0;
                while {
                    let old = *v.load().unwrap();
                    tries += 1;
                    !v.compare_and_swap(Some(&old), old + 1)
                } {}
                tries
            };
            let other = go({
                let v = Arc::clone(&v);
                move || add(&v)
            });
            if add(&v) + other.join().unwrap() > 2 {
                witness("one tried again");
            }
            assert!(is(v.load(), 2));
        })
        .bound(3)
        .witnesses(&["one tried again"]),
        fails(ONCE, "load, then store", Verdict::Assertion, || {
            let v = Arc::new(Value::new(0));
            let add = |v: &Words| v.store(*v.load().unwrap() + 1);
            let other = go({
                let v = Arc::clone(&v);
                move || add(&v)
            });
            add(&v);
            other.join().unwrap();
            assert!(is(v.load(), 2));
        }),
    ]
}

/// What tells when it is used, and when it goes.
struct Watched(Alive);

impl Watched {
    fn new() -> Arc<Watched> {
        Arc::new(Watched(Alive::new()))
    }

    fn used(&self) {
        self.0.used();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.freed();
    }
}

/// What was replaced is freed once, by its last owner, after every use.
fn frees() -> Vec<Model> {
    vec![
        holds(FREE, "a load meets a store", || {
            let p = Arc::new(Pointer::new(Some(Watched::new())));
            let other = go({
                let p = Arc::clone(&p);
                move || p.store(None)
            });
            if let Some(watched) = p.load() {
                watched.used();
                witness(if Arc::try_unwrap(watched).is_ok() { "the last owner" } else { "one of two owners" });
            }
            other.join().unwrap();
        })
        .witnesses(&["the last owner", "one of two owners"]),
        holds(FREE, "two loads meet a swap", || {
            let p = Arc::new(Pointer::new(Some(Watched::new())));
            let load = || {
                let p = Arc::clone(&p);
                go(move || p.load().map(|watched| watched.used()).is_some())
            };
            let loads = [load(), load()];
            let old = p.swap(None).expect("it is taken once");
            old.used();
            drop(old);
            let seen = loads.map(|load| load.join().unwrap());
            witness(["none", "one", "both"][seen.into_iter().filter(|&seen| seen).count()]);
        })
        .witnesses(&["none", "one", "both"]),
        holds(FREE, "the last of two threads", || {
            // None waits for the other: whoever is last frees the pointer, with what it points to.
            let p = Arc::new(Pointer::new(None));
            let other = go({
                let p = Arc::clone(&p);
                move || p.store(Some(Watched::new()))
            });
            p.store(Some(Watched::new()));
            drop(p);
            other.join().unwrap();
        }),
        holds(FREE, "a failed compare_and_swap keeps nothing", || {
            let p = Arc::new(Pointer::new(Some(Watched::new())));
            let other = go({
                let p = Arc::clone(&p);
                move || p.compare_and_swap(None, Some(Watched::new()))
            });
            p.store(Some(Watched::new()));
            assert!(!other.join().unwrap());
        }),
        holds(FREE, "a reader keeps what it has seen", || {
            let p = Arc::new(Pointer::new(Some(Watched::new())));
            let other = go({
                let p = Arc::clone(&p);
                move || p.store(None)
            });
            let mut reader = p.reader();
            for _ in 0..2 {
                match reader.get() {
                    Some(watched) => {
                        watched.used();
                        witness("there");
                    }
                    None => witness("gone"),
                }
            }
            other.join().unwrap();
        })
        .witnesses(&["there", "gone"]),
        fails(FREE, "counted in after the look", Verdict::Race, || {
            // What there would be without a section: a look at the pointer, and then the count.
            let watched = || Box::into_raw(Box::new(Watched(Alive::new())));
            let p = Arc::new(AtomicPtr::new(watched()));
            let other = go({
                let p = Arc::clone(&p);
                move || {
                    let old = p.swap(std::ptr::null_mut(), Ordering::AcqRel);
                    // Not freed really, so that it is loom that reports the use.
                    // SAFETY: out of a box, and never freed.
                    unsafe { &*old }.0.freed();
                }
            });
            let seen = p.load(Ordering::Acquire);
            if !seen.is_null() {
                // SAFETY: out of a box, and never freed.
                unsafe { &*seen }.used();
            }
            other.join().unwrap();
        }),
    ]
}
