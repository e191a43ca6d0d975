//! [`List`]: a word with the name of a node and a tag; the invariants and the orderings are those of `stack.rs`.

use super::arena::{Arena, Name, name, number};
use crate::__sys::atomic::AtomicU64;
use crate::__sys::{Backoff, STACK_NAMES, const_fn, ord, step};

/// A chain of nodes, newest first. Low bits: the name of the top node, or 0. The others: the tag, how many pushes there
/// were, modulo their number.
pub(super) struct List {
    word: AtomicU64,
}

/// The bits of the name.
const NAME: u64 = (1 << STACK_NAMES) - 1;
/// One push, in the tag.
const PUSH: u64 = 1 << STACK_NAMES;

/// The name of the top node in a word.
#[inline]
fn top(word: u64) -> Option<Name> {
    name((word & NAME) as u32)
}

impl List {
    const_fn! {
        pub(super) const fn new() -> List {
            List { word: AtomicU64::new(0) }
        }
    }

    /// Puts the caller's node on top.
    #[inline]
    pub(super) fn push<T>(&self, arena: &Arena<T>, name: Name) {
        let backoff = Backoff::new();
        // Relaxed: the name in it is only passed on, by somebody who is not interested in that node.
        let mut word = self.word.load(ord!("stack.push.look", Relaxed));
        loop {
            // SAFETY: the caller has the name from a list, or the node is new and its own.
            unsafe { arena.link(name, top(word)) };
            let tag = (word & !NAME).wrapping_add(step!("stack.tag", PUSH, else 0));
            // Release: pairs with stack.pop.look, stack.pop.again and stack.take: the value, the link, the segment; in
            // `free`: that the last value has been taken.
            let ok = ord!("stack.push", Release);
            // Relaxed: as the look.
            let fail = ord!("stack.push.again", Relaxed);
            match self.word.compare_exchange(word, tag | u64::from(number(Some(name))), ok, fail) {
                Ok(_) => return,
                Err(now) => word = now,
            }
            backoff.spin();
        }
    }

    /// Takes the top node, which is the caller's then.
    #[inline]
    pub(super) fn pop<T>(&self, arena: &Arena<T>) -> Option<Name> {
        let backoff = Backoff::new();
        // Acquire: pairs with stack.push, of this node and of all those below it.
        let mut word = self.word.load(ord!("stack.pop.look", Acquire));
        loop {
            let name = top(word)?;
            // SAFETY: the name comes from this list, with `Acquire`.
            let below = unsafe { arena.below(name) };
            // Relaxed: the word is the one that was looked at with `Acquire`, so there is nothing to learn; and there is
            // nothing to tell, but this continues the release sequences of the pushes.
            let ok = ord!("stack.pop", Relaxed);
            // Acquire: as the look, for the next turn.
            let fail = ord!("stack.pop.again", Acquire);
            match self.word.compare_exchange(word, (word & !NAME) | u64::from(number(below)), ok, fail) {
                Ok(_) => return Some(name),
                Err(now) => word = now,
            }
            backoff.spin();
        }
    }

    /// Takes the whole chain, which is the caller's then.
    #[inline]
    pub(super) fn take(&self) -> Option<Name> {
        // Acquire: pairs with stack.push, of all the nodes. The tag stays: see invariant 4.
        top(self.word.fetch_and(!NAME, ord!("stack.take", Acquire)))
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: it orders nothing.
        top(self.word.load(ord!("stack.is-empty", Relaxed))).is_none()
    }
}
