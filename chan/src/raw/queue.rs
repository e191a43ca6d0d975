//! [`WaitQueue`]: the blocked operations of one direction, oldest first; [`Line`]: nodes that were claimed.
//!
//! The queue is an intrusive list, guarded by its channel's lock. It may hold nodes of selects that were won elsewhere in
//! the meantime: [`meet`](WaitQueue::meet) takes them out on its way, so each is passed over once.

use std::ptr::NonNull;

use gosync_atomic::__sys::step;

use super::waiter::{Links, Waiter, Wakes, Wants, edit, look};

/// A FIFO of nodes. Guarded by its channel's lock.
#[derive(Default)]
pub(crate) struct WaitQueue {
    head: Option<NonNull<Waiter>>,
    tail: Tail,
}

/// The newest node, and whether one that came since the queue was empty is a select's: a bit of the pointer, for two queues
/// are to fit into one cache line with the lock. Without such a node, none need be looked at to know what it wants: its
/// thread, which looks at the same cache line, is not disturbed while the lock is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tail(Option<NonNull<Waiter>>);

impl Tail {
    const CASES: usize = 1;

    /// Of a queue without cases.
    #[inline(always)]
    fn plain(waiter: NonNull<Waiter>) -> Tail {
        Tail(Some(waiter))
    }

    #[inline(always)]
    fn has_cases(self) -> bool {
        self.0.is_some_and(|tagged| tagged.addr().get() & Tail::CASES != 0)
    }

    #[inline(always)]
    fn with_cases(self, has_cases: bool) -> Tail {
        Tail(self.0.map(|tagged| tagged.map_addr(|addr| addr | usize::from(has_cases))))
    }

    /// The newest node.
    #[inline(always)]
    fn waiter(self) -> Option<NonNull<Waiter>> {
        const { assert!(align_of::<Waiter>() > Tail::CASES) };
        let untagged = self.0?.as_ptr().map_addr(|addr| addr & !Tail::CASES);
        NonNull::new(untagged)
    }
}

/// A claimed node, and what it wants.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Met {
    Transfer(NonNull<Waiter>),
    Permit(NonNull<Waiter>),
}

impl WaitQueue {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Whether there may be nodes of selects.
    #[inline(always)]
    pub(super) fn has_cases(&self) -> bool {
        self.tail.has_cases()
    }

    /// Appends a node.
    ///
    /// # Safety
    ///
    /// The lock is held, the node is in no queue, and it stays in place until it is taken out and, if it was claimed,
    /// completed.
    pub(crate) unsafe fn push(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: the caller's contract.
        unsafe { self.push_plain(waiter) };
        // SAFETY: the caller's contract.
        if unsafe { waiter.as_ref() }.case().is_some() {
            step!("chan.note-case", self.tail = self.tail.with_cases(true));
        }
    }

    /// As [`push`](WaitQueue::push), for a node that is no select's.
    ///
    /// # Safety
    ///
    /// As for [`push`](WaitQueue::push).
    #[inline(always)]
    pub(super) unsafe fn push_plain(&mut self, waiter: NonNull<Waiter>) {
        let before = std::mem::replace(&mut self.tail, Tail::plain(waiter));
        let last = before.waiter();
        // SAFETY: the node is alive, and its links are guarded by the lock that the caller holds.
        unsafe { edit(waiter, |own| *own = Links { prev: last, next: None }) };
        match last {
            Some(last) => {
                step!("chan.cases-before", self.tail = self.tail.with_cases(before.has_cases()));
                // SAFETY: nodes in the queue are alive and guarded by the same lock.
                unsafe { edit(last, |links| links.next = Some(waiter)) }
            }
            None => self.head = Some(waiter),
        }
    }

    /// Takes out the oldest node, claimed or not. If there are no nodes of selects, that is a claim.
    ///
    /// # Safety
    ///
    /// The lock is held.
    #[inline]
    pub(super) unsafe fn pop(&mut self) -> Option<NonNull<Waiter>> {
        let first = self.head?;
        if self.tail.waiter() == Some(first) {
            // Alone, as most are: its links need no change.
            self.head = None;
            self.tail = Tail::default();
        } else {
            // SAFETY: the node is in this queue, whose lock the caller holds.
            self.head = unsafe { look(first, |links| links.next) };
            if let Some(second) = self.head {
                // SAFETY: as above.
                unsafe { edit(second, |links| links.prev = None) };
            }
        }
        Some(first)
    }

    /// Takes out the oldest node that can be claimed.
    ///
    /// # Safety
    ///
    /// The lock is held.
    #[inline]
    pub(crate) unsafe fn meet(&mut self) -> Option<Met> {
        loop {
            let plain = !self.has_cases();
            // SAFETY: the lock is held.
            let first = unsafe { self.pop() }?;
            if plain {
                return Some(Met::Transfer(first));
            }
            // SAFETY: it was queued until now, so it is alive; if it is a select's, its thread still has to look for it
            // here, for which it needs the lock.
            let Some(case) = (unsafe { first.as_ref() }).case() else { return Some(Met::Transfer(first)) };
            // SAFETY: the select is alive, as above.
            let sleeper = unsafe { case.sleeper.as_ref() };
            if step!("chan.claim", sleeper.claim(), else true) {
                let permit = case.wants == Wants::Permit;
                return Some(if permit { Met::Permit(first) } else { Met::Transfer(first) });
            }
            // Won elsewhere: the next one may be free.
            let pass_over = step!("chan.pass-over", true, else false);
            if !pass_over {
                return None;
            }
        }
    }

    /// Takes out all nodes that can be claimed.
    ///
    /// # Safety
    ///
    /// The lock is held.
    #[inline(never)] // seldom called: it is not to make its callers' other paths longer
    pub(crate) unsafe fn claim_all(&mut self, line: &mut Line) {
        // SAFETY: the lock is held.
        while let Some(waiter) = unsafe { self.pop() } {
            // SAFETY: as in `meet`.
            let case = unsafe { waiter.as_ref() }.case();
            // SAFETY: as in `meet`.
            if case.is_none_or(|case| step!("chan.claim-all", unsafe { case.sleeper.as_ref() }.claim(), else true)) {
                // SAFETY: claimed just now.
                unsafe { line.push(waiter) };
            }
        }
    }

    /// Whether [`meet`](WaitQueue::meet) would find somebody. Takes out nodes on its way whose select was won elsewhere.
    ///
    /// # Safety
    ///
    /// The lock is held.
    pub(crate) unsafe fn has_partner(&mut self) -> bool {
        let mut at = self.head;
        while let Some(waiter) = at {
            // SAFETY: queued, so alive and guarded by the lock.
            let Some(case) = (unsafe { waiter.as_ref() }).case() else { return true };
            // SAFETY: as above.
            at = unsafe { look(waiter, |links| links.next) };
            // SAFETY: the select of a queued node is alive.
            let claimed = unsafe { case.sleeper.as_ref() }.is_claimed();
            if step!("chan.claimed-partner", claimed, else false) {
                // SAFETY: as above, and the node is in this queue.
                unsafe { self.unlink(waiter) };
            } else {
                return true;
            }
        }
        false
    }

    /// Whether this node is still queued.
    ///
    /// # Safety
    ///
    /// The lock is held, and the node is alive and of this queue's channel and direction.
    pub(super) unsafe fn has(&self, waiter: NonNull<Waiter>) -> bool {
        // SAFETY: the caller's contract.
        self.head == Some(waiter) || unsafe { look(waiter, |links| links.prev.is_some()) }
    }

    /// Takes out this node if it is still queued.
    ///
    /// # Safety
    ///
    /// The lock is held, and the node is alive and of this queue's channel and direction.
    pub(crate) unsafe fn remove(&mut self, waiter: NonNull<Waiter>) -> bool {
        // SAFETY: the caller's contract.
        let queued = unsafe { self.has(waiter) };
        if step!("chan.still-queued", queued, else true) {
            // SAFETY: as above, and the node is in this queue.
            unsafe { self.unlink(waiter) };
        }
        queued
    }

    /// # Safety
    ///
    /// The lock is held, and the node is in this queue.
    unsafe fn unlink(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: the node is alive and guarded by the lock; so are its neighbours below.
        let (prev, next) = unsafe {
            edit(waiter, |links| {
                let (prev, next) = (links.prev, links.next);
                links.prev = None;
                (prev, next)
            })
        };
        match prev {
            // SAFETY: as above.
            Some(prev) => unsafe { edit(prev, |links| links.next = next) },
            None => self.head = next,
        }
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { edit(next, |links| links.prev = prev) },
            None => self.tail = Tail(prev).with_cases(step!("chan.cases-left", self.has_cases(), else false)),
        }
    }
}

/// Claimed nodes, oldest first. Whoever takes one out completes it.
///
/// No node of a line has a `prev`, so its own thread does not take it for queued.
#[derive(Debug, Default)]
pub(crate) struct Line {
    head: Option<NonNull<Waiter>>,
    tail: Option<NonNull<Waiter>>,
}

impl Line {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Appends a node.
    ///
    /// # Safety
    ///
    /// The node is in no queue; the caller has claimed it, or it is the caller's own, and leaves it to whoever pops it.
    pub(crate) unsafe fn push(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: a claimed node is alive until its completion, and its claimer may write its links.
        unsafe { edit(waiter, |own| *own = Links { prev: None, next: None }) };
        match self.tail.replace(waiter) {
            // SAFETY: as above: nodes in a line are claimed and not completed.
            Some(last) => unsafe { edit(last, |links| links.next = Some(waiter)) },
            None => self.head = Some(waiter),
        }
    }

    /// Whether this node is here.
    #[cfg(feature = "async")]
    pub(super) fn has(&self, waiter: NonNull<Waiter>) -> bool {
        let mut at = self.head;
        while let Some(node) = at {
            if node == waiter {
                return true;
            }
            // SAFETY: as in `pop`.
            at = unsafe { look(node, |links| links.next) };
        }
        false
    }

    /// Takes out this node, if it is here.
    #[cfg(feature = "async")]
    pub(crate) fn remove(&mut self, waiter: NonNull<Waiter>) -> bool {
        let mut others = Line::default();
        let mut found = false;
        while let Some(first) = self.pop() {
            if first == waiter {
                found = true;
            } else {
                // SAFETY: it comes from a line, and goes to one.
                unsafe { others.push(first) };
            }
        }
        *self = others;
        found
    }

    /// Takes out the oldest node, to be completed by the caller.
    pub(crate) fn pop(&mut self) -> Option<NonNull<Waiter>> {
        let first = self.head?;
        // SAFETY: nodes in a line are claimed and not completed, so alive, and this line is all that reaches their links.
        self.head = unsafe { look(first, |links| links.next) };
        if self.head.is_none() {
            self.tail = None;
        }
        Some(first)
    }
}

/// Claimed nodes that have all they need: of `ready`, and those to which a timer's value was given. They are told when
/// this is dropped, which must be after the lock was released.
#[derive(Debug, Default)]
pub(crate) struct Observers(Line);

impl Observers {
    /// Will tell one more.
    ///
    /// # Safety
    ///
    /// The caller has claimed the node, and leaves it to this.
    pub(super) unsafe fn tell(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: the caller's contract.
        unsafe { self.0.push(waiter) }
    }

    /// Claims those who wait for news of this kind.
    ///
    /// # Safety
    ///
    /// The lock of the queue is held.
    #[inline]
    pub(crate) unsafe fn call(&mut self, watchers: &mut WaitQueue) {
        if !watchers.is_empty() {
            // SAFETY: the caller's contract.
            step!("chan.call-observers", unsafe { watchers.claim_all(&mut self.0) });
        }
    }
}

impl Drop for Observers {
    #[inline]
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.tell_all();
        }
    }
}

impl Observers {
    #[cold]
    fn tell_all(&mut self) {
        self.complete_all(&mut Wakes::default());
    }

    /// Whether there is nobody to tell.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Completes them: their tasks are woken when what this returns is dropped.
    pub(super) fn complete(mut self) -> Wakes {
        let mut wakes = Wakes::default();
        self.complete_all(&mut wakes);
        wakes
    }

    fn complete_all(&mut self, wakes: &mut Wakes) {
        while let Some(waiter) = self.0.pop() {
            // SAFETY: claimed, and not completed yet.
            let outcome = unsafe { waiter.as_ref() }.satisfied();
            // SAFETY: its only completion, by its claimer.
            step!("chan.tell-observer", unsafe { wakes.complete(waiter, outcome) });
            let go_on = step!("chan.tell-rest", true, else false);
            if !go_on {
                break;
            }
        }
    }
}

/// All that were blocked when their channel was closed. They are to be told when the lock was released, after which the
/// channel may be gone.
#[derive(Debug, Default)]
#[must_use = "they wait to be completed"]
pub(crate) struct Ended(Line);

impl Ended {
    /// Takes all nodes of a queue that can be claimed.
    ///
    /// # Safety
    ///
    /// The lock of the queue is held.
    pub(super) unsafe fn claim_all(&mut self, queue: &mut WaitQueue) {
        // SAFETY: the caller's contract.
        unsafe { queue.claim_all(&mut self.0) };
    }

    /// Completes them.
    #[inline]
    pub(crate) fn complete(self) {
        if !self.0.is_empty() {
            self.complete_all();
        }
    }

    #[inline(never)]
    fn complete_all(mut self) {
        let mut wakes = Wakes::default();
        while let Some(waiter) = self.0.pop() {
            // SAFETY: claimed, and not completed yet.
            let outcome = unsafe { waiter.as_ref() }.ended();
            // SAFETY: its only completion, by its claimer.
            step!("chan.close.complete", unsafe { wakes.complete(waiter, outcome) });
        }
    }
}
