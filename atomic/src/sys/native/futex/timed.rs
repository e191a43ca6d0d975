//! Waiting with a deadline where the system call behind atomic-wait has none: a static table of buckets by address.
//!
//! A sleeper counts itself in `SLEEPERS` before it checks the word under its bucket's mutex. A waker changes the word
//! first and looks at `SLEEPERS` afterwards. With a `SeqCst` fence between the two steps of either, at least one sees the
//! other: the sleeper the new value, or the waker the sleeper, whose bucket it then locks and notifies. The check and the sleep are one step
//! under the bucket's mutex, so a notification cannot fall between them. Waking too many is allowed: a futex wait may
//! return for no reason.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

struct Bucket {
    mutex: Mutex<()>,
    changed: Condvar,
}

static SLEEPERS: AtomicUsize = AtomicUsize::new(0);
static BUCKETS: [Bucket; 64] = [const { Bucket { mutex: Mutex::new(()), changed: Condvar::new() } }; 64];

fn bucket(word: *const AtomicU32) -> &'static Bucket {
    // Words are four bytes apart at least; neighbours fall into different buckets.
    &BUCKETS[(word.addr() >> 2) % BUCKETS.len()]
}

/// Sleeps while `word` is `expected`, for `left` at most.
pub(super) fn wait(word: &AtomicU32, expected: u32, left: Duration) {
    let bucket = bucket(word);
    SLEEPERS.fetch_add(1, Ordering::Relaxed);
    // SeqCst: either the count above is seen by a waker, or its change of the word is seen below.
    fence(Ordering::SeqCst);
    let guard = bucket.mutex.lock().unwrap_or_else(PoisonError::into_inner);
    if word.load(Ordering::Relaxed) == expected {
        drop(bucket.changed.wait_timeout(guard, left));
    }
    // Relaxed: a waker that still counts this thread does some useless work.
    SLEEPERS.fetch_sub(1, Ordering::Relaxed);
}

/// Wakes whoever sleeps on the word at this address, and perhaps others.
pub(super) fn wake(word: *const AtomicU32) {
    // SeqCst: pairs with the fence in `wait`; it stands between the change of the word and the look at the count.
    fence(Ordering::SeqCst);
    if SLEEPERS.load(Ordering::Relaxed) != 0 {
        let bucket = bucket(word);
        drop(bucket.mutex.lock().unwrap_or_else(PoisonError::into_inner));
        bucket.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;

    #[test]
    fn waits_for_the_timeout_and_no_longer_than_the_wake() {
        let word = AtomicU32::new(0);
        let start = Instant::now();
        wait(&word, 0, Duration::from_millis(20));
        wait(&word, 1, Duration::from_secs(3600));
        assert!(start.elapsed() < Duration::from_secs(3600));
    }

    #[test]
    fn no_wake_is_lost_between_check_and_sleep() {
        let turn = Arc::new(AtomicU32::new(0));
        let rounds = 2_000;
        let other = std::thread::spawn({
            let turn = Arc::clone(&turn);
            move || ping_pong(&turn, 1, rounds)
        });
        ping_pong(&turn, 0, rounds);
        other.join().unwrap();
    }

    fn ping_pong(turn: &AtomicU32, me: u32, rounds: u32) {
        for _ in 0..rounds {
            let start = Instant::now();
            while turn.load(Ordering::Acquire) % 2 != me {
                let seen = turn.load(Ordering::Acquire);
                if seen % 2 != me {
                    wait(turn, seen, Duration::from_secs(60));
                    assert!(start.elapsed() < Duration::from_secs(50), "a wake was lost");
                }
            }
            turn.fetch_add(1, Ordering::Release);
            wake(turn);
        }
    }
}
