//! Go's typed atomics.
//!
//! Each is one word of the seam's `sc`, whose accesses are sequentially consistent, with Go's names, and with Go's idea of
//! what an operation returns: `add` the new value, `and` and `or` the old one, `compare_and_swap` whether it did. There is
//! no algorithm, so there are no sites to weaken; what the models show is that the word which stands in for std's in
//! other people's models keeps Go's rules, and which rules those are.

use std::fmt;

use crate::__sys::{const_fn, native_only, sc};

macro_rules! common {
    (
        $name:ident, $word:ident, $value:ty, $zero:literal, $one:literal,
        [$load:literal, $store:literal, $swap:literal, $cas:literal]
    ) => {
        impl $name {
            const_fn! {
                /// An atomic with this value. Go: the zero value, or that and a store.
                #[inline]
                #[must_use]
                pub const fn new(value: $value) -> $name {
                    $name { word: sc::$word::new(value) }
                }
            }

            /// The value. Go: `x.Load()`.
            ///
            /// # Memory ordering
            ///
            /// Everything before the operation whose value this is happens before its return
            /// (`atomic.observed-before-observer`); all operations are in one order (`atomic.total-order`).
            #[inline]
            #[must_use]
            #[doc(alias = $load)]
            pub fn load(&self) -> $value {
                self.word.load()
            }

            /// Sets the value. Go: `x.Store(value)`.
            ///
            /// # Memory ordering
            ///
            /// Happens before the return of every operation that observes it (`atomic.observed-before-observer`); all
            /// operations are in one order (`atomic.total-order`).
            #[inline]
            #[doc(alias = $store)]
            pub fn store(&self, value: $value) {
                self.word.store(value);
            }

            /// Sets the value, and returns the old one. Go: `x.Swap(value)`.
            ///
            /// # Memory ordering
            ///
            /// That of a [`load`](Self::load) and a [`store`](Self::store) in one.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let mut x = gosync_atomic::", stringify!($name), "::new(", $zero, ");")]
            #[doc = concat!("assert_eq!(x.swap(", $one, "), ", $zero, ");")]
            #[doc = concat!("x.store(", $zero, ");")]
            #[doc = concat!("*x.get_mut() = ", $one, ";")]
            #[doc = concat!("assert_eq!(x.into_inner(), ", $one, ");")]
            /// ```
            #[inline]
            #[doc(alias = $swap)]
            pub fn swap(&self, value: $value) -> $value {
                self.word.swap(value)
            }

            /// Sets the value to `new` if it is `old`, and returns whether it was. Never fails spuriously. Go:
            /// `x.CompareAndSwap(old, new)`.
            ///
            /// # Memory ordering
            ///
            /// That of a [`load`](Self::load) and a [`store`](Self::store) in one if it returns `true`. If it returns `false`,
            /// that of a [`load`](Self::load): it comes after the operation whose value it found
            /// (`atomic.failed-cas-observes`), and nobody can observe it.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let x = gosync_atomic::", stringify!($name), "::new(", $zero, ");")]
            #[doc = concat!("assert!(x.compare_and_swap(", $zero, ", ", $one, "));")]
            #[doc = concat!("assert!(!x.compare_and_swap(", $zero, ", ", $one, "));")]
            #[doc = concat!("assert_eq!(x.load(), ", $one, ");")]
            /// ```
            #[inline]
            #[doc(alias = $cas)]
            #[doc(alias = "CompareAndSwap")]
            pub fn compare_and_swap(&self, old: $value, new: $value) -> bool {
                self.word.compare_exchange(old, new)
            }

            native_only! {
                /// The value, through an exclusive borrow. Not in Go. Does not exist in loom models.
                ///
                /// # Memory ordering
                ///
                /// None needed: the access is exclusive.
                #[inline]
                #[must_use]
                pub fn get_mut(&mut self) -> &mut $value {
                    self.word.get_mut()
                }
            }

            /// Consumes the atomic, and returns its value. Not in Go.
            ///
            /// # Memory ordering
            ///
            /// None needed: the access is exclusive.
            #[inline]
            #[must_use]
            pub fn into_inner(self) -> $value {
                self.word.into_inner()
            }
        }

        impl Default for $name {
            #[inline]
            fn default() -> $name {
                $name::new(<$value>::default())
            }
        }

        impl From<$value> for $name {
            #[inline]
            fn from(value: $value) -> $name {
                $name::new(value)
            }
        }

        /// The value, by a [`load`](Self::load).
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.load(), f)
            }
        }
    };
}

macro_rules! integer {
    (
        $name:ident, $word:ident, $value:ty, $go:literal, $what:literal,
        $common:tt, [$add:literal, $and:literal, $or:literal]
    ) => {
        #[doc = concat!("An atomic ", $what, ": Go's `", $go, "`, Rust's `", stringify!($value), "`.")]
        ///
        /// Every operation is sequentially consistent and costs one instruction or two, or a short loop, and never blocks.
        /// Arithmetic wraps around. Size and alignment are those of the value; where an alignment of 8 needs care in Go,
        /// here it does not.
        ///
        /// # Memory ordering
        ///
        /// If an operation observes the effect of another, that one happens before it
        /// (`atomic.observed-before-observer`), and all operations of a program on all of these types behave as if done
        /// one after the other in some order (`atomic.total-order`).
        ///
        /// # Differences from Go
        ///
        /// There are no functions on plain variables, so a variable cannot be accessed both atomically and plainly.
        /// The types cannot be copied, which `go vet` checks in Go.
        ///
        /// # Examples
        ///
        /// ```
        #[doc = concat!("use gosync_atomic::", stringify!($name), ";")]
        ///
        #[doc = concat!("static HITS: ", stringify!($name), " = ", stringify!($name), "::new(0);")]
        /// std::thread::scope(|s| {
        ///     for _ in 0..4 {
        ///         s.spawn(|| HITS.add(10));
        ///     }
        /// });
        /// assert_eq!(HITS.add(2), 42);
        /// ```
        #[doc(alias = $go)]
        pub struct $name {
            word: sc::$word,
        }

        common!($name, $word, $value, "0", "1", $common);

        impl $name {
            /// Adds `delta`, and returns the **new** value. Wraps around. Go: `x.Add(delta)`.
            ///
            /// To subtract from an unsigned one, add the complement: `x.add(n.wrapping_neg())`.
            ///
            /// # Memory ordering
            ///
            /// That of a [`load`](Self::load) and a [`store`](Self::store) in one: of two threads that add, the one
            /// that gets the sum of both sees what the other did before (`atomic.return-value-branch`).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let x = gosync_atomic::", stringify!($name), "::new(", stringify!($value), "::MAX);")]
            #[doc = concat!("assert_eq!(x.add(1), ", stringify!($value), "::MIN);")]
            /// ```
            #[inline]
            #[doc(alias = $add)]
            pub fn add(&self, delta: $value) -> $value {
                self.word.fetch_add(delta).wrapping_add(delta)
            }

            /// Keeps the bits of `mask` and clears the others; returns the **old** value. Go: `x.And(mask)`.
            ///
            /// # Memory ordering
            ///
            /// That of a [`load`](Self::load) and a [`store`](Self::store) in one.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let x = gosync_atomic::", stringify!($name), "::new(0b110);")]
            /// assert_eq!(x.and(0b011), 0b110);
            /// assert_eq!(x.load(), 0b010);
            /// ```
            #[inline]
            #[doc(alias = $and)]
            pub fn and(&self, mask: $value) -> $value {
                self.word.fetch_and(mask)
            }

            /// Sets the bits of `mask`; returns the **old** value. Go: `x.Or(mask)`.
            ///
            /// # Memory ordering
            ///
            /// That of a [`load`](Self::load) and a [`store`](Self::store) in one.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let x = gosync_atomic::", stringify!($name), "::new(0b100);")]
            /// assert_eq!(x.or(0b001), 0b100);
            /// assert_eq!(x.load(), 0b101);
            /// ```
            #[inline]
            #[doc(alias = $or)]
            pub fn or(&self, mask: $value) -> $value {
                self.word.fetch_or(mask)
            }
        }
    };
}

integer!(
    Int32,
    AtomicI32,
    i32,
    "atomic.Int32",
    "signed integer of 32 bits",
    ["LoadInt32", "StoreInt32", "SwapInt32", "CompareAndSwapInt32"],
    ["AddInt32", "AndInt32", "OrInt32"]
);
integer!(
    Int64,
    AtomicI64,
    i64,
    "atomic.Int64",
    "signed integer of 64 bits",
    ["LoadInt64", "StoreInt64", "SwapInt64", "CompareAndSwapInt64"],
    ["AddInt64", "AndInt64", "OrInt64"]
);
integer!(
    Uint32,
    AtomicU32,
    u32,
    "atomic.Uint32",
    "unsigned integer of 32 bits",
    ["LoadUint32", "StoreUint32", "SwapUint32", "CompareAndSwapUint32"],
    ["AddUint32", "AndUint32", "OrUint32"]
);
integer!(
    Uint64,
    AtomicU64,
    u64,
    "atomic.Uint64",
    "unsigned integer of 64 bits",
    ["LoadUint64", "StoreUint64", "SwapUint64", "CompareAndSwapUint64"],
    ["AddUint64", "AndUint64", "OrUint64"]
);
integer!(
    Uintptr,
    AtomicUsize,
    usize,
    "atomic.Uintptr",
    "unsigned integer as wide as a pointer",
    ["LoadUintptr", "StoreUintptr", "SwapUintptr", "CompareAndSwapUintptr"],
    ["AddUintptr", "AndUintptr", "OrUintptr"]
);

/// An atomic boolean: Go's `atomic.Bool`.
///
/// One byte, where Go has four. Every operation is sequentially consistent and never blocks.
///
/// # Memory ordering
///
/// If an operation observes the effect of another, that one happens before it (`atomic.observed-before-observer`), and all
/// operations of a program on all of these types behave as if done one after the other in some order
/// (`atomic.total-order`).
///
/// # Examples
///
/// ```
/// use gosync_atomic::Bool;
///
/// static STOP: Bool = Bool::new(false);
/// std::thread::scope(|s| {
///     s.spawn(|| while !STOP.load() { std::thread::yield_now() });
///     assert!(!STOP.swap(true));
/// });
/// ```
#[doc(alias = "atomic.Bool")]
pub struct Bool {
    word: sc::AtomicBool,
}

common!(Bool, AtomicBool, bool, "false", "true", ["Bool.Load", "Bool.Store", "Bool.Swap", "Bool.CompareAndSwap"]);
