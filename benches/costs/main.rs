//! Instructions and locked instructions per operation of one thread that never waits: exact, whatever else the machine
//! does, and with nothing to install.
//!
//! ```console
//! $ cargo bench -p gosync-benches --bench costs                     # the table, with all peers
//! $ cargo bench -p gosync-benches --bench costs -- [filter]         # some scenarios
//! $ cargo bench -p gosync-benches --bench costs -- --check          # gosync's, against `costs/gosync.txt`
//! $ cargo bench -p gosync-benches --bench costs -- --write          # writes that file
//! ```
//!
//! `--check` fails if an operation costs more than the file says. The counts are those of one compiler, which the file
//! names; with another one there is nothing to compare with, and it says so.
//!
//! How it counts is in [`stepper`].

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stepper;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod table;

use std::process::ExitCode;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> ExitCode {
    table::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() -> ExitCode {
    println!("instructions are counted on Linux on x86-64 only");
    ExitCode::SUCCESS
}
