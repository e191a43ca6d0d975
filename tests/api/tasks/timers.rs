//! Tasks that wait for timers: nobody looks at the clock for them but the timers' thread.

use std::time::Duration;

use gosync::chan::{self, Ticker, Timer};
use gosync::select_async;

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
