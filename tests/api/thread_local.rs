//! While a thread's locals are being destroyed, every operation works, the blocking ones too.

use std::cell::RefCell;
use std::thread;
use std::time::Duration;

use gosync::chan::{self, Receiver, RecvTimeoutError, Sender};
use gosync::{Mutex, RawMutex, WaitGroup};

use crate::settle;
use crate::watchdog::Watchdog;

/// Runs its function when dropped.
struct AtExit(Option<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

thread_local! {
    static LAST_WORDS: RefCell<Vec<AtExit>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` while the locals of a new thread are destroyed, after `before` has run on it.
fn at_exit(before: impl FnOnce() + Send + 'static, f: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        LAST_WORDS.with_borrow_mut(|words| words.push(AtExit(Some(Box::new(f)))));
        // After the registration: what this thread-locally creates is destroyed first.
        before();
    })
}

fn use_everything((tx, rx): (Sender<i32>, Receiver<i32>)) {
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(tx.send(2), Ok(()));
    assert_eq!(rx.recv_timeout(Duration::from_secs(60)), Ok(3));
    assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
    assert_eq!(tx.send_timeout(4, Duration::from_secs(60)), Ok(()));
    assert!(chan::never::<()>().recv_timeout(Duration::from_millis(1)).is_err());
    assert!(rx.try_recv().is_err());
}

/// Blocking operations in a destructor, on a thread that has used channels before, and on one that has not.
#[test]
fn blocking_in_a_destructor() {
    let _watchdog = Watchdog::new();
    for used_before in [false, true] {
        let (to_thread, theirs) = chan::bounded(0);
        let (back, ours) = chan::bounded(0);
        let (finish, finished) = chan::bounded(1);
        let before = move || {
            if used_before {
                let (tx, rx) = chan::bounded(0);
                let peer = thread::spawn(move || tx.send(()));
                rx.recv().unwrap();
                peer.join().unwrap().unwrap();
            }
        };
        let thread = at_exit(before, move || {
            use_everything((back, theirs));
            finish.send(()).unwrap();
        });
        settle();
        to_thread.send(1).unwrap();
        settle();
        assert_eq!(ours.recv(), Ok(2));
        settle();
        to_thread.send(3).unwrap();
        settle();
        assert_eq!(ours.recv(), Ok(4));
        assert_eq!(finished.recv(), Ok(()), "the destructor ran to its end");
        thread.join().unwrap();
    }
}

/// A `WaitGroup` too.
#[test]
fn waiting_in_a_destructor() {
    static GROUP: WaitGroup = WaitGroup::new();
    let _watchdog = Watchdog::new();
    GROUP.add(1);
    let (tx, rx) = chan::bounded(1);
    let thread = at_exit(
        || (),
        move || {
            GROUP.wait();
            tx.send(()).unwrap();
        },
    );
    settle();
    assert!(rx.try_recv().is_err());
    GROUP.done();
    assert_eq!(rx.recv(), Ok(()));
    thread.join().unwrap();
}

/// A mutex too: it blocks there, gives up there, and unlocks there what another thread waits for; on a thread that has
/// blocked before, and on one that has not.
#[test]
fn locking_in_a_destructor() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    static RAW: RawMutex = RawMutex::new();
    let _watchdog = Watchdog::new();
    for (round, used_before) in [false, true].into_iter().enumerate() {
        let guard = MUTEX.lock();
        RAW.lock();
        let (ready, start) = chan::bounded(0);
        let before = move || {
            if used_before {
                let mutex = Mutex::new(());
                thread::scope(|s| {
                    let guard = mutex.lock();
                    let other = s.spawn(|| drop(mutex.lock()));
                    settle();
                    drop(guard);
                    drop(mutex.lock());
                    other.join().unwrap();
                });
            }
        };
        let thread = at_exit(before, move || {
            assert!(MUTEX.try_lock().is_none());
            assert!(MUTEX.lock_timeout(Duration::from_millis(1)).is_none());
            ready.send(()).unwrap();
            *MUTEX.lock() += 1;
            RAW.unlock();
        });
        start.recv().unwrap();
        settle();
        assert_eq!(*guard as usize, round, "it waits");
        drop(guard);
        // By the destructor's unlock, if it came to its end.
        RAW.lock();
        assert_eq!(*MUTEX.lock() as usize, round + 1);
        thread.join().unwrap();
        RAW.unlock();
    }
}
