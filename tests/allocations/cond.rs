//! `Cond`: nothing allocates, blocked or not.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use gosync::{Cond, Mutex};

use crate::counter::without_allocating;
use crate::watchdog::Watchdog;

#[test]
fn alone() {
    let (mutex, cond) = (Mutex::new(0), Cond::new());
    let mut guard = mutex.lock();
    without_allocating(|| {
        for _ in 0..100 {
            assert!(!cond.signal() && cond.broadcast() == 0);
            assert!(!cond.wait_timeout(&mut guard, Duration::from_micros(50)));
            cond.wait_while(&mut guard, |value| *value > 0);
        }
    });
}

/// Waits that sleep, and the signals and broadcasts that end them.
#[test]
fn blocked() {
    const ROUNDS: usize = 100;
    let _watchdog = Watchdog::new();
    let (turn, cond) = (Mutex::new(0), Cond::new());
    let play = |mine: usize| {
        for _ in 0..ROUNDS {
            without_allocating(|| {
                let mut turn = turn.lock();
                cond.wait_while(&mut turn, |turn| *turn % 3 != mine);
                *turn += 1;
                cond.broadcast();
            });
        }
    };
    let play = &play;
    thread::scope(|s| {
        for mine in 0..3 {
            s.spawn(move || play(mine));
        }
    });
    assert_eq!(*turn.lock(), 3 * ROUNDS);
}

/// Tasks that wait, are called, are polled with another waker, and go.
#[test]
fn tasks() {
    let (mutex, cond) = (Mutex::new(0), Cond::new());
    let context = &mut Context::from_waker(Waker::noop());
    without_allocating(|| {
        for _ in 0..100 {
            let mut called = pin!(cond.wait_async(mutex.lock()));
            assert!(called.as_mut().poll(context).is_pending());
            {
                let goes = pin!(cond.wait_async(mutex.lock()));
                assert!(goes.poll(context).is_pending());
            }
            assert!(called.as_mut().poll(context).is_pending());
            assert!(cond.signal());
            assert!(called.as_mut().poll(context).is_ready());
        }
    });
}
