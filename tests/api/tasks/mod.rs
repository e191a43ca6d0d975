//! Futures, streams and sinks of channels. Most tests poll by hand, so that they stand at a chosen point.

mod contexts;
mod drops;
mod fairness;
mod futures;
mod many;
mod mixed;
mod selects;
mod sinks;
mod streams;
mod timers;
mod wakers;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use gosync::chan::{Receiver, RecvError, SendError, Sender};

/// The capacities that differ.
const CAPACITIES: [Option<usize>; 4] = [Some(0), Some(1), Some(8), None];

/// A future that owns its handle.
type Task<R> = Pin<Box<dyn Future<Output = R> + Send>>;

fn receive<T: Send + 'static>(rx: &Receiver<T>) -> Task<Result<T, RecvError>> {
    let rx = rx.clone();
    Box::pin(async move { rx.recv_async().await })
}

fn send<T: Send + 'static>(tx: &Sender<T>, value: T) -> Task<Result<(), SendError<T>>> {
    let tx = tx.clone();
    Box::pin(async move { tx.send_async(value).await })
}

/// Polls for nobody.
fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    poll_for(future, Waker::noop())
}

fn poll_for<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Count>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Does something when it is first woken, then and there.
struct OnWake(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl OnWake {
    fn waker(f: impl FnOnce() + Send + 'static) -> Waker {
        Waker::from(Arc::new(OnWake(Mutex::new(Some(Box::new(f))))))
    }
}

impl Wake for OnWake {
    fn wake(self: Arc<OnWake>) {
        let f = self.0.lock().unwrap().take();
        if let Some(f) = f {
            f();
        }
    }
}
