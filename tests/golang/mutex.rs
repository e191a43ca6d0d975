//! `src/sync/mutex_test.go`.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::thread;
use std::time::Duration;

use gosync::{Mutex, RawMutex, chan};

use crate::watchdog::Watchdog;

/// `TestMutex`: tries on a locked one and on a free one; then `HammerMutex`, ten threads, every third attempt a try.
#[test]
fn test_mutex() {
    let _watchdog = Watchdog::new();
    let m = RawMutex::new();
    m.lock();
    assert!(!m.try_lock(), "try_lock succeeded with mutex locked");
    m.unlock();
    assert!(m.try_lock(), "try_lock failed with mutex unlocked");
    m.unlock();
    hammer(|i| {
        if i % 3 == 0 {
            if m.try_lock() {
                m.unlock();
            }
        } else {
            m.lock();
            m.unlock();
        }
    });
    assert!(m.try_lock());

    // With data, which Go's test leaves out.
    let m = Mutex::new([0_usize; 2]);
    hammer(|i| match (i % 3 == 0).then(|| m.try_lock()) {
        Some(None) => {}
        Some(Some(mut counts)) => counts[0] += 1,
        None => m.lock()[1] += 1,
    });
    let [tried, locked] = m.into_inner();
    assert!(tried <= 10 * 334);
    assert_eq!(locked, 10 * 666);
}

/// `HammerMutex`, in ten threads.
fn hammer(attempt: impl Fn(usize) + Sync) {
    thread::scope(|s| {
        for _ in 0..10 {
            s.spawn(|| (0..1_000).for_each(&attempt));
        }
    });
}

/// The line of the unlocks that are too many.
const UNLOCK: u32 = line!() + 3;

fn unlock(m: &RawMutex) {
    m.unlock();
}

fn fresh(m: &RawMutex) {
    unlock(m);
}

fn double(m: &RawMutex) {
    m.lock();
    m.unlock();
    unlock(m);
}

/// `TestMutexMisuse`: an unlock too many, in a process of its own for each case. In Go the process dies whatever it
/// does; here it is a panic, so the process dies if nobody catches it, and the mutex stays usable if somebody does.
#[test]
fn test_mutex_misuse() {
    const CASE: &str = "GOSYNC_MUTEX_MISUSE";
    let cases = [("Mutex.Unlock", fresh as fn(&RawMutex)), ("Mutex.Unlock2", double)];
    if let Ok(name) = env::var(CASE) {
        let (_, misuse) = cases.into_iter().find(|&(case, _)| case == name).expect("a known case");
        return misuse(&RawMutex::new());
    }
    for (name, misuse) in cases {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "mutex::test_mutex_misuse", "--nocapture"]).env(CASE, name);
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}: it lives on: {text}");
        assert!(text.contains("sync: unlock of unlocked mutex"), "{name}: {text}");
        assert!(text.contains(&format!("{}:{UNLOCK}:", file!())), "{name}: {text}");

        let m = RawMutex::new();
        let payload = catch_unwind(AssertUnwindSafe(|| misuse(&m))).expect_err("should panic");
        assert_eq!(payload.downcast_ref(), Some(&"sync: unlock of unlocked mutex"));
        assert!(m.try_lock(), "{name}: usable");
        assert!(!m.try_lock());
        m.unlock();
    }
}

/// `TestMutexFairness`: a thread locks again as soon as it has unlocked, and holds for 100 us; another one gets through
/// ten times. Ten seconds are Go's limit, thousands of times what it takes.
#[test]
fn test_mutex_fairness() {
    let _watchdog = Watchdog::new();
    let m = RawMutex::new();
    let (stop, stopped) = chan::bounded::<()>(0);
    let (done, is_done) = chan::bounded(1);
    let pause = Duration::from_micros(100);
    thread::scope(|s| {
        s.spawn(|| {
            while stopped.try_recv().is_err_and(|error| error.is_empty()) {
                m.lock();
                thread::sleep(pause);
                m.unlock();
            }
        });
        s.spawn(|| {
            for _ in 0..10 {
                thread::sleep(pause);
                m.lock();
                m.unlock();
            }
            done.send(()).unwrap();
        });
        let in_time = is_done.recv_timeout(Duration::from_secs(10));
        stop.close().unwrap();
        assert_eq!(in_time, Ok(()), "can't acquire mutex in 10 seconds");
    });
}
