//! [`Stamp`]: a moment, coarse enough to fit into a state word.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A moment in units of 16 us, modulo 1 s, in 16 bits; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(u32);

impl Stamp {
    /// The number of bits.
    pub const BITS: u32 = 16;
    const MASK: u32 = (1 << Self::BITS) - 1;
    /// A power of two near 16 us, in nanoseconds.
    const UNIT: u128 = 1 << 14;

    /// This moment.
    #[must_use]
    pub fn now() -> Stamp {
        static START: OnceLock<Instant> = OnceLock::new();
        let since = START.get_or_init(Instant::now).elapsed();
        // One unit too late at most, and only once in a second.
        Stamp(((since.as_nanos() / Self::UNIT) as u32 & Self::MASK).max(1))
    }

    /// As bits, for the word.
    #[inline]
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// From the word: nothing if the bits are 0.
    #[inline]
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Stamp> {
        (bits != 0).then_some(Stamp(bits & Self::MASK))
    }

    /// Whether that much time has passed since, to a unit. Too young for one that is older than a second.
    #[must_use]
    pub fn is_older_than(self, time: Duration) -> bool {
        let age = Stamp::now().0.wrapping_sub(self.0) & Self::MASK;
        u128::from(age) * Self::UNIT >= time.as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_grow_old_in_time() {
        let stamp = Stamp::now();
        assert_eq!(Stamp::from_bits(stamp.bits()), Some(stamp));
        assert!(stamp.is_older_than(Duration::ZERO));
        assert!(!stamp.is_older_than(Duration::from_millis(900)));
        let start = Instant::now();
        while !stamp.is_older_than(Duration::from_millis(2)) {}
        assert!(start.elapsed() >= Duration::from_micros(1900), "{:?}", start.elapsed());
    }

    #[test]
    fn an_age_survives_the_end_of_the_range() {
        let now = Stamp::now().0;
        let before = Stamp(now.wrapping_sub(1_000) & Stamp::MASK);
        assert!(before.is_older_than(Duration::from_millis(16)));
        assert!(!before.is_older_than(Duration::from_millis(900)));
        assert_eq!(Stamp::from_bits(0), None);
    }
}
