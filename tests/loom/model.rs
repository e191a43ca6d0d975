//! What a model is, and how one is run: in a child process, because a deadlock in loom aborts the process.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gosync_atomic::__sys::control::{self, Settings};
use gosync_atomic::__sys::sites::weakened;

/// The argument by which this binary asks itself to run one model.
pub(crate) const CHILD: &str = "--run-one-model";
/// A model that runs longer than this has failed. It is no measure of a model: the slowest takes a minute or two of CPU time under `--long`,
/// and a machine may have others to run.
const LIMIT: Duration = Duration::from_secs(900);
/// Scheduling points per execution. More than any model needs: reaching it means that some loop never ends.
const MAX_BRANCHES: usize = 3_000;

/// What the command line asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Wider bounds.
    pub(crate) long: bool,
    /// Ping before every atomic access.
    pub(crate) ping: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Every execution did what the model claims, and each witness was seen.
    Pass,
    /// Every execution passed, but an outcome that the claim is about was never seen: nothing was shown.
    Vacuous,
    /// Two accesses to plain memory were not ordered.
    Race,
    /// All threads slept, at the end of no execution.
    Deadlock,
    /// An assertion of the model or of the code failed.
    Assertion,
    /// Something was never freed.
    Leak,
    /// Some loop did not end.
    Livelock,
    /// It took too long.
    Timeout,
    /// Anything else: a mistake in the set-up.
    Broken,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Pass => "pass",
            Verdict::Vacuous => "VACUOUS",
            Verdict::Race => "race",
            Verdict::Deadlock => "deadlock",
            Verdict::Assertion => "assertion",
            Verdict::Leak => "leak",
            Verdict::Livelock => "livelock",
            Verdict::Timeout => "TIMEOUT",
            Verdict::Broken => "BROKEN",
        })
    }
}

/// One model.
#[derive(Clone)]
pub(crate) struct Model {
    /// The rule of docs/RULES.md that it is about.
    pub(crate) rule: &'static str,
    /// What is special about this one.
    pub(crate) shape: String,
    /// `Pass` for a model of the rule; another verdict for its must-fail control.
    pub(crate) expected: Verdict,
    /// How often loom may take the CPU away from a thread that could go on; `None` is any number of times.
    pub(crate) bound: Option<usize>,
    /// Outcomes that some execution must report by [`witness`].
    witnesses: Vec<&'static str>,
    /// Sites of the shipped code that some execution must come by.
    reaches: Vec<&'static str>,
    real_lock: bool,
    lanes: bool,
    /// For so many threads at a time.
    seats: usize,
    ping: bool,
    /// Whether a verdict says where: loom is slower then.
    located: bool,
    /// The bound at which it may kill mutants.
    pub(crate) mutant_bound: usize,
    body: Arc<dyn Fn() + Send + Sync>,
}

/// A model that must pass.
pub(crate) fn holds(rule: &'static str, shape: impl Into<String>, body: impl Fn() + Send + Sync + 'static) -> Model {
    Model {
        rule,
        shape: shape.into(),
        expected: Verdict::Pass,
        bound: None,
        witnesses: Vec::new(),
        reaches: Vec::new(),
        real_lock: false,
        lanes: false,
        seats: 0,
        ping: false,
        located: false,
        mutant_bound: 2,
        body: Arc::new(body),
    }
}

/// A control: the same without what the rule is about; it must fail in this way.
pub(crate) fn fails(
    rule: &'static str,
    shape: impl Into<String>,
    expected: Verdict,
    body: impl Fn() + Send + Sync + 'static,
) -> Model {
    Model { expected, ..holds(rule, shape, body) }
}

impl Model {
    /// Bounds the preemptions: for models of three threads and more.
    pub(crate) fn bound(self, preemptions: usize) -> Model {
        Model { bound: Some(preemptions), ..self }
    }

    /// Outcomes that some execution must report.
    pub(crate) fn witnesses(self, witnesses: &[&'static str]) -> Model {
        Model { witnesses: witnesses.to_vec(), ..self }
    }

    /// Sites of the shipped code that some execution must come by: `sleeper.wake` says that somebody really slept.
    pub(crate) fn reaches(self, sites: &[&'static str]) -> Model {
        Model { reaches: sites.to_vec(), ..self }
    }

    /// With channels that open their lanes after the first operation that finds nobody waiting.
    pub(crate) fn with_lanes(self) -> Model {
        Model { lanes: true, ..self }
    }

    /// With seats for so many threads.
    pub(crate) fn with_seats(self, seats: usize) -> Model {
        Model { seats, ..self }
    }

    /// The same model with seats. It does not come by the same sites.
    pub(crate) fn seated(&self, seats: usize) -> Model {
        Model { seats, reaches: Vec::new(), ..self.variant(format!("seats: {}", self.shape)) }
    }

    /// The same model by another name, within three preemptions unless it says how many.
    fn variant(&self, shape: String) -> Model {
        Model { shape, bound: Some(self.bound.unwrap_or(3)), ..self.clone() }
    }

    /// Always with pings: for outcomes that loom does not find without.
    pub(crate) fn pinged(self) -> Model {
        Model { ping: true, ..self }
    }

    /// A control whose verdict says where, for people to read.
    pub(crate) fn located(self) -> Model {
        Model { located: true, ..self }
    }

    /// Kills mutants at this bound instead of 2, which is enough for most.
    pub(crate) fn mutants_at(self, preemptions: usize) -> Model {
        Model { mutant_bound: preemptions, ..self }
    }

    /// The same model on the shipped lock instead of loom's mutex.
    pub(crate) fn on_real_lock(&self) -> Model {
        Model { real_lock: true, ..self.variant(format!("{} (real lock)", self.shape)) }
    }

    /// The same model with another bound.
    pub(crate) fn bounded_at_most(self, bound: Option<usize>) -> Model {
        match (self.bound, bound) {
            (Some(own), Some(most)) => self.bound(own.min(most)),
            (None, Some(most)) => self.bound(most),
            _ => self,
        }
    }

    /// Whether a run within this bound is a run of all that the model asks for.
    pub(crate) fn is_within(&self, preemptions: usize) -> bool {
        self.bound.is_some_and(|own| own <= preemptions)
    }

    /// The name that filters match.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.rule, self.shape)
    }
}

static WITNESSED: Mutex<BTreeMap<&'static str, usize>> = Mutex::new(BTreeMap::new());

/// Notes that an outcome was seen.
pub(crate) fn witness(outcome: &'static str) {
    *WITNESSED.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
}

/// What a child reported.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) verdict: Verdict,
    pub(crate) executions: usize,
    pub(crate) took: Duration,
    pub(crate) sites: BTreeSet<String>,
    /// Everything that the child printed.
    pub(crate) output: String,
}

/// How a child is to run its model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) ping: bool,
    /// Overrides a wider bound.
    pub(crate) at_most: Option<usize>,
    /// `site=how`
    pub(crate) mutant: Option<String>,
}

/// Runs that need not be repeated, by the names of their models.
pub(crate) type Runs = BTreeMap<String, Run>;

/// Runs one model in a child process.
pub(crate) fn run(name: &str, long: bool, request: &Request) -> Run {
    let start = Instant::now();
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    command.args([CHILD, name, if request.ping { "ping" } else { "-" }]);
    command.arg(request.at_most.map_or("-".into(), |bound| bound.to_string()));
    if long {
        command.arg("--long");
    }
    // A child is told everything by us: nothing that loom reads from the environment may change a bound.
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("LOOM_") {
            command.env_remove(key);
        }
    }
    command.env_remove("GOSYNC_MUTANT");
    if let Some(mutant) = &request.mutant {
        // Nobody asks where it died.
        command.env("GOSYNC_MUTANT", mutant).env("RUST_BACKTRACE", "0");
    }
    let output = command.output().expect("this binary can be started");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let fields = |key: &'static str| stdout.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '));
    let said = |text: &str| stderr.contains(text);
    let verdict = match output.status.code() {
        Some(0) => Verdict::Pass,
        Some(EXIT_VACUOUS) => Verdict::Vacuous,
        Some(EXIT_TIMEOUT) => Verdict::Timeout,
        // loom's own words; the first cause is what counts, and it is printed first.
        _ => [
            ("Causality violation", Verdict::Race),
            ("deadlock; threads", Verdict::Deadlock),
            ("exceeded maximum number of branches", Verdict::Livelock),
            ("leaked", Verdict::Leak),
            ("panicked at", Verdict::Assertion),
        ]
        .into_iter()
        .find_map(|(text, verdict)| said(text).then_some(verdict))
        // A signal, and no words: a mutant that leaves out what makes memory what it is taken for may end so.
        .unwrap_or(if output.status.code().is_none() { Verdict::Assertion } else { Verdict::Broken }),
    };
    Run {
        verdict,
        executions: fields("executions").next().and_then(|n| n.parse().ok()).unwrap_or(0),
        took: start.elapsed(),
        sites: fields("site").map(str::to_owned).collect(),
        output: stdout + &stderr,
    }
}

const EXIT_VACUOUS: i32 = 3;
const EXIT_TIMEOUT: i32 = 4;

/// The child's side of [`run`].
pub(crate) fn run_in_child(models: Vec<Model>, args: &[String]) -> ExitCode {
    let [name, ping, at_most] = args else { panic!("a child is started by its parent only") };
    let model = models.into_iter().find(|model| model.name() == *name).expect("the parent knows the models");
    let model = model.bounded_at_most(at_most.parse().ok());
    let Model { real_lock, lanes, .. } = model;
    control::configure(Settings { ping: model.ping || ping == "ping", real_lock, lanes });
    std::thread::spawn(|| {
        std::thread::sleep(LIMIT);
        eprintln!("longer than {LIMIT:?}");
        std::process::exit(EXIT_TIMEOUT);
    });

    let executions = Arc::new(AtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = model.bound;
    builder.max_branches = MAX_BRANCHES;
    builder.location = model.located;
    let (body, seats) = (Arc::clone(&model.body), model.seats);
    let count = Arc::clone(&executions);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        control::begin();
        if seats > 0 {
            control::give_seats(seats);
        }
        body();
        control::end();
    });

    let executions = executions.load(Ordering::Relaxed);
    let seen = WITNESSED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let reached = weakened::reached();
    println!("executions {executions}");
    seen.iter().for_each(|(outcome, times)| println!("witness {outcome} {times}"));
    reached.iter().for_each(|site| println!("site {site}"));

    let unseen = model.witnesses.iter().filter(|outcome| !seen.contains_key(*outcome));
    let unreached = model.reaches.iter().filter(|site| !reached.contains(*site));
    let missing: Vec<_> = unseen.chain(unreached).collect();
    if executions < 2 || !missing.is_empty() {
        eprintln!("VACUOUS: {executions} executions, never seen: {missing:?}");
        return ExitCode::from(EXIT_VACUOUS as u8);
    }
    ExitCode::SUCCESS
}
