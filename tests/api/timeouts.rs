//! Timeouts: one that has passed still lets through what needs no blocking, one that is far away does not overflow, and
//! none returns early.

use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, Chan, RecvTimeoutError, SendTimeoutError};
use gosync::select;

use crate::watchdog::Watchdog;
use crate::{make, settle};

const SHORT: Duration = Duration::from_millis(10);

/// A moment that is certainly over.
fn past() -> Instant {
    let now = Instant::now();
    thread::sleep(Duration::from_millis(1));
    now
}

#[test]
fn passed_deadlines_succeed_where_nothing_blocks() {
    for capacity in [None, Some(3)] {
        let (tx, rx) = make(capacity);
        assert_eq!(tx.send_timeout(1, Duration::ZERO), Ok(()));
        assert_eq!(tx.send_deadline(2, past()), Ok(()));
        assert_eq!(rx.recv_timeout(Duration::ZERO), Ok(1));
        assert_eq!(rx.recv_deadline(past()), Ok(2));
        assert_eq!(rx.recv_deadline(past()), Err(RecvTimeoutError::Timeout));
        tx.close().unwrap();
        assert_eq!(rx.recv_deadline(past()), Err(RecvTimeoutError::Disconnected));
        assert_eq!(tx.send_deadline(3, past()), Err(SendTimeoutError::Disconnected(3)));
    }
}

/// As above, with a blocked peer instead of a buffer: sooner or later a passed deadline meets it.
#[test]
fn passed_deadlines_meet_blocked_peers() {
    let _watchdog = Watchdog::new();
    let c = Chan::new(0);
    let past = past();
    thread::scope(|s| {
        let receiver = s.spawn(|| c.recv());
        while let Err(error) = c.send_deadline(1, past) {
            assert_eq!(error, SendTimeoutError::Timeout(1));
            thread::yield_now();
        }
        assert_eq!(receiver.join().unwrap(), Ok(1));
        s.spawn(|| c.send(2).unwrap());
        let mut tries = std::iter::repeat_with(|| c.recv_deadline(past)).inspect(|_| thread::yield_now());
        assert_eq!(tries.find(|result| *result != Err(RecvTimeoutError::Timeout)), Some(Ok(2)));
    });
}

/// Nothing that fails with a timeout does so before its time, on any kind of channel.
#[test]
fn never_early() {
    let _watchdog = Watchdog::new();
    for timeout in [10, 100, 1_000, 10_000].map(Duration::from_micros) {
        let full = Chan::new(1);
        full.send(0).unwrap();
        for c in [full, Chan::new(0), Chan::nil()] {
            let start = Instant::now();
            assert_eq!(c.send_timeout(1, timeout), Err(SendTimeoutError::Timeout(1)));
            assert!(start.elapsed() >= timeout);
            let deadline = Instant::now() + timeout;
            assert_eq!(c.send_deadline(1, deadline), Err(SendTimeoutError::Timeout(1)));
            assert!(Instant::now() >= deadline);
        }
        for c in [Chan::<i32>::new(1), Chan::new(0), Chan::unbounded(), Chan::nil()] {
            let start = Instant::now();
            assert_eq!(c.recv_timeout(timeout), Err(RecvTimeoutError::Timeout));
            assert!(start.elapsed() >= timeout);
            let deadline = Instant::now() + timeout;
            assert_eq!(c.recv_deadline(deadline), Err(RecvTimeoutError::Timeout));
            assert!(Instant::now() >= deadline);
        }
    }
}

/// Timeouts that the clock cannot add, or that the system cannot count, mean for ever: blocked operations wait for their
/// peers as usual.
#[test]
fn far_deadlines() {
    let _watchdog = Watchdog::new();
    // As far as the clock can tell, rounded down to a power of two.
    let mut powers = (0..64).rev().map(|n| Duration::from_secs(1 << n));
    let farthest = powers.find(|&d| Instant::now().checked_add(d + Duration::from_secs(3600)).is_some()).unwrap();
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX), farthest, Duration::from_secs(1 << 33)] {
        let (to_blocked, blocked) = chan::bounded(0);
        let (to_us, from_blocked) = chan::bounded(0);
        let thread = thread::spawn(move || {
            assert_eq!(blocked.recv_timeout(timeout), Ok(1));
            assert_eq!(to_us.send_timeout(2, timeout), Ok(()));
            assert_eq!(blocked.recv_timeout(timeout), Err(RecvTimeoutError::Disconnected));
            assert_eq!(to_us.send_timeout(3, timeout), Err(SendTimeoutError::Disconnected(3)));
        });
        settle();
        to_blocked.send_timeout(1, timeout).unwrap();
        settle();
        assert_eq!(from_blocked.recv_timeout(timeout), Ok(2));
        settle();
        drop(to_blocked);
        settle();
        drop(from_blocked);
        thread.join().unwrap();
    }
}

/// An operation that timed out leaves nothing in the queue: peers that come later do not find it.
#[test]
fn a_timed_out_operation_is_gone() {
    let _watchdog = Watchdog::new();
    let c = Chan::new(0);
    for _ in 0..3 {
        assert_eq!(c.send_timeout(1, Duration::from_micros(50)), Err(SendTimeoutError::Timeout(1)));
        assert!(c.try_recv().unwrap_err().is_empty());
        assert_eq!(c.recv_timeout(Duration::from_micros(50)), Err(RecvTimeoutError::Timeout));
        assert!(c.try_send(1).unwrap_err().is_full());
    }
    // In the middle of a queue of blocked ones, too.
    thread::scope(|s| {
        let mut threads = Vec::new();
        for n in 0..6 {
            let c = &c;
            threads.push(s.spawn(
                move || {
                    if n % 2 == 0 { c.send(n).is_ok() } else { c.send_timeout(n, SHORT / 2).is_ok() }
                },
            ));
            settle();
        }
        thread::sleep(SHORT);
        let mut received = Vec::new();
        while ![0, 2, 4].iter().all(|n| received.contains(n)) {
            received.push(c.recv().unwrap());
        }
        let sent: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        received.sort_unstable();
        let expected: Vec<_> = (0..6).filter(|&n| sent[n]).collect();
        assert_eq!(received, expected, "received is what the senders say was sent");
    });
}

/// The timeout of a select is evaluated each time, as Go's `time.After` in a case is.
#[test]
fn a_timeout_is_evaluated_each_time() {
    let ((tx, a), (_tb, b)) = (chan::unbounded(), chan::bounded::<i32>(0));
    (0..100).for_each(|n| tx.send(n).unwrap());
    let mut evaluated = 0;
    let mut timeout = || {
        evaluated += 1;
        Duration::from_secs(3600)
    };
    for n in 0..100 {
        select! {
            recv(a) -> value => assert_eq!(value, Ok(n)),
            recv(b) -> _ => unreachable!("nobody sends"),
            default(timeout()) => unreachable!("there is a value"),
        }
    }
    assert_eq!(evaluated, 100);
}
