//! What to run, from the command line.

use std::process::exit;

use super::Scenario;

/// The words and options of a bench.
#[derive(Debug)]
pub struct Args {
    /// Everything that is no option.
    pub words: Vec<String>,
    /// The names after `--impl`. Empty: all.
    pub implementations: Vec<String>,
    options: Vec<(String, String)>,
    usage: &'static str,
}

impl Args {
    /// Reads the command line; `numbers` are the options that have one. Prints `usage` and ends the program if that is
    /// asked for, or necessary.
    pub fn parse(usage: &'static str, numbers: &[&str]) -> Args {
        let mut args = Args { words: Vec::new(), implementations: Vec::new(), options: Vec::new(), usage };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--impl" => {
                    let names = words.next().unwrap_or_else(|| args.misused("--impl needs names"));
                    args.implementations.extend(names.split(',').map(str::to_owned));
                }
                "--help" | "-h" => {
                    println!("{usage}");
                    exit(0);
                }
                option if numbers.contains(&option) => {
                    let number = words.next().unwrap_or_default();
                    args.options.push((word, number));
                }
                // Also what cargo adds, and what other benches of the same `cargo bench` may understand.
                option if option.starts_with('-') => args.options.push((word, String::new())),
                _ => args.words.push(word),
            }
        }
        args
    }

    /// Whether this option was given.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    /// The number after this option, or the default. Ends the program if it is no number above 0.
    pub fn number(&self, option: &str, default: usize) -> usize {
        let Some((_, number)) = self.options.iter().rfind(|(name, _)| name == option) else { return default };
        let number = number.parse().ok().filter(|&n| n > 0);
        number.unwrap_or_else(|| self.misused(&format!("{option} needs a number above 0")))
    }

    /// As `number`, with one default of two: the second for those in a hurry.
    pub fn number_or_quick(&self, option: &str, default: usize, quick: usize) -> usize {
        self.number(option, if self.has("--quick") { quick } else { default })
    }

    /// Of these scenarios those that are named. Without names: all.
    pub fn scenarios(&self, mut all: Vec<Scenario>) -> Vec<Scenario> {
        let names: Vec<&str> = all.iter().flat_map(|scenario| [scenario.family, scenario.name]).collect();
        all.retain(|scenario| {
            wants(&self.words, scenario.name, &names) || self.words.iter().any(|word| word == scenario.family)
        });
        for scenario in &mut all {
            let ours_only = scenario.ours_only && self.implementations.is_empty();
            scenario.entries.retain(|entry| !ours_only || entry.implementation == super::OURS);
        }
        let names: Vec<&str> =
            all.iter().flat_map(|scenario| &scenario.entries).map(|entry| entry.implementation).collect();
        for scenario in &mut all {
            scenario.entries.retain(|entry| self.wants_implementation(entry.implementation, &names));
        }
        all
    }

    /// Of the implementations with these names, whether the one called `name` is to run.
    pub fn wants_implementation(&self, name: &str, all: &[&str]) -> bool {
        wants(&self.implementations, name, all)
    }

    fn misused(&self, why: &str) -> ! {
        eprintln!("{why}\n{}", self.usage);
        exit(2)
    }
}

/// A word means the name that it is, or else all names that contain it.
fn wants(words: &[String], name: &str, all: &[&str]) -> bool {
    let means = |word: &str| word == name || (!all.contains(&word) && name.contains(word));
    words.is_empty() || words.iter().any(|word| means(word))
}
