//! [`WaitGroup`] in one word.
//!
//! | bits | meaning | who changes them |
//! | --- | --- | --- |
//! | 0 `WAITERS` | somebody sleeps, or is about to, until the count is zero | set by `wait`; cleared by a `wait` that finds zero |
//! | 1 `PANICKED` | a task has panicked | set before that task's decrement; cleared by `clear_panicked` |
//! | 2..31 | the count | `add`, `done`, `go` |
//!
//! Every change is a read-modify-write, so the decrements of one round form one release sequence: the load that finds
//! zero acquires all of them, not only the last (wg.all-dones-before-wait).
//!
//! No wake-up is lost: a waiter sets `WAITERS` in the value that it then sleeps on, so a decrement to zero either comes
//! first and changes that value, or sees the bit and wakes. Nobody wakes for a decrement to another value. A bit that is
//! left over from an earlier round costs one useless wake-up.
//!
//! The decrement to zero is the last access to the word: the wake-up goes by address, so the waiter may free the group.
//!
//! The count may be 2^29 - 1. A change that leads out of the range is refused before it is made, so nobody else ever sees
//! a count that is none: hence compare-exchange and not add.

use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use gosync_atomic::__sys::{Cpu, Futex, await_change, const_fn, ord, step, thread};

const WAITERS: u32 = 1;
const PANICKED: u32 = 2;
const ONE: u32 = 4;
const MAX: u32 = (1 << 29) - 1;

fn count(word: u32) -> u32 {
    word / ONE
}

/// Waits until a number of tasks are done: Go's `sync.WaitGroup`.
///
/// Four bytes, no allocation, `const`. [`add`](WaitGroup::add) before a task starts, [`done`](WaitGroup::done) when it
/// ends, [`wait`](WaitGroup::wait) for all of them; or [`go`](WaitGroup::go), which does the first two. Any number of
/// threads may wait, and the group can be used again once they have returned.
///
/// # Memory ordering
///
/// Every `done` happens before the return of a `wait` that finds its round finished, whether it blocked or not
/// (`wg.done-before-unblocked-wait`, `wg.all-dones-before-wait`, `wg.fast-wait`), and so does the return of a function
/// passed to `go` (`wg.go-return-before-unblocked-wait`). `add` and `wait` release nothing, and two `done`s are not ordered.
///
/// # Differences from Go
///
/// A task of `go` that panics is counted as done, and `wait` panics, as `std::thread::scope` does; in Go the program
/// dies. Go also panics in some cases of `Add` concurrent with `Wait`, and of reuse before `Wait` has returned; here a
/// waiter that is late to see zero waits for the next round's zero.
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
    word: Futex,
}

impl WaitGroup {
    const_fn! {
        /// A group with nothing to wait for.
        #[must_use]
        pub const fn new() -> WaitGroup {
            WaitGroup { word: Futex::new(0) }
        }
    }

    /// Counts `delta` more tasks, or, if negative, that many less. Go: `wg.Add(delta)`.
    ///
    /// An addition from zero must happen before the `wait` that is to include it: add before the task starts, not in it.
    ///
    /// # Panics
    ///
    /// With Go's text if the count would become negative, and if it would exceed 2^29 - 1. The count is then unchanged.
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

    /// Counts one task less. Go: `wg.Done()`.
    ///
    /// # Panics
    ///
    /// With Go's text if the count is zero. It stays zero.
    #[inline]
    #[track_caller]
    #[doc(alias = "Done")]
    pub fn done(&self) {
        self.finish(1);
    }

    #[inline]
    #[track_caller]
    fn finish(&self, n: u32) {
        let waker = self.word.waker();
        // Relaxed: a guess that the exchange checks.
        let mut old = self.word.load(ord!("wg.done.look", Relaxed));
        loop {
            if count(old) < n {
                negative();
            }
            // Release: pairs with the Acquire in `wait`, for every decrement of the round; the chain of exchanges holds.
            let new = old - n * ONE;
            match self.word.compare_exchange(old, new, ord!("wg.done", Release), ord!("wg.done.fail", Relaxed)) {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
        // From here on the group may be gone.
        if count(old) == n && old & WAITERS != 0 {
            step!("wg.wake", waker.wake_all());
        }
    }

    /// Blocks until the count is zero; returns at once if it is. Go: `wg.Wait()`.
    ///
    /// # Panics
    ///
    /// If a task started by [`go`](WaitGroup::go) has panicked, this round or before, once the count is zero. See
    /// [`clear_panicked`](WaitGroup::clear_panicked).
    #[track_caller]
    #[doc(alias = "Wait")]
    pub fn wait(&self) {
        // Acquire: pairs with the Release of every `done` of the round.
        let mut word = self.word.load(ord!("wg.wait", Acquire));
        if count(word) != 0 {
            word = self.wait_slow(word);
        }
        if word & PANICKED != 0 {
            panic!("a task of this WaitGroup panicked");
        }
    }

    /// Blocks until the count is zero; the word that said so.
    #[cold]
    fn wait_slow(&self, mut word: u32) -> u32 {
        await_change(&self.word, word, Cpu::UNKNOWN);
        loop {
            if count(word) == 0 {
                if word & WAITERS != 0 {
                    // Relaxed: it saves the next round a useless wake-up, and may fail.
                    let _ = self.word.compare_exchange(
                        word,
                        word & !WAITERS,
                        ord!("wg.forget-waiters", Relaxed),
                        ord!("wg.forget-waiters.fail", Relaxed),
                    );
                }
                return word;
            }
            let marked = word | WAITERS;
            // Relaxed on success: the bit publishes nothing. Relaxed on failure: the load below looks again.
            let set = step!(
                "wg.mark",
                self.word.compare_exchange(word, marked, ord!("wg.mark.ok", Relaxed), ord!("wg.mark.fail", Relaxed)),
                else Ok(word)
            );
            if set.is_ok() {
                self.word.wait(marked);
            }
            // Acquire: as in `wait`.
            word = self.word.load(ord!("wg.wait-again", Acquire));
        }
    }

    /// Counts a task, runs it on a thread of its own, and counts it as done when it returns or panics. Go: `wg.Go(f)`.
    ///
    /// # Panics
    ///
    /// If no thread can be started, or if the count would exceed 2^29 - 1. The task is then not counted.
    #[track_caller]
    #[doc(alias = "Go")]
    pub fn go<F: FnOnce() + Send + 'static>(self: &Arc<Self>, f: F) {
        start(Arc::clone(self), f);
    }

    /// As [`go`](WaitGroup::go), for a group in a `static`.
    ///
    /// # Panics
    ///
    /// As [`go`](WaitGroup::go).
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
    pub fn go_static<F: FnOnce() + Send + 'static>(&'static self, f: F) {
        start(self, f);
    }

    /// Forgets that tasks have panicked; whether any had.
    pub fn clear_panicked(&self) -> bool {
        // Relaxed: the bit is a note, not a message.
        self.word.fetch_and(!PANICKED, ord!("wg.clear-panicked", Relaxed)) & PANICKED != 0
    }
}

#[track_caller]
fn start<G, F>(group: G, f: F)
where
    G: Deref<Target = WaitGroup> + Clone + Send + 'static,
    F: FnOnce() + Send + 'static,
{
    group.add(1);
    let task = Task(group.clone());
    let started = thread::Builder::new().spawn(move || {
        let task = task;
        // The closure is gone after a panic, so nothing of it can be seen half changed.
        let outcome = catch_unwind(AssertUnwindSafe(f));
        if outcome.is_err() {
            step!("wg.note-panic", task.note_panic());
        }
        // The payload is dropped here, before the task: should that panic too, the task is done all the same.
    });
    if let Err(error) = started {
        // The closure, and with it the task, was dropped unrun: it is not counted any more.
        panic!("failed to start a thread: {error}");
    }
}

/// Counts its task as done when dropped.
struct Task<G: Deref<Target = WaitGroup>>(G);

impl<G: Deref<Target = WaitGroup>> Task<G> {
    fn note_panic(&self) {
        // Relaxed: whoever sees the decrement that follows, on the same word, sees this too.
        self.0.word.fetch_or(PANICKED, ord!("wg.panicked", Relaxed));
    }
}

impl<G: Deref<Target = WaitGroup>> Drop for Task<G> {
    fn drop(&mut self) {
        self.0.done();
    }
}

#[cold]
#[track_caller]
fn overflow() -> ! {
    panic!("sync: WaitGroup counter overflow");
}

#[cold]
#[track_caller]
fn negative() -> ! {
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
