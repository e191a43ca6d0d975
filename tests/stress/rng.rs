//! Random choices that a seed repeats.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use gosync::OnceValue;

/// A xorshift generator: small, and good enough to vary interleavings.
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    /// The generator of one thread of one test: each gets its own stream of the process's seed.
    pub(crate) fn new(stream: usize) -> Rng {
        Rng::of(seed() ^ (stream as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The generator of a seed of its own.
    pub(crate) fn of(seed: u64) -> Rng {
        let mut rng = Rng { state: seed | 1 };
        for _ in 0..8 {
            rng.next();
        }
        rng
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// One of 0 to n - 1.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A timeout that often passes before a peer comes, and often does not.
    pub(crate) fn tiny(&mut self) -> Duration {
        Duration::from_micros([0, 1, 10, 30, 100][self.below(5)])
    }

    /// Now and then lets others run.
    pub(crate) fn pause(&mut self) {
        match self.below(32) {
            0 | 1 => thread::yield_now(),
            2 => (0..self.below(300)).for_each(|_| std::hint::spin_loop()),
            _ => {}
        }
    }
}

/// The process's seed, from the environment or the hasher's randomness; printed when first asked for.
fn seed() -> u64 {
    // Not std's lock: a race detector without an instrumented std would not see what it orders.
    static SEED: OnceValue<u64> = OnceValue::new(|| {
        let given = std::env::var("GOSYNC_SEED").ok().map(|text| text.parse().expect("GOSYNC_SEED is a number"));
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one("gosync"));
        // Not `println!`: it must appear when a test aborts, too.
        writeln!(io::stderr(), "GOSYNC_SEED={seed}").ok();
        seed
    });
    *SEED
}
