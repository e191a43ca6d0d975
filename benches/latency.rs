//! How long a message takes to a thread that waits for it: 200 us after the last one, so that its receiver sleeps, and 5 us
//! after it, when it may still be awake.
//!
//! `cargo bench -p gosync-benches --bench latency`; `-- --help` lists the options. The implementations take turns.

use std::hint::spin_loop;
use std::thread;
use std::time::{Duration, Instant};

use gosync_benches::harness::args::Args;
use gosync_benches::harness::figures::{median, quantile, time};
use gosync_benches::harness::machine::{self, Others};
use gosync_benches::harness::measure::{cpu_time, take_turns};
use gosync_benches::peers::channels::{self, Channel, Visitor};

const USAGE: &str = "\
latency [options]

  --impl NAME[,NAME...]   these implementations, by name or part of it
  --runs N                how often each implementation runs (5)
  --messages N            how many messages each time (3000; ten times as many at 5 us)
  --quick                 --runs 2 --messages 500";

/// The pauses before a message.
const PAUSES: [Duration; 2] = [Duration::from_micros(200), Duration::from_micros(5)];

/// Messages that do not count: the threads have to get going.
const WARM_UP: usize = 100;

const CAPACITIES: [(&str, Option<usize>); 3] = [("0", Some(0)), ("1024", Some(1024)), ("unbounded", None)];

/// What one run showed.
struct Outcome {
    /// From before the send to after the receive, in nanoseconds.
    latencies: Vec<f64>,
    /// CPU time of both threads per message; the sender's pause of 5 us included, which it spends spinning.
    cpu: f64,
}

struct Implementation {
    name: &'static str,
    run: fn(Option<usize>, Duration, usize) -> Option<Outcome>,
    outcomes: Vec<Outcome>,
}

struct Collect(Vec<Implementation>);

impl Visitor for Collect {
    fn visit<C: Channel>(&mut self) {
        self.0.push(Implementation { name: C::NAME, run: run::<C>, outcomes: Vec::new() });
    }
}

fn main() {
    let args = Args::parse(USAGE, &["--runs", "--messages"]);
    let runs = args.number_or_quick("--runs", 5, 2);
    let messages = args.number_or_quick("--messages", 3000, 500);
    println!("{}\n", machine::describe());
    for pause in PAUSES {
        // Enough for the scheduler to find a CPU for each thread.
        let messages = if is_long(pause) { messages } else { messages * 10 };
        for (name, capacity) in CAPACITIES {
            compare(&args, name, capacity, pause, runs, messages);
        }
    }
}

fn compare(args: &Args, name: &str, capacity: Option<usize>, pause: Duration, runs: usize, messages: usize) {
    let mut collect = Collect(Vec::new());
    channels::visit(&mut collect);
    let mut all = collect.0;
    let names: Vec<&str> = all.iter().map(|implementation| implementation.name).collect();
    all.retain(|implementation| args.wants_implementation(implementation.name, &names));
    let others = Others::start();
    take_turns(runs, all.len(), |index| {
        let outcome = (all[index].run)(capacity, pause, messages);
        all[index].outcomes.extend(outcome);
    });
    all.retain(|implementation| !implementation.outcomes.is_empty());
    println!(
        "### capacity {name}, a message after {} us ({runs} runs of {messages}; other processes: {:.2} CPUs)\n",
        pause.as_micros(),
        others.cpus()
    );
    println!("| medians of the runs | p50 | p99 | p99.9 | longest | CPU |\n| --- | ---: | ---: | ---: | ---: | ---: |");
    for Implementation { name, outcomes, .. } in &all {
        let part = |part| time(median(outcomes.iter().map(|outcome| quantile(outcome.latencies.clone(), part))));
        let cpu = time(median(outcomes.iter().map(|outcome| outcome.cpu)));
        println!("| {name} | {} | {} | {} | {} | {cpu} |", part(0.5), part(0.99), part(0.999), part(1.0));
    }
    println!();
}

/// Whether a sleep is exact enough.
fn is_long(pause: Duration) -> bool {
    pause >= Duration::from_micros(100)
}

/// Sleeps if that is exact enough, or else spins.
fn wait(pause: Duration) {
    if is_long(pause) {
        thread::sleep(pause);
    } else {
        let start = Instant::now();
        while start.elapsed() < pause {
            spin_loop();
        }
    }
}

/// `None` if there is no such channel.
fn run<C: Channel>(capacity: Option<usize>, pause: Duration, messages: usize) -> Option<Outcome> {
    let (tx, rx) = C::channel(capacity)?;
    let start = Instant::now();
    let now = move || usize::try_from(start.elapsed().as_nanos()).expect("it does not take centuries");
    let receiver = thread::spawn(move || {
        let latencies = (0..messages + WARM_UP).map(|_| {
            let sent = C::recv(&rx);
            (now() - sent) as f64
        });
        latencies.collect::<Vec<f64>>()
    });
    let cpu = cpu_time();
    for _ in 0..messages + WARM_UP {
        wait(pause);
        C::send(&tx, now());
    }
    let mut latencies = receiver.join().expect("no panic");
    let cpu = (cpu_time() - cpu) / latencies.len() as f64;
    latencies.drain(..WARM_UP);
    Some(Outcome { latencies, cpu })
}
