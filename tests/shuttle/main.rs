//! Scenarios of 4 to 8 threads under shuttle: `cargo shuttle [filter]`. loom tries all schedules of few threads; shuttle
//! tries some of many, at random and by PCT, in sequentially consistent memory: lost and misdirected wake-ups, lines,
//! values that are there twice. Each scenario has controls: shipped steps that are left out, and shuttle must notice.
//!
//! * `scenario.rs`: what a scenario is, and how one is run in a child process.
//! * `runner.rs`: the parent: all of them, and the tables.
//! * `kit.rs`: what scenarios are made of.
//! * `scenarios/`: the scenarios.
//!
//! `--long` runs ten minutes with a seed from the clock, `--schedules N` and `--seed N` say how many and which, `--scheduler
//! random` or `pct` takes only one of them. The same seed brings the same schedules again.

#[cfg(not(gosync_shuttle))]
compile_error!(
    "the scenarios need `--cfg gosync_shuttle`: run `cargo shuttle` from the root of the workspace, \
     without RUSTFLAGS in the environment, which would replace it"
);

#[cfg(gosync_shuttle)]
mod kit;
#[cfg(gosync_shuttle)]
mod runner;
#[cfg(gosync_shuttle)]
mod scenario;
#[cfg(gosync_shuttle)]
mod scenarios;

#[cfg(gosync_shuttle)]
fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenarios = scenarios::all();
    match args.split_first() {
        Some((first, args)) if first == scenario::CHILD => scenario::run_in_child(scenarios, args),
        _ => runner::run(&scenarios, &args),
    }
}

#[cfg(not(gosync_shuttle))]
fn main() {}
