//! `Once` and its family: nothing allocates but a panic, and what that leaves behind is freed.

use std::panic::{catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::thread;

use gosync::{Once, OnceFunc, OnceValue, OnceValues};

use crate::counter::{bytes, without_allocating};
use crate::watchdog::Watchdog;

/// `TestOnceFunc` and its like want no allocation per call, and at most two per function.
#[test]
fn alone() {
    without_allocating(|| {
        let (once, captured) = (Once::new(), [1, 2, 3]);
        let func = OnceFunc::new(|| assert_eq!(captured.len(), 3));
        let value = OnceValue::new(|| captured);
        let values = OnceValues::new(|| (captured, value.get()));
        for _ in 0..100 {
            once.call_once(|| func.call());
            func.call();
            assert_eq!(values.get(), (&captured, &&captured));
            assert!(once.is_completed());
        }
    });
}

/// Calls that block, and the end that wakes them.
#[test]
fn blocked() {
    const WARM_UP: usize = 10;
    let _watchdog = Watchdog::new();
    let onces = [const { Once::new() }; WARM_UP + 200];
    let start = Barrier::new(3);
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for (round, once) in onces.iter().enumerate() {
                    let call = || once.call_once(|| (0..round % 8).for_each(|_| thread::yield_now()));
                    start.wait();
                    if round < WARM_UP { call() } else { without_allocating(call) }
                }
            });
        }
    });
}

/// What is kept of a panic goes with the value.
#[test]
fn panics() {
    let fail = || {
        let texts = OnceValue::<()>::new(|| resume_unwind(Box::new(String::from("a text that is kept"))));
        let other = OnceFunc::new(|| resume_unwind(Box::new(1)));
        for _ in 0..2 {
            catch_unwind(|| texts.get()).unwrap_err();
            catch_unwind(|| other.call()).unwrap_err();
        }
    };
    let hook = std::panic::take_hook();
    // Without the messages, which would be allocated and captured.
    std::panic::set_hook(Box::new(|_| ()));
    fail(); // the first panic of a thread sets things up
    let before = bytes();
    fail();
    let after = bytes();
    std::panic::set_hook(hook);
    assert_eq!(after, before);
}
