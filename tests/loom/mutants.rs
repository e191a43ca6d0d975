//! Weakens every site of the shipped code, one at a time, and expects some model to fail.
//!
//! Sites are read from the sources, so that one which no model reaches is found. Orderings get the next weaker ones,
//! steps are skipped. Only models that pass unweakened count as killers, and only those that reach the site are run. A
//! mutant must die of what it lacks: a missing wake-up of a thread that sleeps for ever, a missing ordering of a race if
//! any model has one to show, or else of a value that is too old. A mutant that survives must be in `survivors.txt` with
//! the reason why no execution can tell; one that is listed there and dies all the same is a failure too, so the list
//! cannot rot.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::model::{self, Model, Request, Runs, Verdict};
use crate::sites::{self, Mutant, Site};

const SURVIVORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/loom/survivors.txt");

/// Models of more executions are tried only on mutants that no other model has killed, if their rule has a smaller one.
const LARGE: usize = 2_000;

/// A model that may kill: it passes unweakened.
#[derive(Debug)]
struct Baseline {
    rule: &'static str,
    name: String,
    sites: BTreeSet<String>,
    executions: usize,
    large: bool,
    bound: usize,
}

/// How a mutant died.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    pub(crate) rule: &'static str,
    verdict: Verdict,
    model: String,
}

/// What a run of the mutants came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) sites: usize,
    pub(crate) mutants: usize,
    pub(crate) killed: usize,
    /// Those that survive for a listed reason.
    pub(crate) argued: Vec<(String, String)>,
    pub(crate) problems: Vec<String>,
    /// Of how many each was the cause.
    pub(crate) causes: BTreeMap<String, usize>,
    /// Runs without a mutant at the whole of their models' bounds.
    pub(crate) whole: Runs,
    /// Each mutant, and the deaths that it died.
    pub(crate) deaths: Vec<(String, Vec<Death>)>,
}

/// Runs all mutants whose site contains one of the filters, or all.
pub(crate) fn run(models: &[Model], filters: &[String]) -> ExitCode {
    let start = Instant::now();
    let report = table(models, filters, false);
    report.problems.iter().for_each(|problem| println!("PROBLEM: {problem}"));
    println!(
        "{} sites, {} mutants: {} killed, {} survive for a listed reason, {} problems; {:.1} s",
        report.sites,
        report.mutants,
        report.killed,
        report.argued.len(),
        report.problems.len(),
        start.elapsed().as_secs_f64()
    );
    let (passed, failed) = (report.killed + report.argued.len(), report.problems.len());
    println!("mutants: {passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// As [`run`]; prints a line per mutant. With `all` each mutant is tried on every rule, otherwise the first death is enough.
pub(crate) fn table(models: &[Model], filters: &[String], all: bool) -> Report {
    let (sites, mut problems) = sites::sites();
    let (baselines, whole) = baselines(models, &mut problems);
    let selected: Vec<&Site> = sites
        .iter()
        .filter(|site| filters.is_empty() || filters.iter().any(|filter| site.name.contains(filter.as_str())))
        .collect();
    for site in &selected {
        if !baselines.iter().any(|baseline| baseline.sites.contains(&site.name)) {
            problems.push(format!("no model reaches `{}`", site.name));
        }
    }
    let mutants: Vec<Mutant<'_>> = selected.iter().flat_map(|site| site.mutants()).collect();
    let tried = in_parallel(mutants.iter(), |mutant| {
        let start = Instant::now();
        (kill(mutant, &baselines, all), start.elapsed())
    });

    let reasons = reasons();
    let mut report = Report { sites: selected.len(), mutants: mutants.len(), whole, problems, ..Report::default() };
    println!("{:<40} {:<8} {:<26} {:>6}  killer", "mutant", "shipped", "dies of", "s");
    for (mutant, (deaths, took)) in mutants.iter().zip(tried) {
        // The one that shows best what is missing.
        let race = deaths.iter().find(|death| mutant.is_ordering() && death.verdict == Verdict::Race);
        report.line(mutant, race.or(deaths.first()), took, reasons.get(&mutant.name()));
        report.deaths.push((mutant.name(), deaths));
    }
    if filters.is_empty() {
        let known: BTreeSet<String> = mutants.iter().map(Mutant::name).collect();
        let stale = reasons.keys().filter(|mutant| !known.contains(*mutant));
        report.problems.extend(stale.map(|mutant| format!("survivors.txt lists {mutant}, which does not exist")));
    }
    report
}

impl Report {
    fn line(&mut self, mutant: &Mutant<'_>, death: Option<&Death>, took: Duration, reason: Option<&String>) {
        let (name, seconds) = (mutant.name(), took.as_secs_f64());
        let (fate, why) = match (death, reason) {
            (Some(death), _) => (cause(mutant, death.verdict), death.model.clone()),
            (None, Some(reason)) => ("survives".to_owned(), reason.clone()),
            (None, None) => ("SURVIVES".to_owned(), String::new()),
        };
        println!("{name:<40} {:<8} {fate:<26} {seconds:>6.2}  {why}", mutant.shipped());
        if death.is_some() {
            self.killed += 1;
            *self.causes.entry(fate).or_default() += 1;
        }
        match (death, reason) {
            (Some(_), Some(_)) => self.problems.push(format!("{name} is listed as a survivor, but {why} kills it")),
            (Some(death), None) if mutant.is_wake() && !sleeps_for_ever(death.verdict) => {
                self.problems.push(format!("{name} should die of a sleep without end, not of a {}", death.verdict));
            }
            (Some(_), None) => {}
            (None, Some(_)) => self.argued.push((name, why)),
            (None, None) => self.problems.push(format!("{name} survives, and survivors.txt gives no reason")),
        }
    }
}

fn sleeps_for_ever(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Deadlock | Verdict::Livelock)
}

/// The class of a death, and the verdict that shows it.
fn cause(mutant: &Mutant<'_>, verdict: Verdict) -> String {
    let class = match verdict {
        Verdict::Race => "missing edge",
        Verdict::Deadlock | Verdict::Livelock => "sleeps for ever",
        Verdict::Leak => "never freed",
        Verdict::Assertion if mutant.is_ordering() => "value too old",
        Verdict::Assertion => "wrong result",
        _ => "?",
    };
    format!("{class} ({verdict})")
}

/// The models that may kill, smallest first; and those runs that were the whole of their models.
fn baselines(models: &[Model], problems: &mut Vec<String>) -> (Vec<Baseline>, Runs) {
    let passing: Vec<&Model> = models.iter().filter(|model| model.expected == Verdict::Pass).collect();
    let runs = in_parallel(passing.iter(), |model| {
        let request = Request { at_most: Some(model.mutant_bound), ..Request::default() };
        model::run(&model.name(), false, &request)
    });
    let (mut baselines, mut whole) = (Vec::new(), Runs::new());
    let mut vacuous = 0;
    for (model, run) in passing.into_iter().zip(runs) {
        let (name, bound) = (model.name(), model.mutant_bound);
        if model.is_within(bound) {
            whole.insert(name.clone(), run.clone());
        }
        match run.verdict {
            Verdict::Pass => {
                let Model { rule, .. } = *model;
                let (sites, executions) = (run.sites, run.executions);
                baselines.push(Baseline { rule, name, sites, executions, large: false, bound });
            }
            // At this bound it says nothing about the code, so it may not kill.
            Verdict::Vacuous => vacuous += 1,
            verdict => problems.push(format!("{name} fails without a mutant: {verdict}")),
        }
    }
    baselines.sort_by_key(|baseline| baseline.executions);
    let mut rules = BTreeSet::new();
    for baseline in &mut baselines {
        baseline.large = !rules.insert(baseline.rule) && baseline.executions > LARGE;
    }
    println!(
        "{} models pass at their bound for mutants and may kill; {vacuous} need a wider bound and may not",
        baselines.len()
    );
    (baselines, whole)
}

/// The first model that fails with this mutant, smallest first, and for an ordering the first with a race, if there is one;
/// with `all`, the first model of every rule that has one that fails.
fn kill(mutant: &Mutant<'_>, baselines: &[Baseline], all: bool) -> Vec<Death> {
    let mut deaths: Vec<Death> = Vec::new();
    for baseline in baselines.iter().filter(|baseline| baseline.sites.contains(&mutant.site.name)) {
        let known = deaths.iter().any(|death| death.rule == baseline.rule);
        if all && (known || (baseline.large && !deaths.is_empty())) {
            continue;
        }
        let Some(verdict) = baseline.dies_of(mutant) else { continue };
        deaths.push(Death { rule: baseline.rule, verdict, model: baseline.name.clone() });
        if !all && (verdict == Verdict::Race || !mutant.is_ordering()) {
            break;
        }
    }
    deaths
}

impl Baseline {
    fn dies_of(&self, mutant: &Mutant<'_>) -> Option<Verdict> {
        let name = mutant.name();
        let request = Request { at_most: Some(self.bound), mutant: Some(name.clone()), ..Request::default() };
        let verdict = model::run(&self.name, false, &request).verdict;
        assert!(verdict != Verdict::Broken, "{name} on {}: a mistake in the set-up", self.name);
        // A witness that is gone is a symptom, not a proof that something is wrong.
        (!matches!(verdict, Verdict::Pass | Verdict::Vacuous)).then_some(verdict)
    }
}

/// `survivors.txt`: a mutant, a colon, the reason; lines that begin with `#` are comments.
fn reasons() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(SURVIVORS).expect("survivors.txt is there");
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (mutant, reason) = line.split_once(':').expect("survivors.txt: `site=how: reason`");
            (mutant.trim().to_owned(), reason.trim().to_owned())
        })
        .collect()
}

/// As `map`, on as many threads as there are CPUs; each call mostly waits for a child.
fn in_parallel<T: Sync, R: Send>(items: impl Iterator<Item = T>, f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let items: Vec<T> = items.collect();
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(i) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < items.len()) {
                    *results[i].lock().expect("one thread per item") = Some(f(&items[i]));
                }
            });
        }
    });
    results.into_iter().map(|cell| cell.into_inner().expect("no panic").expect("every item was done")).collect()
}
