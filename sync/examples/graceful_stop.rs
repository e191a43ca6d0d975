//! Counts the lines of the files below a directory, by extension, with a pool of workers that stops when it is told to:
//!
//! ```console
//! $ cargo run --release --example graceful_stop -- --timeout 5000 src
//! ```
//!
//! There are four reasons to stop, and one way: a context.
//!
//! | reason | what ends the context |
//! | --- | --- |
//! | all is counted | nothing: the walk closes the channel, the workers come to its end |
//! | the time is up | its deadline |
//! | Ctrl-C | its `CancelFunc`, called by the handler |
//! | a file cannot be read | the group: the error that a task returns is the cause |
//!
//! Whoever waits for a channel waits for `ctx.done()` as well; whoever works asks `ctx.check()` now and then. What was counted until then
//! is printed in any case, and then why it was not all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use gosync::chan::{self, Receiver, Sender};
use gosync::context::{Cause, Context};
use gosync::errgroup::{Group, TaskResult};
use gosync::select;
use walkdir::WalkDir;

const WORKERS: usize = 4;
/// So many files may wait for a worker.
const WAITING: usize = 16;

/// Lines by extension.
pub(crate) type Lines = BTreeMap<String, u64>;

/// Counts below `dir` until all is counted or the context ends. What was counted, and what kept it from being more.
pub(crate) fn count(ctx: &Context, dir: &Path) -> (Lines, Option<Cause>) {
    let (group, ctx) = Group::with_context(ctx);
    let (paths, queue) = chan::bounded(WAITING);
    let (results, counted) = chan::unbounded();
    group.go({
        let (ctx, dir) = (ctx.clone(), dir.to_owned());
        move || walk(&ctx, &dir, &paths)
    });
    for _ in 0..WORKERS {
        let (ctx, queue, results) = (ctx.clone(), queue.clone(), results.clone());
        group.go(move || work(&ctx, &queue, &results));
    }
    // Only the workers have it now: when they have gone, it ends.
    drop(results);
    let mut lines = Lines::new();
    for (extension, n) in counted {
        *lines.entry(extension).or_default() += n;
    }
    (lines, group.wait().err())
}

/// Sends the paths of all files.
fn walk(ctx: &Context, dir: &Path, paths: &Sender<PathBuf>) -> TaskResult {
    for entry in WalkDir::new(dir) {
        let entry = entry?;
        if entry.file_type().is_file() {
            select! {
                send(paths, entry.into_path()) -> sent => sent?,
                recv(ctx.done()) -> _ => break,
            }
        }
    }
    stopped(ctx)
}

/// Counts files, one after the other.
fn work(ctx: &Context, queue: &Receiver<PathBuf>, results: &Sender<(String, u64)>) -> TaskResult {
    loop {
        select! {
            recv(queue) -> path => {
                let Ok(path) = path else { return Ok(()) };
                results.send((extension(&path), lines_of(ctx, &path)?))?;
            }
            recv(ctx.done()) -> _ => return stopped(ctx),
        }
    }
}

/// An error if the context has ended: the reason why.
fn stopped(ctx: &Context) -> TaskResult {
    ctx.cause().map_or(Ok(()), |cause| Err(cause.into()))
}

fn extension(path: &Path) -> String {
    path.extension().map_or_else(|| "(none)".to_owned(), |extension| extension.to_string_lossy().into_owned())
}

/// The newlines of a file. It may be large, so the context is asked for each piece of it.
fn lines_of(ctx: &Context, path: &Path) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let in_path = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(in_path)?;
    let (mut piece, mut lines) = ([0; 1 << 16], 0);
    loop {
        stopped(ctx)?;
        match file.read(&mut piece).map_err(in_path)? {
            0 => return Ok(lines),
            n => lines += piece[..n].iter().filter(|&&byte| byte == b'\n').count() as u64,
        }
    }
}

/// What the command line says.
struct Options {
    dir: PathBuf,
    timeout: Duration,
}

fn options() -> Result<Options, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options { dir: ".".into(), timeout: Duration::MAX };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("timeout") => options.timeout = Duration::from_millis(arguments.value()?.parse()?),
            Value(dir) => options.dir = dir.into(),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("graceful_stop: {error}\nusage: graceful_stop [--timeout MILLISECONDS] [DIR]");
            return ExitCode::from(2);
        }
    };
    let (ctx, interrupt) = Context::background().with_cancel_cause();
    if let Err(error) = ctrlc::set_handler(move || interrupt.cancel("interrupted")) {
        eprintln!("graceful_stop: Ctrl-C will not be graceful: {error}");
    }
    let (ctx, _cancel) = ctx.with_timeout_cause(options.timeout, "the time is up");
    let (lines, failure) = count(&ctx, &options.dir);
    if let Err(error) = print(&lines, &mut io::stdout().lock()) {
        eprintln!("graceful_stop: {error}");
        return ExitCode::FAILURE;
    }
    match failure {
        None => ExitCode::SUCCESS,
        Some(cause) => {
            eprintln!("graceful_stop: not all was counted: {cause}");
            ExitCode::FAILURE
        }
    }
}

/// The most first.
pub(crate) fn print(lines: &Lines, out: &mut impl Write) -> io::Result<()> {
    let mut lines: Vec<_> = lines.iter().collect();
    lines.sort_by_key(|&(extension, n)| (std::cmp::Reverse(n), extension));
    lines.iter().try_for_each(|(extension, n)| writeln!(out, "{n:>9} {extension}"))
}
