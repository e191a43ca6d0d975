//! Faults: what a user's code may do wrong, at random places of random traffic, and what must hold all the same. Values are
//! counted: each is created once and dropped once. Nothing hangs: a thread that stays at one operation is named, with what
//! the others do, and the process aborted.
//!
//! | scenario | faults |
//! | --- | --- |
//! | `channels` | messages, drops and wakers that panic, futures dropped and forgotten, operations not completed, threads that unwind, closes |
//! | `once` | functions that panic |
//! | `mutex` | sections that panic, futures that are dropped |
//! | `rwmutex` | sections, maps and downgrades that panic, futures that are dropped, guards and futures that are leaked |
//! | `cond` | predicates that panic, waits that time out, futures that are dropped |
//! | `semaphore` | sections that panic, contexts that end, futures that are dropped, permits that are leaked |
//! | `context` | cancellations from everywhere; wakers, functions and drops of causes that panic |
//! | `errgroup` | functions and futures that panic, futures that are dropped |
//! | `singleflight` | functions, comparisons and clones that panic, futures that are dropped |
//! | `waitgroup` | tasks that panic, futures that are dropped, changes out of the range |
//! | `map` | hashes, comparisons, borrows, clones, drops, closures and the making of the hasher that panic, iterators that are forgotten |
//! | `pool` | makers, sections and drops that panic, guards that are forgotten |
//! | `stack` | drops that panic, iterators that are dropped and forgotten |
//! | `value` | drops and comparisons that panic |
//! | `timers` | functions that panic, timers that go while a value is due |
//!
//! `cargo test` plays each for about a second; `cargo faults` for 10^8 operations in all, or `cargo faults --operations N`.
//! `GOSYNC_SEED` sets the choices.

mod channels;
mod conds;
mod contexts;
mod groups;
mod ledger;
mod locks;
mod maps;
mod once;
mod permits;
mod pointers;
#[path = "../stress/rng.rs"]
#[allow(dead_code, reason = "the stress tests use more of it")]
mod rng;
mod run;
mod rwmutex;
mod task;
mod timers;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gosync::OncePanic;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::run::{Budget, Run, is_fault};

type Scenario = fn(&Run);

/// Each with its share of the operations, in thousandths.
const SCENARIOS: [(&str, Scenario, u64); 15] = [
    ("channels", channels::everything, 335),
    ("once", once::everything, 20),
    ("mutex", locks::mutex, 133),
    ("rwmutex", rwmutex::everything, 100),
    ("cond", conds::everything, 50),
    ("semaphore", permits::everything, 40),
    ("context", contexts::everything, 5),
    ("errgroup", groups::errgroup, 2),
    ("singleflight", groups::singleflight, 3),
    ("waitgroup", locks::waitgroup, 10),
    ("map", maps::everything, 50),
    ("pool", pointers::pool, 50),
    ("stack", pointers::stack, 100),
    ("value", pointers::value_cell, 100),
    ("timers", timers::everything, 2),
];

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args().collect();
    let operations = args.iter().position(|arg| arg == "--operations").map(|at| {
        let number = args.get(at + 1).and_then(|text| text.parse::<u64>().ok()).expect("--operations NUMBER");
        args.drain(at..=at + 1);
        number
    });
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // "A change is refused", and what the first panic of a once leads to, are meant too.
        let text = info.payload_as_text();
        let meant = is_fault(info.payload())
            || info.payload().is::<OncePanic>()
            || text.contains("WaitGroup")
            || text.contains("released more than held");
        if !meant {
            default(info);
        }
    }));
    run::watch();

    let rows: Arc<Mutex<Vec<String>>> = Arc::default();
    let trials = SCENARIOS.map(|(name, scenario, share)| {
        let rows = Arc::clone(&rows);
        Trial::test(name, move || {
            let budget =
                operations.map_or(Budget::Time(Duration::from_millis(1500)), |n| Budget::Operations(n / 1000 * share));
            let run = Run::new(budget);
            scenario(&run);
            let violations = run.violations();
            let (operations, faults, count) = (run.operations(), run.faults(), violations.len());
            let row =
                format!("| {name:<12} | {operations:>12} | {faults:>12} | {count:>10} | {:>8.1} |", run.seconds());
            rows.lock().unwrap().push(row);
            if operations == 0 || faults == 0 {
                return Err(Failed::from("it has done nothing"));
            }
            violations.first().map_or(Ok(()), |first| Err(Failed::from(format!("{count} violations, as: {first}"))))
        })
    });
    let mut arguments = Arguments::from_iter(args);
    // One after the other: the threads of one are enough for the machine.
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, trials.into());
    println!("| scenario     |   operations |       faults | violations |  seconds |");
    println!("| ------------ | -----------: | -----------: | ---------: | -------: |");
    rows.lock().unwrap().iter().for_each(|row| println!("{row}"));
    conclusion.exit_code()
}

trait Text {
    fn payload_as_text(&self) -> &str;
}

impl Text for std::panic::PanicHookInfo<'_> {
    fn payload_as_text(&self) -> &str {
        let payload = self.payload();
        payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("")
    }
}
