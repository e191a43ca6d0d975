//! What a scenario is, and how one is run: in a child process, which has its own mutant, and may die of it.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::control::{self, Settings};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// The argument by which this binary asks itself to run one scenario.
pub(crate) const CHILD: &str = "--run-one-scenario";
/// More turns than any execution needs: reaching it means that some loop never ends.
const MAX_STEPS: usize = 100_000;
/// A scenario that runs longer than this, beyond the time that it was given, has failed.
const LIMIT: Duration = Duration::from_secs(120);
const EXIT_VACUOUS: i32 = 3;
const EXIT_TIMEOUT: i32 = 4;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every schedule did what the scenario claims, and each witness was seen.
    Pass,
    /// Every schedule passed, but an outcome that the claim is about was never seen: nothing was shown.
    Vacuous,
    /// All threads slept, at the end of no execution.
    Deadlock,
    /// An assertion of the scenario or of the code failed.
    Assertion,
    /// Some loop did not end.
    Livelock,
    /// It took too long.
    Timeout,
    /// A signal ended it.
    Crash,
    /// Anything else: a mistake in the set-up.
    Broken,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Pass => "pass",
            Verdict::Vacuous => "VACUOUS",
            Verdict::Deadlock => "deadlock",
            Verdict::Assertion => "assertion",
            Verdict::Livelock => "livelock",
            Verdict::Timeout => "TIMEOUT",
            Verdict::Crash => "CRASH",
            Verdict::Broken => "BROKEN",
        })
    }
}

pub(crate) const PASSES: &[Verdict] = &[Verdict::Pass];
/// Some thread sleeps for ever.
pub(crate) const HANGS: &[Verdict] = &[Verdict::Deadlock];
/// Some assertion fails.
pub(crate) const IS_WRONG: &[Verdict] = &[Verdict::Assertion];
/// What is lost or there twice is a value, or the thread that waits for one: whatever comes first.
pub(crate) const EITHER: &[Verdict] = &[Verdict::Deadlock, Verdict::Assertion];

/// The same, where what somebody writes to may be gone by then.
pub(crate) const ANY: &[Verdict] = &[Verdict::Deadlock, Verdict::Assertion, Verdict::Crash];

/// How the next thread is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chooser {
    /// Any of those that can run.
    Random,
    /// By priorities at random, which change at a few places (Burckhardt et al., ASPLOS 2010).
    Pct,
}

impl Chooser {
    pub(crate) const ALL: [Chooser; 2] = [Chooser::Random, Chooser::Pct];
    /// A bug of this depth (orders that it takes) is found with a probability that is known.
    const DEPTH: usize = 4;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Chooser::Random => "random",
            Chooser::Pct => "pct",
        }
    }
}

/// One scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// How many threads take part.
    pub(crate) threads: usize,
    /// `Pass`; or, of a scenario that claims too much, the verdict that it must get.
    pub(crate) expected: &'static [Verdict],
    /// Outcomes that some schedule must report by [`witness`].
    witnesses: &'static [&'static str],
    /// Steps of the shipped code without which it must fail, and how.
    pub(crate) controls: Vec<(&'static str, &'static [Verdict])>,
    body: fn(),
}

/// A scenario that must pass.
pub(crate) fn holds(name: &'static str, threads: usize, body: fn()) -> Scenario {
    Scenario { name, threads, expected: PASSES, witnesses: &[], controls: Vec::new(), body }
}

/// One that must fail in this way.
pub(crate) fn fails(name: &'static str, threads: usize, body: fn()) -> Scenario {
    Scenario { expected: IS_WRONG, ..holds(name, threads, body) }
}

impl Scenario {
    /// Outcomes that some schedule must report.
    pub(crate) fn witnesses(self, witnesses: &'static [&'static str]) -> Scenario {
        Scenario { witnesses, ..self }
    }

    /// Steps whose absence it must convict, each with one of these verdicts.
    pub(crate) fn convicts(mut self, verdicts: &'static [Verdict], steps: &[&'static str]) -> Scenario {
        self.controls.extend(steps.iter().map(|&step| (step, verdicts)));
        self
    }
}

static WITNESSED: Mutex<BTreeMap<&'static str, usize>> = Mutex::new(BTreeMap::new());

/// Notes that an outcome was seen.
pub(crate) fn witness(outcome: &'static str) {
    *WITNESSED.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
}

/// How a child is to run its scenario.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) chooser: Chooser,
    pub(crate) schedules: usize,
    pub(crate) seed: u64,
    /// Stops after this time, if that comes first.
    pub(crate) at_most: Option<Duration>,
    /// A step to leave out.
    pub(crate) without: Option<String>,
}

/// What a child reported.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) verdict: Verdict,
    pub(crate) schedules: usize,
    pub(crate) took: Duration,
    /// Everything that the child printed.
    pub(crate) output: String,
}

/// Runs one scenario in a child process.
pub(crate) fn run(name: &str, request: &Request) -> Run {
    let start = Instant::now();
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    let at_most = request.at_most.map_or(0, |time| time.as_millis());
    command.args([CHILD, name, request.chooser.name()]);
    command.args([request.schedules.to_string(), request.seed.to_string(), at_most.to_string()]);
    // A child is told everything by us: shuttle reads seeds from the environment, too.
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("SHUTTLE_") {
            command.env_remove(key);
        }
    }
    command.env_remove("GOSYNC_MUTANT");
    command.envs(request.without.iter().map(|step| ("GOSYNC_MUTANT", format!("{step}=skip"))));
    let output = command.output().expect("this binary can be started");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let fields = |key: &'static str| stdout.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '));
    let verdict = match output.status.code() {
        Some(0) => Verdict::Pass,
        Some(EXIT_VACUOUS) => Verdict::Vacuous,
        Some(EXIT_TIMEOUT) => Verdict::Timeout,
        // In shuttle's own words, in the panic that it ends with.
        Some(1) => match fields("failed").next() {
            Some(text) if text.contains("deadlock!") => Verdict::Deadlock,
            Some(text) if text.contains("exceeded max_steps") => Verdict::Livelock,
            Some(_) => Verdict::Assertion,
            None => Verdict::Broken,
        },
        None => Verdict::Crash,
        _ => Verdict::Broken,
    };
    Run {
        verdict,
        schedules: fields("schedules").next().and_then(|n| n.parse().ok()).unwrap_or(0),
        took: start.elapsed(),
        output: stdout + &stderr,
    }
}

/// The child's side of [`run`].
pub(crate) fn run_in_child(scenarios: Vec<Scenario>, args: &[String]) -> ExitCode {
    let [name, chooser, schedules, seed, at_most] = args else { panic!("a child is started by its parent only") };
    let scenario =
        scenarios.into_iter().find(|scenario| scenario.name == *name).expect("the parent knows the scenarios");
    let chooser = Chooser::ALL.into_iter().find(|known| known.name() == chooser).expect("the parent knows them");
    let number = |text: &String| text.parse::<u64>().expect("the parent knows numbers");
    let (schedules, seed, at_most) = (number(schedules) as usize, number(seed), Duration::from_millis(number(at_most)));
    std::thread::spawn(move || {
        std::thread::sleep(LIMIT + at_most);
        eprintln!("longer than {LIMIT:?}");
        std::process::exit(EXIT_TIMEOUT);
    });
    // The shipped lock: that some thread sleeps in it is part of every scenario.
    // Lanes: that they are opened and shut at the wrong moment.
    control::configure(Settings { ping: false, real_lock: true, lanes: true });

    let begun: &'static AtomicUsize = Box::leak(Box::default());
    let result = catch_unwind(AssertUnwindSafe(|| match chooser {
        Chooser::Random => check(RandomScheduler::new_from_seed(seed, schedules), at_most, begun, scenario.body),
        Chooser::Pct => {
            check(PctScheduler::new_from_seed(seed, Chooser::DEPTH, schedules), at_most, begun, scenario.body)
        }
    }));
    println!("schedules {}", begun.load(Relaxed));
    if let Err(payload) = result {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        println!("failed {}", text.replace('\n', " "));
        return ExitCode::FAILURE;
    }
    let seen = WITNESSED.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter().for_each(|(outcome, times)| println!("witness {outcome} {times}"));
    let missing: Vec<_> = scenario.witnesses.iter().filter(|outcome| !seen.contains_key(*outcome)).collect();
    if !missing.is_empty() {
        eprintln!("VACUOUS: never seen: {missing:?}");
        return ExitCode::from(EXIT_VACUOUS as u8);
    }
    ExitCode::SUCCESS
}

fn check(chooser: impl Scheduler + 'static, at_most: Duration, begun: &'static AtomicUsize, body: fn()) {
    let mut config = Config::new();
    config.stack_size = 0x4_0000;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    config.max_time = (at_most != Duration::ZERO).then_some(at_most);
    config.silence_warnings = true;
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(chooser, config).run(move || {
        begun.fetch_add(1, Relaxed);
        control::begin();
        // A select does not always take the first of those that are ready.
        control::pick_any();
        body();
        // No `control::end`: what still sleeps goes by deadlines, and the next execution begins anew.
    });
}
