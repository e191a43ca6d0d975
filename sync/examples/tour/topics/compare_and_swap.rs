pub(crate) const TEXT: &str = "
A compare-and-swap changes a value only if nobody else has changed it meanwhile; who loses looks again. One that succeeds
releases and acquires, one that fails has observed what it found (rule `atomic.failed-cas-observes`).";

pub(crate) const GO: &str = r#"
func raise(max *atomic.Int64, n int64) {
	for {
		old := max.Load()
		if old >= n || max.CompareAndSwap(old, n) {
			return
		}
	}
}
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};
use std::sync::Arc;

use gosync::WaitGroup;
use gosync::atomic::Int64;

fn raise(max: &Int64, n: i64) {
    loop {
        let old = max.load();
        if old >= n || max.compare_and_swap(old, n) {
            return;
        }
    }
}

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    let max = Arc::new(Int64::new(0));
    let group = Arc::new(WaitGroup::new());
    for thread in 0..4 {
        let max = Arc::clone(&max);
        group.go(move || (0..1000).for_each(|n| raise(&max, n * 4 + thread)));
    }
    group.wait();
    writeln!(out, "{}", max.load())
}
