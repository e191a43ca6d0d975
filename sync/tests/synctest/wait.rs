//! What `wait` waits for.

use super::*;

#[test]
fn alone() {
    takes(Duration::ZERO, synctest::wait);
    takes(SECOND, || {
        time::sleep(SECOND);
        synctest::wait();
    });
}

#[test]
fn until_the_others_are_blocked_or_gone() {
    takes(Duration::ZERO, || {
        let step = Arc::new(AtomicU32::new(0));
        let (tx, rx) = chan::bounded::<()>(0);
        go({
            let step = Arc::clone(&step);
            move || {
                thread::sleep(Duration::from_millis(10));
                step.store(1, SeqCst);
                rx.recv().unwrap();
                thread::sleep(Duration::from_millis(10));
                step.store(2, SeqCst);
                let _ = rx.recv_timeout(HOUR);
                step.store(3, SeqCst);
            }
        });
        synctest::wait();
        assert_eq!(step.load(SeqCst), 1);
        tx.send(()).unwrap();
        synctest::wait();
        assert_eq!(step.load(SeqCst), 2);
        drop(tx);
        synctest::wait();
        assert_eq!(step.load(SeqCst), 3);
    });
}

/// What is due now is done, what is due later is not.
#[test]
fn functions_come_first_and_the_clock_stays() {
    takes(SECOND, || {
        let step = Arc::new(AtomicU32::new(0));
        for (n, at) in [(1, SECOND), (10, SECOND), (100, SECOND + NANO)] {
            let step = Arc::clone(&step);
            chan::after_func(at, move || {
                thread::sleep(Duration::from_millis(5));
                step.fetch_add(n, SeqCst);
            });
        }
        synctest::wait();
        assert_eq!(step.load(SeqCst), 0);
        time::sleep(SECOND);
        synctest::wait();
        assert_eq!(step.load(SeqCst), 11);
    });
}

#[test]
fn on_any_thread() {
    takes(SECOND, || {
        let wg = Arc::new(WaitGroup::new());
        wg.go(|| {
            synctest::wait();
            time::sleep(SECOND);
            synctest::wait();
        });
        wg.wait();
    });
}

#[test]
fn inside_only() {
    // A pointer to it would have no place of its own.
    #[allow(clippy::redundant_closure, reason = "as it says")]
    let (place, text) = place_and_text(|| synctest::wait());
    assert_eq!((&*place, &*text), (file!(), "goroutine is not in a bubble"));
}

#[test]
fn one_at_a_time() {
    // Neither returns before the other one is blocked or gone, so one finds the other, whichever comes first.
    let texts = synctest::test(|| {
        let wait = || catch_unwind(synctest::wait).err().map(|payload| text(&*payload).to_owned());
        let (tx, rx) = chan::bounded(1);
        go(move || tx.send(wait()).unwrap());
        [wait(), rx.recv().unwrap()]
    });
    assert_eq!(texts.iter().flatten().collect::<Vec<_>>(), ["wait already in progress"], "{texts:?}");
}

/// By the first thread, or by another.
#[test]
fn no_bubble_in_a_bubble() {
    let nested = panic_of(|| synctest::test(|| {}));
    assert_eq!(nested, "synctest.Run called from within a synctest bubble");
    synctest::test(|| {
        let nested = go(|| synctest::test(|| {})).join().unwrap_err();
        assert_eq!(text(&*nested), "synctest.Run called from within a synctest bubble");
    });
}
