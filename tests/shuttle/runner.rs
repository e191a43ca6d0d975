//! The parent: every scenario, every control, and a table of each.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use crate::scenario::{self, Chooser, PASSES, Request, Run, Scenario, Verdict};

/// As many as a change has to pass, per scenario and chooser.
const SCHEDULES: usize = 2_500;
/// What a control gets at most: it ends with the schedule that convicts it.
const SCHEDULES_OF_CONTROLS: usize = 10_000;
const SEED: u64 = 1;
/// What `--long` takes, all in all.
const LONG: Duration = Duration::from_secs(600);

struct Options {
    filter: Option<String>,
    choosers: Vec<Chooser>,
    schedules: usize,
    seed: u64,
    long: bool,
}

impl Options {
    fn read(args: &[String]) -> Result<Options, String> {
        let choosers = Chooser::ALL.to_vec();
        let mut options = Options { filter: None, choosers, schedules: SCHEDULES, seed: SEED, long: false };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} wants a value"));
            match arg.as_str() {
                "--schedules" => options.schedules = number(value()?)?,
                "--seed" => options.seed = number(value()?)?,
                "--scheduler" => {
                    let name = value()?;
                    options.choosers.retain(|chooser| chooser.name() == name);
                    if options.choosers.is_empty() {
                        return Err(format!("no scheduler is called {name}: random, pct"));
                    }
                }
                "--long" => {
                    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|e| e.to_string())?;
                    (options.long, options.schedules, options.seed) = (true, usize::MAX, clock.as_secs());
                }
                other if other.starts_with('-') => {
                    return Err(format!(
                        "unknown: {other}; [filter] --long --schedules N --seed N --scheduler random|pct"
                    ));
                }
                filter => options.filter = Some(filter.to_owned()),
            }
        }
        Ok(options)
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// A row of a table: a scenario, perhaps without one of the steps of the shipped code, by each chooser.
struct Row<'a> {
    scenario: &'a Scenario,
    without: Option<&'static str>,
    expected: &'static [Verdict],
}

impl Row<'_> {
    fn is_control(&self) -> bool {
        self.expected != PASSES
    }

    /// A control has to be convicted by one of the choosers, and of nothing else by the others.
    fn is_right(&self, runs: &[Run]) -> bool {
        let as_expected = |run: &Run| self.expected.contains(&run.verdict);
        let acquitted = |run: &Run| self.is_control() && matches!(run.verdict, Verdict::Pass | Verdict::Vacuous);
        runs.iter().any(as_expected) && runs.iter().all(|run| as_expected(run) || acquitted(run))
    }
}

pub(crate) fn run(scenarios: &[Scenario], args: &[String]) -> ExitCode {
    let options = match Options::read(args) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    let (mut rows, mut controls) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        if options.filter.as_ref().is_some_and(|filter| !scenario.name.contains(filter)) {
            continue;
        }
        let row = Row { scenario, without: None, expected: scenario.expected };
        if row.is_control() {
            controls.push(row)
        } else {
            rows.push(row)
        }
        for &(step, expected) in &scenario.controls {
            controls.push(Row { scenario, without: Some(step), expected });
        }
    }
    println!("seed {}; schedules (and seconds) by each scheduler\n", options.seed);
    let (wrong, schedules) = table(&rows, &options);
    println!("\ncontrols: schedules until one convicts\n");
    let (missed, _) = table(&controls, &options);
    println!(
        "\n{} scenarios passed, {wrong} failed, {schedules} schedules; {} controls convicted, {missed} not; {:.1} s",
        rows.len() - wrong,
        controls.len() - missed,
        start.elapsed().as_secs_f64()
    );
    if wrong + missed == 0 && !rows.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs all of them, as many at a time as there are CPUs, and prints a line for each. How many were wrong, and how many
/// schedules there were.
fn table(rows: &[Row<'_>], options: &Options) -> (usize, usize) {
    let head = |names: &[&str]| names.iter().map(|name| format!("{name:>17}")).collect::<String>();
    let names: Vec<_> = options.choosers.iter().map(|chooser| chooser.name()).collect();
    println!("{:<46} {:>7}{}  verdict", "scenario", "threads", head(&names));
    let (mut wrong, mut schedules) = (0, 0);
    in_order(
        rows,
        |row| options.choosers.iter().map(|&chooser| run_one(row, chooser, rows.len(), options)).collect(),
        |row: &Row<'_>, runs: Vec<Run>| {
            schedules += runs.iter().map(|run| run.schedules).sum::<usize>();
            let cell = |run: &Run| match (row.is_control(), run.verdict) {
                (true, Verdict::Pass | Verdict::Vacuous) => "-".to_owned(),
                (true, verdict) => format!("{verdict} {}", run.schedules),
                _ => format!("{} ({:.2})", run.schedules, run.took.as_secs_f64()),
            };
            let cells: String = runs.iter().map(|run| format!("{:>17}", cell(run))).collect();
            let without = row.without.map(|step| format!(" without {step}")).unwrap_or_default();
            let verdict = match (row.is_right(&runs), row.is_control()) {
                (true, false) => "pass",
                (true, true) => "convicted",
                (false, _) => "FAILED",
            };
            println!("{:<46} {:>7}{cells}  {verdict}{without}", row.scenario.name, row.scenario.threads);
            if !row.is_right(&runs) {
                wrong += 1;
                for run in runs {
                    println!("{}; expected {:?}\n{}", run.verdict, row.expected, run.output);
                }
            }
        },
    );
    (wrong, schedules)
}

fn run_one(row: &Row<'_>, chooser: Chooser, rows: usize, options: &Options) -> Run {
    // A control has the seed that it is known for.
    let control = row.is_control();
    let (schedules, seed) = if control { (SCHEDULES_OF_CONTROLS, SEED) } else { (options.schedules, options.seed) };
    let share = LONG * threads() as u32 / (rows * options.choosers.len()).max(1) as u32;
    let at_most = (options.long && !control).then_some(share);
    let without = row.without.map(str::to_owned);
    scenario::run(row.scenario.name, &Request { chooser, schedules, seed, at_most, without })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does `work` for each in parallel, and `report` for each in order.
fn in_order<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync, mut report: impl FnMut(&T, R)) {
    let next = AtomicUsize::new(0);
    let mut done: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let mut reported = 0;
    std::thread::scope(|s| {
        let (results, finished) = mpsc::channel();
        for _ in 0..threads() {
            let (work, next, results) = (&work, &next, results.clone());
            s.spawn(move || {
                while let Some((at, item)) = Some(next.fetch_add(1, Relaxed)).and_then(|at| Some((at, items.get(at)?)))
                {
                    results.send((at, work(item))).expect("the parent waits for them");
                }
            });
        }
        drop(results);
        for (at, result) in finished {
            done[at] = Some(result);
            while let Some(result) = done.get_mut(reported).and_then(Option::take) {
                report(&items[reported], result);
                reported += 1;
            }
        }
    });
    assert_eq!(reported, items.len(), "each is reported");
}
