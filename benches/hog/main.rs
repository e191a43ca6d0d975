//! How long a lock keeps a thread waiting, in turns with the peers'.
//!
//! * `cargo bench -p gosync-benches --bench hog`: one thread takes the lock again and again, and a second one wants it now
//!   and then.
//! * `cargo bench -p gosync-benches --bench hog -- saturation`: many threads want it all the time.
//! * `cargo bench -p gosync-benches --bench hog -- rwmutex`: of a readers-writer lock, a writer among readers, and a reader
//!   among writers.

mod contest;
mod hog;
mod readers_writers;
mod saturation;

use gosync_benches::harness::args::Args;
use gosync_benches::harness::machine;

const USAGE: &str = "\
hog [options] [hog] [saturation] [rwmutex]    these tests; hog, if none is named. Each takes some minutes.

  --impl NAME[,NAME...]   these implementations, by name or part of it
  --runs N                how often each implementation runs (5)
  --ms N                  how long each run takes (hog and rwmutex 10000, saturation 1000)
  --quick                 --runs 3 --ms 500";

fn main() {
    let args = Args::parse(USAGE, &["--runs", "--ms"]);
    let named = |test: &str| args.words.iter().any(|word| word == test);
    let (hog, saturation) = (args.words.is_empty() || named("hog"), named("saturation"));
    let rwmutex = named("rwmutex");
    // Words that are none of ours name what another bench is to run.
    if hog || saturation || rwmutex {
        println!("{}\n", machine::describe());
    }
    if hog {
        hog::compare(&args);
    }
    if saturation {
        saturation::compare(&args);
    }
    if rwmutex {
        readers_writers::compare(&args);
    }
}
