//! The seam: everything that gosync's primitives take from the platform, once for real and once for loom.
//!
//! **Hidden and exempt from semver.** Siblings pin this crate with `=`.
//!
//! | item | native (`native/`) | model (`model/`, under `--cfg gosync_loom`) |
//! | --- | --- | --- |
//! | `atomic::*`, `fence`, `spin_loop`, `thread` | std | loom |
//! | [`sc`] | std's, sequentially consistent | loom's, each access between two fences |
//! | [`slot`], [`slots`] | one of as many as CPUs, shared by few threads | one of two, in turn |
//! | [`row`] | zeros, constant | zeros |
//! | [`UnsafeCell`] | std's, with closures | loom's: reports unordered accesses |
//! | [`Alive`] | nothing | reports a use after free, a free without an edge, and a leak |
//! | [`Futex`], [`Waker`] | the kernel's wait queue | a word and a hidden queue; a deadline is a choice |
//! | [`Lock`] | [`lock::RawLock`] | loom's mutex, or the same `RawLock` on request |
//! | [`Latch`] | a word that is spun on | the same word, and a hidden queue |
//! | [`Parker`], [`Unparker`] | a [`Futex`] | the same code |
//! | [`Sleeper`] | a [`Futex`] | the same code |
//! | [`WaitQueue`], [`Waiter`], [`Wake`] | a static table of queues by address | the same code, a bucket for each word |
//! | [`Pacer`], [`await_change`], [`await_state`], [`woke_a_peer`], [`Cpu`] | bounded spinning and yielding | nothing: a model has no time |
//! | [`Backoff`] | crossbeam's | nothing |
//! | [`STACK_FIRST`], [`STACK_NAMES`] | 2^28 nodes | six |
//! | [`WAKE_BATCH`] | 16 | 1 |
//! | [`array!`](array) | constant | the same, not constant |
//! | [`null_pointers`] | constant | the same, not constant |
//! | [`has_passed`] | the clock | a choice, or the model's own clock |
//! | [`now`] | the clock | the same, or the model's own |
//! | [`Stamp`] | the clock, in 16 bits | as old as the model says |
//! | [`deadline_after`] | the clock | the same code; without a clock of the model's own only whether there is a deadline matters |
//! | [`pick`] | at random | the first, or any of two once the model has armed that |
//! | [`contained`] | a panic ends here | it goes on: it may be the verdict on the model |
//! | [`run_aside`] | a thread, or this one | the same code |
//! | [`into_inner`] | std's `Arc::into_inner` | the same, by loom's `try_unwrap` |
//! | [`choose`] | never asked | any of n answers, explored by loom |
//! | [`thread_local!`](thread_local) | std's, constant, no destructor | loom's: one OS thread runs all threads of a model |
//! | [`process_wide!`](process_wide), [`ProcessWide`] | a static | one for each execution, freed after its last use |
//!
//! `cfg(gosync_loom)` appears in this file and in `sites.rs` and nowhere else in the shipped crates.
//!
//! # Rules of the house
//!
//! They come from what loom 0.7 can and cannot see:
//!
//! * No `SeqCst` accesses: loom treats them as `AcqRel`. Where a store must not pass a later load, a `fence(SeqCst)`. Go's
//!   atomics are the exception, because that is what they promise; [`sc`] has them, and nothing else here is built on it.
//! * The word of a [`Futex`] changes by read-modify-write only: loom mixes up plain stores that race one.
//! * Every ordering is written `ord!("site", Ordering)`, every wake and re-check `step!("site", ..)`: `sites.rs`.
//! * A wake comes last and goes by address ([`Waker`]): the word may be gone by then.
//! * Nothing here may depend on an address, a clock or a hash in a model: it must replay exactly.

mod lock;
mod parker;
pub mod sites;
mod sleeper;
mod wait_table;

#[cfg(not(gosync_loom))]
mod native;
#[cfg(not(gosync_loom))]
use native as platform;

#[cfg(all(gosync_loom, feature = "loom"))]
mod model;
#[cfg(all(gosync_loom, feature = "loom"))]
use model as platform;

#[cfg(all(gosync_loom, not(feature = "loom")))]
compile_error!("--cfg gosync_loom needs feature `loom` of gosync-atomic");

pub use crate::{
    __array as array, __const_fn as const_fn, __native_only as native_only, __ord as ord,
    __process_wide as process_wide, __step as step, __thread_local as thread_local, __waits as waits,
};
pub use lock::RawLock;
pub use parker::{Parker, Unparker};
pub use platform::*;
pub use sleeper::Sleeper;
pub use wait_table::{Bucket, QueueGuard, Waiter, Wake};

/// The end of a timeout that begins now; `None`, for ever, if it is beyond what the clock can tell.
#[must_use]
pub fn deadline_after(timeout: std::time::Duration) -> Option<std::time::Instant> {
    now().checked_add(timeout)
}

/// Calls what must not unwind into its caller. The hook has reported a panic by the time that it ends here.
#[cfg(not(gosync_loom))]
pub fn contained(f: impl FnOnce()) {
    if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        // Its drop may panic again.
        std::mem::forget(payload);
    }
}

/// The model side: a panic may be a model's verdict.
#[cfg(gosync_loom)]
pub fn contained(f: impl FnOnce()) {
    f();
}

/// Runs `f` on a thread of its own, which nobody joins; on this one if there cannot be another. A panic of `f` ends here.
///
/// What `f` owns is dropped where it runs.
pub fn run_aside(name: &str, f: impl FnOnce() + Send + 'static) {
    use std::sync::{Arc, Mutex, PoisonError};

    fn run<F: FnOnce()>(shared: &Mutex<Option<F>>) {
        let f = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
        f.into_iter().for_each(|f| f());
    }

    // A failed spawn drops its closure: what is to be run must not go with it.
    let shared = Arc::new(Mutex::new(Some(f)));
    let thread = {
        let shared = Arc::clone(&shared);
        thread::Builder::new().name(name.into()).spawn(move || run(&shared))
    };
    if thread.is_err() {
        contained(|| run(&shared));
    }
}

/// `const fn` natively, plain `fn` in a model: loom's constructors are not const.
#[cfg(not(gosync_loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! __const_fn {
    ($(#[$attr:meta])* $vis:vis const fn $($rest:tt)*) => { $(#[$attr])* $vis const fn $($rest)* };
    ($(#[$attr:meta])* $vis:vis const unsafe fn $($rest:tt)*) => { $(#[$attr])* $vis const unsafe fn $($rest)* };
}

/// `const fn` natively, plain `fn` in a model: loom's constructors are not const.
#[cfg(gosync_loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! __const_fn {
    ($(#[$attr:meta])* $vis:vis const fn $($rest:tt)*) => { $(#[$attr])* $vis fn $($rest)* };
    ($(#[$attr:meta])* $vis:vis const unsafe fn $($rest:tt)*) => { $(#[$attr])* $vis unsafe fn $($rest)* };
}

/// An array of values that are made one by one; constant natively.
#[cfg(not(gosync_loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! __array {
    ($value:expr; $n:expr) => {
        [const { $value }; $n]
    };
}

/// An array of values that are made one by one.
#[cfg(gosync_loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! __array {
    ($value:expr; $n:expr) => {
        ::core::array::from_fn::<_, $n, _>(|_| $value)
    };
}

/// A function that returns the one value of the process, as a [`ProcessWide`].
#[cfg(not(gosync_loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! __process_wide {
    ($(#[$attr:meta])* fn $name:ident() -> $type:ty = $init:expr) => {
        $(#[$attr])*
        fn $name() -> $crate::__sys::ProcessWide<$type> {
            static VALUE: $type = $init;
            &VALUE
        }
    };
}

/// A function that returns the one value of an execution, as a [`ProcessWide`].
#[cfg(gosync_loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! __process_wide {
    ($(#[$attr:meta])* fn $name:ident() -> $type:ty = $init:expr) => {
        $(#[$attr])*
        fn $name() -> $crate::__sys::ProcessWide<$type> {
            $crate::__sys::loom_lazy_static! {
                static ref VALUE: $crate::__sys::ProcessWide<$type> = $crate::__sys::ProcessWide::new($init);
            }
            VALUE.clone()
        }
    };
}

/// What cannot be had in a model.
#[cfg(not(gosync_loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! __native_only {
    ($($item:item)*) => { $($item)* };
}

/// What cannot be had in a model.
#[cfg(gosync_loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! __native_only {
    ($($item:item)*) => {};
}

/// A thread-local for a constant that needs no drop, so that it can be used at any time in the life of a thread.
#[cfg(not(gosync_loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! __thread_local {
    (static $name:ident: $type:ty = $init:expr) => {
        const _: () = ::core::assert!(!::core::mem::needs_drop::<$type>());
        ::std::thread_local! { static $name: $type = const { $init } }
    };
}

/// A thread-local for a constant that needs no drop: one for each thread of the model.
#[cfg(gosync_loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! __thread_local {
    (static $name:ident: $type:ty = $init:expr) => {
        $crate::__sys::loom_thread_local! { static $name: $type = $init }
    };
}

/// Notes for the rest of the block what the thread does, and where it was told to: for the deadlock report. The function is
/// `#[cfg_attr(feature = "deadlock", track_caller)]`.
#[cfg(all(feature = "deadlock", not(gosync_loom)))]
#[macro_export]
#[doc(hidden)]
macro_rules! __waits {
    ($what:literal) => {
        let _waits = $crate::__sys::waits::Waits::enter($what, ::core::panic::Location::caller());
    };
}

/// Nothing, without the feature.
#[cfg(not(all(feature = "deadlock", not(gosync_loom))))]
#[macro_export]
#[doc(hidden)]
macro_rules! __waits {
    ($what:literal) => {};
}
