//! Slots: a small number for each thread, by which it finds its own place in a row of places.
//!
//! There are as many slots as CPUs, rounded up to a power of two. A thread takes the slot that the fewest living threads
//! have when it first asks, and gives it back when it ends; so threads share a slot only when there are more of them than
//! slots, and threads that come and go do not wear anything out. Nothing is allocated.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::wait::cpus;

/// The most slots that there can be.
const MOST: usize = 128;

/// The number of slots; 0 is not known yet.
static SLOTS: AtomicUsize = AtomicUsize::new(0);

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

/// The slot of the calling thread, less than [`slots`]; `None` once the thread has given it back at its end.
#[inline]
#[must_use]
pub fn slot() -> Option<usize> {
    SLOT.try_with(|slot| slot.0).ok()
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

    /// Other tests of this process have slots too, so this one counts on nothing but that all are in the range, that a
    /// thread keeps its own, and that they are given back.
    #[test]
    fn slots_are_kept_and_given_back() {
        assert!(slots().is_power_of_two() && slots() <= MOST);
        for _ in 0..3 {
            let n = 4 * slots();
            let barrier = Barrier::new(n);
            let used: HashSet<usize> = thread::scope(|s| {
                let ask = || {
                    let mine = slot().unwrap();
                    barrier.wait();
                    assert_eq!(slot(), Some(mine));
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
