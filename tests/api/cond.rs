//! `Cond` on threads, beyond Go's tests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gosync::{Cond, Mutex, RawMutex, RawRwMutex, RwMutex};

use crate::watchdog::Watchdog;

const NOBODY: &str = "Cond { waited_for: false }";
const SOMEBODY: &str = "Cond { waited_for: true }";
const HOUR: Duration = Duration::from_secs(3600);

/// Waits until so many have counted themselves under the lock; when it has the lock, they wait.
fn until_waiting(count: &Mutex<usize>, n: usize) {
    while *count.lock() != n {
        thread::yield_now();
    }
}

#[test]
fn calls_say_how_many_they_have_woken() {
    let _watchdog = Watchdog::new();
    let (count, cond) = (Mutex::new(0), Cond::default());
    assert_eq!((cond.signal(), cond.broadcast()), (false, 0));
    assert_eq!(format!("{cond:?}"), NOBODY);
    thread::scope(|s| {
        for n in 1..=20 {
            s.spawn(|| {
                let mut count = count.lock();
                *count += 1;
                cond.wait(&mut count);
            });
            until_waiting(&count, n);
        }
        assert_eq!(format!("{cond:?}"), SOMEBODY);
        assert!(cond.signal());
        // More than a batch.
        assert_eq!(cond.broadcast(), 19);
        assert_eq!(format!("{cond:?}"), NOBODY);
    });
    assert_eq!((cond.signal(), cond.broadcast()), (false, 0));
}

/// A wait whose deadline has passed unlocks all the same, so that others can go on, and holds the lock afterwards.
#[test]
fn deadlines() {
    let _watchdog = Watchdog::new();
    let (mutex, cond) = (Mutex::new(0), Cond::new());
    let mut guard = mutex.lock();
    assert!(!cond.wait_timeout(&mut guard, Duration::ZERO));
    assert!(!cond.wait_deadline(&mut guard, Instant::now()));
    assert!(mutex.try_lock().is_none());
    let start = Instant::now();
    assert!(!cond.wait_timeout(&mut guard, Duration::from_millis(10)));
    assert!(start.elapsed() >= Duration::from_millis(10));
    assert_eq!(format!("{cond:?}"), NOBODY);
    thread::scope(|s| {
        s.spawn(|| *mutex.lock() = 1);
        // Nobody signals.
        while *guard == 0 {
            assert!(!cond.wait_timeout(&mut guard, Duration::from_millis(1)));
        }
        s.spawn(|| {
            *mutex.lock() = 2;
            cond.signal();
        });
        // For ever, and an hour.
        while *guard == 1 {
            assert!(cond.wait_timeout(&mut guard, Duration::MAX));
        }
        s.spawn(|| {
            *mutex.lock() = 3;
            cond.broadcast();
        });
        while *guard == 2 {
            assert!(cond.wait_deadline(&mut guard, Instant::now() + HOUR));
        }
    });
}

#[test]
fn conditions() {
    let _watchdog = Watchdog::new();
    let (mutex, cond) = (Mutex::new(3), Cond::new());
    let mut guard = mutex.lock();
    let mut looks = 0;
    assert!(cond.wait_timeout_while(&mut guard, Duration::ZERO, |_| {
        looks += 1;
        false
    }));
    assert_eq!(looks, 1, "one look is enough");
    // It looks once more when the time is up, and may change the value.
    assert!(cond.wait_deadline_while(&mut guard, Instant::now(), |value| {
        *value -= 1;
        *value == 2
    }));
    assert_eq!(*guard, 1);
    assert!(!cond.wait_timeout_while(&mut guard, Duration::from_millis(2), |_| true));
    // A panic of a condition leaves the lock held, by the guard.
    assert!(
        catch_unwind(AssertUnwindSafe(|| cond.wait_while(&mut guard, |_| panic!("expected by this test")))).is_err()
    );
    assert!(mutex.try_lock().is_none());
    thread::scope(|s| {
        s.spawn(|| {
            for _ in 0..4 {
                *mutex.lock() += 1;
                cond.signal();
            }
        });
        cond.wait_while(&mut guard, |value| *value < 5);
        assert_eq!(*guard, 5);
    });
}

/// Waits with different locks, and kinds of them, stand in one line, and each takes its own.
#[test]
fn locks_of_all_kinds() {
    static COND: Cond = Cond::new();
    let _watchdog = Watchdog::new();
    let count = Mutex::new(0);
    let (mutex, rw, raw, raw_rw) = (Arc::new(Mutex::new(0)), RwMutex::new(0), RawMutex::new(), RawRwMutex::new());
    let rw_arc = Arc::new(RwMutex::new(0));
    thread::scope(|s| {
        s.spawn(|| {
            let mut guard = mutex.lock_arc();
            *count.lock() += 1;
            COND.wait(&mut guard);
            *guard += 1;
        });
        until_waiting(&count, 1);
        s.spawn(|| {
            let mut guard = rw.write();
            *count.lock() += 1;
            COND.wait(&mut guard);
            *guard += 1;
        });
        until_waiting(&count, 2);
        s.spawn(|| {
            raw.lock();
            *count.lock() += 1;
            COND.wait(&mut &raw);
            raw.unlock();
        });
        until_waiting(&count, 3);
        s.spawn(|| {
            raw_rw.lock();
            *count.lock() += 1;
            COND.wait(&mut &raw_rw);
            raw_rw.unlock();
        });
        until_waiting(&count, 4);
        s.spawn(|| {
            let mut guard = rw_arc.write_arc();
            *count.lock() += 1;
            COND.wait(&mut guard);
            *guard += 1;
        });
        until_waiting(&count, 5);
        // Each lock can be had when its waiter waits.
        drop((mutex.lock(), rw.write(), rw_arc.write()));
        raw.lock();
        raw_rw.lock();
        raw.unlock();
        raw_rw.unlock();
        assert_eq!(COND.broadcast(), 5);
    });
    assert_eq!((*mutex.lock(), *rw.read(), *rw_arc.read()), (1, 1, 1));
    assert!(raw.try_lock() && raw_rw.try_lock());
}

/// Go's text, at the caller's line; lock and `Cond` are as they were.
#[test]
fn a_lock_that_is_not_locked() {
    let (raw, raw_rw, cond) = (RawMutex::new(), RawRwMutex::new(), Cond::new());
    let text = |f: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it is not locked");
        *payload.downcast::<&str>().expect("a text")
    };
    assert_eq!(text(&|| cond.wait(&mut &raw)), "sync: unlock of unlocked mutex");
    assert_eq!(text(&|| _ = cond.wait_timeout(&mut &raw, HOUR)), "sync: unlock of unlocked mutex");
    assert_eq!(text(&|| cond.wait(&mut &raw_rw)), "sync: Unlock of unlocked RWMutex");
    assert_eq!(format!("{cond:?}"), NOBODY);
    // Locked for reading is not locked for this.
    raw_rw.rlock();
    assert_eq!(text(&|| cond.wait(&mut &raw_rw)), "sync: Unlock of unlocked RWMutex");
    raw_rw.runlock();
    assert!(raw.try_lock() && raw_rw.try_lock());
}

/// Panics when it is called, and says that it was.
#[derive(Default)]
struct Bomb(AtomicBool);

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
        panic!("expected by this test");
    }
}

/// The release of the lock calls a task whose waker panics: the wait is over, with the lock held, and in nobody's line.
#[test]
fn a_waker_that_panics_in_the_unlock() {
    let _watchdog = Watchdog::new();
    let (mutex, cond) = (Mutex::new(0), Cond::new());
    let mut guard = mutex.lock();
    let (mut task, bomb) = (Box::pin(mutex.lock_async()), Arc::new(Bomb::default()));
    assert!(task.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&bomb)))).is_pending());
    thread::scope(|s| {
        // The task is called, and must have its turn.
        s.spawn(move || {
            loop {
                while !bomb.0.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                if let Poll::Ready(mut guard) = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    *guard += 1;
                    return;
                }
                thread::yield_now();
            }
        });
        let wait = catch_unwind(AssertUnwindSafe(|| cond.wait(&mut guard)));
        assert!(wait.is_err());
        assert!(mutex.try_lock().is_none());
        assert_eq!(format!("{cond:?}"), NOBODY);
        drop(guard);
    });
    assert_eq!(*mutex.lock(), 1);
}
