//! Tasks that wait for timers: nobody looks at the clock for them but the timers' thread.

use std::time::Duration;

use gosync::chan::{self, Ticker, Timer, TryRecvError};
use gosync::select_async;

use super::{poll, receive};
use crate::watchdog::Watchdog;

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(1000);

#[test]
fn after_and_tick() {
    let _watchdog = Watchdog::new();
    run(async {
        let begin = std::time::Instant::now();
        let (after, tick) = (chan::after(SOON), chan::tick(SOON));
        after.recv_async().await.unwrap();
        for _ in 0..3 {
            tick.recv_async().await.unwrap();
        }
        assert!(begin.elapsed() >= 2 * SOON);
    });
}

#[test]
fn a_timeout_of_a_select() {
    let _watchdog = Watchdog::new();
    run(async {
        let (tx, rx) = chan::bounded::<i32>(0);
        let timeout = chan::after(SOON);
        select_async! {
            recv(rx) -> _ => unreachable!("nobody sends"),
            recv(timeout) -> time => assert!(time.is_ok()),
        }
        drop(tx);
    });
}

/// A reset to an earlier instant reaches a task that waits already; a stopped timer wakes nobody.
#[test]
fn reset_and_stop() {
    let _watchdog = Watchdog::new();
    let timer = Timer::new(LONG);
    let stopped = Timer::new(SOON);
    assert!(stopped.stop());
    std::thread::scope(|s| {
        let waiting = s.spawn(|| run(async { timer.channel().recv_async().await.is_ok() }));
        while !waiting.is_finished() {
            timer.reset(SOON);
            std::thread::sleep(2 * SOON);
        }
        assert!(waiting.join().unwrap());
    });
    run(async {
        let over = chan::after(4 * SOON);
        select_async! {
            recv(stopped.channel()) -> _ => panic!("it was stopped"),
            recv(over) -> _ => {}
        }
    });
}

/// Two tasks take turns with the ticks of one ticker, and one that is dropped does not keep them.
#[test]
fn two_tasks_and_one_that_goes() {
    let _watchdog = Watchdog::new();
    let ticker = Ticker::new(SOON);
    run(async {
        let ticks = ticker.channel();
        let mut gone = Box::pin(ticks.recv_async());
        let first = std::future::poll_fn(|cx| std::task::Poll::Ready(gone.as_mut().poll(cx).is_ready())).await;
        drop(gone);
        let two = async { (ticks.recv_async().await.is_ok(), ticks.recv_async().await.is_ok()) };
        assert_eq!(two.await, (true, true));
        let _ = first;
    });
}

/// A timer of which a task has the value, and does not know it yet.
fn delivered() -> (Timer, super::Task<Result<std::time::Instant, chan::RecvError>>) {
    loop {
        let timer = Timer::new(SOON);
        let mut waiting = receive(timer.channel());
        // If not, this thread was kept from it until it was due.
        if poll(&mut waiting).is_pending() {
            std::thread::sleep(2 * SOON);
            assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "it is the task's");
            return (timer, waiting);
        }
    }
}

/// A task that was given the value is dropped: it is there for the next one, once.
#[test]
fn a_value_comes_back() {
    let (timer, waiting) = delivered();
    drop(waiting);
    assert_eq!((timer.channel().len(), timer.channel().is_full()), (1, true));
    assert!(timer.channel().try_recv().is_ok());
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
    let (timer, waiting) = delivered();
    let mut next = receive(timer.channel());
    assert!(poll(&mut next).is_pending());
    drop(waiting);
    assert!(poll(&mut next).is_ready());
    let (timer, waiting) = delivered();
    drop(waiting);
    assert!(timer.stop(), "nobody has received it");
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
}

/// It is not, if the timer was stopped or set anew meanwhile.
#[test]
fn a_value_comes_back_too_late() {
    let (timer, waiting) = delivered();
    assert!(!timer.stop());
    drop(waiting);
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "after the stop");
    let (timer, waiting) = delivered();
    drop(waiting);
    assert!(timer.reset(LONG));
    assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "after the reset");
    let (timer, waiting) = delivered();
    assert!(!timer.reset(LONG));
    let mut next = receive(timer.channel());
    assert!(poll(&mut next).is_pending());
    drop(waiting);
    assert!(poll(&mut next).is_pending(), "much too early");
    loop {
        let timer = Timer::new(SOON);
        let ticks = timer.channel();
        let mut select = Box::pin(async {
            select_async! { recv(ticks) -> _ => {} }
        });
        // As in `delivered`.
        if poll(&mut select).is_pending() {
            std::thread::sleep(2 * SOON);
            assert!(!timer.stop(), "it is the select's");
            drop(select);
            return assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty), "after the stop, by a select");
        }
    }
}
