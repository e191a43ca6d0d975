//! What scenarios are made of. All that is of std here is invisible to shuttle: it gives nobody a turn.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use gosync_atomic::__sys::{Parker, Unparker};
use shuttle::rand::{Rng, thread_rng};
pub(crate) use shuttle::thread::scope;

/// A time that is over at some moment.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// Runs these threads, each with its number, and waits for them.
pub(crate) fn threads(n: usize, f: impl Fn(usize) + Sync) {
    let f = &f;
    scope(|s| (0..n).for_each(|i| drop(s.spawn(move || f(i)))));
}

/// Gives others a turn.
pub(crate) fn turn() {
    shuttle::thread::sleep(Duration::ZERO);
}

/// One of 0 to n - 1.
pub(crate) fn any(n: usize) -> usize {
    thread_rng().gen_range(0..n)
}

/// A place that notices who meets there.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicIsize);

impl Room {
    /// Nobody else is here meanwhile.
    pub(crate) fn alone<R>(&self, f: impl FnOnce() -> R) -> R {
        assert_eq!(self.0.swap(-1, Relaxed), 0, "not alone");
        turn();
        let result = f();
        assert_eq!(self.0.swap(0, Relaxed), -1, "not alone");
        result
    }

    /// Nobody is alone here meanwhile. How many others have been here at the beginning.
    pub(crate) fn among<R>(&self, f: impl FnOnce(isize) -> R) -> R {
        let others = self.0.fetch_add(1, Relaxed);
        assert!(others >= 0, "among others in spite of somebody who is alone");
        turn();
        let result = f(others);
        assert!(self.0.fetch_sub(1, Relaxed) > 0, "among others in spite of somebody who is alone");
        result
    }
}

/// A list that all add to.
#[derive(Debug)]
pub(crate) struct List<T>(Mutex<Vec<T>>);

impl<T> List<T> {
    pub(crate) fn new() -> List<T> {
        List(Mutex::new(Vec::new()))
    }

    pub(crate) fn push(&self, item: T) {
        self.push_and_count(item);
    }

    /// How many there are then.
    pub(crate) fn push_and_count(&self, item: T) -> usize {
        let mut list = self.0.lock().expect("no panic with the list");
        list.push(item);
        list.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("no panic with the list").len()
    }

    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().expect("no panic with the list"))
    }
}

/// A value: who sent it, and his how manieth it is.
pub(crate) type Value = (usize, usize);

/// Where values have gone: each to one place, once.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) received: List<Value>,
    pub(crate) returned: List<Value>,
}

impl Ledger {
    pub(crate) fn new() -> Ledger {
        Ledger { received: List::new(), returned: List::new() }
    }

    /// Each of so many values of each of so many senders is here exactly once. How many were received.
    pub(crate) fn balance(&self, senders: usize, values: usize) -> usize {
        let mut all = self.received.take();
        let received = all.len();
        all.extend(self.returned.take());
        all.sort_unstable();
        let sent: Vec<Value> = (0..senders).flat_map(|sender| (0..values).map(move |n| (sender, n))).collect();
        assert_eq!(all, sent, "each value once");
        received
    }
}

/// What one receiver has got of each sender: in the order in which it was sent.
#[derive(Debug, Default)]
pub(crate) struct InOrder(Vec<Value>);

impl InOrder {
    pub(crate) fn got(&mut self, (sender, n): Value) {
        let before = self.0.iter().rev().find(|(other, _)| *other == sender);
        assert!(before.is_none_or(|(_, before)| *before < n), "sender {sender}: {n} after {before:?}");
        self.0.push((sender, n));
    }
}

struct Unpark(Unparker);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A waker that unparks this parker.
fn waker_of(parker: &Parker) -> Waker {
    Waker::from(Arc::new(Unpark(parker.unparker())))
}

/// Runs a task to its end, on this thread.
pub(crate) fn block_on<F: Future>(task: F) -> F::Output {
    let parker = Parker::new();
    finish(pin!(task), &parker)
}

/// Goes on with a task that this parker has been woken for.
pub(crate) fn finish<F: Future>(mut task: Pin<&mut F>, parker: &Parker) -> F::Output {
    loop {
        match poll_once(task.as_mut(), parker) {
            Poll::Ready(output) => return output,
            Poll::Pending => parker.park(),
        }
    }
}

/// Polls once, as a task that is woken by this parker. Each time it is another waker.
pub(crate) fn poll_once<F: Future>(task: Pin<&mut F>, parker: &Parker) -> Poll<F::Output> {
    task.poll(&mut Context::from_waker(&waker_of(parker)))
}

/// Polls a few times, at any moments, woken or not, and then drops the task, unless it was done before.
pub(crate) fn poll_and_drop<F: Future>(task: F) -> Option<F::Output> {
    let (parker, mut task) = (Parker::new(), pin!(task));
    for _ in 0..1 + any(3) {
        if let Poll::Ready(output) = poll_once(task.as_mut(), &parker) {
            return Some(output);
        }
        // Long enough for somebody to come by.
        (0..any(20)).for_each(|_| turn());
    }
    None
}
