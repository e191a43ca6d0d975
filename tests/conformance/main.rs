//! Conformance with Go: programs of our own that were run by Go, and their twins.
//!
//! | module | covers |
//! | --- | --- |
//! | `cases` | every operation on a channel in every state, shapes of select, timers, locks and the rest: a test per line of `golden/cases.txt` |
//! | `random` | thousands of random programs: tries, closes, selects, timers, tasks that wait |
//! | `differences` | the table of README.md: where the two are meant to differ |
//!
//! `tests/conformance/run` prints the golden files again, if there is a Go. With `--programs` this binary prints the random
//! programs.

mod cases;
mod differences;
mod play;
mod random;
#[path = "../stress/rng.rs"]
#[allow(dead_code, reason = "the stress tests use more of it")]
mod rng;

use std::collections::HashSet;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::differences::Differences;

const CASES: &str = include_str!("golden/cases.txt");
const RANDOM: &str = include_str!("golden/random.txt");
const README: &str = include_str!("README.md");

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--programs") {
        random::print();
        return ExitCode::SUCCESS;
    }
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // What players panic with is a result, and "boom" is meant.
        if thread::current().name() != Some(play::PLAYER) && info.payload().downcast_ref() != Some(&"boom") {
            default(info);
        }
    }));
    libtest_mimic::run(&Arguments::from_args(), trials()).exit_code()
}

fn trials() -> Vec<Trial> {
    let mut differences = Differences::read(README);
    let mut twins: Vec<_> = cases::all();
    let mut problems = Vec::new();
    let mut trials = Vec::new();
    let mut names = HashSet::new();
    for line in CASES.lines() {
        // The outcome is what follows the last colon after a name, which has none.
        let (name, in_go) = line.split_once(": ").expect("a line is a name and an outcome");
        assert!(names.insert(name), "two cases are called {name}");
        let difference = differences.take(name);
        if difference.as_ref().is_some_and(|difference| difference.go != in_go) {
            problems.push(format!("README.md says something else of {name} than Go: {in_go}"));
        }
        let expected = difference.map_or_else(|| in_go.to_owned(), |difference| difference.gosync);
        match twins.iter().position(|twin| twin.name == name) {
            Some(twin) => {
                let twin = twins.swap_remove(twin);
                trials.push(Trial::test(name, move || check(&twin, &expected)));
            }
            None if expected == differences::NONE => {}
            None => problems.push(format!("{name} has no twin")),
        }
    }
    problems.extend(twins.iter().map(|twin| format!("{} is not among Go's cases", twin.name)));
    problems
        .extend(differences.rest().map(|name| format!("README.md has a difference {name}, but there is no such case")));
    trials.push(Trial::test("the lists agree", move || {
        if problems.is_empty() { Ok(()) } else { Err(Failed::from(problems.join("\n"))) }
    }));
    trials.push(Trial::test("random programs", || random::compare(RANDOM).map_err(Failed::from)));
    trials
}

/// Plays a case, with more and more patience: what blocks is blocked after any time, and what is not gets there.
fn check(case: &play::Case, expected: &str) -> Result<(), Failed> {
    let mut last = String::new();
    for pause in [10, 50, 250, 1000, 4000] {
        last = thread::scope(|s| {
            let play = || case.play(Duration::from_millis(pause));
            let player = thread::Builder::new().name(play::PLAYER.to_owned()).spawn_scoped(s, play).unwrap();
            player.join().unwrap_or_else(|_| "panics".to_owned())
        });
        if last == expected {
            return Ok(());
        }
    }
    Err(Failed::from(format!("gosync: {last}\nexpected: {expected}")))
}
