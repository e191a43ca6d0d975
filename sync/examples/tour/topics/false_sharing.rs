pub(crate) const TEXT: &str = "
Two counters in one cache line are no race, but the processors pass the line to and fro with each addition. Padding gives
each its own line; `PaddedCounters` is that, and `ShardedCounter` one number that spreads out when threads meet.";

pub(crate) const GO: &str = r#"
type padded struct {
	n atomic.Int64
	_ [56]byte
}
var counters [2]padded  // instead of [2]atomic.Int64
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use gosync::atomic::{Int64, PaddedCounters};

const TIMES: u32 = 500_000;

/// How long two threads take, each of which does that so many times.
fn time(add: impl Fn(usize) + Sync) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        for i in 0..2 {
            let add = &add;
            scope.spawn(move || (0..TIMES).for_each(|_| add(i)));
        }
    });
    start.elapsed() / TIMES
}

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let neighbours = [Int64::new(0), Int64::new(0)];
    let shared = time(|i| _ = neighbours[i].add(1));
    let padded = PaddedCounters::<2>::new();
    let apart = time(|i| padded.add(i, 1));
    let [a, b] = neighbours.map(|n| n.load());
    writeln!(out, "counted {a} and {b} in one line, {} and {} in two", padded.get(0), padded.get(1))?;
    // As it comes out on this machine, this time.
    writeln!(out, "an addition took {} ns in one line, {} ns in two", shared.as_nanos(), apart.as_nanos())
}
