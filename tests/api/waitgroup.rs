//! `WaitGroup` beyond Go's tests, and `go`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{WaitGroup, WaitTimeoutError, chan, go};

use crate::settle;
use crate::watchdog::Watchdog;

fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("should panic");
    payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| (*s).to_owned())
}

/// Its drop panics.
struct Nasty;

impl Drop for Nasty {
    fn drop(&mut self) {
        panic!("expected by this test, in a drop");
    }
}

/// A moment that is certainly over.
fn past() -> Instant {
    let now = Instant::now();
    thread::sleep(Duration::from_millis(1));
    now
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

/// A group on the stack, tasks that borrow, and waits within the scope, round after round.
#[test]
fn go_scoped() {
    let _watchdog = Watchdog::new();
    let (wg, mut numbers) = (WaitGroup::new(), [1, 2, 3, 4, 5, 6]);
    for factor in [2, 10] {
        thread::scope(|s| {
            for part in numbers.chunks_mut(2) {
                wg.go_scoped(s, move || part.iter_mut().for_each(|n| *n *= factor));
            }
            wg.wait();
        });
    }
    assert_eq!(numbers, [20, 40, 60, 80, 100, 120]);

    let runs = AtomicU32::new(0);
    thread::scope(|s| {
        for round in 1..=3 {
            for _ in 0..2 {
                // Tasks of a scope may start tasks of the same scope.
                wg.go_scoped(s, || {
                    wg.go_scoped(s, || {
                        runs.fetch_add(1, Ordering::Relaxed);
                    });
                });
            }
            wg.wait();
            assert_eq!(runs.load(Ordering::Relaxed), 2 * round);
        }
        // The scope waits for this one.
        wg.go_scoped(s, || {
            runs.fetch_add(1, Ordering::Relaxed);
        });
    });
    assert_eq!(format!("{wg:?}"), "WaitGroup { count: 0, panicked: false }");
    wg.wait();
    assert_eq!(runs.into_inner(), 7);
}

/// A panic of a scoped task is the group's to report, and not the scope's.
#[test]
fn a_scope_does_not_panic_for_its_tasks() {
    let _watchdog = Watchdog::new();
    let tasks: [fn(); 3] = [|| panic!("expected by this test"), || std::panic::panic_any(Nasty), || drop(Nasty)];
    for task in tasks {
        let (wg, kept) = (WaitGroup::new(), AtomicU32::new(0));
        thread::scope(|s| {
            wg.go_scoped(s, || {
                kept.fetch_add(1, Ordering::Relaxed);
                task();
            });
            assert_eq!(panic_text(|| wg.wait()), "a task of this WaitGroup panicked");
        });
        assert_eq!((kept.into_inner(), wg.clear_panicked()), (1, true));
        wg.wait();
    }
}

/// One `done` too many from inside a task: Go's panic where the task ends, here through the scope; the next wait reports
/// it, and the group stays usable.
#[test]
fn a_task_that_is_done_twice() {
    let _watchdog = Watchdog::new();
    let wg = WaitGroup::new();
    assert!(catch_unwind(|| thread::scope(|s| wg.go_scoped(s, || wg.done()))).is_err());
    assert_eq!(panic_text(|| wg.wait()), "a task of this WaitGroup panicked");
    assert!(wg.clear_panicked());
    thread::scope(|s| {
        wg.go_scoped(s, || ());
        wg.wait();
    });
}

/// A panic lets all waiters go, those that sleep and those with a deadline.
#[test]
fn a_panic_meets_sleeping_waiters() {
    let _watchdog = Watchdog::new();
    let (wg, (go_on, gate)) = (Arc::new(WaitGroup::new()), chan::bounded::<()>(0));
    wg.go(move || {
        gate.recv().unwrap();
        panic!("expected by this test");
    });
    thread::scope(|s| {
        let waiters: [_; 4] = std::array::from_fn(|n| {
            let wg = &wg;
            s.spawn(move || if n % 2 == 0 { wg.wait() } else { wg.wait_timeout(Duration::MAX).unwrap() })
        });
        settle();
        go_on.send(()).unwrap();
        for waiter in waiters {
            let payload = waiter.join().unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"a task of this WaitGroup panicked"));
        }
    });
}

/// A deadline that has passed is no error at zero, and otherwise it is one, which changes nothing.
#[test]
fn passed_deadlines() {
    let (wg, past) = (Arc::new(WaitGroup::new()), past());
    for panics in [false, true] {
        assert_eq!(wg.wait_timeout(Duration::ZERO), Ok(()));
        assert_eq!(wg.wait_deadline(past), Ok(()));
        wg.add(2);
        for _ in 0..2 {
            assert_eq!(wg.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
            assert_eq!(wg.wait_deadline(past), Err(WaitTimeoutError));
            assert_eq!(wg.wait_timeout(Duration::from_micros(50)), Err(WaitTimeoutError));
        }
        if panics {
            let task = Arc::clone(&wg);
            wg.go(move || {
                task.done();
                panic!("expected by this test");
            });
            // Until zero there is nothing to report but the time.
            while format!("{wg:?}") != "WaitGroup { count: 1, panicked: true }" {
                assert_eq!(wg.wait_deadline(past), Err(WaitTimeoutError));
                thread::yield_now();
            }
        } else {
            wg.done();
        }
        assert_eq!(wg.wait_timeout(Duration::from_micros(50)), Err(WaitTimeoutError));
        wg.done();
        if panics {
            assert_eq!(panic_text(|| wg.wait_timeout(Duration::ZERO).unwrap()), "a task of this WaitGroup panicked");
            assert_eq!(panic_text(|| wg.wait_deadline(past).unwrap()), "a task of this WaitGroup panicked");
        }
    }
    assert_eq!(WaitTimeoutError.to_string(), "wait timed out");
}

/// A wait that reports its deadline does so after it, also when the group changes all the time.
#[test]
fn waits_do_not_end_early() {
    let _watchdog = Watchdog::new();
    let (wg, over) = (WaitGroup::new(), AtomicBool::new(false));
    wg.add(1);
    let waits = || {
        for timeout in [10, 100, 1_000, 10_000].map(Duration::from_micros) {
            let start = Instant::now();
            assert_eq!(wg.wait_timeout(timeout), Err(WaitTimeoutError));
            assert!(start.elapsed() >= timeout);
            let deadline = Instant::now() + timeout;
            assert_eq!(wg.wait_deadline(deadline), Err(WaitTimeoutError));
            assert!(Instant::now() >= deadline);
        }
    };
    waits();
    thread::scope(|s| {
        s.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                wg.add(1);
                wg.done();
            }
        });
        waits();
        over.store(true, Ordering::Relaxed);
    });
}

/// Timeouts that the clock cannot add, or that the system cannot count, mean for ever; and whoever waits until a deadline
/// is woken long before it, beside others whose deadlines pass.
#[test]
fn far_deadlines() {
    let _watchdog = Watchdog::new();
    let wg = WaitGroup::new();
    for timeout in
        [Duration::MAX, Duration::from_secs(1 << 62), Duration::from_secs(1 << 33), Duration::from_secs(3600)]
    {
        wg.add(1);
        thread::scope(|s| {
            let hasty = s.spawn(|| wg.wait_timeout(Duration::from_micros(500)));
            let far = s.spawn(|| wg.wait_timeout(timeout));
            s.spawn(|| wg.wait());
            assert_eq!(hasty.join().unwrap(), Err(WaitTimeoutError));
            settle();
            wg.done();
            assert_eq!(far.join().unwrap(), Ok(()));
        });
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
