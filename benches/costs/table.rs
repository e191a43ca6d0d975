//! The table of costs, and the file that it is compared with.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use gosync_benches::harness::{GO, Scenario};
use gosync_benches::scenarios;

use crate::stepper::{self, Stepper};

/// Operations of the two stretches; what one costs is the difference, without what comes once. `None` if the scenario has one
/// number of operations only.
fn stretches(scenario: &Scenario) -> Option<(usize, usize)> {
    let few = scenario.operations.nearest(6.0);
    let many = scenario.operations.nearest(4.0 * few as f64);
    (few < many).then_some((few, many))
}

/// What one operation costs, in hundredths: so that two counts can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    instructions: u64,
    locked: u64,
}

impl Cost {
    fn text(hundredths: u64) -> String {
        let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn scenarios_of_one_thread() -> impl Iterator<Item = Scenario> {
    scenarios::all().into_iter().filter(|scenario| scenario.alone)
}

/// In the child: both stretches of the operation.
fn child(scenario: &str, implementation: &str) {
    let scenario = scenarios_of_one_thread().find(|s| s.name == scenario).expect("it is one of the list");
    let entries = scenario.entries.iter().filter(|entry| entry.implementation == implementation);
    // Those that share a name never run in the same scenario.
    let Some((few, many)) = stretches(&scenario) else { return };
    let Some(entry) = entries.into_iter().find(|entry| (entry.run)(few).is_some()) else { return };
    // What comes only once came with the run above.
    stepper::ask();
    stepper::mark();
    std::hint::black_box((entry.run)(few));
    stepper::mark();
    std::hint::black_box((entry.run)(many));
    stepper::mark();
}

/// What it costs; `None` if it cannot do this scenario.
fn cost(scenario: &Scenario, implementation: &str) -> Option<Cost> {
    let (few, many) = stretches(scenario)?;
    let n = (many - few) as u64;
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["--child", scenario.name, implementation]).stdout(Stdio::null());
    let mut stepper = Stepper::start(&mut command)?;
    let (few, many) = (stepper.count(), stepper.count());
    let per_operation = |few: u64, many: u64| many.saturating_sub(few) * 100 / n;
    Some(Cost {
        instructions: per_operation(few.instructions, many.instructions),
        locked: per_operation(few.locked, many.locked),
    })
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

/// gosync's costs, by scenario.
fn ours() -> impl Iterator<Item = (&'static str, Cost)> {
    scenarios_of_one_thread().filter_map(|scenario| Some((scenario.name, cost(&scenario, OURS)?)))
}

fn write() {
    let mut text = format!(
        "# Instructions and locked instructions of gosync's operations, in hundredths: `--bench costs -- --write`.\n{}\n",
        compiler()
    );
    for (name, cost) in ours() {
        text += &format!("{name} {} {}\n", cost.instructions, cost.locked);
    }
    fs::write(file(), text).expect("the sources can be written");
}

/// What the file says; `None` with another compiler.
fn recorded() -> Option<BTreeMap<String, Cost>> {
    let text = fs::read_to_string(file()).expect("the file is there");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let written_by = lines.next().expect("it names a compiler");
    if written_by != compiler() {
        println!("the file is of {written_by}, and this is {}: nothing to compare", compiler());
        return None;
    }
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next().expect("a name").to_owned();
        let mut number = || words.next().and_then(|word| word.parse().ok()).expect("two numbers");
        (name, Cost { instructions: number(), locked: number() })
    };
    Some(lines.map(parse).collect())
}

/// Whether no operation has become more expensive, and all are in the file. Libraries below us (the allocator) differ a little
/// from machine to machine, so more is what is more by a fiftieth.
fn check() -> bool {
    let Some(mut recorded) = recorded() else { return true };
    let mut good = true;
    for (name, cost) in ours() {
        let Some(old) = recorded.remove(name) else {
            println!("{name} is not in the file");
            good = false;
            continue;
        };
        let grew = |new: u64, old: u64| new > old + old / 50 + 50;
        if grew(cost.instructions, old.instructions) || grew(cost.locked, old.locked) {
            let text = |cost: Cost| format!("{} ({} locked)", Cost::text(cost.instructions), Cost::text(cost.locked));
            println!("{name} costs {} instructions, and the file says {}", text(cost), text(old));
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

/// Prints a table per family: instructions, and in parentheses how many of them are locked.
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
            println!("\n| instructions (locked) per operation: {} | {} |", scenario.family, names.join(" | "));
            println!("| --- |{}", " ---: |".repeat(names.len()));
            heading.clone_from(&names);
        }
        let cells = names.iter().map(|name| match cost(&scenario, name) {
            Some(cost) => format!("{} ({})", Cost::text(cost.instructions), Cost::text(cost.locked)),
            None => "-".to_owned(),
        });
        println!("| {} | {} |", scenario.name, cells.collect::<Vec<_>>().join(" | "));
    }
}

pub(crate) fn main() -> ExitCode {
    // `cargo bench` adds that.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", scenario, implementation] => child(scenario, implementation),
        ["--check"] if !check() => return ExitCode::FAILURE,
        ["--check"] => {}
        ["--write"] => write(),
        [filter] => print(filter),
        _ => print(""),
    }
    ExitCode::SUCCESS
}
