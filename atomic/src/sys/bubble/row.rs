//! The list of a bubble's members that sleep: nodes on their stacks, in the order in which they came. Invariant 1 of the head of
//! `bubble/mod.rs` is why each of them lives while it is in a [`Row`].

use std::cell::Cell;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::Instant;

use super::super::{Futex, ord, step};

/// A member that sleeps: a node of the list, on its stack. Its thread looks at it all the time, so there is no `&mut` to it.
pub(super) struct Sleep {
    /// `None`: it waits for all others to sleep.
    pub(super) word: Option<NonNull<Futex>>,
    pub(super) expected: u32,
    pub(super) deadline: Option<Instant>,
    /// 1: it goes on.
    pub(super) bell: Futex,
    pub(super) thread: std::thread::Thread,
    /// What it does, and where that was called, if that is known.
    pub(super) operation: Option<(&'static str, &'static Location<'static>)>,
    /// Under the bubble's lock; of a node that was taken out, who took it.
    pub(super) next: Cell<Option<NonNull<Sleep>>>,
}

/// Sleeps in a row, the first to come in front.
pub(super) struct Row {
    first: Option<NonNull<Sleep>>,
    last: Option<NonNull<Sleep>>,
    pub(super) len: usize,
}

/// Whose nodes live, and are used by nobody else: under the bubble's lock, or because they have been taken out and their bells not rung.
impl Row {
    pub(super) const EMPTY: Row = Row { first: None, last: None, len: 0 };

    /// # Safety
    ///
    /// The node is in no row; invariant 1.
    pub(super) unsafe fn push(&mut self, node: NonNull<Sleep>) {
        // SAFETY: the caller's contract.
        unsafe { node.as_ref() }.next.set(None);
        match self.last.replace(node) {
            // SAFETY: it is in the row (invariant 1).
            Some(last) => unsafe { last.as_ref() }.next.set(Some(node)),
            None => self.first = Some(node),
        }
        self.len += 1;
    }

    fn pop(&mut self) -> Option<NonNull<Sleep>> {
        let node = self.first?;
        // SAFETY: it is in the row (invariant 1).
        self.first = unsafe { node.as_ref() }.next.get();
        self.last = self.last.filter(|_| self.first.is_some());
        self.len -= 1;
        Some(node)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Sleep> {
        // SAFETY: what is in the row lives (invariant 1).
        let get = |node: NonNull<Sleep>| unsafe { node.as_ref() };
        std::iter::successors(self.first.map(get), move |sleep| sleep.next.get().map(get))
    }

    /// Takes out those that are wanted, and so many at most.
    pub(super) fn take(&mut self, most: usize, mut is_wanted: impl FnMut(&Sleep) -> bool) -> Row {
        let (mut taken, mut kept) = (Row::EMPTY, Row::EMPTY);
        while let Some(node) = self.pop() {
            // SAFETY: it was in the row (invariant 1).
            let is_taken = taken.len < most && is_wanted(unsafe { node.as_ref() });
            let row = if is_taken { &mut taken } else { &mut kept };
            // SAFETY: it is in none now.
            unsafe { row.push(node) };
        }
        *self = kept;
        taken
    }

    /// Lets all of them go on. Without the lock: they were taken out.
    pub(super) fn ring(mut self) {
        while let Some(node) = self.pop() {
            // SAFETY: it lives until its bell has rung (invariant 1).
            let bell = unsafe { &node.as_ref().bell };
            let waker = bell.waker();
            // Release: pairs with the Acquire in `sleep`. The last access.
            bell.swap(1, ord!("bubble.ring", Release));
            step!("bubble.wake", waker.wake_one_aside());
        }
    }
}

impl Sleep {
    pub(super) fn is_unchanged(&self) -> bool {
        // SAFETY: the word of a sleep lives as it does (invariant 1).
        self.word.is_none_or(|word| unsafe { word.as_ref() }.is(self.expected))
    }
}
