//! Wait groups. One operation is an addition and its end, or a round trip, or a wait for eight threads.

use std::sync::Arc;

use crossbeam_utils::CachePadded;

use crate::harness::measure::Sample;
use crate::harness::threads::measured;
use crate::harness::{Entry, Operations, Scenario};
use crate::peers::wait_groups::{self, Visitor, WaitGroup};

/// The threads that are started and waited for.
pub const TASKS: usize = 8;

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let mut all = Entries::default();
    wait_groups::visit(&mut all);
    let scenario = |name, alone, entries| Scenario {
        family: "wg",
        name,
        alone,
        ours_only: false,
        operations: Operations::MultipleOf(1),
        entries,
    };
    vec![
        scenario("wg.add-done", true, all.add_done),
        scenario("wg.handoff", false, all.handoff),
        scenario("wg.go8-wait", false, all.go_and_wait),
    ]
}

/// Makes three entries of each implementation.
#[derive(Default)]
struct Entries {
    add_done: Vec<Entry>,
    handoff: Vec<Entry>,
    go_and_wait: Vec<Entry>,
}

impl Visitor for Entries {
    fn visit<W: WaitGroup>(&mut self) {
        self.add_done.push(Entry::alone(W::NAME, |n| {
            let group = W::new();
            (0..n).for_each(|_| group.add_done());
        }));
        self.handoff.push(Entry::new(W::NAME, |n| Some(handoff::<W>(n))));
        self.go_and_wait.push(Entry::alone(W::NAME, |n| {
            let group = Arc::new(W::new());
            (0..n).for_each(|_| group.go_and_wait(TASKS));
        }));
    }
}

/// Two threads and two groups: each ends the task that the other waits for, who begins the next before he answers.
fn handoff<W: WaitGroup>(n: usize) -> Sample {
    let (there, back) = (CachePadded::new(W::new()), CachePadded::new(W::new()));
    there.add();
    back.add();
    let echo = || {
        for _ in 0..n {
            there.wait();
            there.add();
            back.done();
        }
    };
    measured(n, vec![echo], || {
        for _ in 0..n {
            there.done();
            back.wait();
            back.add();
        }
    })
}
