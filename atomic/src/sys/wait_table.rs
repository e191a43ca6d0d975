//! Waiting in line for a word: a table of first-in-first-out queues, found by the word's address.
//!
//! A primitive of a few bytes has no room for a queue. It has a bit that says "somebody is in line", and the queue is
//! here: a [`Bucket`] of a static table, chosen by address, holds one queue for each word that hashes to it and has
//! waiters. In a model each word has a bucket of its own, because there are no statics and no addresses.
//!
//! ```text
//! bucket ── lock
//!        └─ queues ─> front of word A ─(next_queue)─> front of word B ─> ..
//!                       │ next                          │ next
//!                       v                               v
//!                     second of A                     second of B
//!                       v
//!                     last of A <─(last)─ front of A
//! ```
//!
//! The front node of a queue stands for the queue: it is the one in the bucket's list, and knows the last node. So every
//! operation costs as many steps as there are *words* with waiters in the bucket, however many wait for each of them,
//! and taking out a node from the middle is as cheap as from either end.
//!
//! # Invariants
//!
//! 1. A node's links and its task are read and written only under the lock of its word's bucket.
//! 2. A node is in the queue from `push_*` until `pop` or `remove` takes it out. Whoever pops it has claimed it and
//!    completes it exactly once; whoever owns it may leave once it has removed it or seen it completed.
//! 3. A queued node stays where it is. A task's may never leave: a pinned future that is forgotten stays where it is for
//!    ever, although what it borrowed goes. So a word whose bit says that nobody is in line may find such nodes under its
//!    address, and drops them from the line ([`QueueGuard::forget_all`]) before it queues the first of its own.
//!
//! # All at once
//!
//! Whoever calls all that are in line at one moment cannot wake them under the lock, and must not mix them up with those
//! who come meanwhile. So it [detaches](QueueGuard::detach) the line: the nodes get another key, and are in the same bucket,
//! taken out and woken in batches. They have been called, but a task may still leave: [`QueueGuard::forget`].
//!
//! # Wake-ups
//!
//! Under the lock a node is only taken out; [`Wake::send`] comes after it. A thread's node is completed then. A task's
//! node is completed by `pop` itself, and `send` merely wakes its task: a future must be free to go at any time, without
//! waiting for a thread that is between `pop` and `send`.
//!
//! # Ordering
//!
//! A word's bits about its queue change under the lock. That, and [`Sleeper`]'s completion, orders all uses of a node. A
//! primitive's own edges are its word's affair: the queue promises none.

use std::fmt;
use std::marker::PhantomPinned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::task::Waker;
use std::time::Instant;

use super::thread::panicking;
use super::{Cpu, Futex, Lock, LockGuard, Sleeper, UnsafeCell, step};

/// The only outcome of a node here.
const WOKEN: u32 = Sleeper::FIRST_OUTCOME;

/// One blocked operation: a node on the stack of its thread, or in its pinned future.
pub struct Waiter {
    sleeper: Sleeper,
    links: UnsafeCell<Links>,
    /// What whoever pops it is told.
    tag: u32,
    /// Of a task, until it is popped.
    task: UnsafeCell<Option<Waker>>,
    _pinned: PhantomPinned,
}

// SAFETY: links and task are used under a lock only (invariant 1), the task can be sent, and the rest is an atomic. Where
// a queued node is it stays (invariant 3), whichever thread owns it.
unsafe impl Send for Waiter {}
// SAFETY: as above; what a shared reference offers uses the atomic only.
unsafe impl Sync for Waiter {}

struct Links {
    queued: bool,
    key: usize,
    /// `None` in the front node.
    prev: Option<NonNull<Waiter>>,
    next: Option<NonNull<Waiter>>,
    /// In the front node: the last one of its queue. Stale in others.
    last: NonNull<Waiter>,
    /// In the front node: the neighbours among the bucket's queues. Stale in others.
    prev_queue: Option<NonNull<Waiter>>,
    next_queue: Option<NonNull<Waiter>>,
}

impl Waiter {
    /// A node of a thread. Whoever pops it is told the tag.
    #[must_use]
    pub fn of_thread(tag: u32) -> Waiter {
        Waiter::new(tag, None)
    }

    /// A node of a task.
    #[must_use]
    pub fn of_task(tag: u32, waker: Waker) -> Waiter {
        Waiter::new(tag, Some(waker))
    }

    fn new(tag: u32, task: Option<Waker>) -> Waiter {
        let links = Links {
            queued: false,
            key: 0,
            prev: None,
            next: None,
            last: NonNull::dangling(),
            prev_queue: None,
            next_queue: None,
        };
        Waiter {
            sleeper: Sleeper::new(),
            links: UnsafeCell::new(links),
            tag,
            task: UnsafeCell::new(task),
            _pinned: PhantomPinned,
        }
    }

    /// Spins for a moment, if that has paid off lately, before [`wait`](Waiter::wait) sleeps.
    pub fn spin(&self) {
        self.sleeper.spin(Cpu::UNKNOWN);
    }

    /// Sleeps until woken: `true`; or until the deadline has passed: `false`, after which the caller either takes the
    /// node out of its queue or waits again. For threads.
    #[must_use]
    pub fn wait(&self, deadline: Option<Instant>) -> bool {
        self.sleeper.wait(deadline).is_some()
    }

    /// As [`wait`](Waiter::wait), for one that may be called with others by [`Wake::send_asleep`]: see
    /// [`Sleeper::wait_beside`].
    pub fn wait_beside(&self, gate: &Futex, at_gate: u32) {
        self.sleeper.wait_beside(gate, at_gate);
    }

    /// Whether it was woken. For tasks.
    #[must_use]
    pub fn is_woken(&self) -> bool {
        self.sleeper.is_completed()
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").finish_non_exhaustive()
    }
}

/// The queues of the words that share a place in the table.
pub(super) struct Bucket {
    lock: Lock,
    queues: UnsafeCell<Queues>,
}

struct Queues {
    first: Option<NonNull<Waiter>>,
    /// The key of the line that was detached last.
    detached: usize,
}

/// The right to work on the lines of words. Who takes a node out of a line wakes a thread or a task, which goes by that: it may have a
/// lock then, or be told that it has. So only those may who know what it means.
#[derive(Clone, Copy, Debug)]
pub struct Lines(());

impl Lines {
    /// # Safety
    ///
    /// It is used for lines of words of primitives that its owner has made, and whoever is taken out of one, or left in it, is treated
    /// as that primitive promises.
    #[must_use]
    pub const unsafe fn new() -> Lines {
        Lines(())
    }
}

/// A line that was detached from its word: its key. Words' own lines have keys that are 0, 1 or 2
/// modulo 4: see [`beside`](QueueGuard::beside).
#[derive(Debug)]
pub struct Detached(usize);

const DETACHED: usize = 3;

// SAFETY: the list and the nodes in it are touched only under the lock.
unsafe impl Send for Bucket {}
// SAFETY: as above.
unsafe impl Sync for Bucket {}

impl Bucket {
    super::const_fn! {
        /// One without queues.
        #[must_use]
        pub(super) const fn new() -> Bucket {
            Bucket { lock: Lock::new(), queues: UnsafeCell::new(Queues { first: None, detached: DETACHED }) }
        }
    }

    /// Locks the queue of the word with this key.
    pub(super) fn lock(&self, key: usize) -> QueueGuard<'_> {
        QueueGuard { bucket: self, key, _lock: self.lock.lock() }
    }
}

impl Default for Bucket {
    fn default() -> Bucket {
        Bucket::new()
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").finish_non_exhaustive()
    }
}

/// A word's queue, locked.
#[derive(Debug)]
#[must_use = "the queue is unlocked when the guard is dropped"]
pub struct QueueGuard<'a> {
    bucket: &'a Bucket,
    key: usize,
    _lock: LockGuard<'a>,
}

impl QueueGuard<'_> {
    /// Whether nobody is in line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.front().is_none()
    }

    /// The tag of the front node, and whether it is the only one.
    #[must_use]
    pub fn peek(&self) -> Option<(u32, bool)> {
        let front = self.front()?;
        // SAFETY: the node is queued, so it is alive (invariant 2).
        let tag = unsafe { front.as_ref() }.tag;
        Some((tag, look(front, |links| links.next.is_none())))
    }

    /// How many are in line; looks no further than `most`.
    #[must_use]
    pub fn len_up_to(&self, most: usize) -> usize {
        let front = if most == 0 { None } else { self.front() };
        std::iter::successors(front, |&node| look(node, |links| links.next)).take(most).count()
    }

    /// Works on the other line that a word has under the same lock.
    pub fn beside<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        // Words lie at multiples of four, and the lines of `Waker::second_queue` at one more, which have none beside them.
        assert!(self.key & 1 == 0, "no line of a word");
        self.key ^= 2;
        let result = f(self);
        self.key ^= 2;
        result
    }

    /// Appends a node.
    ///
    /// # Safety
    ///
    /// The node was never queued, and it is removed, or seen woken, before it moves or goes.
    pub unsafe fn push_back(&mut self, waiter: NonNull<Waiter>) {
        let Some(front) = self.front() else { return self.start(waiter) };
        let last = look(front, |links| links.last);
        edit(waiter, |links| (links.queued, links.key, links.prev) = (true, self.key, Some(last)));
        edit(last, |links| links.next = Some(waiter));
        edit(front, |links| links.last = waiter);
    }

    /// Puts a node before all others.
    ///
    /// # Safety
    ///
    /// As for [`push_back`](QueueGuard::push_back).
    pub unsafe fn push_front(&mut self, waiter: NonNull<Waiter>) {
        let Some(front) = self.front() else { return self.start(waiter) };
        edit(waiter, |links| (links.queued, links.key, links.next) = (true, self.key, Some(front)));
        edit(front, |links| links.prev = Some(waiter));
        self.hand_over(front, waiter);
    }

    /// Takes out the front node, whose tag comes with it: the caller has to wake it, after it has unlocked the queue.
    #[must_use = "a node that was taken out must be woken"]
    pub fn pop(&mut self) -> Option<(Wake, u32)> {
        self.pop_of(self.key)
    }

    /// As [`pop`](QueueGuard::pop), from a line that was detached from this one.
    #[must_use = "a node that was taken out must be woken"]
    pub fn pop_detached(&mut self, line: &Detached) -> Option<Wake> {
        self.pop_of(line.0).map(|(wake, _)| wake)
    }

    fn pop_of(&mut self, key: usize) -> Option<(Wake, u32)> {
        let front = self.front_of(key)?;
        self.unlink(front);
        // SAFETY: the node was queued until now, so it is alive (invariant 2).
        let waiter = unsafe { front.as_ref() };
        // SAFETY: the lock is held (invariant 1).
        let task = waiter.task.with_mut(|task| unsafe { (*task).take() });
        let tag = waiter.tag;
        let wake = match task {
            None => Wake::Thread(Claimed(front)),
            Some(task) => {
                // SAFETY: claimed by the removal, and never completed before. The last access.
                step!("table.mark-task", unsafe { Sleeper::complete(NonNull::from(&waiter.sleeper), WOKEN) });
                Wake::Task(task)
            }
        };
        Some((wake, tag))
    }

    /// Detaches the line as it is from its word: the caller pops all of it, and wakes it. Whoever joins the word's line
    /// from now on is in another one. Takes as many steps as there are nodes.
    pub fn detach(&mut self) -> Detached {
        let key = self.bucket.queues.with_mut(|queues| {
            // SAFETY: the lock is held.
            let last = unsafe { &mut (*queues).detached };
            *last = last.wrapping_add(4);
            *last
        });
        let mut at = self.front();
        while let Some(waiter) = at {
            at = edit(waiter, |links| {
                links.key = key;
                links.next
            });
        }
        Detached(key)
    }

    /// This line as if it were detached: for mutants.
    #[must_use]
    pub fn not_detached(&self) -> Detached {
        Detached(self.key)
    }

    /// Whether this node's line was detached when it was in it. Then it was called, or is about to be.
    ///
    /// # Safety
    ///
    /// The node is alive, and was pushed to a queue of this word.
    #[must_use]
    pub unsafe fn was_detached(&self, waiter: NonNull<Waiter>) -> bool {
        look(waiter, |links| links.key != self.key)
    }

    /// Takes this node of a task out of a detached line, if it is still there: nobody wakes it any more.
    ///
    /// # Safety
    ///
    /// As for [`was_detached`](QueueGuard::was_detached).
    pub unsafe fn forget(&mut self, waiter: NonNull<Waiter>) {
        if step!("table.still-detached", look(waiter, |links| links.queued), else true) {
            self.unlink(waiter);
        }
    }

    /// Takes out this node if it is still queued. If not, it was popped or detached, and is about to be woken, or has been.
    ///
    /// # Safety
    ///
    /// The node is alive, and was pushed to a queue of this word.
    pub unsafe fn remove(&mut self, waiter: NonNull<Waiter>) -> bool {
        let queued = look(waiter, |links| links.queued && links.key == self.key);
        if step!("table.still-queued", queued, else true) {
            self.unlink(waiter);
        }
        queued
    }

    /// Takes out every node, and wakes nobody: for a word that nobody waits for, so that all that is here was forgotten
    /// (invariant 3). Their wakers stay in them.
    pub fn forget_all(&mut self) {
        while let Some(front) = self.front() {
            self.unlink(front);
        }
    }

    /// Lets another waker wake this node's task. If the node is still queued, the old one; if not, this one, unused.
    ///
    /// # Safety
    ///
    /// The node is alive, has a waker, and was pushed to a queue of this word.
    pub unsafe fn replace_waker(&mut self, waiter: NonNull<Waiter>, waker: Waker) -> Waker {
        if !look(waiter, |links| links.queued) {
            return waker;
        }
        // SAFETY: the caller's contract.
        let waiter = unsafe { waiter.as_ref() };
        // SAFETY: the lock is held (invariant 1).
        waiter.task.with_mut(|task| unsafe { (*task).replace(waker) }).expect("a queued task has a waker")
    }

    /// The front node of this word's queue: alive as long as it is queued.
    #[must_use]
    pub fn front(&self) -> Option<NonNull<Waiter>> {
        self.front_of(self.key)
    }

    fn front_of(&self, wanted: usize) -> Option<NonNull<Waiter>> {
        let mut at = self.first_queue();
        while let Some(front) = at {
            let (key, next) = look(front, |links| (links.key, links.next_queue));
            if key == wanted {
                break;
            }
            at = next;
        }
        at
    }

    /// Begins a queue.
    fn start(&mut self, waiter: NonNull<Waiter>) {
        edit(waiter, |links| (links.queued, links.key, links.last) = (true, self.key, waiter));
        let first = self.first_queue();
        self.join(None, Some(waiter));
        self.join(Some(waiter), first);
    }

    /// Takes a node out of its queue, which ends if it is the only one.
    fn unlink(&mut self, waiter: NonNull<Waiter>) {
        let (key, prev, next) = edit(waiter, |links| {
            links.queued = false;
            (links.key, links.prev, links.next)
        });
        if let Some(next) = next {
            edit(next, |links| links.prev = prev);
        }
        match (prev, next) {
            (Some(prev), next) => {
                edit(prev, |links| links.next = next);
                if next.is_none() {
                    let front = self.front_of(key).expect("a node behind another one has a front");
                    edit(front, |links| links.last = prev);
                }
            }
            (None, Some(next)) => self.hand_over(waiter, next),
            (None, None) => {
                let (prev, next) = look(waiter, |links| (links.prev_queue, links.next_queue));
                self.join(prev, next);
            }
        }
    }

    /// Makes `new` stand for the queue for which `old` has stood.
    fn hand_over(&mut self, old: NonNull<Waiter>, new: NonNull<Waiter>) {
        let (last, prev, next) = look(old, |links| (links.last, links.prev_queue, links.next_queue));
        edit(new, |links| links.last = last);
        self.join(prev, Some(new));
        self.join(Some(new), next);
    }

    /// Makes two queues neighbours in the bucket's list; `None` is its beginning or its end.
    fn join(&mut self, prev: Option<NonNull<Waiter>>, next: Option<NonNull<Waiter>>) {
        match prev {
            Some(prev) => edit(prev, |links| links.next_queue = next),
            // SAFETY: the lock is held.
            None => self.bucket.queues.with_mut(|queues| unsafe { (*queues).first = next }),
        }
        if let Some(next) = next {
            edit(next, |links| links.prev_queue = prev);
        }
    }

    fn first_queue(&self) -> Option<NonNull<Waiter>> {
        // SAFETY: the lock is held.
        self.bucket.queues.with(|queues| unsafe { (*queues).first })
    }
}

/// Works on the links of a node. Only called by a guard, for nodes that are queued or were handed to it.
fn edit<R>(waiter: NonNull<Waiter>, f: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: the node is alive (invariant 2, or the contract of the guard's method).
    let waiter = unsafe { waiter.as_ref() };
    // SAFETY: the guard's lock is held (invariant 1).
    waiter.links.with_mut(|links| f(unsafe { &mut *links }))
}

/// Reads the links of a node. As [`edit`].
fn look<R>(waiter: NonNull<Waiter>, f: impl FnOnce(&Links) -> R) -> R {
    // SAFETY: as in `edit`.
    let waiter = unsafe { waiter.as_ref() };
    // SAFETY: as in `edit`.
    waiter.links.with(|links| f(unsafe { &*links }))
}

/// A node that was taken out of its queue and is to be woken, without any lock.
#[derive(Debug)]
#[must_use = "it sleeps until it is woken"]
pub enum Wake {
    /// A thread.
    Thread(Claimed),
    /// The task whose node has been completed.
    Task(Waker),
}

/// A claimed node of a thread. Nobody else can make one: to wake it is safe.
#[derive(Debug)]
pub struct Claimed(NonNull<Waiter>);

impl Claimed {
    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, waiter: NonNull<Waiter>) -> bool {
        self.0 == waiter
    }

    fn sleeper(&self) -> NonNull<Sleeper> {
        // SAFETY: claimed by `pop` and not completed, so alive (invariant 2).
        NonNull::from(unsafe { &self.0.as_ref().sleeper })
    }
}

impl Wake {
    /// Wakes it.
    pub fn send(self) {
        match self {
            // SAFETY: alive; the one completion.
            Wake::Thread(claimed) => unsafe { Sleeper::complete(claimed.sleeper(), WOKEN) },
            Wake::Task(task) => wake(task),
        }
    }

    /// The same; but whoever sleeps [beside a gate](Waiter::wait_beside) is left to sleep: `true`, and the caller has to
    /// wake all at the gate.
    #[must_use]
    pub fn send_asleep(self) -> bool {
        match self {
            // SAFETY: as in `send`.
            Wake::Thread(claimed) => unsafe { Sleeper::complete_asleep(claimed.sleeper(), WOKEN) },
            Wake::Task(task) => {
                wake(task);
                false
            }
        }
    }
}

/// Not to be the second panic of a thread, which would end the process: a guard may be dropped because of the first.
fn wake(task: Waker) {
    let task = AssertUnwindSafe(task);
    let wake = || step!("table.wake-task", { task }.0.wake());
    if panicking() {
        // What it panics with is a user's, too, and may panic when it is dropped.
        catch_unwind(wake).unwrap_or_else(std::mem::forget);
    } else {
        wake();
    }
}
