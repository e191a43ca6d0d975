//! Who waits for whom at a readers-writer lock: a writer among readers that overlap, so that without a writer there is
//! always one inside; and a reader among writers that are back at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use gosync_benches::harness::args::Args;
use gosync_benches::harness::figures::{median, quantile, time};
use gosync_benches::harness::machine::Others;
use gosync_benches::harness::measure::take_turns;
use gosync_benches::harness::work::Work;
use gosync_benches::peers::rw_locks::{self, Kind, RwLock, Visitor};

const HOLD: Duration = Duration::from_micros(100);
const PAUSE: Duration = Duration::from_micros(100);
/// The threads that are in nearly all the time.
const CROWD: usize = 4;

/// The one that waits now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lonely {
    Writer,
    Reader,
}

/// What happened in one run.
struct Outcome {
    /// The sections of the crowd.
    crowd: usize,
    /// The waits of the one, in nanoseconds.
    waits: Vec<f64>,
    /// By how much its sleeps were too long at worst.
    late: f64,
}

struct Implementation {
    name: &'static str,
    run: fn(Lonely, Duration) -> Outcome,
    outcomes: Vec<Outcome>,
}

struct Collect(Vec<Implementation>);

impl Visitor for Collect {
    fn visit<L: RwLock>(&mut self) {
        if L::KIND == Kind::Plain {
            self.0.push(Implementation { name: L::NAME, run: run::<L>, outcomes: Vec::new() });
        }
    }
}

/// Runs both for every implementation, in turns, and prints a table for each.
pub(crate) fn compare(args: &Args) {
    let length = Duration::from_millis(args.number_or_quick("--ms", 10_000, 500) as u64);
    let runs = args.number_or_quick("--runs", 5, 3);
    for (lonely, crowd) in [(Lonely::Writer, "readers"), (Lonely::Reader, "writers")] {
        let mut collect = Collect(Vec::new());
        rw_locks::visit(&mut collect);
        let mut all = collect.0;
        let names: Vec<&str> = all.iter().map(|implementation| implementation.name).collect();
        all.retain(|implementation| args.wants_implementation(implementation.name, &names));
        let others = Others::start();
        take_turns(runs, all.len(), |index| {
            let outcome = (all[index].run)(lonely, length);
            all[index].outcomes.push(outcome);
        });
        println!(
            "### a {lonely:?} among {CROWD} {crowd} ({runs} runs of {} s; other processes: {:.2} CPUs)\n",
            length.as_secs_f64(),
            others.cpus()
        );
        println!(
            "The crowd holds the lock {} us at a time; the one sleeps {} us before each attempt. Medians of the runs. `late`:\n\
            by how much its sleeps were too long at worst, which is the machine's doing.\n",
            HOLD.as_micros(),
            PAUSE.as_micros()
        );
        println!("| | crowd's | its | median wait | p99 | longest | late | longest of each run |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        all.iter().for_each(print);
        println!();
    }
}

fn print(implementation: &Implementation) {
    let outcomes = &implementation.outcomes;
    let over_runs = |figure: &dyn Fn(&Outcome) -> f64| median(outcomes.iter().map(figure));
    let wait = |part| over_runs(&|outcome: &Outcome| quantile(outcome.waits.clone(), part));
    let longest = outcomes.iter().map(|outcome| time(quantile(outcome.waits.clone(), 1.0)));
    println!(
        "| {} | {:.0} | {:.0} | {} | {} | {} | {} | {} |",
        implementation.name,
        over_runs(&|outcome| outcome.crowd as f64),
        over_runs(&|outcome| outcome.waits.len() as f64),
        time(wait(0.5)),
        time(wait(0.99)),
        time(wait(1.0)),
        time(over_runs(&|outcome| outcome.late)),
        longest.collect::<Vec<_>>().join(", "),
    );
}

/// One run. The last wait may be cut short by its end: then the crowd is gone.
fn run<L: RwLock>(lonely: Lonely, length: Duration) -> Outcome {
    let lock = CachePadded::new(L::new());
    let hold = Work::of(HOLD);
    let (begun, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let crowd = || {
        let mut times = 0;
        while !over.load(Ordering::Relaxed) {
            match lonely {
                Lonely::Writer => lock.read(|_| hold.perform()),
                Lonely::Reader => lock.write(|_| hold.perform()),
            }
            if times == 0 {
                begun.fetch_add(1, Ordering::Relaxed);
            }
            times += 1;
        }
        times
    };
    let one = || {
        let (mut waits, mut late) = (Vec::new(), Duration::ZERO);
        while begun.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        while !over.load(Ordering::Relaxed) {
            let asleep = Instant::now();
            thread::sleep(PAUSE);
            let start = Instant::now();
            late = late.max((start - asleep).saturating_sub(PAUSE));
            let wait = match lonely {
                Lonely::Writer => lock.write(|_| start.elapsed()),
                Lonely::Reader => lock.read(|_| start.elapsed()),
            };
            waits.push(wait.as_nanos() as f64);
        }
        (waits, late.as_nanos() as f64)
    };
    thread::scope(|scope| {
        let crowd = [(); CROWD].map(|()| scope.spawn(crowd));
        let one = scope.spawn(one);
        thread::sleep(length);
        over.store(true, Ordering::Relaxed);
        let (waits, late) = one.join().expect("no panic");
        let crowd = crowd.map(|thread| thread.join().expect("no panic")).iter().sum();
        Outcome { crowd, waits, late }
    })
}
