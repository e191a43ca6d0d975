//! Runs scenarios in turns and prints their calls.

use std::time::Duration;

use gosync_benches::harness::args::Args;
use gosync_benches::harness::figures::number;
use gosync_benches::harness::machine;
use gosync_benches::harness::measure::{Run, take_turns};
use gosync_benches::scenarios;

use crate::counted::Calls;

const USAGE: &str = "\
futex-calls [options] [scenario...] scenarios as of `compare`; if none is named, the locks with 2 and 8 threads

  --impl NAME[,NAME...]   these implementations, by name or part of it
  --rounds N              how often each implementation runs (5)
  --ms N                  how long one run takes, about (200)
  --quick                 --rounds 3 --ms 50";

const DEFAULT: [&str; 8] = [
    "mutex.short.t02",
    "mutex.short.t08",
    "mutex.1us.t02",
    "mutex.1us.t08",
    "rw.10to1.1us.t02",
    "rw.10to1.1us.t08",
    "rw.1000to1.1us.t02",
    "rw.1000to1.1us.t08",
];

pub(crate) fn run() {
    let mut args = Args::parse(USAGE, &["--rounds", "--ms"]);
    let rounds = args.number_or_quick("--rounds", 5, 3);
    let time = Duration::from_millis(args.number_or_quick("--ms", 200, 50) as u64);
    if args.words.is_empty() {
        args.words = DEFAULT.map(str::to_owned).to_vec();
    }
    println!("{}\n", machine::describe());
    println!(
        "futex(2) calls per 1,000 operations, over all rounds. `at once`: waits that found another value and did not sleep.\n\
         `nobody`: wakes that found nobody asleep.\n"
    );
    for scenario in &args.scenarios(scenarios::all()) {
        let mut runs = Run::all(scenario, time);
        let mut calls = vec![(0, Calls::default()); runs.len()];
        let others = machine::Others::start();
        take_turns(rounds, runs.len(), |index| {
            let before = Calls::so_far();
            let n = runs[index].measure(time);
            let (operations, calls) = &mut calls[index];
            *operations += n;
            *calls = *calls + (Calls::so_far() - before);
        });
        println!("### {} (rounds: {rounds}; other processes: {:.2} CPUs)\n", scenario.name, others.cpus());
        println!("| | operations | waits | at once | wakes | nobody |\n| --- | ---: | ---: | ---: | ---: | ---: |");
        for (run, (operations, calls)) in runs.iter().zip(calls) {
            let per_1000 = |calls: u64| rate(calls as f64 * 1000.0 / operations as f64);
            println!(
                "| {} | {operations} | {} | {} | {} | {} |",
                run.name,
                per_1000(calls.waits),
                per_1000(calls.waits_at_once),
                per_1000(calls.wakes),
                per_1000(calls.wakes_of_nobody),
            );
        }
        println!();
    }
    println!("All in all, warming up included: {:?}.", Calls::so_far());
}

/// One call in ten million operations is another thing than none.
fn rate(calls: f64) -> String {
    match calls {
        0.0 => "0".to_owned(),
        few if few < 0.1 => format!("{few:.4}"),
        many => number(many),
    }
}
