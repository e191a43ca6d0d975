//! Words whose accesses are sequentially consistent, in loom's terms.
//!
//! loom takes such an access for one that acquires and releases, and nothing more; fences are what it knows to have a
//! place in one order of all. So each access stands between two of them. That is too much of a good thing: the fences
//! also order what no access has observed. Models of what an *observed* access orders therefore do without
//! ([`control::forgo_one_order`]): then an access acquires and releases, which is less than what is shipped.
//!
//! A store is a swap: in loom a plain store that races a read-modify-write breaks that one's atomicity (loom #254).

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

use super::control;
use super::engine::{atomic, fence};

/// Does one access at its place in the order of all.
fn in_order<R>(access: impl FnOnce() -> R) -> R {
    if !control::is_one_order() {
        return access();
    }
    fence(SeqCst);
    let result = access();
    fence(SeqCst);
    result
}

macro_rules! word {
    ($name:ident, $value:ty, { $($more:item)* }) => {
        /// A word of that size.
        #[derive(Debug)]
        pub struct $name(atomic::$name);

        #[allow(missing_docs, reason = "as the native word's")]
        impl $name {
            #[must_use]
            pub fn new(value: $value) -> $name {
                $name(atomic::$name::new(value))
            }

            pub fn load(&self) -> $value {
                in_order(|| self.0.load(Acquire))
            }

            #[must_use]
            pub fn load_as(&self, ordering: Ordering) -> $value {
                self.0.load(ordering)
            }

            /// A plain store: a swap would go on with the release sequence of the one before. So it must not race a swap.
            pub fn store_as(&self, value: $value, ordering: Ordering) {
                self.0.store(value, ordering);
            }

            /// What is not in the one order: for mutants.
            #[must_use]
            pub fn load_weakly(&self) -> $value {
                self.0.load(Acquire)
            }

            /// What is not in the one order: for mutants.
            pub fn store_weakly(&self, value: $value) {
                self.0.swap(value, Release);
            }

            pub fn store(&self, value: $value) {
                self.swap(value);
            }

            pub fn swap(&self, value: $value) -> $value {
                in_order(|| self.0.swap(value, AcqRel))
            }

            pub fn compare_exchange(&self, old: $value, new: $value) -> bool {
                in_order(|| self.0.compare_exchange(old, new, AcqRel, Acquire)).is_ok()
            }

            pub fn into_inner(self) -> $value {
                self.0.into_inner()
            }

            $($more)*
        }
    };
}

macro_rules! integers {
    ($($name:ident, $value:ty;)*) => {
        $(word! {
            $name, $value, {
                pub fn fetch_add(&self, n: $value) -> $value {
                    in_order(|| self.0.fetch_add(n, AcqRel))
                }

                pub fn fetch_and(&self, bits: $value) -> $value {
                    in_order(|| self.0.fetch_and(bits, AcqRel))
                }

                pub fn fetch_or(&self, bits: $value) -> $value {
                    in_order(|| self.0.fetch_or(bits, AcqRel))
                }
            }
        })*
    };
}

integers! {
    AtomicI32, i32;
    AtomicI64, i64;
    AtomicU32, u32;
    AtomicU64, u64;
    AtomicUsize, usize;
}
word! { AtomicBool, bool, {} }
