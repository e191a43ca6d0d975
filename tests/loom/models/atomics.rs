//! Go's atomics.
//!
//! What an observed access orders is shown with accesses that acquire and release and nothing more ([`forgo_one_order`]):
//! only the access that was observed can have ordered anything then. What is in one order of all needs that order.

use gosync::atomic::{Bool, Int32, Int64, Uint32, Uint64, Uintptr};
use gosync::go;
use gosync_atomic::__sys::control::forgo_one_order;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const OBSERVED: &str = "atomic.observed-before-observer";
const FAILED: &str = "atomic.failed-cas-observes";
const BRANCH: &str = "atomic.return-value-branch";
const TOTAL: &str = "atomic.total-order";

pub(crate) fn models() -> Vec<Model> {
    let models = [publishers(), observers(), types(), chains(), failed(), branches(), one_order()];
    models.into_iter().flatten().collect()
}

/// One thread writes and publishes; the other reads if it has observed that.
fn message<A: Send + Sync + 'static>(
    new: impl Fn() -> A,
    publish: impl Fn(&A) + Send + 'static,
    observe: impl Fn(&A) -> bool,
) {
    forgo_one_order();
    let (d, a) = (Plain::new(), Arc::new(new()));
    let other = go({
        let (d, a) = (d.clone(), Arc::clone(&a));
        move || {
            d.write(1);
            publish(&a);
        }
    });
    let read = observe(&a).then(|| d.read());
    witness(if read.is_some() { "observed" } else { "not observed" });
    other.join().unwrap();
    // Not before: a read that comes too early is to be reported as a race.
    assert_ne!(read, Some(0));
}

const BOTH: &[&str] = &["observed", "not observed"];

/// A model with this publisher, and a load that observes.
fn by(name: &str, publish: fn(&Uint32)) -> Model {
    holds(OBSERVED, format!("by {name}"), move || message(|| Uint32::new(2), publish, |a| a.load() != 2))
        .witnesses(BOTH)
}

/// A model with a store, and this observer.
fn seen_by(name: &str, observe: fn(&Uint32) -> bool) -> Model {
    holds(OBSERVED, format!("seen by {name}"), move || message(|| Uint32::new(2), |a| a.store(1), observe))
        .witnesses(BOTH)
}

fn publishers() -> Vec<Model> {
    vec![
        by("store", |a| a.store(1)),
        by("swap", |a| assert_eq!(a.swap(1), 2)),
        by("add", |a| assert_eq!(a.add(1), 3)),
        by("and", |a| assert_eq!(a.and(1), 2)),
        by("or", |a| assert_eq!(a.or(1), 2)),
        by("compare_and_swap", |a| assert!(a.compare_and_swap(2, 1))),
        fails(OBSERVED, "a relaxed publisher", Verdict::Race, || {
            message(|| AtomicUsize::new(0), |a| a.store(1, Ordering::Relaxed), |a| a.load(Ordering::Acquire) == 1);
        }),
    ]
}

fn observers() -> Vec<Model> {
    vec![
        seen_by("swap", |a| a.swap(5) == 1),
        seen_by("add", |a| a.add(1) == 2),
        seen_by("and", |a| a.and(3) == 1),
        seen_by("or", |a| a.or(4) == 1),
        seen_by("compare_and_swap", |a| a.compare_and_swap(1, 5)),
        fails(OBSERVED, "a relaxed observer", Verdict::Race, || {
            message(|| AtomicUsize::new(0), |a| a.store(1, Ordering::Release), |a| a.load(Ordering::Relaxed) == 1);
        }),
        fails(OBSERVED, "read without having observed", Verdict::Race, || {
            message(|| Uint32::new(2), |a| a.store(1), |a| a.load() < 3);
        }),
    ]
}

fn types() -> Vec<Model> {
    macro_rules! of {
        ($($type:ident, $zero:literal, $one:literal;)*) => {
            vec![$(holds(OBSERVED, stringify!($type), || {
                message(|| $type::new($zero), |a| a.store($one), |a| a.load() == $one);
            }).witnesses(BOTH)),*]
        };
    }
    of! {
        Int32, 0, -1;
        Int64, 0, -1;
        Uint64, 0, 1;
        Uintptr, 0, 1;
        Bool, false, true;
    }
}

/// What comes between the two does not cut them off from each other.
fn chains() -> Vec<Model> {
    vec![
        holds(OBSERVED, "through another thread's add", || {
            forgo_one_order();
            let (d, a) = (Plain::new(), Arc::new(Int32::new(0)));
            let writer = go({
                let (d, a) = (d.clone(), Arc::clone(&a));
                move || {
                    d.write(1);
                    a.add(1);
                }
            });
            let between = go({
                let a = Arc::clone(&a);
                move || _ = a.add(2)
            });
            if a.load() == 3 {
                assert_eq!(d.read(), 1);
                witness("observed");
            }
            writer.join().unwrap();
            between.join().unwrap();
        })
        .bound(3)
        .witnesses(&["observed"]),
        holds(OBSERVED, "handed on", || {
            forgo_one_order();
            let (d, a, b) = (Plain::new(), Arc::new(Bool::new(false)), Arc::new(Bool::new(false)));
            let writer = go({
                let (d, a) = (d.clone(), Arc::clone(&a));
                move || {
                    d.write(1);
                    a.store(true);
                }
            });
            let between = go({
                let (a, b) = (Arc::clone(&a), Arc::clone(&b));
                move || b.store(a.load())
            });
            if b.load() {
                assert_eq!(d.read(), 1);
                witness("observed");
            }
            writer.join().unwrap();
            between.join().unwrap();
        })
        .bound(3)
        .witnesses(&["observed"]),
    ]
}

/// A compare-and-swap that fails has read, and has not written.
fn failed() -> Vec<Model> {
    vec![
        holds(FAILED, "the loser observes", || {
            message(|| Uint32::new(2), |a| a.store(1), |a| !a.compare_and_swap(2, 5));
        })
        .witnesses(BOTH),
        holds(FAILED, "two compete", || {
            message(|| Int64::new(0), |a| _ = a.compare_and_swap(0, 1), |a| !a.compare_and_swap(0, 2));
        })
        .witnesses(BOTH),
        fails(FAILED, "a relaxed failure", Verdict::Race, || {
            let swap = |a: &AtomicUsize| a.compare_exchange(0, 2, Ordering::AcqRel, Ordering::Relaxed);
            message(|| AtomicUsize::new(0), |a| _ = a.swap(1, Ordering::AcqRel), move |a| swap(a).is_err());
        }),
        fails(FAILED, "nobody observes the loser", Verdict::Race, || {
            message(|| Uint32::new(2), |a| assert!(!a.compare_and_swap(5, 6)), |a| a.load() == 2);
        }),
    ]
}

/// Two threads add; the one that gets the number in `may_read` reads what the other wrote.
fn branch(may_read: i32) {
    forgo_one_order();
    let (d, a) = ([Plain::new(), Plain::new()], Arc::new(Int32::new(0)));
    let thread = |me: usize| {
        let (d, a) = (d.clone(), Arc::clone(&a));
        move || {
            d[me].write(1);
            (a.add(1) == may_read).then(|| d[1 - me].read())
        }
    };
    let other = go(thread(1));
    let read = [thread(0)(), other.join().unwrap()];
    match read {
        [Some(1), None] => witness("the first"),
        [None, Some(1)] => witness("the second"),
        _ => panic!("{read:?}"),
    }
}

fn branches() -> Vec<Model> {
    vec![
        holds(BRANCH, "the one that gets the sum", || branch(2)).witnesses(&["the first", "the second"]),
        fails(BRANCH, "the other one", Verdict::Race, || branch(1)),
    ]
}

/// Two words, and how they are written and read.
struct Two<A> {
    words: [A; 2],
    write: fn(&A),
    is_written: fn(&A) -> bool,
}

fn ours() -> Two<Int32> {
    Two { words: [Int32::new(0), Int32::new(0)], write: |a| a.store(1), is_written: |a| a.load() == 1 }
}

/// With orderings that do not put all accesses in one order.
fn weaker() -> Two<AtomicUsize> {
    Two {
        words: [AtomicUsize::new(0), AtomicUsize::new(0)],
        write: |a| assert_eq!(a.swap(1, Ordering::AcqRel), 0),
        is_written: |a| a.load(Ordering::Acquire) == 1,
    }
}

/// Two threads write one word each and then read the other's. At least one sees the other.
fn store_buffering<A: Send + Sync + 'static>(two: Two<A>) {
    let two = Arc::new(two);
    let thread = |me: usize| {
        let two = Arc::clone(&two);
        move || {
            (two.write)(&two.words[me]);
            (two.is_written)(&two.words[1 - me])
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

/// The same as a lock: who does not see the other goes in.
fn dekker<A: Send + Sync + 'static>(two: Two<A>) {
    let (d, two) = (Plain::new(), Arc::new(two));
    let thread = |me: usize| {
        let (d, two) = (d.clone(), Arc::clone(&two));
        move || {
            (two.write)(&two.words[me]);
            let goes_in = !(two.is_written)(&two.words[1 - me]);
            if goes_in {
                d.increment();
            }
            goes_in
        }
    };
    let other = go(thread(1));
    let mine = thread(0)();
    match (mine, other.join().unwrap()) {
        (true, _) => witness("the first"),
        (_, true) => witness("the second"),
        (false, false) => witness("neither"),
    }
}

/// Two threads write one word each, and two read both, in opposite order. They do not see them come in different orders.
fn independent_reads<A: Send + Sync + 'static>(two: Two<A>) {
    let two = Arc::new(two);
    let writers = [0, 1].map(|word| {
        let two = Arc::clone(&two);
        go(move || (two.write)(&two.words[word]))
    });
    let reader = |first: usize| {
        let two = Arc::clone(&two);
        move || [first, 1 - first].map(|word| (two.is_written)(&two.words[word]))
    };
    let other = go(reader(1));
    let mine = reader(0)();
    let theirs = other.join().unwrap();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert!((mine, theirs) != ([true, false], [true, false]), "two orders");
    if mine == [true, false] {
        witness("the first word first");
    }
    if theirs == [true, false] {
        witness("the second word first");
    }
}

const SEES: &[&str] = &["the first sees", "the second sees", "both see"];
const WHO: &[&str] = &["the first", "the second", "neither"];

fn one_order() -> Vec<Model> {
    vec![
        holds(TOTAL, "store, load", || store_buffering(ours())).witnesses(SEES),
        holds(TOTAL, "swap, load", || {
            store_buffering(Two { write: |a: &Int32| assert_eq!(a.swap(1), 0), ..ours() });
        })
        .witnesses(SEES),
        holds(TOTAL, "add, load", || {
            store_buffering(Two { write: |a: &Int32| assert_eq!(a.add(1), 1), ..ours() });
        })
        .witnesses(SEES),
        holds(TOTAL, "compare_and_swap, load", || {
            store_buffering(Two { write: |a: &Int32| assert!(a.compare_and_swap(0, 1)), ..ours() });
        })
        .witnesses(SEES),
        holds(TOTAL, "store, failed compare_and_swap", || {
            store_buffering(Two { is_written: |a: &Int32| !a.compare_and_swap(0, 0), ..ours() });
        })
        .witnesses(SEES),
        holds(TOTAL, "truth values", || {
            let words = [Bool::new(false), Bool::new(false)];
            store_buffering(Two { words, write: |a| a.store(true), is_written: Bool::load });
        })
        .witnesses(SEES),
        fails(TOTAL, "acquire and release", Verdict::Assertion, || store_buffering(weaker())),
        fails(TOTAL, "acquire and release of ours", Verdict::Assertion, || {
            forgo_one_order();
            store_buffering(ours());
        }),
        holds(TOTAL, "as a lock", || dekker(ours())).witnesses(WHO),
        fails(TOTAL, "as a lock, acquire and release", Verdict::Race, || dekker(weaker())),
        holds(TOTAL, "two writers, two readers", || independent_reads(ours()))
            .bound(2)
            .witnesses(&["the first word first", "the second word first"]),
        fails(TOTAL, "two writers, two readers, acquire and release", Verdict::Assertion, || {
            independent_reads(weaker());
        })
        .bound(2),
    ]
}
