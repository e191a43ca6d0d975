//! Many threads that want the lock all the time. A mutex that hands over in the order of arrival once somebody has waited
//! for too long can fall here to one wake-up per section and not recover (golang/go issue 33747); one that never does lets
//! few threads have it all.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use gosync_benches::harness::args::Args;
use gosync_benches::harness::figures::{median, number, time};
use gosync_benches::harness::machine::Others;
use gosync_benches::harness::measure::take_turns;
use gosync_benches::harness::work::Work;
use gosync_benches::peers::locks::{self, Lock, Visitor};

const SECTIONS: [(&str, Duration); 3] =
    [("100ns", Duration::from_nanos(100)), ("1us", Duration::from_micros(1)), ("5us", Duration::from_micros(5))];

/// The first is what the others are compared with.
const THREADS: [usize; 3] = [2, 28, 64];

/// What happened in one run.
struct Outcome {
    /// Sections per second.
    throughput: f64,
    /// The longest time from the end of a section to the end of the same thread's next, in nanoseconds.
    longest: f64,
    /// The sections of the thread that had the fewest, and of the one that had the most, as parts of a fair share.
    least: f64,
    most: f64,
}

struct Implementation {
    name: &'static str,
    run: fn(usize, Duration, Duration) -> Outcome,
    /// By index in `THREADS`, one for each run.
    outcomes: [Vec<Outcome>; THREADS.len()],
}

struct Collect(Vec<Implementation>);

impl Visitor for Collect {
    fn visit<L: Lock>(&mut self) {
        if L::SLEEPS {
            let outcomes = [const { Vec::new() }; THREADS.len()];
            self.0.push(Implementation { name: L::NAME, run: run::<L>, outcomes });
        }
    }
}

/// Runs it for every implementation, in turns, and prints a table for each length of the section.
pub(crate) fn compare(args: &Args) {
    let length = Duration::from_millis(args.number_or_quick("--ms", 1000, 500) as u64);
    let runs = args.number_or_quick("--runs", 5, 3);
    println!(
        "Threads lock, work and unlock back to back. Sections per second with {} threads; then, with more, as part of that.\n\
        `wait`: the longest time in which one of the threads had no section, its own included. `shares`: of the threads\n\
        with the fewest and the most sections, 1 being fair. Medians of the runs.\n",
        THREADS[0]
    );
    for (name, section) in SECTIONS {
        let mut collect = Collect(Vec::new());
        locks::visit(&mut collect);
        let mut all = collect.0;
        let names: Vec<&str> = all.iter().map(|implementation| implementation.name).collect();
        all.retain(|implementation| args.wants_implementation(implementation.name, &names));
        let others = Others::start();
        take_turns(runs, all.len(), |index| {
            let implementation = &mut all[index];
            for (threads, outcomes) in THREADS.into_iter().zip(&mut implementation.outcomes) {
                outcomes.push((implementation.run)(threads, section, length));
            }
        });
        let (ms, others) = (length.as_millis(), others.cpus());
        println!("### saturation.{name} ({runs} runs of {ms} ms; other processes: {others:.2} CPUs)\n");
        print!("| |");
        THREADS.iter().for_each(|threads| print!(" t{threads:02} | wait | shares |"));
        println!("\n| --- |{}", " ---: | ---: | ---: |".repeat(THREADS.len()));
        all.iter().for_each(print);
        println!();
    }
}

fn print(implementation: &Implementation) {
    print!("| {} |", implementation.name);
    let few = &implementation.outcomes[0];
    for (index, outcomes) in implementation.outcomes.iter().enumerate() {
        let over_runs = |figure: fn(&Outcome) -> f64| median(outcomes.iter().map(figure));
        let throughput = match index {
            0 => format!("{}/s", number(over_runs(|outcome| outcome.throughput))),
            _ => {
                let ratios = outcomes.iter().zip(few).map(|(many, few)| many.throughput / few.throughput);
                format!("{:.2}", median(ratios))
            }
        };
        let longest = time(over_runs(|outcome| outcome.longest));
        let (least, most) = (over_runs(|outcome| outcome.least), over_runs(|outcome| outcome.most));
        print!(" {throughput} | {longest} | {least:.2} to {most:.2} |");
    }
    println!();
}

/// One run.
fn run<L: Lock>(threads: usize, section: Duration, length: Duration) -> Outcome {
    let lock = CachePadded::new(L::new());
    let section = Work::of(section);
    let over = AtomicBool::new(false);
    let ready = Barrier::new(threads + 1);
    let each = || {
        ready.wait();
        let (mut times, mut longest, mut last) = (0_u64, Duration::ZERO, Instant::now());
        while !over.load(Ordering::Relaxed) {
            lock.with(|_| section.perform());
            // The one look at the clock is outside, where it keeps nobody waiting.
            let now = Instant::now();
            longest = longest.max(now - last);
            last = now;
            times += 1;
        }
        (times as f64, longest.as_nanos() as f64)
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(each)).collect();
        ready.wait();
        let start = Instant::now();
        thread::sleep(length);
        over.store(true, Ordering::Relaxed);
        let elapsed = start.elapsed().as_secs_f64();
        let all: Vec<(f64, f64)> = all.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        let total: f64 = all.iter().map(|(times, _)| times).sum();
        let fair = total / threads as f64;
        Outcome {
            throughput: total / elapsed,
            longest: all.iter().map(|(_, longest)| *longest).fold(0.0, f64::max),
            least: all.iter().map(|(times, _)| times / fair).fold(f64::INFINITY, f64::min),
            most: all.iter().map(|(times, _)| times / fair).fold(0.0, f64::max),
        }
    })
}
