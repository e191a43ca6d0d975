//! Tasks: functions that run on threads of their own and are counted until they end. (Futures are in `task_async.rs`.)
//!
//! A [`Job`] is a function together with the [`Task`] that stands for its place in the count. However a job ends, its
//! function and all that it owns go first and the task last:
//!
//! | how | what happens |
//! | --- | --- |
//! | the function returns | its values were dropped in it; done |
//! | it panics, also in the drop of one of its values | noted, the payload dropped, done: no panic leaves the thread |
//! | no thread starts | the job is dropped unrun: its values, then done; `go` panics |
//! | the same, and the drop of a value panics | done all the same; `go` passes that panic on |
//! | somebody has called `done` too often | noted; Go's panic, on the task's thread |
//!
//! The decrement is a task's last access to the group, as it is for any other `done`. A handle (`Arc`, `&'static` or
//! `&'scope`) keeps the group alive until then; after a wrong `done` too, which is why that is no hole.

use std::any::Any;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::Scope;
use std::{io, mem};

use gosync_atomic::__sys::{inherit, step, thread};

use crate::waitgroup::{WaitGroup, negative};

impl WaitGroup {
    /// Counts a task, runs `f` on a new thread, and counts the task as done when `f` returns or panics. Go:
    /// `wg.Go(f)`.
    ///
    /// What `f` owns is dropped before the task is done; thread-local values of its thread are dropped later.
    ///
    /// See [`go_static`](WaitGroup::go_static) for a group in a `static`, and [`go_scoped`](WaitGroup::go_scoped) for one
    /// on the stack and tasks that borrow.
    ///
    /// # Panics
    ///
    /// If no thread can be started, or if the count would exceed 2^29 - 1. Then the task is not counted, and `f` is
    /// dropped without a call.
    ///
    /// A panic of `f` ends its thread, and every [`wait`](WaitGroup::wait) reports it.
    ///
    /// # Memory ordering
    ///
    /// The call happens before the start of `f` (`go.stmt-before-start`), and the return or panic of `f` before the return
    /// of a `wait` that finds the round finished (`wg.go-return-before-unblocked-wait`).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gosync_waitgroup::WaitGroup;
    ///
    /// let wg = Arc::new(WaitGroup::new());
    /// for n in 0..3 {
    ///     wg.go(move || println!("task {n}"));
    /// }
    /// wg.wait();
    /// ```
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn go<F: FnOnce() + Send + 'static>(self: &Arc<Self>, f: F) {
        start(Arc::clone(self), f, |job| thread::Builder::new().spawn(inherit(|| job.run())).map(drop));
    }

    /// Like [`go`](WaitGroup::go), for a group in a `static`. Go: `wg.Go(f)` on a global.
    ///
    /// # Panics
    ///
    /// Same as [`go`](WaitGroup::go).
    ///
    /// # Memory ordering
    ///
    /// Same as [`go`](WaitGroup::go).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync_waitgroup::WaitGroup;
    ///
    /// static TASKS: WaitGroup = WaitGroup::new();
    /// TASKS.go_static(|| println!("working"));
    /// TASKS.wait();
    /// ```
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn go_static<F: FnOnce() + Send + 'static>(&'static self, f: F) {
        start(self, f, |job| thread::Builder::new().spawn(inherit(|| job.run())).map(drop));
    }

    /// Like [`go`](WaitGroup::go), on a thread of a [`std::thread::scope`]: the group may be on the stack, and `f` may borrow.
    ///
    /// Declare the group outside the scope. The scope waits for all its threads, but only at its end; with the group
    /// you can wait inside the scope, for some of the threads, several times, and with a deadline.
    ///
    /// # Panics
    ///
    /// Like [`go`](WaitGroup::go). `wait` reports a panic of `f`, and the scope does not report it again: if nobody
    /// waits, only the panic hook sees it.
    ///
    /// # Memory ordering
    ///
    /// Same as [`go`](WaitGroup::go).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::thread;
    ///
    /// use gosync_waitgroup::WaitGroup;
    ///
    /// let (wg, numbers, sum) = (WaitGroup::new(), [1, 2, 3, 4], AtomicU32::new(0));
    /// thread::scope(|scope| {
    ///     for half in numbers.chunks(2) {
    ///         let sum = &sum;
    ///         wg.go_scoped(scope, move || {
    ///             sum.fetch_add(half.iter().sum(), Ordering::Relaxed);
    ///         });
    ///     }
    ///     wg.wait();
    ///     assert_eq!(sum.load(Ordering::Relaxed), 10);
    /// });
    /// ```
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn go_scoped<'scope, 'env, F>(&'scope self, scope: &'scope Scope<'scope, 'env>, f: F)
    where
        F: FnOnce() + Send + 'scope,
    {
        // std's threads, in a model too: loom has no scopes.
        start(self, f, |job| std::thread::Builder::new().spawn_scoped(scope, inherit(|| job.run())).map(drop));
    }
}

/// Counts the job and has it started. `spawn` runs it or drops it.
#[track_caller]
fn start<G, F>(group: G, f: F, spawn: impl FnOnce(Job<G, F>) -> io::Result<()>)
where
    G: Deref<Target = WaitGroup>,
    F: FnOnce(),
{
    group.add(1);
    if let Err(error) = spawn(Job { f, task: Task(group) }) {
        panic!("failed to start a thread: {error}");
    }
}

/// A function and its place in the count. Dropped in the order of the fields.
pub(crate) struct Job<G: Deref<Target = WaitGroup>, F> {
    pub(crate) f: F,
    pub(crate) task: Task<G>,
}

impl<G: Deref<Target = WaitGroup>, F: FnOnce()> Job<G, F> {
    fn run(self) {
        let Job { f, task } = self;
        // The closure is gone after a panic, so nothing of it can be seen half changed.
        task.note(catch_unwind(AssertUnwindSafe(f)));
    }
}

/// Drops a payload, and lets no panic of that drop out.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Somewhere this must end.
        mem::forget(another);
    }
}

/// Counts its task as done when dropped.
pub(crate) struct Task<G: Deref<Target = WaitGroup>>(pub(crate) G);

impl<G: Deref<Target = WaitGroup>> Task<G> {
    /// What came of it.
    pub(crate) fn note(&self, outcome: std::thread::Result<()>) {
        if let Err(payload) = outcome {
            step!("wg.note-panic", self.0.note_panic());
            discard(payload);
        }
    }
}

impl<G: Deref<Target = WaitGroup>> Drop for Task<G> {
    fn drop(&mut self) {
        if !self.0.try_finish(1) {
            // A waiter was let go too soon, so the next one must hear of it.
            self.0.note_panic();
            // A second panic during a first would abort the process.
            if !thread::panicking() {
                negative();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn panic_text(f: impl FnOnce()) -> String {
        let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| s.to_string())
    }

    struct OnDrop<F: FnMut()>(F);

    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    /// Starts a task that owns `owned` on a machine without threads.
    fn start_in_vain<T>(wg: &WaitGroup, owned: T) {
        let f = || {
            let _owned = owned;
            unreachable!("there are no threads");
        };
        start(wg, f, |_job| Err(io::Error::other("no threads")));
    }

    #[test]
    fn a_task_without_a_thread_is_dropped_and_then_no_longer_counted() {
        let (wg, seen) = (WaitGroup::new(), Cell::new(String::new()));
        wg.add(1);
        let owned = OnDrop(|| seen.set(format!("{wg:?}")));
        assert_eq!(panic_text(|| start_in_vain(&wg, owned)), "failed to start a thread: no threads");
        assert_eq!(seen.take(), "WaitGroup { count: 2, panicked: false }");
        assert_eq!(format!("{wg:?}"), "WaitGroup { count: 1, panicked: false }");
        wg.done();
        wg.wait();
    }

    #[test]
    fn a_drop_that_panics_where_no_thread_starts_is_passed_on() {
        let (wg, dropped) = (WaitGroup::new(), Cell::new(false));
        let owned = (OnDrop(|| panic!("expected by this test")), OnDrop(|| dropped.set(true)));
        assert_eq!(panic_text(|| start_in_vain(&wg, owned)), "expected by this test");
        assert!(dropped.get());
        wg.wait();
        // And with a wrong `done` on top: two panics at a time would abort.
        let owned = OnDrop(|| {
            wg.done();
            panic!("expected by this test");
        });
        assert_eq!(panic_text(|| start_in_vain(&wg, owned)), "expected by this test");
        assert!(wg.clear_panicked(), "the wrong `done` is reported");
        wg.wait();
    }

    #[test]
    fn no_panic_leaves_a_job_but_that_of_a_wrong_done() {
        let wg = WaitGroup::new();
        let start_here = |f: &dyn Fn()| start(&wg, f, |job| catch(|| job.run()));
        fn catch(f: impl FnOnce()) -> io::Result<()> {
            catch_unwind(AssertUnwindSafe(f)).map_err(|_| io::Error::other("a panic came out"))
        }
        let bomb = |n: u32| {
            fn arm(n: u32) -> Box<dyn Any + Send> {
                Box::new(OnDrop(move || {
                    if n > 0 {
                        std::panic::resume_unwind(arm(n - 1))
                    }
                }))
            }
            std::panic::resume_unwind(arm(n))
        };
        // Payloads whose drop panics, with a payload whose drop panics.
        for n in 0..3 {
            start_here(&|| bomb(n));
            assert!(wg.clear_panicked());
        }
        start_here(&|| drop(OnDrop(|| panic!("expected by this test"))));
        assert!(wg.clear_panicked());
        start_here(&|| ());
        assert!(!wg.clear_panicked());
        assert!(panic_text(|| start_here(&|| wg.done())).contains("a panic came out"));
        assert_eq!(format!("{wg:?}"), "WaitGroup { count: 0, panicked: true }");
    }
}
