//! One thread that wants a lock now and then, and a crowd that takes it again at once. What matters is how long the one waits
//! at worst.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gosync_benches::harness::GO;
use gosync_benches::harness::args::Args;
use gosync_benches::harness::figures::{median, quantile, time};
use gosync_benches::harness::machine::Others;
use gosync_benches::harness::measure::take_turns;
use gosync_benches::harness::work::Work;
use gosync_benches::peers::go;

/// How long the crowd holds the lock at a time.
const HOLD: Duration = Duration::from_micros(100);
/// How long the one sleeps before each attempt.
const PAUSE: Duration = Duration::from_micros(100);

/// What happened in one run.
pub(crate) struct Outcome {
    /// The sections of the crowd.
    crowd: usize,
    /// The waits of the one, in nanoseconds.
    waits: Vec<f64>,
    /// By how much its sleeps were too long at worst: so long, too, may a thread have to wait that has got the lock.
    late: f64,
}

/// Who takes part.
pub(crate) struct Implementation {
    name: &'static str,
    run: Box<dyn Fn(Duration) -> Option<Outcome>>,
    outcomes: Vec<Outcome>,
}

impl Implementation {
    pub(crate) fn new(name: &'static str, run: impl Fn(Duration) -> Outcome + 'static) -> Implementation {
        Implementation { name, run: Box::new(move |length| Some(run(length))), outcomes: Vec::new() }
    }

    /// Go's, by the name of its row.
    fn go(row: &'static str) -> Implementation {
        let run = move |length: Duration| {
            let numbers = go::numbers(row, 2, usize::try_from(length.as_millis()).expect("it is short"))?;
            let [crowd, late, waits @ ..] = &numbers[..] else { panic!("{row}: {} numbers", numbers.len()) };
            let waits = waits.iter().map(|&wait| wait as f64).collect();
            Some(Outcome { crowd: usize::try_from(*crowd).expect("it is short"), waits, late: *late as f64 })
        };
        Implementation { name: GO, run: Box::new(run), outcomes: Vec::new() }
    }
}

/// Runs it for every implementation and for Go, in turns, and prints a table.
pub(crate) fn compare(args: &Args, title: &str, go: &'static str, mut all: Vec<Implementation>) {
    let length = Duration::from_millis(args.number_or_quick("--ms", 10_000, 500) as u64);
    let runs = args.number_or_quick("--runs", 5, 3);
    all.push(Implementation::go(go));
    let names: Vec<&str> = all.iter().map(|implementation| implementation.name).collect();
    all.retain(|implementation| args.wants_implementation(implementation.name, &names));
    let others = Others::start();
    take_turns(runs, all.len(), |index| {
        let outcome = (all[index].run)(length);
        all[index].outcomes.extend(outcome);
    });
    all.retain(|implementation| !implementation.outcomes.is_empty());
    println!("### {title} ({runs} runs of {} s; other processes: {:.2} CPUs)\n", length.as_secs_f64(), others.cpus());
    println!(
        "The crowd holds the lock {} us at a time; the one sleeps {} us before each attempt. Medians of the runs. `late`:\n\
        by how much its sleeps were too long at worst, which is the machine's doing; waits of that length say nothing about\n\
        the lock. Without two free CPUs no wait does: who is woken waits for somebody's time slice to end.\n",
        HOLD.as_micros(),
        PAUSE.as_micros()
    );
    println!("| | crowd's | the one's | share | median wait | p99 | longest | late | longest of each run |");
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
        over_runs(&|outcome| outcome.crowd as f64),
        over_runs(&|outcome| outcome.waits.len() as f64),
        over_runs(&|outcome| {
            let one = outcome.waits.len() as f64;
            100.0 * one / (one + outcome.crowd as f64)
        }),
        time(wait(0.5)),
        time(wait(0.99)),
        time(wait(1.0)),
        time(over_runs(&|outcome| outcome.late)),
        longest.collect::<Vec<_>>().join(", "),
    );
}

/// One run. `take_crowd` performs a section of the crowd's, `take_one` of the one's, under the lock. The last wait may be cut
/// short by its end: then the crowd is gone.
pub(crate) fn run(
    crowd: usize,
    length: Duration,
    take_crowd: impl Fn(&dyn Fn()) + Sync,
    take_one: impl Fn(&dyn Fn() -> Duration) -> Duration + Sync,
) -> Outcome {
    let hold = Work::of(HOLD);
    let (begun, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let many = || {
        let mut times = 0;
        while !over.load(Ordering::Relaxed) {
            take_crowd(&|| {
                if times == 0 {
                    begun.fetch_add(1, Ordering::Relaxed);
                }
                hold.perform();
            });
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
            waits.push(take_one(&|| start.elapsed()).as_nanos() as f64);
        }
        (waits, late.as_nanos() as f64)
    };
    thread::scope(|scope| {
        let crowd: Vec<_> = (0..crowd).map(|_| scope.spawn(many)).collect();
        let one = scope.spawn(one);
        thread::sleep(length);
        over.store(true, Ordering::Relaxed);
        let (waits, late) = one.join().expect("no panic");
        let crowd = crowd.into_iter().map(|thread| thread.join().expect("no panic")).sum();
        Outcome { crowd, waits, late }
    })
}
