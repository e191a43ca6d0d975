//! The scenarios, by family.

use crate::scenario::Scenario;

mod bubbles;
mod channels;
mod cond;
mod groups;
mod lanes;
mod locks;
mod maps;
mod pools;
mod selects;
mod tasks;

pub(crate) fn all() -> Vec<Scenario> {
    [
        channels::scenarios(),
        lanes::scenarios(),
        selects::scenarios(),
        locks::scenarios(),
        cond::scenarios(),
        groups::scenarios(),
        maps::scenarios(),
        pools::scenarios(),
        tasks::scenarios(),
        bubbles::scenarios(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
