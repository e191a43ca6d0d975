//! Scenarios under criterion: statistics, and HTML reports in `target/criterion/report/`.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use gosync_benches::harness::Scenario;

/// Measures every implementation in all of the scenarios. Those that differ in the number of threads only are one group,
/// which criterion draws as one plot.
pub(crate) fn run(scenarios: Vec<Scenario>) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(20)
        .configure_from_args();
    for scenario in scenarios {
        let (group, threads) = match scenario.name.rsplit_once(".t") {
            Some((group, threads)) if threads.parse::<u32>().is_ok() => (group, threads),
            _ => (scenario.name, "01"),
        };
        let mut group = criterion.benchmark_group(group);
        for entry in &scenario.entries {
            let name = entry.implementation;
            group.bench_function(BenchmarkId::new(name, threads.trim_start_matches('0')), |b| {
                b.iter_custom(|n| {
                    let operations = scenario.operations.nearest(n as f64);
                    let sample = (entry.run)(operations).expect("all of them can do it");
                    Duration::from_secs_f64(sample.wall * n as f64 / 1e9)
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
