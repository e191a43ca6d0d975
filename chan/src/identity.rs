//! Handles as values that can be compared, and as keys: two of them are equal if they belong to the same channel, as in Go.

use std::hash::{Hash, Hasher};

use crate::chan::Chan;
use crate::receiver::Receiver;
use crate::sender::Sender;

macro_rules! identity {
    ($($handle:ident)*) => { $(
        /// Whether both belong to the same channel, as `same_channel` says; all nil handles are equal. Go: `==`.
        impl<T> PartialEq for $handle<T> {
            fn eq(&self, other: &Self) -> bool {
                self.same_channel(other)
            }
        }

        impl<T> Eq for $handle<T> {}

        /// By the channel, whatever is in it: for sets of handles, and for maps whose keys they are. Go: `map[chan T]V`.
        ///
        /// A handle in a map is one more handle of its channel, and keeps it from ending.
        impl<T> Hash for $handle<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.handle.address().hash(state);
            }
        }
    )* };
}

identity! { Chan Sender Receiver }
