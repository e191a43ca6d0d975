//! Timers.

use std::time::{Duration, Instant};

use gosync::chan::{self, Select, Ticker, Timer};
use gosync::select;

use crate::counter::{allocations, bytes, without_allocating};

const SHORT: Duration = Duration::from_millis(2);
const LONG: Duration = Duration::from_secs(3600);

/// The channel, and what makes it a timer's; nothing for one that never comes. All of it goes with the last handle,
/// running or not.
#[test]
fn creation() {
    let before = bytes();
    assert_eq!(allocations(|| drop(chan::after(LONG))).0, 2);
    assert_eq!(allocations(|| drop(chan::at(Instant::now()))).0, 2);
    assert_eq!(allocations(|| drop(chan::tick(LONG))).0, 2);
    assert_eq!(allocations(|| drop(Timer::new(LONG))).0, 2);
    assert_eq!(allocations(|| drop(Ticker::new(LONG))).0, 2);
    without_allocating(|| drop((chan::after(Duration::MAX), chan::tick(Duration::MAX))));
    assert_eq!(bytes(), before);
}

/// Waiting for it, blocked or not, in a select or not, and setting it.
#[test]
fn use_of_it() {
    let (timer, ticker, (_other, other)) = (Timer::new(SHORT), Ticker::new(SHORT), chan::bounded::<()>(0));
    timer.channel().recv().unwrap();
    without_allocating(|| {
        for _ in 0..5 {
            timer.reset(SHORT);
            timer.channel().recv().unwrap();
            timer.reset(SHORT);
            select! { recv(timer.channel()) -> value => assert!(value.is_ok()), recv(other) -> _ => unreachable!() }
            timer.reset(SHORT);
            let mut select = Select::new();
            select.recv(timer.channel());
            select.recv(&other);
            assert_eq!(select.ready(), 0);
            select.select().recv(timer.channel()).unwrap();
            ticker.channel().recv().unwrap();
            assert!(!timer.stop());
            assert!(timer.channel().is_empty() && timer.channel().try_recv().is_err());
        }
    });
}
