//! Timers: when they deliver, and what; stop and reset; selects; what they are not: threads, and channels that can be closed.
//!
//! Only lower bounds of time decide, and upper bounds that nothing but a bug exceeds.

use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, CloseError, Receiver, RecvTimeoutError, Select, Ticker, Timer, TryRecvError};
use gosync::select;

use crate::settle;
use crate::watchdog::Watchdog;

const SHORT: Duration = Duration::from_millis(10);
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

/// The value is the instant at which it is due, it comes not before that, and there is one.
#[test]
fn one_value() {
    let _watchdog = Watchdog::new();
    let due = Instant::now() + SHORT;
    let rx = chan::at(due);
    assert_eq!((rx.len(), rx.is_empty(), rx.is_full(), rx.capacity()), (0, true, false, Some(1)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.recv(), Ok(due));
    assert!(Instant::now() >= due);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    let start = Instant::now();
    assert!(chan::after(SHORT).recv().unwrap() >= start + SHORT);
}

/// Whoever asks sees that it is due: nobody has to be there to deliver it.
#[test]
fn lazily() {
    let rx = chan::after(Duration::ZERO);
    assert_eq!((rx.len(), rx.is_empty(), rx.is_full()), (1, false, true));
    assert!(format!("{rx:?}").contains("len: 1"));
    let twin = rx.clone();
    assert!(twin.try_recv().is_ok());
    assert_eq!((rx.len(), rx.is_empty(), rx.is_full()), (0, true, false));
    assert_eq!(chan::tick(Duration::ZERO).try_iter().take(3).count(), 3);
}

/// A receive that gives up before the value is due does so in time, and leaves the value to others.
#[test]
fn own_deadline_is_earlier() {
    let rx = chan::after(LONG);
    let start = Instant::now();
    assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    assert!((SHORT..LONG / 2).contains(&start.elapsed()));
    let due = Instant::now() + 3 * SHORT;
    let rx = chan::at(due);
    // A thread that was kept from it for so long that the value is due receives it.
    let first = rx.recv_timeout(SHORT);
    assert!(first == Err(RecvTimeoutError::Timeout) || Instant::now() >= due);
    assert_eq!(first.or_else(|_| rx.recv_timeout(LONG)), Ok(due));
}

/// What is beyond the clock's range never comes, and a timer for it can still be set.
#[test]
fn never() {
    let _watchdog = Watchdog::new();
    for rx in [chan::after(Duration::MAX), chan::tick(Duration::MAX), Ticker::new(Duration::MAX).channel().clone()] {
        assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
    let timer = Timer::new(Duration::MAX);
    assert!(!timer.stop());
    assert!(!timer.reset(SHORT));
    assert!(timer.channel().recv().is_ok());
}

#[test]
fn cannot_be_closed() {
    let rx = chan::after(Duration::ZERO);
    assert_eq!(rx.close(), Err(CloseError::ReceiveOnly));
    assert_eq!((rx.is_closed(), rx.sender_count(), rx.receiver_count(), rx.is_nil()), (false, 0, 1, false));
    assert!(rx.recv().is_ok());
    assert!(!rx.same_channel(&chan::after(Duration::ZERO)) && rx.same_channel(&rx.clone()));
}

/// Stop and reset say whether a value was to come, received or not.
#[test]
fn stop_and_reset() {
    let _watchdog = Watchdog::new();
    let timer = Timer::new(LONG);
    assert!(timer.stop());
    assert!(!timer.stop(), "stopped");
    assert!(!timer.reset(Duration::ZERO), "stopped");
    assert!(timer.channel().is_full());
    assert!(timer.stop(), "due, and not received");
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "no stale value");
    assert!(!timer.reset(Duration::ZERO));
    assert!(timer.channel().recv().is_ok());
    assert!(!timer.stop(), "received");
    assert!(!timer.reset(LONG));
    let start = Instant::now();
    assert!(timer.reset(SHORT), "running");
    assert!(timer.channel().recv().unwrap() >= start + SHORT);
}

/// A blocked receiver, a blocked select and a blocked `ready` notice that the timer is set to an earlier instant, and that
/// it is put off.
#[test]
fn reset_reaches_who_waits() {
    let _watchdog = Watchdog::new();
    type Wait = fn(&Timer) -> Option<Instant>;
    let waits: [Wait; 4] = [
        |timer| timer.channel().recv().ok(),
        |timer| select! { recv(timer.channel()) -> value => value.ok() },
        |timer| {
            let mut select = Select::new();
            select.recv(timer.channel());
            select.select().recv(timer.channel()).ok()
        },
        |timer| {
            let mut select = Select::new();
            select.recv(timer.channel());
            // The reset may take back what was ready.
            loop {
                assert_eq!(select.ready(), 0);
                if let Ok(value) = timer.channel().try_recv() {
                    return Some(value);
                }
            }
        },
    ];
    for wait in waits {
        for before in [Some(LONG), None, Some(SHORT / 2)] {
            let timer = Timer::new(before.unwrap_or(LONG));
            if before.is_none() {
                timer.stop();
            }
            thread::scope(|s| {
                let waiter = s.spawn(|| wait(&timer));
                thread::sleep(Duration::from_millis(2));
                let start = Instant::now();
                // If it is late, the first value may have come.
                let first = timer.reset(SHORT) || before.is_none();
                let value = waiter.join().unwrap().unwrap();
                assert!(value >= start + SHORT || !first);
            });
        }
    }
}

/// One value for one of many, the others stay blocked until they give up.
#[test]
fn many_receivers() {
    let _watchdog = Watchdog::new();
    let rx = chan::after(SHORT);
    let got: usize = thread::scope(|s| {
        let receivers: Vec<_> = (0..8)
            .map(|n| {
                let rx = &rx;
                s.spawn(move || {
                    if n % 2 == 0 {
                        return rx.recv_timeout(3 * SHORT).is_ok();
                    }
                    select! { recv(rx) -> value => value.is_ok(), default(3 * SHORT) => false }
                })
            })
            .collect();
        receivers.into_iter().map(|receiver| usize::from(receiver.join().unwrap())).sum()
    });
    assert_eq!(got, 1);
}

/// Every tick goes to somebody who waits for it, and to nobody else.
#[test]
fn many_receivers_of_ticks() {
    let _watchdog = Watchdog::new();
    let ticker = Ticker::new(Duration::from_millis(1));
    let mut ticks: Vec<Instant> = thread::scope(|s| {
        let receivers: Vec<_> =
            (0..4).map(|_| s.spawn(|| ticker.channel().iter().take(10).collect::<Vec<_>>())).collect();
        receivers.into_iter().flat_map(|receiver| receiver.join().unwrap()).collect()
    });
    ticks.sort();
    let differ = ticks.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(1));
    assert!(differ && ticks.len() == 40, "{ticks:?}");
}

/// A ticker stays on its grid, a receiver that is late gets the tick that was due first, and the next one.
#[test]
fn grid() {
    let _watchdog = Watchdog::new();
    let ticker = Ticker::new(SHORT);
    let first = ticker.channel().recv().unwrap();
    thread::sleep(5 * SHORT / 2);
    let late = ticker.channel().recv().unwrap();
    assert_eq!(late - first, SHORT);
    let next = ticker.channel().recv().unwrap() - first;
    assert!(next >= 3 * SHORT && next.as_nanos() % SHORT.as_nanos() == 0, "{next:?}");
    ticker.reset(LONG);
    assert_eq!(ticker.channel().try_recv(), Err(TryRecvError::Empty));
    ticker.reset(SHORT / 2);
    let (a, b) = (ticker.channel().recv().unwrap(), ticker.channel().recv().unwrap());
    assert_eq!((b - a).as_nanos() % (SHORT / 2).as_nanos(), 0);
    ticker.stop();
    assert_eq!(ticker.channel().recv_timeout(2 * SHORT), Err(RecvTimeoutError::Timeout));
}

/// `tick` counts from a receive that was late.
#[test]
fn tick_waits_for_its_receiver() {
    let rx = chan::tick(SHORT);
    thread::sleep(5 * SHORT / 2);
    let received = Instant::now();
    rx.try_recv().unwrap();
    assert!(rx.recv().unwrap() >= received + SHORT);
}

#[test]
fn zero_periods_of_tickers_panic() {
    let text = |f: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
        *panic.downcast_ref::<&str>().unwrap()
    };
    assert_eq!(text(&|| drop(Ticker::new(Duration::ZERO))), "non-positive interval for NewTicker");
    let ticker = Ticker::new(LONG);
    assert_eq!(text(&|| ticker.reset(Duration::ZERO)), "non-positive interval for Ticker.Reset");
}

/// In a select: against a channel, against its timeout, in two cases, and where only `default` is left.
#[test]
fn selects() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = chan::bounded(1);
    let timeout = chan::after(LONG);
    select! { recv(timeout) -> _ => unreachable!(), recv(rx) -> _ => unreachable!(), default => () }
    select! { recv(timeout) -> _ => unreachable!(), default => () }
    select! { recv(timeout) -> _ => unreachable!(), recv(timeout) -> _ => unreachable!(), default(SHORT) => () }
    thread::scope(|s| {
        s.spawn(|| {
            settle();
            tx.send(7).unwrap();
        });
        select! { recv(timeout) -> _ => unreachable!(), recv(rx) -> value => assert_eq!(value, Ok(7)) }
    });
    select! { recv(chan::after(SHORT)) -> value => assert!(value.is_ok()), recv(rx) -> _ => unreachable!() }
    select! { recv(chan::after(SHORT)) -> value => assert!(value.is_ok()), default(LONG) => unreachable!() }
    tx.send(8).unwrap();
    select! { send(tx, 9) -> _ => unreachable!(), recv(chan::after(SHORT)) -> value => assert!(value.is_ok()) }
}

/// Of several cases that are ready each is chosen, also beside timers that are not due; those are not.
#[test]
fn selects_are_fair() {
    let (a, b) = (chan::Chan::new(1), chan::Chan::new(1));
    let (timeouts, due) = ([(); 3].map(|()| chan::after(LONG)), chan::tick(Duration::ZERO));
    let mut hits = [0; 3];
    for _ in 0..3000 {
        let _ = (a.try_send(()), b.try_send(()));
        let hit = select! {
            recv(a) -> _ => 0,
            recv(timeouts[0]) -> _ => unreachable!(),
            recv(timeouts[1]) -> _ => unreachable!(),
            recv(b) -> _ => 1,
            recv(timeouts[2]) -> _ => unreachable!(),
            recv(due) -> _ => 2,
        };
        hits[hit] += 1;
    }
    // Each is expected 1000 times; 6 standard deviations are 155.
    assert!(hits.iter().all(|hit| (800..1200).contains(hit)), "{hits:?}");
}

/// A value that was set aside and given back is still there, once, unless the timer was stopped or set meanwhile.
#[test]
fn selected_operations() {
    let timer = Timer::new(Duration::ZERO);
    let chosen = || {
        let mut select = Select::new();
        select.recv(timer.channel());
        select.try_select()
    };
    let operation = chosen().unwrap();
    assert_eq!((timer.channel().len(), timer.channel().try_recv()), (0, Err(TryRecvError::Empty)));
    drop(operation);
    assert_eq!(timer.channel().len(), 1);
    assert!(chosen().unwrap().recv(timer.channel()).is_ok());
    assert!(chosen().is_err());

    timer.reset(Duration::ZERO);
    let operation = chosen().unwrap();
    assert!(!timer.stop(), "it was received");
    drop(operation);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "a stale value");

    timer.reset(Duration::ZERO);
    drop(chosen().unwrap());
    assert!(timer.stop(), "it was given back");
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "a stale value");

    timer.reset(Duration::ZERO);
    std::mem::forget(chosen().unwrap());
    assert!(!timer.reset(Duration::ZERO));
    assert!(timer.channel().try_recv().is_ok(), "a leak costs that value only");
}

/// A permit that is given back goes to who is blocked.
#[test]
fn a_value_that_is_given_back() {
    let _watchdog = Watchdog::new();
    let receive = |rx: &Receiver<Instant>| rx.recv_timeout(LONG).is_ok();
    let selects = |rx: &Receiver<Instant>| select! { recv(rx) -> value => value.is_ok(), default(LONG) => false };
    for wait in [receive, selects] {
        let rx = chan::after(Duration::ZERO);
        let mut select = Select::new();
        select.recv(&rx);
        let operation = select.select();
        thread::scope(|s| {
            let waiting = s.spawn(|| wait(&rx));
            settle();
            drop(operation);
            assert!(waiting.join().unwrap());
        });
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "once");
    }
}

/// Timers are no threads, and nothing keeps them when their handles are gone.
#[cfg(target_os = "linux")]
#[test]
fn no_threads() {
    let _watchdog = Watchdog::new();
    let threads = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
        line.trim().parse::<usize>().unwrap()
    };
    // Other tests of this binary come and go, but none has hundreds.
    let before = threads();
    let timers: Vec<_> = (0..1000).map(|n| chan::after(Duration::from_millis(n % 10))).collect();
    let tickers: Vec<_> = (0..1000).map(|_| Ticker::new(Duration::from_millis(1))).collect();
    let mut select = Select::new();
    for rx in &timers {
        select.recv(rx);
    }
    for _ in 0..1000 {
        let operation = select.select();
        let number = operation.index();
        operation.recv(&timers[number]).unwrap();
    }
    assert!(select.try_select().is_err());
    assert!(tickers.iter().all(|ticker| ticker.channel().recv().is_ok()));
    assert!(threads() < before + 500, "{} threads, {before} before", threads());
}
