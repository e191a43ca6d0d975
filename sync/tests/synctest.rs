//! Bubbles: Go's own tests of `testing/synctest`, written anew, and what each primitive does in one.
//!
//! ```console
//! $ cargo test -p gosync --features synctest --test synctest
//! ```
//!
//! All of it is exact: a clock that moved a nanosecond too far or too early fails a test, on a machine as busy as you like.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, RecvTimeoutError, Ticker, Timer};
use gosync::context::{Context, ContextError};
use gosync::errgroup::Group;
use gosync::semaphore::Weighted;
use gosync::{Cond, Mutex, Once, RwMutex, WaitGroup, go, select, synctest, time};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).expect("a panic has a text")
}

/// The text of the panic by which this ends.
fn panic_of(f: impl FnOnce() + Send + 'static) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| synctest::test(f))).expect_err("it panics");
    text(&*payload).to_owned()
}

/// Runs it in a bubble, in which so much time passes, and hardly any outside.
fn takes(expected: Duration, f: impl FnOnce() + Send + 'static) {
    let took = synctest::test(|| {
        let start = time::now();
        f();
        time::now() - start
    });
    assert_eq!(took, expected);
}

/// Goes down when a thread of the bubble goes on that should not.
fn flag() -> (Arc<AtomicBool>, Arc<AtomicBool>) {
    let flag = Arc::new(AtomicBool::new(false));
    (Arc::clone(&flag), flag)
}

mod clock {
    use super::*;

    #[test]
    fn it_stands_still_while_a_thread_runs() {
        takes(Duration::ZERO, || thread::sleep(Duration::from_millis(20)));
        takes(Duration::ZERO, || {
            // Another one is blocked; this one is not.
            let (tx, rx) = chan::bounded::<()>(0);
            go(move || assert!(rx.recv_timeout(HOUR).is_err()));
            thread::sleep(Duration::from_millis(20));
            drop(tx);
        });
    }

    #[test]
    fn a_sleep_takes_as_long_as_it_says() {
        takes(HOUR, || time::sleep(HOUR));
        takes(1000 * NANO, || (0..1000).for_each(|_| time::sleep(NANO)));
        takes(Duration::ZERO, || time::sleep(Duration::ZERO));
        let start = Instant::now();
        time::sleep(Duration::from_millis(5));
        assert!(start.elapsed() >= Duration::from_millis(5), "outside it is the system's");
    }

    #[test]
    fn the_longest_sleep_decides() {
        takes(50 * SECOND, || {
            let wg = Arc::new(WaitGroup::new());
            (1..=50).for_each(|n| wg.go(move || time::sleep(n * SECOND)));
            wg.wait();
        });
    }

    #[test]
    fn sleeps_end_in_order() {
        let order = synctest::test(|| {
            let order = Arc::new(std::sync::Mutex::new(Vec::new()));
            let wg = Arc::new(WaitGroup::new());
            for n in 1..=20_u32 {
                let order = Arc::clone(&order);
                let pause = n * 7 % 23;
                wg.go(move || {
                    for round in 1..=5 {
                        time::sleep(pause * SECOND);
                        order.lock().unwrap().push(round * pause);
                    }
                });
            }
            wg.wait();
            Arc::into_inner(order).unwrap().into_inner().unwrap()
        });
        assert!(order.len() == 100 && order.is_sorted(), "{order:?}");
    }

    /// It begins when the bubble does, and has nothing to do with another one's.
    #[test]
    fn bubbles_do_not_meet() {
        let bubbles = [1, 2, 3, 4]
            .map(|n| thread::spawn(move || (0..20).for_each(|_| takes(n * HOUR, move || time::sleep(n * HOUR)))));
        bubbles.into_iter().for_each(|bubble| bubble.join().unwrap());
    }
}

mod timers {
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
        let reset = catch_unwind(AssertUnwindSafe(|| timer.reset(SECOND))).unwrap_err();
        assert_eq!(text(&*reset), "reset of synctest timer from outside bubble");
        drop(timer);
        assert_eq!(Arc::strong_count(&owned), 1, "nothing is left");
    }
}

mod wait {
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
    fn one_at_a_time_and_inside_only() {
        let outside = catch_unwind(synctest::wait).unwrap_err();
        assert_eq!(text(&*outside), "goroutine is not in a bubble");
        // Neither returns before the other one is blocked or gone, so one finds the other, whichever comes first.
        let texts = synctest::test(|| {
            let wait = || catch_unwind(synctest::wait).err().map(|payload| text(&*payload).to_owned());
            let (tx, rx) = chan::bounded(1);
            go(move || tx.send(wait()).unwrap());
            [wait(), rx.recv().unwrap()]
        });
        assert_eq!(texts.iter().flatten().collect::<Vec<_>>(), ["wait already in progress"], "{texts:?}");
        let nested = panic_of(|| synctest::test(|| {}));
        assert_eq!(nested, "synctest.Run called from within a synctest bubble");
    }
}

mod end {
    use super::*;

    const ALL: &str = "deadlock: all goroutines in bubble are blocked";
    const REST: &str = "deadlock: main bubble goroutine has exited but blocked goroutines remain";

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
            assert_eq!(text.matches(": receives from a channel at sync/tests/synctest.rs:").count(), 3, "{text}");
            assert!(text.contains(": waits for a WaitGroup at sync/tests/synctest.rs:"), "{text}");
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
}

mod primitives {
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
}

mod outside {
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
}
