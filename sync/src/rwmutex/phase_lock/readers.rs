//! How a reader gets in and out. The argument is in the head of `mod.rs`.

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Pacer, Waiter, has_passed, ord, step, undurable};

use super::super::word::{self, CLOSED, FULL, HELD, ONE, PENDING, WAITING};
use super::{Ended, Joined, PhaseLock, too_many};
use crate::LINES;

impl PhaseLock {
    /// Takes the lock for reading, blocking.
    #[inline(always)]
    #[track_caller]
    pub(in crate::rwmutex) fn read(&self) {
        if !self.enter() {
            self.read_closed(None);
        }
    }

    /// Takes the lock for reading, blocking until the deadline at most; `None` is for ever. Whether it was taken.
    #[inline]
    #[track_caller]
    pub(in crate::rwmutex) fn read_until(&self, deadline: Option<Instant>) -> bool {
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
    pub(in crate::rwmutex) fn try_read(&self) -> bool {
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
        while word::readers(word) > 0 {
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
        // Whoever has it may be in no bubble.
        undurable!();
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
    pub(in crate::rwmutex) unsafe fn join(&self, waiter: &Waiter) -> Joined {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.join.look", Relaxed));
        loop {
            let closed = word & (HELD | PENDING) != 0;
            if word & CLOSED == FULL {
                drop(line);
                too_many();
            }
            let new = if closed { word::waited_for(word, WAITING) } else { word + ONE };
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
    pub(in crate::rwmutex) unsafe fn leave(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue(LINES);
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
    pub(in crate::rwmutex) unsafe fn read_unlock(&self) {
        // Release: pairs with the Acquire of the next writer, or of whoever hands it the lock.
        let word = self.word.fetch_sub(ONE, ord!("rw.read-release", Release));
        if word & PENDING != 0 {
            self.has_left(word - ONE);
        }
    }

    /// As [`read_unlock`](PhaseLock::read_unlock), if it seems to be held for reading; whether it did.
    #[inline]
    pub(in crate::rwmutex) fn read_unlock_if_held(&self) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.read-unlock.look", Relaxed));
        while word & HELD == 0 && word >= ONE {
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
}
