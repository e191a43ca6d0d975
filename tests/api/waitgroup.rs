//! `WaitGroup` beyond Go's tests, and `go`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use gosync::{WaitGroup, chan, go};

use crate::settle;
use crate::watchdog::Watchdog;

fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("should panic");
    payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| (*s).to_owned())
}

/// The largest count.
const MAX: isize = (1 << 29) - 1;

#[test]
fn nothing_to_wait_for() {
    let wg = WaitGroup::new();
    wg.wait();
    wg.add(0);
    wg.wait();
    wg.add(3);
    wg.add(-2);
    wg.done();
    wg.wait();
    WaitGroup::default().wait();
}

/// Misuse panics with Go's text, or one in its style, and leaves the count as it was.
#[test]
fn misuse() {
    const NEGATIVE: &str = "sync: negative WaitGroup counter";
    const OVERFLOW: &str = "sync: WaitGroup counter overflow";
    let wg = WaitGroup::new();
    for (before, delta, text) in [
        (0, -1, NEGATIVE),
        (2, -3, NEGATIVE),
        (2, -MAX, NEGATIVE),
        (2, -MAX - 1, NEGATIVE),
        (2, isize::MIN, NEGATIVE),
        (1, MAX, OVERFLOW),
        (MAX, 1, OVERFLOW),
        (MAX, MAX, OVERFLOW),
        (0, MAX + 1, OVERFLOW),
        (0, isize::MAX, OVERFLOW),
    ] {
        wg.add(before);
        assert_eq!(panic_text(|| wg.add(delta)), text, "{before} + {delta}");
        assert_eq!(format!("{wg:?}"), format!("WaitGroup {{ count: {before}, panicked: false }}"));
        wg.add(-before);
        wg.wait();
    }
}

/// All waiters are released, by the last task only.
#[test]
fn many_waiters() {
    let _watchdog = Watchdog::new();
    let (wg, finished) = (WaitGroup::new(), AtomicU32::new(0));
    wg.add(3);
    thread::scope(|s| {
        for _ in 0..5 {
            s.spawn(|| {
                wg.wait();
                assert_eq!(finished.load(Ordering::Relaxed), 3);
            });
        }
        for _ in 0..3 {
            settle();
            finished.fetch_add(1, Ordering::Relaxed);
            wg.done();
        }
    });
}

/// What a task owned is dropped before the wait returns.
#[test]
fn a_task_lets_go_before_it_is_done() {
    let _watchdog = Watchdog::new();
    for _ in 0..50 {
        let wg = Arc::new(WaitGroup::new());
        let owned = Arc::new(());
        for panics in [false, true] {
            let owned = Arc::clone(&owned);
            wg.go(move || {
                let _owned = owned;
                assert!(!panics, "expected by this test");
            });
        }
        assert!(catch_unwind(AssertUnwindSafe(|| wg.wait())).is_err());
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}

/// A panic is reported by every wait until it is cleared, also if it has a strange payload.
#[test]
fn panics_are_reported_until_cleared() {
    struct Nasty;
    impl Drop for Nasty {
        fn drop(&mut self) {
            panic!("expected by this test, in the drop of a payload");
        }
    }
    let _watchdog = Watchdog::new();
    let wg = Arc::new(WaitGroup::new());
    for nasty in [false, true] {
        wg.go(move || if nasty { std::panic::panic_any(Nasty) } else { panic!("expected by this test") });
        for _ in 0..2 {
            assert_eq!(panic_text(|| wg.wait()), "a task of this WaitGroup panicked");
        }
        assert_eq!(format!("{wg:?}"), "WaitGroup { count: 0, panicked: true }");
        assert_eq!((wg.clear_panicked(), wg.clear_panicked()), (true, false));
        wg.wait();
        wg.go(|| ());
        wg.wait();
    }
}

/// Tasks may start tasks of the same group.
#[test]
fn tasks_start_tasks() {
    fn spread(wg: &Arc<WaitGroup>, runs: &Arc<AtomicU32>, depth: u32) {
        let (group, count) = (Arc::clone(wg), Arc::clone(runs));
        wg.go(move || {
            count.fetch_add(1, Ordering::Relaxed);
            (0..depth).for_each(|_| spread(&group, &count, depth - 1));
        });
    }
    let _watchdog = Watchdog::new();
    let (wg, runs) = (Arc::new(WaitGroup::new()), Arc::new(AtomicU32::new(0)));
    spread(&wg, &runs, 3);
    wg.wait();
    assert_eq!(runs.load(Ordering::Relaxed), 1 + 3 + 3 * 2 + 3 * 2);
}

/// A group in a static.
#[test]
fn go_static() {
    static GROUP: WaitGroup = WaitGroup::new();
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let _watchdog = Watchdog::new();
    for round in 1..=3 {
        for _ in 0..4 {
            GROUP.go_static(|| {
                RUNS.fetch_add(1, Ordering::Relaxed);
            });
        }
        GROUP.wait();
        assert_eq!(RUNS.load(Ordering::Relaxed), 4 * round);
    }
}

/// `go` runs its function on another thread, and hands out its result or its panic.
#[test]
fn go_and_join() {
    let _watchdog = Watchdog::new();
    let here = thread::current().id();
    assert_ne!(go(|| thread::current().id()).join().unwrap(), here);
    let payload = go(|| -> u32 { panic!("expected by this test") }).join().unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"expected by this test"));
    let (tx, rx) = chan::bounded(0);
    let _detached = go(move || tx.send(1));
    assert_eq!(rx.recv(), Ok(1));
}
