//! Timers, tickers and functions in a bubble.

use super::*;

#[test]
fn a_value_comes_when_it_is_due() {
    takes(HOUR, || {
        let start = time::now();
        let rx = chan::after(HOUR);
        assert!(rx.try_recv().is_err());
        time::sleep(HOUR - NANO);
        assert!(rx.try_recv().is_err(), "a nanosecond too early");
        assert_eq!(rx.recv(), Ok(start + HOUR));
    });
}

#[test]
fn a_timer_that_is_put_off() {
    takes(4 * SECOND, || {
        let start = time::now();
        let timer = Timer::new(SECOND);
        time::sleep(SECOND - NANO);
        assert!(timer.reset(3 * SECOND + NANO));
        assert_eq!(timer.channel().recv(), Ok(start + 4 * SECOND));
        assert!(!timer.stop());
    });
}

#[test]
fn a_timer_is_brought_forward_while_somebody_waits() {
    takes(SECOND, || {
        let timer = Timer::new(HOUR);
        let waiter = WaitGroup::new();
        thread::scope(|scope| {
            waiter.go_scoped(scope, || assert!(timer.channel().recv().is_ok()));
            synctest::wait();
            timer.reset(SECOND);
            waiter.wait();
        });
    });
}

#[test]
fn a_ticker_ticks_and_forgets_what_nobody_takes() {
    takes(7 * SECOND + SECOND / 2, || {
        let start = time::now();
        let ticker = Ticker::new(SECOND);
        for n in 1..=3 {
            assert_eq!(ticker.channel().recv(), Ok(start + n * SECOND));
        }
        time::sleep(3 * SECOND + SECOND / 2);
        assert_eq!(ticker.channel().try_recv(), Ok(start + 4 * SECOND));
        assert_eq!(ticker.channel().recv(), Ok(start + 7 * SECOND));
        ticker.stop();
        time::sleep(SECOND / 2);
        assert!(ticker.channel().try_recv().is_err());
    });
}

#[test]
fn a_select_goes_by_the_first() {
    takes(3 * SECOND, || {
        let (tx, rx) = chan::bounded::<()>(0);
        let (slow, fast) = (chan::after(5 * SECOND), chan::after(2 * SECOND));
        select! { recv(rx) -> _ => unreachable!(), recv(slow) -> _ => unreachable!(), recv(fast) -> _ => {} }
        select! { recv(rx) -> _ => unreachable!(), recv(slow) -> _ => unreachable!(), default(SECOND) => {} }
        drop(tx);
    });
}

#[test]
fn a_function_is_called_on_time_once() {
    takes(HOUR, || {
        let start = time::now();
        let (tx, rx) = chan::unbounded();
        let timer = chan::after_func(SECOND, move || tx.send(time::now()).unwrap());
        assert_eq!(rx.recv(), Ok(start + SECOND));
        assert!(!timer.reset(SECOND));
        assert_eq!(rx.recv(), Ok(start + 2 * SECOND));
        assert!(!timer.reset(SECOND) && timer.stop());
        time::sleep(HOUR - 2 * SECOND);
        assert!(rx.try_recv().is_err(), "it was stopped");
    });
}

/// Nobody is blocked.
#[test]
fn a_function_that_is_due_at_once_is_called_at_once() {
    takes(Duration::ZERO, || {
        let (called, flag) = flag();
        chan::after_func(Duration::ZERO, move || flag.store(true, SeqCst));
        let start = Instant::now();
        while !called.load(SeqCst) {
            thread::yield_now();
            assert!(start.elapsed() < Duration::from_secs(60), "it is never called");
        }
    });
}

#[test]
fn functions_belong_to_the_bubble() {
    takes(2 * SECOND, || {
        // Sleeps, and starts another one, on the bubble's clock.
        let (tx, rx) = chan::bounded(1);
        chan::after_func(SECOND, move || {
            time::sleep(SECOND);
            go({
                let tx = tx.clone();
                move || tx.send(()).unwrap()
            });
        });
        rx.recv().unwrap();
    });
}

#[test]
fn what_is_not_due_at_the_end_never_is() {
    let (called, flag) = flag();
    let owned = Arc::new(());
    let timer = synctest::test({
        let owned = Arc::clone(&owned);
        move || {
            let timer = chan::after_func(NANO, move || {
                let _owned = &owned;
                flag.store(true, SeqCst);
            });
            assert!(timer.reset(2 * NANO));
            timer
        }
    });
    assert!(!timer.stop(), "it was forgotten");
    assert!(!called.load(SeqCst));
    let (place, text) = place_and_text(|| _ = timer.reset(SECOND));
    assert_eq!((&*place, &*text), (file!(), "reset of synctest timer from outside bubble"));
    drop(timer);
    assert_eq!(Arc::strong_count(&owned), 1, "nothing is left");
}
