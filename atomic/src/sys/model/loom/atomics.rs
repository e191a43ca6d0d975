//! loom's atomics, each with an optional ping.
//!
//! loom remembers only the last access to an atomic when it looks for orders that it has not tried, and so skips legal
//! executions of "look, then change" code (loom #166, #392). A ping is an access to a private condition variable before
//! each access to the atomic: it orders nothing, but loom takes all pings of one atomic as dependent on each other and
//! tries their orders. It costs executions, and is on only where [`control`](super::super::control) says so.

use std::sync::atomic::Ordering;

use loom::sync::Condvar;

use super::super::control;

macro_rules! atomic {
    ($(#[$attr:meta])* $name:ident $(<$t:ident>)?, $value:ty, { $($more:item)* }) => {
        $(#[$attr])*
        #[derive(Debug)]
        pub struct $name $(<$t>)? {
            inner: loom::sync::atomic::$name $(<$t>)?,
            ping: Option<Condvar>,
        }

        #[allow(missing_docs, clippy::missing_errors_doc, reason = "std's own methods")]
        impl $(<$t>)? $name $(<$t>)? {
            pub fn new(value: $value) -> Self {
                let ping = control::settings().ping.then(Condvar::new);
                $name { inner: loom::sync::atomic::$name::new(value), ping }
            }

            fn pinged(&self) -> &loom::sync::atomic::$name $(<$t>)? {
                if let Some(ping) = &self.ping {
                    ping.notify_one();
                }
                &self.inner
            }

            pub fn load(&self, order: Ordering) -> $value {
                self.pinged().load(order)
            }

            pub fn store(&self, value: $value, order: Ordering) {
                self.pinged().store(value, order);
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.pinged().swap(value, order)
            }

            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                ok: Ordering,
                err: Ordering,
            ) -> Result<$value, $value> {
                self.pinged().compare_exchange(current, new, ok, err)
            }

            pub fn into_inner(self) -> $value {
                // SAFETY: who owns it is the only one to use it; loom reports what is not ordered before.
                unsafe { self.inner.unsync_load() }
            }

            $($more)*
        }
    };
}

macro_rules! integer {
    ($(#[$attr:meta])* $name:ident, $value:ty) => {
        atomic! {
            $(#[$attr])* $name, $value, {
                pub fn fetch_add(&self, n: $value, order: Ordering) -> $value {
                    self.pinged().fetch_add(n, order)
                }
                pub fn fetch_sub(&self, n: $value, order: Ordering) -> $value {
                    self.pinged().fetch_sub(n, order)
                }
                pub fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                    self.pinged().fetch_or(bits, order)
                }
                pub fn fetch_and(&self, bits: $value, order: Ordering) -> $value {
                    self.pinged().fetch_and(bits, order)
                }
            }
        }
    };
}

integer! {
    /// As std's.
    AtomicI32, i32
}
integer! {
    /// As std's.
    AtomicI64, i64
}
integer! {
    /// As std's.
    AtomicU32, u32
}
integer! {
    /// As std's.
    AtomicU64, u64
}
integer! {
    /// As std's.
    AtomicUsize, usize
}

/// Looks at a word that only the caller can change. loom reports it if that is not so, and does not take it for an access:
/// it would forget who looked at the word before.
///
/// # Safety
///
/// Nobody else changes the word at this time.
#[must_use]
pub unsafe fn load_own(word: &AtomicUsize) -> usize {
    // SAFETY: the caller's contract.
    unsafe { word.inner.unsync_load() }
}

atomic! {
    /// As std's.
    AtomicBool, bool, {}
}
atomic! {
    /// As std's.
    AtomicPtr<T>, *mut T, {}
}
