//! The models of `tests/loom` and the scenarios of `tests/shuttle`, on what is shipped: plain functions here, which Miri runs.
//!
//! A checker of models puts its own atomics, threads and cells in the place of the real ones, and so does not see what is
//! done with pointers: references that are still there when somebody else writes, memory that is freed too early, or never, or read
//! before anybody wrote to it. Miri sees all of that, data races too, and lets atomics return old values; but it
//! tries one schedule for each seed, where loom tries all.
//!
//! * `stand_in.rs`: what models and scenarios take from their checkers, by the checkers' names.
//! * `own.rs`: a few programs that are not models, and one that Miri must find wrong.
//! * `model.rs`, `scenario.rs`: the same for the rest of their folders.
//! * `runner.rs`: runs all that hold, or one by its name, whatever is expected of it.
//!
//! `run` beside this runs it, with both rules of aliasing, and then a program that Miri must find wrong.

// As three crates.
extern crate self as gosync_atomic;
extern crate self as loom;
extern crate self as shuttle;

#[path = "../../shuttle/kit.rs"]
mod kit;
mod model;
#[path = "../../loom/models/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the runner takes its own list")]
mod models;
mod own;
#[path = "../../loom/plain.rs"]
mod plain;
mod runner;
mod scenario;
#[path = "../../shuttle/scenarios/mod.rs"]
mod scenarios;
mod stand_in;
#[path = "../../loom/task.rs"]
mod task;
#[path = "../../loom/violations/mod.rs"]
#[allow(dead_code, reason = "what checks a document by loom's words")]
mod violations;

use stand_in::{__sys, lazy_static, rand, sync, thread};

fn main() -> std::process::ExitCode {
    runner::run()
}
