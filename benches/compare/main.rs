//! gosync beside its peers, in one process, taking turns.
//!
//! `cargo bench -p gosync-benches --bench compare -- spsc --rounds 9`; `-- --help` lists the options.
//!
//! A shared machine is noisy, and what happens at capacity 0 and 1 depends on whether two CPUs really run at the moment.
//! So every round runs every implementation once, each time in another order, and implementations are compared round by
//! round: a slow minute hurts them all. Absolute figures do not carry over to another machine; ratios may.

mod allocations;
mod args;
mod machine;
mod measure;
mod report;
mod scenarios;

use args::Args;
use gosync_benches::peers::{self, Channel, Visitor};
use measure::Run;
use scenarios::{SCENARIOS, Scenario};

/// One implementation, as a function that runs a scenario; `None` if it cannot.
struct Implementation {
    name: &'static str,
    run: fn(&Scenario, usize) -> Option<measure::Sample>,
}

struct Collect(Vec<Implementation>);

impl Visitor for Collect {
    fn visit<C: Channel>(&mut self) {
        self.0.push(Implementation { name: C::NAME, run: scenarios::run::<C> });
    }
}

fn main() {
    let args = Args::parse();
    let mut implementations = Collect(Vec::new());
    peers::visit(&mut implementations);
    let mut implementations = implementations.0;
    let names: Vec<&str> = implementations.iter().map(|implementation| implementation.name).collect();
    implementations.retain(|implementation| args.wants_implementation(implementation.name, &names));
    let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    let scenarios = SCENARIOS.iter().filter(|scenario| args.wants_scenario(scenario.name, &names));
    let scenarios: Vec<&Scenario> = scenarios.collect();
    if args.list {
        scenarios.iter().for_each(|scenario| println!("{}", scenario.name));
        return;
    }
    // crossfire asks for this once per program: it stops spinning if there is but one CPU.
    crossfire::detect_backoff_cfg();
    println!("{}\n", machine::describe());
    println!("{}", report::LEGEND);
    let mut summary = report::Summary::default();
    for scenario in scenarios {
        let ours_only = scenario.ours_only && args.implementations.is_empty();
        let runs: Vec<Run> = implementations
            .iter()
            .filter(|implementation| !ours_only || implementation.name == report::OURS)
            .filter_map(|implementation| Run::new(scenario, implementation.name, implementation.run, args.time))
            .collect();
        let others = machine::Others::start();
        let runs = measure::rounds(runs, if scenario.fixed().is_some() { 1 } else { args.rounds }, args.time);
        if !runs.is_empty() {
            println!("{}", report::table(scenario, &runs, others.cpus()));
            summary.add(scenario, &runs);
        }
    }
    println!("{summary}");
    println!("{}", machine::load());
}
