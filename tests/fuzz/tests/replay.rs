//! The corpus, and inputs of a seed, on any toolchain. `GOSYNC_INPUTS` is how many of these, `GOSYNC_SEED` their seed.

use std::panic::catch_unwind;
use std::{env, fs};

use gosync_fuzz::TARGETS;

/// A xorshift generator.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = (self.next() >> 33) as usize % 200;
        (0..len).map(|_| (self.next() >> 40) as u8).collect()
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("it is a number"))
}

fn play(name: &str) {
    let target = TARGETS.iter().find(|(other, _)| *other == name).expect("it is a target").1;
    let path = format!("{}/corpus/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let corpus = fs::read_to_string(path).expect("there is a corpus");
    for line in corpus.lines() {
        let byte = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).expect("two digits for a byte");
        let bytes: Vec<_> = (0..line.len()).step_by(2).map(byte).collect();
        assert!(catch_unwind(|| target(&bytes)).is_ok(), "of the corpus: {line}");
    }
    let files = corpus.lines().count();
    assert!(files > 0, "the corpus is empty");
    let (seed, inputs) = (number("GOSYNC_SEED").unwrap_or(1), number("GOSYNC_INPUTS").unwrap_or(3000));
    let mut rng = Rng(seed.wrapping_mul(2) | 1);
    for _ in 0..inputs {
        let bytes = rng.bytes();
        assert!(catch_unwind(|| target(&bytes)).is_ok(), "seed {seed}: {bytes:?}");
    }
    println!("{name}: {files} inputs of the corpus, {inputs} random ones");
}

#[test]
fn channels() {
    play("channels");
}

#[test]
fn locks() {
    play("locks");
}

#[test]
fn futures() {
    play("futures");
}

#[test]
fn maps() {
    play("maps");
}

#[test]
fn pools() {
    play("pools");
}
