//! [`ShardedCounter`]: a word for one thread and one for all others, and once these are many, a word for each seat.
//!
//! ```text
//! own ──────> what one thread adds, by plain additions: the one that has the seat that `state` names
//! others ───> what everybody else adds, by read-modify-writes
//! state ────> null: nobody has come; or odd: a seat; or lines, each far from the others, here four:
//!
//!             line 0: [word of seat 0] [of seat 4] ..  [word of slot 0]
//!             line 1: [word of seat 1] [of seat 5] ..  [word of slot 1]
//!             ..
//! ```
//!
//! The value is the sum of all words; nothing ever moves from one to another. A thread with a seat adds to its word by a load
//! and a store. A thread without one adds to the word of its slot, or to `others`, by a read-modify-write.
//!
//! # Invariants
//!
//! 1. `state` is null, odd, or points to an array of `line_count()` lines that came out of a `Box`. It goes from null to a
//!    seat once, by the compare-exchange in `claim`, and from either to lines once, by the one in `spread`; then it never
//!    changes again before the drop. A thread whose array came too late frees it, for nobody else has seen it.
//! 2. `line_count()` never changes, is a power of two and at least `LINES` and `slots()`.
//! 3. `own` and the words of seats are written by one thread at a time. Two seats have two words. `state` names one seat in the
//!    life of a counter, so whoever adds to `own` has that seat, though the counter may have spread since it looked; and a seat
//!    has one owner at a time.
//! 4. `others` and the words of slots change by read-modify-writes only.
//!
//! So no addition is lost, and none counts twice: of one word, additions come one after the other (3), or are indivisible (4).
//! A counter may spread in the middle of an addition to `own` or to `others`: that is a word like any other, and stays one.
//!
//! # Ordering
//!
//! The lines are published by a Release and read after an Acquire. All else is Relaxed. An addition to a word that only the
//! thread itself writes reads what it has written last, by coherence. If the word was another's before, who had the same seat,
//! that one's last addition happens before: the seat was given back by a Release and taken by an Acquire (`sys/seats.rs`). A
//! sum that comes after an addition, in the sense of happens-before, has it, by coherence again: the thread that added has seen
//! the pointer before, if it added to a line, so the sum sees it too; and it sees the addition itself, or what came later in
//! that word.

use std::{array, fmt, iter, ptr};

use crossbeam_utils::CachePadded;

use crate::__sys::atomic::{AtomicI64, AtomicPtr};
use crate::__sys::{Alive, Backoff, LINE_WORDS, SEATS, const_fn, ord, rarely, seat, seldom, slot, slots, step};

/// A counter that many threads add to, and that is rarely read.
///
/// The first thread that adds has a word of its own, and adds to it as to a plain variable. All other threads share a
/// second word. When one of them finds that another adds concurrently (one addition in a few hundred checks), or
/// after some ten thousand additions to that word, the counter spreads to one word for each thread, in at least as
/// many cache lines as there are CPUs. Threads share a line only if there are more threads than lines. When a thread
/// ends, its word is reused by another.
///
/// [`add`](ShardedCounter::add) costs a few loads, an addition and a store, none of them locked; on the shared word
/// it costs one relaxed read-modify-write. The addition that spreads the counter also allocates. At most 56 threads
/// of a process have words of their own at a time. Further threads, and threads whose thread-locals are being
/// destroyed, share one word for each CPU, by read-modify-writes. [`sum`](ShardedCounter::sum) costs a load for each
/// word: two, and after spreading 58 plus one for each CPU. Neither blocks.
///
/// `const`, 24 bytes on 64-bit platforms. Once spread, it has 128 bytes more (less on platforms with smaller lines) for each
/// CPU that the process may use, rounded up to a power of two, and at most 128 of these; on x86-64 and aarch64 512 bytes at
/// least; until it is dropped.
///
/// Not for signal handlers: if one interrupts an addition of the same thread and adds, either addition may be lost.
///
/// # Memory ordering
///
/// Counting orders nothing. An addition that happens before a `sum` is in it, once (`gosync.counter`).
///
/// # Differences from Go
///
/// Go has none; the usual replacement is an `atomic.Int64`.
///
/// # Examples
///
/// ```
/// use gosync_atomic::ShardedCounter;
///
/// static BYTES: ShardedCounter = ShardedCounter::new();
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| (0..1_000).for_each(|_| BYTES.add(3)));
///     }
/// });
/// assert_eq!(BYTES.sum(), 12_000);
/// ```
pub struct ShardedCounter {
    own: AtomicI64,
    others: AtomicI64,
    state: AtomicPtr<Line>,
}

type Line = CachePadded<Words>;

/// Those of some seats, and, last, that of a slot.
struct Words {
    words: [AtomicI64; LINE_WORDS],
    alive: Alive,
}

/// The fewest lines in which there is a word for each seat.
const LINES: usize = SEATS.div_ceil(LINE_WORDS - 1).next_power_of_two();
/// The word of a slot. Those of seats come before it.
const OF_SLOT: usize = LINE_WORDS - 1;
const _: () = assert!((SEATS - 1) / LINES < OF_SLOT);

fn line_count() -> usize {
    slots().max(LINES)
}

/// What `state` says of a counter whose `own` word belongs to this seat.
fn named(seat: usize) -> *mut Line {
    ptr::without_provenance_mut(seat << 1 | 1)
}

fn is_spread(state: *mut Line) -> bool {
    !state.is_null() && state.addr() & 1 == 0
}

impl ShardedCounter {
    const_fn! {
        /// A counter at 0.
        #[must_use]
        pub const fn new() -> ShardedCounter {
            ShardedCounter { own: AtomicI64::new(0), others: AtomicI64::new(0), state: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Adds `n`, which may be negative. Wraps around.
    #[inline]
    pub fn add(&self, n: i64) {
        // Acquire: pairs with the Release that publishes the lines.
        let state = self.state.load(ord!("counter.add", Acquire));
        let Some(seat) = seat() else { return self.add_without_seat(state, n) };
        if step!("counter.is-own", state == named(seat), else true) {
            self.add_own(n);
        } else if is_spread(state) {
            // SAFETY: published, and of that length (invariants 1 and 2).
            let word = unsafe { word_of_seat(state, line_count(), seat) };
            // Relaxed: only this thread writes the word (invariant 3).
            let old = word.load(ord!("counter.seat", Relaxed));
            // Relaxed: counting orders nothing.
            word.store(old.wrapping_add(n), ord!("counter.seat.store", Relaxed));
        } else {
            self.add_unspread(state, Some(seat), n);
        }
    }

    /// Adds to `own`, from the thread with the seat that `state` names.
    #[inline(always)]
    fn add_own(&self, n: i64) {
        // Relaxed: only this thread writes the word (invariant 3).
        let old = self.own.load(ord!("counter.own", Relaxed));
        // Relaxed: counting orders nothing.
        self.own.store(old.wrapping_add(n), ord!("counter.own.store", Relaxed));
    }

    /// Adds to what is there before the counter has spread, from a thread that it does not belong to.
    #[cold]
    #[inline(never)]
    fn add_unspread(&self, state: *mut Line, seat: Option<usize>, n: i64) {
        if let Some(seat) = seat.filter(|_| state.is_null()) {
            if self.claim(seat) {
                return self.add_own(n);
            }
        }
        // Whatever the state is by now: this word is there.
        // Relaxed: counting orders nothing.
        let old = self.others.fetch_add(n, ord!("counter.others", Relaxed));
        // Who could have a word elsewhere is to have it some time, even if nobody is ever in the way.
        if seldom(old) && (self.is_crowded(old.wrapping_add(n)) || seat.is_some() && rarely(old)) {
            self.spread();
        }
    }

    /// Makes `own` the word of this seat, if nobody else has come before.
    fn claim(&self, seat: usize) -> bool {
        // Relaxed: `own` is as it was when the counter was made, or as another owner of this seat has left it.
        let (ok, fail) = (ord!("counter.claim", Relaxed), ord!("counter.claim.fail", Relaxed));
        let claim = || self.state.compare_exchange(ptr::null_mut(), named(seat), ok, fail);
        step!("counter.is-first", claim().is_ok(), else true)
    }

    /// Whether somebody else adds at the same time: a moment ago this thread has made `others` so much.
    fn is_crowded(&self, others: i64) -> bool {
        // Relaxed: a guess; it is right to spread at any time.
        let own = self.own.load(ord!("counter.crowded-own", Relaxed));
        // For a line to come and go: 7 pauses.
        let backoff = Backoff::new();
        (0..3).for_each(|_| backoff.spin());
        // Relaxed: as above.
        self.others.load(ord!("counter.crowded", Relaxed)) != others
            // Relaxed: as above.
            || self.own.load(ord!("counter.crowded-own-again", Relaxed)) != own
    }

    /// Adds from a thread that has no seat: to the word of its slot.
    #[inline(never)]
    fn add_without_seat(&self, state: *mut Line, n: i64) {
        if !is_spread(state) {
            return self.add_unspread(state, None, n);
        }
        // SAFETY: published, and longer than that (invariants 1 and 2).
        let word = unsafe { word_of_slot(state, slot()) };
        // Relaxed: counting orders nothing.
        word.fetch_add(n, ord!("counter.slot", Relaxed));
    }

    /// The sum of all additions, wrapping around.
    ///
    /// It reads the words one by one, so it is not a snapshot: it may or may not include each concurrent addition, in
    /// any combination. It is exact if all additions happen before it.
    #[must_use]
    pub fn sum(&self) -> i64 {
        // Relaxed: counting orders nothing.
        let load = |word: &AtomicI64| word.load(ord!("counter.sum-word", Relaxed));
        // Acquire: pairs with the Release that publishes the lines.
        let state = self.state.load(ord!("counter.sum", Acquire));
        let mut sum = load(&self.own).wrapping_add(load(&self.others));
        if is_spread(state) {
            let count = line_count();
            // SAFETY: published, and of that length (invariants 1 and 2).
            let of_seats = (0..SEATS).map(|seat| load(unsafe { word_of_seat(state, count, seat) }));
            // SAFETY: as above.
            let of_slots = (0..slots()).map(|slot| load(unsafe { word_of_slot(state, slot) }));
            sum = of_seats.chain(of_slots).fold(sum, i64::wrapping_add);
        }
        sum
    }

    /// Makes the lines, if nobody else has.
    #[cold]
    fn spread(&self) {
        let line = || CachePadded::new(Words { words: array::from_fn(|_| AtomicI64::new(0)), alive: Alive::new() });
        let lines: Box<[Line]> = iter::repeat_with(line).take(line_count()).collect();
        let ours = Box::into_raw(lines).cast::<Line>();
        // Relaxed: a guess, which the exchange checks.
        let state = self.state.load(ord!("counter.spread", Relaxed));
        // Release: publishes the lines to the Acquires of `add` and `sum`. Relaxed on failure: others' are not touched.
        let (ok, fail) = (ord!("counter.publish", Release), ord!("counter.publish.fail", Relaxed));
        let is_late = step!("counter.is-spread", is_spread(state), else false);
        if is_late || self.state.compare_exchange(state, ours, ok, fail).is_err() {
            // Others have made some; or somebody has just claimed the counter, which will be crowded again.
            // SAFETY: out of a `Box` just now, and seen by nobody (invariant 1).
            step!("counter.too-late", unsafe { free(ours) });
        }
    }
}

/// The word that only the thread with this seat writes.
///
/// # Safety
///
/// `lines` are a counter's, and published; they are so many.
#[inline]
unsafe fn word_of_seat<'a>(lines: *mut Line, count: usize, seat: usize) -> &'a AtomicI64 {
    let line = step!("counter.line", seat & (count - 1), else 0);
    // SAFETY: the caller's contract; the count is a power of two.
    let line = unsafe { &*lines.wrapping_add(line) };
    line.alive.used();
    // Seats in the same line are far enough from each other: there are at least so many lines.
    &line.words[seat / LINES]
}

/// The word for threads without a seat that have this slot.
///
/// # Safety
///
/// `lines` are a counter's, and published; the slot is less than `slots()`.
unsafe fn word_of_slot<'a>(lines: *mut Line, slot: usize) -> &'a AtomicI64 {
    // SAFETY: the caller's contract; there is a line for each slot.
    let line = unsafe { &*lines.wrapping_add(slot) };
    line.alive.used();
    &line.words[step!("counter.of-slot", OF_SLOT, else 0)]
}

/// Frees the lines.
///
/// # Safety
///
/// They came out of a box of `line_count()` lines, and nobody uses them any more.
unsafe fn free(lines: *mut Line) {
    // SAFETY: the caller's contract.
    let lines = unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(lines, line_count())) };
    lines.iter().for_each(|line| line.alive.freed());
}

impl Drop for ShardedCounter {
    fn drop(&mut self) {
        // Relaxed: whoever drops it has it alone, and comes after all others.
        let state = self.state.load(ord!("counter.drop", Relaxed));
        if is_spread(state) {
            // SAFETY: invariant 1, and nobody else has the counter.
            step!("counter.free", unsafe { free(state) });
        }
    }
}

impl Default for ShardedCounter {
    fn default() -> ShardedCounter {
        ShardedCounter::new()
    }
}

impl fmt::Debug for ShardedCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedCounter").field("sum", &self.sum()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    fn is_spread_now(counter: &mut ShardedCounter) -> bool {
        is_spread(*counter.state.get_mut())
    }

    /// Runs `f` on a thread that has a seat. Other tests of this process may have all of them for a while.
    fn seated<R: Send>(f: impl Fn() -> R + Sync) -> R {
        let on_a_thread = || thread::scope(|s| s.spawn(|| seat().map(|_| f())).join().unwrap());
        iter::repeat_with(on_a_thread).find_map(|result| result).unwrap()
    }

    #[test]
    fn one_thread_alone_has_its_own_word() {
        let mut counter = ShardedCounter::new();
        seated(|| (0..100_000).for_each(|_| counter.add(1)));
        assert!(!is_spread_now(&mut counter));
        assert_eq!((*counter.own.get_mut(), *counter.others.get_mut(), counter.sum()), (100_000, 0, 100_000));
        // Where a pointer is smaller, there is padding in its place.
        assert_eq!(size_of::<ShardedCounter>(), 3 * size_of::<i64>());
    }

    #[test]
    fn what_was_counted_before_it_spread_stays() {
        seated(|| {
            let mut counter = ShardedCounter::new();
            counter.add(5);
            thread::scope(|s| drop(s.spawn(|| counter.add(10))));
            counter.spread();
            let lines = *counter.state.get_mut();
            assert!(is_spread(lines));
            counter.spread();
            assert_eq!(*counter.state.get_mut(), lines, "once");
            counter.add(-7);
            // SAFETY: published, and alive as long as the counter.
            let mine = unsafe { word_of_seat(lines, line_count(), seat().unwrap()) };
            assert_eq!(format!("{:?} {:?} {mine:?}", counter.own, counter.others), "5 10 -7");
            counter.add_without_seat(lines, 20);
            // SAFETY: as above, and these are all slots.
            let of_slots = (0..slots()).map(|slot| format!("{:?}", unsafe { word_of_slot(lines, slot) }));
            let of_slots: i64 = of_slots.map(|word| word.parse::<i64>().unwrap()).sum();
            assert_eq!(format!("{mine:?} {of_slots}"), "-7 20");
            assert_eq!(counter.sum(), 28);
            counter.add(i64::MAX);
            counter.add(3);
            assert_eq!(counter.sum(), i64::MIN + 30, "it wraps around");
        });
    }

    /// One after the other, so that nobody is in anybody's way.
    #[test]
    fn additions_by_others_spread_it_if_they_are_many() {
        seated(|| {
            let mut counter = ShardedCounter::new();
            counter.add(1);
            // While this thread has its seat, nobody else has.
            thread::scope(|s| drop(s.spawn(|| (0..10).for_each(|_| counter.add(1)))));
            assert!(!is_spread_now(&mut counter));
            seated(|| (0..1_000_000).for_each(|_| counter.add(1)));
            assert!(is_spread_now(&mut counter));
            assert!(*counter.others.get_mut() < 500_000, "{:?}", counter.others);
            assert_eq!(counter.sum(), 1_000_011);
        });
    }

    #[test]
    fn each_has_a_word_to_itself() {
        let mut counter = ShardedCounter::new();
        counter.spread();
        let lines = *counter.state.get_mut();
        // SAFETY: published, and alive as long as the counter.
        let of_seats = (0..SEATS).map(|seat| ptr::from_ref(unsafe { word_of_seat(lines, line_count(), seat) }).addr());
        // SAFETY: as above; all are less than their number.
        let of_slots = (0..slots()).map(|slot| ptr::from_ref(unsafe { word_of_slot(lines, slot) }).addr());
        let words: Vec<usize> = of_seats.chain(of_slots).collect();
        assert_eq!(words.iter().collect::<HashSet<_>>().len(), SEATS + slots());
        let line = |word: usize| (word - lines.addr()) / size_of::<Line>();
        assert!(words.iter().all(|&word| word >= lines.addr() && line(word) < line_count()));
        let first: HashSet<usize> = words[..LINES].iter().map(|&word| line(word)).collect();
        assert_eq!(first.len(), LINES, "seats that follow each other are far apart");
    }

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn no_two_lines_share_a_block() {
        assert_eq!((size_of::<Line>(), align_of::<Line>()), (128, 128));
    }

    /// More threads than seats, each before and after it has one.
    #[test]
    fn more_threads_than_seats() {
        const THREADS: usize = 2 * SEATS;
        let mut counter = ShardedCounter::new();
        let barrier = &Barrier::new(THREADS);
        for _ in 0..2 {
            thread::scope(|s| {
                for _ in 0..THREADS {
                    let counter = &counter;
                    s.spawn(move || {
                        counter.add(1);
                        barrier.wait();
                        (0..10).for_each(|_| counter.add(1));
                    });
                }
            });
            counter.spread();
        }
        assert!(is_spread_now(&mut counter));
        assert_eq!(counter.sum(), 2 * THREADS as i64 * 11);
    }
}
