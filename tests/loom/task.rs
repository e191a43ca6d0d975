//! Tasks in models: a waker over the seam's parker, and the smallest executor. loom's own `block_on` parks in loom, where
//! a wake-up that meets a thread in a lock is lost.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use gosync_atomic::__sys::{Parker, Unparker};

struct Unpark(Unparker);

// SAFETY: loom runs one thread at a time and reports unordered accesses.
unsafe impl Send for Unpark {}
// SAFETY: as above.
unsafe impl Sync for Unpark {}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        // A reference of this thread's own: loom does not see std's Arc, and so not that the other one is still there.
        self.0.clone().unpark();
    }
}

/// A waker that unparks this parker.
pub(crate) fn waker_of(parker: &Parker) -> Waker {
    Waker::from(Arc::new(Unpark(parker.unparker())))
}

/// Runs a task to its end, on this thread.
pub(crate) fn block_on<F: Future>(task: F) -> F::Output {
    let parker = Parker::new();
    let waker = waker_of(&parker);
    let mut task = pin!(task);
    loop {
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => parker.park(),
        }
    }
}

/// Polls once, as a task that is woken by this parker.
pub(crate) fn poll_once<F: Future>(task: Pin<&mut F>, parker: &Parker) -> Poll<F::Output> {
    task.poll(&mut Context::from_waker(&waker_of(parker)))
}
