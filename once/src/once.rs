//! [`Once`] in one word.
//!
//! | word | meaning | who changes it to that |
//! | --- | --- | --- |
//! | 0 `DONE` | the function has returned or panicked | the thread that ran it |
//! | 1 `NEW` | it has not been started | |
//! | 2 `RUNNING` | it runs | the thread that runs it |
//! | 3 `AWAITED` | it runs, and somebody sleeps, or is about to, until it ends | a caller that waits |
//! | 4 `FAILED` | as `DONE`: the function of an `OnceValue` has panicked; never in a plain `Once` | the thread that ran it |
//!
//! Only one caller gets from `NEW` to `RUNNING`, so the function runs once. The word leaves `RUNNING` or `AWAITED` only
//! when [`Running`] is dropped, which a panic does too. `DONE` and `FAILED` are final, and are stored by one Release that
//! all other callers acquire before they return (once.f-return-before-any-do-return).
//!
//! No wake-up is lost: a waiter turns `RUNNING` into `AWAITED` and sleeps on that value, so the end either comes first and
//! the waiter sees it, or finds `AWAITED` and wakes. There are no other ways out of `AWAITED`, so all sleepers sleep on one
//! value and one wake-up is for all of them.
//!
//! The end is the last access to the word: the wake-up goes by address, so a caller that has returned may free the `Once`.

use std::fmt;

use gosync_atomic::__sys::{Cpu, Futex, Waker, await_change, const_fn, ord, step, undurable, waits};

use crate::frames::{self, Entry, Frame};

pub(crate) const DONE: u32 = 0;
pub(crate) const NEW: u32 = 1;
const RUNNING: u32 = 2;
const AWAITED: u32 = 3;
pub(crate) const FAILED: u32 = 4;

/// Runs one function once: Go's `sync.Once`.
///
/// Four bytes, no allocation, `const`. [`call_once`](Once::call_once) runs its function if no call has run one
/// before, waits if another thread is running one, and returns when it is done. For a value that is computed once,
/// see [`OnceValue`](crate::OnceValue).
///
/// As in Go, a function that panics counts as having run. Unlike [`std::sync::Once`], there is no poisoning.
///
/// # Memory ordering
///
/// The completion of the function happens before the return of every `call_once`, also of one with another function, and
/// of one that comes much later (`once.f-return-before-any-do-return`); a panic counts as a return
/// (`once.panic-counts-as-return`). It also happens before an [`is_completed`](Once::is_completed) that says `true`
/// (`gosync.once-completed`).
///
/// # Differences from Go
///
/// A function that calls its own `Once` deadlocks in Go, and panics here. [`is_completed`](Once::is_completed) does not
/// exist in Go.
///
/// # Examples
///
/// ```
/// use gosync_once::Once;
///
/// static SETUP: Once = Once::new();
/// let mut runs = 0;
/// for _ in 0..3 {
///     SETUP.call_once(|| runs += 1);
/// }
/// assert_eq!(runs, 1);
/// ```
#[doc(alias = "sync.Once")]
pub struct Once {
    word: Futex,
}

impl Once {
    const_fn! {
        /// A `Once` that has run no function. Go: `var once sync.Once`.
        #[must_use]
        pub const fn new() -> Once {
            Once { word: Futex::new(NEW) }
        }
    }

    /// Runs `f`, unless an earlier call has run its function; blocks while another thread does. Go: `once.Do(f)`.
    ///
    /// On return, one function has run to its end, that of this or another call. If it was `f`, what `f` owns was
    /// dropped before any other call returns.
    ///
    /// After that, a call costs one load and a comparison. A call that has to wait first searches the `Once`s whose
    /// functions its own thread is running.
    ///
    /// # Panics
    ///
    /// If `f` panics: the caller that ran it gets the panic, and later calls return without running anything.
    ///
    /// If called from inside the function that this same `Once` is running, on the same thread. That function can
    /// catch the panic and continue. A cycle through other threads is not detected: it deadlocks, as in Go.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::catch_unwind;
    ///
    /// use gosync_once::Once;
    ///
    /// static ONCE: Once = Once::new();
    /// assert!(catch_unwind(|| ONCE.call_once(|| panic!("at the first time"))).is_err());
    /// ONCE.call_once(|| unreachable!("it counts as done"));
    /// ```
    #[inline]
    #[track_caller]
    #[doc(alias = "Do")]
    pub fn call_once(&self, f: impl FnOnce()) {
        if !self.is_completed() {
            self.call_first(f);
        }
    }

    /// Like [`call_once`](Once::call_once) when it seems to be the first; out of line, so that other calls stay small.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn call_first(&self, f: impl FnOnce()) {
        self.run(|| {
            f();
            DONE
        });
    }

    /// Whether a function has run to its end. Never blocks; one load.
    ///
    /// # Memory ordering
    ///
    /// The completion of the function happens before a call that says `true` (`gosync.once-completed`).
    ///
    /// # Examples
    ///
    /// ```
    /// let once = gosync_once::Once::new();
    /// assert!(!once.is_completed());
    /// once.call_once(|| assert!(!once.is_completed()));
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        // Acquire: pairs with the Release of the end.
        self.word.load(ord!("once.completed", Acquire)) == DONE
    }

    /// Runs `f` if nothing has run, or waits until it is over; the word at the end, which `f` says. `DONE` if it panics.
    ///
    /// To be taken in by a cold function of the caller: through a pointer to `f` it would take twice the instructions.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn run(&self, f: impl FnOnce() -> u32) -> u32 {
        // Relaxed twice: the claim publishes nothing, and who fails looks again.
        let claim =
            self.word.compare_exchange(NEW, RUNNING, ord!("once.claim", Relaxed), ord!("once.claim.fail", Relaxed));
        if claim.is_err() {
            return self.wait();
        }
        let frame = Frame::new(self);
        // They are dropped the other way round, by a panic too: a frame does not outlive the run of its `Once`.
        let mut running = Running { once: self, end: DONE };
        let _entry = Entry::new(&frame);
        running.end = f();
        running.end
    }

    /// Waits until it is over; the word at the end.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn wait(&self) -> u32 {
        waits!("waits for a Once");
        // Acquire: pairs with the Release of the end.
        let look = || self.word.load(ord!("once.look", Acquire));
        let word = look();
        if is_over(word) {
            return word;
        }
        if step!("once.reentry", frames::runs(self), else false) {
            reentered();
        }
        await_change(&self.word, word, Cpu::UNKNOWN);
        // Whoever runs it may be in no bubble.
        undurable!();
        loop {
            let word = look();
            if is_over(word) {
                return word;
            }
            if word == AWAITED || self.mark() {
                self.word.wait(AWAITED);
            }
        }
    }

    /// Says that somebody is about to sleep; `false` if the word is not `RUNNING` any more.
    fn mark(&self) -> bool {
        // Relaxed twice: the mark publishes nothing, and who fails looks again.
        let marked = step!(
            "once.mark",
            self.word.compare_exchange(RUNNING, AWAITED, ord!("once.mark.ok", Relaxed), ord!("once.mark.fail", Relaxed)),
            else Ok(RUNNING)
        );
        marked.is_ok()
    }

    /// The word, for who needs no order.
    #[inline]
    pub(crate) fn peek(&self) -> u32 {
        // Relaxed: either the caller owns the `Once`, or it wants no more than a word to print.
        self.word.load(ord!("once.peek", Relaxed))
    }
}

fn is_over(word: u32) -> bool {
    word == DONE || word == FAILED
}

/// The function runs as long as this lives.
struct Running<'a> {
    once: &'a Once,
    /// The word to come.
    end: u32,
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        let waker = self.once.word.waker();
        // Release: pairs with the Acquires of `is_completed` and `wait`, for all that the function did.
        let old = self.once.word.swap(self.end, ord!("once.end", Release));
        // From here on the `Once` may be gone.
        if old == AWAITED {
            wake(waker);
        }
    }
}

/// Wakes all that wait; out of line, so that each function that is run once has it once.
#[cold]
#[inline(never)]
fn wake(waker: Waker) {
    step!("once.wake", waker.wake_all());
}

#[cold]
#[track_caller]
fn reentered() -> ! {
    panic!("gosync: Once called again from inside its own function");
}

impl Default for Once {
    fn default() -> Once {
        Once::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("completed", &(self.peek() == DONE)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_says_what_the_table_says() {
        let once = Once::new();
        assert_eq!(once.peek(), NEW);
        std::thread::scope(|s| {
            once.call_once(|| {
                assert_eq!(once.peek(), RUNNING);
                s.spawn(|| once.call_once(|| unreachable!()));
                while once.peek() == RUNNING {
                    std::thread::yield_now();
                }
                assert_eq!(once.peek(), AWAITED);
            });
            assert_eq!(once.peek(), DONE);
        });
        let once = Once::new();
        assert_eq!((once.run(|| FAILED), once.run(|| DONE), once.peek()), (FAILED, FAILED, FAILED));
        assert_eq!(size_of::<Once>(), 4);
    }
}
