//! Times that have passed, that are far away, that are due.

use std::thread;
use std::time::{Duration, Instant};

use super::channel::{RecvTimeoutError, Select, SelectTimeoutError, SendTimeoutError, bounded, select, unbounded};
use super::{BUFFERS, KINDS, make};
use crate::watchdog::Watchdog;
use crate::{LONG, ms, settle};

/// What needs no waiting is done, however late it is.
#[test]
fn a_time_that_has_passed() {
    for capacity in BUFFERS {
        let (tx, rx) = make(capacity);
        let past = Instant::now();
        assert_eq!(tx.send_timeout(1, Duration::ZERO), Ok(()));
        assert_eq!(rx.recv_timeout(Duration::ZERO), Ok(1));
        assert_eq!(tx.send_deadline(2, past), Ok(()));
        assert_eq!(rx.recv_deadline(past), Ok(2));
        select! { send(tx, 3) -> sent => assert_eq!(sent, Ok(())), default(Duration::ZERO) => unreachable!() }
        select! { recv(rx) -> got => assert_eq!(got, Ok(3)), default(Duration::ZERO) => unreachable!() }
        let mut set = Select::new();
        set.send(&tx);
        assert_eq!(set.select_deadline(past).unwrap().send(&tx, 4), Ok(()));
        let mut set = Select::new();
        set.recv(&rx);
        assert_eq!(set.ready_deadline(past), Ok(0));
        assert_eq!(set.select_deadline(past).unwrap().recv(&rx), Ok(4));
        assert_eq!(set.select_deadline(past).unwrap_err(), SelectTimeoutError);
    }
    let (tx, rx) = bounded::<i32>(0);
    let past = Instant::now();
    assert_eq!(tx.send_timeout(1, Duration::ZERO), Err(SendTimeoutError::Timeout(1)));
    assert_eq!(tx.send_deadline(1, past), Err(SendTimeoutError::Timeout(1)));
    assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.recv_deadline(past), Err(RecvTimeoutError::Timeout));
}

/// With a partner that is blocked, too.
#[test]
fn a_time_that_has_passed_and_a_partner() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = bounded(0);
    let past = Instant::now();
    thread::scope(|s| {
        s.spawn(|| tx.send(1).unwrap());
        while rx.recv_deadline(past) != Ok(1) {
            thread::yield_now();
        }
        s.spawn(|| assert_eq!(rx.recv(), Ok(2)));
        while tx.send_deadline(2, past).is_err() {
            thread::yield_now();
        }
    });
}

/// Nothing gives up early.
#[test]
fn not_too_early() {
    for capacity in KINDS {
        let (tx, rx) = make::<i32>(capacity);
        let patience = ms(3);
        let waits = |f: &mut dyn FnMut()| {
            let start = Instant::now();
            f();
            assert!(start.elapsed() >= patience);
        };
        waits(&mut || assert_eq!(rx.recv_timeout(patience), Err(RecvTimeoutError::Timeout)));
        waits(&mut || assert_eq!(rx.recv_deadline(Instant::now() + patience), Err(RecvTimeoutError::Timeout)));
        waits(&mut || select! { recv(rx) -> _ => unreachable!(), default(patience) => {} });
        waits(&mut || select! { default(patience) => {} });
        let mut set = Select::new();
        set.recv(&rx);
        waits(&mut || assert!(set.select_timeout(patience).is_err()));
        let Some(capacity) = capacity else { continue };
        (0..capacity).for_each(|i| tx.try_send(i as i32).unwrap());
        waits(&mut || assert_eq!(tx.send_timeout(9, patience), Err(SendTimeoutError::Timeout(9))));
        waits(&mut || assert!(tx.send_deadline(9, Instant::now() + patience).is_err()));
        waits(&mut || select! { send(tx, 9) -> _ => unreachable!(), default(patience) => {} });
        assert_eq!(rx.len(), capacity);
    }
}

/// A time beyond what the clock can say is no time limit.
#[test]
fn for_ever() {
    let _watchdog = Watchdog::new();
    for capacity in KINDS {
        let (tx, rx) = make(capacity);
        for time in [Duration::MAX, Duration::from_secs(u64::MAX / 2), LONG] {
            thread::scope(|s| {
                s.spawn(|| {
                    settle();
                    tx.send_timeout(1, time).unwrap();
                    select! { send(tx, 2) -> sent => sent.unwrap(), default(time) => unreachable!() }
                    let mut set = Select::new();
                    set.send(&tx);
                    set.select_timeout(time).unwrap().send(&tx, 3).unwrap();
                });
                assert_eq!(rx.recv_timeout(time), Ok(1));
                select! { recv(rx) -> got => assert_eq!(got, Ok(2)), default(time) => unreachable!() }
                let mut set = Select::new();
                set.recv(&rx);
                assert_eq!(set.ready_timeout(time), Ok(0));
                assert_eq!(set.select_timeout(time).unwrap().recv(&rx), Ok(3));
            });
        }
    }
}

/// Who has given up takes nothing: the message goes to the one who comes later.
#[test]
fn after_giving_up() {
    let (tx, rx) = unbounded();
    for _ in 0..5 {
        rx.recv_timeout(ms(1)).unwrap_err();
        select! { recv(rx) -> _ => unreachable!(), default(ms(1)) => {} }
    }
    tx.send(1).unwrap();
    assert_eq!((rx.len(), rx.try_recv()), (1, Ok(1)));
    let (tx, rx) = bounded(0);
    for _ in 0..5 {
        tx.send_timeout(1, ms(1)).unwrap_err();
        select! { send(tx, 1) -> _ => unreachable!(), default(ms(1)) => {} }
    }
    rx.try_recv().unwrap_err();
}
