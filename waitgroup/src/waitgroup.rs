//! [`WaitGroup`] in one word.
//!
//! | bits | meaning | who changes them |
//! | --- | --- | --- |
//! | 0 `WAITERS` | a thread sleeps, or is about to, until the count is zero | set by a wait; cleared by the decrement to zero |
//! | 1 `PANICKED` | a task has panicked | set before that task's decrement; cleared by `clear_panicked` |
//! | 2 `TASKS` | somebody is in the line of async waiters (`wait_async.rs`), or was | set by such a wait; cleared by the decrement to zero |
//! | 3..31 | the count | `add`, `done`, tasks |
//!
//! Every change is a read-modify-write, so the decrements of one round form one release sequence: the load that finds
//! zero acquires all of them, not only the last (wg.all-dones-before-wait).
//!
//! No wake-up is lost: a waiter sets `WAITERS` in the value that it then sleeps on, so a decrement to zero either comes
//! first and changes that value, or sees the bit and wakes all. The bit is cleared nowhere else, and nobody wakes for a
//! decrement to another value. A waiter whose deadline passes goes away and leaves the bit, because it may be another's
//! too: at worst the round's last decrement wakes nobody.
//!
//! A waiter whose deadline has passed looks at the word once more: a decrement that came in time is not overlooked.
//!
//! The decrement to zero is the last access to the word: the wake-up goes by address, so the waiter may free the group.
//! (A reference promises its pointee for the length of a call only where there is no `UnsafeCell`; here all is one.)
//!
//! The count may be 2^29 - 1. A change that leads out of the range is refused before it is made, so nobody else ever sees
//! a count that is none: hence compare-exchange and not add.

use std::fmt;
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{Cpu, Futex, Waker, await_change, const_fn, deadline_after, has_passed, ord, step, waits};

use crate::error::WaitTimeoutError;

const WAITERS: u32 = 1;
const PANICKED: u32 = 2;
pub(crate) const TASKS: u32 = 4;
const ONE: u32 = 8;
const MAX: u32 = u32::MAX / ONE;

pub(crate) fn count(word: u32) -> u32 {
    word / ONE
}

/// Waits until a number of tasks are done: Go's `sync.WaitGroup`.
///
/// Four bytes, no allocation, `const`. [`add`](WaitGroup::add) before a task starts, [`done`](WaitGroup::done) when
/// it ends, [`wait`](WaitGroup::wait) for all of them; or [`go`](WaitGroup::go), which does the first two. Any number
/// of threads and tasks (`wait_async`, feature `async`) may wait, with or without a deadline. The group can be used
/// again once they have returned.
///
/// Every operation takes a constant number of steps of its own, and repeats a few of them when another thread has changed
/// the group in between; the last `done` wakes all waiters.
///
/// # Memory ordering
///
/// Every `done` happens before the return of a `wait` that finds its round finished, whether it blocked or not
/// (`wg.done-before-unblocked-wait`, `wg.all-dones-before-wait`, `wg.fast-wait`), and so does the return of a
/// function passed to `go` (`wg.go-return-before-unblocked-wait`). A wait with a deadline does the same if it is
/// `Ok`, and orders nothing otherwise (`gosync.wg-deadline`). `add` and `wait` release nothing, and two `done`s are
/// not ordered.
///
/// # Differences from Go
///
/// A task of `go` that panics counts as done, and `wait` panics, as `std::thread::scope` does; in Go the program
/// ends. Go also panics in some cases of `Add` concurrent with `Wait`, and of reuse before `Wait` has returned. These
/// are not detected here: a waiter that is late to see zero waits for the next round's zero. Go has no `Wait` with a
/// deadline.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use gosync_waitgroup::WaitGroup;
///
/// let wg = Arc::new(WaitGroup::new());
/// let sum = Arc::new(AtomicU32::new(0));
/// for n in 1..=3 {
///     let sum = Arc::clone(&sum);
///     wg.go(move || {
///         sum.fetch_add(n, Ordering::Relaxed);
///     });
/// }
/// wg.wait();
/// assert_eq!(sum.load(Ordering::Relaxed), 6);
/// ```
#[doc(alias = "sync.WaitGroup")]
pub struct WaitGroup {
    pub(crate) word: Futex,
}

impl WaitGroup {
    const_fn! {
        /// A group with nothing to wait for.
        #[must_use]
        pub const fn new() -> WaitGroup {
            WaitGroup { word: Futex::new(0) }
        }
    }

    /// Adds `delta`, which may be negative, to the count. Go: `wg.Add(delta)`.
    ///
    /// An addition from zero must happen before the `wait` that is to include it: add before the task starts, not in it.
    /// Never blocks.
    ///
    /// # Panics
    ///
    /// With Go's text if the count would become negative, and if it would exceed 2^29 - 1. The count is then
    /// unchanged. If it becomes zero, also if a waker panics, as in [`done`](WaitGroup::done).
    ///
    /// # Memory ordering
    ///
    /// A negative `delta` is that many [`done`](WaitGroup::done)s. A positive one orders nothing
    /// (`wg.add-and-wait-release-nothing`); it is up to the caller not to add too late (`wg.add-before-wait`).
    ///
    /// # Examples
    ///
    /// ```
    /// let wg = gosync_waitgroup::WaitGroup::new();
    /// wg.add(2);
    /// std::thread::scope(|scope| {
    ///     for _ in 0..2 {
    ///         scope.spawn(|| wg.done());
    ///     }
    ///     wg.wait();
    /// });
    /// ```
    #[track_caller]
    #[doc(alias = "Add")]
    pub fn add(&self, delta: isize) {
        let size = u32::try_from(delta.unsigned_abs()).ok().filter(|&n| n <= MAX);
        match size {
            Some(n) if delta < 0 => self.finish(n),
            Some(n) => self.begin(n),
            None if delta < 0 => negative(),
            None => overflow(),
        }
    }

    #[track_caller]
    fn begin(&self, n: u32) {
        // Relaxed: a guess that the exchange checks.
        let mut old = self.word.load(ord!("wg.add.look", Relaxed));
        loop {
            if count(old) + n > MAX {
                overflow();
            }
            // Relaxed: an addition orders nothing (wg.add-and-wait-release-nothing).
            let new = old + n * ONE;
            match self.word.compare_exchange(old, new, ord!("wg.add", Relaxed), ord!("wg.add.fail", Relaxed)) {
                Ok(_) => return,
                Err(now) => old = now,
            }
        }
    }

    /// Subtracts one from the count. Go: `wg.Done()`.
    ///
    /// Never blocks. The call that makes the count zero wakes the waiters, and does not touch the group after that: a
    /// waiter may free it.
    ///
    /// # Panics
    ///
    /// With Go's text if the count is zero. It stays zero. A panic of a waiting task's waker is raised here, after
    /// all other wakers were called.
    ///
    /// # Memory ordering
    ///
    /// Everything before it happens before the return of a wait that finds the round finished
    /// (`wg.done-before-unblocked-wait`, `wg.all-dones-before-wait`, `wg.fast-wait`). Two `done`s are not ordered
    /// (`wg.dones-mutually-unordered`).
    ///
    /// # Examples
    ///
    /// ```
    /// let wg = gosync_waitgroup::WaitGroup::new();
    /// wg.add(1);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| wg.done());
    ///     wg.wait();
    /// });
    /// ```
    #[inline]
    #[track_caller]
    #[doc(alias = "Done")]
    pub fn done(&self) {
        self.finish(1);
    }

    #[inline]
    #[track_caller]
    fn finish(&self, n: u32) {
        if !self.try_finish(n) {
            negative();
        }
    }

    /// Takes `n`, which is not 0, from the count; `false`, and nothing else, if there are fewer.
    #[inline]
    pub(crate) fn try_finish(&self, n: u32) -> bool {
        let waker = self.word.waker();
        // Relaxed: a guess that the exchange checks.
        let mut old = self.word.load(ord!("wg.done.look", Relaxed));
        loop {
            if count(old) < n {
                return false;
            }
            let last = count(old) == n;
            let new = if last { old & PANICKED } else { old - n * ONE };
            let order = if last {
                // Release: pairs with the Acquire of the wait that finds zero.
                ord!("wg.done.last", Release)
            } else {
                // Release: pairs with the same Acquire, through the exchanges that follow.
                ord!("wg.done.early", Release)
            };
            match self.word.compare_exchange(old, new, order, ord!("wg.done.fail", Relaxed)) {
                Ok(_) if last => break,
                Ok(_) => return true,
                Err(now) => old = now,
            }
        }
        // From here on the group may be gone.
        if old & (WAITERS | TASKS) != 0 {
            wake(old, waker);
        }
        true
    }

    /// Blocks until the count is zero; returns at once if it is. Go: `wg.Wait()`.
    ///
    /// It spins for a few microseconds if that has paid off lately, and then sleeps.
    ///
    /// # Panics
    ///
    /// If a task of [`go`](WaitGroup::go) has panicked, in this round or before; once the count is zero. See
    /// [`clear_panicked`](WaitGroup::clear_panicked).
    ///
    /// # Memory ordering
    ///
    /// See [`WaitGroup`](WaitGroup#memory-ordering). It releases nothing (`wg.add-and-wait-release-nothing`).
    ///
    /// # Examples
    ///
    /// ```
    /// let wg = std::sync::Arc::new(gosync_waitgroup::WaitGroup::new());
    /// wg.go(|| println!("working"));
    /// wg.wait();
    /// ```
    #[track_caller]
    #[doc(alias = "Wait")]
    pub fn wait(&self) {
        waits!("waits for a WaitGroup");
        let outcome = self.wait_until(None);
        debug_assert!(outcome.is_ok(), "without a deadline it ends at zero only");
    }

    /// Like [`wait`](WaitGroup::wait), but lets the task wait: `wg.wait_async().await`. Feature `async`. Go: `wg.Wait()`.
    ///
    /// Works on any executor; tasks and threads may wait for one group at the same time. A waiting task does not
    /// spin. As with a thread, one that is late to see zero waits for the next round's zero.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any time, without an effect on others. One that is leaked (`mem::forget`) while
    /// it waits leaks its waker, and does no other harm.
    ///
    /// # Panics
    ///
    /// The future panics where [`wait`](WaitGroup::wait) would, and if it is polled after completion. A waker's panic
    /// is raised by the [`done`](WaitGroup::done) that called it, after all other wakers were called.
    ///
    /// # Memory ordering
    ///
    /// A completed future orders as the return of `wait` does; one that is dropped before completion orders nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let wg = gosync_waitgroup::WaitGroup::new();
    /// // As an executor does it.
    /// let mut context = Context::from_waker(Waker::noop());
    /// wg.add(1);
    /// let mut waiter = pin!(wg.wait_async());
    /// assert!(waiter.as_mut().poll(&mut context).is_pending());
    /// wg.done();
    /// assert_eq!(waiter.as_mut().poll(&mut context), Poll::Ready(()));
    /// ```
    #[cfg(feature = "async")]
    #[doc(alias = "Wait")]
    pub fn wait_async(&self) -> crate::WaitAsync<'_> {
        crate::WaitAsync::new(self)
    }

    /// Like [`wait`](WaitGroup::wait), but blocks for at most `timeout`. Even with an expired timeout it is `Ok` if
    /// the count is zero; one too long for the clock never expires. In Go this takes a `Wait` in another goroutine,
    /// and a `select`.
    ///
    /// # Errors
    ///
    /// If the count was not zero in time. The tasks continue and stay counted; you can wait again.
    ///
    /// # Panics
    ///
    /// Like [`wait`](WaitGroup::wait), once the count is zero.
    ///
    /// # Memory ordering
    ///
    /// `Ok` orders as the return of `wait` does; an error orders nothing (`gosync.wg-deadline`).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gosync_waitgroup::{WaitGroup, WaitTimeoutError};
    ///
    /// let wg = WaitGroup::new();
    /// wg.add(1);
    /// assert_eq!(wg.wait_timeout(Duration::from_millis(1)), Err(WaitTimeoutError));
    /// wg.done();
    /// assert_eq!(wg.wait_timeout(Duration::ZERO), Ok(()));
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitTimeoutError> {
        waits!("waits for a WaitGroup");
        self.wait_until(deadline_after(timeout))
    }

    /// Like [`wait_timeout`](WaitGroup::wait_timeout), with an instant.
    ///
    /// # Errors
    ///
    /// Same as [`wait_timeout`](WaitGroup::wait_timeout).
    ///
    /// # Panics
    ///
    /// Like [`wait`](WaitGroup::wait), once the count is zero.
    ///
    /// # Memory ordering
    ///
    /// Same as [`wait_timeout`](WaitGroup::wait_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::{Duration, Instant};
    ///
    /// use gosync_waitgroup::WaitGroup;
    ///
    /// let (a, b) = (Arc::new(WaitGroup::new()), Arc::new(WaitGroup::new()));
    /// a.go(|| println!("working"));
    /// b.go(|| println!("working too"));
    /// // Both by the same time.
    /// let deadline = Instant::now() + Duration::from_secs(60);
    /// a.wait_deadline(deadline)?;
    /// b.wait_deadline(deadline)?;
    /// # Ok::<(), gosync_waitgroup::WaitTimeoutError>(())
    /// ```
    #[track_caller]
    pub fn wait_deadline(&self, deadline: Instant) -> Result<(), WaitTimeoutError> {
        waits!("waits for a WaitGroup");
        self.wait_until(Some(deadline))
    }

    #[inline]
    #[track_caller]
    fn wait_until(&self, deadline: Option<Instant>) -> Result<(), WaitTimeoutError> {
        // Acquire: pairs with the Release of every `done` of the round.
        let mut word = self.word.load(ord!("wg.wait", Acquire));
        if count(word) != 0 {
            word = self.wait_slow(word, deadline);
        }
        if count(word) != 0 {
            return Err(WaitTimeoutError);
        }
        report(word);
        Ok(())
    }

    /// Blocks until the count is zero or the deadline has passed; the word that was seen last.
    #[cold]
    fn wait_slow(&self, pending: u32, deadline: Option<Instant>) -> u32 {
        let mut late = has_passed(deadline);
        if !late {
            await_change(&self.word, pending, Cpu::UNKNOWN);
        }
        loop {
            // Acquire: as in `wait_until`.
            let word = self.word.load(ord!("wg.wait-again", Acquire));
            if count(word) == 0 || late {
                return word;
            }
            let marked = word | WAITERS;
            // Relaxed on success: the bit publishes nothing. Relaxed on failure: the load above looks again.
            let set = step!(
                "wg.mark",
                self.word.compare_exchange(word, marked, ord!("wg.mark.ok", Relaxed), ord!("wg.mark.fail", Relaxed)),
                else Ok(word)
            );
            if set.is_ok() {
                late = !self.word.wait_until(marked, deadline);
            }
        }
    }

    /// Notes that a task has panicked, for every wait that finds the count at zero from now on.
    pub(crate) fn note_panic(&self) {
        // Relaxed: whoever sees the decrement that follows, on the same word, sees this too.
        self.word.fetch_or(PANICKED, ord!("wg.panicked", Relaxed));
    }

    /// Forgets that tasks have panicked, and returns whether any had. Not in Go, where the process has ended.
    ///
    /// Never blocks. It orders nothing: the `wait` that panicked has done that.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    /// use std::sync::Arc;
    ///
    /// use gosync_waitgroup::WaitGroup;
    ///
    /// let wg = Arc::new(WaitGroup::new());
    /// wg.go(|| panic!("a task that fails"));
    /// assert!(catch_unwind(AssertUnwindSafe(|| wg.wait())).is_err());
    /// assert!(wg.clear_panicked());
    /// wg.wait();
    /// ```
    pub fn clear_panicked(&self) -> bool {
        // Relaxed: the bit is a note, not a message.
        self.word.fetch_and(!PANICKED, ord!("wg.clear-panicked", Relaxed)) & PANICKED != 0
    }
}

/// Wakes who waited, after the count has become zero; `old` is the word before that. The group may be gone.
#[inline]
fn wake(old: u32, waker: Waker) {
    #[cfg(feature = "async")]
    if old & TASKS != 0 {
        // Threads first: the wakers of tasks are other people's code.
        let line = waker.second_queue(crate::LINES);
        if old & WAITERS != 0 {
            step!("wg.wake-beside-tasks", waker.wake_all());
        }
        return crate::wait_async::wake_tasks(&line);
    }
    debug_assert!(old & WAITERS != 0, "nobody waits");
    step!("wg.wake", waker.wake_all());
}

/// Panics if this is the word of a group with a task that panicked.
#[inline]
#[track_caller]
pub(crate) fn report(word: u32) {
    if word & PANICKED != 0 {
        panic!("a task of this WaitGroup panicked");
    }
}

#[cold]
#[track_caller]
fn overflow() -> ! {
    panic!("sync: WaitGroup counter overflow");
}

#[cold]
#[track_caller]
pub(crate) fn negative() -> ! {
    panic!("sync: negative WaitGroup counter");
}

impl Default for WaitGroup {
    fn default() -> WaitGroup {
        WaitGroup::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a number that may change at any time.
        let word = self.word.load(ord!("wg.debug", Relaxed));
        f.debug_struct("WaitGroup").field("count", &count(word)).field("panicked", &(word & PANICKED != 0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    use super::*;

    fn panic_text(f: impl FnOnce()) -> String {
        let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        payload.downcast::<&str>().map_or_else(|p| *p.downcast::<String>().unwrap(), |s| s.to_string())
    }

    #[test]
    fn misuse_panics_and_changes_nothing() {
        let wg = WaitGroup::new();
        assert_eq!(panic_text(|| wg.done()), "sync: negative WaitGroup counter");
        assert_eq!(panic_text(|| wg.add(-5)), "sync: negative WaitGroup counter");
        assert_eq!(panic_text(|| wg.add(isize::MIN)), "sync: negative WaitGroup counter");
        wg.wait();
        wg.add(MAX as isize);
        assert_eq!(panic_text(|| wg.add(1)), "sync: WaitGroup counter overflow");
        assert_eq!(panic_text(|| wg.add(isize::MAX)), "sync: WaitGroup counter overflow");
        wg.add(-(MAX as isize));
        wg.wait();
    }

    #[test]
    fn misuse_in_one_thread_is_not_felt_in_another() {
        let wg = WaitGroup::new();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                for _ in 0..20_000 {
                    wg.add(1);
                    wg.done();
                }
            });
            let hook = std::panic::take_hook();
            std::panic::set_hook(Box::new(|_| ()));
            while !other.is_finished() {
                let _ = catch_unwind(|| wg.add(-5));
            }
            std::panic::set_hook(hook);
            other.join().expect("an add or done that was right has panicked");
        });
        wg.wait();
    }

    #[test]
    fn a_task_that_panics_is_done_and_reported_until_cleared() {
        let wg = Arc::new(WaitGroup::new());
        wg.go(|| {});
        wg.go(|| panic!("expected by this test"));
        for _ in 0..2 {
            assert_eq!(panic_text(|| wg.wait()), "a task of this WaitGroup panicked");
        }
        assert!(wg.clear_panicked());
        assert!(!wg.clear_panicked());
        wg.wait();
        assert_eq!(size_of::<WaitGroup>(), 4);
    }
}
