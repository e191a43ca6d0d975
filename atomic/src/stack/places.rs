//! [`Places`]: for each seat a node, and where it is. The invariants and the orderings are those of `stack.rs`.
//!
//! A place is plain memory, of the thread that has the seat. So the node costs its owner no more than a load and a store, where
//! one that anybody may take would cost it a read-modify-write; and in a model it is found if two threads come to the same.
//!
//! The place remembers its node when it is taken, too. A thread that pushes and pops in turn then finds it on top, and knows
//! where it is without a look at the arena, which takes several loads and a search for a bit, each of which waits for the one
//! before. That is safe however old the memory is: a name means the same node as long as there is the stack.

use std::ptr::NonNull;

use super::arena::{Name, Node};
use crate::__sys::{SEATS, UnsafeCell, array, const_fn, seat, step};

/// The place of one seat.
struct Place<T> {
    /// The node that is kept here.
    kept: Option<Name>,
    /// The one that was kept here last.
    last: Option<Name>,
    /// Where that is.
    node: NonNull<Node<T>>,
}

impl<T> Place<T> {
    const fn new() -> Place<T> {
        Place { kept: None, last: None, node: NonNull::dangling() }
    }
}

pub(super) struct Places<T> {
    all: [UnsafeCell<Place<T>>; SEATS],
}

impl<T> Places<T> {
    const_fn! {
        pub(super) const fn new() -> Places<T> {
            Places { all: array![UnsafeCell::new(Place::new()); SEATS] }
        }
    }

    /// That of the calling thread, if it has one.
    #[inline(always)]
    pub(super) fn mine(&self) -> Option<Mine<'_, T>> {
        seat().map(|seat| Mine(&self.all[seat]))
    }
}

/// The place of the calling thread, which keeps it to itself.
pub(super) struct Mine<'a, T>(&'a UnsafeCell<Place<T>>);

impl<T> Copy for Mine<'_, T> {}

impl<T> Clone for Mine<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, T> Mine<'a, T> {
    /// Takes the node that this thread has kept, or who had its seat before.
    #[inline(always)]
    pub(super) fn take(self) -> Option<(Name, &'a Node<T>)> {
        self.0.with_mut(|place| {
            // SAFETY: nobody else has the seat.
            let place = unsafe { &mut *place };
            let name = place.kept?;
            step!("stack.place.empty", place.kept = None);
            // SAFETY: what is kept was kept last; nodes stay where they are as long as the stack, which is borrowed.
            Some((name, unsafe { place.node.as_ref() }))
        })
    }

    /// Keeps the caller's node for this thread's next push, if it has kept none.
    #[inline(always)]
    #[must_use]
    pub(super) fn keep(self, name: Name, node: &Node<T>) -> bool {
        self.0.with_mut(|place| {
            // SAFETY: nobody else has the seat.
            let place = unsafe { &mut *place };
            let is_empty = step!("stack.place.is-empty", place.kept.is_none(), else true);
            if is_empty {
                *place = Place { kept: Some(name), last: Some(name), node: NonNull::from(node) };
            }
            is_empty
        })
    }

    /// Keeps the caller's node, which was [known](Mine::known), so that there can be no other here: what is kept was kept last.
    #[inline(always)]
    pub(super) fn keep_again(self, name: Name) {
        // SAFETY: nobody else has the seat.
        self.0.with_mut(|place| unsafe { (*place).kept = Some(name) });
    }

    /// The node of this name, if it is the one that was kept here last.
    #[inline(always)]
    pub(super) fn known(self, name: Name) -> Option<&'a Node<T>> {
        self.0.with(|place| {
            // SAFETY: nobody else has the seat.
            let place = unsafe { &*place };
            let is_this = step!("stack.place.is-this", place.last == Some(name), else place.last.is_some());
            if !is_this {
                return None;
            }
            // SAFETY: as in `take`.
            Some(unsafe { place.node.as_ref() })
        })
    }
}
