//! Futures that are polled by hand: dropped at any point, forgotten, with wakers that panic.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::rng::Rng;
use crate::run::{fault, inject};

/// Wakes a thread, and then panics, maybe.
struct Alarm {
    thread: Thread,
    rang: AtomicBool,
    panics: bool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Alarm>) {
        self.rang.store(true, Ordering::Release);
        self.thread.unpark();
        if self.panics && !thread::panicking() {
            inject();
        }
    }
}

/// What became of a future.
pub(crate) enum End<T> {
    Ready(T),
    Dropped,
    Forgotten,
}

/// What may be done to a future.
#[derive(Clone, Copy)]
pub(crate) struct Cruelty {
    pub(crate) drops: bool,
    pub(crate) forgets: bool,
    /// How long it is polled on, if at all.
    pub(crate) patience: Duration,
}

/// Polls a future, and drops or forgets it somewhere on its way.
pub(crate) fn torment<F: Future>(future: F, cruelty: Cruelty, rng: &mut Rng) -> End<F::Output> {
    let mut future = Box::pin(future);
    let start = Instant::now();
    let mut alarm: Option<Arc<Alarm>> = None;
    loop {
        if cruelty.drops && rng.one_in(6) {
            return end(future, cruelty, rng);
        }
        // Another waker now and then: the last one counts.
        if alarm.is_none() || rng.one_in(4) {
            let panics = rng.one_in(8);
            alarm = Some(Arc::new(Alarm { thread: thread::current(), rang: AtomicBool::new(false), panics }));
        }
        let alarm = alarm.as_ref().unwrap();
        let waker = Waker::from(Arc::clone(alarm));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return End::Ready(output),
            Poll::Pending if cruelty.drops && rng.one_in(6) => return end(future, cruelty, rng),
            Poll::Pending => {}
        }
        while !alarm.rang.swap(false, Ordering::Acquire) {
            let left = cruelty.patience.saturating_sub(start.elapsed());
            if cruelty.drops && left.is_zero() {
                return end(future, cruelty, rng);
            }
            if cruelty.drops { thread::park_timeout(left) } else { thread::park() }
        }
    }
}

fn end<F: Future>(future: Pin<Box<F>>, cruelty: Cruelty, rng: &mut Rng) -> End<F::Output> {
    fault();
    if cruelty.forgets && rng.one_in(4) {
        std::mem::forget(future);
        return End::Forgotten;
    }
    End::Dropped
}
