//! Futures as tasks of a group. Feature `async`.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use gosync_chan::Receiver;

use super::TaskResult;
use super::group::Group;
use super::state::{Job, Slot, Task};
use crate::context::Cause;

impl Group {
    /// Makes a future a task of the group. Run the returned future on any executor. Feature `async`. Go: `g.Go(f)`.
    ///
    /// It counts as a task from this call on, until it completes or is dropped. It first waits until the limit allows
    /// it. The group keeps its error. A panic of `future` is caught, and resumed by [`wait`](Group::wait) or
    /// [`wait_async`](Group::wait_async).
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time: the task is then done, without an error. If it is leaked, the task is
    /// never done.
    ///
    /// # Panics
    ///
    /// If there are 2^29 - 1 unfinished tasks (`sync: WaitGroup counter overflow`), which takes leaked ones. Then
    /// `future` is dropped, and not counted.
    ///
    /// # Memory ordering
    ///
    /// Same as [`go`](Group::go).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::Future;
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use gosync::errgroup::Group;
    ///
    /// let group = Group::new();
    /// let task = pin!(group.task(async { Err("nothing to do".into()) }));
    /// // As an executor does it.
    /// assert_eq!(task.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
    /// assert_eq!(group.wait().unwrap_err().to_string(), "nothing to do");
    /// ```
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn task<F: Future<Output = TaskResult>>(&self, future: F) -> impl Future<Output = ()> + use<F> {
        let job = Job { work: future, task: Task::new(&self.shared) };
        async move {
            // Whole: captured in pieces, the task might be dropped before the future.
            let job = job;
            // What is declared last is dropped first.
            let Job { mut task, work } = job;
            let mut work = pin!(work);
            let slot = task.group.slot();
            if let Slot::Wait(free) = &slot {
                // Nobody closes this channel.
                let _ = AsRef::<Receiver<()>>::as_ref(free).recv_async().await;
            }
            task.start(slot);
            let outcome = poll_fn(|context| {
                // It is not polled again after a panic.
                let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
                polled.map_or_else(|payload| Poll::Ready(Err(payload)), |polled| polled.map(Ok))
            });
            task.group.note(outcome.await);
        }
    }

    /// Like [`wait`](Group::wait), for an async task outside the group. Feature `async`.
    ///
    /// # Errors
    ///
    /// Same as [`wait`](Group::wait).
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time. Only its completion cancels the context.
    ///
    /// # Panics
    ///
    /// The future panics where [`wait`](Group::wait) would.
    ///
    /// # Memory ordering
    ///
    /// Same as [`wait`](Group::wait).
    pub async fn wait_async(&self) -> Result<(), Cause> {
        self.shared.tasks.wait_async().await;
        self.shared.finish()
    }
}
