//! What is shared with threads outside.

use super::*;

/// Holds something that is process-wide for a moment, while a bubble waits for it and has nothing else to do until an hour later.
fn contested(hold: fn(&dyn Fn()), take: fn()) {
    let (held, flag) = flag();
    let holder = thread::spawn(move || {
        hold(&|| {
            flag.store(true, SeqCst);
            thread::sleep(Duration::from_millis(50));
        });
    });
    while !held.load(SeqCst) {
        thread::yield_now();
    }
    takes(Duration::ZERO, move || {
        let (tx, rx) = chan::bounded::<()>(0);
        go(move || assert_eq!(rx.recv_timeout(HOUR), Err(RecvTimeoutError::Disconnected)));
        take();
        drop(tx);
    });
    holder.join().unwrap();
}

#[test]
fn a_static_mutex_is_held_for_a_moment() {
    static MUTEX: Mutex<()> = Mutex::new(());
    contested(
        |f| {
            let _held = MUTEX.lock();
            f();
        },
        || drop(MUTEX.lock()),
    );
}

#[test]
fn a_static_lock_is_held_for_a_moment() {
    static READ: RwMutex<()> = RwMutex::new(());
    static WRITTEN: RwMutex<()> = RwMutex::new(());
    contested(
        |f| {
            let _held = READ.read();
            f();
        },
        || drop(READ.write()),
    );
    contested(
        |f| {
            let _held = WRITTEN.write();
            f();
        },
        || drop(WRITTEN.read()),
    );
}

#[test]
fn a_static_once_is_run_elsewhere() {
    static ONCE: Once = Once::new();
    contested(|f| ONCE.call_once(f), || ONCE.call_once(|| unreachable!()));
}

/// Not as in Go, where it is fatal: it goes on, when all others are blocked.
#[test]
fn who_is_woken_from_outside_goes_on() {
    for _ in 0..20 {
        takes(Duration::ZERO, || {
            let (tx, rx) = chan::bounded(0);
            let received = Arc::new(AtomicU32::new(0));
            go({
                let received = Arc::clone(&received);
                move || rx.iter().for_each(|n| _ = received.fetch_add(n, SeqCst))
            });
            synctest::wait();
            thread::spawn(move || tx.send(7).unwrap()).join().unwrap();
            synctest::wait();
            assert_eq!(received.load(SeqCst), 7);
        });
    }
}

/// Its threads are not in the bubble, nor its time.
#[test]
fn the_clock_is_the_systems() {
    synctest::test(|| {
        time::sleep(HOUR);
        let inside = time::now();
        let outside = thread::spawn(time::now).join().unwrap();
        assert!(inside > outside);
    });
}
