//! [`Operations`]: the list of a [`Select`](super::Select).

use std::ops::Deref;

use crate::raw::Side;
use crate::raw::select::{FEW, Name, Operation};

/// A list of operations. All of them are in `few` as long as there are few, and else in `many`.
///
/// Not a `SmallVec`: that has a destructor which may look at what is borrowed, so a `Select` could not be declared before
/// its handles. `Vec` promises not to.
#[derive(Clone)]
pub(super) struct Operations<'a> {
    few: [Operation<'a>; FEW],
    many: Vec<Operation<'a>>,
    len: usize,
}

impl<'a> Operations<'a> {
    pub(super) fn new() -> Operations<'a> {
        Operations { few: [Operation::of(None, Side::Receivers, Name::Number(0)); FEW], many: Vec::new(), len: 0 }
    }

    pub(super) fn push(&mut self, operation: Operation<'a>) {
        if self.len < FEW {
            self.few[self.len] = operation;
        } else {
            if self.len == FEW {
                self.many.clear();
                self.many.extend(self.few);
            }
            self.many.push(operation);
        }
        self.len += 1;
    }

    pub(super) fn remove(&mut self, at: usize) {
        if self.len <= FEW {
            self.few.copy_within(at + 1..self.len, at);
        } else {
            self.many.remove(at);
            if self.many.len() == FEW {
                self.few.copy_from_slice(&self.many);
            }
        }
        self.len -= 1;
    }
}

impl<'a> Deref for Operations<'a> {
    type Target = [Operation<'a>];

    fn deref(&self) -> &[Operation<'a>] {
        if self.len <= FEW { &self.few[..self.len] } else { &self.many }
    }
}
