//! A push and a pop, from one thread to 64, beside crossbeam-epoch and locked vectors.
//!
//! `cargo bench -p gosync-benches --bench stack`; the report is `target/criterion/report/index.html`.

mod by_criterion;

use gosync_benches::scenarios::stacks::scenarios;

fn main() {
    by_criterion::run(scenarios());
}
