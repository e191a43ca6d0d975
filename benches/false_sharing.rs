//! What it costs that words of different threads share a cache line, and what counters for many threads cost.
//!
//! `cargo bench -p gosync-benches --bench false_sharing`; the report is `target/criterion/report/index.html`.

mod by_criterion;

use gosync_benches::scenarios::counters::scenarios;

fn main() {
    by_criterion::run(scenarios());
}
