//! Go's test of its mutex's fairness: one thread holds the lock for 100 us at a time and takes it again at once; a second
//! sleeps for 100 us before each attempt. What matters is how long the second waits at worst.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use gosync_benches::harness::args::Args;
use gosync_benches::harness::figures::{median, quantile, time};
use gosync_benches::harness::machine::Others;
use gosync_benches::harness::measure::take_turns;
use gosync_benches::harness::work::Work;
use gosync_benches::peers::locks::{self, Lock, Visitor};

const HOLD: Duration = Duration::from_micros(100);
const PAUSE: Duration = Duration::from_micros(100);

/// What happened in one run.
struct Outcome {
    /// How often the first thread got the lock.
    hog: usize,
    /// The second thread's waits, one for each time that it got the lock, in nanoseconds.
    waits: Vec<f64>,
    /// By how much its sleeps were too long at worst: so long, too, may a thread have to wait that has got the lock.
    late: f64,
}

struct Implementation {
    name: &'static str,
    run: fn(Duration) -> Outcome,
    outcomes: Vec<Outcome>,
}

struct Collect(Vec<Implementation>);

impl Visitor for Collect {
    fn visit<L: Lock>(&mut self) {
        if L::SLEEPS {
            self.0.push(Implementation { name: L::NAME, run: run::<L>, outcomes: Vec::new() });
        }
    }
}

/// Runs it for every implementation, in turns, and prints a table.
pub(crate) fn compare(args: &Args) {
    let mut collect = Collect(Vec::new());
    locks::visit(&mut collect);
    let mut all = collect.0;
    let names: Vec<&str> = all.iter().map(|implementation| implementation.name).collect();
    all.retain(|implementation| args.wants_implementation(implementation.name, &names));
    let length = Duration::from_millis(args.number_or_quick("--ms", 10_000, 500) as u64);
    let runs = args.number_or_quick("--runs", 5, 3);
    let others = Others::start();
    take_turns(runs, all.len(), |index| {
        let outcome = (all[index].run)(length);
        all[index].outcomes.push(outcome);
    });
    println!("### hog ({runs} runs of {} s; other processes: {:.2} CPUs)\n", length.as_secs_f64(), others.cpus());
    println!(
        "One thread holds the lock {} us at a time; a second sleeps {} us before each attempt. Medians of the runs.\n\
        `late`: by how much the second's sleeps were too long at worst, which is the machine's doing; waits of that length\n\
        say nothing about the lock. Without two free CPUs no wait does: who is woken waits for the hog's time slice to end.\n",
        HOLD.as_micros(),
        PAUSE.as_micros()
    );
    println!("| | hog's | second's | share | median wait | p99 | longest | late | longest of each run |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    all.iter().for_each(print);
    println!();
}

fn print(implementation: &Implementation) {
    let outcomes = &implementation.outcomes;
    let over_runs = |figure: &dyn Fn(&Outcome) -> f64| median(outcomes.iter().map(figure));
    let wait = |part| over_runs(&|outcome: &Outcome| quantile(outcome.waits.clone(), part));
    let longest = outcomes.iter().map(|outcome| time(quantile(outcome.waits.clone(), 1.0)));
    println!(
        "| {} | {:.0} | {:.0} | {:.1} % | {} | {} | {} | {} | {} |",
        implementation.name,
        over_runs(&|outcome| outcome.hog as f64),
        over_runs(&|outcome| outcome.waits.len() as f64),
        over_runs(&|outcome| {
            let second = outcome.waits.len() as f64;
            100.0 * second / (second + outcome.hog as f64)
        }),
        time(wait(0.5)),
        time(wait(0.99)),
        time(wait(1.0)),
        time(over_runs(&|outcome| outcome.late)),
        longest.collect::<Vec<_>>().join(", "),
    );
}

/// One run. The second's last wait may be cut short by its end.
fn run<L: Lock>(length: Duration) -> Outcome {
    let lock = CachePadded::new(L::new());
    let hold = Work::of(HOLD);
    let [begun, over] = [const { AtomicBool::new(false) }; 2];
    let hog = || {
        let mut times = 0;
        while !over.load(Ordering::Relaxed) {
            lock.with(|_| {
                begun.store(true, Ordering::Relaxed);
                hold.perform();
            });
            times += 1;
        }
        times
    };
    let second = || {
        let (mut waits, mut late) = (Vec::new(), Duration::ZERO);
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        while !over.load(Ordering::Relaxed) {
            let asleep = Instant::now();
            thread::sleep(PAUSE);
            let start = Instant::now();
            late = late.max((start - asleep).saturating_sub(PAUSE));
            let wait = lock.with(|_| start.elapsed());
            waits.push(wait.as_nanos() as f64);
        }
        (waits, late.as_nanos() as f64)
    };
    thread::scope(|scope| {
        let (hog, second) = (scope.spawn(hog), scope.spawn(second));
        thread::sleep(length);
        over.store(true, Ordering::Relaxed);
        let (hog, (waits, late)) = (hog.join().expect("no panic"), second.join().expect("no panic"));
        Outcome { hog, waits, late }
    })
}
