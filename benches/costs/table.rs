//! The table of costs, and the file that it is compared with.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fmt, fs};

use gosync_benches::harness::{GO, Scenario, machine};
use gosync_benches::scenarios;

use crate::stepper::{self, Count, Stepper};

/// So many instructions suffice to say what an operation costs.
const ENOUGH: u64 = 25_000;

/// Operations of the two stretches; what one costs is the difference, without what comes once. `None` if the scenario has one
/// number of operations only.
fn stretches(scenario: &Scenario, few: usize, times: usize) -> Option<(usize, usize)> {
    let few = scenario.operations.nearest(few as f64);
    let many = scenario.operations.nearest((times * few) as f64);
    (few < many).then_some((few, many))
}

/// What one operation costs, in hundredths: so that two counts can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    instructions: u64,
    locked: u64,
    calls: u64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [instructions, locked, calls] = [self.instructions, self.locked, self.calls].map(|hundredths| {
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        });
        match self.calls {
            0 => write!(f, "{instructions} ({locked})"),
            _ => write!(f, "{instructions} ({locked}) + {calls}"),
        }
    }
}

fn scenarios_of_one_thread() -> impl Iterator<Item = Scenario> {
    scenarios::all().into_iter().filter(|scenario| scenario.alone)
}

/// In the child: both stretches of the operation.
fn child(scenario: &str, implementation: &str, few: usize, many: usize) {
    let scenario = scenarios_of_one_thread().find(|s| s.name == scenario).expect("it is one of the list");
    let entries = scenario.entries.iter().filter(|entry| entry.implementation == implementation);
    // Those that share a name never run in the same scenario.
    let Some(entry) = entries.into_iter().find(|entry| (entry.run)(few).is_some()) else { return };
    // What comes only once came with the run above.
    stepper::ask();
    stepper::mark();
    std::hint::black_box((entry.run)(few));
    stepper::mark();
    std::hint::black_box((entry.run)(many));
    stepper::mark();
}

/// What both stretches took in a child; `None` if it cannot do this scenario.
fn stretch(scenario: &Scenario, implementation: &str, few: usize, many: usize) -> Option<(Count, Count)> {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    let numbers = [few, many].map(|n| n.to_string());
    command.args(["--child", scenario.name, implementation]).args(numbers).stdout(Stdio::null());
    let mut stepper = Stepper::start(&mut command)?;
    Some((stepper.count(), stepper.count()))
}

/// How many times longer the second stretch is.
const TIMES: usize = 8;

/// What it costs, with so many operations in the first stretch; `None` if it cannot do this scenario.
fn cost_with(scenario: &Scenario, implementation: &str, operations: usize) -> Option<Cost> {
    let (few, many) = stretches(scenario, operations, TIMES)?;
    let (first, second) = stretch(scenario, implementation, few, many)?;
    let per_operation = |less: u64, more: u64| more.saturating_sub(less) * 100 / (many - few) as u64;
    Some(Cost {
        instructions: per_operation(first.instructions, second.instructions),
        locked: per_operation(first.locked, second.locked),
        calls: per_operation(first.calls, second.calls),
    })
}

/// How many operations the first stretch needs; `None` if it cannot do this scenario.
fn enough(scenario: &Scenario, implementation: &str) -> Option<usize> {
    let (few, many) = stretches(scenario, 2, 4)?;
    let (first, second) = stretch(scenario, implementation, few, many)?;
    let each = (second.instructions.saturating_sub(first.instructions) / (many - few) as u64).max(1);
    let n = usize::try_from(ENOUGH / each).expect("it is small").clamp(TIMES, 1500);
    Some(n.div_ceil(TIMES))
}

/// What it costs; `None` if it cannot do this scenario.
fn cost(scenario: &Scenario, implementation: &str) -> Option<Cost> {
    cost_with(scenario, implementation, enough(scenario, implementation)?)
}

const OURS: &str = "gosync";

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("costs/gosync.txt")
}

fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("there is a compiler, which has made this");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn write() {
    let mut text = format!(
        "# gosync's operations: how many were counted; of one, in hundredths, instructions, locked ones, calls of \
         libraries: `--bench costs -- --write`.\n{}\n",
        compiler()
    );
    for scenario in scenarios_of_one_thread() {
        let Some(operations) = enough(&scenario, OURS) else { continue };
        let Some(cost) = cost_with(&scenario, OURS, operations) else { continue };
        text += &format!("{} {operations} {} {} {}\n", scenario.name, cost.instructions, cost.locked, cost.calls);
    }
    fs::write(file(), text).expect("the sources can be written");
}

/// What the file says, and with how many operations; `None` with another compiler.
fn recorded() -> Option<BTreeMap<String, (usize, Cost)>> {
    let text = fs::read_to_string(file()).expect("the file is there");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let written_by = lines.next().expect("it names a compiler");
    if written_by != compiler() {
        println!("the file is of {written_by}, and this is {}: nothing to compare", compiler());
        return None;
    }
    let parse = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, operations, instructions, locked, calls] = words[..] else {
            panic!("a name and four numbers: {line}")
        };
        let number = |word: &str| word.parse().expect("a number");
        let cost = Cost { instructions: number(instructions), locked: number(locked), calls: number(calls) };
        (name.to_owned(), (operations.parse().expect("a number"), cost))
    };
    Some(lines.map(parse).collect())
}

/// Whether no operation has become more expensive, and all are in the file. More is what is more by a fiftieth: a table of
/// `std`'s is keyed at random, for one. As many operations are counted as for the file: which case a
/// select chooses, the same each time, differs from one operation to the next.
fn check() -> bool {
    let Some(mut recorded) = recorded() else { return true };
    let mut good = true;
    for scenario in scenarios_of_one_thread() {
        let name = scenario.name;
        let Some((operations, old)) = recorded.remove(name) else {
            if cost(&scenario, OURS).is_some() {
                println!("{name} is not in the file");
                good = false;
            }
            continue;
        };
        let Some(cost) = cost_with(&scenario, OURS, operations) else {
            println!("{name} is in the file, and gosync cannot do it");
            good = false;
            continue;
        };
        let grew = |new: u64, old: u64| new > old + old / 50 + 50;
        if grew(cost.instructions, old.instructions) || grew(cost.locked, old.locked) || grew(cost.calls, old.calls) {
            println!("{name}, instructions (locked) + calls of libraries: {cost}, and the file says {old}");
            good = false;
        }
    }
    for name in recorded.keys() {
        println!("{name} is in the file, and no scenario");
        good = false;
    }
    if good {
        println!("no operation has become more expensive");
    }
    good
}

/// Prints a table per family: instructions, in parentheses how many of them are locked, and calls of libraries if there are any.
fn print(filter: &str) {
    let mut heading = Vec::new();
    for scenario in scenarios_of_one_thread() {
        if !scenario.name.contains(filter) && !scenario.family.contains(filter) {
            continue;
        }
        let mut names: Vec<&str> = Vec::new();
        // Go's are not counted here: it is another process.
        for entry in scenario.entries.iter().filter(|entry| entry.implementation != GO) {
            if !names.contains(&entry.implementation) {
                names.push(entry.implementation);
            }
        }
        if heading != names {
            println!(
                "\n| instructions (locked) + calls of libraries per operation: {} | {} |",
                scenario.family,
                names.join(" | ")
            );
            println!("| --- |{}", " ---: |".repeat(names.len()));
            heading.clone_from(&names);
        }
        let cells = names.iter().map(|name| match cost(&scenario, name) {
            Some(cost) => cost.to_string(),
            None => "-".to_owned(),
        });
        println!("| {} | {} |", scenario.name, cells.collect::<Vec<_>>().join(" | "));
    }
}

pub(crate) fn main() -> ExitCode {
    // At each step one of the two processes waits for the other: on two CPUs that takes three times as long.
    machine::restrict_to(1);
    // `cargo bench` adds that.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", scenario, implementation, few, many] => {
            let [few, many] = [few, many].map(|n| n.parse().expect("a number"));
            child(scenario, implementation, few, many);
        }
        ["--check"] if !check() => return ExitCode::FAILURE,
        ["--check"] => {}
        ["--write"] => write(),
        [filter] => print(filter),
        _ => print(""),
    }
    ExitCode::SUCCESS
}
