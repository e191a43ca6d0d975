//! What each primitive does in a bubble.

use super::*;

/// Go's example.
#[test]
fn context_after_func() {
    takes(Duration::ZERO, || {
        let (ctx, cancel) = Context::background().with_cancel();
        let (called, flag) = flag();
        ctx.after_func(move || flag.store(true, SeqCst));
        synctest::wait();
        assert!(!called.load(SeqCst));
        cancel.cancel();
        synctest::wait();
        assert!(called.load(SeqCst));
    });
}

/// Go's example.
#[test]
fn context_with_timeout() {
    takes(5 * SECOND, || {
        let (ctx, _cancel) = Context::background().with_timeout(5 * SECOND);
        time::sleep(5 * SECOND - NANO);
        synctest::wait();
        assert_eq!(ctx.err(), None);
        time::sleep(NANO);
        synctest::wait();
        assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
    });
}

#[test]
fn a_context_ends_what_waits_for_it() {
    takes(5 * SECOND, || {
        let (ctx, _cancel) = Context::background().with_timeout(5 * SECOND);
        let (child, _child) = ctx.with_cancel();
        let (group, ctx) = Group::with_context(&child);
        for _ in 0..5 {
            let ctx = ctx.clone();
            group.go(move || {
                let ticks = chan::tick(SECOND);
                loop {
                    select! {
                        recv(ticks) -> _ => {},
                        recv(ctx.done()) -> _ => return Ok(ctx.check()?),
                    }
                }
            });
        }
        assert_eq!(group.wait().unwrap_err().to_string(), "context deadline exceeded");
    });
}

#[test]
fn deadlines_of_all_kinds() {
    takes(6 * SECOND, || {
        let (tx, rx) = chan::bounded(0);
        assert_eq!(rx.recv_timeout(SECOND), Err(RecvTimeoutError::Timeout));
        assert!(tx.send_timeout((), SECOND).is_err());
        let wg = WaitGroup::new();
        wg.add(1);
        assert!(wg.wait_timeout(SECOND).is_err());
        let (mutex, cond) = (Mutex::new(()), Cond::new());
        assert!(!cond.wait_timeout(&mut mutex.lock(), SECOND));
        let semaphore = Weighted::new(1);
        semaphore.acquire(&Context::background(), 1).unwrap();
        assert!(!semaphore.acquire_timeout(1, SECOND));
        let held = mutex.lock();
        assert!(mutex.lock_timeout(SECOND).is_none());
        drop(held);
    });
}

/// A lock with a deadline is durable: its holder may sleep.
#[test]
fn a_lock_whose_holder_sleeps() {
    takes(HOUR, || {
        let lock = Arc::new(RwMutex::new(0));
        let wg = Arc::new(WaitGroup::new());
        let held = lock.write();
        for is_late in [true, false] {
            let lock = Arc::clone(&lock);
            wg.go(move || {
                let timeout = if is_late { HOUR - NANO } else { HOUR + NANO };
                assert_eq!(lock.write_timeout(timeout).is_none(), is_late);
            });
        }
        time::sleep(HOUR);
        drop(held);
        wg.wait();
    });
}

#[test]
fn a_cond_that_is_called() {
    takes(2 * SECOND, || {
        let shared = Arc::new((Mutex::new(0), Cond::new()));
        let wg = Arc::new(WaitGroup::new());
        for _ in 0..3 {
            let shared = Arc::clone(&shared);
            wg.go(move || {
                let mut ready = shared.0.lock();
                shared.1.wait_while(&mut ready, |ready| *ready == 0);
                *ready -= 1;
            });
        }
        for n in [1, 2] {
            time::sleep(SECOND);
            *shared.0.lock() += n;
            let _called = if n == 1 { usize::from(shared.1.signal()) } else { shared.1.broadcast() };
        }
        wg.wait();
    });
}

#[test]
fn a_pipeline_under_way() {
    takes(100 * SECOND, || {
        let (tx, mut rx) = chan::bounded(0);
        for _ in 0..6 {
            let (to, from) = chan::bounded(2);
            let before = std::mem::replace(&mut rx, from);
            go(move || before.iter().for_each(|n: u32| to.send(n + 1).unwrap()));
        }
        go(move || {
            for _ in 0..100 {
                time::sleep(SECOND);
                tx.send(0).unwrap();
            }
        });
        assert!(rx.iter().map(|n| assert_eq!(n, 6)).count() == 100);
    });
}
