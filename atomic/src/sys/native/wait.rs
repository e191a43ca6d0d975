//! How to wait before sleeping: the one place that decides how long to spin and when to yield.
//!
//! Putting a thread to sleep and waking it costs two system calls and a scheduler's delay, 7 to 15 us on a small
//! machine; a hand-off between two running threads costs one or two transfers of a cache line, about 0.1 us. So a short
//! wait is worth spinning for, if the peer really runs, and never otherwise. Nothing here is needed for correctness:
//! every function may return at once, and in models it does.
//!
//! [`await_change`] is for a waiter that is already registered with its peer. Its rules:
//!
//! 1. The peer last ran on this CPU: spinning only delays it. Yield twice, then sleep; or sleep at once, if yields have not
//!    helped this thread lately ([`yields_if_worth_it`]). But two threads that happen to start on one CPU must not stay
//!    there, as they would for 20 ms and more: now and then ([`due_for_escape`]) sleep at once, so that the scheduler
//!    places the wake-up on an idle CPU. It does not always do so. A virtual CPU that the host has put aside does not count
//!    as idle, for one, which time alone mends.
//! 2. Otherwise spin for about as long as a wake-up takes, yield a few times, then sleep. After having woken a peer
//!    ([`woke_a_peer`]) spin longer: its answer comes a whole wake-up later, and who does not outlast that sleeps too, so
//!    that the peer has to wake it in turn, and both go on sleeping although both are fast.
//!    If nobody knows where the peer runs, it may be on this CPU, and then spinning is in its way: yield once, early on.
//! 3. A process-wide [`credit`] gates rule 2: it grows when waits end while spinning and shrinks when they do not. With
//!    more busy threads than CPUs it runs out, and waiters sleep at once but for an occasional long probe. It is process-wide
//!    because a program with many channels that are each used a few times would never learn otherwise.
//! 4. One CPU only: as 1, without the escape.
//! 5. Where other processes are known to compute, none of these yields: see `slices.rs`.
//!
//! [`Pacer`] is for the waiter on a [`Lock`](super::Lock), whose holder is a few dozen instructions from the end; and, in
//! other rhythms, on a mutex. Some of them are as long as a wake-up, which `wake_cost.rs` measures.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::pause::pause;
use super::slices::{self, give_way, naps};
use super::{Futex, wake_cost};

/// Pauses before the early yield of rule 2: about two transfers of a cache line.
const SPINS_FIRST: u32 = 16;
/// Pauses in rule 2: about one wake-up's time.
const SPINS: u32 = 250;
/// Pauses after having woken a peer, and of a probe.
const SPINS_LONG: u32 = 1000;
/// Pauses of a task.
const SPINS_OF_TASKS: u32 = 96;
/// Yields after them.
const YIELDS: u32 = 4;
/// How long a nap is, without what the system adds. Long beside a wake-up, and short beside a time slice.
const NAP: Duration = Duration::from_micros(50);
/// Pauses for which readers are kept out on trial, and wait awake: some sections of a microsecond.
const MOMENT: u32 = 200;
/// Pauses for which a writer waits for a gap between readers.
const GAP: u32 = 16;
/// Yields when spinning cannot help.
const YIELDS_ONLY: u32 = 2;

/// A CPU that a thread was seen on: a hint, stale at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu(u16);

impl Cpu {
    /// No CPU in particular.
    pub const UNKNOWN: Cpu = Cpu(u16::MAX);

    /// The CPU that runs the calling thread, where the platform tells cheaply.
    #[inline]
    #[must_use]
    pub fn current() -> Cpu {
        #[cfg(target_os = "linux")]
        {
            if super::UNDER_MIRI {
                return Cpu::UNKNOWN;
            }
            // SAFETY: no preconditions; it fails with -1, which is `UNKNOWN`.
            Cpu(unsafe { libc::sched_getcpu() } as u16)
        }
        #[cfg(not(target_os = "linux"))]
        Cpu::UNKNOWN
    }

    /// Its number.
    #[inline]
    pub(super) fn number(self) -> usize {
        usize::from(self.0)
    }
}

/// Waits for `word` to stop being `pending`, for a few microseconds at most. `peer` is where the thread that is to
/// change it was last seen. Orders nothing: the caller looks at the word itself.
pub fn await_change(word: &Futex, pending: u32, peer: Cpu) {
    await_state(word, peer, |state| state != pending);
}

/// As [`await_change`], for a word of which some states are not worth the end of the wait.
#[inline]
pub fn await_state(word: &Futex, peer: Cpu, is_reached: impl Fn(u32) -> bool + Copy) {
    let changed = || is_reached(word.load(Ordering::Relaxed));
    if cpus() > 1 && peer != Cpu::UNKNOWN && peer == Cpu::current() {
        WOKE_A_PEER.set(false);
        if !due_for_escape() {
            yields_if_worth_it(changed);
        }
    } else {
        if peer != Cpu::UNKNOWN {
            TOGETHER.set(0);
        }
        await_peer(peer, 1, changed);
    }
}

/// Waits for something that nobody tells: with so many pauses between two looks, because each look may cost the peer a
/// transfer. Whether it has happened. As long as that pays off as a rule: see the `credit`.
#[inline]
pub fn linger(pauses: u32, has_happened: impl Fn() -> bool + Copy) -> bool {
    await_peer(Cpu::UNKNOWN, pauses, has_happened)
}

/// As [`linger`], for a task: its executor may have others to run, among them the one that it waits for. It does not give
/// the CPU away, nor wait for as long as a wake-up takes, and has a `credit` of its own.
#[inline]
pub fn linger_for_task(pauses: u32, has_happened: impl Fn() -> bool) -> bool {
    if cpus() == 1 || credit::OF_TASKS.pauses().is_none() {
        return false;
    }
    let happened = spins(SPINS_OF_TASKS, pauses, has_happened);
    credit::OF_TASKS.record(happened);
    happened
}

/// Waits while a count grows, by one for every four pauses at least, until it is `enough`, for a few microseconds at most.
///
/// The first look comes soon. Later there are few: each takes a line from who counts.
pub fn await_growth(enough: usize, look: impl Fn() -> usize) {
    const PAUSES: [u32; 5] = [8, 32, 32, 32, 32];
    if cpus() == 1 {
        return;
    }
    let mut count = look();
    for pauses in PAUSES {
        pause(pauses);
        let now = look();
        if now >= enough || now.wrapping_sub(count) < pauses as usize / 4 {
            return;
        }
        count = now;
    }
}

/// Rules 2 to 4.
fn await_peer(peer: Cpu, run: u32, changed: impl Fn() -> bool + Copy) -> bool {
    let woke_a_peer = WOKE_A_PEER.replace(false);
    if cpus() == 1 {
        return yields_if_worth_it(changed);
    }
    let Some(pauses) = credit::OF_THREADS.pauses() else { return false };
    let pauses = if woke_a_peer { SPINS_LONG } else { pauses };
    // A peer that runs elsewhere and is quick answers in the first few pauses. One that is on this CPU needs it.
    let may_be_here = peer == Cpu::UNKNOWN;
    let answered = may_be_here && (spins(SPINS_FIRST, run, changed) || yields(1, changed));
    let answered = answered || spins(pauses, run, changed) || yields(YIELDS, changed);
    credit::OF_THREADS.record(answered);
    answered
}

thread_local! {
    // No destructor, so there is no time in the life of a thread at which it cannot be used.
    static WOKE_A_PEER: Cell<bool> = const { Cell::new(false) };
}

/// Notes that this thread has just woken another, for its next [`await_change`].
pub fn woke_a_peer() {
    WOKE_A_PEER.set(true);
}

/// So many pauses, with a look after each run of them.
fn spins(n: u32, run: u32, changed: impl Fn() -> bool) -> bool {
    (0..n.div_ceil(run)).any(|_| {
        pause(run);
        changed()
    })
}

fn yields(n: u32, changed: impl Fn() -> bool) -> bool {
    for _ in 0..n {
        if give_way().is_none() {
            return false;
        }
        if changed() {
            return true;
        }
    }
    false
}

thread_local! {
    /// Waits since this thread last met a peer on another CPU. Without a destructor, as above.
    static TOGETHER: Cell<u32> = const { Cell::new(0) };
}

/// Of this thread's waits for peers on its own CPU, after one for a peer on another, the 2nd, the 4th and every 8th
/// sleeps at once, beyond 256 every 64th: it costs as much as some ten waits, and is in vain if all CPUs are in use.
fn due_for_escape() -> bool {
    let n = TOGETHER.get().wrapping_add(1);
    TOGETHER.set(n);
    match n {
        2 | 4 => true,
        0..=256 => n % 8 == 0,
        _ => n % 64 == 0,
    }
}

/// The yields of rules 1 and 4, unless they have been in vain: then at every 16th wait only.
///
/// They are, where the peer is about to sleep, and sends something now and then. And they cost such a thread something: Linux
/// takes it at its word, that others may come first, when it is woken the next time, and does not let it interrupt the
/// sender. With two yields it had a message after 9 to 14 us, without them it has it after 3 to 6.
///
/// By thread, because one that is paced has no bearing on a pair that takes turns.
fn yields_if_worth_it(changed: impl Fn() -> bool) -> bool {
    const PROBE: u8 = 15;
    thread_local! {
        /// The yields that may still be in vain, and the waits that went by without any. Without a destructor, as above.
        static WORTH: Cell<(u8, u8)> = const { Cell::new((4, 0)) };
    }
    let (worth, skipped) = WORTH.get();
    if worth == 0 && skipped < PROBE {
        WORTH.set((worth, skipped + 1));
        return false;
    }
    let helped = yields(YIELDS_ONLY, changed);
    WORTH.set((if helped { 4 } else { worth.saturating_sub(1) }, 0));
    helped
}

/// Whether spinning has paid off lately, in this process.
///
/// Loads and stores instead of read-modify-writes: two threads may lose each other's update, which a hint can bear.
mod credit {
    use super::*;

    const MAX: u32 = 8;
    const STEP: u32 = 2;
    /// Waits that go by without credit before one more try.
    const PROBE: u32 = 16;

    pub(super) struct Credit {
        credit: CachePadded<AtomicU32>,
        skipped: CachePadded<AtomicU32>,
    }

    /// Of threads that wait.
    pub(super) static OF_THREADS: Credit = Credit::new();
    /// Of tasks that are about to.
    pub(super) static OF_TASKS: Credit = Credit::new();

    impl Credit {
        const fn new() -> Credit {
            Credit { credit: CachePadded::new(AtomicU32::new(MAX)), skipped: CachePadded::new(AtomicU32::new(0)) }
        }

        /// How long to spin; `None` is not at all.
        pub(super) fn pauses(&self) -> Option<u32> {
            if self.credit.load(Ordering::Relaxed) > 0 {
                return Some(SPINS);
            }
            let skipped = self.skipped.load(Ordering::Relaxed) + 1;
            self.skipped.store(skipped % PROBE, Ordering::Relaxed);
            (skipped == PROBE).then_some(SPINS_LONG)
        }

        pub(super) fn record(&self, paid_off: bool) {
            let old = self.credit.load(Ordering::Relaxed);
            let new = if paid_off { (old + STEP).min(MAX) } else { old.saturating_sub(STEP) };
            if new != old {
                self.credit.store(new, Ordering::Relaxed);
            }
        }
    }
}

/// The rhythm of a thread that waits for a lock.
#[derive(Debug)]
pub struct Pacer {
    /// Until the next look. They double.
    pauses: u32,
    /// The most between two looks.
    longest: u32,
    left: u32,
    yields: u32,
    away: Away,
}

/// How a thread that waits for a lock lets others have the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Away {
    /// By a yield, unless that [takes long](slices).
    Yield,
    /// The same, and not again once one took long, whoever had the CPU.
    YieldOnce,
    /// By a short sleep, after which the scheduler prefers the thread to those that compute.
    Nap,
}

impl Pacer {
    /// The longest run of pauses between two looks.
    const LONGEST: u32 = 64;

    /// A fresh rhythm.
    #[must_use]
    pub fn new() -> Pacer {
        // About 500 pauses in all, which is two wake-ups' time.
        let left = if cpus() == 1 { 0 } else { 500 };
        Pacer { pauses: 4, longest: Self::LONGEST, left, yields: YIELDS_ONLY, away: Away::Yield }
    }

    /// One with a late first look, after so many pauses: for a thread that has something else to do than to win a race. Who holds
    /// the lock, and takes it again at once, gets on undisturbed for a while, and does in that time what takes several times as
    /// long when the cache line moves for every operation.
    #[must_use]
    pub fn patient(pauses: u32) -> Pacer {
        Pacer { pauses, longest: Self::LONGEST.max(2 * pauses), ..Pacer::new() }
    }

    /// A short one, about a microsecond, that does not give the CPU away: for a thread that nobody knows to be waiting, and
    /// that may not get it back for milliseconds. It begins with so many pauses between two looks.
    #[must_use]
    pub fn brief(pauses: u32) -> Pacer {
        let pacer = Pacer::new();
        Pacer { pauses, left: pacer.left.min(32), yields: 0, ..pacer }
    }

    /// As [`brief`](Pacer::brief), but for about as long as a wake-up takes: for a lock whose next release would have to wake
    /// who sleeps. Eight times as many pauses between two looks are the most: more looks take the line from who locks
    /// again and again, fewer miss the end of a section.
    #[must_use]
    pub fn alert(pauses: u32) -> Pacer {
        let pacer = Pacer::new();
        let left = if pacer.left == 0 { 0 } else { wake_cost::pauses() };
        Pacer { pauses, longest: (8 * pauses).min(Self::LONGEST), left, yields: 0, ..pacer }
    }

    /// As [`brief`](Pacer::brief), but for about 5 us, and gives the CPU away a few times after that, but not again once
    /// somebody has used it for long: for a lock that is so hard to get rid of a waiter that it is worth a while.
    #[must_use]
    pub fn reluctant(pauses: u32) -> Pacer {
        let pacer = Pacer::new();
        Pacer { pauses, left: pacer.left.min(MOMENT), yields: YIELDS, away: Away::YieldOnce, ..pacer }
    }

    /// So many pauses between two looks, always, for half a microsecond: for a thread that waits for a gap which comes often
    /// and is short. Who looks at longer and longer intervals misses it; and who does not find it soon waits for sections that
    /// are long, and better says so.
    #[must_use]
    pub fn steady(pauses: u32) -> Pacer {
        let pacer = Pacer::new();
        Pacer { pauses, longest: pauses, left: pacer.left.min(GAP), yields: 0, ..pacer }
    }

    /// For a thread that keeps others out meanwhile: about 5 us, no longer than they wait awake
    /// ([`reluctant`](Pacer::reluctant)).
    #[must_use]
    pub fn closing() -> Pacer {
        Pacer { left: Pacer::new().left.min(MOMENT), ..Pacer::steady(8) }
    }

    /// A few pauses, and gives the CPU away once, by a nap while that takes long: for a thread that will make many others
    /// wait when it is registered, so that those had better come to an end before, but that cannot wait for them to
    /// compute in turns. If they are many, they are on this CPU too; if they are not, to wait for longer is of no use.
    #[must_use]
    pub fn napping() -> Pacer {
        let away = if naps::use_up() || slices::are_long() { Away::Nap } else { Away::YieldOnce };
        let brief = Pacer::brief(1);
        Pacer { left: brief.left.min(4), yields: 1, away, ..brief }
    }

    /// One with few looks: for a thread that competes with one that locks again and again, and would only take the cache
    /// line from it.
    #[must_use]
    pub fn sparse() -> Pacer {
        Pacer { pauses: Self::LONGEST, yields: 0, ..Pacer::new() }
    }

    /// Waits a little, for somebody who is a few instructions from the end and whom nothing but the scheduler keeps from it.
    pub fn persist(&mut self) {
        if !self.step() {
            sleep(NAP);
        }
    }

    /// As [`step`](Pacer::step), but hardly waits: for who knows that a look disturbs nobody.
    pub fn step_short(&mut self) -> bool {
        let pauses = std::mem::replace(&mut self.pauses, 2);
        let goes_on = self.step();
        self.pauses = pauses;
        goes_on
    }

    /// Waits a little; `false` if it is time to sleep instead.
    pub fn step(&mut self) -> bool {
        if self.left > 0 {
            let run = self.pauses.min(self.left);
            pause(run);
            self.left -= run;
            self.pauses = (self.pauses * 2).min(self.longest);
            true
        } else if self.yields > 0 {
            self.yields -= 1;
            match self.away {
                Away::Yield => give_way().is_some(),
                Away::YieldOnce => give_way().is_some_and(|took| {
                    if naps::note(took) {
                        self.yields = 0;
                    }
                    true
                }),
                Away::Nap => {
                    sleep(NAP);
                    true
                }
            }
        } else {
            false
        }
    }
}

impl Default for Pacer {
    fn default() -> Pacer {
        Pacer::new()
    }
}

/// The CPUs that this process may use, asked once. Allocates nothing where [`affinity`] answers: somebody may wait for a
/// lock inside of the allocator.
pub(super) fn cpus() -> u32 {
    static CPUS: AtomicU32 = AtomicU32::new(0);
    match CPUS.load(Ordering::Relaxed) {
        0 => {
            let asked =
                || std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX));
            let n = affinity().unwrap_or_else(asked);
            CPUS.store(n, Ordering::Relaxed);
            n
        }
        n => n,
    }
}

/// The number of CPUs that the calling thread may run on, where the platform tells.
#[cfg(target_os = "linux")]
fn affinity() -> Option<u32> {
    let mut set = std::mem::MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the third argument points to room for as many bytes as the second says.
    let result = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), set.as_mut_ptr()) };
    // SAFETY: all zeros is a set, and so is what the call makes of it.
    let set = unsafe { set.assume_init() };
    // SAFETY: no preconditions.
    let n = unsafe { libc::CPU_COUNT(&set) };
    // It fails with more CPUs than the set has room for.
    (result == 0).then(|| u32::try_from(n).ok()).flatten().filter(|&n| n > 0)
}

#[cfg(not(target_os = "linux"))]
fn affinity() -> Option<u32> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_tries_to_leave_a_shared_cpu_soon_and_then_seldom() {
        // Of a thread of its own: others have waited on this one.
        let tries = std::thread::spawn(|| (1..=400).filter(|_| due_for_escape()).count());
        // 2, 4, 8, 16 .. 256, and 320 and 384.
        assert_eq!(tries.join().unwrap(), 2 + 256 / 8 + 2);
    }

    #[test]
    fn cpus_are_counted() {
        let n = affinity().unwrap();
        // That one also looks at the limits of control groups.
        assert!(n as usize >= std::thread::available_parallelism().unwrap().get(), "{n}");
    }
}
