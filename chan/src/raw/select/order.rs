//! The order of locks: all channels of a select are locked in the order of [`Lock::rank`](gosync_atomic::__sys::Lock::rank),
//! each once, and in that order the operations leave their nodes.

use std::cell::{Cell, UnsafeCell};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;

use gosync_atomic::__sys::{LockGuard, pick, step};

use super::super::waiter::Waiter;
use super::{Operation, Port};

/// What an operation needs to block.
pub(super) struct Place<'a> {
    /// The node, if the operation has none of its own.
    node: UnsafeCell<MaybeUninit<Waiter>>,
    /// The number of the operation that comes here in the order of ranks.
    nth: Cell<u32>,
    /// Of the lock, while [`LockedAll`] holds it. By itself it releases nothing, so that a place that is done with is just left.
    guard: Cell<ManuallyDrop<Option<LockGuard<'a>>>>,
}

impl<'a> Place<'a> {
    pub(super) const fn new() -> Place<'a> {
        Place {
            node: UnsafeCell::new(MaybeUninit::uninit()),
            nth: Cell::new(0),
            guard: Cell::new(ManuallyDrop::new(None)),
        }
    }

    pub(super) fn node_of(&self, operation: &Operation<'a>) -> NonNull<Waiter> {
        // A cell's pointer is not null.
        operation.node.unwrap_or_else(|| NonNull::new(self.node.get().cast()).unwrap_or(NonNull::dangling()))
    }
}

/// All channels of a select, locked, until this is dropped.
pub(super) struct LockedAll<'e, 'a>(&'e [Place<'a>]);

impl<'e, 'a> LockedAll<'e, 'a> {
    pub(super) fn new(operations: &[Operation<'a>], places: &'e [Place<'a>]) -> LockedAll<'e, 'a> {
        step!("select.sort", sort_by_rank(operations, places));
        let all = LockedAll(places);
        let mut last = None;
        for place in places {
            let Some(port) = operations[place.nth.get() as usize].port else { continue };
            let lock = &port.front().lock;
            // A channel in several cases is locked once.
            if last.replace(lock.rank()) != Some(lock.rank()) {
                place.guard.set(ManuallyDrop::new(Some(lock.lock())));
            }
        }
        all
    }
}

impl Drop for LockedAll<'_, '_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|place| drop(ManuallyDrop::into_inner(place.guard.take())));
    }
}

/// Makes `nth` of each place the number of the operation that comes there. By insertion: there are few, or they are added
/// in the order of their memory.
fn sort_by_rank(operations: &[Operation<'_>], places: &[Place<'_>]) {
    for (i, operation) in operations.iter().enumerate() {
        let mut at = i;
        let before = |at: usize| &operations[places[at - 1].nth.get() as usize];
        while at > 0 && step!("select.lock-order", before(at).rank() > operation.rank(), else false) {
            places[at].nth.set(places[at - 1].nth.get());
            at -= 1;
        }
        places[at].nth.set(i as u32);
    }
}

/// Visits the operations in the order in which they leave their nodes. It matters only among those of one channel, where
/// the first is met first: so they begin with one at random. They are neighbours in the order of ranks.
pub(super) fn in_queueing_order<'a>(
    operations: &[Operation<'a>],
    places: &[Place<'a>],
    biased: bool,
    mut visit: impl FnMut(usize, &'a (dyn Port + 'a)),
) {
    let ranked = |i: usize| places[i].nth.get() as usize;
    let mut start = 0;
    while start < operations.len() {
        let rank = operations[ranked(start)].rank();
        let end = (start..operations.len()).find(|&i| operations[ranked(i)].rank() != rank).unwrap_or(operations.len());
        let first = if biased || end - start < 2 { 0 } else { pick(end - start) };
        for i in (start + first..end).chain(start..start + first) {
            if let Some(port) = operations[ranked(i)].port {
                visit(ranked(i), port);
            }
        }
        start = end;
    }
}
