//! Slots: a small number for each thread, by which it finds its own place in a row of places.
//!
//! There are as many slots as CPUs, rounded up to a power of two, and a slot is a hint: two threads may have the same one at the
//! same time, and it may be another one the next time that a thread asks. Nothing is allocated.
//!
//! **By CPU** where the system tells cheaply on which one a thread runs (Linux). Then threads that run at the same time have
//! different slots, however many there are. A CPU gets the next slot when it is first seen, so that those of a program that
//! may run on two of them, be they 1 and 33, have two. A thread asks at every 64th use: a call takes 2 ns at best, as long as
//! half of what a slot is used for. Whoever has been moved is back in a place of its own after 63 more uses, which are
//! 200 ns if it does nothing else; and who uses it less often meets others less often, too.
//!
//! **By thread** elsewhere, and where more CPUs are seen than there are slots: whoever asked first, for all, was allowed fewer
//! CPUs than others are. A thread takes the slot that the fewest living threads have when it first asks, and gives it back when it
//! ends; so threads share a slot only when there are more of them than slots, but then those that run may be two of one slot.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::wait::{Cpu, cpus};

/// The most slots that there can be.
const MOST: usize = 128;
/// CPUs whose numbers differ by this share a slot.
const CPUS: usize = 1024;

/// The number of slots; 0 is not known yet.
static SLOTS: AtomicUsize = AtomicUsize::new(0);

/// What a slot goes by. All of this is hints, and orders nothing.
static BY: AtomicU8 = AtomicU8::new(UNDECIDED);
const UNDECIDED: u8 = 0;
const CPU: u8 = 1;
const THREAD: u8 = 2;

/// The slot of each CPU, and one; 0 if it has not been seen.
static OF_CPU: [AtomicU8; CPUS] = [const { AtomicU8::new(0) }; CPUS];

/// How many CPUs have been seen, or a few more: two threads may see the same one.
static SEEN: AtomicUsize = AtomicUsize::new(0);

/// How many living threads have each slot. Numbers alone: they order nothing.
static TAKEN: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];

/// The number of slots, a power of two. It never changes.
#[inline(always)]
#[must_use]
pub fn slots() -> usize {
    match SLOTS.load(Ordering::Relaxed) {
        0 => count(),
        slots => slots,
    }
}

#[cold]
#[inline(never)]
fn count() -> usize {
    let slots = (cpus() as usize).min(MOST).next_power_of_two();
    // Who comes first decides.
    SLOTS.compare_exchange(0, slots, Ordering::Relaxed, Ordering::Relaxed).map_or_else(|first| first, |_| slots)
}

/// What a thread was told last.
struct Last {
    slot: Cell<usize>,
    /// How many more times it uses that.
    uses: Cell<u32>,
}

thread_local! {
    // No destructor and nothing to set up: a use is three instructions.
    static LAST: Last = const { Last { slot: Cell::new(0), uses: Cell::new(0) } };
}

/// How many times a thread uses a slot before it asks again.
const USES: u32 = 64;

/// A slot for the calling thread, less than [`slots`]: a hint.
#[inline]
#[must_use]
pub fn slot() -> usize {
    LAST.with(|last| match last.uses.get().checked_sub(1) {
        Some(uses) => {
            last.uses.set(uses);
            last.slot.get()
        }
        None => ask(last),
    })
}

#[cold]
#[inline(never)]
fn ask(last: &Last) -> usize {
    let slot = match BY.load(Ordering::Relaxed) {
        CPU => of_cpu(),
        THREAD => of_thread(),
        _ => {
            let by = if slots() > 1 && is_cpu_cheap() { CPU } else { THREAD };
            // Who comes first decides.
            _ = BY.compare_exchange(UNDECIDED, by, Ordering::Relaxed, Ordering::Relaxed);
            return ask(last);
        }
    };
    last.slot.set(slot);
    last.uses.set(USES - 1);
    slot
}

/// Whether the system tells in some nanoseconds which CPU runs a thread. Some C libraries ask the kernel for it.
fn is_cpu_cheap() -> bool {
    const CALLS: u32 = 16;
    const CHEAP: Duration = Duration::from_nanos(50 * CALLS as u64);
    let is_cheap = || {
        let start = Instant::now();
        let is_known = (0..CALLS).all(|_| Cpu::current() != Cpu::UNKNOWN);
        is_known && start.elapsed() <= CHEAP
    };
    // The first time is not like the others, and it may lose its CPU.
    (0..4).any(|_| is_cheap())
}

fn of_cpu() -> usize {
    let cpu = Cpu::current().number() % CPUS;
    match OF_CPU[cpu].load(Ordering::Relaxed) {
        0 => see(cpu),
        slot => usize::from(slot) - 1,
    }
}

/// Gives the CPU a slot.
#[cold]
#[inline(never)]
fn see(cpu: usize) -> usize {
    let seen = SEEN.fetch_add(1, Ordering::Relaxed);
    let slot = seen % slots();
    // Who comes first decides: another thread may have been here, and lost this CPU.
    if let Err(first) = OF_CPU[cpu].compare_exchange(0, slot as u8 + 1, Ordering::Relaxed, Ordering::Relaxed) {
        return usize::from(first) - 1;
    }
    if seen >= slots() && slots() < MOST {
        BY.store(THREAD, Ordering::Relaxed);
    }
    slot
}

/// The first one once the thread has given its own back, at its end.
fn of_thread() -> usize {
    SLOT.try_with(|slot| slot.0).unwrap_or(0)
}

thread_local! {
    static SLOT: Slot = Slot::take();
}

/// The right to a slot.
struct Slot(usize);

impl Slot {
    #[cold]
    fn take() -> Slot {
        loop {
            let counts = TAKEN[..slots()].iter().map(|count| count.load(Ordering::Relaxed)).enumerate();
            let (slot, count) = counts.min_by_key(|&(_, count)| count).unwrap_or_default();
            // Somebody else may have found the same one free.
            let exchange = TAKEN[slot].compare_exchange(count, count + 1, Ordering::Relaxed, Ordering::Relaxed);
            if exchange.is_ok() {
                return Slot(slot);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        TAKEN[self.0].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn a_slot_is_one_of_them() {
        assert!(slots().is_power_of_two() && slots() <= MOST);
        (0..10 * USES).for_each(|_| assert!(slot() < slots()));
        let by = BY.load(Ordering::Relaxed);
        assert!(by == CPU || by == THREAD);
        assert!(by == THREAD || cfg!(target_os = "linux"), "no other system tells");
    }

    /// The CPUs that this thread may run on, from the first one on.
    #[cfg(all(target_os = "linux", not(miri)))]
    fn allowed() -> Vec<usize> {
        // SAFETY: all zeros is a set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the third argument points to room for as many bytes as the second says.
        assert_eq!(unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) }, 0);
        // SAFETY: there are so many in a set.
        (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect()
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    fn run_on(cpu: usize) {
        // SAFETY: all zeros is a set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: there are so many in a set.
        unsafe { libc::CPU_SET(cpu, &mut set) };
        // SAFETY: the third argument points to as many bytes as the second says.
        assert_eq!(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) }, 0);
    }

    /// A thread that is moved has another one, once it asks again.
    #[cfg(all(target_os = "linux", not(miri)))]
    fn threads_go_by_their_cpus() {
        let cpus = allowed();
        // From here on this is known of each of them, and does not change.
        let slots_of_cpus: Vec<usize> = cpus.iter().map(|&cpu| (run_on(cpu), of_cpu()).1).collect();
        assert_eq!(slots_of_cpus.iter().collect::<HashSet<_>>().len(), cpus.len().min(slots()), "{slots_of_cpus:?}");
        if BY.load(Ordering::Relaxed) == CPU {
            for (cpu, of_cpu) in cpus.into_iter().zip(slots_of_cpus) {
                run_on(cpu);
                (0..USES).for_each(|_| _ = slot());
                assert_eq!(slot(), of_cpu);
            }
        }
    }

    /// Those of this machine; and then, of CPUs that no machine has that runs this, as many as there are slots, and all different;
    /// then they begin again, and a CPU keeps what it has.
    #[test]
    fn each_cpu_has_a_slot() {
        // From here on it is decided.
        assert!(slot() < slots());
        #[cfg(all(target_os = "linux", not(miri)))]
        thread::spawn(threads_go_by_their_cpus).join().unwrap();
        let by = BY.load(Ordering::Relaxed);
        let cpus = || CPUS - 2 * slots()..CPUS;
        let given: Vec<usize> = cpus().map(see).collect();
        assert!(given.iter().all(|&slot| slot < slots()));
        assert_eq!(given.iter().collect::<HashSet<_>>().len(), slots());
        assert!(cpus().map(see).eq(given), "it has one already");
        assert!(BY.load(Ordering::Relaxed) == THREAD || slots() == MOST, "more CPUs than slots");
        // For the other tests.
        BY.store(by, Ordering::Relaxed);
    }

    /// Other tests of this process have slots too, so this one counts on nothing but that all are in the range, that a
    /// thread keeps its own, and that they are given back.
    #[test]
    fn slots_of_threads_are_kept_and_given_back() {
        for _ in 0..3 {
            let n = 4 * slots();
            let barrier = Barrier::new(n);
            let used: HashSet<usize> = thread::scope(|s| {
                let ask = || {
                    let mine = of_thread();
                    barrier.wait();
                    assert_eq!(of_thread(), mine);
                    mine
                };
                let threads: Vec<_> = (0..n).map(|_| s.spawn(ask)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(used.len(), slots(), "four times as many threads take all of them");
        }
        let held: u32 = TAKEN.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        assert!(held < 12 * slots() as u32, "{held} are held, as if none were given back");
    }
}
