//! The readers-writer lock itself, without data: one word (`word.rs` has its bits), a line of readers in the seam's table,
//! and the lock in which writers stand in line for each other. `readers.rs` and `writers.rs` are the ways in and out; what
//! lets others in is here.
//!
//! # Who gets the lock
//!
//! A reader adds one to the word and is in, unless a writer is in or waits. A writer takes a word that is 0, in one step.
//! If it is not, it first takes the *writers' lock*, a mutex with a line and a bound on overtaking (`mutex/fair_lock.rs`).
//! Whoever has that is the next writer, and the only one that waits for the word: it sets `PENDING`, which keeps new
//! readers out, and is handed the lock by the last reader that leaves or by the writer that is in. It sets it for a moment
//! first, awake, and lets readers in once more if that was too short. It keeps the writers' lock until it releases this
//! one (`LINED`), or gives up.
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
//! * A reader sets `WAITING` in a word that a writer holds or that has `PENDING`. The step that ends the last of these two
//!   without beginning the other is one of [`advance`](PhaseLock::advance), which lets in all readers in line; it sees `WAITING`,
//!   because it is a compare-exchange of the whole word. (`PENDING` becomes `WRITER` in a step that leaves them in line.)
//!   A guard's release is a subtraction and not an exchange, but ends nothing if it finds `KEPT`, which whoever waits for a
//!   writer sets in the step by which it finds that it has to wait.
//! * A writer sets `PENDING` in a word that is not free. Whatever makes it free is a subtraction or an exchange that finds
//!   `PENDING` in the word that it changes, and whose thread then hands the lock over: under the queue's lock, so that it
//!   comes after the writer has joined. If it finds more readers by then, these have yet to leave.
//!
//! Nobody else clears either bit but who leaves its line for good: a reader leaves alone, the pending writer lets in the
//! readers that it has kept out.
//!
//! # Invariants
//!
//! 1. While `WRITER` or `KEPT` is set there is one writer, and the readers in the count are those that are about to take
//!    themselves back. While there are other readers, neither is set. `KEPT` without `WRITER` is a release under way.
//! 2. Whoever set `PENDING` has the writers' lock, as has a writer with `LINED`. So at most one of these bits is set.
//! 3. `WAITING` says whether readers are in line, and `PENDING` whether a writer is in the line beside it, whenever the
//!    queue's lock is free; but for nodes of tasks that waited for another lock at this address and were forgotten,
//!    which the next to join an empty line takes out.
//! 4. While a writer holds the lock, `LINED`, `PENDING` and `WAITING` imply `KEPT`. While none does, `WAITING` implies
//!    `PENDING`, or that a thread is in [`advance`](PhaseLock::advance), which is in as a reader until all that it has to let
//!    in are in.
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
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;

use gosync_atomic::__sys::{Futex, WAKE_BATCH, Waiter, Wake, const_fn, ord, step};

use super::word::{self, HELD, LINED, ONE, PENDING, WAITING};
use crate::LINES;
use crate::mutex::fair_lock::FairLock;

mod readers;
mod writers;

#[cfg(feature = "async")]
pub(super) use writers::Next;

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

impl State {
    pub(super) fn is_locked(self) -> bool {
        self.writer || self.readers > 0
    }
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
            writer: word & HELD != 0,
            readers: word::readers(word),
            pending: word & PENDING != 0,
            waiting: word & WAITING != 0,
        }
    }

    /// Ends a section, a phase or a claim and, in the same step, lets in those in line who may go on: the readers, or the
    /// pending writer if there are none. `false` if there is no such section or claim.
    ///
    /// So many readers are let in at a time. If there are more, this thread is in as a reader of its own until all are
    /// in that were in line at first; no writer comes between, and who joins the line meanwhile is none of them.
    #[cold]
    fn advance(&self, ended: Ended<'_>) -> bool {
        let queue = self.word.queue(LINES);
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
                    Ended::Section { .. } if word & HELD == 0 => return false,
                    Ended::Section { stays } => word::without_writer(word) + stays,
                    Ended::Phase => word,
                    Ended::Claim(_) => word & !PENDING,
                };
                let open = rest & HELD == 0 && (share != 0 || !matches!(ended, Ended::Phase));
                let may_enter = if open { step!("rw.advance.left", waiting.min(left), else waiting) } else { 0 };
                let enter = may_enter.min(WAKE_BATCH);
                let more = may_enter > enter;
                let hand = may_enter == 0 && rest & PENDING != 0 && word::is_free(rest);
                let mut new = rest + (enter + usize::from(more)) as u32 * ONE;
                if enter == waiting {
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
    match catch_unwind(AssertUnwindSafe(f)) {
        Err(payload) if panic.is_none() => *panic = Some(payload),
        // The drop of a payload may panic, too.
        Err(payload) => _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(forget),
        Ok(()) => {}
    }
}

#[cold]
#[track_caller]
fn too_many() -> ! {
    panic!("sync: too many readers of RWMutex");
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::word::FULL;
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
