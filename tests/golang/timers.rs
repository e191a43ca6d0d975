//! `src/time/sleep_test.go` and `tick_test.go`, as far as they are about channels and functions.
//!
//! Where Go's tests compare with the clock and try again, these look at lower bounds, or at the values themselves, which
//! are the instants at which they were due.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, Chan, RecvTimeoutError, Sender, Ticker, Timer, TryRecvError};
use gosync::{WaitGroup, select};

use crate::watchdog::Watchdog;

const MS: Duration = Duration::from_millis(1);
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

/// A function that sets itself again.
#[test]
fn test_after_func() {
    fn step(left: usize, done: Sender<()>) {
        if left == 0 {
            return done.send(()).unwrap();
        }
        drop(chan::after_func(Duration::ZERO, move || step(left - 1, done.clone())));
        thread::sleep(MS);
    }
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(1);
    drop(chan::after_func(Duration::ZERO, move || step(10, tx.clone())));
    assert_eq!(rx.recv(), Ok(()));
}

#[test]
fn test_ticker_stress() {
    let stop = AtomicBool::new(false);
    thread::scope(|s| {
        s.spawn(|| {
            let mut busy = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                busy = std::hint::black_box(busy + 1);
            }
        });
        let ticker = Ticker::new(MS);
        assert_eq!(ticker.channel().iter().take(100).count(), 100);
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn test_ticker_concurrent_stress() {
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        for _ in 0..10 {
            s.spawn(|| {
                let ticker = Ticker::new(MS);
                assert_eq!(ticker.channel().iter().take(50).count(), 50);
            });
        }
    });
}

/// A pair that plays ping-pong does not keep a function from being called.
#[test]
fn test_after_func_starvation() {
    let _watchdog = Watchdog::new();
    for capacity in [0, 1] {
        let (a, b) = (Chan::new(capacity), Chan::new(capacity));
        let stop = Arc::new(AtomicBool::new(false));
        thread::scope(|s| {
            s.spawn(|| {
                while let Ok(()) = a.recv() {
                    if b.send(()).is_err() {
                        break;
                    }
                }
                b.close().unwrap();
            });
            s.spawn(|| {
                while !stop.load(Ordering::Relaxed) && a.send(()).is_ok() {
                    b.recv().unwrap();
                }
                a.close().unwrap();
            });
            let flag = Arc::clone(&stop);
            drop(chan::after_func(5 * MS, move || flag.store(true, Ordering::Relaxed)));
        });
    }
}

#[test]
fn test_after() {
    let start = Instant::now();
    let end = chan::after(20 * MS).recv().unwrap();
    assert!(start.elapsed() >= 20 * MS && end - start >= 20 * MS);
}

#[test]
fn test_after_tick() {
    let start = Instant::now();
    assert_eq!(chan::tick(5 * MS).iter().take(10).count(), 10);
    assert!(start.elapsed() >= 10 * 5 * MS);
}

/// Two functions, one of which is stopped.
#[test]
fn test_after_stop() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(1);
    let early = tx.clone();
    drop(chan::after_func(10 * MS, move || early.send("early").unwrap()));
    let unused = Timer::new(20 * MS);
    let late = chan::after_func(LONG, move || tx.send("late").unwrap());
    assert!(unused.stop() && late.stop());
    assert!(!unused.stop() && !late.stop());
    assert_eq!(rx.recv(), Ok("early"));
    drop(late);
    assert!(rx.recv().is_err(), "nobody will call it any more");
    assert_eq!(unused.channel().try_recv(), Err(TryRecvError::Empty));
}

/// Timers fire in the order of their times, not in that of their creation.
#[test]
fn test_after_queuing() {
    let _watchdog = Watchdog::new();
    const SLOTS: [u32; 12] = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8];
    let in_order = |delta: Duration| {
        let (tx, rx) = chan::bounded(SLOTS.len());
        let start = Instant::now() + delta;
        for slot in SLOTS {
            let (tx, due) = (tx.clone(), start + slot * delta);
            thread::spawn(move || tx.send((slot, chan::at(due).recv().unwrap() - due)).unwrap());
        }
        let fired: Vec<_> = rx.iter().take(SLOTS.len()).collect();
        assert!(fired.iter().all(|(_, late)| late.is_zero()));
        fired.is_sorted()
    };
    // As in Go: with some pause between the slots the threads wake up in order.
    assert!((0..8).any(|n| in_order(MS * (1 << n))));
}

#[test]
fn test_timer_stop_stress() {
    let _watchdog = Watchdog::new();
    thread::scope(|s| {
        for n in 0..100 {
            s.spawn(move || {
                let timer = chan::after_func(LONG, move || unreachable!("it is stopped"));
                thread::sleep(MS * (n % 10));
                assert!(timer.stop());
            });
        }
    });
}

#[test]
fn test_reset() {
    let _watchdog = Watchdog::new();
    let timer = Timer::new(LONG);
    let start = Instant::now();
    assert!(timer.reset(20 * MS), "it has not fired");
    if timer.channel().try_recv().is_ok() {
        assert!(start.elapsed() >= 20 * MS, "too early");
    } else {
        assert!(timer.channel().recv().unwrap() - start >= 20 * MS);
    }
    assert!(!timer.reset(5 * MS), "it has fired");
    assert!(timer.channel().recv().is_ok());
}

/// `TestOverflowSleep` and `TestOverflowPeriodRuntimeTimer`: what is far away does not come at once.
#[test]
fn test_overflow_sleep() {
    for far in [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_nanos(i64::MAX as u64)] {
        let ticker = Ticker::new(far);
        select! {
            recv(chan::after(far)) -> _ => unreachable!(),
            recv(ticker.channel()) -> _ => unreachable!(),
            recv(chan::after(10 * MS)) -> when => assert!(when.is_ok()),
        }
    }
    assert!(chan::after(Duration::ZERO).try_recv().is_ok());
}

#[test]
fn test_timer_modified_earlier() {
    let _watchdog = Watchdog::new();
    let timer = Timer::new(LONG);
    for i in 0..10 {
        assert_eq!(timer.reset(10 * MS), i == 0);
        assert!(timer.channel().recv().is_ok());
    }
}

/// Many functions that are stopped, set again to an earlier and to a later time, and called.
#[test]
fn test_adjust_timers() {
    let _watchdog = Watchdog::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let group = Arc::new(WaitGroup::new());
    let timers: Vec<_> = (0..100)
        .map(|_| {
            let (calls, group) = (Arc::clone(&calls), Arc::clone(&group));
            chan::after_func(LONG, move || {
                calls.fetch_add(1, Ordering::Relaxed);
                group.done();
            })
        })
        .collect();
    for (i, timer) in timers.iter().enumerate() {
        assert!(if i % 3 == 0 { timer.stop() } else { timer.reset(LONG + MS * i as u32) });
    }
    group.add(100);
    for (i, timer) in timers.iter().enumerate() {
        assert_eq!(timer.reset(MS * (i as u32 % 7)), i % 3 != 0);
    }
    group.wait();
    assert_eq!(calls.load(Ordering::Relaxed), 100);
    assert!(timers.iter().all(|timer| !timer.stop()));
}

/// `TestStopResult` and `TestResetResult`: what they return, and what can be received then, fit.
#[test]
fn test_stop_and_reset_result() {
    let _watchdog = Watchdog::new();
    for reset in [false, true] {
        for n in 0..1000 {
            let timer = Timer::new(Duration::from_nanos(n));
            let cut = |timer: &Timer| if reset { timer.reset(LONG) } else { timer.stop() };
            assert!(cut(&timer), "nobody has received it");
            assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
            timer.reset(Duration::ZERO);
            thread::scope(|s| {
                let receiver = s.spawn(|| timer.channel().try_recv().is_ok());
                let cut = cut(&timer);
                assert_eq!(cut, !receiver.join().unwrap());
            });
            if n > 50 {
                break;
            }
        }
    }
}

#[test]
fn test_multi_wakeup_ticker() {
    let _watchdog = Watchdog::new();
    let ticker = Ticker::new(Duration::from_micros(1));
    assert_eq!(ticker.channel().iter().take(10_000).count(), 10_000);
}

#[test]
fn test_multi_wakeup_timer() {
    let _watchdog = Watchdog::new();
    let timer = Timer::new(Duration::from_nanos(1));
    for _ in 0..10_000 {
        timer.reset(Duration::from_nanos(1));
        timer.channel().recv().unwrap();
    }
}

#[test]
fn test_ticker() {
    let _watchdog = Watchdog::new();
    let start = Instant::now();
    let ticker = Ticker::new(4 * MS);
    (0..5).for_each(|_| assert!(ticker.channel().recv().unwrap() >= start + 4 * MS));
    ticker.reset(8 * MS);
    let second = Instant::now();
    assert!(second - start >= 5 * 4 * MS);
    (0..5).for_each(|_| assert!(ticker.channel().recv().is_ok()));
    assert!(second.elapsed() >= 4 * 8 * MS);
    ticker.stop();
    assert_eq!(ticker.channel().recv_timeout(20 * MS), Err(RecvTimeoutError::Timeout), "it did not shut down");
}

#[test]
fn test_teardown() {
    for _ in 0..3 {
        let ticker = Ticker::new(5 * MS);
        assert!(ticker.channel().recv().is_ok());
        ticker.stop();
    }
}

#[test]
#[should_panic = "non-positive interval for NewTicker"]
fn test_new_ticker_lt_zero_duration() {
    drop(Ticker::new(Duration::ZERO));
}

#[test]
#[should_panic = "non-positive interval for Ticker.Reset"]
fn test_ticker_reset_lt_zero_duration() {
    Ticker::new(LONG).reset(Duration::ZERO);
}

#[test]
fn test_long_adjust_timers() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::unbounded();
    for i in 0..60 {
        assert!(chan::after_func(LONG, || ()).stop());
        let tx = tx.clone();
        drop(chan::after_func(MS * (i % 10), move || tx.send(i).unwrap()));
    }
    let mut called: Vec<u32> = rx.iter().take(60).collect();
    called.sort_unstable();
    assert!(called.into_iter().eq(0..60));
}

/// `TestChan`, the parts of timers and tickers: nothing stale, and who is parked, in receives and in selects.
#[test]
fn test_chan() {
    let _watchdog = Watchdog::new();
    let timer = Timer::new(Duration::ZERO);
    let empty = || assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
    // A stale value does not outlive a stop or a reset.
    assert!(timer.stop());
    empty();
    assert!(!timer.reset(Duration::ZERO));
    assert!(timer.reset(LONG), "it was pending");
    empty();
    assert!(timer.reset(Duration::ZERO));
    assert!(timer.channel().recv().is_ok());
    assert!(!timer.reset(LONG));
    empty();
    // Parked while it is reset, once as a receiver and twice as a select.
    for _ in 0..10 {
        thread::scope(|s| {
            let receiver = s.spawn(|| timer.channel().recv().is_ok());
            thread::sleep(MS);
            timer.reset(Duration::ZERO);
            assert!(receiver.join().unwrap());
        });
        timer.reset(LONG);
        let (quit, quitting) = chan::bounded::<()>(0);
        thread::scope(|s| {
            let selector = || {
                select! { recv(timer.channel()) -> value => value.is_ok(), recv(quitting) -> _ => false }
            };
            let selectors = [s.spawn(selector), s.spawn(selector)];
            thread::sleep(MS);
            timer.reset(MS);
            thread::sleep(3 * MS);
            quit.close().unwrap();
            // If neither had come as far as that, it is still there.
            let got = selectors.into_iter().map(|selector| usize::from(selector.join().unwrap())).sum::<usize>();
            assert_eq!(got + usize::from(timer.channel().try_recv().is_ok()), 1);
        });
    }
    // A ticker that was stopped has nothing, one that was reset nothing old.
    let ticker = Ticker::new(Duration::from_nanos(1));
    ticker.stop();
    assert_eq!(ticker.channel().try_recv(), Err(TryRecvError::Empty));
    ticker.reset(Duration::from_nanos(1));
    ticker.reset(LONG);
    assert_eq!(ticker.channel().try_recv(), Err(TryRecvError::Empty));
}

/// The value is the instant at which it was due, however late it is received.
#[test]
fn test_after_times() {
    let start = Instant::now();
    let rx = chan::after(10 * MS);
    let created = Instant::now();
    thread::sleep(30 * MS);
    let value = rx.recv().unwrap();
    assert!((start + 10 * MS..=created + 10 * MS).contains(&value));
}

#[test]
fn test_tick_times() {
    let start = Instant::now();
    let rx = chan::tick(10 * MS);
    let created = Instant::now();
    thread::sleep(30 * MS);
    let value = rx.recv().unwrap();
    assert!((start + 10 * MS..=created + 10 * MS).contains(&value));
}
