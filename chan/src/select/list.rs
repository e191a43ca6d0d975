//! [`Operations`]: the list of a [`Select`](super::Select).

use std::mem::MaybeUninit;
use std::ops::Deref;
use std::slice;

use crate::raw::select::{FEW, Operation};

/// A list of operations. All of them are in `few` as long as there are few, and else in `many`.
///
/// Not a `SmallVec`: that has a destructor which may look at what is borrowed, so a `Select` could not be declared before
/// its handles. `Vec` promises not to.
#[derive(Clone)]
pub(super) struct Operations<'a> {
    /// The first `len` are written, if there are few.
    few: [MaybeUninit<Operation<'a>>; FEW],
    many: Vec<Operation<'a>>,
    len: usize,
}

impl<'a> Operations<'a> {
    #[inline]
    pub(super) fn new() -> Operations<'a> {
        Operations { few: [const { MaybeUninit::uninit() }; FEW], many: Vec::new(), len: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, operation: Operation<'a>) {
        if self.len < FEW {
            self.few[self.len].write(operation);
        } else {
            if self.len == FEW {
                let few = self.to_vec();
                self.many = few;
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
                self.few.iter_mut().zip(&self.many).for_each(|(few, many)| _ = few.write(*many));
            }
        }
        self.len -= 1;
    }
}

impl<'a> Deref for Operations<'a> {
    type Target = [Operation<'a>];

    #[inline]
    fn deref(&self) -> &[Operation<'a>] {
        if self.len <= FEW {
            // SAFETY: the first `len` are written, and an operation is laid out as room for one.
            unsafe { slice::from_raw_parts(self.few.as_ptr().cast(), self.len) }
        } else {
            &self.many
        }
    }
}
