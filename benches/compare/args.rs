//! What to run, from the command line.

use std::process::exit;
use std::time::Duration;

const USAGE: &str = "\
compare [options] [scenario...]     scenarios by name or part of it; all, if none is named

  --impl NAME[,NAME...]   these implementations, likewise
  --rounds N              how often each implementation runs (15)
  --ms N                  how long one measurement takes, about (40)
  --quick                 --rounds 5 --ms 10
  --list                  only list the scenarios";

/// The options.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) scenarios: Vec<String>,
    /// Empty: all.
    pub(crate) implementations: Vec<String>,
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    pub(crate) list: bool,
}

impl Args {
    pub(crate) fn parse() -> Args {
        let mut args = Args {
            scenarios: Vec::new(),
            implementations: Vec::new(),
            rounds: 15,
            time: Duration::from_millis(40),
            list: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--impl" => args.implementations.extend(value(&word, words.next()).split(',').map(str::to_owned)),
                "--rounds" => args.rounds = number(&word, words.next()),
                "--ms" => args.time = Duration::from_millis(number(&word, words.next()) as u64),
                "--quick" => (args.rounds, args.time) = (5, Duration::from_millis(10)),
                "--list" => args.list = true,
                "--help" | "-h" => {
                    println!("{USAGE}");
                    exit(0);
                }
                // What cargo adds, and what other benches of the same `cargo bench` may understand.
                option if option.starts_with('-') => {}
                scenario => args.scenarios.push(scenario.to_owned()),
            }
        }
        args
    }

    /// Of the scenarios with these names, whether the one called `name` is to run.
    pub(crate) fn wants_scenario(&self, name: &str, all: &[&str]) -> bool {
        wants(&self.scenarios, name, all)
    }

    /// As `wants_scenario`.
    pub(crate) fn wants_implementation(&self, name: &str, all: &[&str]) -> bool {
        wants(&self.implementations, name, all)
    }
}

/// A word means the name that it is, or else all names that contain it.
fn wants(words: &[String], name: &str, all: &[&str]) -> bool {
    let means = |word: &str| word == name || (!all.contains(&word) && name.contains(word));
    words.is_empty() || words.iter().any(|word| means(word))
}

fn value(option: &str, word: Option<String>) -> String {
    word.unwrap_or_else(|| {
        eprintln!("{option} needs a value\n{USAGE}");
        exit(2)
    })
}

fn number(option: &str, word: Option<String>) -> usize {
    value(option, word).parse().ok().filter(|&n| n > 0).unwrap_or_else(|| {
        eprintln!("{option} needs a number above 0\n{USAGE}");
        exit(2)
    })
}
