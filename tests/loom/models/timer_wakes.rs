//! A select that holds all locks, finds that what a timer has is somebody else's, and then meets a peer at another channel: two
//! nodes that it has claimed, of two tasks. The first one's waker drops the future of the second.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Mutex;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use gosync::chan::{self, Receiver, RecvError, Timer};
use gosync::{select_async_biased, select_biased};
use gosync_atomic::__sys::control::stop_clock;
use loom::thread::{ThreadId, current};

use super::timer::{HOUR, MINUTE, SECOND, pass};
use crate::model::{Model, holds};

const CANCEL: &str = "gosync.cancel";

pub(crate) fn models() -> Vec<Model> {
    vec![
        holds(CANCEL, "by the waker of a timer's receiver, in a select", || meets_both(2, by_thread)).bound(2),
        holds(CANCEL, "by the waker of a timer's receiver, in a task's select", || meets_both(1, by_task)).bound(2),
    ]
}

/// What a waker does, once, and only if this thread wakes: the thread of timers wakes tasks, too.
struct Act(ThreadId, Mutex<Option<Box<dyn FnOnce()>>>);

// SAFETY: loom runs one thread at a time and reports unordered accesses.
unsafe impl Send for Act {}
// SAFETY: as above.
unsafe impl Sync for Act {}

impl Wake for Act {
    fn wake(self: std::sync::Arc<Act>) {
        let act = if current().id() == self.0 { self.1.lock().unwrap().take() } else { None };
        act.into_iter().for_each(|act| act());
    }
}

type Waiting<R> = Pin<Box<dyn Future<Output = R>>>;

/// A task that waits for a timer, and does this when it is woken.
fn waits_for(timer: &Timer, act: impl FnOnce() + 'static) -> Waiting<Result<Instant, RecvError>> {
    let rx = timer.channel().clone();
    let mut task: Waiting<_> = Box::pin(async move { rx.recv_async().await });
    let waker = Waker::from(std::sync::Arc::new(Act(current().id(), Mutex::new(Some(Box::new(act))))));
    assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    task
}

/// The first timers are due, and tasks wait for them. A select that asks one after the other serves these; the waker of the last of them
/// is called before it locks all channels. Then the last timer is due, too, and there is a sender.
fn meets_both(due: usize, select: fn(&[Timer], &Receiver<u8>) -> Option<u8>) {
    stop_clock();
    let timers: Vec<Timer> = (0..=due).map(|n| Timer::new(if n < due { SECOND } else { HOUR })).collect();
    let (tx, rx) = chan::bounded(0);
    let doomed = Rc::new(Cell::new(None));
    let served: Vec<_> = timers[..due - 1].iter().map(|timer| waits_for(timer, || {})).collect();
    let drops_it = Rc::clone(&doomed);
    let last = waits_for(&timers[due], move || drop(drops_it.take()));
    let prepare = move || {
        let mut send: Waiting<_> = Box::pin(async move { tx.send_async(7).await });
        assert!(send.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        doomed.set(Some(send));
        pass(HOUR);
    };
    let preparing = waits_for(&timers[due - 1], prepare);
    pass(MINUTE);
    assert_eq!(select(&timers, &rx), Some(7));
    drop((served, preparing, last));
}

fn by_thread(timers: &[Timer], rx: &Receiver<u8>) -> Option<u8> {
    select_biased! {
        recv(timers[0].channel()) -> _ => None,
        recv(timers[1].channel()) -> _ => None,
        recv(timers[2].channel()) -> _ => None,
        recv(rx) -> value => value.ok(),
    }
}

fn by_task(timers: &[Timer], rx: &Receiver<u8>) -> Option<u8> {
    let mut select = Box::pin(async {
        select_async_biased! {
            recv(timers[0].channel()) -> _ => None,
            recv(timers[1].channel()) -> _ => None,
            recv(rx) -> value => value.ok(),
        }
    });
    match select.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => None,
    }
}
