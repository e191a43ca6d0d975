//! `Once`, `OnceFunc`, `OnceValue` and `OnceValues` beyond Go's tests.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use gosync::{Once, OnceFunc, OncePanic, OnceValue, OnceValues, chan};

use crate::settle;
use crate::watchdog::Watchdog;

const REENTRY: &str = "gosync: Once called again from inside its own function";

fn payload(f: impl FnOnce()) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(f)).expect_err("should panic")
}

#[track_caller]
fn assert_reentry(f: impl FnOnce()) {
    assert_eq!(payload(f).downcast_ref(), Some(&REENTRY));
}

/// Counts its drops, and panics in the drop if it is armed.
struct Counted {
    armed: bool,
    drops: Arc<AtomicU32>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        assert!(!self.armed, "expected by this test, in a drop");
    }
}

/// A maker of counted values, and the count.
fn counted() -> (impl Fn(bool) -> Counted, impl Fn() -> u32) {
    let drops = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&drops);
    (move |armed| Counted { armed, drops: Arc::clone(&drops) }, move || count.load(Ordering::Relaxed))
}

/// The function goes on if it catches the panic, and the `Once` is completed as ever.
#[test]
fn reentry_is_caught_inside() {
    let _watchdog = Watchdog::new();
    let once = Once::new();
    once.call_once(|| {
        for _ in 0..2 {
            assert_reentry(|| once.call_once(|| unreachable!()));
            assert!(!once.is_completed());
        }
    });
    assert!(once.is_completed());
    once.call_once(|| unreachable!());
}

/// If it does not, it has panicked, and that counts as done.
#[test]
fn reentry_is_not_caught() {
    let _watchdog = Watchdog::new();
    let once = Once::new();
    assert_reentry(|| once.call_once(|| once.call_once(|| unreachable!())));
    assert!(once.is_completed());
    once.call_once(|| unreachable!());
}

/// At any depth, through others that are not entered twice.
#[test]
fn reentry_through_others() {
    let _watchdog = Watchdog::new();
    let onces = [const { Once::new() }; 4];
    let value = OnceValue::new(|| {
        onces[2].call_once(|| {
            for once in &onces[..3] {
                assert_reentry(|| once.call_once(|| unreachable!()));
            }
            // It is not running, and then it is done, so it may be called from anywhere.
            onces[3].call_once(|| ());
            onces[3].call_once(|| unreachable!());
        });
        // It is done by now.
        onces[2].call_once(|| unreachable!());
        assert_reentry(|| onces[1].call_once(|| unreachable!()));
        5
    });
    onces[0].call_once(|| onces[1].call_once(|| assert_eq!(*value.get(), 5)));
    assert!(onces.iter().all(Once::is_completed));
}

/// A value that asks for itself: its text is the panic of every call.
#[test]
fn reentry_of_values() {
    static VALUE: OnceValue<u32> = OnceValue::new(|| *VALUE + 1);
    static EVEN: OnceValue<u32> = OnceValue::new(|| *ODD + 1);
    static ODD: OnceValue<u32> = OnceValue::new(|| *EVEN + 1);
    static VALUES: OnceValues<u32, u32> = OnceValues::new(|| (*VALUES.get().1, 1));
    static FUNC: OnceFunc = OnceFunc::new(|| FUNC.call());
    let _watchdog = Watchdog::new();
    for _ in 0..2 {
        assert_reentry(|| _ = *VALUE + 1);
        assert_reentry(|| _ = *EVEN + 1);
        assert_reentry(|| _ = *ODD + 1);
        assert_reentry(|| _ = VALUES.get());
        assert_reentry(|| FUNC.call());
    }
    // One that catches it has a value.
    static CATCHES: OnceValue<bool> = OnceValue::new(|| catch_unwind(|| *CATCHES).is_err());
    assert!(*CATCHES);
}

/// Neither a function that another thread runs, nor one that is over, is re-entry.
#[test]
fn what_is_no_reentry() {
    let _watchdog = Watchdog::new();
    let (outer, inner) = (Once::new(), Once::new());
    thread::scope(|s| {
        inner.call_once(|| {
            s.spawn(|| outer.call_once(|| inner.call_once(|| unreachable!())));
            settle();
            assert!(!outer.is_completed(), "it waits for the inner one");
        });
        outer.call_once(|| unreachable!("the other thread was first"));
    });
    // A function leaves no trace, even if the next `Once` lies where the last one lay.
    for panics in [false, true, false, true] {
        let once = Once::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| once.call_once(|| assert!(!panics, "expected by this test"))));
        assert_eq!(outcome.is_err(), panics);
    }
}

/// While a thread's locals are destroyed: running, re-entry, waiting.
#[test]
fn in_a_destructor() {
    struct AtExit(RefCell<Option<Box<dyn FnOnce()>>>);
    impl Drop for AtExit {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(|f| f());
        }
    }
    thread_local! {
        static LAST_WORDS: AtExit = const { AtExit(RefCell::new(None)) };
    }
    static RUN_THERE: Once = Once::new();
    static RUN_HERE: OnceValue<u32> = OnceValue::new(|| {
        READY.call();
        settle();
        7
    });
    static READY: OnceFunc = OnceFunc::new(|| ());
    let _watchdog = Watchdog::new();
    for used_before in [false, true] {
        let (tx, rx) = chan::bounded(1);
        let thread = thread::spawn(move || {
            let last_words = move || {
                let once = Once::new();
                once.call_once(|| assert_reentry(|| once.call_once(|| unreachable!())));
                RUN_THERE.call_once(|| ());
                tx.send(*RUN_HERE).unwrap();
            };
            LAST_WORDS.with(|at_exit| at_exit.0.replace(Some(Box::new(last_words))));
            if used_before {
                Once::new().call_once(|| ());
            }
        });
        assert_eq!((*RUN_HERE, rx.recv()), (7, Ok(7)), "the destructor ran to its end");
        thread.join().unwrap();
    }
    RUN_THERE.call_once(|| unreachable!());
}

/// Callers that come while the function runs wait for its end, also if it panics.
#[test]
fn callers_wait() {
    let _watchdog = Watchdog::new();
    for panics in [false, true] {
        let (once, over) = (Once::new(), AtomicBool::new(false));
        let (started, start) = chan::bounded(0);
        thread::scope(|s| {
            s.spawn(|| {
                let run = || {
                    once.call_once(|| {
                        (0..5).for_each(|_| started.send(()).unwrap());
                        settle();
                        over.store(true, Ordering::Relaxed);
                        assert!(!panics, "expected by this test");
                    });
                };
                assert_eq!(catch_unwind(AssertUnwindSafe(run)).is_err(), panics);
            });
            for _ in 0..5 {
                s.spawn(|| {
                    start.recv().unwrap();
                    once.call_once(|| unreachable!());
                    assert!(over.load(Ordering::Relaxed));
                });
            }
        });
    }
}

/// Every caller of a value gets the same one.
#[test]
fn one_value_for_all() {
    let _watchdog = Watchdog::new();
    let value = OnceValue::new(|| {
        settle();
        Box::new(1)
    });
    let addresses = thread::scope(|s| {
        let threads = [(); 5].map(|()| s.spawn(|| &raw const **value.get() as usize));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(addresses, [&raw const **value as usize; 5]);
}

/// A function that is not run is dropped when the call returns; one that is run, before anybody returns.
#[test]
fn functions_are_dropped() {
    let (make, drops) = counted();
    let owns = |owned: Counted| move || drop(owned);
    let once = Once::new();
    once.call_once(owns(make(false)));
    assert_eq!(drops(), 1);
    once.call_once(owns(make(false)));
    assert_eq!(drops(), 2);
    // A panic in such a drop is the caller's; the `Once` does not notice.
    payload(|| once.call_once(owns(make(true))));
    once.call_once(owns(make(false)));
    assert_eq!(drops(), 4);
    // In the function's own drop it is the function's.
    let once = Once::new();
    let armed = make(true);
    payload(|| once.call_once(move || _ = &armed));
    assert!(once.is_completed());
    assert_eq!(drops(), 5);
}

/// Whatever is inside is dropped once: the function, the value, or nothing; and what the function owned, in the call.
#[test]
fn values_are_dropped() {
    let (make, drops) = counted();
    let owned = make(false);
    drop(OnceValue::new(move || owned));
    assert_eq!(drops(), 1, "never called");

    let owned = make(false);
    let value = OnceValue::new(move || owned);
    assert!(!value.get().armed);
    assert_eq!(drops(), 1, "moved into the value");
    drop(value);
    assert_eq!(drops(), 2);

    let (owned, result) = (make(false), make(false));
    let values = OnceValues::new(move || (drop(owned), result));
    assert!(!values.get().1.armed);
    assert_eq!(drops(), 3);
    drop(values);
    assert_eq!(drops(), 4);

    let owned = make(false);
    let value = OnceValue::new(move || -> Counted {
        let _owned = owned;
        panic!("expected by this test");
    });
    payload(|| _ = value.get());
    assert_eq!(drops(), 5, "dropped by the panic");
    drop(value);
    assert_eq!(drops(), 5);
}

/// Drops that panic: of the function in its call, of the function that was never called, and of the value.
#[test]
fn panicking_drops() {
    let (make, drops) = counted();
    let armed = make(true);
    let value = OnceValue::new(move || _ = &armed);
    for _ in 0..2 {
        let payload = payload(|| *value.get());
        assert_eq!(payload.downcast_ref(), Some(&"expected by this test, in a drop"));
        assert_eq!(drops(), 1);
    }
    drop(value);
    assert_eq!(drops(), 1);

    let armed = make(true);
    payload(|| drop(OnceValue::new(move || armed)));
    assert_eq!(drops(), 2);

    let value = OnceValue::new(|| make(true));
    value.get();
    payload(|| drop(value));
    assert_eq!(drops(), 3);
}

/// What is there is seen, changed and taken without a call; what is not is left as it is, or goes with the rest.
#[test]
fn looks_that_compute_nothing() {
    let (make, drops) = counted();
    let mut value = OnceValue::new(|| make(false));
    assert!(value.peek().is_none() && value.get_mut().is_none());
    value.get();
    assert!(value.peek().is_some_and(|value| !value.armed));
    value.get_mut().unwrap().drops = Arc::new(AtomicU32::new(7));
    let value = value.into_inner().unwrap();
    assert_eq!(value.drops.load(Ordering::Relaxed), 7);
    assert_eq!(drops(), 0, "it was taken");
    drop(value);
    assert_eq!(drops(), 0, "what it counts by was replaced");

    let owned = make(false);
    assert!(OnceValue::new(move || owned).into_inner().is_none());
    assert_eq!(drops(), 1, "the function that nobody has called");
    let mut fails = OnceValue::<Counted, _>::new(|| panic!("expected by this test"));
    payload(|| _ = fails.get());
    assert!(fails.peek().is_none() && fails.get_mut().is_none());
    payload(|| _ = fails.get());
    assert!(fails.into_inner().is_none());

    let mut values = OnceValues::new(|| (String::from("a"), 1));
    assert!(values.peek().is_none() && values.get_mut().is_none());
    values.get();
    values.get_mut().unwrap().0.push('b');
    assert_eq!(values.peek(), Some((&"ab".to_owned(), &1)));
    assert_eq!(values.into_inner(), Some(("ab".into(), 1)));
}

/// Nor does a look wait for the function that is running, in its own thread or another.
#[test]
fn looks_that_do_not_wait() {
    static VALUE: OnceValue<u8> = OnceValue::new(|| {
        assert_eq!(VALUE.peek(), None);
        thread::scope(|s| s.spawn(|| assert_eq!(VALUE.peek(), None)).join().unwrap());
        7
    });
    let _watchdog = Watchdog::new();
    assert_eq!((VALUE.get(), VALUE.peek()), (&7, Some(&7)));
}

/// Messages are raised again as they were; of anything else there is one.
#[test]
fn payloads() {
    let raise = |thrown: fn() -> Box<dyn Any + Send>| {
        let value = OnceValue::<u8, _>::new(move || resume_unwind(thrown()));
        [(); 3].map(|()| payload(|| _ = value.get()))
    };
    for payload in raise(|| Box::new("literal")) {
        assert_eq!(payload.downcast_ref(), Some(&"literal"));
    }
    for payload in raise(|| Box::new(String::from("text"))) {
        assert_eq!(payload.downcast_ref(), Some(&String::from("text")));
    }
    let [first, second, third] = raise(|| Box::new(Cell::new(7)));
    assert_eq!(first.downcast_ref(), Some(&Cell::new(7)));
    assert_eq!((second.downcast_ref(), third.downcast_ref()), (Some(&OncePanic), Some(&OncePanic)));
    // One that is made to panic on being dropped is its catcher's, as always.
    let (make, drops) = counted();
    let bomb = make(true);
    let func = OnceFunc::new(move || panic_any(bomb));
    let caught = payload(|| func.call());
    assert!(payload(|| func.call()).is::<OncePanic>());
    assert_eq!(drops(), 0);
    payload(|| drop(caught));
    drop(func);
    assert_eq!(drops(), 1);
    assert_eq!(OncePanic.to_string(), "a function that is run once has panicked, in an earlier call");
}

/// Waiters get the panic too, one of them the original.
#[test]
fn waiters_get_the_panic() {
    let _watchdog = Watchdog::new();
    let (value, start) = (
        OnceValue::<u8, _>::new(|| {
            settle();
            panic_any(7)
        }),
        std::sync::Barrier::new(4),
    );
    let originals: usize = thread::scope(|s| {
        let threads = [(); 4].map(|()| {
            s.spawn(|| {
                start.wait();
                let payload = payload(|| _ = value.get());
                assert!(payload.is::<i32>() || payload.is::<OncePanic>());
                usize::from(payload.is::<i32>())
            })
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(originals, 1);
}

/// During a panic, as in a destructor that runs because of it.
#[test]
fn while_unwinding() {
    static ONCE: Once = Once::new();
    static VALUE: OnceValue<u8> = OnceValue::new(|| 7);
    struct Uses;
    impl Drop for Uses {
        fn drop(&mut self) {
            assert!(thread::panicking());
            ONCE.call_once(|| assert_eq!(*VALUE, 7));
        }
    }
    let thrown = payload(|| {
        let _uses = Uses;
        panic!("expected by this test");
    });
    assert_eq!(thrown.downcast_ref(), Some(&"expected by this test"));
    assert!(ONCE.is_completed());
    ONCE.call_once(|| unreachable!());
}

/// Functions and values that borrow, and that are large or nothing at all.
#[test]
fn borrowed_large_and_empty() {
    let mut runs = 0;
    let text = String::from("borrowed");
    let first = OnceValue::new(|| {
        runs += 1;
        &text[..3]
    });
    assert_eq!((first.len(), *first), (3, "bor"));
    drop(first);
    assert_eq!(runs, 1);
    let large = OnceValue::new(|| [7_u8; 4096]);
    assert!(large.iter().all(|&byte| byte == 7));
    #[derive(Debug, Default, PartialEq)]
    #[repr(align(128))]
    struct Aligned(u8);
    let aligned = OnceValue::<Aligned>::default();
    assert_eq!((&raw const *aligned as usize % 128, &*aligned), (0, &Aligned(0)));
    let nothing = OnceValue::new(|| ());
    assert_eq!(*nothing, ());
}

#[test]
fn printed() {
    let once = Once::default();
    assert_eq!(format!("{once:?}"), "Once { completed: false }");
    once.call_once(|| assert_eq!(format!("{once:?}"), "Once { completed: false }"));
    assert_eq!(format!("{once:?}"), "Once { completed: true }");
    let value = OnceValue::<u8>::default();
    assert_eq!(format!("{value:?}"), "OnceValue(..)");
    assert_eq!((*value, format!("{value:?}")), (0, "OnceValue(0)".into()));
    let values = OnceValues::new(|| (1, "x"));
    assert_eq!(format!("{values:?}"), "OnceValues(..)");
    assert_eq!((values.get(), format!("{values:?}")), ((&1, &"x"), r#"OnceValues(1, "x")"#.into()));
    let fails = OnceValue::<u8>::new(|| panic!("expected by this test"));
    payload(|| _ = fails.get());
    assert_eq!(format!("{fails:?}"), "OnceValue(..)");
    assert_eq!(format!("{:?}", OnceFunc::new(|| ())), "OnceFunc { .. }");
}
