//! `src/sync/cond_test.go`.

use std::sync::Arc;
use std::thread;

use gosync::{Cond, Mutex, chan, go};

use crate::watchdog::Watchdog;

/// Waits once, and tells before and after. As in Go's tests it does not look again: nothing but a signal ends a wait.
fn waiter(m: &'static Mutex<()>, c: &'static Cond, running: &chan::Sender<()>, awake: &chan::Sender<()>) {
    let mut guard = m.lock();
    running.send(()).unwrap();
    c.wait(&mut guard);
    awake.send(()).unwrap();
}

/// `TestCondSignal`: two waiters, each signal wakes exactly one; one signal more does no harm.
#[test]
fn test_cond_signal() {
    static M: Mutex<()> = Mutex::new(());
    static C: Cond = Cond::new();
    let _watchdog = Watchdog::new();
    const N: usize = 2;
    let ((running, is_running), (awake, is_awake)) = (chan::bounded(N), chan::bounded(N));
    for _ in 0..N {
        let (running, awake) = (running.clone(), awake.clone());
        go(move || waiter(&M, &C, &running, &awake));
    }
    (0..N).for_each(|_| is_running.recv().unwrap());
    for n in (1..=N).rev() {
        assert!(is_awake.try_recv().is_err(), "a thread that is not asleep");
        {
            let _guard = M.lock();
            assert!(C.signal(), "{n} wait");
        }
        // It hangs here if nobody wakes up.
        is_awake.recv().unwrap();
        assert!(is_awake.try_recv().is_err(), "too many threads awake");
    }
    assert!(!C.signal());
}

/// `TestCondSignalGenerations`: 100 waiters that come one at a time are woken in the order of their arrival.
#[test]
fn test_cond_signal_generations() {
    static M: Mutex<()> = Mutex::new(());
    static C: Cond = Cond::new();
    let _watchdog = Watchdog::new();
    const N: usize = 100;
    let ((running, is_running), (awake, is_awake)) = (chan::bounded(N), chan::bounded(N));
    for i in 0..N {
        let (running, awake) = (running.clone(), awake.clone());
        go(move || {
            let mut guard = M.lock();
            running.send(()).unwrap();
            C.wait(&mut guard);
            awake.send(i).unwrap();
        });
        if i > 0 {
            assert_eq!(is_awake.recv(), Ok(i - 1), "wrong thread woke up");
        }
        is_running.recv().unwrap();
        let _guard = M.lock();
        C.signal();
    }
    assert_eq!(is_awake.recv(), Ok(N - 1));
}

/// `TestCondBroadcast`: 200 waiters, rounds of one broadcast each, which wakes each of them once.
#[test]
fn test_cond_broadcast() {
    #[derive(Default)]
    struct State {
        waiting: usize,
        exit: bool,
    }
    static C: Cond = Cond::new();
    let _watchdog = Watchdog::new();
    const N: usize = 200;
    // Fewer rounds than Go's 200 times 200 goroutines: these are threads.
    const ROUNDS: usize = 20;
    let m = Arc::new(Mutex::new(State::default()));
    let ((running, is_running), (awake, is_awake)) = (chan::bounded(N), chan::bounded(N));
    let threads: Vec<_> = (0..N)
        .map(|g| {
            let (m, running, awake) = (Arc::clone(&m), running.clone(), awake.clone());
            go(move || {
                let mut state = m.lock();
                while !state.exit {
                    state.waiting += 1;
                    running.send(g).unwrap();
                    C.wait(&mut state);
                    state.waiting -= 1;
                    awake.send(g).unwrap();
                }
            })
        })
        .collect();
    for round in 0..ROUNDS {
        assert_eq!(is_running.iter().take(N).count(), N);
        assert!(is_awake.try_recv().is_err(), "a thread that is not asleep");
        {
            let mut state = m.lock();
            assert_eq!(state.waiting, N);
            state.exit = round == ROUNDS - 1;
            assert_eq!(C.broadcast(), N);
        }
        let mut seen = [false; N];
        for _ in 0..N {
            let g = is_awake.recv().unwrap();
            assert!(!std::mem::replace(&mut seen[g], true), "woke up twice");
        }
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(is_running.try_recv().is_err(), "a thread that did not exit");
    assert_eq!(C.broadcast(), 0);
}

/// `TestRace`: three threads hand on a number, 0 to 3.
#[test]
fn test_race() {
    static X: Mutex<i32> = Mutex::new(0);
    static C: Cond = Cond::new();
    let _watchdog = Watchdog::new();
    let steps: [fn(); 3] = [
        || {
            let mut x = X.lock();
            *x = 1;
            C.wait(&mut x);
            assert_eq!(*x, 2);
            *x = 3;
            C.signal();
        },
        || {
            loop {
                let mut x = X.lock();
                if *x == 1 {
                    *x = 2;
                    C.signal();
                    return;
                }
                drop(x);
                thread::yield_now();
            }
        },
        || {
            loop {
                let mut x = X.lock();
                if *x == 2 {
                    C.wait(&mut x);
                    assert_eq!(*x, 3);
                    return;
                }
                if *x == 3 {
                    return;
                }
                drop(x);
                thread::yield_now();
            }
        },
    ];
    let threads = steps.map(go);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*X.lock(), 3);
}

/// `TestCondSignalStealing`: one that is known to wait is woken by a broadcast that races a new waiter.
#[test]
fn test_cond_signal_stealing() {
    let _watchdog = Watchdog::new();
    for _ in 0..1_000 {
        let shared = Arc::new((Mutex::new(true), Cond::new()));
        let (ch, heard) = chan::bounded(1);
        let old = go({
            let shared = Arc::clone(&shared);
            move || {
                let mut guard = shared.0.lock();
                ch.send(()).unwrap();
                shared.1.wait(&mut guard);
                drop(guard);
                ch.send(()).unwrap();
            }
        });
        heard.recv().unwrap();
        // When the lock can be had, it waits.
        drop(shared.0.lock());
        let new = go({
            let shared = Arc::clone(&shared);
            move || {
                let mut one_more = shared.0.lock();
                while *one_more {
                    shared.1.wait(&mut one_more);
                }
            }
        });
        shared.1.broadcast();
        // It hangs here if the broadcast went to the new waiter alone.
        heard.recv().unwrap();
        *shared.0.lock() = false;
        shared.1.broadcast();
        old.join().unwrap();
        new.join().unwrap();
    }
}
