//! What models and scenarios take from loom, shuttle and the model side of the seam: std's, or nothing.

/// loom's, and the seam's.
pub(crate) mod sync {
    pub(crate) use std::sync::{Arc, Mutex};
    pub(crate) mod atomic {
        pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
    }
}

pub(crate) use std::thread;

/// One for all executions, where loom makes one for each.
macro_rules! lazy_static {
    ($(static ref $name:ident: $type:ty = $value:expr;)*) => {
        $(static $name: std::sync::LazyLock<$type> = std::sync::LazyLock::new(|| $value);)*
    };
}
pub(crate) use lazy_static;

/// The seam, with what only its model side has.
pub(crate) mod __sys {
    pub(crate) use seam::__sys::*;

    /// What a model asks of its checker. Miri has a clock of its own, which goes on when all threads sleep.
    pub(crate) mod control {
        use std::time::Instant;

        pub(crate) fn now() -> Instant {
            Instant::now()
        }
        /// Nothing happens before that time but what other threads do meanwhile.
        pub(crate) fn set_clock(to: Instant) {
            std::thread::sleep(to.saturating_duration_since(now()));
        }
        pub(crate) fn stop_clock() {}
        pub(crate) fn expire_deadlines() {}
        pub(crate) fn wake_spuriously() {}
        pub(crate) fn pick_any() {}
        pub(crate) fn be_patient(_: usize) {}
        pub(crate) fn close_for(_: usize) {}
        pub(crate) fn look_again(_: usize) {}
        pub(crate) fn forgo_one_order() {}
        pub(crate) fn give_seats(_: usize) {}
    }
}

/// shuttle's.
pub(crate) mod rand {
    use std::hash::{BuildHasher, RandomState};
    use std::ops::Range;

    pub(crate) trait Rng {
        fn gen_range(&mut self, range: Range<usize>) -> usize;
    }

    pub(crate) struct ThreadRng;

    pub(crate) fn thread_rng() -> ThreadRng {
        ThreadRng
    }

    impl Rng for ThreadRng {
        fn gen_range(&mut self, range: Range<usize>) -> usize {
            // In Miri the seed decides.
            range.start + RandomState::new().hash_one(0) as usize % range.len()
        }
    }
}
