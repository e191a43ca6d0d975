//! `after`, `at` and `tick`: receivers that the clock feeds. No verdict depends on how late anything is.

use std::thread;
use std::time::{Duration, Instant};

use super::channel::{
    Receiver, RecvTimeoutError, Select, TryRecvError, after, at, bounded, never, select, select_biased, tick, unbounded,
};
use crate::watchdog::Watchdog;
use crate::{LONG, ms};

fn until_fired<T>(rx: &Receiver<T>) {
    while rx.is_empty() {
        thread::yield_now();
    }
}

/// Once, not too early, with the time that was asked for.
#[test]
fn one_message() {
    let _watchdog = Watchdog::new();
    let start = Instant::now();
    let rx = after(ms(3));
    let created = Instant::now();
    let time = rx.recv().unwrap();
    assert!(start + ms(3) <= time && time <= created + ms(3));
    assert!(Instant::now() >= time);
    let when = Instant::now() + ms(2);
    assert_eq!(at(when).recv(), Ok(when));
    assert!(Instant::now() >= when);
    // Nothing more comes, and nothing ends.
    for rx in [rx, at(when)] {
        rx.try_iter().for_each(drop);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(rx.recv_timeout(ms(2)), Err(RecvTimeoutError::Timeout));
        assert_eq!(rx.recv_deadline(when), Err(RecvTimeoutError::Timeout));
        select! { recv(rx) -> _ => unreachable!(), default(ms(1)) => {} }
        let mut set = Select::new();
        set.recv(&rx);
        set.try_ready().unwrap_err();
        set.select_timeout(ms(1)).unwrap_err();
    }
}

#[test]
fn the_past_and_the_present() {
    let now = Instant::now();
    assert_eq!(at(now).try_recv(), Ok(now));
    assert_eq!(at(now).recv_deadline(now), Ok(now));
    assert_eq!(select! { recv(at(now)) -> got => got, default => unreachable!() }, Ok(now));
    assert!(after(Duration::ZERO).try_recv().is_ok());
    if let Some(before) = now.checked_sub(ms(5)) {
        assert_eq!(at(before).recv(), Ok(before));
    }
}

#[test]
fn the_far_future() {
    for rx in [after(LONG), at(Instant::now() + LONG), tick(LONG), after(Duration::MAX), tick(Duration::MAX)] {
        assert_eq!((rx.len(), rx.is_empty()), (0, true));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(rx.recv_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
        select! { recv(rx) -> _ => unreachable!(), default => {} }
        select! { recv(rx) -> _ => unreachable!(), default(ms(1)) => {} }
        let mut set = Select::new();
        set.recv(&rx);
        set.ready_timeout(ms(1)).unwrap_err();
        set.try_select().unwrap_err();
    }
}

#[test]
fn length_and_capacity() {
    let _watchdog = Watchdog::new();
    for rx in [after(LONG), at(Instant::now() + LONG), tick(LONG)] {
        assert_eq!((rx.capacity(), rx.len()), (Some(1), 0));
        assert!(rx.is_empty() && !rx.is_full());
    }
    for rx in [after(ms(1)), at(Instant::now()), tick(ms(1))] {
        until_fired(&rx);
        assert_eq!((rx.capacity(), rx.len()), (Some(1), 1));
        assert!(!rx.is_empty() && rx.is_full());
    }
    let rx = after(ms(0));
    rx.recv().unwrap();
    assert!(rx.is_empty() && !rx.is_full());
    assert_eq!(rx.len(), 0);
}

#[test]
fn same_channel() {
    let when = Instant::now() + LONG;
    let all =
        [after(LONG), after(LONG), at(when), at(when), tick(LONG), tick(LONG), never(), bounded(1).1, unbounded().1];
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            assert_eq!(a.same_channel(b), i == j);
        }
        assert!(a.same_channel(&a.clone()));
    }
}

/// All handles of one timer share its one message.
#[test]
fn clones_share() {
    let _watchdog = Watchdog::new();
    for _ in 0..50 {
        let rx = after(ms(1));
        let got: usize = thread::scope(|s| {
            let takers: Vec<_> = (0..3)
                .map(|i| {
                    let rx = rx.clone();
                    s.spawn(move || match i {
                        0 => rx.recv_timeout(ms(5)).is_ok(),
                        1 => select! { recv(rx) -> got => got.is_ok(), default(ms(5)) => false },
                        _ => {
                            let mut set = Select::new();
                            set.recv(&rx);
                            set.select_timeout(ms(5)).is_ok_and(|operation| operation.recv(&rx).is_ok())
                        }
                    })
                })
                .collect();
            takers.into_iter().map(|taker| usize::from(taker.join().unwrap())).sum()
        });
        // By those who waited, or left for this thread.
        assert_eq!(got + usize::from(rx.recv_timeout(ms(5)).is_ok()), 1);
    }
}

#[test]
fn ticks() {
    let _watchdog = Watchdog::new();
    let start = Instant::now();
    let rx = tick(ms(2));
    let mut last = start;
    for i in 0..10 {
        let time = match i % 3 {
            0 => rx.recv(),
            1 => select! { recv(rx) -> got => got },
            _ => {
                let mut set = Select::new();
                set.recv(&rx);
                set.select().recv(&rx)
            }
        }
        .unwrap();
        assert!(time >= start + ms(2) && time > last && time <= Instant::now());
        last = time;
    }
    assert!(start.elapsed() >= ms(20), "no more than one tick a period");
}

/// A slow receiver misses ticks: at most one is kept.
#[test]
fn missed_ticks() {
    let _watchdog = Watchdog::new();
    let period = ms(10);
    let rx = tick(period);
    thread::sleep(period * 8);
    let start = Instant::now();
    let count = rx.try_iter().take(100).count() as u32;
    // One was kept; the others fell due meanwhile.
    assert!(count >= 1 && count <= 2 + (start.elapsed().as_nanos() / period.as_nanos()) as u32, "{count}");
}

#[test]
fn ticks_without_a_period() {
    let rx = tick(Duration::ZERO);
    assert_eq!(rx.iter().take(100).count(), 100);
    assert_eq!(rx.try_iter().take(100).count(), 100);
}

/// Among other operations, as an operand that lives for this one select.
#[test]
fn as_time_limits() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded::<i32>(0);
    for i in 0..6 {
        let start = Instant::now();
        let due = start + ms(2);
        let timed_out = match i {
            0 => select! { recv(rx) -> _ => false, recv(after(ms(2))) -> _ => true },
            1 => select! { recv(rx) -> _ => false, recv(at(due)) -> got => got == Ok(due) },
            2 => select! { send(tx, 1) -> _ => false, recv(tick(ms(2))) -> _ => true },
            3 => select_biased! { recv(after(ms(2))) -> _ => true, recv(rx) -> _ => false, default(LONG) => false },
            4 => {
                let (timer, later) = (after(ms(2)), after(LONG));
                let mut set = Select::new();
                set.recv(&rx);
                set.recv(&later);
                set.recv(&timer);
                let operation = set.select();
                operation.index() == 2 && operation.recv(&timer).is_ok()
            }
            _ => {
                let timer = at(due);
                let mut set = Select::new();
                set.send(&tx);
                set.recv(&timer);
                set.ready() == 1 && timer.try_recv() == Ok(due)
            }
        };
        assert!(timed_out && start.elapsed() >= ms(2));
    }
    // The default's time comes first, or the message.
    select! { recv(after(LONG)) -> _ => unreachable!(), default(ms(1)) => {} }
    thread::scope(|s| {
        s.spawn(|| tx.send(1).unwrap());
        select! { recv(after(LONG)) -> _ => unreachable!(), recv(rx) -> got => assert_eq!(got, Ok(1)) }
    });
}

/// The idiom for an optional time limit.
#[test]
fn optional_time_limits() {
    let _watchdog = Watchdog::new();
    let (_tx, rx) = bounded::<()>(0);
    for limit in [Some(ms(1)), None] {
        let timer = limit.map(after).unwrap_or(never());
        let timed_out = select! {
            recv(rx) -> _ => unreachable!(),
            recv(timer) -> _ => true,
            default(ms(20)) => false,
        };
        // Late as it may be, a timer that has fired is found only if there is one.
        assert!(limit.is_some() || !timed_out);
    }
}

/// A loop that works until its time is up, with ticks in between.
#[test]
fn a_timed_loop() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = unbounded();
    let (end, mut beat) = (after(ms(30)), tick(ms(1)));
    let mut beats = 0;
    loop {
        select! {
            recv(beat) -> time => {
                tx.send(time.unwrap()).unwrap();
                beats += 1;
                if beats == 3 { beat = never() }
            }
            recv(end) -> _ => break,
        }
    }
    assert!(beats <= 3);
    drop(tx);
    assert_eq!(rx.iter().count(), beats);
}

#[test]
fn fired_timers_have_their_turn() {
    let _watchdog = Watchdog::new();
    const COUNT: usize = 2_000;
    let mut hits = [0; 4];
    for _ in 0..COUNT {
        let past = Instant::now();
        let (a, b, c) = (at(past), after(Duration::ZERO), tick(Duration::ZERO));
        until_fired(&b);
        select! {
            recv(a) -> got => { assert_eq!(got, Ok(past)); hits[0] += 1 }
            recv(b) -> got => { got.unwrap(); hits[1] += 1 }
            recv(c) -> got => { got.unwrap(); hits[2] += 1 }
            recv(c) -> got => { got.unwrap(); hits[3] += 1 }
        }
    }
    assert!(hits.iter().all(|&n| n >= COUNT / 4 / 2), "{hits:?}");
}

/// Dropped early, in any number.
#[test]
fn unused_timers() {
    let timers: Vec<_> = (0..10_000).flat_map(|_| [after(LONG), tick(LONG)]).collect();
    assert!(timers.iter().all(|rx| rx.is_empty()));
}
