//! The readers-writer lock itself, without data: one word (`word.rs` has its bits), a line of readers in the seam's table,
//! and the lock in which writers stand in line for each other.
//!
//! # Who gets the lock
//!
//! A reader adds one to the word and is in, unless a writer is in or waits. A writer takes a word that is 0, in one step.
//! If it is not, it first takes the *writers' lock*, a mutex with a line and a bound on overtaking (`mutex/fair_lock.rs`).
//! Whoever has that is the next writer, and the only one that waits for the word: it sets `PENDING`, which keeps new
//! readers out, and is handed the lock by the last reader that leaves or by the writer that is in. It keeps the writers'
//! lock until it releases this one (`LINED`).
//!
//! **Phases.** Readers that are kept out stand in a line of their own. When a writer releases the lock, all that are in
//! line at that moment are let in, by the same step: the word changes from "a writer" to "so many readers", so that no
//! writer comes between, whether it waits or not. They hold the lock before they are awake. The next writer has to wait
//! for them, and they for no other one. So a writer waits for the readers that were in when it became pending, and a
//! reader in line for one writer.
//!
//! Writers are served in the order of their arrival at the writers' lock. One that runs may overtake those in that line, as
//! in a mutex: by the word that is 0, or by that lock. The first of the line needs only that lock to become pending, and
//! nobody overtakes it then; and it gets it within the bound of a mutex.
//!
//! # Why no wake-up is lost
//!
//! A well-known lock of this kind loses one: its writer decides to sleep by a state that it read, and another one by which
//! it would have announced itself has gone by then. Here whoever is to sleep announces that, and finds that it has to
//! sleep, in one compare-exchange, and joins its line under the lock under which that was done:
//!
//! * A reader sets `WAITING` in a word that has `WRITER` or `PENDING`. The step that clears the last of these two without
//!   setting the other is one of [`advance`](PhaseLock::advance), which lets in all readers in line; it sees `WAITING`,
//!   because it is a compare-exchange of the whole word. (`PENDING` becomes `WRITER` in a step that leaves them in line.)
//! * A writer sets `PENDING` in a word that is not free. Whatever makes it free is a subtraction or an exchange that finds
//!   `PENDING` in the word that it changes, and whose thread then hands the lock over: under the queue's lock, so that it
//!   comes after the writer has joined. If it finds more readers by then, these have yet to leave.
//!
//! Nobody else clears either bit but who leaves its line for good: a reader leaves alone, the pending writer lets in the
//! readers that it has kept out.
//!
//! # Invariants
//!
//! 1. While `WRITER` is set there is one writer, and the readers in the count are those that are about to take themselves
//!    back. While there are other readers, `WRITER` is not set.
//! 2. Whoever set `PENDING` has the writers' lock, as has a writer with `LINED`. So at most one of these bits is set.
//! 3. `WAITING` says whether readers are in line, and `PENDING` whether a writer is in the line beside it, whenever the
//!    queue's lock is free; but for nodes of tasks that waited for another lock at this address and were forgotten,
//!    which the next to join an empty line takes out.
//! 4. `WAITING` implies `WRITER` or `PENDING`, or that a thread is in [`advance`](PhaseLock::advance), which is in as a
//!    reader until all that it has to let in are in.
//! 5. Whoever was taken out of a line by another holds the lock from that step on.
//!
//! # Ordering
//!
//! Every change is a read-modify-write, so whoever reads the word with `Acquire` comes after every `Release` in the
//! word's history. A release by a writer is a `Release`, and so is one by a reader; whoever takes the lock by itself does so
//! with an `Acquire` (rw.n-unlock-before-m-lock, rw.unlock-before-rlock, rw.runlock-before-next-lock). Whoever lets others in
//! does so with an `Acquire` too, and their wake-up orders them after that. A reader that comes after a reader is ordered
//! after it or not, by accident (rw.readers-mutually-unordered). A try that fails orders nothing (rw.try).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Futex, Pacer, WAKE_BATCH, Waiter, Wake, const_fn, has_passed, ord, step};

use super::word::{self, CLOSED, FULL, LINED, ONE, PENDING, WAITING, WRITER};
use crate::mutex::fair_lock::FairLock;

/// The lock. Whoever takes it, any thread may release it.
#[derive(Debug)]
pub(super) struct PhaseLock {
    pub(super) word: Futex,
    pub(super) writers: FairLock,
}

/// What is known about a lock at some moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) writer: bool,
    pub(super) readers: u32,
    pub(super) pending: bool,
    pub(super) waiting: bool,
}

/// What came of joining the line of readers.
pub(super) enum Joined {
    /// The lock was open, and the reader is in.
    Not,
    /// In line, before all others.
    AsTheFirst,
    /// In line, behind others.
    Behind,
}

/// What has ended, so that others may go on.
enum Ended<'a> {
    /// A writer's section; so much stays in the word: nothing, or one reader.
    Section { stays: u32 },
    /// A phase of readers: the last one has left.
    Phase,
    /// The patience of the pending writer, whose node this is.
    Claim(&'a Waiter),
}

impl PhaseLock {
    const_fn! {
        pub(super) const fn new() -> PhaseLock {
            PhaseLock { word: Futex::new(0), writers: FairLock::new() }
        }
    }

    pub(super) fn state(&self) -> State {
        // Relaxed: it may change at any time.
        let word = self.word.load(ord!("rw.state", Relaxed));
        State {
            writer: word & WRITER != 0,
            readers: word::readers(word),
            pending: word & PENDING != 0,
            waiting: word & WAITING != 0,
        }
    }

    /// Takes the lock for reading, blocking.
    #[inline(always)]
    #[track_caller]
    pub(super) fn read(&self) {
        if !self.enter() {
            self.read_closed(None);
        }
    }

    /// Takes the lock for reading, blocking until the deadline at most; `None` is for ever. Whether it was taken.
    #[inline]
    #[track_caller]
    pub(super) fn read_until(&self, deadline: Option<Instant>) -> bool {
        self.enter() || self.read_closed(deadline)
    }

    /// Counts a reader; whether it is in, and not merely counted.
    #[inline(always)]
    fn enter(&self) -> bool {
        // Acquire: pairs with the Release of the last writer's release.
        self.word.fetch_add(ONE, ord!("rw.enter", Acquire)) & CLOSED == 0
    }

    /// Takes the lock for reading if no writer has it or waits for it.
    #[inline]
    #[track_caller]
    pub(super) fn try_read(&self) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.try-read.look", Relaxed));
        while word & CLOSED == 0 {
            // Acquire: as in `enter`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                word + ONE,
                ord!("rw.try-read", Acquire),
                ord!("rw.try-read.fail", Relaxed),
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        if word & CLOSED == FULL {
            too_many();
        }
        false
    }

    /// For a reader that was counted and is not in.
    #[cold]
    #[track_caller]
    fn read_closed(&self, deadline: Option<Instant>) -> bool {
        let word = self.retract();
        if word & CLOSED == FULL {
            too_many();
        }
        let mut pacer = Pacer::reluctant(4);
        // Where others are in line it will take longer.
        while word & WAITING == 0 && pacer.step() {
            if self.try_read() {
                return true;
            }
        }
        self.read_in_line(deadline)
    }

    /// Takes a reader back that was counted and is not in. What the word is then.
    fn retract(&self) -> u32 {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.retract.look", Relaxed));
        // A release too many may have taken it already.
        while word >= ONE {
            // Relaxed both ways: it has read nothing that is guarded. It looks again.
            match self.word.compare_exchange(
                word,
                word - ONE,
                ord!("rw.retract", Relaxed),
                ord!("rw.retract.fail", Relaxed),
            ) {
                Ok(_) => {
                    step!("rw.retract.last", self.has_left(word - ONE));
                    return word - ONE;
                }
                Err(now) => word = now,
            }
        }
        word
    }

    #[track_caller]
    fn read_in_line(&self, deadline: Option<Instant>) -> bool {
        if has_passed(deadline) {
            return false;
        }
        let waiter = Waiter::of_thread(0);
        // SAFETY: it is new, and below it is seen woken or removed.
        match unsafe { self.join(&waiter) } {
            Joined::Not => return true,
            Joined::AsTheFirst => waiter.spin(),
            Joined::Behind => {}
        }
        if waiter.wait(deadline) {
            return true;
        }
        // SAFETY: the node is alive, and was pushed to this line.
        if unsafe { self.leave(&waiter) } {
            return false;
        }
        // Too late: it is in, and woken in a moment (invariant 5).
        step!("rw.await-entry", waiter.wait(None), else true)
    }

    /// Appends a node to the line of readers, or takes the lock for reading if that is possible after all.
    ///
    /// # Safety
    ///
    /// The node is new, and in line unless the lock was taken: [`leave`](PhaseLock::leave) removes it, or it is seen
    /// woken, before it moves or goes.
    #[track_caller]
    pub(super) unsafe fn join(&self, waiter: &Waiter) -> Joined {
        let queue = self.word.queue();
        let mut line = queue.lock();
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.join.look", Relaxed));
        loop {
            let closed = word & (WRITER | PENDING) != 0;
            if word & CLOSED == FULL {
                drop(line);
                too_many();
            }
            let new = if closed { word | WAITING } else { word + ONE };
            // Acquire: if it is let in, as in `enter`. Relaxed on failure: it looks again.
            match step!(
                "rw.join",
                self.word.compare_exchange(word, new, ord!("rw.join.enter", Acquire), ord!("rw.join.fail", Relaxed)),
                else Ok(word)
            ) {
                Ok(_) if !closed => return Joined::Not,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        let first = word & WAITING == 0;
        if first {
            // Invariant 3. What is there all the same waited for another lock at this address, and was forgotten.
            line.forget_all();
        }
        // SAFETY: the caller's contract.
        unsafe { line.push_back(NonNull::from(waiter)) };
        if first { Joined::AsTheFirst } else { Joined::Behind }
    }

    /// Takes a reader's node out of the line; `false` if it is not there any more: the reader is in.
    ///
    /// # Safety
    ///
    /// The node is alive, and was pushed to this line.
    pub(super) unsafe fn leave(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue();
        let mut line = queue.lock();
        // SAFETY: the caller's contract.
        let in_line = unsafe { line.remove(NonNull::from(waiter)) };
        if in_line && line.is_empty() {
            // Relaxed: the bit publishes nothing.
            self.word.fetch_and(!WAITING, ord!("rw.leave", Relaxed));
        }
        in_line
    }

    /// Releases the lock, for a reader.
    ///
    /// # Safety
    ///
    /// It is held for reading, and the caller is the one that releases it, once.
    #[inline(always)]
    pub(super) unsafe fn read_unlock(&self) {
        // Release: pairs with the Acquire of the next writer, or of whoever hands it the lock.
        let word = self.word.fetch_sub(ONE, ord!("rw.read-release", Release));
        if word & PENDING != 0 {
            self.has_left(word - ONE);
        }
    }

    /// As [`read_unlock`](PhaseLock::read_unlock), if it seems to be held for reading; whether it did.
    #[inline]
    pub(super) fn read_unlock_if_held(&self) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.read-unlock.look", Relaxed));
        while word & WRITER == 0 && word >= ONE {
            // Release: as in `read_unlock`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                word - ONE,
                ord!("rw.read-unlock", Release),
                ord!("rw.read-unlock.fail", Relaxed),
            ) {
                Ok(_) => {
                    self.has_left(word - ONE);
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// For a reader that has just left this word behind: the last one lets the pending writer in.
    fn has_left(&self, word: u32) {
        if word & PENDING != 0 && word::is_free(word) {
            self.advance(Ended::Phase);
        }
    }

    /// Takes the lock for writing, blocking.
    #[inline(always)]
    pub(super) fn write(&self) {
        if let Err(word) = self.take() {
            self.write_contended(word, None);
        }
    }

    /// Takes the lock for writing, blocking until the deadline at most; `None` is for ever. Whether it was taken.
    #[inline]
    pub(super) fn write_until(&self, deadline: Option<Instant>) -> bool {
        self.take().map_or_else(|word| self.write_contended(word, deadline), |()| true)
    }

    /// Takes the lock for writing if nobody has it or waits for it; or else the word.
    #[inline(always)]
    pub(super) fn take(&self) -> Result<(), u32> {
        // Acquire: pairs with the Release of whoever has released it. Relaxed on failure: nothing was taken.
        self.word.compare_exchange(0, WRITER, ord!("rw.take", Acquire), ord!("rw.take.fail", Relaxed)).map(drop)
    }

    /// As [`take`](PhaseLock::take), after a look that is cheaper if it fails.
    #[inline]
    pub(super) fn try_write(&self) -> Result<(), u32> {
        // Relaxed: a guess that the exchange checks.
        match self.word.load(ord!("rw.try-write.look", Relaxed)) {
            0 => self.take(),
            word => Err(word),
        }
    }

    #[cold]
    fn write_contended(&self, mut word: u32, deadline: Option<Instant>) -> bool {
        let mut pacer = Pacer::reluctant(4);
        // Where others wait it is no use.
        while word & (PENDING | WAITING) == 0 && pacer.step() {
            match self.try_write() {
                Ok(()) => return true,
                Err(now) => word = now,
            }
        }
        if !self.writers.lock_until(deadline) {
            return false;
        }
        let taken = self.write_as_next(deadline);
        if !taken {
            // SAFETY: it was taken above, and the lock was not.
            unsafe { self.writers.unlock() };
        }
        taken
    }

    /// With the writers' lock: takes this one.
    fn write_as_next(&self, deadline: Option<Instant>) -> bool {
        // Readers that come meanwhile get in. It does not take long, unless they compute: then each time that the CPU is
        // given away takes a time slice, so that is over with the first.
        let mut pacer = Pacer::reluctant(1);
        while pacer.step() {
            if self.try_as_next() {
                return true;
            }
        }
        if has_passed(deadline) {
            return false;
        }
        let waiter = Waiter::of_thread(0);
        // SAFETY: it is new, and below it is seen woken or removed.
        if unsafe { self.claim(&waiter) } {
            return true;
        }
        waiter.spin();
        if waiter.wait(deadline) {
            return true;
        }
        // SAFETY: the node is alive, and was pushed to this line.
        if unsafe { self.withdraw(&waiter) } {
            return false;
        }
        // Too late: it has the lock, and is woken in a moment (invariant 5).
        step!("rw.await-lock", waiter.wait(None), else true)
    }

    /// With the writers' lock: takes this one if nobody is in.
    pub(super) fn try_as_next(&self) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.next.look", Relaxed));
        while word::is_free(word) {
            let new = word::taken_by_pending(word);
            // Acquire: as in `take`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(word, new, ord!("rw.next", Acquire), ord!("rw.next.fail", Relaxed)) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// With the writers' lock: becomes the pending writer (`false`), or takes this lock if nobody is in (`true`).
    ///
    /// # Safety
    ///
    /// The node is new, and in line unless the lock was taken: [`withdraw`](PhaseLock::withdraw) removes it, or it is
    /// seen woken, before it moves or goes.
    pub(super) unsafe fn claim(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue();
        let mut line = queue.lock();
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.claim.look", Relaxed));
        loop {
            let free = word::is_free(word);
            let new = if free { word::taken_by_pending(word) } else { word | PENDING };
            // Acquire: if it takes the lock, as in `take`. Relaxed on failure: it looks again.
            match step!(
                "rw.claim",
                self.word.compare_exchange(word, new, ord!("rw.claim.take", Acquire), ord!("rw.claim.fail", Relaxed)),
                else Ok(word)
            ) {
                Ok(_) if free => return true,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        debug_assert!(word & (PENDING | LINED) == 0, "two writers are next");
        line.beside(|line| {
            // Invariants 2 and 3. What is there all the same waited for another lock at this address, and was forgotten.
            line.forget_all();
            // SAFETY: the caller's contract.
            unsafe { line.push_back(NonNull::from(waiter)) };
        });
        false
    }

    /// As the pending writer: gives up, and lets in the readers that it has kept out; `false` if it has the lock. It has
    /// the writers' lock either way.
    ///
    /// # Safety
    ///
    /// The node is alive, and [`claim`](PhaseLock::claim) pushed it.
    pub(super) unsafe fn withdraw(&self, waiter: &Waiter) -> bool {
        self.advance(Ended::Claim(waiter))
    }

    /// Releases the lock, for a writer; `false` if none has it.
    #[inline(always)]
    pub(super) fn write_unlock(&self) -> bool {
        // Release: pairs with the Acquire of whoever takes the lock next. Relaxed on failure: it looks again.
        self.word
            .compare_exchange(WRITER, 0, ord!("rw.write-release", Release), ord!("rw.write-release.fail", Relaxed))
            .is_ok()
            || self.end_section(0)
    }

    /// Turns a writer into a reader.
    ///
    /// # Safety
    ///
    /// The lock is held for writing.
    pub(super) unsafe fn downgrade(&self) {
        self.end_section(ONE);
    }

    /// Ends a writer's section, of which so much stays: nothing, or one reader. `false` if there is none.
    fn end_section(&self, stays: u32) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.end.look", Relaxed));
        while word & WRITER != 0 {
            if word & (PENDING | WAITING) != 0 {
                return self.advance(Ended::Section { stays });
            }
            let new = word::without_writer(word) + stays;
            // Release: as in `write_unlock`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(word, new, ord!("rw.end", Release), ord!("rw.end.fail", Relaxed)) {
                Ok(_) => {
                    if word & LINED != 0 {
                        // SAFETY: the section that ended came with it (invariant 2).
                        step!("rw.end.next", unsafe { self.writers.unlock() });
                    }
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// Ends a section, a phase or a claim and, in the same step, lets in those in line who may go on: the readers, or the
    /// pending writer if there are none. `false` if there is no such section or claim.
    ///
    /// So many readers are let in at a time. If there are more, this thread is in as a reader of its own until all are
    /// in that were in line at first; no writer comes between, and who joins the line meanwhile is none of them.
    #[cold]
    fn advance(&self, ended: Ended<'_>) -> bool {
        let queue = self.word.queue();
        let (mut left, mut share, mut lined) = (0, 0, false);
        let mut panic = None;
        loop {
            let mut line = queue.lock();
            if let (Ended::Claim(waiter), 0) = (&ended, share) {
                // SAFETY: the contract of `withdraw`.
                let waits = line.beside(|line| unsafe { line.remove(NonNull::from(*waiter)) });
                if !waits {
                    return false;
                }
            }
            // Relaxed: a guess that the exchange checks. `WAITING` is as it was left under the queue's lock.
            let mut word = self.word.load(ord!("rw.advance.look", Relaxed));
            let waiting = match word & WAITING {
                0 => 0,
                _ if share == 0 => line.len_up_to(usize::MAX),
                _ => line.len_up_to(WAKE_BATCH + 1),
            };
            if share == 0 {
                left = waiting;
            }
            let (enter, more, hand) = loop {
                let rest = match ended {
                    _ if share != 0 => word - share,
                    Ended::Section { .. } if word & WRITER == 0 => return false,
                    Ended::Section { stays } => word::without_writer(word) + stays,
                    Ended::Phase => word,
                    Ended::Claim(_) => word & !PENDING,
                };
                let open = rest & WRITER == 0 && (share != 0 || !matches!(ended, Ended::Phase));
                let may_enter = if open { waiting.min(left) } else { 0 };
                let enter = may_enter.min(WAKE_BATCH);
                let more = may_enter > enter;
                let hand = may_enter == 0 && rest & PENDING != 0 && word::is_free(rest);
                let mut new = rest + (enter + usize::from(more)) as u32 * ONE;
                if enter > 0 && enter == waiting {
                    new &= !WAITING;
                }
                if hand {
                    new = word::taken_by_pending(new);
                }
                // Acquire: pairs with the Release of those who held the lock before, for those who are let in.
                // Release: pairs with the Acquire of whoever takes the lock after this section. Relaxed on failure: it
                // looks again.
                match self.word.compare_exchange(
                    word,
                    new,
                    ord!("rw.advance", AcqRel),
                    ord!("rw.advance.fail", Relaxed),
                ) {
                    Ok(_) => break (enter, more, hand),
                    Err(now) => word = now,
                }
            };
            lined |= matches!(ended, Ended::Section { .. }) && share == 0 && word & LINED != 0;
            let mut batch: [Option<Wake>; WAKE_BATCH] = [const { None }; WAKE_BATCH];
            batch[..enter].fill_with(|| line.pop().map(|(wake, _)| wake));
            if hand {
                batch[0] = line.beside(|line| line.pop()).map(|(wake, _)| wake);
            }
            drop(line);
            for wake in batch.into_iter().flatten() {
                // A waker is gone after a panic; nothing of it is seen any more.
                contain(&mut panic, || step!("rw.wake", wake.send()));
            }
            if !more {
                break;
            }
            left -= enter;
            share = ONE;
        }
        if lined {
            // SAFETY: the section that ended came with it (invariant 2).
            contain(&mut panic, || step!("rw.advance.next", unsafe { self.writers.unlock() }));
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        true
    }
}

/// Calls what may panic, and keeps the first panic for later.
fn contain(panic: &mut Option<Box<dyn Any + Send>>, f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        panic.get_or_insert(payload);
    }
}

#[cold]
#[track_caller]
fn too_many() -> ! {
    panic!("sync: too many readers of RWMutex");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(f: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(f)).is_err_and(|payload| payload.is::<&str>())
    }

    #[test]
    fn one_reader_too_many_is_refused_and_the_others_stay() {
        let lock = PhaseLock { word: Futex::new(FULL - ONE), ..PhaseLock::new() };
        lock.read();
        for _ in 0..3 {
            assert!(is_refused(|| lock.read()));
            assert!(is_refused(|| _ = lock.try_read()));
            assert!(is_refused(|| _ = lock.read_until(Some(Instant::now()))));
        }
        assert_eq!(lock.state().readers, FULL / ONE);
        assert!(lock.try_write().is_err());
        assert!(lock.read_unlock_if_held());
        lock.read();
        assert!(is_refused(|| lock.read()));
    }
}
