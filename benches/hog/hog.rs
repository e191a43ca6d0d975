//! Go's test of its mutex's fairness: one thread holds the lock nearly all the time, and a second wants it now and then.

use std::time::Duration;

use crossbeam_utils::CachePadded;
use gosync_benches::harness::args::Args;
use gosync_benches::peers::locks::{self, Lock, Visitor};

use crate::contest::{self, Implementation, Outcome};

struct Collect(Vec<Implementation>);

impl Visitor for Collect {
    fn visit<L: Lock>(&mut self) {
        if L::SLEEPS {
            self.0.push(Implementation::new(L::NAME, run::<L>));
        }
    }
}

/// Runs it for every implementation, in turns, and prints a table.
pub(crate) fn compare(args: &Args) {
    let mut collect = Collect(Vec::new());
    locks::visit(&mut collect);
    contest::compare(args, "a hog and a second thread", "hog.mutex", collect.0);
}

fn run<L: Lock>(length: Duration) -> Outcome {
    let lock = CachePadded::new(L::new());
    contest::run(1, length, |section| lock.with(|_| section()), |section| lock.with(|_| section()))
}
