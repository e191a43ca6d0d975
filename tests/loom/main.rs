//! The models: `cargo loom [filter]` runs them all, each in a process of its own; `cargo mutants-of-orderings [filter]`
//! weakens every ordering site in turn and expects some model to notice; `cargo rules` does both and accounts for every
//! rule; `cargo loom --ping` and `cargo loom --long` are slower and look harder.
//!
//! * `model.rs`: what a model is, and how one is run in a child process.
//! * `plain.rs`: memory that loom watches, for use in models.
//! * `task.rs`: tasks in models.
//! * `stacks.rs`: the stacks of loom's threads, kept from one execution for the next.
//! * `rules.rs`: the tables in docs/RULES.md, checked against the models and the sources.
//! * `items.rs`, `sites.rs`: what the sources make public, and what can be weakened in them.
//! * `runner.rs`: the parent: a test per model, and the closing count.
//! * `mutants.rs`: the parent that weakens.
//! * `book.rs`: both, and docs/RULES-SITES.md.
//! * `models/`: the models.
//! * `violations/`: the wrong programs of docs/VIOLATIONS.md, each with its repair.

#[cfg(not(gosync_loom))]
compile_error!(
    "the models need `--cfg gosync_loom`: run `cargo loom` from the root of the workspace, \
     without RUSTFLAGS in the environment, which would replace it"
);

#[cfg(gosync_loom)]
mod book;
#[cfg(gosync_loom)]
mod items;
#[cfg(gosync_loom)]
mod model;
#[cfg(gosync_loom)]
mod models;
#[cfg(gosync_loom)]
mod mutants;
#[cfg(gosync_loom)]
mod plain;
#[cfg(gosync_loom)]
mod rules;
#[cfg(gosync_loom)]
mod runner;
#[cfg(gosync_loom)]
mod sites;
#[cfg(all(gosync_loom, feature = "kept-stacks", target_os = "linux", target_pointer_width = "64"))]
mod stacks;
#[cfg(gosync_loom)]
mod task;
#[cfg(gosync_loom)]
mod violations;

#[cfg(gosync_loom)]
fn main() -> std::process::ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name: &str| {
        let at = args.iter().position(|arg| arg == name);
        at.map(|at| args.remove(at)).is_some()
    };
    let child = flag(model::CHILD);
    let mutants = flag("--mutants");
    let long = flag("--long");
    let (rules, write) = (flag("--rules"), flag("--write"));
    let options = model::Options { long, ping: flag("--ping") };
    let models = models::all(long);
    match (child, mutants, rules) {
        (true, ..) => model::run_in_child(models, &args),
        (_, true, _) => mutants::run(&models, &args),
        (_, _, true) => book::run(models, write),
        _ => runner::run(models, options, args, model::Runs::new()).0,
    }
}

#[cfg(not(gosync_loom))]
fn main() {}
