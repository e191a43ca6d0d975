//! Selects. One operation is one select; with `exchange`, a message in each direction.

use crate::harness::{Entry, Operations, Scenario};
use crate::peers::go;
use crate::peers::selects::{IMPLEMENTATIONS, Shape};

const SCENARIOS: &[(&str, Shape)] = &[
    ("select.un.ready4", Shape::Ready),
    ("select.un.ready4-dyn", Shape::ReadyDynamic),
    ("select.un.default4", Shape::Default),
    ("select.un.default4-dyn", Shape::DefaultDynamic),
    ("select.4to1.b0", Shape::FourToOne(0)),
    ("select.4to1.b128", Shape::FourToOne(128)),
    ("select.4to1-dyn.b0", Shape::FourToOneDynamic(0)),
    ("select.4to1-dyn.b128", Shape::FourToOneDynamic(128)),
    ("select.both.b0", Shape::Both),
    ("select.exchange.b0", Shape::Exchange),
];

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |&(name, shape): &(&'static str, Shape)| {
        let mut entries: Vec<Entry> =
            IMPLEMENTATIONS.iter().map(|&(name, run)| Entry::new(name, move |n| Some(run(shape, n)))).collect();
        match shape {
            Shape::FourToOne(0) => entries.push(go::entry("select4.b0", 2)),
            Shape::FourToOne(128) => entries.push(go::entry("select4.b128", 2)),
            _ => {}
        }
        let alone = name.starts_with("select.un.");
        Scenario { family: "select", name, alone, ours_only: false, operations: Operations::MultipleOf(4), entries }
    };
    SCENARIOS.iter().map(scenario).collect()
}
