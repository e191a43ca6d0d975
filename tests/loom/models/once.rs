//! `Once`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use gosync::{Once, OncePanic, go};
use gosync_atomic::__sys::Parker;
use gosync_atomic::__sys::control::wake_spuriously;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const RETURN: &str = "once.f-return-before-any-do-return";
const PANIC: &str = "once.panic-counts-as-return";
const BLOCK: &str = "once.waiters-block";
const COMPLETED: &str = "gosync.once-completed";
const REENTRY: &str = "gosync.once-reentry";
const FREE: &str = "gosync.once-free";

pub(super) const WAKE: &[&str] = &["once.wake"];

pub(crate) fn models() -> Vec<Model> {
    let models = [results(), panics(), ours()];
    models.into_iter().flatten().collect()
}

/// What Go says of `Once` when nothing panics.
fn results() -> Vec<Model> {
    vec![
        holds(RETURN, "two callers", || callers::<Once>(2)).reaches(WAKE),
        holds(RETURN, "three callers", || callers::<Once>(3)).bound(3).reaches(WAKE),
        fails(RETURN, "losers return at once", Verdict::Race, || callers::<LosersReturn>(2)),
        holds(RETURN, "different functions", || {
            // Whichever runs, everybody sees that one's work and no other's.
            let (d, once) = (Plain::new(), Arc::new(Once::new()));
            let other = go({
                let (d, once) = (d.clone(), Arc::clone(&once));
                move || {
                    once.call_once(|| d.write(1));
                    d.read()
                }
            });
            once.call_once(|| d.write(2));
            let seen = d.read();
            assert_eq!(other.join().unwrap(), seen);
            witness(["", "the other's", "its own"][seen]);
        })
        .witnesses(&["the other's", "its own"])
        .reaches(WAKE),
        holds(RETURN, "late caller", || {
            late(|once, d| {
                once.call_once(|| unreachable!());
                assert_eq!(d.read(), 1);
            });
        })
        .witnesses(&["late"]),
        fails(RETURN, "late, without the call", Verdict::Race, || {
            late(|_, d| {
                d.read();
            });
        }),
        holds(RETURN, "two callers and a late one", || {
            // It may have learned from the one who only waited.
            let (d, once, flag) = (Plain::new(), Arc::new(Once::new()), Arc::new(AtomicBool::new(false)));
            let callers = [(); 2].map(|()| {
                let (d, once, flag) = (d.clone(), Arc::clone(&once), Arc::clone(&flag));
                go(move || {
                    let mut ran = false;
                    once.call_once(|| {
                        d.write(1);
                        ran = true;
                    });
                    if !ran {
                        flag.store(true, Ordering::Relaxed);
                    }
                })
            });
            if flag.load(Ordering::Relaxed) {
                witness("late");
                once.call_once(|| unreachable!());
                assert_eq!(d.read(), 1);
            }
            callers.into_iter().for_each(|caller| caller.join().unwrap());
        })
        .bound(3)
        .witnesses(&["late"])
        .reaches(WAKE),
        fails(RETURN, "fast path without an order", Verdict::Race, || callers::<RelaxedFlag>(2)),
        holds(BLOCK, "a function that waits", block::<Once>).witnesses(&["it waited"]).reaches(WAKE),
        fails(BLOCK, "losers return at once", Verdict::Race, block::<LosersReturn>),
        holds("gosync.no-spurious-return", "once", || {
            let (d, once) = (Plain::new(), Arc::new(Once::new()));
            let waiter = go({
                let (d, once) = (d.clone(), Arc::clone(&once));
                move || {
                    once.call_once(|| d.write(1));
                    assert_eq!(d.read(), 1);
                }
            });
            wake_spuriously();
            once.call_once(|| d.write(1));
            waiter.join().unwrap();
        })
        .reaches(WAKE),
    ]
}

/// Functions of a `Once` that panic.
fn panics() -> Vec<Model> {
    vec![
        holds(PANIC, "two callers", panicking::<Once>).witnesses(&["its own", "the other's"]).reaches(WAKE),
        fails(PANIC, "a panic that does not count", Verdict::Assertion, panicking::<PanicsDoNotCount>),
        holds(PANIC, "three callers", || {
            let (d, once) = (Plain::new(), Arc::new(Once::new()));
            let call = |once: &Once, d: &Plain| {
                let panicked = caught(|| {
                    once.call_once(|| {
                        d.increment();
                        expected();
                    });
                });
                assert_eq!(d.read(), 1);
                usize::from(panicked.is_some())
            };
            let others = [(); 2].map(|()| {
                let (d, once) = (d.clone(), Arc::clone(&once));
                go(move || call(&once, &d))
            });
            let panics = call(&once, &d);
            assert_eq!(others.into_iter().fold(panics, |sum, other| sum + other.join().unwrap()), 1);
        })
        .bound(3)
        .reaches(WAKE),
    ]
}

/// What we promise beyond Go.
fn ours() -> Vec<Model> {
    vec![
        holds(COMPLETED, "completed", || completed(true)).witnesses(&["completed", "not completed"]),
        fails(COMPLETED, "without asking", Verdict::Race, || completed(false)),
        holds(REENTRY, "while another waits", || {
            let (refused, once) = (Plain::new(), Arc::new(Once::new()));
            let call = |once: &Once, refused: &Plain| {
                once.call_once(|| {
                    if caught(|| once.call_once(|| unreachable!())).is_some_and(|payload| is_reentry(&payload)) {
                        refused.increment();
                    }
                });
                assert_eq!(refused.read(), 1);
            };
            let other = go({
                let (refused, once) = (refused.clone(), Arc::clone(&once));
                move || call(&once, &refused)
            });
            call(&once, &refused);
            other.join().unwrap();
        })
        .reaches(WAKE),
        holds(REENTRY, "not caught", || {
            // It is a panic of the function like any other.
            let (d, once) = (Plain::new(), Arc::new(Once::new()));
            let call = |once: &Once, d: &Plain| {
                let payload = caught(|| {
                    once.call_once(|| {
                        d.increment();
                        once.call_once(|| unreachable!());
                    });
                });
                assert_eq!(d.read(), 1);
                payload.is_some_and(|payload| is_reentry(&payload))
            };
            let other = go({
                let (d, once) = (d.clone(), Arc::clone(&once));
                move || call(&once, &d)
            });
            let here = call(&once, &d);
            assert!(here ^ other.join().unwrap());
        })
        .reaches(WAKE),
        holds(REENTRY, "another thread's is not mine", || {
            // One waits for the inner one inside the outer one; the other runs the inner one. Nobody is refused.
            let (d, outer, inner) = (Plain::new(), Arc::new(Once::new()), Arc::new(Once::new()));
            let other = go({
                let (d, inner) = (d.clone(), Arc::clone(&inner));
                move || inner.call_once(|| d.write(1))
            });
            outer.call_once(|| {
                inner.call_once(|| d.write(1));
                d.increment();
            });
            assert_eq!(d.read(), 2);
            other.join().unwrap();
        })
        .reaches(WAKE),
        holds(FREE, "a waiter frees", || {
            let once = Box::into_raw(Box::new(Once::new()));
            let shared = Shared(once);
            let other = go(move || {
                let shared = &shared;
                // SAFETY: it lives until this thread has run the function, or is joined.
                unsafe { &*shared.0 }.call_once(|| ());
            });
            let mut ran = false;
            // SAFETY: this thread is the one that frees it.
            unsafe { &*once }.call_once(|| ran = true);
            if ran {
                other.join().unwrap();
                // SAFETY: nobody else is left.
                drop(unsafe { Box::from_raw(once) });
            } else {
                witness("the other is still at it");
                // SAFETY: the other has run the function, and that is its last access.
                drop(unsafe { Box::from_raw(once) });
                other.join().unwrap();
            }
        })
        .witnesses(&["the other is still at it"])
        .reaches(WAKE),
    ]
}

/// A `Once`, or one that is wrong in one way.
trait Runs: Send + Sync + 'static {
    fn make() -> Self;
    fn run(&self, f: impl FnOnce());
}

impl Runs for Once {
    fn make() -> Once {
        Once::new()
    }
    fn run(&self, f: impl FnOnce()) {
        self.call_once(f);
    }
}

/// The mistake that Go's source warns of: the winner runs the function, the losers return at once.
struct LosersReturn(AtomicBool);

impl Runs for LosersReturn {
    fn make() -> LosersReturn {
        LosersReturn(AtomicBool::new(false))
    }
    fn run(&self, f: impl FnOnce()) {
        if !self.0.swap(true, Ordering::AcqRel) {
            f();
        }
    }
}

/// One whose fast path orders nothing.
struct RelaxedFlag(AtomicBool, loom::sync::Mutex<()>);

impl Runs for RelaxedFlag {
    fn make() -> RelaxedFlag {
        RelaxedFlag(AtomicBool::new(false), loom::sync::Mutex::new(()))
    }
    fn run(&self, f: impl FnOnce()) {
        if !self.0.load(Ordering::Relaxed) {
            let _lock = self.1.lock().unwrap();
            if !self.0.load(Ordering::Relaxed) {
                f();
                self.0.store(true, Ordering::Release);
            }
        }
    }
}

/// One that runs the next function if the first panics.
struct PanicsDoNotCount(loom::sync::Mutex<bool>);

impl Runs for PanicsDoNotCount {
    fn make() -> PanicsDoNotCount {
        PanicsDoNotCount(loom::sync::Mutex::new(false))
    }
    fn run(&self, f: impl FnOnce()) {
        let mut done = self.0.lock().unwrap();
        if !*done {
            // Not under the guard, which would be poisoned.
            let outcome = catch_unwind(AssertUnwindSafe(f));
            *done = outcome.is_ok();
            drop(done);
            if let Err(payload) = outcome {
                resume_unwind(payload);
            }
        }
    }
}

/// `n` callers with the same function: it ran once, and each sees that it has run.
fn callers<O: Runs>(n: usize) {
    let (d, once) = (Plain::new(), Arc::new(O::make()));
    let call = |once: &O, d: &Plain| {
        once.run(|| d.increment());
        assert_eq!(d.read(), 1);
    };
    in_threads(n, &once, &d, call);
}

/// One thread's call, and what another does if it knows that the call has returned, from a flag that orders nothing.
fn late(then: impl FnOnce(&Once, &Plain)) {
    let (d, once, flag) = (Plain::new(), Arc::new(Once::new()), Arc::new(AtomicBool::new(false)));
    let caller = go({
        let (d, once, flag) = (d.clone(), Arc::clone(&once), Arc::clone(&flag));
        move || {
            once.call_once(|| d.write(1));
            flag.store(true, Ordering::Relaxed);
        }
    });
    if flag.load(Ordering::Relaxed) {
        witness("late");
        then(&once, &d);
    }
    caller.join().unwrap();
}

/// The other's function waits until this thread is about to call; this thread does not pass it.
fn block<O: Runs>() {
    let (d, once, parker) = (Plain::new(), Arc::new(O::make()), Parker::new());
    let unparker = parker.unparker();
    let other = go({
        let (d, once) = (d.clone(), Arc::clone(&once));
        move || {
            once.run(|| {
                d.write(1);
                parker.park();
                d.write(2);
            });
        }
    });
    let mut ran = false;
    unparker.unpark();
    once.run(|| {
        ran = true;
        d.write(2);
    });
    assert_eq!(d.read(), 2);
    if !ran {
        witness("it waited");
    }
    other.join().unwrap();
}

/// Two functions that panic: one runs, its caller gets the panic, the other returns and sees what it did.
fn panicking<O: Runs>() {
    let (d, once, runs) = (Plain::new(), Arc::new(O::make()), Arc::new(AtomicUsize::new(0)));
    let call = |value: usize, once: &O, d: &Plain, runs: &AtomicUsize| {
        let panicked = caught(|| {
            once.run(|| {
                assert_eq!(runs.fetch_add(1, Ordering::Relaxed), 0, "nothing is run any more");
                d.write(value);
                expected();
            });
        });
        let seen = d.read();
        assert_eq!(panicked.is_some(), seen == value, "the panic goes to the caller that ran the function");
        seen
    };
    let other = go({
        let (d, once, runs) = (d.clone(), Arc::clone(&once), Arc::clone(&runs));
        move || call(1, &once, &d, &runs)
    });
    let seen = call(2, &once, &d, &runs);
    assert_eq!(other.join().unwrap(), seen);
    witness(["", "the other's", "its own"][seen]);
}

/// One thread's call, and another that reads its work if the `Once` says that it is completed, or without asking.
fn completed(ask: bool) {
    let (d, once) = (Plain::new(), Arc::new(Once::new()));
    let asker = go({
        let (d, once) = (d.clone(), Arc::clone(&once));
        move || {
            if !ask || once.is_completed() {
                witness("completed");
                d.read();
            } else {
                witness("not completed");
            }
        }
    });
    once.call_once(|| d.write(1));
    asker.join().unwrap();
}

/// Runs `f` in `n` threads, of which this is one.
pub(super) fn in_threads<O: Send + Sync + 'static>(
    n: usize,
    shared: &Arc<O>,
    d: &Plain,
    f: impl Fn(&O, &Plain) + Clone + Send + 'static,
) {
    let others: Vec<_> = (1..n)
        .map(|_| {
            let (shared, d, f) = (Arc::clone(shared), d.clone(), f.clone());
            go(move || f(&shared, &d))
        })
        .collect();
    f(shared, d);
    others.into_iter().for_each(|other| other.join().unwrap());
}

/// The payload of a panic that is part of a model.
pub(super) struct Expected;

/// Panics without a message: it would be printed in every execution.
pub(super) fn expected() {
    resume_unwind(Box::new(Expected));
}

/// The payload of a panic that is part of a model. loom's own panics go on: they are findings.
pub(super) fn caught(f: impl FnOnce()) -> Option<Box<dyn std::any::Any + Send>> {
    let payload = catch_unwind(AssertUnwindSafe(f)).err()?;
    let text = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
    let ours =
        payload.is::<Expected>() || payload.is::<OncePanic>() || is_reentry(&payload) || text == Some("expected");
    if ours { Some(payload) } else { resume_unwind(payload) }
}

fn is_reentry(payload: &Box<dyn std::any::Any + Send>) -> bool {
    payload.downcast_ref::<&str>().is_some_and(|text| *text == "gosync: Once called again from inside its own function")
}

struct Shared(*const Once);

// SAFETY: the pointee is Sync; whoever uses the pointer says why it is alive.
unsafe impl Send for Shared {}
