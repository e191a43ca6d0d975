//! How a writer gets in and out. The argument is in the head of `mod.rs`.

use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::{Pacer, Waiter, contained, has_passed, ord, step, undurable};

use super::super::word::{self, HELD, LINED, ONE, PENDING, WAITING, WRITER};
use super::{Ended, PhaseLock};
use crate::LINES;

impl PhaseLock {
    /// Takes the lock for writing, blocking.
    #[inline(always)]
    pub(in crate::rwmutex) fn write(&self) {
        if let Err(word) = self.take() {
            self.write_contended(word, None);
        }
    }

    /// Takes the lock for writing, blocking until the deadline at most; `None` is for ever. Whether it was taken.
    #[inline]
    pub(in crate::rwmutex) fn write_until(&self, deadline: Option<Instant>) -> bool {
        self.take().map_or_else(|word| self.write_contended(word, deadline), |()| true)
    }

    /// Takes the lock for writing if nobody has it or waits for it; or else the word.
    #[inline(always)]
    pub(in crate::rwmutex) fn take(&self) -> Result<(), u32> {
        // Acquire: pairs with the Release of whoever has released it. Relaxed on failure: nothing was taken.
        self.word.compare_exchange(0, WRITER, ord!("rw.take", Acquire), ord!("rw.take.fail", Relaxed)).map(drop)
    }

    /// As [`take`](PhaseLock::take), after a look that is cheaper if it fails.
    #[inline]
    pub(in crate::rwmutex) fn try_write(&self) -> Result<(), u32> {
        // Relaxed: a guess that the exchange checks.
        match self.word.load(ord!("rw.try-write.look", Relaxed)) {
            0 => self.take(),
            word => Err(word),
        }
    }

    #[cold]
    fn write_contended(&self, mut word: u32, deadline: Option<Instant>) -> bool {
        // Who has it for writing has it for a whole section, and begins the next one at once: as for a mutex. Readers are in nearly
        // always, and out for a moment now and then.
        let (mut behind_writer, mut among_readers) = (Pacer::alert(16), Pacer::steady(4));
        // Where others wait it is no use.
        while word & (PENDING | WAITING) == 0 {
            let pacer = if word & HELD == 0 { &mut among_readers } else { &mut behind_writer };
            if !pacer.step() {
                break;
            }
            match self.try_write() {
                Ok(()) => return true,
                Err(now) => word = now,
            }
        }
        if !self.writers.lock_until(deadline) {
            return false;
        }
        let next = Next::of(self);
        let taken = self.write_as_next(deadline);
        if taken {
            next.stays();
        }
        taken
    }

    /// With the writers' lock: takes this one.
    fn write_as_next(&self, deadline: Option<Instant>) -> bool {
        if self.close_for_a_moment() {
            return true;
        }
        // Readers that come meanwhile get in. It keeps them out if there is always one inside, but not before: with many
        // threads and short sections each writer would put all readers to sleep. A yield would do, unless they
        // compute: then it takes a time slice. And not much later: a single reader that is back at once is inside nearly
        // always, and for as long as this thread waits for a gap it might do something else.
        let mut pacer = Pacer::napping();
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
        // Whoever has it may be in no bubble.
        undurable!();
        // SAFETY: the node is alive, and `claim` pushed it.
        waiter.wait(deadline) || unsafe { self.give_up(&waiter) }
    }

    /// With the writers' lock: keeps new readers out for a few microseconds. Whether that was enough to take this lock.
    ///
    /// It is, if those that are in have their CPUs and short sections; and who is kept out is still awake when this writer is
    /// done. If it is not, somebody inside waits for a CPU. Then all others go on, instead of going to sleep one
    /// after the other.
    fn close_for_a_moment(&self) -> bool {
        let mut pacer = Pacer::closing();
        if !pacer.step() {
            return false;
        }
        let waiter = Waiter::of_thread(0);
        // SAFETY: it is new, and below it is seen woken or removed.
        if unsafe { self.claim(&waiter) } {
            return true;
        }
        while pacer.step() {
            if waiter.is_woken() {
                return true;
            }
        }
        let mut has_it = false;
        // A waker of a reader that is let in may panic, after which that is in. Who locks without a deadline gets the lock all the
        // same, and relies on it: the panic ends here, after the hook has reported it.
        // SAFETY: the node is alive, and `claim` pushed it.
        contained(|| has_it = unsafe { self.give_up(&waiter) });
        has_it
    }

    /// As the pending writer: withdraws, unless it is too late. Whether it has the lock.
    ///
    /// # Safety
    ///
    /// As for [`withdraw`](PhaseLock::withdraw).
    unsafe fn give_up(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's contract.
        if unsafe { self.withdraw(waiter) } {
            return false;
        }
        // Too late: it has the lock, and is woken in a moment (invariant 5).
        step!("rw.await-lock", waiter.wait(None), else true)
    }

    /// With the writers' lock: takes this one if nobody is in.
    pub(in crate::rwmutex) fn try_as_next(&self) -> bool {
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
    pub(in crate::rwmutex) unsafe fn claim(&self, waiter: &Waiter) -> bool {
        let queue = self.word.queue(LINES);
        let mut line = queue.lock();
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.claim.look", Relaxed));
        loop {
            let free = word::is_free(word);
            let new = if free { word::taken_by_pending(word) } else { word::waited_for(word, PENDING) };
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
    pub(in crate::rwmutex) unsafe fn withdraw(&self, waiter: &Waiter) -> bool {
        self.advance(Ended::Claim(waiter))
    }

    /// Releases the lock, for a writer.
    ///
    /// # Safety
    ///
    /// It is held for writing, and the caller is the one that releases it, once.
    #[inline(always)]
    pub(in crate::rwmutex) unsafe fn write_unlock(&self) {
        const RELEASED: u32 = WRITER.wrapping_neg();
        // Release: pairs with the Acquire of whoever takes the lock next.
        let word = self.word.fetch_add(RELEASED, ord!("rw.write-release", Release)).wrapping_add(RELEASED);
        // `KEPT`. Written so, and as an addition above, it is the sign flag of the instruction that was.
        if (word as i32) < 0 {
            self.end_section(0);
        }
    }

    /// As [`write_unlock`](PhaseLock::write_unlock), if it is held for writing; whether it was.
    #[inline]
    pub(in crate::rwmutex) fn write_unlock_if_held(&self) -> bool {
        // Release: as in `write_unlock`. Relaxed on failure: it looks again.
        self.word
            .compare_exchange(WRITER, 0, ord!("rw.write-unlock", Release), ord!("rw.write-unlock.fail", Relaxed))
            .is_ok()
            || self.end_section(0)
    }

    /// Turns a writer into a reader.
    ///
    /// # Safety
    ///
    /// The lock is held for writing.
    pub(in crate::rwmutex) unsafe fn downgrade(&self) {
        self.end_section(ONE);
    }

    /// Ends a writer's section, of which so much stays: nothing, or one reader. `false` if there is none.
    fn end_section(&self, stays: u32) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("rw.end.look", Relaxed));
        while word & HELD != 0 {
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
}

/// Holds the writers' lock: releases it when dropped, as by a waker that panics when a writer gives up and lets its reader in.
pub(in crate::rwmutex) struct Next<'a>(Option<&'a PhaseLock>);

impl<'a> Next<'a> {
    /// Of a lock whose writers' lock the caller has taken.
    pub(in crate::rwmutex) fn of(lock: &'a PhaseLock) -> Next<'a> {
        Next(Some(lock))
    }

    /// It stays locked.
    pub(in crate::rwmutex) fn stays(mut self) {
        self.0 = None;
    }
}

impl Drop for Next<'_> {
    fn drop(&mut self) {
        if let Some(lock) = self.0 {
            // SAFETY: it is held, as said, and released here only.
            step!("rw.next.unlock", unsafe { lock.writers.unlock() });
        }
    }
}
