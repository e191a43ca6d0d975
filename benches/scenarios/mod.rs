//! What is measured: families of scenarios, each for all implementations of one thing.

pub mod atomics;
pub mod channels;
pub mod conds;
pub mod counters;
pub mod locks;
pub mod maps;
pub mod onces;
pub mod pools;
pub mod rw_locks;
pub mod selects;
pub mod semaphores;
pub mod stacks;
pub mod tasks;
pub mod values;
pub mod wait_groups;

use crate::harness::Scenario;

/// All scenarios of all families.
pub fn all() -> Vec<Scenario> {
    let families = [
        channels::scenarios(),
        tasks::scenarios(),
        locks::scenarios(),
        rw_locks::scenarios(),
        conds::scenarios(),
        onces::scenarios(),
        selects::scenarios(),
        wait_groups::scenarios(),
        atomics::scenarios(),
        counters::scenarios(),
        maps::scenarios(),
        pools::scenarios(),
        semaphores::scenarios(),
        stacks::scenarios(),
        values::scenarios(),
    ];
    families.into_iter().flatten().collect()
}
