//! Sleeping on two words at a time: futex_waitv(2), where the system has it.
//!
//! That is Linux from 5.16 on, unless a filter of system calls keeps it from this process. Where it is refused once it is not
//! tried again.
//!
//! The kernel takes the words in order; for each it falls in line first and then looks whether the value is the expected
//! one, with a barrier in between. A call to wake looks at the line after a barrier of its own. If a word is not as
//! expected, and none of those before it was woken meanwhile, the call leaves all lines and fails.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::super::UNDER_MIRI;

/// The number of the call, where it is known to be this one. With feature `deadlock` nobody sleeps so: a sleep there is one
/// on one word, which stands in a list.
const FUTEX_WAITV: Option<libc::c_long> = if cfg!(all(
    not(feature = "deadlock"),
    any(
        all(target_arch = "x86_64", target_pointer_width = "64"),
        target_arch = "x86",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
)) && !UNDER_MIRI
{
    Some(449)
} else {
    None
};

/// A word of 32 bits, which no other process shares.
const FLAGS: u32 = 2 | 128;

static REFUSED: AtomicBool = AtomicBool::new(false);

#[repr(C)]
struct Word {
    expected: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

/// Sleeps while the words have these values, until woken at any of them; may return for no reason. `false` if one of them
/// has another value, or if this cannot be done here.
pub(super) fn wait(words: [(&AtomicU32, u32); 2]) -> bool {
    // Relaxed: who has not heard of it asks.
    let Some(call) = FUTEX_WAITV.filter(|_| !REFUSED.load(Ordering::Relaxed)) else { return false };
    let words = words.map(|(word, expected)| Word {
        expected: expected.into(),
        address: word.as_ptr().addr() as u64,
        flags: FLAGS,
        reserved: 0,
    });
    let (flags, no_timeout, clock) = (0_u32, std::ptr::null::<libc::timespec>(), 0_u32);
    // SAFETY: the call reads the array and the words, which outlive it.
    let woken = unsafe { libc::syscall(call, words.as_ptr(), words.len() as u32, flags, no_timeout, clock) };
    if woken >= 0 {
        return true;
    }
    match std::io::Error::last_os_error().raw_os_error() {
        // A signal handler has run.
        Some(libc::EINTR) => true,
        Some(libc::EAGAIN) => false,
        _ => {
            REFUSED.store(true, Ordering::Relaxed);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn another_value_is_no_reason_to_sleep() {
        let (gate, word) = (AtomicU32::new(1), AtomicU32::new(2));
        assert!(!wait([(&gate, 0), (&word, 2)]));
        assert!(!wait([(&gate, 1), (&word, 0)]));
    }

    #[test]
    fn a_sleeper_is_woken_at_either_word() {
        let words = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        let done = Arc::new(AtomicU32::new(0));
        for at in [0, 1] {
            let sleeper = thread::spawn({
                let (words, done) = (Arc::clone(&words), Arc::clone(&done));
                move || {
                    let slept = wait([(&words[0], 0), (&words[1], 0)]);
                    done.fetch_add(1, Ordering::Release);
                    slept
                }
            });
            let start = Instant::now();
            while done.load(Ordering::Acquire) == at {
                thread::sleep(Duration::from_millis(1));
                // Old calls reach who sleeps by the new one.
                atomic_wait::wake_all(&raw const words[at as usize]);
                assert!(start.elapsed() < Duration::from_secs(60), "nobody wakes");
            }
            assert_eq!(sleeper.join().unwrap(), !REFUSED.load(Ordering::Relaxed) && FUTEX_WAITV.is_some());
        }
    }
}
