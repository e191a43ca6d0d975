//! The mutex itself, without data: one word, and a line of waiters in the seam's table.
//!
//! | bit | meaning | who changes it |
//! | --- | --- | --- |
//! | `LOCKED` | somebody holds the lock | set by whoever takes it, cleared by a release |
//! | `QUEUED` | somebody is in line | under the queue's lock only: whoever joins or leaves the line |
//! | `CALLED` | the front of the line was called and is on its way | set by a release, under the queue's lock; cleared by the front when it takes the lock, steps back or gives up |
//! | `RESERVED` | nobody but the front of the line may take the lock | set by the front when it steps back for the last time; cleared when it takes the lock or gives up |
//!
//! # Who gets the lock
//!
//! A free lock goes to whoever takes it: a running thread overtakes the line, which costs nothing, while handing the lock
//! to a sleeper costs a wake-up of several microseconds during which nobody works. A thread that finds it taken spins for
//! about as long as a wake-up takes, if nobody is in line yet, then joins the line at the end and sleeps. A release calls the front of the
//! line, one at a time: while the front is `CALLED`, further releases wake nobody. The front looks for the lock for a
//! moment. If it was overtaken all the time, it *steps back*: to the front of the line, not to its end.
//!
//! **The bound.** A front that has waited for 1 ms ([`PATIENCE`]), and for [`TURN`] since it was first called, reserves
//! the lock as it steps back. From then on nobody overtakes it: the next release is its own. So whoever joins the line as
//! number *k* waits for at most `PATIENCE` and, *k* times, a `TURN`, two critical sections and two wake-ups.
//!
//! In Go every waiter of 1 ms starves the others, so that under saturation, when all have waited for 1 ms, each section
//! costs a wake-up (golang/go issue 33747). Here only the front does, and once in a `TURN`: at most one wake-up in so
//! much time is lost, however many wait and however long.
//!
//! # Why no wake-up is lost
//!
//! Whoever waits did, in one compare-exchange with the lock held or reserved, set `QUEUED` (joining) or clear `CALLED`
//! (stepping back, giving up). So the release that follows sees `QUEUED` without `CALLED`, and calls. A front that was
//! called and does not get the lock always does one of the two. If the lock is reserved and free, the one for whom it is
//! reserved has been called or is about to be, by the release that freed it.
//!
//! # Invariants
//!
//! 1. At most one thread is the front that was called; only it clears `CALLED`, and `CALLED` is set from the release
//!    that took it out of the line.
//! 2. `RESERVED` without `LOCKED`: only the front that set it takes the lock, so it cannot find it taken.
//! 3. `QUEUED` says whether the line is empty, whenever its lock is free.
//!
//! # Ordering
//!
//! Every change is a read-modify-write, so whoever takes the lock reads, with `Acquire`, from a release sequence that the
//! `Release` of the last unlock heads or continues (mutex.n-unlock-before-m-lock). Everything else is `Relaxed`. A try
//! that fails orders nothing (mutex.trylock-failure-no-edge).

use std::ptr::NonNull;
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{Futex, Pacer, Stopwatch, Waiter, const_fn, ord, step};

const LOCKED: u32 = 1;
const QUEUED: u32 = 2;
const CALLED: u32 = 4;
const RESERVED: u32 = 8;

/// How long a front lets itself be overtaken: Go's figure.
const PATIENCE: Duration = Duration::from_millis(1);
/// How long it lets itself be overtaken at least, after it was first called.
const TURN: Duration = Duration::from_micros(250);

/// Invariant 1, for assertions.
const ONE_FRONT: &str = "two threads were called at once";

/// Whether a newcomer may take the lock.
fn is_open(word: u32) -> bool {
    step!("mutex.respect-reservation", word & (LOCKED | RESERVED) == 0, else word & LOCKED == 0)
}

/// The lock. Whoever takes it, any thread may release it.
#[derive(Debug)]
pub(super) struct FairLock {
    word: Futex,
}

/// What is known about a lock at some moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) locked: bool,
    pub(super) queued: bool,
    pub(super) called: bool,
    pub(super) reserved: bool,
}

impl FairLock {
    const_fn! {
        pub(super) const fn new() -> FairLock {
            FairLock { word: Futex::new(0) }
        }
    }

    pub(super) fn state(&self) -> State {
        // Relaxed: it may change at any time.
        let word = self.word.load(ord!("mutex.state", Relaxed));
        State {
            locked: word & LOCKED != 0,
            queued: word & QUEUED != 0,
            called: word & CALLED != 0,
            reserved: word & RESERVED != 0,
        }
    }

    /// Takes the lock, blocking.
    #[inline(always)]
    pub(super) fn lock(&self) {
        if !self.take_fresh() {
            self.lock_slow(None);
        }
    }

    /// Takes the lock, blocking until the deadline at most; `None` is for ever. Whether it was taken.
    #[inline]
    pub(super) fn lock_until(&self, deadline: Option<Instant>) -> bool {
        self.take_fresh() || self.lock_slow(deadline)
    }

    /// Takes the lock if it is free and nobody waits.
    #[inline(always)]
    fn take_fresh(&self) -> bool {
        // Acquire: pairs with the Release of the last unlock. Relaxed on failure: nothing was taken.
        self.word.compare_exchange(0, LOCKED, ord!("mutex.take", Acquire), ord!("mutex.take.fail", Relaxed)).is_ok()
    }

    /// Takes the lock if it is free and not reserved. Fails only if it is not.
    #[inline]
    pub(super) fn try_lock(&self) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("mutex.try.look", Relaxed));
        while is_open(word) {
            // Acquire: as in `take_fresh`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                word | LOCKED,
                ord!("mutex.try", Acquire),
                ord!("mutex.try.fail", Relaxed),
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[cold]
    fn lock_slow(&self, deadline: Option<Instant>) -> bool {
        let mut pacer = Pacer::new();
        loop {
            if self.try_lock() {
                return true;
            }
            // Relaxed: a hint. Whoever would have to overtake a line waits in it, asleep.
            let word = self.word.load(ord!("mutex.look", Relaxed));
            if word & (QUEUED | CALLED | RESERVED) != 0 || !pacer.step() {
                break;
            }
        }
        self.wait_in_line(deadline)
    }

    fn wait_in_line(&self, deadline: Option<Instant>) -> bool {
        let has_passed = || gosync_atomic::__sys::has_passed(deadline);
        if has_passed() {
            return false;
        }
        let waiting = Stopwatch::start();
        let waiter = Waiter::new();
        if self.join(&waiter) {
            return true;
        }
        if !self.await_call(&waiter, deadline, false) {
            return false;
        }
        let called = Stopwatch::start();
        loop {
            if self.take_as_front() {
                return true;
            }
            if has_passed() {
                return self.give_up_as_front();
            }
            let reserve = waiting.has_reached(PATIENCE) && called.has_reached(TURN);
            let waiter = Waiter::new();
            if self.step_back(&waiter, reserve) {
                return true;
            }
            if !self.await_call(&waiter, deadline, reserve) {
                return false;
            }
        }
    }

    /// Appends a node to the line, or takes the lock (`true`) if it is free after all.
    fn join(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue();
        let mut line = queue.lock();
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("mutex.join.look", Relaxed));
        loop {
            let open = is_open(word);
            let new = if open { word | LOCKED } else { word | QUEUED };
            // Acquire: if it takes the lock, as in `take_fresh`. Relaxed on failure: it looks again.
            match step!(
                "mutex.join",
                self.word.compare_exchange(word, new, ord!("mutex.join.take", Acquire), ord!("mutex.join.fail", Relaxed)),
                else Ok(word)
            ) {
                Ok(_) if open => return true,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        // SAFETY: it is new, and `await_call` removes it or sees it woken.
        unsafe { line.push_back(NonNull::from(waiter)) };
        false
    }

    /// Sleeps until this node was called: `true`, and the caller is the front; or until the deadline has passed:
    /// `false`, and the node is not in line any more.
    fn await_call(&self, waiter: &Waiter, deadline: Option<Instant>, reserved: bool) -> bool {
        if waiter.wait(deadline) {
            return true;
        }
        let queue = self.word.queue();
        let mut line = queue.lock();
        // SAFETY: the node is alive, and was pushed to this line.
        if unsafe { line.remove(NonNull::from(waiter)) } {
            let mut gone = if line.is_empty() { QUEUED } else { 0 };
            if reserved {
                gone |= step!("mutex.unreserve", RESERVED, else 0);
            }
            // Relaxed: the bits publish nothing. The lock, if it was reserved and is free, is open now, and the release
            // that freed it is about to call whoever is the front then.
            self.word.fetch_and(!gone, ord!("mutex.leave", Relaxed));
            return false;
        }
        drop(line);
        // Too late: it was taken out of the line, and is called in a moment. Bounded by the caller's last steps.
        step!("mutex.await-call", waiter.wait(None), else true)
    }

    /// As the front: takes the lock if it is free at some moment soon.
    fn take_as_front(&self) -> bool {
        let mut pacer = Pacer::new();
        loop {
            // Relaxed: a guess that the exchange checks.
            let mut word = self.word.load(ord!("mutex.front.look", Relaxed));
            while word & LOCKED == 0 {
                // Acquire: as in `take_fresh`. Relaxed on failure: it looks again.
                match self.word.compare_exchange(
                    word,
                    (word | LOCKED) & !cleared_by_front(),
                    ord!("mutex.front.take", Acquire),
                    ord!("mutex.front.fail", Relaxed),
                ) {
                    Ok(old) => {
                        debug_assert!(old & CALLED != 0, "{ONE_FRONT}");
                        return true;
                    }
                    Err(now) => word = now,
                }
            }
            if !pacer.step() {
                return false;
            }
        }
    }

    /// As the front: goes back to the front of the line, or takes the lock (`true`) if it is free after all.
    fn step_back(&self, waiter: &Waiter, reserve: bool) -> bool {
        let queue = self.word.queue();
        let mut line = queue.lock();
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("mutex.back.look", Relaxed));
        loop {
            let free = word & LOCKED == 0;
            let new = if free {
                (word | LOCKED) & !cleared_by_front()
            } else {
                let reserve = if reserve { RESERVED } else { 0 };
                step!("mutex.uncall", word & !CALLED, else word) | QUEUED | step!("mutex.reserve", reserve, else 0)
            };
            // Acquire: if it takes the lock, as in `take_fresh`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                new,
                ord!("mutex.back.take", Acquire),
                ord!("mutex.back.fail", Relaxed),
            ) {
                Ok(old) => {
                    debug_assert!(old & CALLED != 0, "{ONE_FRONT}");
                    if free {
                        return true;
                    }
                    break;
                }
                Err(now) => word = now,
            }
        }
        // SAFETY: it is new, and `await_call` removes it or sees it woken.
        unsafe { line.push_front(NonNull::from(waiter)) };
        false
    }

    /// As the front: leaves, if the lock is taken, so that its release calls another; or takes it (`true`).
    fn give_up_as_front(&self) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("mutex.give-up.look", Relaxed));
        loop {
            let free = word & LOCKED == 0;
            let new = if free {
                (word | LOCKED) & !cleared_by_front()
            } else {
                step!("mutex.give-up", word & !CALLED, else word)
            };
            // Acquire: if it takes the lock, as in `take_fresh`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                new,
                ord!("mutex.give-up.take", Acquire),
                ord!("mutex.give-up.fail", Relaxed),
            ) {
                Ok(old) => {
                    debug_assert!(old & CALLED != 0, "{ONE_FRONT}");
                    return free;
                }
                Err(now) => word = now,
            }
        }
    }

    /// Releases the lock.
    ///
    /// # Safety
    ///
    /// It is held, and the caller is the one that releases it, once.
    #[inline(always)]
    pub(super) unsafe fn unlock(&self) {
        // Release: pairs with the Acquire of whoever takes the lock next.
        let word = self.word.fetch_sub(LOCKED, ord!("mutex.release", Release));
        if word != LOCKED {
            self.call(word);
        }
    }

    /// Releases the lock if it is held; whether it was.
    #[inline]
    pub(super) fn unlock_if_locked(&self) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("mutex.unlock.look", Relaxed));
        while word & LOCKED != 0 {
            // Release: as in `unlock`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                word & !LOCKED,
                ord!("mutex.unlock", Release),
                ord!("mutex.unlock.fail", Relaxed),
            ) {
                Ok(_) => {
                    if word != LOCKED {
                        self.call(word);
                    }
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// Calls the front of the line, if somebody is in line and nobody was called. `word` is what the release found.
    #[cold]
    fn call(&self, word: u32) {
        if word & (QUEUED | CALLED) != QUEUED {
            return;
        }
        let queue = self.word.queue();
        let mut line = queue.lock();
        // Relaxed: nobody else sets the bit while this thread has the line locked.
        let called = self.word.load(ord!("mutex.call.look", Relaxed)) & CALLED != 0;
        if step!("mutex.call-one", called, else false) {
            return;
        }
        // Those who were in line may have left.
        let Some(front) = line.pop() else { return };
        if line.is_empty() {
            // Relaxed, here and below: the bits publish nothing. QUEUED goes, CALLED comes.
            self.word.fetch_add(CALLED - QUEUED, ord!("mutex.call-last", Relaxed));
        } else {
            self.word.fetch_or(CALLED, ord!("mutex.call", Relaxed));
        }
        drop(line);
        front.send();
    }
}

/// What the front clears when it takes the lock: its call, and its reservation if it made one.
fn cleared_by_front() -> u32 {
    step!("mutex.clear-call", CALLED, else 0) | step!("mutex.clear-reservation", RESERVED, else 0)
}
