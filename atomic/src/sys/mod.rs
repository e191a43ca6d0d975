//! The seam: everything that gosync's primitives take from the platform, once for real and once for models.
//!
//! **Hidden and exempt from semver.** Siblings pin this crate with `=`.
//!
//! | item | native (`native/`) | model (`model/`, under `--cfg gosync_loom`; with `gosync_shuttle` where that differs) |
//! | --- | --- | --- |
//! | `atomic::*`, `fence`, `spin_loop`, `thread` | std | loom, or shuttle |
//! | [`sc`] | std's, sequentially consistent | loom's, each access between two fences |
//! | [`slot`], [`slots`] | one of as many as CPUs, by the CPU that the thread runs on | one of two, in turn |
//! | [`Seats`] | one bit each | the same code |
//! | [`seat`], [`SEATS`] | one of 56, or none, until the thread ends | none, or one of as many as the model gives |
//! | [`row`] | zeros, constant | zeros |
//! | [`LINE_WORDS`] | as many as fit in a cache line, or in two | two |
//! | [`load_own`] | a relaxed load | loom's unsynchronized one: reports others who change the word, and is no access |
//! | [`test_and_set`] | an exchange | one that compares: see below |
//! | [`UnsafeCell`] | std's, with closures | loom's: reports unordered accesses; in shuttle accesses that overlap |
//! | [`extend_uninit`] | changes the length | makes cells |
//! | [`Alive`] | nothing | reports a use after free, a free without an edge, and a leak; in shuttle nothing |
//! | [`Futex`], [`Waker`] | the kernel's wait queue | a word and a hidden queue; a deadline is a choice: now or never, in shuttle at any time; a doze lasts until a store |
//! | [`Lock`] | [`lock::RawLock`] | the checker's mutex, or the same `RawLock` on request |
//! | [`Latch`] | a word that is spun on | the same word, and a hidden queue |
//! | [`Parker`], [`Unparker`] | a [`Futex`] | the same code |
//! | [`Sleeper`] | a [`Futex`] | the same code |
//! | [`WaitQueue`], [`Lines`], [`Waiter`], [`Wake`] | a static table of queues by address | the same code, a bucket for each word |
//! | [`Pacer`], [`await_change`], [`await_state`], [`await_growth`], [`linger`], [`linger_for_task`], [`woke_a_peer`], [`Cpu`] | bounded spinning and yielding | nothing: a model has no time |
//! | [`Backoff`] | crossbeam's | nothing |
//! | [`STACK_FIRST`], [`STACK_NAMES`] | 2^28 nodes | six |
//! | [`lanes_open_after`] | 16 to 1024 operations | one, or none ever |
//! | [`LOOKS_UNTIL_PUT_OFF`] | 2 | 1 |
//! | [`WAKE_BATCH`] | 16 | 1 |
//! | [`READERS_UNTIL_OPEN`] | 16 | 1 |
//! | [`TABLES_PER_SLOT`] | 8 | 1 |
//! | [`RandomState`] | std's | the same hashes every time |
//! | [`array!`](array) | constant | the same, not constant |
//! | [`null_pointers`] | constant | the same, not constant |
//! | [`has_passed`] | the clock | a choice, or the model's own clock |
//! | [`now`] | the clock | the same, or the model's own |
//! | [`Stamp`] | the clock, in 16 bits | as old as the model says |
//! | [`deadline_after`] | the clock | the same code; without a clock of the model's own only whether there is a deadline matters |
//! | [`pick`] | at random | the first, or any of two once the model has armed that |
//! | [`seldom`] | one time in 256 | every time |
//! | [`rarely`] | one time in 65,536 | never |
//! | [`contained`] | a panic ends here | it goes on: it may be the verdict on the model |
//! | [`drop_all`] | of those that panic, the first goes on | the same code |
//! | [`run_aside`] | a thread, or this one | the same code |
//! | [`sleep`] | the system's, or the bubble's | a bubble's, or a yield |
//! | [`inherit`], `bubble`, [`undurable!`](undurable) | feature `synctest`; nothing without it | the same code |
//! | [`inherit_with_end`], [`End`] | features `synctest` and `deadlock`; nothing without them | the same code |
//! | [`into_inner`] | std's `Arc::into_inner` | the same, by loom's `try_unwrap` |
//! | [`choose`] | never asked | any of n answers, explored by loom, at random in shuttle |
//! | [`thread_local!`](thread_local) | std's, constant, no destructor | the checker's: one OS thread runs all threads of a model |
//! | [`process_wide!`](process_wide), [`ProcessWide`] | a static | one for each execution, freed after its last use |
//!
//! The cfgs appear in this file, in `sites.rs` and in `model/mod.rs` and nowhere else in the shipped crates.
//!
//! # Rules of the house
//!
//! They come from what loom 0.7 can and cannot see:
//!
//! * No `SeqCst` accesses: loom treats them as `AcqRel`. Where a store must not pass a later load, a `fence(SeqCst)`. Go's
//!   atomics are the exception, because that is what they promise; [`sc`] has them, and but for a lock that readers pass by
//!   (`sync/src/rwmutex/biased.rs`) nothing else here is built on it.
//! * The word of a [`Futex`] changes by read-modify-write only: loom mixes up plain stores that race one.
//! * A word of two values that is taken by an exchange and given back by a plain store is taken by [`test_and_set`]: an exchange
//!   that finds it taken changes nothing, but to loom it is a store, which may come after the one that gives the word back.
//! * Every ordering is written `ord!("site", Ordering)`, every wake and re-check `step!("site", ..)`: `sites.rs`.
//! * A wake comes last and goes by address ([`Waker`]): the word may be gone by then.
//! * Nothing here may depend on an address, a clock or a hash in a model: it must replay exactly.

#[cfg(feature = "synctest")]
pub mod bubble;
#[cfg(any(feature = "synctest", feature = "deadlock"))]
mod end;
mod lock;
mod parker;
mod seats;
pub mod sites;
mod sleeper;
mod wait_table;

#[cfg(not(any(gosync_loom, gosync_shuttle)))]
mod native;
#[cfg(not(any(gosync_loom, gosync_shuttle)))]
use native as platform;

#[cfg(any(all(gosync_loom, feature = "loom"), all(gosync_shuttle, feature = "shuttle")))]
mod model;
#[cfg(any(all(gosync_loom, feature = "loom"), all(gosync_shuttle, feature = "shuttle")))]
use model as platform;

#[cfg(all(gosync_loom, not(feature = "loom")))]
compile_error!("--cfg gosync_loom needs feature `loom` of gosync-atomic");
#[cfg(all(gosync_shuttle, not(feature = "shuttle")))]
compile_error!("--cfg gosync_shuttle needs feature `shuttle` of gosync-atomic");
#[cfg(all(gosync_shuttle, gosync_loom))]
compile_error!("a model runs on loom or on shuttle: --cfg gosync_loom or --cfg gosync_shuttle");

pub use crate::{
    __array as array, __const_fn as const_fn, __native_only as native_only, __ord as ord,
    __process_wide as process_wide, __step as step, __thread_local as thread_local, __undurable as undurable,
    __waits as waits,
};
#[cfg(feature = "synctest")]
pub use bubble::inherit;
#[cfg(any(feature = "synctest", feature = "deadlock"))]
pub use end::{End, inherit_with_end};
pub use lock::RawLock;
pub use parker::{Parker, Unparker};
pub use platform::*;
pub use seats::Seats;
pub use sleeper::Sleeper;
use wait_table::Bucket;
pub use wait_table::{Claimed, Detached, Lines, QueueGuard, Waiter, Wake};

/// The clock: in a bubble its own.
#[cfg(feature = "synctest")]
#[must_use]
pub fn now() -> std::time::Instant {
    bubble::now().unwrap_or_else(platform::now)
}

/// Whether a deadline has passed, by the clock of the bubble, if the caller is in one; `None` never does.
#[cfg(feature = "synctest")]
#[must_use]
pub fn has_passed(deadline: Option<std::time::Instant>) -> bool {
    match (deadline, bubble::now()) {
        (Some(deadline), Some(now)) => deadline <= now,
        _ => platform::has_passed(deadline),
    }
}

/// Sleeps for so long, by the clock of the bubble, if the caller is in one.
pub fn sleep(time: std::time::Duration) {
    #[cfg(feature = "synctest")]
    if bubble::is_inside() {
        // Nobody else knows this word, so nobody changes or wakes it.
        let (word, deadline) = (Futex::new(0), deadline_after(time));
        while word.wait_until(0, deadline) {}
        return;
    }
    platform::pass(time);
}

/// What a thread runs that the caller is about to start.
#[cfg(not(feature = "synctest"))]
#[inline(always)]
pub fn inherit<T>(f: impl FnOnce() -> T) -> impl FnOnce() -> T {
    f
}

/// The end of a thread's function, for its handle: of use in a bubble, and for the deadlock report.
#[cfg(not(any(feature = "synctest", feature = "deadlock")))]
#[derive(Debug)]
pub struct End;

#[cfg(not(any(feature = "synctest", feature = "deadlock")))]
impl End {
    /// Nothing, without the features: the join waits.
    #[inline(always)]
    pub fn wait(self) {}

    /// Unknown, without the features: the thread's own handle knows.
    #[inline(always)]
    #[must_use]
    pub fn has_come(&self) -> Option<bool> {
        None
    }
}

/// As [`inherit`], and what the handle needs.
#[cfg(not(any(feature = "synctest", feature = "deadlock")))]
#[inline(always)]
pub fn inherit_with_end<T>(f: impl FnOnce() -> T) -> (impl FnOnce() -> T, End) {
    (f, End)
}

/// Says for the rest of the block that a sleep without a deadline is not durable: see `bubble/mod.rs`. Nothing without the feature.
#[macro_export]
#[doc(hidden)]
#[cfg(feature = "synctest")]
macro_rules! __undurable {
    () => {
        let _undurable = $crate::__sys::bubble::Undurable::enter();
    };
}

/// Nothing, without the feature.
#[macro_export]
#[doc(hidden)]
#[cfg(not(feature = "synctest"))]
macro_rules! __undurable {
    () => {};
}

/// The end of a timeout that begins now; `None`, for ever, if it is beyond what the clock can tell.
#[must_use]
pub fn deadline_after(timeout: std::time::Duration) -> Option<std::time::Instant> {
    now().checked_add(timeout)
}

/// Drops what is left. If the drop of one panics, the others go all the same; the first panic goes on after that.
pub fn drop_all<T>(values: &mut impl Iterator<Item = T>) {
    use std::mem::{forget, needs_drop};
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    let mut panic = None;
    while needs_drop::<T>() {
        match catch_unwind(AssertUnwindSafe(|| values.by_ref().for_each(drop))) {
            Ok(()) => break,
            Err(payload) if panic.is_none() => panic = Some(payload),
            // The drop of a payload may panic, too.
            Err(payload) => _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(forget),
        }
    }
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
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
        thread::Builder::new().name(name.into()).spawn(inherit(move || run(&shared)))
    };
    if thread.is_err() {
        contained(|| run(&shared));
    }
}
