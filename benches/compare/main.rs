//! gosync beside its peers, in one process, taking turns.
//!
//! `cargo bench -p gosync-benches --bench compare -- spsc --rounds 9`; `-- --help` lists the options.
//!
//! A shared machine is noisy, and what happens at capacity 0 and 1 depends on whether two CPUs really run at the moment.
//! So every round runs every implementation once, each time in another order, and implementations are compared round by
//! round: a slow minute hurts them all. Absolute figures do not carry over to another machine; ratios may.

mod document;

use std::time::Duration;

use gosync_benches::harness::allocations::Counted;
use gosync_benches::harness::args::Args;
use gosync_benches::harness::measure::{self, Run};
use gosync_benches::harness::neighbours::Neighbours;
use gosync_benches::harness::report::{self, Row, Summary};
use gosync_benches::harness::{Scenario, machine, patience};
use gosync_benches::peers::go;
use gosync_benches::scenarios;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const USAGE: &str = "\
compare [options] [scenario...]     scenarios by name or part of it, or all of a family: channel, async, mutex,
                                    rwmutex, cond, once, select, wg, atomic, counter, map, pool, semaphore, stack,
                                    value;
                                    all, if none is named

  --impl NAME[,NAME...]   these implementations, by name or part of it
  --rounds N              how often each implementation runs (15)
  --ms N                  how long one measurement takes, about (40)
  --quick                 --rounds 5 --ms 10
  --cpus N                on the first N CPUs only, all threads (Linux)
  --beside N              beside N processes that compute all the time
  --write                 everything twice; writes docs/MEASURED.md and its plot
  --list                  only list the scenarios";

fn main() {
    Neighbours::become_one();
    let args = Args::parse(USAGE, &["--rounds", "--ms", "--cpus", "--beside"]);
    let rounds = args.number_or_quick("--rounds", 15, 5);
    let time = Duration::from_millis(args.number_or_quick("--ms", 40, 10) as u64);
    if args.has("--cpus") {
        machine::restrict_to(args.number("--cpus", 1));
    }
    let scenarios = args.scenarios(scenarios::all());
    if args.has("--list") {
        scenarios.iter().for_each(|scenario| println!("{}", scenario.name));
        return;
    }
    let _neighbours = args.has("--beside").then(|| Neighbours::start(args.number("--beside", 1)));
    // crossfire asks for this once per program: it stops spinning if there is but one CPU.
    crossfire::detect_backoff_cfg();
    println!("{}", machine::describe());
    println!("{}\n", go_version());
    println!("{}", report::LEGEND);
    let rows = pass(&scenarios, rounds, time);
    println!("{}", Summary(&rows));
    if args.has("--write") {
        let again = pass(&scenarios, rounds, time);
        document::write(&rows, &again, rounds, time);
    }
    for (scenario, name) in patience::left_out() {
        println!("{name} was left out of {scenario}, because it hung.");
    }
    println!("{}", machine::load());
}

fn go_version() -> String {
    format!("Go: {}.", go::version().as_deref().unwrap_or("none; put it on PATH, or name it in GOSYNC_GO"))
}

/// Every scenario once; prints a table of each.
fn pass(scenarios: &[Scenario], rounds: usize, time: Duration) -> Vec<Row> {
    let mut rows = Vec::new();
    for scenario in scenarios {
        let runs = Run::all(scenario, time);
        let line = machine::line_round_trip();
        let others = machine::Others::start();
        let runs = measure::rounds(runs, rounds, time);
        if !runs.is_empty() {
            println!("{}", report::table(scenario, &runs, line, others.cpus()));
            rows.extend(Row::of(scenario, &runs, line));
        }
    }
    rows
}
