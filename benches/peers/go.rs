//! Go itself, in processes that stay alive and take a round when it is their turn: see `go/main.go`.
//!
//! The program is built when the first row needs it, with the toolchain that `GOSYNC_GO` names, or else with `go`. Without
//! one, the rows are without Go.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use crate::harness::measure::Sample;
use crate::harness::{Entry, GO};

/// A row of Go's, under its name there, with this many CPUs for its goroutines.
pub fn entry(row: &'static str, cpus: usize) -> Entry {
    Entry::new(GO, move |n| perform(row, cpus, n))
}

/// The toolchain's version, if there is one.
pub fn version() -> Option<String> {
    let output = toolchain().arg("version").output().ok()?;
    let words = String::from_utf8(output.stdout).ok()?;
    words.split_whitespace().nth(2).map(str::to_owned)
}

fn toolchain() -> Command {
    let mut command = Command::new(std::env::var_os("GOSYNC_GO").unwrap_or_else(|| "go".into()));
    // What is there, and nothing from elsewhere.
    command.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off");
    command
}

/// The program, beside the bench that uses it.
fn program() -> Option<&'static PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(build).as_ref()
}

fn build() -> Option<PathBuf> {
    if version().is_none() {
        if let Some(named) = std::env::var_os("GOSYNC_GO") {
            eprintln!("GOSYNC_GO: {} does not tell its version; the rows are without Go", named.display());
        }
        return None;
    }
    let program = std::env::current_exe().ok()?.with_file_name("gosync-benches-go");
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/go");
    let output = toolchain().args(["build", "-o"]).arg(&program).arg(".").current_dir(sources).output();
    match output {
        Ok(output) if output.status.success() => return Some(program),
        Ok(output) => eprintln!("go build: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => eprintln!("go build: {error}"),
    }
    eprintln!("the rows are without Go");
    None
}

/// A process, which ends when its requests do.
struct Twin {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    _process: Child,
}

impl Twin {
    fn start(cpus: usize) -> Option<Twin> {
        let mut process = Command::new(program()?)
            .env("GOMAXPROCS", cpus.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (requests, answers) = (process.stdin.take()?, BufReader::new(process.stdout.take()?));
        Some(Twin { requests, answers, _process: process })
    }

    fn ask(&mut self, row: &str, n: usize) -> std::io::Result<String> {
        writeln!(self.requests, "{row} {n}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer)
    }
}

fn perform(row: &str, cpus: usize, n: usize) -> Option<Sample> {
    match numbers(row, cpus, n)?[..] {
        [elapsed, cpu, allocations] => Some(Sample::elsewhere(n, elapsed, cpu, allocations)),
        ref other => panic!("Go's answer to {row} has {} numbers", other.len()),
    }
}

/// The numbers of Go's answer; `None` without a toolchain, or if it has no such row.
///
/// # Panics
///
/// If the answer has something else.
pub fn numbers(row: &str, cpus: usize, n: usize) -> Option<Vec<u64>> {
    /// By the number of CPUs, less one.
    static TWINS: [Mutex<Option<Twin>>; 2] = [const { Mutex::new(None) }; 2];
    let mut twin = TWINS[cpus - 1].lock().expect("no holder panics");
    if twin.is_none() {
        *twin = Twin::start(cpus);
    }
    let answer = twin.as_mut()?.ask(row, n).expect("the Go process is alive");
    if answer == "none\n" {
        return None;
    }
    let numbers: Option<Vec<u64>> = answer.split_whitespace().map(|number| number.parse().ok()).collect();
    Some(numbers.unwrap_or_else(|| panic!("Go's answer to {row} is {answer:?}")))
}
