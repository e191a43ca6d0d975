//! Values whose drop panics: the panic reaches whoever causes the drop, the values behind it are dropped all the same, and the
//! channel works on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, Sender};

use crate::make;
use crate::watchdog::Watchdog;

/// Counts its drop, and panics in it if it is armed.
struct Bomb {
    armed: bool,
    drops: Arc<AtomicU32>,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        assert!(!self.armed, "expected by this test");
    }
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// Sends five values, the one at `armed` among them.
fn send_five(tx: &Sender<Bomb>, armed: usize) -> Arc<AtomicU32> {
    let drops = Arc::new(AtomicU32::new(0));
    (0..5).for_each(|i| tx.try_send(Bomb { armed: i == armed, drops: Arc::clone(&drops) }).unwrap());
    drops
}

/// The drop of the last receiver passes the panic on; the senders go on and are refused.
#[test]
fn in_the_buffer() {
    for capacity in [None, Some(5), Some(100)] {
        for armed in 0..5 {
            let (tx, rx) = make(capacity);
            let drops = send_five(&tx, armed);
            assert!(panics(|| drop(rx)));
            assert_eq!(drops.load(Ordering::Relaxed), 5);
            assert_eq!((tx.len(), tx.is_closed(), tx.receiver_count()), (0, true, 0));
            let error = tx.try_send(Bomb { armed: false, drops: Arc::clone(&drops) }).unwrap_err();
            assert!(error.is_disconnected());
            drop(error);
            tx.close().unwrap();
            drop(tx);
            assert_eq!((drops.load(Ordering::Relaxed), Arc::strong_count(&drops)), (6, 1));
        }
    }
}

/// The same when the receiver is the last handle of all, and when it is two-way.
#[test]
fn in_the_last_handle() {
    let (tx, rx) = make(Some(5));
    let drops = send_five(&tx, 2);
    drop(tx);
    assert!(panics(|| drop(rx)));
    assert_eq!((drops.load(Ordering::Relaxed), Arc::strong_count(&drops)), (5, 1));

    let c = Chan::new(5);
    let drops = send_five(&c.sender(), 0);
    assert!(panics(|| drop(c)));
    assert_eq!((drops.load(Ordering::Relaxed), Arc::strong_count(&drops)), (5, 1));
}

/// Several of them: the first panic goes on, and nothing ends the process.
#[test]
fn several_in_the_buffer() {
    let (tx, rx) = make(Some(5));
    let drops = Arc::new(AtomicU32::new(0));
    (0..5).for_each(|i| tx.try_send(Bomb { armed: i % 2 == 1, drops: Arc::clone(&drops) }).unwrap());
    assert!(panics(|| drop(rx)));
    assert_eq!((drops.load(Ordering::Relaxed), Arc::strong_count(&drops)), (5, 1));
}

/// Whoever waits for an answer is told that there will be none.
#[test]
fn who_waits_for_an_answer() {
    let _watchdog = Watchdog::new();
    struct Request(#[expect(dead_code, reason = "it is dropped")] Option<Bomb>, #[expect(dead_code)] Sender<()>);
    let (tx, rx) = make(Some(2));
    let drops = Arc::new(AtomicU32::new(0));
    let answers = [true, false].map(|armed| {
        let (answer, answers) = make(Some(0));
        assert!(tx.try_send(Request(Some(Bomb { armed, drops: Arc::clone(&drops) }), answer)).is_ok());
        answers
    });
    assert!(panics(|| drop(rx)));
    assert!(answers.iter().all(|answers| answers.recv().is_err()));
}

/// In a value that was received or refused, the panic is its owner's affair; the channel does not notice.
#[test]
fn outside() {
    let _watchdog = Watchdog::new();
    let drops = Arc::new(AtomicU32::new(0));
    let bomb = |armed| Bomb { armed, drops: Arc::clone(&drops) };
    for capacity in [0, 1] {
        let c = Chan::new(capacity);
        thread::scope(|s| {
            s.spawn(|| c.send(bomb(true)).unwrap());
            let received = c.recv().unwrap();
            assert!(panics(|| drop(received)));
        });
        (0..capacity).for_each(|_| c.try_send(bomb(false)).unwrap());
        assert!(panics(|| drop(c.try_send(bomb(true)))));
        assert!(panics(|| drop(c.send_timeout(bomb(true), Duration::from_millis(1)))));
        // Out of a blocked send.
        thread::scope(|s| {
            let blocked = s.spawn(|| panics(|| drop(c.send(bomb(true)))));
            crate::settle();
            c.close().unwrap();
            assert!(blocked.join().unwrap());
        });
        assert_eq!(c.len(), capacity);
        assert!(panics(|| drop(c.send(bomb(true)))));
    }
    // 5 armed ones each, and one in the buffer at capacity 1.
    assert_eq!((drops.load(Ordering::Relaxed), Arc::strong_count(&drops)), (11, 1));
}

/// A panic that unwinds through a thread's handles closes its side, so that nobody waits for it in vain.
#[test]
fn a_panicking_thread_lets_go() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(0));
    let thread = thread::spawn(move || {
        tx.send(1).unwrap();
        panic!("expected by this test");
    });
    assert_eq!(rx.iter().collect::<Vec<i32>>(), [1]);
    thread.join().unwrap_err();

    let (tx, rx) = make(Some(0));
    let thread = thread::spawn(move || {
        rx.recv().unwrap();
        panic!("expected by this test");
    });
    assert_eq!((tx.send(1).is_ok(), tx.send(2).is_ok()), (true, false));
    thread.join().unwrap_err();
}
