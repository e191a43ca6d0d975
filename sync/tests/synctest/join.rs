//! Threads that are joined by their handles.

use super::*;

/// Joins by std's handle: the bubble does not know of that.
fn join_unseen<T>(handle: gosync::JoinHandle<T>) -> T {
    thread::JoinHandle::from(handle).join().unwrap()
}

#[test]
fn the_clock_moves_while_one_joins() {
    takes(HOUR, || {
        let sleeper = go(|| {
            time::sleep(HOUR);
            "slept"
        });
        assert_eq!(sleeper.join().unwrap(), "slept");
    });
}

/// Each is joined by the next.
#[test]
fn a_chain_of_joins() {
    takes(20 * SECOND, || {
        let first = go(|| {
            time::sleep(10 * SECOND);
            0
        });
        let last = (0..10).fold(first, |before, _| {
            go(move || {
                let n = before.join().unwrap();
                time::sleep(SECOND);
                n + 1
            })
        });
        assert_eq!(last.join().unwrap(), 10);
    });
}

/// Nothing else tells the one that joins.
#[test]
fn a_join_ends_while_another_one_runs() {
    takes(Duration::ZERO, || {
        let (tx, rx) = chan::bounded::<()>(0);
        let receiver = go(move || rx.recv());
        let joiner = go(move || receiver.join().unwrap());
        thread::sleep(Duration::from_millis(5));
        drop(tx);
        assert!(join_unseen(joiner).is_err());
    });
}

#[test]
fn one_that_panics() {
    takes(SECOND, || {
        let thread = go(|| {
            time::sleep(SECOND);
            panic!("after a second");
        });
        let payload = thread.join().unwrap_err();
        assert_eq!(text(&*payload), "after a second");
    });
}

/// All of it: what its function owns is gone, and it is counted as gone.
#[test]
fn one_that_has_ended() {
    for _ in 0..50 {
        takes(Duration::ZERO, || {
            let owned = Arc::new(());
            let thread = go({
                let owned = Arc::clone(&owned);
                move || drop(owned)
            });
            synctest::wait();
            assert!(thread.is_finished(), "it is not blocked, so it has ended");
            thread.join().unwrap();
            assert_eq!(Arc::strong_count(&owned), 1);
        });
    }
}

#[test]
fn one_that_is_not_at_its_end() {
    takes(HOUR, || {
        let thread = go(|| time::sleep(HOUR));
        synctest::wait();
        assert!(!thread.is_finished());
        time::sleep(HOUR - NANO);
        synctest::wait();
        assert!(!thread.is_finished());
        time::sleep(NANO);
        synctest::wait();
        assert!(thread.is_finished());
    });
}

/// Nobody joins it: it is waited for at the end, as any other.
#[test]
fn one_whose_handle_is_dropped() {
    let (ended, flag) = flag();
    synctest::test(move || {
        drop(go(move || {
            thread::sleep(Duration::from_millis(5));
            flag.store(true, SeqCst);
        }));
    });
    assert!(ended.load(SeqCst));
}

#[test]
fn two_that_are_blocked_for_ever() {
    let text = panic_of(|| {
        let (_tx, rx) = chan::bounded::<()>(0);
        _ = go(move || rx.recv()).join();
    });
    assert!(text.starts_with(end::ALL) && text.lines().count() == 3, "{text}");
    if cfg!(feature = "deadlock") {
        assert!(text.contains(": receives from a channel at sync/tests/synctest/join.rs:"), "{text}");
        assert!(text.contains(": joins a thread at sync/tests/synctest/join.rs:"), "{text}");
    }
    // Whatever is left of that one.
    the_clock_moves_while_one_joins();
}

#[test]
fn one_that_is_left_behind_by_the_first() {
    let text = panic_of(|| {
        let blocked = go(|| chan::never::<()>().recv());
        drop(go(move || blocked.join()));
    });
    assert!(text.starts_with(end::REST) && text.lines().count() == 3, "{text}");
}

/// The thread is of the bubble, and who joins it is not: it just waits.
#[test]
fn from_outside() {
    let (tx, rx) = chan::bounded(1);
    let outside = thread::spawn(move || {
        let handle: gosync::JoinHandle<Duration> = rx.recv().unwrap();
        handle.join().unwrap()
    });
    synctest::test(move || {
        let start = time::now();
        tx.send(go(move || {
            time::sleep(HOUR);
            time::now() - start
        }))
        .unwrap();
        time::sleep(2 * HOUR);
    });
    assert_eq!(outside.join().unwrap(), HOUR);
}

/// To a bubble, a thread of another one, or of none, is something outside: the clock stands still.
#[test]
fn one_of_another_bubble() {
    let (tx, rx) = chan::bounded(1);
    let (stop, stopped) = chan::bounded::<()>(0);
    let other = thread::spawn(move || {
        synctest::test(move || {
            // Not blocked in a way that its bubble knows.
            tx.send(go(move || thread::spawn(move || stopped.recv()).join().unwrap())).unwrap();
        });
    });
    let handle = rx.recv().unwrap();
    let outside = go(|| thread::sleep(Duration::from_millis(20)));
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        drop(stop);
    });
    takes(Duration::ZERO, move || {
        let (tx, rx) = chan::bounded::<()>(0);
        go(move || assert_eq!(rx.recv_timeout(HOUR), Err(RecvTimeoutError::Disconnected)));
        outside.join().unwrap();
        assert!(handle.join().unwrap().is_err());
        drop(tx);
    });
    other.join().unwrap();
}

/// std's handle is what it was: a wait for something outside.
#[test]
fn by_the_handle_of_std() {
    takes(Duration::ZERO, || {
        let (tx, rx) = chan::bounded::<()>(0);
        go(move || assert_eq!(rx.recv_timeout(HOUR), Err(RecvTimeoutError::Disconnected)));
        join_unseen(go(|| thread::sleep(Duration::from_millis(5))));
        drop(tx);
    });
}

#[test]
fn many_at_a_time() {
    takes(50 * SECOND, || {
        let threads: Vec<_> = (1..=50_u32).map(|n| go(move || time::sleep(n % 25 * 2 * SECOND + SECOND))).collect();
        let joiners: Vec<_> = threads.into_iter().map(|thread| go(move || thread.join().unwrap())).collect();
        joiners.into_iter().for_each(|joiner| joiner.join().unwrap());
        time::sleep(SECOND);
    });
}
