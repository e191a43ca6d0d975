//! How a bubble ends.

use super::*;

pub(crate) const ALL: &str = "deadlock: all goroutines in bubble are blocked";
pub(crate) const REST: &str = "deadlock: main bubble goroutine has exited but blocked goroutines remain";

#[test]
fn what_it_returns() {
    assert_eq!(synctest::test(|| "value"), "value");
    assert_eq!(panic_of(|| panic!("oh no")), "oh no");
}

/// It has ended, and with it all that it did.
#[test]
fn threads_are_waited_for() {
    let (ended, flag) = flag();
    synctest::test(move || {
        go(move || {
            thread::sleep(Duration::from_millis(20));
            flag.store(true, SeqCst);
        });
    });
    assert!(ended.load(SeqCst));
}

#[test]
fn a_deadlock_of_the_first() {
    let text = panic_of(|| {
        let (_tx, rx) = chan::bounded::<()>(0);
        let _ = rx.recv();
    });
    assert!(text.starts_with(ALL) && text.lines().count() == 2, "{text}");
    assert!(text.contains("a_deadlock_of_the_first"), "it has the name of the test: {text}");
}

#[test]
fn a_deadlock_of_several() {
    let text = panic_of(|| {
        let wg = Arc::new(WaitGroup::new());
        let (tx, rx) = chan::bounded::<()>(0);
        (0..3).for_each(|_| {
            let rx = rx.clone();
            wg.go(move || _ = rx.recv());
        });
        time::sleep(HOUR);
        wg.wait();
        drop(tx);
    });
    assert!(text.starts_with(ALL) && text.lines().count() == 5, "{text}");
    if cfg!(feature = "deadlock") {
        assert_eq!(text.matches(": receives from a channel at sync/tests/synctest/end.rs:").count(), 3, "{text}");
        assert!(text.contains(": waits for a WaitGroup at sync/tests/synctest/end.rs:"), "{text}");
    }
}

/// The clock stands still when the first has returned.
#[test]
fn those_that_are_left_behind() {
    for is_timed in [false, true] {
        let text = panic_of(move || {
            let (tx, rx) = chan::bounded::<()>(0);
            std::mem::forget(tx);
            go(move || if is_timed { time::sleep(SECOND) } else { _ = rx.recv() });
        });
        assert!(text.starts_with(REST) && text.lines().count() == 2, "{text}");
    }
}

#[test]
fn a_ticker_that_nobody_listens_to_keeps_nothing_alive() {
    let text = panic_of(|| {
        let _ticker = Ticker::new(SECOND);
        chan::never::<()>().recv().unwrap();
    });
    assert!(text.starts_with(ALL), "{text}");
}

/// The panic is told at once, whoever is blocked.
#[test]
fn a_panic_does_not_wait() {
    let text = panic_of(|| {
        go(|| _ = chan::never::<()>().recv());
        go(|| time::sleep(HOUR));
        panic!("at once");
    });
    assert_eq!(text, "at once");
}

/// As everywhere, it ends its thread.
#[test]
fn a_panic_of_another_thread() {
    synctest::test(|| {
        let thread = go(|| panic!("its own affair"));
        synctest::wait();
        assert!(thread.join().is_err());
    });
}
