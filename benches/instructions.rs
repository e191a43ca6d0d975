//! Performs one named scenario of one thread with N operations and nothing else, to be run under callgrind by
//! `instructions.sh`.
//!
//! `instructions --list` lists the scenarios, each with its family before it and its implementations behind it;
//! `instructions gosync un.sendrecv.b1 1000` performs one.

use std::process::ExitCode;

use gosync_benches::harness::{GO, Scenario};
use gosync_benches::scenarios;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenarios = scenarios::all().into_iter().filter(|scenario| scenario.alone);
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list"] => {
            scenarios.for_each(|scenario| println!("{}", line(&scenario)));
            ExitCode::SUCCESS
        }
        [implementation, name, n] => {
            let Ok(n) = n.parse() else {
                eprintln!("`{n}` is no number");
                return ExitCode::FAILURE;
            };
            let entries = scenarios.filter(|scenario| scenario.name == name).flat_map(|scenario| scenario.entries);
            // Those that share a name never run in the same scenario.
            let mut entries = entries.filter(|entry| entry.implementation == implementation);
            if entries.any(|entry| (entry.run)(n).is_some()) {
                return ExitCode::SUCCESS;
            }
            eprintln!("{implementation} does not do {name}");
            ExitCode::FAILURE
        }
        _ => {
            eprintln!("usage: instructions <implementation> <scenario> <n> | --list");
            ExitCode::FAILURE
        }
    }
}

fn line(scenario: &Scenario) -> String {
    let mut words = vec![scenario.family, scenario.name];
    for entry in &scenario.entries {
        // Go's instructions are not counted here: it is another process.
        if entry.implementation != GO && !words.contains(&entry.implementation) {
            words.push(entry.implementation);
        }
    }
    words.join(" ")
}
