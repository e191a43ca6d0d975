//! Conditions: a signal wakes the first in line and nobody else, a broadcast all, and none is lost.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gosync::{Cond, Mutex};
use gosync_atomic::__sys::control::expire_deadlines;

use crate::kit::{List, SOON, scope, threads};
use crate::scenario::{ANY, HANGS, IS_WRONG, Scenario, holds, witness};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("cond, a buffer of two", 8, buffer).convicts(HANGS, &["cond.wake-one", "cond.mark"]),
        holds("cond, signals in line", 7, signals).convicts(HANGS, &["cond.wake-one"]),
        holds("cond, a broadcast", 7, broadcast).convicts(HANGS, &["cond.wake-all", "cond.wake-gate"]),
        holds("cond, rounds of broadcasts", 6, rounds).convicts(IS_WRONG, &["cond.mark"]),
        holds("cond, signals and deadlines", 7, deadlines)
            .witnesses(&["woken", "too late", "nobody"])
            .convicts(HANGS, &["cond.wake-one"])
            .convicts(ANY, &["table.still-queued"]),
    ]
}

/// Two conditions of one mutex.
fn buffer() {
    let (buffer, not_full, not_empty) = (Mutex::new(Vec::new()), Cond::new(), Cond::new());
    let received = List::new();
    threads(8, |me| {
        for n in 0..2 {
            let mut items = buffer.lock();
            if me % 2 == 0 {
                while items.len() == 2 {
                    not_full.wait(&mut items);
                }
                items.push((me, n));
                drop(items);
                not_empty.signal();
            } else {
                while items.is_empty() {
                    not_empty.wait(&mut items);
                }
                received.push(items.remove(0));
                drop(items);
                not_full.signal();
            }
        }
    });
    let mut received = received.take();
    received.sort_unstable();
    received.dedup();
    assert_eq!(received.len(), 8);
}

/// Six wait; each that is woken signals the next. They are woken one by one, in the order in which they have come.
fn signals() {
    const WAITERS: usize = 6;
    let (mutex, cond, all_there) = (Mutex::new(Vec::new()), Cond::new(), Cond::new());
    let signals = AtomicUsize::new(0);
    let woken = List::new();
    scope(|s| {
        for me in 0..WAITERS {
            let (mutex, cond, all_there, signals, woken) = (&mutex, &cond, &all_there, &signals, &woken);
            s.spawn(move || {
                let mut line = mutex.lock();
                line.push(me);
                if line.len() == WAITERS {
                    all_there.signal();
                }
                cond.wait(&mut line);
                woken.push(me);
                assert_eq!(woken.len(), signals.load(Relaxed), "one for each signal");
                if woken.len() < WAITERS {
                    signals.fetch_add(1, Relaxed);
                    assert!(cond.signal());
                }
            });
        }
        let mut line = mutex.lock();
        while line.len() < WAITERS {
            all_there.wait(&mut line);
        }
        signals.fetch_add(1, Relaxed);
        assert!(cond.signal());
    });
    assert!(!cond.signal(), "nobody is left");
    assert_eq!(woken.take(), mutex.into_inner());
}

fn broadcast() {
    const WAITERS: usize = 6;
    let (mutex, cond, all_there) = (Mutex::new((0, false)), Cond::new(), Cond::new());
    scope(|s| {
        for _ in 0..WAITERS {
            s.spawn(|| {
                let mut state = mutex.lock();
                state.0 += 1;
                if state.0 == WAITERS {
                    all_there.signal();
                }
                // Once: nobody is woken for nothing.
                cond.wait(&mut state);
                assert!(state.1);
            });
        }
        let mut state = mutex.lock();
        while state.0 < WAITERS {
            all_there.wait(&mut state);
        }
        state.1 = true;
        assert_eq!(cond.broadcast(), WAITERS);
    });
    assert_eq!(cond.broadcast(), 0);
}

/// A barrier, three times: who comes last calls the others, who may wait again before all of them have left.
fn rounds() {
    const THREADS: usize = 6;
    let (mutex, cond) = (Mutex::new((0, 0)), Cond::new());
    threads(THREADS, |_| {
        for round in 0..3 {
            let mut state = mutex.lock();
            assert_eq!(state.1, round);
            state.0 += 1;
            if state.0 == THREADS {
                *state = (0, round + 1);
                assert_eq!(cond.broadcast(), THREADS - 1);
            } else {
                cond.wait(&mut state);
            }
        }
    });
}

/// Each signal that says so has woken one, who says so too.
fn deadlines() {
    let (mutex, cond) = (Mutex::new(()), Cond::new());
    let (signals, woken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    expire_deadlines();
    threads(7, |me| {
        for _ in 0..2 {
            if me < 4 {
                let mut guard = mutex.lock();
                if cond.wait_timeout(&mut guard, SOON) {
                    woken.fetch_add(1, Relaxed);
                    witness("woken");
                } else {
                    witness("too late");
                }
            } else if cond.signal() {
                signals.fetch_add(1, Relaxed);
            } else {
                witness("nobody");
            }
        }
    });
    assert_eq!(signals.into_inner(), woken.into_inner());
}
