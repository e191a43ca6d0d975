//! `after_func`: when it calls, and that nothing that a function does is another's affair.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, Sender};

use crate::watchdog::Watchdog;

const SHORT: Duration = Duration::from_millis(10);
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

/// Not before its time, on another thread, and once.
#[test]
fn calls_once() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(1);
    let start = Instant::now();
    let timer = chan::after_func(SHORT, move || tx.send(thread::current().id()).unwrap());
    assert_ne!(rx.recv(), Ok(thread::current().id()));
    assert!(start.elapsed() >= SHORT);
    assert!(!timer.stop());
    drop(timer);
    assert!(rx.recv().is_err(), "the function was dropped with its last user");
}

/// A function that is stopped is not called, and goes with its handle.
#[test]
fn stop() {
    let (tx, rx) = chan::bounded::<()>(1);
    for duration in [LONG, Duration::MAX] {
        let tx = tx.clone();
        let timer = chan::after_func(duration, move || tx.send(()).unwrap());
        assert_eq!((timer.stop(), timer.stop()), (duration == LONG, false));
    }
    drop(tx);
    assert!(rx.recv().is_err());
}

/// Dropping the handle does not stop it.
#[test]
fn without_a_handle() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(1);
    drop(chan::after_func(SHORT, move || tx.send(()).unwrap()));
    assert!(rx.recv().is_ok() && rx.recv().is_err());
}

/// Set again it is called again, while the first call still runs.
#[test]
fn calls_may_overlap() {
    let _watchdog = Watchdog::new();
    let (started, starts) = chan::unbounded();
    let (end, ending) = chan::bounded::<()>(0);
    let timer = chan::after_func(Duration::ZERO, move || {
        started.send(()).unwrap();
        ending.recv().unwrap_err();
    });
    starts.recv().unwrap();
    assert!(!timer.reset(Duration::ZERO), "it was started");
    starts.recv().unwrap();
    assert!(!timer.reset(LONG));
    assert!(timer.clone().reset(Duration::ZERO), "it was not");
    starts.recv().unwrap();
    end.close().unwrap();
    assert!(format!("{timer:?}").starts_with("FuncTimer"));
}

/// What blocks, or panics, or panics when it is dropped, delays nobody.
#[test]
fn functions_are_alone() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            // A second panic would abort.
            assert!(thread::panicking(), "dropped");
        }
    }
    let _watchdog = Watchdog::new();
    let (end, ending) = chan::bounded::<()>(0);
    let (tx, rx) = chan::unbounded();
    for n in 0..10 {
        let (bomb, ending, tx) = (Bomb, ending.clone(), tx.clone());
        let timer = chan::after_func(Duration::from_millis(1), move || {
            let _bomb = &bomb;
            tx.send(n).unwrap();
            match n % 2 {
                0 => drop(ending.recv()),
                _ => panic!("a function's panic"),
            }
        });
        drop(timer);
    }
    let mut called: Vec<i32> = rx.iter().take(10).collect();
    called.sort_unstable();
    assert!(called.into_iter().eq(0..10));
    end.close().unwrap();
    // And the thread is still there, or another is.
    drop(chan::after_func(SHORT, move || tx.send(10).unwrap()));
    assert_eq!(rx.recv(), Ok(10));
}

/// An earlier one does not wait for a later one.
#[test]
fn an_earlier_one() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::unbounded();
    let set = |duration, tx: &Sender<_>| {
        let tx = tx.clone();
        chan::after_func(duration, move || tx.send(duration).unwrap())
    };
    let late = set(LONG, &tx);
    let early = set(3 * SHORT, &tx);
    let earliest = set(SHORT, &tx);
    // Each is called on a thread of its own, and which of them is faster is the system's affair.
    let called = [rx.recv().unwrap(), rx.recv().unwrap()];
    assert_eq!((called[0].min(called[1]), called[0].max(called[1])), (SHORT, 3 * SHORT));
    assert!(late.stop() && !early.stop() && !earliest.stop());
}

/// Many at once, from many threads, some of which are stopped: called or stopped, each of them.
#[test]
fn called_or_stopped() {
    let _watchdog = Watchdog::new();
    let called = Arc::new(AtomicUsize::new(0));
    let stopped = AtomicUsize::new(0);
    let timers = Mutex::new(Vec::new());
    thread::scope(|s| {
        for t in 0..4 {
            let (called, stopped, timers) = (&called, &stopped, &timers);
            s.spawn(move || {
                for n in 0..50 {
                    let called = Arc::clone(called);
                    let timer = chan::after_func(Duration::from_micros(n * 50), move || {
                        called.fetch_add(1, Ordering::Relaxed);
                    });
                    if (n + t) % 2 == 0 {
                        stopped.fetch_add(usize::from(timer.stop()), Ordering::Relaxed);
                    }
                    timers.lock().unwrap().push(timer);
                }
            });
        }
    });
    while called.load(Ordering::Relaxed) + stopped.load(Ordering::Relaxed) < 200 {
        thread::yield_now();
    }
    assert!(timers.into_inner().unwrap().iter().all(|timer| !timer.stop()));
    assert_eq!(called.load(Ordering::Relaxed) + stopped.load(Ordering::Relaxed), 200);
}

/// One thread waits, however many functions there are to be called.
#[cfg(target_os = "linux")]
#[test]
fn one_thread() {
    let _watchdog = Watchdog::new();
    let threads = || {
        let names = std::fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
            std::fs::read_to_string(task.unwrap().path().join("comm")).ok() // it may have ended
        });
        names.filter(|name| name.trim() == "gosync timers").count()
    };
    let timers: Vec<_> = (0..1000).map(|_| chan::after_func(LONG, || ())).collect();
    // It may not have got to its name yet.
    let n = std::iter::repeat_with(threads).find(|&n| n > 0).unwrap();
    // Those that leave, in other tests, may still be there for a moment.
    assert!(n < 10, "{n} threads");
    assert!(timers.iter().all(chan::FuncTimer::stop));
}
