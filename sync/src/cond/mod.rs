//! [`Cond`]: waiting for a change of what a lock guards.
//!
//! | bit of the word | meaning | who changes it |
//! | --- | --- | --- |
//! | 0 `QUEUED` | somebody is in line | under the line's lock only: whoever joins, leaves, or calls |
//!
//! The line is one in the seam's table, found by the word's address. Whoever waits joins it while it holds the user's
//! lock, and releases that lock afterwards; then it sleeps until it is *called*: until its node was taken out of the line by a
//! signal, or with all the others by a broadcast. Then it takes the user's lock as anybody does.
//!
//! # Why no signal is lost, stolen or invented
//!
//! * A signal takes the front of the line, in one step under the line's lock, and whoever joins does so at the end. So it goes
//!   to the one who has waited longest, and never to one who came after it. There is no counter and no ticket that could
//!   be mistaken for another.
//! * Whoever was called wakes up by its node, which is completed once; nothing else ends a wait but its deadline.
//! * A waiter whose deadline has passed takes its node out of the line, under the line's lock. If the node is not there any
//!   more, it was called, and the wait says so. So a signal is either that waiter's, or the next one's.
//! * A broadcast *detaches* the line: that is the moment at which all in it are called. Waking them takes longer,
//!   and is done without the lock, a batch at a time. Whoever joins meanwhile is in a line of its own, as is whoever was woken
//!   and waits again; and a signal that comes meanwhile goes to them.
//!
//! A signal that finds `QUEUED` clear does not look at the line: there is no earlier waiter that it could have missed. A
//! wait happens before a signal if the signaller has seen the lock released by it, and with it the bit; a wait of
//! which the signaller does not know is as good as a later one.
//!
//! # A broadcast to many threads
//!
//! Whoever joins a line in which somebody stands, and has no deadline, sleeps on two words: its node's, and that of the `Cond`
//! ([`Waiter::wait_beside`]). A broadcast completes those nodes and then wakes all by one call, at the word of the `Cond`. The
//! CPUs are busy with those who were woken first by then, instead of going idle after each. While somebody is in line that
//! word is `QUEUED`, and nothing else. Who finds another value was called, or is about to be, and sleeps on its node alone. Who was
//! called and finds `QUEUED` all the same, of a line that has begun since, sleeps on both, and is woken with the others: the
//! call at the word comes after the last completion.
//!
//! # A signal while the lock is held
//!
//! The one who was called finds the lock held if it wakes up soon enough, and stands in the mutex's line then: a second sleep. It is
//! not moved from one line to the other instead: a wake-up takes longer than what signallers commonly do until they unlock, and
//! a mutex's line is for those who have looked for the lock themselves and were overtaken.
//!
//! # Invariants
//!
//! 1. A node is in the line of this word, in a line detached from it, or called; the one who waits leaves its frame (or its future)
//!    when it has removed the node or seen it woken.
//! 2. `QUEUED` says whether the line is empty, whenever the line's lock is free; but for nodes of tasks that waited for
//!    another word at this address and were forgotten, which the next to join an empty line takes out.
//! 3. Between `unlock` and `lock` nothing leaves the function by unwinding.
//!
//! # Ordering
//!
//! `Relaxed`, all of it. The edge from a signal to the return of the wait that it ends is the completion of the
//! [`Waiter`] (cond.signal-before-unblocked-wait), whoever holds the lock. That a waiter sees what was changed under the lock, and the
//! other way round, is the lock's affair (cond.wait-is-unlock-then-lock).

mod guard;
#[cfg(feature = "async")]
mod wait_async;

use std::fmt;
use std::ops::DerefMut;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{
    Detached, Futex, WAKE_BATCH, Waiter, Wake, const_fn, deadline_after, ord, step, waits, woke_a_peer,
};

pub use guard::CondGuard;
#[cfg(feature = "async")]
pub use wait_async::CondWaitAsync;

use crate::LINES;

const QUEUED: u32 = 1;

/// Waits for a change to data that a lock protects: Go's `sync.Cond`.
///
/// Four bytes, no allocation, `const`. A thread that holds the lock and has to wait for a change calls
/// [`wait`](Cond::wait), which releases the lock and takes it again after it was woken. A thread that made a change
/// wakes one waiter ([`signal`](Cond::signal)) or all of them ([`broadcast`](Cond::broadcast)).
///
/// * Waiters are woken in the order in which they began to wait.
/// * A wait ends by a signal, a broadcast or its deadline only: there are no spurious wake-ups. (Another thread may
///   take the lock before the woken one and change the data again: check the condition in a loop, or use
///   [`wait_while`](Cond::wait_while).)
/// * A signal wakes a waiter that was waiting before it, never one that came later. Without waiters it does nothing,
///   and is not remembered.
/// * A signal that races with a deadline is not lost: the wait reports it, or it goes to the next waiter.
///
/// Each wait brings its own lock: a guard of a [`Mutex`](crate::Mutex), a write guard of an
/// [`RwMutex`](crate::RwMutex), or a locked [`RawMutex`](crate::RawMutex); see [`CondGuard`]. In Go the lock is fixed
/// when the `Cond` is made. Waiters with different locks share one queue, and each takes its own lock again.
///
/// # Memory ordering
///
/// A signal happens before the return of the wait that it ends, whether the signaller holds the lock or not
/// (`cond.signal-before-unblocked-wait`), and so does a broadcast (`cond.broadcast-before-unblocked-wait`). A wait
/// unlocks and locks, with the edges of both (`cond.wait-is-unlock-then-lock`). A wait that ends by its deadline has
/// only these edges. A signal wakes only waits that began before it: those whose unlock happens before the signal.
///
/// # Differences from Go
///
/// Waits may have a deadline. Waiting with an unlocked `RawMutex` panics instead of ending the process. A `Cond`
/// cannot be copied, which Go checks at run time.
///
/// # Examples
///
/// ```
/// use gosync::{Cond, Mutex};
///
/// static QUEUE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// static NOT_EMPTY: Cond = Cond::new();
///
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut queue = QUEUE.lock();
///         NOT_EMPTY.wait_while(&mut queue, |queue| queue.is_empty());
///         assert_eq!(queue.pop(), Some(7));
///     });
///     QUEUE.lock().push(7);
///     NOT_EMPTY.signal();
/// });
/// ```
#[doc(alias = "sync.Cond")]
#[doc(alias = "Condvar")]
pub struct Cond {
    word: Futex,
}

impl Cond {
    const_fn! {
        /// A `Cond` without waiters. Go: `sync.NewCond(l)`, without the lock.
        #[inline]
        #[must_use]
        #[doc(alias = "NewCond")]
        pub const fn new() -> Cond {
            Cond { word: Futex::new(0) }
        }
    }

    /// Releases the lock, waits until woken by a [`signal`](Cond::signal) or a [`broadcast`](Cond::broadcast), and locks
    /// again. Go: `c.Wait()`.
    ///
    /// A signal after the release of the lock cannot miss this waiter. Between the wake-up and the return other
    /// threads may hold the lock.
    ///
    /// # Panics
    ///
    /// With Go's text, `sync: unlock of unlocked mutex`, if the lock is an unlocked [`RawMutex`](crate::RawMutex); it
    /// stays as it is. If the release of the lock calls a waker that panics, that panic is resumed with the lock
    /// held.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{Cond, RawMutex};
    ///
    /// static LOCK: RawMutex = RawMutex::new();
    /// static COND: Cond = Cond::new();
    ///
    /// LOCK.lock();
    /// let other = std::thread::spawn(|| {
    ///     LOCK.lock();
    ///     COND.signal();
    ///     LOCK.unlock();
    /// });
    /// COND.wait(&mut &LOCK);
    /// LOCK.unlock();
    /// # other.join().unwrap();
    /// ```
    #[track_caller]
    #[doc(alias = "Wait")]
    pub fn wait<G: CondGuard>(&self, guard: &mut G) {
        self.wait_until(guard, None);
    }

    /// Waits while `condition` is `true` for the protected value; returns at once if it is not. Go: `for condition()
    /// { c.Wait() }`.
    ///
    /// `condition` is called with the lock held, before the first wait and after each one.
    ///
    /// # Panics
    ///
    /// If `condition` panics; the guard still holds the lock. Otherwise like [`wait`](Cond::wait).
    ///
    /// # Examples
    ///
    /// See [`Cond`](Cond#examples).
    #[track_caller]
    #[doc(alias = "Wait")]
    pub fn wait_while<G>(&self, guard: &mut G, condition: impl FnMut(&mut G::Target) -> bool)
    where
        G: CondGuard + DerefMut,
    {
        self.wait_until_while(guard, None, condition);
    }

    /// Like [`wait`](Cond::wait), but for at most `timeout`; returns whether it was woken. Not in Go.
    ///
    /// The lock is held again in either case; taking it has no deadline. A `timeout` too long for the clock never
    /// expires.
    ///
    /// # Panics
    ///
    /// Same as [`wait`](Cond::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (mutex, cond) = (gosync::Mutex::new(1), gosync::Cond::new());
    /// let mut guard = mutex.lock();
    /// assert!(!cond.wait_timeout(&mut guard, Duration::from_millis(5)));
    /// *guard += 1;
    /// ```
    #[track_caller]
    #[must_use = "it may have timed out"]
    pub fn wait_timeout<G: CondGuard>(&self, guard: &mut G, timeout: Duration) -> bool {
        self.wait_until(guard, deadline_after(timeout))
    }

    /// Like [`wait_timeout`](Cond::wait_timeout), with an instant. If it has passed, this still unlocks and locks.
    #[track_caller]
    #[must_use = "it may have timed out"]
    pub fn wait_deadline<G: CondGuard>(&self, guard: &mut G, deadline: Instant) -> bool {
        self.wait_until(guard, Some(deadline))
    }

    /// Like [`wait_while`](Cond::wait_while), but for at most `timeout`; returns whether `condition` was `false` at
    /// the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (mutex, cond) = (gosync::Mutex::new(1), gosync::Cond::new());
    /// let mut guard = mutex.lock();
    /// assert!(cond.wait_timeout_while(&mut guard, Duration::ZERO, |value| *value == 0));
    /// assert!(!cond.wait_timeout_while(&mut guard, Duration::ZERO, |value| *value == 1));
    /// ```
    #[track_caller]
    #[must_use = "it may have timed out"]
    pub fn wait_timeout_while<G>(
        &self,
        guard: &mut G,
        timeout: Duration,
        condition: impl FnMut(&mut G::Target) -> bool,
    ) -> bool
    where
        G: CondGuard + DerefMut,
    {
        self.wait_until_while(guard, deadline_after(timeout), condition)
    }

    /// Like [`wait_timeout_while`](Cond::wait_timeout_while), with an instant.
    #[track_caller]
    #[must_use = "it may have timed out"]
    pub fn wait_deadline_while<G>(
        &self,
        guard: &mut G,
        deadline: Instant,
        condition: impl FnMut(&mut G::Target) -> bool,
    ) -> bool
    where
        G: CondGuard + DerefMut,
    {
        self.wait_until_while(guard, Some(deadline), condition)
    }

    /// Wakes the longest waiter, if there is one; returns whether there was. Go: `c.Signal()`.
    ///
    /// The caller may hold the lock or not. Without waiters the cost is one load.
    ///
    /// # Panics
    ///
    /// If it wakes a task whose waker panics. The task was woken then.
    #[inline]
    #[doc(alias = "Signal")]
    #[doc(alias = "notify_one")]
    #[allow(clippy::must_use_candidate, reason = "whether somebody has waited is rarely of interest")]
    pub fn signal(&self) -> bool {
        self.is_waited_for() && self.call_front()
    }

    /// Wakes all waiters; returns how many there were. Go: `c.Broadcast()`.
    ///
    /// The caller may hold the lock or not. Without waiters the cost is one load.
    ///
    /// # Panics
    ///
    /// If wakers of tasks panic: with the first such panic, after all waiters were woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::{Cond, Mutex};
    ///
    /// static OPEN: Mutex<bool> = Mutex::new(false);
    /// static OPENED: Cond = Cond::new();
    ///
    /// std::thread::scope(|scope| {
    ///     for _ in 0..2 {
    ///         scope.spawn(|| OPENED.wait_while(&mut OPEN.lock(), |open| !*open));
    ///     }
    ///     *OPEN.lock() = true;
    ///     OPENED.broadcast();
    /// });
    /// ```
    #[inline]
    #[doc(alias = "Broadcast")]
    #[doc(alias = "notify_all")]
    #[allow(clippy::must_use_candidate, reason = "as above")]
    pub fn broadcast(&self) -> usize {
        if self.is_waited_for() { self.call_all() } else { 0 }
    }

    #[inline]
    fn is_waited_for(&self) -> bool {
        // Relaxed: see the head of this file.
        self.word.load(ord!("cond.look", Relaxed)) & QUEUED != 0
    }

    #[track_caller]
    fn wait_until_while<G>(
        &self,
        guard: &mut G,
        deadline: Option<Instant>,
        mut condition: impl FnMut(&mut G::Target) -> bool,
    ) -> bool
    where
        G: CondGuard + DerefMut,
    {
        while condition(guard) {
            if !self.wait_until(guard, deadline) {
                return !condition(guard);
            }
        }
        true
    }

    /// Whether it was called, in time.
    #[track_caller]
    fn wait_until<G: CondGuard>(&self, guard: &mut G, deadline: Option<Instant>) -> bool {
        if !guard.is_locked() {
            G::refuse();
        }
        waits!("waits for a Cond");
        let waiter = Waiter::of_thread(0);
        // SAFETY: it is new, and in all cases it is removed or seen woken below (invariant 3).
        let is_first = unsafe { self.join(&waiter) };
        // SAFETY: it is locked again below if it was unlocked (invariant 3).
        match catch_unwind(AssertUnwindSafe(|| unsafe { guard.unlock() })) {
            Ok(true) => {}
            Ok(false) => {
                // Somebody else has unlocked it since the look above.
                self.leave(&waiter);
                G::refuse();
            }
            Err(payload) => {
                guard.lock();
                self.leave(&waiter);
                resume_unwind(payload);
            }
        }
        if is_first {
            // The next signal is for this thread, and may come before it is asleep.
            waiter.spin();
        }
        let called = if is_first || deadline.is_some() {
            self.await_call(&waiter, deadline)
        } else {
            waiter.wait_beside(&self.word, QUEUED);
            true
        };
        guard.lock();
        called
    }

    /// Appends a node to the line; whether it is the first there.
    ///
    /// # Safety
    ///
    /// The node is new, and it is removed, or seen woken, before it moves or goes.
    unsafe fn join(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        // Relaxed: published by the lock that the caller is about to release.
        let word = step!("cond.mark", self.word.fetch_or(QUEUED, ord!("cond.mark.order", Relaxed)), else 0);
        let is_first = word & QUEUED == 0;
        if is_first {
            // Invariant 2. What is there all the same waited for another word at this address, and was forgotten.
            line.forget_all();
        }
        // SAFETY: the caller's contract.
        unsafe { line.push_back(NonNull::from(waiter)) };
        is_first
    }

    /// Sleeps until this node was called: `true`; or until the deadline has passed: `false`, and it is not in line any more.
    fn await_call(&self, waiter: &Waiter, deadline: Option<Instant>) -> bool {
        if waiter.wait(deadline) {
            return true;
        }
        if self.remove(waiter) {
            return false;
        }
        // It was called: its signal is on its way.
        step!("cond.await-call", waiter.wait(None), else true)
    }

    /// Takes this node out of the line: `true`; or else it was called.
    fn remove(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        // SAFETY: alive, and of this line.
        let removed = unsafe { line.remove(NonNull::from(waiter)) };
        if removed && line.is_empty() {
            self.unmark();
        }
        removed
    }

    /// Nobody is in line any more. Under the line's lock.
    fn unmark(&self) {
        // Relaxed: a bit that says nothing but what a signal may spare itself.
        step!("cond.unmark", {
            let _ = self.word.fetch_and(!QUEUED, ord!("cond.unmark.order", Relaxed));
        });
    }

    /// For a thread that does not wait after all: leaves the line. A signal that it got goes to the next.
    #[cold]
    fn leave(&self, waiter: &Waiter) {
        if self.remove(waiter) {
            return;
        }
        let _ = waiter.wait(None);
        // SAFETY: alive, and pushed to this line.
        let by_broadcast = unsafe { self.word.queue(LINES).lock().was_detached(NonNull::from(waiter)) };
        if !step!("cond.leave.by-broadcast", by_broadcast, else false) {
            step!("cond.hand-on", {
                let _ = self.signal();
            });
        }
    }

    #[cold]
    fn call_front(&self) -> bool {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        let called = line.pop();
        if line.is_empty() {
            self.unmark();
        }
        drop(line);
        let Some((front, _)) = called else { return false };
        step!("cond.wake-one", front.send());
        true
    }

    #[cold]
    fn call_all(&self) -> usize {
        let (queue, gate) = (self.word.queue(LINES), self.word.waker());
        let mut line = queue.lock();
        let detached: Detached = step!("cond.detach", line.detach(), else line.not_detached());
        self.unmark();
        let (mut count, mut are_asleep, mut panic) = (0, false, None);
        loop {
            let mut batch: [Option<Wake>; WAKE_BATCH] = [const { None }; WAKE_BATCH];
            for place in &mut batch {
                *place = line.pop_detached(&detached);
                if place.is_none() {
                    break;
                }
            }
            drop(line);
            let more = batch[WAKE_BATCH - 1].is_some();
            for wake in batch.into_iter().flatten() {
                count += 1;
                // The waker is gone after a panic; nothing of it is seen any more.
                match catch_unwind(AssertUnwindSafe(|| step!("cond.wake-all", wake.send_asleep(), else false))) {
                    Ok(is_asleep) => are_asleep |= is_asleep,
                    Err(payload) => {
                        panic.get_or_insert(payload);
                    }
                }
            }
            if !more {
                break;
            }
            line = queue.lock();
        }
        if are_asleep {
            step!("cond.wake-gate", gate.wake_all());
            woke_a_peer();
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        count
    }
}

impl Default for Cond {
    fn default() -> Cond {
        Cond::new()
    }
}

impl fmt::Debug for Cond {
    /// Shows whether anybody waits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cond").field("waited_for", &self.is_waited_for()).finish()
    }
}
