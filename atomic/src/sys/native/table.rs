//! The table: which bucket a word's waiters are in.

use std::sync::atomic::AtomicU32;

use crossbeam_utils::CachePadded;

use crate::__sys::{Bucket, QueueGuard};

/// A power of two. More buckets make it less likely that two busy words share one; they take 128 bytes each.
const BUCKETS: usize = 256;

static TABLE: [CachePadded<Bucket>; BUCKETS] = [const { CachePadded::new(Bucket::new()) }; BUCKETS];

/// The line of those who wait for one word, which may be gone.
#[derive(Clone, Copy, Debug)]
pub struct WaitQueue {
    bucket: &'static Bucket,
    key: usize,
}

impl WaitQueue {
    #[inline]
    pub(super) fn of(word: *const AtomicU32) -> WaitQueue {
        let key = word.addr();
        // Fibonacci hashing: words that lie at regular distances spread over the table.
        let hash = ((key as u64) >> 2).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let index = (hash >> (u64::BITS - BUCKETS.ilog2())) as usize;
        WaitQueue { bucket: &TABLE[index], key }
    }

    /// Locks it.
    #[inline]
    pub fn lock(&self) -> QueueGuard<'_> {
        self.bucket.lock(self.key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet, VecDeque};
    use std::ptr::NonNull;

    use super::*;
    use crate::__sys::{Futex, Lines, Waiter, Wake};

    // SAFETY: of words of these tests, on which nobody acts.
    const LINES: Lines = unsafe { Lines::new() };

    #[test]
    fn neighbouring_words_fall_into_different_buckets() {
        let words: [AtomicU32; 64] = std::array::from_fn(|_| AtomicU32::new(0));
        let buckets: HashSet<_> = words.iter().map(|word| std::ptr::from_ref(WaitQueue::of(word).bucket)).collect();
        assert!(buckets.len() > 48, "{}", buckets.len());
    }

    #[test]
    fn the_two_lines_of_a_word_are_two() {
        let words = [Futex::new(0), Futex::new(0)];
        let waiter = Waiter::of_thread(7);
        let lines = words.each_ref().map(|word| [word.queue(LINES), word.waker().second_queue(LINES)]);
        // SAFETY: new, and taken out below.
        unsafe { lines[0][1].lock().push_back(NonNull::from(&waiter)) };
        let waiting = lines.map(|lines| lines.map(|line| line.lock().peek().is_some()));
        assert_eq!(waiting, [[false, true], [false, false]]);
        lines[0][1].lock().forget_all();
        assert!(lines[0][1].lock().is_empty());
    }

    /// Several words in one bucket, against a queue of std's for each.
    #[test]
    fn queues_that_share_a_bucket_do_as_queues_that_do_not() {
        let bucket = Bucket::new();
        let waiters: Vec<Waiter> = (0..4_000).map(Waiter::of_thread).collect();
        let mut expected: HashMap<usize, VecDeque<NonNull<Waiter>>> = HashMap::new();
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        let mut fresh = waiters.iter().map(NonNull::from);
        let mut longest = 0;
        for _ in 0..20_000 {
            // xorshift: which word, and what to do.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let (key, action, which) = (random as usize % 5 * 2, (random >> 16) % 6, (random >> 32) as usize);
            let queue = expected.entry(key).or_default();
            // The same line, locked by its own key or by that of the one beside it.
            let other = random >> 40 & 1 == 1;
            let mut guard = bucket.lock(if other { key ^ 2 } else { key });
            let mut step = |guard: &mut QueueGuard<'_>| match action {
                0 | 1 => {
                    let Some(waiter) = fresh.next() else { return };
                    // SAFETY: new, and it outlives the bucket.
                    unsafe { guard.push_back(waiter) };
                    queue.push_back(waiter);
                }
                2 => {
                    let Some(waiter) = fresh.next() else { return };
                    // SAFETY: as above.
                    unsafe { guard.push_front(waiter) };
                    queue.push_front(waiter);
                }
                3 => {
                    let popped = guard.pop().map(|(wake, tag)| {
                        let waiter = NonNull::from(&waiters[tag as usize]);
                        assert!(matches!(wake, Wake::Thread(claimed) if claimed.is(waiter)));
                        waiter
                    });
                    assert_eq!(popped, queue.pop_front());
                }
                _ if !queue.is_empty() => {
                    let waiter = queue.remove(which % queue.len()).unwrap();
                    // SAFETY: alive, and of this queue.
                    assert!(unsafe { guard.remove(waiter) });
                    // SAFETY: as above.
                    assert!(!unsafe { guard.remove(waiter) });
                }
                _ => {}
            };
            if other {
                guard.beside(&mut step)
            } else {
                step(&mut guard)
            }
            drop(guard);
            let guard = bucket.lock(key);
            longest = longest.max(queue.len());
            assert_eq!(guard.is_empty(), queue.is_empty());
            assert_eq!(guard.len_up_to(usize::MAX), queue.len());
            assert_eq!(guard.len_up_to(3), queue.len().min(3));
        }
        assert!(longest > 20, "the queues stayed short: {longest}");
        for (key, queue) in expected {
            for waiter in queue {
                assert!(matches!(bucket.lock(key).pop(), Some((Wake::Thread(popped), _)) if popped.is(waiter)));
            }
            assert!(bucket.lock(key).is_empty());
        }
    }

    #[test]
    fn a_detached_line_has_no_words_key() {
        let bucket = Bucket::new();
        let waiter = Waiter::of_thread(7);
        for detachments in 1..8 {
            // Of a word at this address, which the count of detached lines has just reached.
            let address = 4 * detachments;
            // SAFETY: new, or not in line any more, and taken out below.
            bucket.lock(address).beside(|line| unsafe { line.push_back(NonNull::from(&waiter)) });
            let mut other = bucket.lock(0x1000);
            let detached = other.detach();
            assert!(other.pop_detached(&detached).is_none(), "{detached:?}");
            drop(other);
            bucket.lock(address).beside(|line| line.forget_all());
        }
    }
}
