//! What is measured: families of scenarios, each for all implementations of one thing.

pub mod channels;
pub mod locks;

use crate::harness::Scenario;

/// All scenarios of all families.
pub fn all() -> Vec<Scenario> {
    [channels::scenarios(), locks::scenarios()].into_iter().flatten().collect()
}
