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
    /// A future as a task: what is returned has to be run, on any executor. Feature `async`. Go: `g.Go(f)`.
    ///
    /// It counts as a task from now on, until it is ready, or dropped. It first waits for the limit to allow it, as a task does.
    /// The group keeps its error. A panic of `future` stays in it, and is raised again by [`wait`](Group::wait) or
    /// [`wait_async`](Group::wait_async).
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time: it is done then, without an error. One that is forgotten is never done.
    ///
    /// # Panics
    ///
    /// If there are 2^29 - 1 tasks that are not done (`sync: WaitGroup counter overflow`), which takes forgotten ones. `future` is
    /// then dropped, and not counted.
    ///
    /// # Memory ordering
    ///
    /// As [`go`](Group::go).
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

    /// As [`wait`](Group::wait), for a task that is none of the group. Feature `async`.
    ///
    /// # Errors
    ///
    /// As [`wait`](Group::wait).
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time. The context is cancelled only when it is ready.
    ///
    /// # Panics
    ///
    /// The future panics where [`wait`](Group::wait) would.
    ///
    /// # Memory ordering
    ///
    /// As [`wait`](Group::wait).
    pub async fn wait_async(&self) -> Result<(), Cause> {
        self.shared.tasks.wait_async().await;
        self.shared.finish()
    }
}
