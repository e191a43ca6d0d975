//! The mutex itself, without data: one word (`word.rs` has its bits), and a line of waiters in the seam's table.
//!
//! # Who gets the lock
//!
//! A free lock goes to whoever takes it: a running thread overtakes the line, which costs nothing, while handing the lock
//! to a sleeper costs a wake-up of several microseconds during which nobody works. A newcomer that finds it taken spins
//! for as long as a wake-up takes, but not for longer: as long as it is not in line, nobody keeps its time. Then it joins the line at its end
//! and, if it is not the first there, sleeps at once. A release calls the front of the line, one at a time: while a
//! front is `CALLED`, further releases wake nobody. The front looks for the lock as long as others overtake it, until it is
//! overdue; if the lock stays taken for a moment by one and the same, it *steps back*: to the front of the line, not to its end.
//!
//! **The bound.** A front is *overdue* when 0.25 ms have passed since it was first called. A newcomer that would overtake
//! an overdue front reserves the lock for it instead, and joins the line; nobody but the front takes a reserved lock. So
//! the line moves on every 0.5 ms at most, give or take a critical section and a wake-up. It does so even if the scheduler does
//! not let the front run: it is those who overtake it that look at the clock, and that then leave their CPU to it. A front
//! that steps back keeps its time, and the next release calls it again. Who slips in between that release and its call calls by
//! its own release, if nobody has by then; so no thread gets by twice.
//!
//! In Go, whoever has waited for 1 ms lets nobody overtake; under saturation, when everybody has, each critical section
//! costs a wake-up (golang/go issue 33747). Here the time begins when a waiter is called, and one is called at a time. So
//! at most one wake-up in 0.25 ms is lost, however many wait and however long.
//!
//! # Why no wake-up is lost
//!
//! Whoever waits did, in one compare-exchange with the lock held or reserved, set `QUEUED` (joining) or clear `CALLED`
//! (stepping back, giving up). So the release that follows sees that there is more in the word than `LOCKED`, looks again, and calls
//! if there is `QUEUED` without `CALLED` then; if not, somebody else has called. A front that was
//! called and does not get the lock always does one of the two. A lock that is reserved is taken by the front, which
//! finds it free whenever it looks.
//!
//! # Invariants
//!
//! 1. At most one thread or task is the front that was called; only it clears `CALLED`, and `CALLED` is set from the release
//!    that took it out of the line.
//! 2. `RESERVED` implies `CALLED` and not `LOCKED`. It ends when the front takes the lock.
//! 3. `QUEUED` says whether the line is empty, whenever the line's lock is free; but for nodes of tasks that waited for
//!    another lock at this address and were forgotten, which the next to join an empty line takes out.
//!
//! # Ordering
//!
//! Every change is a read-modify-write, so whoever takes the lock reads, with `Acquire`, from a release sequence that the
//! `Release` of the last unlock heads or continues (mutex.n-unlock-before-m-lock). Everything else is `Relaxed`. A try
//! that fails orders nothing (mutex.trylock-failure-no-edge).

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Futex, Pacer, Waiter, const_fn, has_passed, ord, step, undurable};

use super::word::{self, Attempt, CALLED, LOCKED, QUEUED, RESERVED};
use crate::LINES;

/// Invariant 1, for assertions.
const ONE_FRONT: &str = "two threads were called at once";

/// The lock. Whoever takes it, any thread may release it.
#[derive(Debug)]
pub(crate) struct FairLock {
    pub(crate) word: Futex,
}

/// What is known about a lock at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) locked: bool,
    pub(crate) queued: bool,
    pub(crate) called: bool,
    pub(crate) reserved: bool,
}

/// What came of joining the line.
pub(crate) enum Joined {
    /// The lock was free, and was taken.
    Not,
    /// In line, and the next to be called.
    AsTheFirst,
    /// In line, behind others.
    Behind,
}

impl FairLock {
    const_fn! {
        pub(crate) const fn new() -> FairLock {
            FairLock { word: Futex::new(0) }
        }
    }

    pub(crate) fn state(&self) -> State {
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
    pub(crate) fn lock(&self) {
        if let Err(word) = self.take() {
            self.lock_contended(word, None);
        }
    }

    /// Takes the lock, blocking until the deadline at most; `None` is for ever. Whether it was taken.
    #[inline]
    pub(crate) fn lock_until(&self, deadline: Option<Instant>) -> bool {
        self.take().map_or_else(|word| self.lock_contended(word, deadline), |()| true)
    }

    /// Takes the lock if it is free and that needs no look at the clock; or else the word.
    ///
    /// Without a look first: this thread may have released the lock just now, and some processors take half as long again
    /// for an exchange that has to wait until the word was read after that.
    #[inline(always)]
    fn take(&self) -> Result<(), u32> {
        // Acquire: pairs with the Release of the last unlock. Relaxed on failure: nothing was taken.
        self.word
            .compare_exchange(0, LOCKED, ord!("mutex.take", Acquire), ord!("mutex.take.fail", Relaxed))
            .map_or_else(|word| self.overtake(word), |_| Ok(()))
    }

    /// As [`take`](FairLock::take), for who is likely to find it taken, and then leaves the line of the word where it is.
    #[inline(always)]
    pub(crate) fn take_open(&self) -> Result<(), u32> {
        // Relaxed: a guess that the exchange checks.
        self.overtake(self.word.load(ord!("mutex.take.look", Relaxed)))
    }

    /// As [`take`](FairLock::take), given what the word may be.
    #[inline(always)]
    fn overtake(&self, word: u32) -> Result<(), u32> {
        if !word::is_open(word) {
            return Err(word);
        }
        let new = word::overtaken(word);
        // Acquire, Relaxed: as in `take`.
        self.word
            .compare_exchange(word, new, ord!("mutex.overtake", Acquire), ord!("mutex.overtake.fail", Relaxed))
            .map(drop)
    }

    /// Takes the lock if it is free and not reserved, nor becomes reserved now.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        self.take().or_else(|word| self.try_lock_from(word)).is_ok()
    }

    /// As [`try_lock`](FairLock::try_lock), given what the word may be; or else what it is.
    #[inline(always)]
    pub(crate) fn try_lock_from(&self, mut word: u32) -> Result<(), u32> {
        loop {
            let (new, take) = match word::attempt(word) {
                Attempt::Closed => return Err(word),
                Attempt::Take(new) => (new, true),
                Attempt::Reserve(new) => (new, false),
            };
            // Acquire: as in `take`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(word, new, ord!("mutex.try", Acquire), ord!("mutex.try.fail", Relaxed)) {
                Ok(_) => return if take { Ok(()) } else { Err(new) },
                Err(now) => word = now,
            }
        }
    }

    /// For a lock that is taken, or that cannot be taken without a look at the clock. `word` is a guess.
    fn lock_contended(&self, word: u32, deadline: Option<Instant>) -> bool {
        self.try_lock_from(word).map_or_else(|word| self.lock_slow(word, deadline), |()| true)
    }

    #[cold]
    fn lock_slow(&self, mut word: u32, deadline: Option<Instant>) -> bool {
        // Where others wait, looks are dear: they take the cache line from one that may lock again and again. But while a
        // front is called, whoever does so counts in the word. If the word stays as it was, it is one long section: a look
        // takes the line from nobody who needs it, and the end of that section is not to be missed.
        let mut pacer = Pacer::alert(if word & (QUEUED | CALLED) == 0 { 4 } else { 16 });
        let mut is_long = word & CALLED != 0;
        // Whoever spins for a reserved lock is in the way of the one for whom it is reserved.
        while word & RESERVED == 0 && (if is_long { pacer.step_short() } else { pacer.step() }) {
            match self.take_open().or_else(|word| self.try_lock_from(word)) {
                Ok(()) => return true,
                Err(now) => {
                    is_long = now & CALLED != 0 && now == word;
                    word = now;
                }
            }
        }
        self.wait_in_line(word, deadline)
    }

    fn wait_in_line(&self, word: u32, deadline: Option<Instant>) -> bool {
        if has_passed(deadline) {
            return false;
        }
        let waiter = Waiter::of_thread(0);
        // SAFETY: it is new, and `await_call` removes it or sees it woken.
        match unsafe { self.join(&waiter, word) } {
            Joined::Not => return true,
            // The next release is for this thread, and may come before it is asleep.
            Joined::AsTheFirst => waiter.spin(),
            Joined::Behind => {}
        }
        if !self.await_call(&waiter, deadline) {
            return false;
        }
        loop {
            let Err(word) = self.take_as_front(deadline) else { return true };
            if has_passed(deadline) {
                // It leaves for good.
                return self.pass_on(word, 0);
            }
            // The time of its first call goes with it.
            let waiter = Waiter::of_thread(word::stamp(word));
            // SAFETY: it is new, and `await_call` removes it or sees it woken.
            if unsafe { self.step_back(&waiter, word) } {
                return true;
            }
            if !self.await_call(&waiter, deadline) {
                return false;
            }
        }
    }

    /// Appends a node to the line, or takes the lock if it is free after all. `word` is a guess.
    ///
    /// # Safety
    ///
    /// The node is new, and in line unless the lock was taken: [`leave`](FairLock::leave) removes it, or it is seen woken,
    /// before it moves or goes.
    pub(crate) unsafe fn join(&self, waiter: &Waiter, mut word: u32) -> Joined {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        loop {
            let (new, take) = match word::attempt(word) {
                Attempt::Closed => (word | QUEUED, false),
                Attempt::Take(new) => (new, true),
                Attempt::Reserve(new) => (new | QUEUED, false),
            };
            // Acquire: if it takes the lock, as in `take`. Relaxed on failure: it looks again.
            match step!(
                "mutex.join",
                self.word.compare_exchange(word, new, ord!("mutex.join.take", Acquire), ord!("mutex.join.fail", Relaxed)),
                else Ok(word)
            ) {
                Ok(_) if take => return Joined::Not,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & QUEUED == 0 {
            // Invariant 3. What is there all the same waited for another lock at this address, and was forgotten.
            line.forget_all();
        }
        // SAFETY: the caller's contract.
        unsafe { line.push_back(NonNull::from(waiter)) };
        if word & (QUEUED | CALLED) == 0 { Joined::AsTheFirst } else { Joined::Behind }
    }

    /// Sleeps until this node was called: `true`, and the caller is the front; or until the deadline has passed:
    /// `false`, and the node is not in line any more.
    fn await_call(&self, waiter: &Waiter, deadline: Option<Instant>) -> bool {
        // Whoever has it may be in no bubble.
        undurable!();
        if waiter.wait(deadline) {
            return true;
        }
        // SAFETY: the node is alive, and was pushed to this line.
        if unsafe { self.leave(waiter) } {
            return false;
        }
        // Too late: it was taken out of the line, and is called in a moment. Bounded by the caller's last steps.
        step!("mutex.await-call", waiter.wait(None), else true)
    }

    /// Takes a node out of the line; `false` if it is not there any more: it was called, or is about to be.
    ///
    /// # Safety
    ///
    /// The node is alive, and was pushed to this line.
    pub(crate) unsafe fn leave(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        // SAFETY: the caller's contract.
        let in_line = unsafe { line.remove(NonNull::from(waiter)) };
        if in_line && line.is_empty() {
            // Relaxed: the bit publishes nothing.
            self.word.fetch_and(!QUEUED, ord!("mutex.leave", Relaxed));
        }
        in_line
    }

    /// As the front: takes the lock if it is free at some moment soon; or else what the word is.
    ///
    /// As long as it is overtaken it does not sleep: the next release would have to wake it at once, which takes as long
    /// as several short sections. Nor does that go on for longer than until it is overdue. But if nothing changes, it is one
    /// long section, or its thread waits for this CPU.
    fn take_as_front(&self, deadline: Option<Instant>) -> Result<(), u32> {
        let mut pacer = Pacer::sparse();
        let mut seen = self.try_as_front();
        while let Err(before) = seen {
            if !pacer.step() {
                break;
            }
            seen = self.try_as_front();
            if seen.is_err_and(|word| (word ^ before) & !QUEUED != 0) && !has_passed(deadline) {
                pacer = Pacer::sparse();
            }
        }
        seen
    }

    /// As the front: takes the lock if it is free; or else what the word is.
    #[inline]
    pub(crate) fn try_as_front(&self) -> Result<(), u32> {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("mutex.front.look", Relaxed));
        while word & LOCKED == 0 {
            let new = word::taken_by_front(word);
            // Acquire: as in `take`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                new,
                ord!("mutex.front.take", Acquire),
                ord!("mutex.front.fail", Relaxed),
            ) {
                Ok(_) => {
                    debug_assert!(word & CALLED != 0, "{ONE_FRONT}");
                    return Ok(());
                }
                Err(now) => word = now,
            }
        }
        Err(word)
    }

    /// As the front: goes back to the front of the line, or takes the lock (`true`) if it is free after all. `word` is a
    /// guess.
    ///
    /// # Safety
    ///
    /// As for [`join`](FairLock::join).
    pub(crate) unsafe fn step_back(&self, waiter: &Waiter, word: u32) -> bool {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        if self.pass_on(word, QUEUED) {
            return true;
        }
        // SAFETY: the caller's contract.
        unsafe { line.push_front(NonNull::from(waiter)) };
        false
    }

    /// As the front: takes the lock if it is free (`true`); or else makes its release call the front of the line anew, and
    /// sets these bits. `word` is a guess.
    pub(crate) fn pass_on(&self, mut word: u32, bits: u32) -> bool {
        loop {
            let free = word & LOCKED == 0;
            let new = if free { word::taken_by_front(word) } else { word::without_call(word) | bits };
            // Acquire: if it takes the lock, as in `take`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(word, new, ord!("mutex.pass", Acquire), ord!("mutex.pass.fail", Relaxed)) {
                Ok(_) => {
                    debug_assert!(word & CALLED != 0, "{ONE_FRONT}");
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
    pub(crate) unsafe fn unlock(&self) {
        // Release: pairs with the Acquire of whoever takes the lock next. Of the old word nothing but the comparison is
        // used: that is one `lock dec` on x86. Without a look first, as in `take`.
        if self.word.fetch_sub(LOCKED, ord!("mutex.release", Release)) != LOCKED {
            step!("mutex.call-afterwards", self.call_afterwards());
        }
    }

    /// Releases the lock if it is held; whether it was.
    #[inline]
    pub(crate) fn unlock_if_locked(&self) -> bool {
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
                Ok(LOCKED) => return true,
                Ok(_) => {
                    step!("mutex.call-after-unlock", self.call_afterwards());
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// For a thread that has released the lock, and may have to call. Not inline, but short: where others wait, each release comes
    /// here, but few have to call.
    #[inline(never)]
    fn call_afterwards(&self) {
        // Relaxed: it sees its own release or what came after; whoever changed the bits since then has done the rest.
        let word = self.word.load(ord!("mutex.call.look", Relaxed));
        if calls(word) {
            self.call(word);
        }
    }

    /// Calls the front of the line, if nobody was called and somebody is still in line. `word` is a guess.
    #[cold]
    fn call(&self, mut word: u32) {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        let called = loop {
            let called = step!("mutex.call-one", word & CALLED != 0, else false);
            let Some(front) = (if called { None } else { line.peek() }) else { break None };
            let new = word::with_call(word, front);
            // Relaxed: the release was before. It continues the release sequences.
            match self.word.compare_exchange(word, new, ord!("mutex.call", Relaxed), ord!("mutex.call.fail", Relaxed)) {
                Ok(_) => break line.pop(),
                Err(now) => word = now,
            }
        };
        drop(line);
        if let Some((front, _)) = called {
            step!("mutex.call.wake", front.send());
        }
    }
}

/// Whether whoever releases a lock with this word calls somebody.
#[inline]
fn calls(word: u32) -> bool {
    word & (QUEUED | CALLED) == QUEUED
}
