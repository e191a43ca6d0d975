//! The semaphore itself: a word that counts, and a line of waiters in the seam's table.
//!
//! | bits of the word | meaning | who changes it |
//! | --- | --- | --- |
//! | 0 `QUEUED` | somebody is in line | under the line's lock only: whoever joins, leaves, or lets others out of the line |
//! | 1.. | permits that are free | whoever takes or returns some; while `QUEUED` is set, under the line's lock only |
//!
//! # Who gets permits
//!
//! As long as nobody is in line, whoever finds enough of them takes them, in one exchange, and whoever returns some adds
//! them, in one exchange. Whoever does not find enough joins the line at its end, and sets `QUEUED`. From then on nobody
//! takes anything: permits that are returned are handed out to the front of the line, under its lock, as far as they go, and
//! those who get them are woken. So service is strictly in the order of arrival: many small requests do not starve a
//! large one, which costs that they wait behind it although there may be enough for them. A waiter that leaves lets those
//! behind it have what it was waiting for.
//!
//! # Why no wake-up is lost
//!
//! Whoever joins sets `QUEUED` by an exchange with a word that does not have enough for it, and holds the line's lock until it is
//! in line. So a return comes before, and is seen; or its exchange fails, and it comes through the lock. Whenever that
//! lock is free, the front of the line wants more than there is free.
//!
//! # Invariants
//!
//! 1. While `QUEUED` is set, the word changes under the line's lock only.
//! 2. `QUEUED` says whether the line is empty, whenever its lock is free; but for tasks that were forgotten. Their nodes stay
//!    where something has once waited at this address, in a line that then belongs to another; and what they have waited for
//!    may move away with `QUEUED` set. So whoever joins an empty line takes out what is there, and a node is a [`Node`] only
//!    if its tag says so.
//! 3. What is free and what is held are the size, together. A node that was taken out of the line holds its permits.
//!
//! # Ordering
//!
//! Every change is a read-modify-write, so an exchange with `Acquire` sees the `Release` of every return before it
//! (semaphore.release-before-acquire). Whoever waits gets permits from returns of two kinds. Those before `QUEUED` was set
//! are seen by the exchange that set it, and through the line's lock by who came later; those after it came through that
//! lock. All else is `Relaxed`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::task::Waker;
use std::time::Instant;

use gosync_atomic::__sys::atomic::AtomicUsize;
use gosync_atomic::__sys::{Futex, Pacer, QueueGuard, Waiter, Wake, const_fn, has_passed, ord, step};

use crate::LINES;

const QUEUED: usize = 1;
const ONE: usize = 2;

/// The tag of all [`Node`]s, and of no other waiter.
const NODE: u32 = u32::from_ne_bytes(*b"sema");

/// How many are taken out of the line at a time.
const BATCH: usize = 8;

/// Permits, and those who wait for some.
#[derive(Debug)]
pub(super) struct Permits {
    size: usize,
    word: AtomicUsize,
    /// Its line is where the waiters are. Its value is of no use.
    line: Futex,
}

/// A waiter: a node on the stack of its thread, or in its pinned future.
#[repr(C)]
pub(super) struct Node {
    waiter: Waiter,
    weight: usize,
}

impl Node {
    pub(super) fn of_thread(weight: usize) -> Node {
        Node { waiter: Waiter::of_thread(NODE), weight }
    }

    pub(super) fn of_task(weight: usize, waker: Waker) -> Node {
        Node { waiter: Waiter::of_task(NODE, waker), weight }
    }

    /// Whether it has its permits. For tasks.
    pub(super) fn is_served(&self) -> bool {
        self.waiter.is_woken()
    }

    /// As the line knows it. The pointer is to all of it.
    fn in_line(&self) -> NonNull<Waiter> {
        NonNull::from(self).cast()
    }
}

/// What came of joining the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// There were enough permits, and they were taken.
    Not,
    AsTheFirst,
    Behind,
}

fn free(word: usize) -> usize {
    word / ONE
}

impl Permits {
    /// The largest size.
    pub(super) const MAX: usize = usize::MAX / ONE;

    const_fn! {
        #[track_caller]
        pub(super) const fn new(size: usize) -> Permits {
            assert!(size <= Permits::MAX, "semaphore: the size is out of range");
            Permits { size, word: AtomicUsize::new(size * ONE), line: Futex::new(0) }
        }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How many are free, and whether somebody is in line.
    pub(super) fn state(&self) -> (usize, bool) {
        // Relaxed: it may change at any time.
        let word = self.word.load(ord!("semaphore.state", Relaxed));
        (free(word), word & QUEUED != 0)
    }

    /// Takes `n` if they are free and nobody is in line; or else the word.
    #[inline]
    pub(super) fn take(&self, n: usize) -> Result<(), usize> {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("semaphore.take.look", Relaxed));
        while fits(word, n) {
            // Acquire: pairs with the Release of the returns before. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                word - n * ONE,
                ord!("semaphore.take", Acquire),
                ord!("semaphore.take.fail", Relaxed),
            ) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
        Err(word)
    }

    /// Takes `n`, which there are, blocking until the deadline at most; `None` is for ever. Whether they were taken.
    #[cold]
    pub(super) fn wait(&self, n: usize, deadline: Option<Instant>) -> bool {
        let mut pacer = Pacer::brief(4);
        loop {
            match self.take(n) {
                Ok(()) => return true,
                Err(word) if word & QUEUED != 0 || !pacer.step() => break,
                Err(_) => {}
            }
        }
        if has_passed(deadline) {
            return false;
        }
        let node = Node::of_thread(n);
        // SAFETY: it is new, and is removed or seen woken below.
        match unsafe { self.join(&node) } {
            Joined::Not => return true,
            Joined::AsTheFirst => node.waiter.spin(),
            Joined::Behind => {}
        }
        if node.waiter.wait(deadline) {
            return true;
        }
        // SAFETY: alive, and of this line.
        if unsafe { self.leave(&node) } {
            return false;
        }
        // It has its permits, and is woken in a moment.
        step!("semaphore.await-wake", node.waiter.wait(None), else true)
    }

    /// Appends a node to the line, or takes its permits if there are enough after all.
    ///
    /// # Safety
    ///
    /// The node is new, and in line unless the permits were taken: [`leave`](Permits::leave) removes it, or it is seen
    /// woken, before it moves or goes.
    pub(super) unsafe fn join(&self, node: &Node) -> Joined {
        let queue = self.line.queue(LINES);
        let mut line = queue.lock();
        // Relaxed: as in `take`.
        let mut word = self.word.load(ord!("semaphore.join.look", Relaxed));
        loop {
            let take = fits(word, node.weight);
            let new = if take { word - node.weight * ONE } else { word | QUEUED };
            // Acquire: as in `take`; for all who will be in line, too. Relaxed on failure: it looks again.
            match step!(
                "semaphore.join",
                self.word.compare_exchange(
                    word,
                    new,
                    ord!("semaphore.join.see", Acquire),
                    ord!("semaphore.join.fail", Relaxed)
                ),
                else Ok(word)
            ) {
                Ok(_) if take => return Joined::Not,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        let first = word & QUEUED == 0;
        if first {
            // Invariant 2. What is there all the same waited for something else at this address, and was forgotten.
            line.forget_all();
        }
        // SAFETY: the caller's contract.
        unsafe { line.push_back(node.in_line()) };
        if first { Joined::AsTheFirst } else { Joined::Behind }
    }

    /// Takes a node out of the line, and lets those behind it have what they want if there is enough; `false` if it is not there
    /// any more: it has its permits, and was woken or is about to be.
    ///
    /// # Safety
    ///
    /// The node is alive, and was pushed to this line.
    pub(super) unsafe fn leave(&self, node: &Node) -> bool {
        let queue = self.line.queue(LINES);
        let mut line = queue.lock();
        // SAFETY: the caller's contract.
        if !unsafe { line.remove(node.in_line()) } {
            return false;
        }
        // Relaxed: it is stable (invariant 1).
        let word = self.word.load(ord!("semaphore.leave.look", Relaxed));
        let served = step!("semaphore.leave.serve", self.serve(&mut line, free(word)), else Served::default());
        drop(line);
        self.wake(served);
        true
    }

    /// Replaces the waker of a node, unless that has been served.
    ///
    /// # Safety
    ///
    /// The node is alive, has a waker, and was pushed to this line.
    #[cfg(feature = "async")]
    pub(super) unsafe fn replace_waker(&self, node: &Node, waker: Waker) {
        let queue = self.line.queue(LINES);
        // SAFETY: the caller's contract.
        let old = unsafe { queue.lock().replace_waker(node.in_line(), waker) };
        drop(old);
    }

    /// Returns `n`; `false`, and nothing else, if so many are not held.
    #[inline]
    pub(super) fn give(&self, n: usize) -> bool {
        // Relaxed: a guess that the exchange checks.
        let mut word = self.word.load(ord!("semaphore.give.look", Relaxed));
        while word & QUEUED == 0 {
            if n > self.size - free(word) {
                return false;
            }
            // Release: pairs with the Acquire of those who take them. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                word + n * ONE,
                ord!("semaphore.give", Release),
                ord!("semaphore.give.fail", Relaxed),
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        self.give_in_line(n)
    }

    /// Somebody was in line.
    #[cold]
    fn give_in_line(&self, n: usize) -> bool {
        let queue = self.line.queue(LINES);
        let mut line = queue.lock();
        // Relaxed: if there is still somebody in line it is stable (invariant 1), and if not it is a guess.
        let mut word = self.word.load(ord!("semaphore.hand.look", Relaxed));
        loop {
            if n > self.size - free(word) {
                return false;
            }
            if step!("semaphore.still-queued", word & QUEUED != 0, else true) {
                break;
            }
            // Release: as in `give`. Relaxed on failure: it looks again.
            match self.word.compare_exchange(
                word,
                word + n * ONE,
                ord!("semaphore.give-late", Release),
                ord!("semaphore.give-late.fail", Relaxed),
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        let served = self.serve(&mut line, free(word) + n);
        drop(line);
        self.wake(served);
        true
    }

    /// With so many free, and somebody in line or just gone: takes those out of the line who can have what they want, and
    /// writes the word.
    fn serve(&self, line: &mut QueueGuard<'_>, mut free: usize) -> Served {
        let mut served = Served::default();
        while let (Some(place), Some(front), Some((tag, _))) = (served.next(), line.front(), line.peek()) {
            if tag != NODE {
                // SAFETY: queued here, so it is alive.
                unsafe { line.remove(front) };
                continue;
            }
            // SAFETY: a `Node` (invariant 2), alive as long as it is queued.
            let weight = unsafe { (*front.cast::<Node>().as_ptr()).weight };
            if weight > free {
                break;
            }
            free -= weight;
            *place = line.pop().map(|(wake, _)| wake);
        }
        let queued = if line.is_empty() { 0 } else { QUEUED };
        // Release: as in `give`, for those who come when nobody is in line any more.
        self.word.swap((free * ONE) | queued, ord!("semaphore.hand", Release));
        served
    }

    /// Wakes those who were served, and serves and wakes more if it was as many as fit. Without the lock.
    ///
    /// If wakers panic, the first of these panics goes on after all were called.
    fn wake(&self, mut served: Served) {
        let mut panic = None;
        loop {
            let more = served.next().is_none();
            for wake in served.0.into_iter().flatten() {
                // The waker is gone after a panic; nothing of it is seen any more.
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| step!("semaphore.wake", wake.send()))) {
                    panic.get_or_insert(payload);
                }
            }
            if !more {
                break;
            }
            let queue = self.line.queue(LINES);
            let mut line = queue.lock();
            // Relaxed: as in `give_in_line`.
            let word = self.word.load(ord!("semaphore.more.look", Relaxed));
            if word & QUEUED == 0 {
                break;
            }
            served = self.serve(&mut line, free(word));
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

/// Those who were taken out of the line and are to be woken.
#[derive(Default)]
struct Served([Option<Wake>; BATCH]);

impl Served {
    /// Where the next one goes; `None` if it is full.
    fn next(&mut self) -> Option<&mut Option<Wake>> {
        self.0.iter_mut().find(|place| place.is_none())
    }
}

/// Whether a newcomer may take `n`.
#[inline]
fn fits(word: usize, n: usize) -> bool {
    word & QUEUED == 0 && free(word) >= n
}
