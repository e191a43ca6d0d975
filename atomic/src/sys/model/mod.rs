//! The model side of the seam: a checker's types behind the native surface.
//!
//! There are two checkers, and [`engine`] is the one that the model is built for: `loom/` or `shuttle/`. All the rest is the
//! same for both. Usable in anybody's own loom models; [`control`] is what gosync's model runners add: pings, the real lock,
//! and the choices that a model has to arm.

pub mod control;
#[cfg_attr(gosync_loom, path = "loom/mod.rs")]
#[cfg_attr(gosync_shuttle, path = "shuttle/mod.rs")]
mod engine;
mod futex;
mod latch;
mod lock;
mod macros;
pub mod sc;
mod sleepers;

#[cfg_attr(feature = "synctest", allow(unreachable_pub, reason = "with it, what is public asks bubbles first"))]
pub use control::now;
pub use control::{choose, pick, seat, slot};
#[cfg(feature = "synctest")]
pub(super) use control::{has_bubbles, note_bubble};
pub use engine::{
    Alive, Arc, MutPtr, UnsafeCell, atomic, fence, into_inner, lazy_static, load_own, model_thread_local, spin_loop,
    thread,
};
pub use futex::{Futex, WaitQueue, Waker};
pub use latch::Latch;
pub use lock::{Lock, LockGuard};

/// Takes a word that is `clear` or `set`, and does not touch one that is set: whether it was clear.
#[must_use]
pub fn test_and_set(word: &atomic::AtomicU32, clear: u32, set: u32, order: std::sync::atomic::Ordering) -> bool {
    word.compare_exchange(clear, set, order, std::sync::atomic::Ordering::Relaxed).is_ok()
}

/// Calls what must not unwind into its caller. A panic goes on all the same: it may be the verdict on the model.
pub fn contained(f: impl FnOnce()) {
    f();
}

/// What all threads of an execution share. Counted, because a model's statics end with its first thread.
pub type ProcessWide<T> = Arc<T>;

/// `N` zeros.
#[must_use]
pub fn row<const N: usize>() -> [crossbeam_utils::CachePadded<atomic::AtomicI64>; N] {
    std::array::from_fn(|_| crossbeam_utils::CachePadded::new(atomic::AtomicI64::new(0)))
}

/// Whether to take a closer look: always.
#[must_use]
pub fn seldom(_n: i64) -> bool {
    true
}

/// Whether to take a closer look even at the rarest of times: never.
#[must_use]
pub fn rarely(_n: i64) -> bool {
    false
}

/// The number of slots for threads.
#[must_use]
pub fn slots() -> usize {
    2
}

/// The number of places for seats; how many of them there are is up to the model: [`control::give_seats`].
pub const SEATS: usize = 2;

/// A line has a word for a seat, and one for a slot.
pub const LINE_WORDS: usize = 2;

/// In how many looks, at most, a deadline has passed once.
const SOON: usize = 4;

/// Whether a deadline has passed: what the model's clock says, if it has one, and else a choice.
#[must_use]
#[cfg_attr(feature = "synctest", allow(unreachable_pub, reason = "with it, what is public asks bubbles first"))]
pub fn has_passed(deadline: Option<std::time::Instant>) -> bool {
    deadline.is_some_and(|deadline| control::clock_shows(deadline).unwrap_or_else(|| choose(SOON) == 1))
}

/// Nothing is known: see `waits!`.
#[cfg(feature = "synctest")]
pub(super) fn operation() -> Option<(&'static str, &'static std::panic::Location<'static>)> {
    None
}

/// Lets others go on, outside of bubbles: a model has no time.
pub(super) fn pass(_time: std::time::Duration) {
    thread::yield_now();
}

/// A moment. It is too young as often as [`control::be_patient`] said, and then old enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp;

#[allow(missing_docs, reason = "as the native stamp's")]
impl Stamp {
    pub const BITS: u32 = 16;

    #[must_use]
    pub fn now() -> Stamp {
        Stamp
    }

    #[must_use]
    pub fn bits(self) -> u32 {
        1
    }

    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Stamp> {
        (bits != 0).then_some(Stamp)
    }

    #[must_use]
    pub fn is_older_than(self, _time: std::time::Duration) -> bool {
        control::is_impatient()
    }
}

/// A CPU: a model has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu;

impl Cpu {
    /// No CPU in particular.
    pub const UNKNOWN: Cpu = Cpu;

    /// The CPU that runs the calling thread.
    #[must_use]
    pub fn current() -> Cpu {
        Cpu
    }
}

/// Waits no time at all: what is not correct without waiting is not correct.
pub fn await_change(_word: &Futex, _pending: u32, _peer: Cpu) {}

/// As [`await_change`].
pub fn await_state(_word: &Futex, _peer: Cpu, _is_reached: impl Fn(u32) -> bool) {}

/// Looks as often as [`control::look_again`] said: not at all, by default.
pub fn linger(_pauses: u32, has_happened: impl Fn() -> bool) -> bool {
    (0..control::looks()).any(|_| has_happened())
}

/// The same.
pub fn linger_for_task(pauses: u32, has_happened: impl Fn() -> bool) -> bool {
    linger(pauses, has_happened)
}

/// Nothing.
pub fn await_growth(_enough: usize, _look: impl Fn() -> usize) {}

/// Nothing: see [`await_change`].
pub fn woke_a_peer() {}

/// The rhythm of a thread that waits for a lock: it gives up at once, or after as many steps as [`control::look_again`] said.
#[derive(Debug, Default)]
pub struct Pacer {
    steps: usize,
}

impl Pacer {
    /// A fresh rhythm.
    #[must_use]
    pub fn new() -> Pacer {
        Pacer { steps: control::looks() }
    }

    /// The same.
    #[must_use]
    pub fn brief(_pauses: u32) -> Pacer {
        Pacer::new()
    }

    /// The same.
    #[must_use]
    pub fn reluctant(_pauses: u32) -> Pacer {
        Pacer::new()
    }

    /// The same.
    #[must_use]
    pub fn patient(_pauses: u32) -> Pacer {
        Pacer::new()
    }

    /// The same.
    #[must_use]
    pub fn alert(_pauses: u32) -> Pacer {
        Pacer::new()
    }

    /// The same.
    #[must_use]
    pub fn napping() -> Pacer {
        Pacer::new()
    }

    /// The same.
    #[must_use]
    pub fn sparse() -> Pacer {
        Pacer::new()
    }

    /// The same.
    #[must_use]
    pub fn steady(_pauses: u32) -> Pacer {
        Pacer::new()
    }

    /// One with as many steps as [`control::close_for`] said: none, by default.
    #[must_use]
    pub fn closing() -> Pacer {
        Pacer { steps: control::closing_steps() }
    }

    /// Lets the others go on.
    pub fn persist(&mut self) {
        thread::yield_now();
    }

    /// `false`: it is time to sleep.
    pub fn step(&mut self) -> bool {
        let goes_on = self.steps > 0;
        self.steps = self.steps.saturating_sub(1);
        goes_on
    }

    /// The same.
    pub fn step_short(&mut self) -> bool {
        self.step()
    }
}

/// How long to wait before the next try: not at all.
#[derive(Debug, Default)]
pub struct Backoff;

impl Backoff {
    /// No rhythm.
    #[must_use]
    pub fn new() -> Backoff {
        Backoff
    }

    /// Nothing.
    pub fn spin(&self) {}
}

/// Adds cells without a value, up to so many.
pub fn extend_uninit<T>(cells: &mut Vec<UnsafeCell<std::mem::MaybeUninit<T>>>, len: usize) {
    cells.resize_with(len, || UnsafeCell::new(std::mem::MaybeUninit::uninit()));
}

/// Small: a stack's first segment has two nodes.
pub const STACK_FIRST: u32 = 1;
/// And there is one more, with four.
pub const STACK_NAMES: u32 = 3;

/// One is enough, where the model is about lanes.
#[must_use]
pub fn lanes_open_after() -> Option<(u32, u32)> {
    control::settings().lanes.then_some((1, 1))
}

/// The first one, where the model is about lanes.
pub const LOOKS_UNTIL_PUT_OFF: u32 = 1;

/// One at a time, so that two are more than that.
pub const WAKE_BATCH: usize = 1;

/// The second reader opens a lock that is mostly read.
pub const READERS_UNTIL_OPEN: u32 = 1;

/// How many hash tables a map has for each slot.
pub const TABLES_PER_SLOT: usize = 1;

/// The hashes of a map, which do not depend on anything but the key: a model must replay exactly.
pub type RandomState = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// Pointers that are null.
#[must_use]
pub fn null_pointers<T, const N: usize>() -> [atomic::AtomicPtr<T>; N] {
    std::array::from_fn(|_| atomic::AtomicPtr::new(std::ptr::null_mut()))
}
