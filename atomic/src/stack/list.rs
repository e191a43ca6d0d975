//! [`List`]: a word with the name of a node and a tag. [`Spare`]: a word with the name of a node. The invariants and the
//! orderings are those of `stack.rs`.

use super::arena::{Arena, Name, Node, name, number};
use crate::__sys::atomic::{AtomicU32, AtomicU64};
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
pub(super) fn top(word: u64) -> Option<Name> {
    name((word & NAME) as u32)
}

impl List {
    const_fn! {
        pub(super) const fn new() -> List {
            List { word: AtomicU64::new(0) }
        }
    }

    /// Puts the caller's node on top, which has this name.
    #[inline]
    pub(super) fn push<T>(&self, node: &Node<T>, name: Name) {
        let backoff = Backoff::new();
        // Relaxed: the name in it is only passed on, by somebody who is not interested in that node.
        let mut word = self.word.load(ord!("stack.push.look", Relaxed));
        loop {
            node.link(top(word));
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

    /// A word with the top node's name, for who is to take that.
    #[inline(always)]
    pub(super) fn look(&self) -> u64 {
        // Acquire: pairs with stack.push, of the top node and of all those below it.
        self.word.load(ord!("stack.pop.look", Acquire))
    }

    /// Takes the top node, which is the caller's then. The caller has seen this word, and maybe come too late with another.
    #[inline]
    pub(super) fn pop<'a, T>(
        &self,
        arena: &'a Arena<T>,
        mut word: u64,
        mut is_late: bool,
    ) -> Option<(Name, &'a Node<T>)> {
        let backoff = Backoff::new();
        loop {
            if is_late {
                backoff.spin();
            }
            let name = top(word)?;
            // SAFETY: the name comes from this list, with `Acquire`.
            let node = unsafe { arena.node(name) };
            match self.try_pop(word, node) {
                Ok(()) => return Some((name, node)),
                Err(now) => word = now,
            }
            is_late = true;
        }
    }

    /// Takes this node, which is on top in a word that was seen with `Acquire`, or fails with the word that there is now.
    #[inline(always)]
    pub(super) fn try_pop<T>(&self, word: u64, node: &Node<T>) -> Result<(), u64> {
        // Relaxed: the word is the one that was looked at with `Acquire`, so there is nothing to learn; and there is
        // nothing to tell, but this continues the release sequences of the pushes.
        let ok = ord!("stack.pop", Relaxed);
        // Acquire: as the look, for the next turn.
        let fail = ord!("stack.pop.again", Acquire);
        let below = (word & !NAME) | u64::from(number(node.below()));
        self.word.compare_exchange(word, below, ok, fail).map(drop)
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

/// The name of one node, or 0.
pub(super) struct Spare {
    number: AtomicU32,
}

impl Spare {
    const_fn! {
        pub(super) const fn new() -> Spare {
            Spare { number: AtomicU32::new(0) }
        }
    }

    /// Whether there seems to be none.
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        // Relaxed: a guess, so that one who gives where there is one, or takes where there is none, need not swap.
        self.number.load(ord!("stack.spare.look", Relaxed)) == 0
    }

    /// Takes the node, which is the caller's then.
    #[inline]
    pub(super) fn take<'a, T>(&self, arena: &'a Arena<T>) -> Option<(Name, &'a Node<T>)> {
        if self.is_wanted() {
            return None;
        }
        // Acquire: pairs with stack.spare.give, for what its last owner did with the node, and for the segment.
        let name = name(self.number.swap(0, ord!("stack.spare.take", Acquire)))?;
        // SAFETY: it was given, and this is ordered after that.
        Some((name, unsafe { arena.node(name) }))
    }

    /// Makes the caller's node the spare one. If there has come another meanwhile, that is the caller's then.
    #[inline]
    pub(super) fn give(&self, name: Name) -> Option<Name> {
        // Release: pairs with stack.spare.take, and with this, for what was done with the node.
        // Acquire: as in `take`, for the other one.
        super::arena::name(self.number.swap(number(Some(name)), ord!("stack.spare.give", AcqRel)))
    }
}
