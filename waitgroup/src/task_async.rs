//! Futures as tasks of a group. Feature `async`.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::task::{Job, Task};
use crate::waitgroup::WaitGroup;

impl WaitGroup {
    /// Makes a future a task of the group. Run the returned future on any executor. Feature `async`. Go: `wg.Go(f)`;
    /// or `wg.Add(1)`, and `defer wg.Done()` in a goroutine.
    ///
    /// It counts as a task from this call on, until it completes or is dropped, together with `future`. Never blocks.
    /// For a group in a `static`: [`task_static`](WaitGroup::task_static).
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time, polled or not: the task is then done. If it is leaked, the task is
    /// never done.
    ///
    /// # Panics
    ///
    /// If the count would exceed 2^29 - 1; `future` is then dropped, and not counted.
    ///
    /// A panic of `future` is caught, and every [`wait`](WaitGroup::wait) and [`wait_async`](WaitGroup::wait_async)
    /// reports it, as for [`go`](WaitGroup::go).
    ///
    /// # Memory ordering
    ///
    /// Like [`go`](WaitGroup::go), with the end of `future`, or its drop, in the place of the return of `f`
    /// (`wg.go-return-before-unblocked-wait`). The call itself orders nothing: the start of the task is up to the
    /// executor.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::Future;
    /// use std::pin::pin;
    /// use std::sync::Arc;
    /// use std::task::{Context, Poll, Waker};
    /// use std::time::Duration;
    ///
    /// use gosync_waitgroup::WaitGroup;
    ///
    /// let wg = Arc::new(WaitGroup::new());
    /// let task = pin!(wg.task(async { println!("working") }));
    /// assert!(wg.wait_timeout(Duration::ZERO).is_err(), "it is counted");
    /// // As an executor does it.
    /// assert_eq!(task.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
    /// wg.wait();
    /// ```
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn task<F: Future<Output = ()>>(self: &Arc<Self>, future: F) -> impl Future<Output = ()> + use<F> {
        count(Arc::clone(self), future)
    }

    /// Like [`task`](WaitGroup::task), for a group in a `static`.
    ///
    /// # Panics
    ///
    /// Same as [`task`](WaitGroup::task).
    ///
    /// # Memory ordering
    ///
    /// Same as [`task`](WaitGroup::task).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_waitgroup::WaitGroup;
    ///
    /// static TASKS: WaitGroup = WaitGroup::new();
    /// let task = TASKS.task_static(async { println!("working") });
    /// drop(task); // or have it run
    /// TASKS.wait();
    /// ```
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn task_static<F: Future<Output = ()>>(&'static self, future: F) -> impl Future<Output = ()> + use<F> {
        count(self, future)
    }
}

#[track_caller]
fn count<G, F>(group: G, future: F) -> impl Future<Output = ()> + use<G, F>
where
    G: Deref<Target = WaitGroup>,
    F: Future<Output = ()>,
{
    group.add(1);
    let job = Job { f: future, task: Task(group) };
    async move {
        // Whole: captured in pieces, the task might be dropped before the future.
        let job = job;
        // What is declared last is dropped first.
        let Job { task, f } = job;
        let mut f = pin!(f);
        let outcome = poll_fn(|context| {
            // It is not polled again after a panic.
            let polled = catch_unwind(AssertUnwindSafe(|| f.as_mut().poll(context)));
            polled.map_or_else(|payload| Poll::Ready(Err(payload)), |polled| polled.map(Ok))
        });
        task.note(outcome.await);
    }
}
