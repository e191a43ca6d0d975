//! The processor time of threads that are blocked.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gosync::chan::{Chan, Ticker, select};
use gosync::{Mutex, Once, WaitGroup};

use crate::watchdog::Watchdog;

/// How long they are blocked, and what that may cost: a wait that spins or polls takes a hundred times that.
const BLOCKED: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_millis(5);

/// What the calling thread has used.
fn used() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a place for the answer.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// Runs an operation, and returns its name if it has used too much.
fn costs(name: &'static str, operation: impl FnOnce() + Send + 'static) -> thread::JoinHandle<Option<String>> {
    thread::spawn(move || {
        let before = used();
        operation();
        let spent = used() - before;
        (spent > MOST).then(|| format!("{name}: {spent:?}"))
    })
}

/// A host that takes the CPU away from a virtual machine is charged to the thread that had it. Who polls does so every time.
const ATTEMPTS: usize = 3;

/// How an operation ends is not the point: some time out, some are ended by a close.
fn ignore<T, E>(_: Result<T, E>) {}

#[test]
fn blocked_threads_use_no_time() {
    let _watchdog = Watchdog::new();
    let costly: Vec<_> = (0..ATTEMPTS).map(|_| costly_waits()).take_while(|costly| !costly.is_empty()).collect();
    assert!(costly.len() < ATTEMPTS, "{costly:?}");
}

/// Blocks a thread in each way for a while: those that have used too much.
fn costly_waits() -> Vec<String> {
    let (empty, full) = (Chan::<i32>::new(0), Chan::new(1));
    full.send(1).unwrap();
    let group = Arc::new(WaitGroup::new());
    group.add(1);
    let mutex = Arc::new(Mutex::new(()));
    let once = Arc::new(Once::new());
    let guard = mutex.lock();

    let runner = {
        let (once, empty) = (Arc::clone(&once), empty.clone());
        costs("call_once, the function", move || once.call_once(|| ignore(empty.recv())))
    };
    while Arc::strong_count(&once) < 2 {
        thread::yield_now();
    }
    let mut blocked = vec![runner];
    let c = empty.clone();
    blocked.push(costs("recv", move || ignore(c.recv())));
    let c = empty.clone();
    blocked.push(costs("recv_timeout", move || ignore(c.recv_timeout(BLOCKED))));
    let c = full.clone();
    blocked.push(costs("send", move || ignore(c.send(1))));
    let c = full.clone();
    blocked.push(costs("send_timeout", move || ignore(c.send_timeout(1, BLOCKED))));
    let (c, d) = (empty.clone(), full.clone());
    blocked.push(costs("select!", move || {
        select! {
            recv(c) -> _ => {}
            send(d, 1) -> _ => {}
        }
    }));
    let c = empty.clone();
    blocked.push(costs("select!, a timeout", move || {
        select! {
            recv(c) -> _ => {}
            default(BLOCKED) => {}
        }
    }));
    blocked.push(costs("a ticker, twice", || {
        let ticker = Ticker::new(BLOCKED / 2);
        (0..2).for_each(|_| ignore(ticker.channel().recv()));
    }));
    let m = Arc::clone(&mutex);
    blocked.push(costs("lock", move || drop(m.lock())));
    let m = Arc::clone(&mutex);
    blocked.push(costs("lock_timeout", move || drop(m.lock_timeout(BLOCKED))));
    let g = Arc::clone(&group);
    blocked.push(costs("wait", move || g.wait()));
    let g = Arc::clone(&group);
    blocked.push(costs("wait_timeout", move || ignore(g.wait_timeout(BLOCKED))));
    let o = Arc::clone(&once);
    blocked.push(costs("call_once", move || o.call_once(|| {})));

    thread::sleep(BLOCKED);
    full.close().unwrap();
    empty.close().unwrap();
    group.done();
    drop(guard);
    blocked.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
}
