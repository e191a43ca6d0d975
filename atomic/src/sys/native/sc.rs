//! Words whose accesses are sequentially consistent: std's, with that ordering.

use std::sync::atomic::Ordering::{self, Acquire, Release, SeqCst};

macro_rules! word {
    ($name:ident, $value:ty, { $($more:item)* }) => {
        /// A word of that size. What the methods do is what std's of the same names do.
        #[derive(Debug)]
        #[repr(transparent)]
        pub struct $name(std::sync::atomic::$name);

        #[allow(missing_docs, reason = "std's own methods")]
        impl $name {
            #[inline(always)]
            #[must_use]
            pub const fn new(value: $value) -> $name {
                $name(std::sync::atomic::$name::new(value))
            }

            #[inline(always)]
            pub fn load(&self) -> $value {
                self.0.load(SeqCst)
            }

            /// With an ordering of the caller's.
            #[inline(always)]
            #[must_use]
            pub fn load_as(&self, ordering: Ordering) -> $value {
                self.0.load(ordering)
            }

            /// With an ordering of the caller's.
            #[inline(always)]
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
                self.0.store(value, Release);
            }

            #[inline(always)]
            pub fn store(&self, value: $value) {
                self.0.store(value, SeqCst);
            }

            #[inline(always)]
            pub fn swap(&self, value: $value) -> $value {
                self.0.swap(value, SeqCst)
            }

            /// Whether it was `old`, and is `new`.
            #[inline(always)]
            pub fn compare_exchange(&self, old: $value, new: $value) -> bool {
                self.0.compare_exchange(old, new, SeqCst, SeqCst).is_ok()
            }

            #[inline(always)]
            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            #[inline(always)]
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
                #[inline(always)]
                pub fn fetch_add(&self, n: $value) -> $value {
                    self.0.fetch_add(n, SeqCst)
                }

                #[inline(always)]
                pub fn fetch_and(&self, bits: $value) -> $value {
                    self.0.fetch_and(bits, SeqCst)
                }

                #[inline(always)]
                pub fn fetch_or(&self, bits: $value) -> $value {
                    self.0.fetch_or(bits, SeqCst)
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
