//! `src/sync/once_test.go` and `src/sync/oncefunc_test.go`.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use gosync::{Once, OnceFunc, OncePanic, OnceValue, OnceValues};

use crate::watchdog::Watchdog;

fn payload(f: impl FnOnce()) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(f)).expect_err("should panic")
}

/// `TestOnce`: many threads, one run, and everybody sees it.
#[test]
fn test_once() {
    let _watchdog = Watchdog::new();
    for _ in 0..50 {
        let (once, one) = (Once::new(), AtomicU32::new(0));
        thread::scope(|s| {
            for _ in 0..10 {
                s.spawn(|| {
                    once.call_once(|| {
                        one.fetch_add(1, Ordering::Relaxed);
                    });
                    assert_eq!(one.load(Ordering::Relaxed), 1, "once failed inside run");
                });
            }
        });
        assert_eq!(one.load(Ordering::Relaxed), 1, "once failed outside run");
    }
}

/// `TestOncePanic`: the panic goes to the caller, and that was it.
#[test]
fn test_once_panic() {
    let once = Once::new();
    assert_eq!(payload(|| once.call_once(|| panic!("failed"))).downcast_ref(), Some(&"failed"));
    once.call_once(|| panic!("called twice"));
}

/// `TestOnceFunc`. That calls do not allocate is in the tests of allocations, for this and the next two.
#[test]
fn test_once_func() {
    let calls = AtomicU32::new(0);
    let f = OnceFunc::new(|| {
        calls.fetch_add(1, Ordering::Relaxed);
    });
    (0..10).for_each(|_| f.call());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// `TestOnceValue`.
#[test]
fn test_once_value() {
    let calls = AtomicU32::new(0);
    let f = OnceValue::new(|| calls.fetch_add(1, Ordering::Relaxed) + 1);
    (0..10).for_each(|_| assert_eq!(*f.get(), 1));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// `TestOnceValues`.
#[test]
fn test_once_values() {
    let calls = AtomicU32::new(0);
    let f = OnceValues::new(|| (calls.fetch_add(1, Ordering::Relaxed) + 1, 2));
    (0..10).for_each(|_| assert_eq!(f.get(), (&1, &2)));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// Two calls that panic alike, and one run; with a literal and with a text that was put together.
fn panics_alike(make: impl Fn(&dyn Fn()) -> [Box<dyn Any + Send>; 2]) {
    let calls = AtomicU32::new(0);
    let [first, second] = make(&|| {
        calls.fetch_add(1, Ordering::Relaxed);
        panic!("x");
    });
    assert_eq!((first.downcast_ref(), second.downcast_ref()), (Some(&"x"), Some(&"x")));
    let [first, second] = make(&|| panic!("run {}", calls.fetch_add(1, Ordering::Relaxed)));
    let text = String::from("run 1");
    assert_eq!((first.downcast_ref(), second.downcast_ref()), (Some(&text), Some(&text)));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

/// `TestOnceFuncPanic`.
#[test]
fn test_once_func_panic() {
    panics_alike(|f| {
        let f = OnceFunc::new(f);
        [(); 2].map(|()| payload(|| f.call()))
    });
}

/// `TestOnceValuePanic`.
#[test]
fn test_once_value_panic() {
    panics_alike(|f| {
        let f = OnceValue::new(f);
        [(); 2].map(|()| payload(|| *f.get()))
    });
}

/// `TestOnceValuesPanic`.
#[test]
fn test_once_values_panic() {
    panics_alike(|f| {
        let f = OnceValues::new(|| (f(), ()));
        [(); 2].map(|()| payload(|| _ = f.get()))
    });
}

/// `TestOnceFuncPanicNil`, its counterpart: there is no nil, but a payload that says nothing. There is one of it.
#[test]
fn test_once_func_panic_nil() {
    let calls = AtomicU32::new(0);
    let f = OnceFunc::new(|| {
        calls.fetch_add(1, Ordering::Relaxed);
        panic_any(());
    });
    assert!(payload(|| f.call()).is::<()>());
    (0..2).for_each(|_| assert_eq!(payload(|| f.call()).downcast_ref(), Some(&OncePanic)));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// `TestOnceFuncGoexit`, its counterpart: an end without a word. The function does not run twice.
#[test]
fn test_once_func_goexit() {
    let calls = AtomicU32::new(0);
    let f = OnceFunc::new(|| {
        calls.fetch_add(1, Ordering::Relaxed);
        resume_unwind(Box::new("exit"));
    });
    (0..2).for_each(|_| assert!(thread::scope(|s| s.spawn(|| f.call()).join().is_err())));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

thread_local! {
    /// The lines on which this thread has panicked.
    static LINES: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// `TestOnceFuncPanicTraceback`, its counterpart: the hook, which prints the backtrace, runs where the function panics;
/// later panics come from their callers.
#[test]
fn test_once_func_panic_traceback() {
    let before = take_hook();
    set_hook(Box::new(move |info| {
        LINES.with_borrow_mut(|lines| lines.extend(info.location().map(std::panic::Location::line)));
        before(info);
    }));
    let f = OnceFunc::new(|| panic!("x"));
    let origin = line!() - 1;
    payload(|| f.call());
    payload(|| f.call());
    let later = line!() - 1;
    assert_eq!(LINES.take(), [origin, later]);
    let value: OnceValue<u32> = OnceValue::new(|| panic!("x"));
    let origin = line!() - 1;
    payload(|| _ = *value + 1);
    payload(|| _ = *value + 1);
    let later = line!() - 1;
    assert_eq!(LINES.take(), [origin, later]);
    let once = Once::new();
    once.call_once(|| drop(payload(|| once.call_once(|| ()))));
    assert_eq!(LINES.take(), [line!() - 1], "of the inner call");
}

/// `TestOnceXGC`: what the function owns goes with the first call, whether it panics or not, and not before.
#[test]
fn test_once_x_gc() {
    fn check<X>(name: &str, make: impl FnOnce(Box<dyn FnOnce()>) -> X, call: impl Fn(&X), panics: bool) {
        let owned = Arc::new(());
        let weak = Arc::downgrade(&owned);
        let x = make(Box::new(move || {
            let _owned = &owned;
            assert!(!panics, "expected by this test");
        }));
        assert_eq!(weak.strong_count(), 1, "{name}: gone before the first call");
        for _ in 0..2 {
            assert_eq!(catch_unwind(AssertUnwindSafe(|| call(&x))).is_err(), panics);
            assert_eq!(weak.strong_count(), 0, "{name}: still there after the first call");
        }
    }
    for panics in [false, true] {
        check("OnceFunc", OnceFunc::new, |x| x.call(), panics);
        check("OnceValue", OnceValue::new, |x| *x.get(), panics);
        check("OnceValues", |f| OnceValues::new(move || (f(), 1)), |x| _ = x.get(), panics);
    }
}
