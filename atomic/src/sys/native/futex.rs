//! [`Futex`]: a word that threads can sleep on, and [`Waker`]: the wake-up that may outlive it.
//!
//! Waiting and waking without a deadline is atomic-wait's. Waiting with one is futex(2) on Linux, in the same queues of
//! the kernel, so that one wake-up reaches both; elsewhere it is `timed.rs`, which every wake-up then also looks into. Those
//! who wait to be woken all at once sleep on two words, where that is possible: `beside.rs`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

#[cfg(feature = "deadlock")]
use super::waits;
use super::{WaitQueue, wake_cost};
use crate::__sys::Lines;
#[cfg(feature = "synctest")]
use crate::__sys::bubble;

#[cfg(target_os = "linux")]
mod beside;
#[cfg(any(test, not(target_os = "linux")))]
mod timed;

/// A 32-bit word that threads can sleep on. Who has to wake them changes it by a read-modify-write.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct Futex(AtomicU32);

/// How long a doze is.
const DOZE: std::time::Duration = std::time::Duration::from_millis(1);

/// Wakes the sleepers of one [`Futex`] by its address: the futex itself may be gone by then.
#[derive(Clone, Copy, Debug)]
pub struct Waker(*const AtomicU32);

// SAFETY: the pointer is only ever handed to the wake functions, which use it as a key and never read through it.
unsafe impl Send for Waker {}
// SAFETY: as above.
unsafe impl Sync for Waker {}

impl Futex {
    /// A word with the given value.
    #[inline(always)]
    #[must_use]
    pub const fn new(value: u32) -> Futex {
        Futex(AtomicU32::new(value))
    }

    /// Reads the word.
    #[inline(always)]
    pub fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    /// Replaces the word, when nobody [sleeps](Futex::wait) on it who has to be woken.
    #[inline(always)]
    pub fn store(&self, new: u32, order: Ordering) {
        self.0.store(new, order);
    }

    /// Exchanges the word for `new` if it is `current`; the value found either way.
    #[inline(always)]
    #[allow(clippy::missing_errors_doc, reason = "std's own contract")]
    pub fn compare_exchange(&self, current: u32, new: u32, ok: Ordering, err: Ordering) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, ok, err)
    }

    /// As the function of this name, when nobody [sleeps](Futex::wait) on the word.
    #[inline(always)]
    pub fn test_and_set(&self, clear: u32, set: u32, order: Ordering) -> bool {
        super::test_and_set(&self.0, clear, set, order)
    }

    /// Replaces the word; the value before.
    #[inline(always)]
    pub fn swap(&self, new: u32, order: Ordering) -> u32 {
        self.0.swap(new, order)
    }

    /// Adds, wrapping; the value before.
    #[inline(always)]
    pub fn fetch_add(&self, n: u32, order: Ordering) -> u32 {
        self.0.fetch_add(n, order)
    }

    /// Subtracts, wrapping; the value before.
    #[inline(always)]
    pub fn fetch_sub(&self, n: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(n, order)
    }

    /// Sets bits; the value before.
    #[inline(always)]
    pub fn fetch_or(&self, bits: u32, order: Ordering) -> u32 {
        self.0.fetch_or(bits, order)
    }

    /// Clears the bits that are not in `bits`; the value before.
    #[inline(always)]
    pub fn fetch_and(&self, bits: u32, order: Ordering) -> u32 {
        self.0.fetch_and(bits, order)
    }

    /// Sleeps while the word is `expected`, until woken. May return for no reason; orders nothing.
    #[inline]
    pub fn wait(&self, expected: u32) {
        #[cfg(feature = "synctest")]
        if bubble::sleep(self, expected, None).is_some() {
            return;
        }
        self.wait_aside(expected);
    }

    /// As [`wait`](Futex::wait), in a bubble, too: it does not know of this sleep.
    #[inline]
    pub(in crate::__sys) fn wait_aside(&self, expected: u32) {
        #[cfg(feature = "deadlock")]
        waits::listed(&self.0, expected, None, |left| timed_wait(&self.0, expected, left));
        #[cfg(not(feature = "deadlock"))]
        atomic_wait::wait(&self.0, expected);
    }

    /// As [`wait`](Futex::wait), but returns `false` once `deadline` has passed. `None` is never.
    #[must_use]
    pub fn wait_until(&self, expected: u32, deadline: Option<Instant>) -> bool {
        let Some(deadline) = deadline else {
            self.wait(expected);
            return true;
        };
        #[cfg(feature = "synctest")]
        if let Some(in_time) = bubble::sleep(self, expected, Some(deadline)) {
            return in_time;
        }
        #[cfg(feature = "deadlock")]
        return waits::listed(&self.0, expected, Some(deadline), |left| timed_wait(&self.0, expected, left));
        #[cfg(not(feature = "deadlock"))]
        {
            let left = deadline.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                timed_wait(&self.0, expected, left);
            }
            !left.is_zero()
        }
    }

    /// Sleeps while this word is `expected` and `gate` is `at_gate`, until woken at either. May return for no reason; orders
    /// nothing. `false` if one of them had another value, or if the system cannot do this.
    ///
    /// It is at the gate that it looks first, and falls in line. So of somebody who changes this word, and then
    /// [wakes all](Waker::wake_all) at the gate, it has seen the change or hears the call.
    #[must_use]
    pub fn wait_beside(&self, expected: u32, gate: &Futex, at_gate: u32) -> bool {
        // A member's sleep is one on one word.
        #[cfg(feature = "synctest")]
        if bubble::is_inside() {
            return false;
        }
        #[cfg(target_os = "linux")]
        return beside::wait([(&gate.0, at_gate), (&self.0, expected)]);
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (expected, gate, at_gate);
            false
        }
    }

    /// Sleeps while the word is `expected`, for a moment: until [roused](Waker::rouse), where that is possible, and for a
    /// millisecond at most. Orders nothing.
    pub fn doze(&self, expected: u32) {
        #[cfg(target_os = "linux")]
        timed_wait(&self.0, expected, DOZE);
        #[cfg(not(target_os = "linux"))]
        if self.0.load(Ordering::Relaxed) == expected {
            // Not in the table, whose locks are among those that are waited for so.
            std::thread::sleep(DOZE / 10);
        }
    }

    /// Whether the word has this value. Orders nothing.
    #[cfg(feature = "synctest")]
    pub(in crate::__sys) fn is(&self, expected: u32) -> bool {
        self.0.load(Ordering::Relaxed) == expected
    }

    /// Tells it from all others.
    #[cfg(feature = "synctest")]
    pub(in crate::__sys) fn key(&self) -> usize {
        std::ptr::from_ref(&self.0).addr()
    }

    /// The line of those who wait for this word in the table; it may outlive the word.
    #[inline]
    #[must_use]
    pub fn queue(&self, _: Lines) -> WaitQueue {
        WaitQueue::of(&self.0)
    }

    /// The wake-up of this word's sleepers. Taken before the word's last change, used after it.
    #[inline(always)]
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(&self.0)
    }
}

impl Waker {
    /// A second line in the table, of those who wait for this word without sleeping on it; it may outlive the word.
    #[inline]
    #[must_use]
    pub fn second_queue(&self, _: Lines) -> WaitQueue {
        // Words lie at multiples of four, so this is no word's own line.
        WaitQueue::of(self.0.wrapping_byte_add(1))
    }

    /// Wakes one who [dozes](Futex::doze), where that is possible.
    pub fn rouse(self) {
        #[cfg(target_os = "linux")]
        wake_cost::wake_one(self.0);
    }

    /// Wakes one sleeper, if there is one.
    #[inline]
    pub fn wake_one(self) {
        #[cfg(feature = "synctest")]
        bubble::wake(self.0.addr(), 1);
        self.wake_one_aside();
    }

    /// As [`wake_one`](Waker::wake_one), of those that no bubble knows of.
    #[inline]
    pub(in crate::__sys) fn wake_one_aside(self) {
        wake_cost::wake_one(self.0);
        #[cfg(not(target_os = "linux"))]
        timed::wake(self.0);
    }

    /// Wakes all sleepers.
    #[inline]
    pub fn wake_all(self) {
        #[cfg(feature = "synctest")]
        bubble::wake(self.0.addr(), usize::MAX);
        atomic_wait::wake_all(self.0);
        #[cfg(not(target_os = "linux"))]
        timed::wake(self.0);
    }
}

#[cfg(not(target_os = "linux"))]
use timed::wait as timed_wait;

/// Sleeps for so long at most, while the word is `expected`.
#[cfg(target_os = "linux")]
fn timed_wait(word: &AtomicU32, expected: u32, left: std::time::Duration) {
    /// As this call of the kernel has it, whatever C's `time_t` is: there are machines of 32 bits where that has 64.
    #[cfg(not(target_arch = "x86_64"))]
    type Part = libc::c_long;
    #[cfg(target_arch = "x86_64")]
    type Part = i64;
    #[repr(C)]
    struct Timeout {
        seconds: Part,
        nanos: Part,
    }

    // A deadline beyond what can be counted is cut short: the caller looks again.
    let seconds = Part::try_from(left.as_secs()).unwrap_or(Part::MAX);
    let timeout = Timeout { seconds, nanos: left.subsec_nanos() as Part };
    // SAFETY: futex(2) reads the word and the timeout, both of which outlive the call. Every outcome means "look again".
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            expected,
            &raw const timeout,
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_that_passed_is_reported_and_one_that_did_not_is_waited_for() {
        let futex = Futex::new(7);
        assert!(!futex.wait_until(7, Some(Instant::now())));
        assert!(futex.wait_until(8, Some(Instant::now() + Duration::from_secs(3600))), "another value: no sleep");
        let start = Instant::now();
        let deadline = start + Duration::from_millis(20);
        while futex.wait_until(7, Some(deadline)) {}
        assert!(start.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn a_wake_reaches_a_sleeper_with_a_deadline() {
        let futex = Arc::new(Futex::new(0));
        let sleeper = std::thread::spawn({
            let futex = Arc::clone(&futex);
            move || {
                let deadline = Instant::now() + Duration::from_secs(60);
                while futex.load(Ordering::Acquire) == 0 {
                    assert!(futex.wait_until(0, Some(deadline)), "the wake was lost");
                }
            }
        });
        std::thread::sleep(Duration::from_millis(20));
        let waker = futex.waker();
        futex.swap(1, Ordering::Release);
        waker.wake_one();
        sleeper.join().unwrap();
    }
}
