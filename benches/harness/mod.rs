//! What measures and reports, whatever is measured.

pub mod allocations;
pub mod args;
pub mod figures;
pub mod machine;
pub mod measure;
pub mod neighbours;
pub mod patience;
pub mod report;
pub mod threads;
pub mod work;

use std::fmt;
use std::sync::Arc;

use measure::{Meter, Sample};
use patience::Measurement;

/// The implementation that the others are the peers of.
pub const OURS: &str = "gosync";

/// The implementation that needs no dependency.
pub const STD: &str = "std";

/// What ours is modelled on. It runs in a process of its own, and is no peer to be ahead of but has a column.
pub const GO: &str = "Go";

/// How many operations a measurement has.
#[derive(Clone, Copy, Debug)]
pub enum Operations {
    /// As many as take the time that is asked for: a multiple of this.
    MultipleOf(usize),
    /// So many, whatever they take.
    Exactly(usize),
}

impl Operations {
    /// As many as this fixes, if it does.
    pub(crate) fn fixed(self) -> Option<usize> {
        match self {
            Operations::MultipleOf(_) => None,
            Operations::Exactly(n) => Some(n),
        }
    }

    /// The number nearest to `n` that is allowed.
    pub fn nearest(self, n: f64) -> usize {
        match self {
            Operations::MultipleOf(granule) => ((n / granule as f64).round() as usize).max(1) * granule,
            Operations::Exactly(n) => n,
        }
    }
}

/// Something to measure, in every implementation that there is.
#[derive(Debug)]
pub struct Scenario {
    /// The name of all scenarios of its kind: `mutex` and the like.
    pub family: &'static str,
    /// Its own name.
    pub name: &'static str,
    /// One thread, which never waits: instructions can be counted.
    pub alone: bool,
    /// Peers have nothing to compare, or take too long.
    pub ours_only: bool,
    /// How many operations can be run at once.
    pub operations: Operations,
    /// Who does it.
    pub entries: Vec<Entry>,
}

/// An implementation in a scenario.
#[derive(Clone)]
pub struct Entry {
    /// Its name.
    pub implementation: &'static str,
    /// Shown, but no peer to be ahead of: it does less.
    pub reference: bool,
    /// Performs so many operations; `None` if it cannot do this scenario.
    pub run: Arc<Measurement>,
}

impl Entry {
    /// From a function that measures what it wants measured.
    pub fn new(implementation: &'static str, run: impl Fn(usize) -> Option<Sample> + Send + Sync + 'static) -> Entry {
        Entry { implementation, reference: false, run: Arc::new(run) }
    }

    /// From a function that is measured as a whole.
    pub fn alone(implementation: &'static str, run: impl Fn(usize) + Send + Sync + 'static) -> Entry {
        Entry::new(implementation, move |n| {
            let meter = Meter::start();
            run(n);
            Some(meter.stop(n))
        })
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("implementation", &self.implementation).finish_non_exhaustive()
    }
}
