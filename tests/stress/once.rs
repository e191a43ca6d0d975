//! Many short races for one `Once`, and for one `OnceValue` whose function may panic.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gosync::{Once, OncePanic, OnceValue};

use crate::plain::Plain;
use crate::rng::Rng;
use crate::watchdog::Watchdog;
use crate::{LIMIT, SpinBarrier, join, rounds, start};

const THREADS: usize = 4;
/// What is made at a time.
const BATCH: usize = 64;

/// Lets all threads race for one thing after another, for a time.
fn race<T: Send + Sync>(make: impl Fn() -> T, f: impl Fn(&T, &mut Rng) + Sync) {
    let (barrier, f) = (&SpinBarrier::new(THREADS), &f);
    for batch in rounds(2_000, LIMIT) {
        let things: Vec<T> = (0..BATCH).map(|_| make()).collect();
        let things = &things;
        thread::scope(|s| {
            join(start(s, THREADS, |thread| {
                let mut rng = Rng::new(batch * THREADS + thread);
                move || {
                    for thing in things {
                        barrier.wait();
                        rng.pause();
                        f(thing, &mut rng);
                    }
                }
            }));
        });
    }
}

/// One function runs, whether it panics or not, and everybody sees what it did.
#[test]
fn one_run() {
    let _watchdog = Watchdog::new();
    let make = || (Once::new(), Once::new(), Plain::default());
    race(make, |(outer, once, runs), rng| {
        let run = |rng: &mut Rng| {
            once.call_once(|| {
                rng.pause();
                // SAFETY: one function runs, and the reads below come after it.
                unsafe { runs.increment() };
                if rng.one_in(4) {
                    resume_unwind(Box::new(()));
                }
            });
        };
        // Whoever comes by the outer one, with whatever outcome, has seen the end of the inner one.
        let nested = rng.one_in(2);
        let call = || if nested { outer.call_once(|| run(rng)) } else { run(rng) };
        catch_unwind(AssertUnwindSafe(call)).ok();
        // SAFETY: after the function.
        assert_eq!(unsafe { runs.get() }, 1);
    });
}

/// All callers of a value get the same: the value, or the text of the panic. The function is dropped before.
#[test]
fn one_outcome() {
    struct Owned(Arc<AtomicUsize>);
    impl Drop for Owned {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let _watchdog = Watchdog::new();
    let made = AtomicUsize::new(0);
    let make = || {
        let (n, drops) = (made.fetch_add(1, Ordering::Relaxed), Arc::new(AtomicUsize::new(0)));
        let owned = Owned(Arc::clone(&drops));
        let f = move || {
            let _owned = &owned;
            Rng::new(n).pause();
            match n % 4 {
                0 => resume_unwind(Box::new("literal")),
                1 => resume_unwind(Box::new(n.to_string())),
                2 => resume_unwind(Box::new(n)),
                _ => vec![n; 2],
            }
        };
        (n, OnceValue::new(f), drops, AtomicUsize::new(0))
    };
    race(make, |(n, value, drops, originals), _| {
        // Without the message of the panics that are raised again.
        let outcome = silently(|| catch_unwind(AssertUnwindSafe(|| value.get())));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        match (n % 4, outcome) {
            (0, Err(thrown)) => assert_eq!(thrown.downcast_ref(), Some(&"literal")),
            (1, Err(thrown)) => assert_eq!(thrown.downcast_ref(), Some(&n.to_string())),
            (2, Err(thrown)) if thrown.downcast_ref() == Some(n) => {
                assert_eq!(originals.fetch_add(1, Ordering::Relaxed), 0, "there is one");
            }
            (2, Err(thrown)) => assert_eq!(thrown.downcast_ref(), Some(&OncePanic)),
            (3, Ok(value)) => assert_eq!(value, &[*n; 2]),
            (_, outcome) => panic!("{n}: {outcome:?}"),
        }
    });
}

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`, whose panics are expected and so many that they must not be printed.
fn silently<R>(f: impl FnOnce() -> R) -> R {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !SILENT.get() {
                before(info);
            }
        }));
    });
    SILENT.set(true);
    let result = f();
    SILENT.set(false);
    result
}
