//! Who waits for whom at a readers-writer lock: a writer among readers that overlap, so that without a writer there is
//! always one inside; and a reader among writers that are back at once.

use std::time::Duration;

use crossbeam_utils::CachePadded;
use gosync_benches::harness::args::Args;
use gosync_benches::peers::rw_locks::{self, Kind, RwLock, Visitor};

use crate::contest::{self, Implementation, Outcome};

/// The threads that are in nearly all the time.
const CROWD: usize = 4;

/// The one that waits now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lonely {
    Writer,
    Reader,
}

struct Collect(Lonely, Vec<Implementation>);

impl Visitor for Collect {
    fn visit<L: RwLock>(&mut self) {
        if L::KIND == Kind::Plain {
            let lonely = self.0;
            self.1.push(Implementation::new(L::NAME, move |length| run::<L>(lonely, length)));
        }
    }
}

/// Runs both for every implementation, in turns, and prints a table for each.
pub(crate) fn compare(args: &Args) {
    for (lonely, title, go) in [
        (Lonely::Writer, "a writer among 4 readers", "hog.writer"),
        (Lonely::Reader, "a reader among 4 writers", "hog.reader"),
    ] {
        let mut collect = Collect(lonely, Vec::new());
        rw_locks::visit(&mut collect);
        contest::compare(args, title, go, collect.1);
    }
}

fn run<L: RwLock>(lonely: Lonely, length: Duration) -> Outcome {
    let lock = CachePadded::new(L::new());
    match lonely {
        Lonely::Writer => {
            contest::run(CROWD, length, |section| lock.read(|_| section()), |section| lock.write(|_| section()))
        }
        Lonely::Reader => {
            contest::run(CROWD, length, |section| lock.write(|_| section()), |section| lock.read(|_| section()))
        }
    }
}
