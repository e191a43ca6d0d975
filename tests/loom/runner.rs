//! The parent: a test per model, and the closing count.

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::model::{self, Model, Options, Request, Runs, Verdict};
use crate::rules::Rules;
use crate::violations;

/// Runs the models that the arguments select, but for those that have run so already, and checks the table of rules.
pub(crate) fn run(models: Vec<Model>, options: Options, args: Vec<String>, known: Runs) -> (ExitCode, Totals) {
    let arguments = Arguments::from_iter(std::iter::once("loom".to_owned()).chain(args));
    let rules = Rules::read();
    let table = if options.long { Ok(()) } else { rules.check(&models) };
    let everything = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    let totals: Arc<Mutex<Totals>> = Arc::default();
    let known = Arc::new(known);

    let mut trials = vec![
        Trial::test("docs/RULES.md", move || table.map_err(Failed::from)),
        Trial::test("docs/VIOLATIONS.md", || violations::check().map_err(Failed::from)),
    ];
    for model in models {
        let (totals, known) = (Arc::clone(&totals), Arc::clone(&known));
        let kind = if model.expected == Verdict::Pass { "" } else { "control" };
        trials.push(Trial::test(model.name(), move || check(&model, options, &totals, &known)).with_kind(kind));
    }

    let start = Instant::now();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return (ExitCode::SUCCESS, Totals::default());
    }
    let totals = std::mem::take(&mut *totals.lock().expect("the trials are over"));
    println!(
        "{} models and {} controls, {} executions, {:.1} s",
        totals.models,
        totals.controls,
        totals.executions,
        start.elapsed().as_secs_f64()
    );
    if !known.is_empty() {
        println!("{} of them had run, as they do here, before their mutants", known.len());
    }
    if let Some((name, took)) = &totals.slowest {
        println!("slowest: {name}, {:.1} s", took.as_secs_f64());
    }
    if everything && totals.models + totals.controls < rules.count() {
        println!("docs/RULES.md lists {} models and controls: some did not run", rules.count());
        return (ExitCode::FAILURE, totals);
    }
    (conclusion.exit_code(), totals)
}

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) models: usize,
    pub(crate) controls: usize,
    pub(crate) executions: usize,
    slowest: Option<(String, Duration)>,
}

fn check(model: &Model, options: Options, totals: &Mutex<Totals>, known: &Runs) -> Result<(), Failed> {
    let name = model.name();
    // Pings multiply the executions: three preemptions are what can be waited for.
    let request = Request { ping: options.ping, at_most: options.ping.then_some(3), ..Request::default() };
    let run = known.get(&name).cloned().unwrap_or_else(|| model::run(&name, options.long, &request));
    let mut totals = totals.lock().expect("no trial panics with the lock");
    if model.expected == Verdict::Pass {
        totals.models += 1
    } else {
        totals.controls += 1
    }
    totals.executions += run.executions;
    if totals.slowest.as_ref().is_none_or(|(_, longest)| run.took > *longest) {
        totals.slowest = Some((name, run.took));
    }
    if std::env::var_os("GOSYNC_MODEL_COUNTS").is_some() {
        eprintln!("{:>9} {:>7.2} s  {}", run.executions, run.took.as_secs_f64(), model.name());
    }
    if run.verdict == model.expected {
        return Ok(());
    }
    Err(Failed::from(format!("{} instead of {}\n{}", run.verdict, model.expected, run.output)))
}
