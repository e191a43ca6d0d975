//! Ten thousand tasks on one channel: one wake-up for each operation that waited, and none for nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use gosync::chan::{RecvError, SendError};
use gosync_tests::times;
use tokio::runtime::Builder;

use super::{Count, poll, poll_for, receive, send};
use crate::make;
use crate::watchdog::Watchdog;

const TASKS: usize = times(10_000);

/// Each value wakes the receiver that has waited longest, and a close the rest.
#[test]
fn receivers() {
    let (tx, rx) = make(Some(0));
    let counts: Vec<_> = (0..TASKS).map(|_| Count::new()).collect();
    let mut waiting: Vec<_> = counts.iter().map(|_| receive(&rx)).collect();
    for (future, (_, waker)) in waiting.iter_mut().zip(&counts) {
        assert!(poll_for(future, waker).is_pending());
    }
    let woken = || counts.iter().map(|(count, _)| count.get()).collect::<Vec<_>>();
    for n in 0..TASKS / 2 {
        tx.try_send(n).unwrap();
        assert_eq!(counts[n].0.get(), 1);
        assert_eq!(counts[n + 1].0.get(), 0);
    }
    assert_eq!(woken().iter().sum::<usize>(), TASKS / 2);
    for (n, future) in waiting.iter_mut().enumerate().take(TASKS / 2) {
        assert_eq!(poll(future), Poll::Ready(Ok(n)));
    }
    tx.close().unwrap();
    assert_eq!(woken(), vec![1; TASKS]);
    waiting[TASKS / 2..].iter_mut().for_each(|future| assert_eq!(poll(future), Poll::Ready(Err(RecvError))));
}

/// Each value that is taken wakes the sender that has waited longest, and a close gives the rest their values back.
#[test]
fn senders() {
    for capacity in [0, 8] {
        let (tx, rx) = make(Some(capacity));
        (0..capacity).for_each(|_| tx.send(TASKS).unwrap());
        let counts: Vec<_> = (0..TASKS).map(|_| Count::new()).collect();
        let mut waiting: Vec<_> = (0..TASKS).map(|n| send(&tx, n)).collect();
        for (future, (_, waker)) in waiting.iter_mut().zip(&counts) {
            assert!(poll_for(future, waker).is_pending());
        }
        for n in 0..TASKS / 2 {
            assert!(rx.try_recv().is_ok());
            assert_eq!(counts[n].0.get(), 1);
            assert_eq!(counts[n + 1].0.get(), 0);
        }
        tx.close().unwrap();
        assert!(counts.iter().all(|(count, _)| count.get() == 1));
        for (n, future) in waiting.iter_mut().enumerate() {
            let end = if n < TASKS / 2 { Ok(()) } else { Err(SendError(n)) };
            assert_eq!(poll(future), Poll::Ready(end));
        }
    }
}

/// Counts the polls of a future, each when it has ended.
struct Polled<F> {
    future: Pin<Box<F>>,
    polls: Arc<AtomicUsize>,
}

impl<F: Future> Future for Polled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.future.as_mut().poll(cx);
        self.polls.fetch_add(1, Ordering::Relaxed);
        polled
    }
}

/// On an executor: a task that waits is polled twice, and no more.
#[test]
fn polls() {
    let _watchdog = Watchdog::new();
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (tx, rx) = make(Some(0));
    let polls = Arc::new(AtomicUsize::new(0));
    let receivers: Vec<_> = (0..TASKS)
        .map(|_| {
            let rx = rx.clone();
            let future = Box::pin(async move { rx.recv_async().await.unwrap() });
            runtime.spawn(Polled { future, polls: Arc::clone(&polls) })
        })
        .collect();
    // All of them wait before there is anything to receive.
    while polls.load(Ordering::Relaxed) < TASKS {
        std::thread::yield_now();
    }
    let total = runtime.block_on(async {
        for n in 0..TASKS {
            tx.send_async(n).await.unwrap();
        }
        let mut total = 0;
        for receiver in receivers {
            total += receiver.await.unwrap();
        }
        total
    });
    assert_eq!(total, TASKS * (TASKS - 1) / 2);
    assert_eq!(polls.load(Ordering::Relaxed), 2 * TASKS);
}
