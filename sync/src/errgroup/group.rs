//! [`Group`].

use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::thread::Scope;
use std::{fmt, io};

use gosync_atomic::__sys::{Arc, inherit, thread};

use super::TaskResult;
use super::state::{Job, Shared, Slot, Task};
use crate::context::{Cause, Context};

/// A group of tasks that share the first error. Go: `errgroup.Group`.
///
/// A task is a thread ([`go`](Group::go)) or a future (`task`, feature `async`). It returns a [`TaskResult`], so it
/// can use `?` on errors of any type; the group keeps the first error. Clones are the same group.
///
/// A task's panic ends its thread, and [`wait`](Group::wait) resumes it. In Go it ends the process.
///
/// # Memory ordering
///
/// A call of [`go`](Group::go) happens before the start of its function (`errgroup.go-before-f`), and the return of
/// each function before the return of the [`wait`](Group::wait) that has waited for it (`errgroup.f-before-wait`).
/// With a limit of n, the end of a task happens before the start of the task that takes over its slot
/// (`gosync.errgroup-limit`): with a limit of 1, tasks are totally ordered. What a failing task did happens before
/// the context is seen to be done (`ctx.cancel-before-done`).
///
/// # Examples
///
/// ```
/// use gosync::context::Context;
/// use gosync::errgroup::Group;
/// use gosync::select;
///
/// let (group, ctx) = Group::with_context(&Context::background());
/// group.go(|| {
///     let number: u32 = "12x".parse()?;
///     println!("{number}");
///     Ok(())
/// });
/// group.go(move || {
///     // Something that takes long.
///     select! { recv(ctx.done()) -> _ => Ok(()) }
/// });
/// let error = group.wait().unwrap_err();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// ```
#[derive(Clone)]
#[must_use = "tasks are waited for by `wait`"]
pub struct Group {
    pub(super) shared: Arc<Shared>,
}

// What a panic leaves behind is the task's affair, and is raised again.
impl UnwindSafe for Group {}
impl RefUnwindSafe for Group {}

impl Group {
    /// A group without a limit and without a context. Go: `new(errgroup.Group)`.
    pub fn new() -> Group {
        Group { shared: Shared::new(None) }
    }

    /// A group with a context, derived from this one: it is cancelled when the first task fails, with that error as its cause; when
    /// a task panics; and when [`wait`](Group::wait) returns, or the group is dropped and its tasks are done. Go:
    /// `errgroup.WithContext(ctx)`.
    #[doc(alias = "WithContext")]
    pub fn with_context(context: &Context) -> (Group, Context) {
        let (context, cancel) = context.with_cancel_cause();
        (Group { shared: Shared::new(Some(cancel)) }, context)
    }

    /// Runs `f` on a new thread; blocks while the limit is reached. Go: `g.Go(f)`.
    ///
    /// What `f` owns is dropped before the task is done.
    ///
    /// # Panics
    ///
    /// If no thread can be started, or if there are 2^29 - 1 unfinished tasks (`sync: WaitGroup counter overflow`).
    /// Then `f` is dropped without a call, and not counted.
    ///
    /// # Memory ordering
    ///
    /// See [`Group`](Group#memory-ordering).
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn go<F: FnOnce() -> TaskResult + Send + 'static>(&self, f: F) {
        let slot = self.wait_for_slot();
        self.start(f, slot, |job| thread::Builder::new().spawn(inherit(|| job.run())).map(drop));
    }

    /// Like [`go`](Group::go), on a thread of a [`std::thread::scope`]: `f` may borrow.
    ///
    /// # Panics
    ///
    /// Same as [`go`](Group::go).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// use gosync::errgroup::Group;
    ///
    /// let (group, numbers) = (Group::new(), ["1", "2", "x"]);
    /// let error = thread::scope(|scope| {
    ///     for text in &numbers {
    ///         group.go_scoped(scope, move || Ok(text.parse::<u32>().map(drop)?));
    ///     }
    ///     group.wait().unwrap_err()
    /// });
    /// assert_eq!(error.to_string(), "invalid digit found in string");
    /// ```
    #[track_caller]
    pub fn go_scoped<'scope, 'env, F>(&self, scope: &'scope Scope<'scope, 'env>, f: F)
    where
        F: FnOnce() -> TaskResult + Send + 'scope,
    {
        let slot = self.wait_for_slot();
        // std's threads, in a model too: loom has no scopes.
        self.start(f, slot, |job| std::thread::Builder::new().spawn_scoped(scope, inherit(|| job.run())).map(drop));
    }

    /// Like [`go`](Group::go), if that is possible without blocking. Go: `g.TryGo(f)`.
    ///
    /// # Errors
    ///
    /// If the limit is reached; the error contains `f`.
    ///
    /// # Panics
    ///
    /// Same as [`go`](Group::go).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::errgroup::Group;
    ///
    /// let group = Group::new();
    /// group.set_limit(0);
    /// assert!(group.try_go(|| Ok(())).is_err());
    /// ```
    #[track_caller]
    #[doc(alias = "TryGo")]
    pub fn try_go<F: FnOnce() -> TaskResult + Send + 'static>(&self, f: F) -> Result<(), F> {
        let slot = self.shared.slot();
        match &slot {
            Slot::Wait(free) if free.try_recv().is_err() => return Err(f),
            _ => self.start(f, slot, |job| thread::Builder::new().spawn(inherit(|| job.run())).map(drop)),
        }
        Ok(())
    }

    fn wait_for_slot(&self) -> Slot {
        let slot = self.shared.slot();
        if let Slot::Wait(free) = &slot {
            // Nobody closes this channel.
            let _ = free.recv();
        }
        slot
    }

    /// Starts a task that has its slot. `spawn` runs it or drops it.
    #[track_caller]
    fn start<F: FnOnce() -> TaskResult>(&self, f: F, slot: Slot, spawn: impl FnOnce(Job<F>) -> io::Result<()>) {
        let mut task = Task::new(&self.shared);
        task.start(slot);
        let job = Job { work: f, task };
        if let Err(error) = spawn(job) {
            panic!("failed to start a thread: {error}");
        }
    }

    /// Limits the number of tasks that run at a time; `None`, the initial state, is no limit. With 0, no task can
    /// start. Go: `g.SetLimit(n)`.
    ///
    /// # Panics
    ///
    /// With Go's text if tasks are running; then the limit stays. A blocked `go` keeps to the old limit.
    ///
    /// # Examples
    ///
    /// ```
    /// let group = gosync::errgroup::Group::new();
    /// group.set_limit(2);
    /// for n in 0..10 {
    ///     group.go(move || Ok(println!("task {n}, beside one other at most")));
    /// }
    /// group.wait().unwrap();
    /// group.set_limit(None);
    /// ```
    #[track_caller]
    #[doc(alias = "SetLimit")]
    pub fn set_limit(&self, limit: impl Into<Option<usize>>) {
        if let Err(n) = self.shared.set_limit(limit.into()) {
            panic!("errgroup: modify limit while {n} goroutines in the group are still active");
        }
    }

    /// Blocks until all tasks are done, then cancels the context. Go: `g.Wait()`.
    ///
    /// While this waits, only tasks of the group may add tasks. It can be called again, also after further tasks; the
    /// first error is kept.
    ///
    /// # Errors
    ///
    /// The first that a task returned.
    ///
    /// # Panics
    ///
    /// If a task panicked. The first call resumes the first such panic; later calls panic with a message about it.
    ///
    /// # Memory ordering
    ///
    /// See [`Group`](Group#memory-ordering).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// use gosync::errgroup::Group;
    ///
    /// let group = Group::new();
    /// group.go(|| Err(io::Error::other("no such thing").into()));
    /// let error = group.wait().unwrap_err();
    /// assert!(error.downcast_ref::<io::Error>().is_some());
    /// ```
    #[track_caller]
    #[doc(alias = "Wait")]
    pub fn wait(&self) -> Result<(), Cause> {
        self.shared.tasks.wait();
        self.shared.finish()
    }
}

impl<F: FnOnce() -> TaskResult> Job<F> {
    fn run(self) {
        let Job { work, task } = self;
        // The closure is gone after a panic, so nothing of it can be seen half changed.
        task.group.note(catch_unwind(AssertUnwindSafe(work)));
    }
}

impl Default for Group {
    fn default() -> Group {
        Group::new()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("active", &self.shared.active()).finish_non_exhaustive()
    }
}
