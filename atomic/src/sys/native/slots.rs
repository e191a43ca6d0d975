//! Slots: a small number for each thread, by which it finds its own place in a row of places.
//!
//! There are as many slots as CPUs, rounded up to a power of two. A thread takes the slot that the fewest living threads
//! have when it first asks, and gives it back when it ends; so threads share a slot only when there are more of them than
//! slots, and threads that come and go do not wear anything out. Nothing is allocated.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::wait::cpus;

/// The most slots that there can be.
const MOST: usize = 128;

/// How many living threads have each slot.
static TAKEN: Mutex<[u32; MOST]> = Mutex::new([0; MOST]);

/// The number of slots, a power of two. It never changes.
#[must_use]
pub fn slots() -> usize {
    static SLOTS: OnceLock<usize> = OnceLock::new();
    *SLOTS.get_or_init(|| (cpus() as usize).min(MOST).next_power_of_two())
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
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = (0..slots()).min_by_key(|&slot| taken[slot]).unwrap_or(0);
        taken[slot] += 1;
        Slot(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        TAKEN.lock().unwrap_or_else(PoisonError::into_inner)[self.0] -= 1;
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
        let held: u32 = TAKEN.lock().unwrap().iter().sum();
        assert!(held < 12 * slots() as u32, "{held} are held, as if none were given back");
    }
}
