//! The parent: every scenario under every chooser, every control, and a table of each.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use crate::scenario::{self, Chooser, Request, Run, Scenario, Verdict};

/// As many as a change has to pass.
const SCHEDULES: usize = 500;
/// So many for a control, which ends with the first that convicts it.
const SCHEDULES_OF_CONTROLS: usize = 5_000;
const SEED: u64 = 1;
/// What `--long` takes, all in all.
const LONG: Duration = Duration::from_secs(600);

struct Options {
    filter: Option<String>,
    choosers: Vec<Chooser>,
    schedules: usize,
    seed: u64,
    long: bool,
    sweep: bool,
}

impl Options {
    fn read(args: &[String]) -> Result<Options, String> {
        let mut options = Options {
            filter: None,
            choosers: Chooser::ALL.to_vec(),
            schedules: SCHEDULES,
            seed: SEED,
            long: false,
            sweep: false,
        };
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
                        return Err(format!("{name} is no scheduler: random, pct"));
                    }
                }
                "--long" => {
                    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|e| e.to_string())?;
                    (options.long, options.schedules, options.seed) = (true, usize::MAX, clock.as_secs());
                }
                "--sweep" => options.sweep = true,
                other if other.starts_with('-') => return Err(format!("unknown: {other}")),
                filter => options.filter = Some(filter.to_owned()),
            }
        }
        Ok(options)
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// One run of one scenario, and what must come of it.
#[derive(Clone)]
struct Job<'a> {
    scenario: &'a Scenario,
    chooser: Chooser,
    without: Option<String>,
    /// `None`: whatever it is.
    expected: Option<Verdict>,
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
    let selected: Vec<_> = scenarios
        .iter()
        .filter(|scenario| options.filter.as_ref().is_none_or(|filter| scenario.name.contains(filter)))
        .collect();
    if options.sweep {
        return sweep(&selected, &options);
    }
    let mut jobs = Vec::new();
    for scenario in &selected {
        for &chooser in &options.choosers {
            jobs.push(Job { scenario, chooser, without: None, expected: Some(scenario.expected) });
        }
    }
    println!("seed {}", options.seed);
    let failed = table(&jobs, &options);
    let mut controls = Vec::new();
    for scenario in &selected {
        for (step, verdict) in &scenario.controls {
            for &chooser in &options.choosers {
                let (without, expected) = (Some((*step).to_owned()), Some(*verdict));
                controls.push(Job { scenario, chooser, without, expected });
            }
        }
    }
    println!();
    let missed = table(&controls, &options);
    let (all, seconds) = (jobs.len() + controls.len(), start.elapsed().as_secs_f64());
    println!(
        "{} scenarios, {} controls; {} runs passed, {} failed; {seconds:.1} s",
        selected.len(),
        controls.len() / options.choosers.len(),
        all - failed - missed,
        failed + missed
    );
    if failed + missed == 0 && !jobs.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs all of them, as many at a time as there are CPUs, and prints a line for each in their order. How many were wrong.
fn table(jobs: &[Job<'_>], options: &Options) -> usize {
    println!("{:<42} {:>7}  {:<7} {:>9} {:>7}  verdict", "scenario", "threads", "by", "schedules", "seconds");
    let mut wrong = 0;
    in_order(jobs, |job| scenario::run(job.scenario.name, &request(job, jobs.len(), options)), |job, run| {
        let without = job.without.as_ref().map(|step| format!(" without {step}")).unwrap_or_default();
        println!(
            "{:<42} {:>7}  {:<7} {:>9} {:>7.2}  {}{without}",
            job.scenario.name,
            job.scenario.threads,
            job.chooser.name(),
            run.schedules,
            run.took.as_secs_f64(),
            run.verdict
        );
        if let Some(expected) = job.expected.filter(|&expected| expected != run.verdict) {
            wrong += 1;
            println!("FAILED: {} instead of {expected}\n{}", run.verdict, run.output);
        }
    });
    wrong
}

fn request(job: &Job<'_>, jobs: usize, options: &Options) -> Request {
    // A control ends when it is convicted. It has the seed that it is known for.
    let is_control = job.without.is_some() || job.scenario.expected != Verdict::Pass;
    let (schedules, seed) = if is_control { (SCHEDULES_OF_CONTROLS, SEED) } else { (options.schedules, options.seed) };
    let share = LONG * threads() as u32 / jobs.max(1) as u32;
    let at_most = (options.long && !is_control).then_some(share);
    Request { chooser: job.chooser, schedules, seed, at_most, without: job.without.clone() }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does `work` for each in parallel, and `report` for each in order.
fn in_order<'a, 'b>(
    jobs: &'a [Job<'b>],
    work: impl Fn(&Job<'b>) -> Run + Sync,
    mut report: impl FnMut(&'a Job<'b>, &Run),
) {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<Run>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|s| {
        let (work, next, done) = (&work, &next, &done);
        let workers: Vec<_> = (0..threads().min(jobs.len()))
            .map(|_| {
                s.spawn(move || {
                    loop {
                        let at = next.fetch_add(1, Relaxed);
                        let Some(job) = jobs.get(at) else { break };
                        *done[at].lock().expect("no panic with it") = Some(work(job));
                    }
                })
            })
            .collect();
        for (job, place) in jobs.iter().zip(done) {
            let run = loop {
                if let Some(run) = place.lock().expect("no panic with it").take() {
                    break run;
                }
                assert!(!workers.iter().all(|worker| worker.is_finished()) || place.lock().is_ok_and(|p| p.is_some()));
                std::thread::sleep(Duration::from_millis(2));
            };
            report(job, &run);
        }
    });
}

/// Every step that a scenario comes by, left out: to find controls.
fn sweep(scenarios: &[&Scenario], options: &Options) -> ExitCode {
    let chooser = options.choosers[0];
    let base: Vec<_> = scenarios
        .iter()
        .filter(|scenario| scenario.expected == Verdict::Pass)
        .map(|&scenario| Job { scenario, chooser, without: None, expected: Some(Verdict::Pass) })
        .collect();
    let steps: BTreeSet<String> = std::env::var("STEPS").unwrap_or_default().split(' ').map(str::to_owned).collect();
    let mut jobs = Vec::new();
    in_order(&base, |job| scenario::run(job.scenario.name, &request(job, base.len(), options)), |job, run| {
        for step in run.steps.iter().filter(|step| steps.contains(*step)) {
            jobs.push(Job { without: Some(step.clone()), expected: None, ..job.clone() });
        }
    });
    table(&jobs, options);
    ExitCode::SUCCESS
}
