//! `WaitGroup`: nothing allocates but `go`.

use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use gosync::WaitGroup;

use crate::counter::without_allocating;
use crate::watchdog::Watchdog;

#[test]
fn alone() {
    without_allocating(|| {
        let wg = WaitGroup::new();
        for _ in 0..100 {
            wg.add(3);
            wg.done();
            wg.add(-2);
            wg.wait();
            wg.wait_timeout(Duration::MAX).unwrap();
        }
        assert!(!wg.clear_panicked());
    });
}

/// Waits that end by their deadline.
#[test]
fn timeouts() {
    let wg = WaitGroup::new();
    wg.add(1);
    let timeouts = || [0, 1, 100, 1_000].map(|us| wg.wait_timeout(Duration::from_micros(us)).unwrap_err());
    // The first wait of a process may ask the system for what it then keeps.
    timeouts();
    without_allocating(timeouts);
}

/// Waits that block, and the `done` that ends them.
#[test]
fn blocked() {
    const WARM_UP: usize = 10;
    let _watchdog = Watchdog::new();
    let (wg, start) = (WaitGroup::new(), Barrier::new(3));
    let (wg, start) = (&wg, &start);
    let rounds = |n: usize, wait: fn(&WaitGroup)| {
        for _ in 0..n {
            start.wait();
            wait(wg);
            start.wait();
        }
    };
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(move || {
                rounds(WARM_UP, WaitGroup::wait);
                rounds(100, |wg| without_allocating(|| wg.wait()));
                rounds(100, |wg| without_allocating(|| wg.wait_timeout(Duration::from_secs(60)).unwrap()));
            });
        }
        for round in 0..WARM_UP + 200 {
            wg.add(1);
            start.wait();
            (0..round % 4).for_each(|_| thread::yield_now());
            without_allocating(|| wg.done());
            start.wait();
        }
    });
}

/// Tasks that wait, are late, are polled with another waker, and go.
#[test]
fn tasks() {
    let mut context = Context::from_waker(Waker::noop());
    let context = &mut context;
    without_allocating(|| {
        let wg = WaitGroup::new();
        for _ in 0..100 {
            assert!(pin!(wg.wait_async()).poll(context).is_ready());
            wg.add(1);
            let (mut first, mut second) = (pin!(wg.wait_async()), pin!(wg.wait_async()));
            for _ in 0..2 {
                assert!(first.as_mut().poll(context).is_pending());
                assert!(second.as_mut().poll(context).is_pending());
            }
            assert!(pin!(wg.wait_async()).poll(context).is_pending());
            wg.done();
            wg.add(1);
            assert!(first.as_mut().poll(context).is_pending());
            wg.done();
            assert!(first.poll(context).is_ready());
            assert!(second.poll(context).is_ready());
        }
    });
}
