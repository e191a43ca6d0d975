//! A wait group's addition, and the wait for threads, beside crossbeam's and what std offers: for before and after. In turns
//! with the peers: see `compare`.

use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use gosync_benches::peers::wait_groups::{self, Visitor, WaitGroup};
use gosync_benches::scenarios::wait_groups::TASKS;

struct Benches(Criterion);

impl Visitor for Benches {
    fn visit<W: WaitGroup>(&mut self) {
        let group = Arc::new(W::new());
        self.0.bench_function(&format!("add-done/{}", W::NAME), |b| b.iter(|| group.add_done()));
        self.0.bench_function(&format!("go{TASKS}-wait/{}", W::NAME), |b| b.iter(|| group.go_and_wait(TASKS)));
    }
}

fn main() {
    let mut benches = Benches(
        Criterion::default()
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(2))
            .sample_size(30)
            .configure_from_args(),
    );
    wait_groups::visit(&mut benches);
    benches.0.final_summary();
}
