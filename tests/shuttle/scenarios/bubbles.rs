//! Bubbles, whose clock is their own: all that happens in one, happens at an instant that is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use gosync::chan::RecvTimeoutError;
use gosync::{Context, WaitGroup, chan, go, synctest, time};

use crate::kit::{any, turn};
use crate::scenario::{HANGS, IS_WRONG, Scenario, holds, witness};

const MS: Duration = Duration::from_millis(1);

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        holds("bubble, sleeps", 8, sleeps)
            .convicts(HANGS, &["bubble.wake", "bubble.last-asleep", "bubble.last-gone"])
            .convicts(IS_WRONG, &["bubble.all-are-asleep"]),
        holds("bubble, timeouts", 6, timeouts).witnesses(&["both"]).convicts(IS_WRONG, &["bubble.all-are-asleep"]),
        holds("bubble, waits", 7, waits).convicts(IS_WRONG, &["bubble.fire"]),
    ]
}

/// Each wakes up just when it wanted to.
fn sleeps() {
    let took = synctest::test(|| {
        let (start, wg) = (time::now(), Arc::new(WaitGroup::new()));
        for _ in 0..6 {
            wg.go(move || {
                let mut until = start;
                for _ in 0..3 {
                    let pause = any(4) as u32 * MS;
                    time::sleep(pause);
                    until += pause;
                    assert_eq!(time::now(), until);
                    turn();
                }
                time::sleep(start + 100 * MS - until);
            });
        }
        wg.wait();
        time::now() - start
    });
    assert_eq!(took, 100 * MS);
}

/// Values come at multiples of a second, timeouts never do.
fn timeouts() {
    let received = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    synctest::test({
        let received = Arc::clone(&received);
        move || {
            let (start, (tx, rx)) = (time::now(), chan::bounded(any(2)));
            for n in 0..2 {
                let (rx, received) = (rx.clone(), Arc::clone(&received));
                let timeout = [350, 450][any(2)] * MS;
                go(move || {
                    loop {
                        let result = rx.recv_timeout(timeout);
                        let is_whole = (time::now() - start).subsec_nanos() == 0;
                        match result {
                            Ok(()) => assert!(is_whole),
                            Err(RecvTimeoutError::Timeout) => assert!(!is_whole),
                            Err(RecvTimeoutError::Disconnected) => break,
                        }
                        received[n].fetch_add(usize::from(result.is_ok()), Relaxed);
                    }
                });
            }
            for _ in 0..4 {
                time::sleep(1000 * MS);
                tx.send(()).unwrap();
            }
        }
    });
    let received: Vec<_> = received.iter().map(|n| n.load(Relaxed)).collect();
    assert_eq!(received.iter().sum::<usize>(), 4);
    if !received.contains(&0) {
        witness("both");
    }
}

/// What is due has been done when a wait returns, and nothing else has.
fn waits() {
    synctest::test(|| {
        let (start, done) = (time::now(), Arc::new(AtomicUsize::new(0)));
        let (ctx, _cancel) = Context::background().with_timeout(20 * MS);
        for n in 1..=3 {
            let add = {
                let done = Arc::clone(&done);
                move || {
                    turn();
                    done.fetch_add(1, Relaxed);
                }
            };
            ctx.after_func(add.clone());
            drop(chan::after_func(10 * n * MS, add));
        }
        for n in [0, 1, 5, 6] {
            synctest::wait();
            assert_eq!(done.load(Relaxed), n);
            time::sleep(10 * MS);
        }
        assert_eq!(time::now(), start + 40 * MS);
    });
}
