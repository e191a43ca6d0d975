//! The counters.

use gosync::atomic::{PaddedCounters, ShardedCounter};
use gosync::go;
use gosync_atomic::__sys::{Seats, seat};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::model::{Model, Verdict, fails, holds, witness};

const COUNTER: &str = "gosync.counter";
const FREE: &str = "gosync.counter-free";

const SPREAD: &[&str] = &["counter.publish"];

pub(crate) fn models() -> Vec<Model> {
    [without_seats(), with_seats(), sums(), frees()].into_iter().flatten().collect()
}

/// Many threads: none of these has a seat.
fn without_seats() -> Vec<Model> {
    vec![
        holds(COUNTER, "two threads", || {
            adders(ShardedCounter::new(), 2, 2, |counter| counter.add(1), |counter| counter.sum());
        })
        .bound(3)
        .reaches(&["counter.publish", "counter.slot"])
        .pinged(),
        holds(COUNTER, "three threads", || {
            adders(ShardedCounter::new(), 3, 1, |counter| counter.add(1), |counter| counter.sum());
        })
        .bound(3)
        .reaches(&["counter.publish", "counter.publish.fail", "counter.too-late"])
        .pinged(),
        holds(COUNTER, "padded", || {
            adders(PaddedCounters::<2>::new(), 2, 2, |counters| counters.add(1, 1), PaddedCounters::sum);
        }),
        fails(COUNTER, "load, then store", Verdict::Assertion, || {
            adders(AtomicUsize::new(0), 2, 2, add_plainly, |n| n.load(Ordering::Relaxed) as i64);
        }),
    ]
}

/// Who has a seat has a word.
fn with_seats() -> Vec<Model> {
    vec![
        holds(COUNTER, "two seats", || {
            // One has the first word, and the other finds it there until the counter spreads.
            adders(ShardedCounter::new(), 2, 2, |counter| counter.add(1), |counter| counter.sum());
        })
        .with_seats(2)
        .bound(3)
        .reaches(&["counter.own", "counter.others", "counter.publish", "counter.seat"])
        .pinged(),
        holds(COUNTER, "two seats, three threads", || {
            // One comes without a seat, unless another has ended before.
            adders(ShardedCounter::new(), 3, 1, |counter| counter.add(1), |counter| counter.sum());
        })
        .with_seats(2)
        .bound(2)
        .reaches(&[
            "counter.own",
            "counter.others",
            "counter.publish",
            "counter.seat",
            "counter.slot",
            "counter.too-late",
        ]),
        holds(COUNTER, "one seat, three threads", || {
            // A seat has a second owner when the counter has spread.
            let counter = Arc::new(ShardedCounter::new());
            let [first, other] = [2, 1].map(|times| {
                let counter = Arc::clone(&counter);
                go(move || {
                    (0..times).for_each(|_| counter.add(1));
                    seat().is_some()
                })
            });
            counter.add(1);
            let seated = [seat().is_some(), first.join().unwrap(), other.join().unwrap()];
            assert_eq!(counter.sum(), 4);
            witness(["", "one", "two", "three"][seated.into_iter().filter(|seated| *seated).count()]);
        })
        .with_seats(1)
        .bound(2)
        .witnesses(&["one", "two", "three"])
        .reaches(&["counter.own", "counter.publish", "counter.seat", "counter.slot"]),
        holds(COUNTER, "a thread that ended", || {
            // That it has left its seat is all that the other one knows.
            let counter = Arc::new(ShardedCounter::new());
            let other = go({
                let counter = Arc::clone(&counter);
                move || {
                    counter.add(1);
                    counter.add(1);
                    seat().is_some()
                }
            });
            counter.add(1);
            counter.add(1);
            let (mine, theirs) = (seat().is_some(), other.join().unwrap());
            assert_eq!(counter.sum(), 4);
            witness(if mine && theirs { "one after the other" } else { "one without" });
        })
        .with_seats(1)
        .bound(3)
        .witnesses(&["one after the other", "one without"])
        .reaches(&["counter.own", "counter.others"])
        .pinged(),
        holds(COUNTER, "at a seat", || at_one_seat(true)).witnesses(&["one after the other", "one without"]),
        fails(COUNTER, "at a seat that was given back", Verdict::Assertion, || at_one_seat(false)),
    ]
}

/// A sum meets additions.
fn sums() -> Vec<Model> {
    let meanwhile = holds(COUNTER, "a sum meanwhile", || {
        let counter = Arc::new(ShardedCounter::new());
        let others = [(); 2].map(|()| adder(&counter, 1, |counter| counter.add(1)));
        let sum = counter.sum();
        assert!((0..=2).contains(&sum), "{sum}");
        witness(["none", "one", "two"][sum as usize]);
        others.into_iter().for_each(|other| other.join().unwrap());
    })
    .bound(3)
    .mutants_at(3)
    .witnesses(&["none", "one", "two"])
    .reaches(&["counter.publish", "counter.sum-word"])
    .pinged();
    let told = holds(COUNTER, "a sum that was told", || {
        // By a flag, while others go on adding.
        let (counter, flag) = (Arc::new(ShardedCounter::new()), Arc::new(AtomicBool::new(false)));
        let teller = go({
            let (counter, flag) = (Arc::clone(&counter), Arc::clone(&flag));
            move || {
                counter.add(2);
                flag.store(true, Ordering::Release);
            }
        });
        let other = adder(&counter, 1, |counter| counter.add(1));
        if flag.load(Ordering::Acquire) {
            let sum = counter.sum();
            assert!(sum >= 2, "{sum}");
            witness(if sum == 2 { "two" } else { "three" });
        }
        teller.join().unwrap();
        other.join().unwrap();
    })
    .bound(3)
    .witnesses(&["two", "three"])
    .reaches(SPREAD)
    .pinged();
    vec![
        meanwhile.seated(2),
        meanwhile,
        told.seated(2),
        told,
        fails(COUNTER, "a sum that was not told", Verdict::Assertion, || {
            let counter = Arc::new(ShardedCounter::new());
            let other = adder(&counter, 1, |counter| counter.add(1));
            assert_eq!(counter.sum(), 1);
            other.join().unwrap();
        }),
    ]
}

fn frees() -> Vec<Model> {
    let last = holds(FREE, "the last of two threads", || {
        // None waits for the other: whoever is last frees it.
        let counter = Arc::new(ShardedCounter::new());
        let other = adder(&counter, 2, |counter| counter.add(1));
        counter.add(1);
        drop(counter);
        other.join().unwrap();
    })
    .reaches(&["counter.publish", "counter.free"])
    .pinged();
    vec![last.seated(2).reaches(&["counter.own", "counter.publish", "counter.free"]), last]
}

/// As the owner of a word may, and nobody else.
fn add_plainly(n: &AtomicUsize) {
    n.store(n.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Two threads that want one seat; who has it adds to its word, there or afterwards, and who has none to another.
fn at_one_seat(adds_there: bool) {
    let all = Arc::new((Seats::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
    let sit = move |(seats, own, others): &(Seats, AtomicUsize, AtomicUsize)| {
        let Some(seat) = seats.take(1) else { return others.fetch_add(1, Ordering::Relaxed) };
        if adds_there {
            add_plainly(own);
        }
        seats.give_back(seat);
        if !adds_there {
            add_plainly(own);
        }
        0
    };
    let other = go({
        let all = Arc::clone(&all);
        move || sit(&all)
    });
    sit(&all);
    other.join().unwrap();
    let [own, others] = [&all.1, &all.2].map(|n| n.load(Ordering::Relaxed));
    assert_eq!(own + others, 2);
    witness(if others == 0 { "one after the other" } else { "one without" });
}

fn adder<A: Send + Sync + 'static>(a: &Arc<A>, times: usize, add: fn(&A)) -> gosync::JoinHandle<()> {
    let a = Arc::clone(a);
    go(move || (0..times).for_each(|_| add(&a)))
}

/// So many threads add so many times; then the sum is exact.
fn adders<A: Send + Sync + 'static>(a: A, threads: usize, times: usize, add: fn(&A), sum: fn(&A) -> i64) {
    let a = Arc::new(a);
    let others: Vec<_> = (1..threads).map(|_| adder(&a, times, add)).collect();
    (0..times).for_each(|_| add(&a));
    others.into_iter().for_each(|other| other.join().unwrap());
    assert_eq!(sum(&a), (threads * times) as i64);
}
