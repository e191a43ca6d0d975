//! `src/sync/waitgroup_test.go`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use gosync::{WaitGroup, chan};

use crate::watchdog::Watchdog;

fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("should panic");
    payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| (*s).to_owned())
}

/// `TestWaitGroup`: two groups as a double barrier; nobody is let go too soon, round after round.
#[test]
fn test_wait_group() {
    const N: isize = 16;
    let _watchdog = Watchdog::new();
    let (arrived, released) = (WaitGroup::new(), WaitGroup::new());
    for _ in 0..8 {
        arrived.add(N);
        released.add(N);
        let (exited, exits) = chan::bounded(N as usize);
        thread::scope(|s| {
            for _ in 0..N {
                s.spawn(|| {
                    arrived.done();
                    released.wait();
                    exited.send(()).unwrap();
                });
            }
            arrived.wait();
            for _ in 0..N {
                assert!(exits.try_recv().is_err(), "WaitGroup released group too soon");
                released.done();
            }
            (0..N).for_each(|_| exits.recv().unwrap());
        });
    }
}

/// `TestWaitGroupMisuse`: one `done` too many. Here the group stays usable.
#[test]
fn test_wait_group_misuse() {
    let wg = WaitGroup::new();
    wg.add(1);
    wg.done();
    assert_eq!(panic_text(|| wg.done()), "sync: negative WaitGroup counter");
    wg.wait();
}

/// `TestWaitGroupRace`: `wait` returns after both workers, never before.
#[test]
fn test_wait_group_race() {
    let _watchdog = Watchdog::new();
    for _ in 0..1_000 {
        let wg = WaitGroup::new();
        let n = AtomicU32::new(0);
        thread::scope(|s| {
            for _ in 0..2 {
                wg.add(1);
                s.spawn(|| {
                    n.fetch_add(1, Ordering::Relaxed);
                    wg.done();
                });
            }
            wg.wait();
            assert_eq!(n.load(Ordering::Relaxed), 2, "spurious wake-up from wait");
        });
    }
}

/// `TestWaitGroupAlign`: the group works wherever it lies in a struct.
#[test]
fn test_wait_group_align() {
    #[derive(Default)]
    #[repr(C)]
    struct Odd {
        _first: u8,
        wg: WaitGroup,
    }
    let _watchdog = Watchdog::new();
    let odd = Odd::default();
    odd.wg.add(1);
    thread::scope(|s| {
        s.spawn(|| odd.wg.done());
        odd.wg.wait();
    });
}

/// `TestWaitGroupGo`: `go` runs the function, and `wait` sees what it did.
#[test]
fn test_wait_group_go() {
    let _watchdog = Watchdog::new();
    let wg = Arc::new(WaitGroup::new());
    let n = Arc::new(AtomicU32::new(0));
    for _ in 0..10 {
        let n = Arc::clone(&n);
        wg.go(move || {
            n.fetch_add(1, Ordering::Relaxed);
        });
    }
    wg.wait();
    assert_eq!(n.load(Ordering::Relaxed), 10);
}

/// `TestIssue76126`, its counterpart: in Go, a panic in `Go` ends the process before `Wait` returns. Here `wait` panics
/// instead of returning, so that nobody goes on as if the task had succeeded either.
#[test]
fn test_issue_76126() {
    let _watchdog = Watchdog::new();
    let wg = Arc::new(WaitGroup::new());
    wg.go(|| panic!("expected by this test"));
    assert_eq!(panic_text(|| wg.wait()), "a task of this WaitGroup panicked");
}
