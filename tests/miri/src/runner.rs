//! Runs models and scenarios, one after the other.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::model::Verdict;
use crate::{models, own, scenarios};

/// What holds in a model only, by its whole name.
const NOT_HERE: &[(&str, &str)] = &[
    ("gosync.stack-grow/full", "a stack is full when it has 2^28 nodes, there when it has six"),
    ("gosync.stack-seats/none is lost", "one thread has no seat"),
    ("gosync.timer-due/a task that has it is dropped", CLOCK),
    ("gosync.timer-due/put off", CLOCK),
    (
        "pool.put-before-get-of-same/both put first",
        "there are two places; for one CPU there is one, which may be locked",
    ),
    ("timer.no-stale-value/a task that had the last but one is dropped", CLOCK),
    ("timer.no-stale-value/reset meets a try", CLOCK),
];

/// Of models that ask for the very instant.
const CLOCK: &str = "the clock stands still";

/// Those that leak what all of their threads have.
const LEAKS: &[&str] = &[
    "gosync.singleflight-cancel/a task takes over, or a channel",
    "singleflight.fn-before-every-return/a second channel",
    "singleflight.fn-before-every-return/by a channel",
    "wg.go-return-before-unblocked-wait/a task that panics",
    "wg.go-return-before-unblocked-wait/a task that panics, a future",
    "wg.go-return-before-unblocked-wait/a task that panics, deadline",
    "wg.go-return-before-unblocked-wait/two tasks",
    "wg.go-return-before-unblocked-wait/two tasks, deadline",
];

type Body = Arc<dyn Fn()>;

/// How many assertions have failed, in whatever thread: many are not joined, or their panics are caught. Models that are about
/// panics panic with words of their own.
static FAILED: AtomicUsize = AtomicUsize::new(0);

fn count_failed_assertions() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str().is_some_and(|text| text.starts_with("assertion")) {
            FAILED.fetch_add(1, Ordering::Relaxed);
        }
        print(info);
    }));
}

/// All by their names, and whether they hold.
fn all() -> BTreeMap<String, (bool, Body)> {
    let models = models::all(false).into_iter();
    let models = models.map(|model| (model.name(), (model.expected == Verdict::Pass, model.body as Body)));
    let scenarios = scenarios::all().into_iter();
    let scenarios = scenarios.map(|s| (format!("shuttle/{}", s.name), (s.holds, Arc::new(s.body) as Body)));
    let own = own::ALL.iter().map(|&(name, holds, body)| (name.to_owned(), (holds, Arc::new(body) as Body)));
    models.chain(scenarios).chain(own).collect()
}

/// Arguments: names, or parts of names; a control is run by its whole name only. `--leaky`: those that leak, too. `--after NAME`
/// begins behind it.
pub(crate) fn run() -> ExitCode {
    let (mut parts, mut with_leaks, mut after) = (Vec::new(), false, String::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match &*arg {
            "--leaky" => with_leaks = true,
            "--after" => after.extend(args.next()),
            _ => parts.push(arg),
        }
    }
    count_failed_assertions();
    let (mut ran, mut failed) = (0, 0);
    for (name, (holds, body)) in all().range((Excluded(after), Unbounded)) {
        let is_in = |part: &String| name.contains(&**part);
        let is_here = *holds && NOT_HERE.iter().all(|(other, _why)| name != other);
        let is_meant =
            is_here && (parts.is_empty() || parts.iter().any(is_in)) && (with_leaks || !LEAKS.contains(&&**name));
        if is_meant || parts.contains(name) {
            println!("{name}");
            ran += 1;
            let before = FAILED.load(Ordering::Relaxed);
            if catch_unwind(AssertUnwindSafe(|| body())).is_err() || FAILED.load(Ordering::Relaxed) != before {
                println!("FAILED: {name}");
                failed += 1;
            }
        }
    }
    // Threads that serve all, and those of models that were not joined, leave when they find nothing to do.
    std::thread::sleep(Duration::from_secs(48 * 3600));
    println!("{ran} ran");
    let late = FAILED.load(Ordering::Relaxed);
    if late > 0 {
        println!("{late} assertions failed, if not where a name says so then in a thread that went on for longer");
    }
    if ran == 0 || failed > 0 || late > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
