//! `src/sync/rwmutex_test.go`, and the cases of `RWMutex` in `mutex_test.go`.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use gosync::{RawRwMutex, RwMutex, chan};

use crate::watchdog::Watchdog;

/// `TestParallelReaders`: all readers have the lock at the same time.
#[test]
fn test_parallel_readers() {
    let _watchdog = Watchdog::new();
    for readers in [1, 3, 4] {
        let m = RawRwMutex::new();
        let (locked, is_locked) = chan::bounded(0);
        let (unlock, may_unlock) = chan::bounded(0);
        let (done, is_done) = chan::bounded(0);
        thread::scope(|s| {
            for _ in 0..readers {
                s.spawn(|| {
                    m.rlock();
                    locked.send(()).unwrap();
                    may_unlock.recv().unwrap();
                    m.runlock();
                    done.send(()).unwrap();
                });
            }
            (0..readers).for_each(|_| is_locked.recv().unwrap());
            (0..readers).for_each(|_| unlock.send(()).unwrap());
            (0..readers).for_each(|_| is_done.recv().unwrap());
        });
        assert!(m.try_lock());
    }
}

/// `TestRWMutex`: the tries that fail and those that do not; then `HammerRWMutex`. Its table goes over numbers of
/// processors as well, which is not ours to set.
#[test]
fn test_rw_mutex() {
    let _watchdog = Watchdog::new();
    let m = RawRwMutex::new();
    m.lock();
    assert!(!m.try_lock(), "try_lock succeeded with mutex locked");
    assert!(!m.try_rlock(), "try_rlock succeeded with mutex locked");
    m.unlock();
    assert!(m.try_lock(), "try_lock failed with mutex unlocked");
    m.unlock();
    assert!(m.try_rlock(), "try_rlock failed with mutex unlocked");
    assert!(m.try_rlock(), "try_rlock failed with mutex rlocked");
    assert!(!m.try_lock(), "try_lock succeeded with mutex rlocked");
    m.runlock();
    m.runlock();
    for readers in [1, 3, 10] {
        hammer_rw_mutex(readers, 1_000);
        hammer_with_data(readers, 1_000);
    }
}

/// `HammerRWMutex`: two writers and so many readers; a count of what is going on shows that a writer is alone.
fn hammer_rw_mutex(readers: usize, iterations: usize) {
    const WRITER: i32 = 10_000;
    let (m, activity) = (RawRwMutex::new(), AtomicI32::new(0));
    let reader = || {
        for _ in 0..iterations {
            m.rlock();
            let n = activity.fetch_add(1, Ordering::Relaxed) + 1;
            assert!((1..WRITER).contains(&n), "rlock({n})");
            (0..100).for_each(|_| std::hint::spin_loop());
            activity.fetch_sub(1, Ordering::Relaxed);
            m.runlock();
        }
    };
    let writer = || {
        for _ in 0..iterations {
            m.lock();
            let n = activity.fetch_add(WRITER, Ordering::Relaxed) + WRITER;
            assert_eq!(n, WRITER, "lock({n})");
            (0..100).for_each(|_| std::hint::spin_loop());
            activity.fetch_sub(WRITER, Ordering::Relaxed);
            m.unlock();
        }
    };
    thread::scope(|s| {
        s.spawn(writer);
        (0..readers / 2).for_each(|_| _ = s.spawn(reader));
        s.spawn(writer);
        (readers / 2..readers).for_each(|_| _ = s.spawn(reader));
    });
    assert!(m.try_lock());
}

/// The same with data, which Go's test leaves out: a writer leaves two numbers equal.
fn hammer_with_data(readers: usize, iterations: usize) {
    let m = RwMutex::new([0_usize; 2]);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                for _ in 0..iterations {
                    let mut pair = m.write();
                    assert_eq!(pair[0], pair[1]);
                    pair[0] += 1;
                    std::hint::spin_loop();
                    pair[1] += 1;
                }
            });
        }
        for _ in 0..readers {
            s.spawn(|| {
                for _ in 0..iterations {
                    let pair = m.read();
                    assert_eq!(pair[0], pair[1]);
                }
            });
        }
    });
    assert_eq!(m.into_inner(), [2 * iterations; 2]);
}

/// `TestRLocker`: two locks for reading keep a writer out until both are gone, and it keeps out a reader. In Go these are
/// locks of an `RLocker`, which are those of the mutex.
#[test]
fn test_r_locker() {
    const ROUNDS: usize = 10;
    let _watchdog = Watchdog::new();
    let wl = RawRwMutex::new();
    let (wlocked, is_wlocked) = chan::bounded(1);
    let (rlocked, is_rlocked) = chan::bounded(1);
    thread::scope(|s| {
        s.spawn(|| {
            for _ in 0..ROUNDS {
                // Two locks of one thread, so no writer may come in between: it comes when they are there.
                wl.rlock();
                wl.rlock();
                rlocked.send(true).unwrap();
                wl.lock();
                wlocked.send(true).unwrap();
            }
        });
        for _ in 0..ROUNDS {
            assert!(is_rlocked.recv().unwrap());
            wl.runlock();
            assert!(is_wlocked.try_recv().is_err(), "write lock acquired too early");
            wl.runlock();
            assert!(is_wlocked.recv().unwrap());
            assert!(is_rlocked.try_recv().is_err(), "read lock acquired too early");
            wl.unlock();
        }
    });
}

/// The line of the unlocks that are too many.
const UNLOCK: u32 = line!() + 3;

fn unlock(m: &RawRwMutex) {
    m.unlock();
}

/// And that of those of readers.
const RUNLOCK: u32 = line!() + 3;

fn runlock(m: &RawRwMutex) {
    m.runlock();
}

type Case = (&'static str, fn(&RawRwMutex), &'static str, u32, bool);

const UNLOCKED: &str = "sync: Unlock of unlocked RWMutex";
const RUNLOCKED: &str = "sync: RUnlock of unlocked RWMutex";

/// Each: what Go calls it, what is done, what is said and where, and whether the mutex is still locked afterwards.
const CASES: [Case; 6] = [
    ("RWMutex.Unlock", unlock, UNLOCKED, UNLOCK, false),
    (
        "RWMutex.Unlock2",
        |m| {
            m.rlock();
            unlock(m);
        },
        UNLOCKED,
        UNLOCK,
        true,
    ),
    (
        "RWMutex.Unlock3",
        |m| {
            m.lock();
            m.unlock();
            unlock(m);
        },
        UNLOCKED,
        UNLOCK,
        false,
    ),
    ("RWMutex.RUnlock", runlock, RUNLOCKED, RUNLOCK, false),
    (
        "RWMutex.RUnlock2",
        |m| {
            m.lock();
            runlock(m);
        },
        RUNLOCKED,
        RUNLOCK,
        true,
    ),
    (
        "RWMutex.RUnlock3",
        |m| {
            m.rlock();
            m.runlock();
            runlock(m);
        },
        RUNLOCKED,
        RUNLOCK,
        false,
    ),
];

/// `TestMutexMisuse`, its cases of `RWMutex`: an unlock too many, in a process of its own for each case. In Go the process
/// dies whatever it does; here it is a panic, so the process dies if nobody catches it, and the mutex is as it was if
/// somebody does.
#[test]
fn test_mutex_misuse() {
    const CASE: &str = "GOSYNC_RW_MUTEX_MISUSE";
    if let Ok(name) = env::var(CASE) {
        let (_, misuse, ..) = CASES.into_iter().find(|case| case.0 == name).expect("a known case");
        return misuse(&RawRwMutex::new());
    }
    for (name, misuse, message, line, locked) in CASES {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "rwmutex::test_mutex_misuse", "--nocapture"]).env(CASE, name);
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}: it lives on: {text}");
        assert!(text.contains(message), "{name}: {text}");
        assert!(text.contains(&format!("{}:{line}:", file!())), "{name}: {text}");

        let m = RawRwMutex::new();
        let payload = catch_unwind(AssertUnwindSafe(|| misuse(&m))).expect_err("should panic");
        assert_eq!(payload.downcast_ref(), Some(&message));
        assert_eq!(m.try_lock(), !locked, "{name}: as it was");
        if locked {
            if name.contains("RUnlock") {
                m.unlock()
            } else {
                m.runlock()
            }
            assert!(m.try_lock(), "{name}: usable");
        }
    }
}
