//! [`Places`]: for each seat the name of a node, or 0. The invariants and the orderings are those of `stack.rs`.
//!
//! A place is plain memory, of the thread that has the seat. So the node costs its owner no more than a load and a store, where
//! one that anybody may take would cost it a read-modify-write; and in a model it is found if two threads come to the same.

use super::arena::{Name, name, number};
use crate::__sys::{SEATS, UnsafeCell, array, const_fn, seat, step};

pub(super) struct Places {
    /// The number of the node that is kept there.
    kept: [UnsafeCell<u32>; SEATS],
}

impl Places {
    const_fn! {
        pub(super) const fn new() -> Places {
            Places { kept: array![UnsafeCell::new(0); SEATS] }
        }
    }

    /// Takes the node that this thread has kept, or who had its seat before.
    #[inline(always)]
    pub(super) fn take(&self) -> Option<Name> {
        self.kept[seat()?].with_mut(|kept| {
            // SAFETY: nobody else has the seat.
            let taken = name(unsafe { *kept });
            // SAFETY: as above.
            step!("stack.place.empty", unsafe { *kept = 0 });
            taken
        })
    }

    /// Keeps the caller's node for this thread's next push, if it has a seat and has kept none.
    #[inline(always)]
    #[must_use]
    pub(super) fn keep(&self, name: Name) -> bool {
        let Some(seat) = seat() else { return false };
        self.kept[seat].with_mut(|kept| {
            // SAFETY: nobody else has the seat.
            let is_empty = step!("stack.place.is-empty", unsafe { *kept } == 0, else true);
            if is_empty {
                // SAFETY: as above.
                unsafe { *kept = number(Some(name)) };
            }
            is_empty
        })
    }
}
