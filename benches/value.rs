//! Loads, looks and stores of values that are replaced as a whole, beside arc-swap and locks.
//!
//! `cargo bench -p gosync-benches --bench value`; the report is `target/criterion/report/index.html`.

mod by_criterion;

use gosync_benches::scenarios::values::scenarios;

fn main() {
    by_criterion::run(scenarios());
}
