//! Prints the SHA-256 of every file below a directory, as `sha256sum` does, sorted by path:
//!
//! ```console
//! $ cargo run --release --example digest src > sums
//! $ sha256sum --check --quiet sums
//! ```
//!
//! # The pipeline
//!
//! ```text
//!            jobs: batches of files                 reply: the lines of one batch
//! walk ──┬────────────────────────► work, N times ─────┐
//!        │                                             ▼
//!        └───────────────────────────────────────────► print
//!          order: where to receive each batch's reply
//! ```
//!
//! One thread walks the tree in the order of the output. For each batch of files it makes a channel of capacity 1, and
//! sends the receiving end to the printer and the sending end, with the batch, to whichever worker is free. So the
//! printer has the replies in order without sorting anything: it receives the next reply channel, then the reply. The
//! capacity of `order` is how many batches can be under way, however many files there are and however slow the first is.
//!
//! # Why nothing blocks for ever
//!
//! * The walker blocks on `order` and on `jobs`. The printer receives from the one, the workers from the other.
//! * The workers block on `jobs` only, and the walker sends or leaves. A reply never blocks: its channel has room for it.
//! * The printer blocks on `order` while the walker is there to send, and on a reply. That is on its way to a worker or
//!   with one, so it arrives, or the receive fails because it was dropped.
//!
//! # How it ends
//!
//! A thread that leaves drops its ends of the channels, which closes them for the others. Normally the walker reaches the
//! end and drops `order` and `jobs`; the workers drain `jobs` and leave; the printer drains `order`.
//!
//! `stop` is Go's `done` channel: nothing is ever sent on it, and closing it says that nobody wants the rest. Ctrl-C
//! closes it, and so does the main thread once it prints no more. The walker looks at it between two entries, a worker
//! between two reads. Whoever finds it closed leaves, and that closes replies, `jobs` and `order`, so everybody who is
//! blocked on those wakes up and leaves too.
//!
//! Either way the main thread, which is the printer, waits for all others before it returns. Only a read or write that
//! the operating system does not end cannot be stopped so: [`GRACE`] after Ctrl-C the process ends in spite of it.

use std::cmp::Ordering;
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal, Read, Write};
#[cfg(unix)]
use std::os::{
    fd::AsFd,
    unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use gosync::chan::{self, Receiver, Sender};
use gosync::{WaitGroup, go};
use indicatif::{ProgressBar, ProgressStyle};
use lexopt::Arg;
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

const USAGE: &str = "\
Usage: digest [DIR]

Prints the SHA-256 of every regular file below DIR in the format of sha256sum,
sorted by path. Links are not followed. Without DIR: the current directory,
without the directories .git and target in it.

  -h, --help     print this
  -V, --version  print the version

Exit status: 0, or 1 if anything could not be read or printed, 2 for a wrong
usage, 130 after Ctrl-C.
";

/// A batch has at most this many files and, unless it is one file, this many bytes: small files come together, which saves
/// wake-ups (a third of the time for files of a few bytes), and large ones alone, which keeps all workers busy.
const BATCH_FILES: usize = 32;
const BATCH_BYTES: u64 = 1 << 20;
/// So many batches can be under way: what a slow file can delay, and what memory is needed for.
const WINDOW: usize = 256;
/// A worker reads this much at once.
const CHUNK: usize = 128 << 10;
/// How long Ctrl-C waits for the threads.
const GRACE: Duration = Duration::from_secs(2);

/// What the walker has found.
enum Found {
    File(PathBuf),
    /// The file that the output goes to.
    Output(PathBuf),
    Failure(String),
}

/// From the walker to a worker.
struct Batch {
    found: Vec<Found>,
    reply: Sender<Reply>,
}

/// From a worker to the printer.
#[derive(Default)]
struct Reply {
    /// Whole lines for stdout.
    sums: Vec<u8>,
    /// For stderr.
    messages: Vec<String>,
    failed: bool,
}

fn main() -> ExitCode {
    let mut dir = None;
    let mut parser = lexopt::Parser::from_env();
    loop {
        let usage_error = match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Short('h') | Arg::Long("help"))) => return say(USAGE),
            Ok(Some(Arg::Short('V') | Arg::Long("version"))) => {
                return say(concat!("digest ", env!("CARGO_PKG_VERSION"), "\n"));
            }
            Ok(Some(Arg::Value(value))) if dir.is_none() => {
                dir = Some(PathBuf::from(value));
                continue;
            }
            Ok(Some(arg)) => arg.unexpected(),
            Err(error) => error,
        };
        complain(format_args!("{usage_error}\n\n{USAGE}"));
        return ExitCode::from(2);
    }
    run(dir)
}

/// Builds the pipeline, is its last stage, and takes it down.
fn run(dir: Option<PathBuf>) -> ExitCode {
    let (stop, stopped) = chan::bounded::<()>(0);
    let (running, finished) = chan::bounded::<()>(0);
    let on_ctrl_c = {
        let stop = stop.clone();
        move || {
            // Fails if it is closed already, which is as good.
            let _ = stop.close();
            // No channel can interrupt a write to a pipe that nobody reads, or a read from a server that has gone.
            if finished.recv_timeout(GRACE).is_err_and(|error| error.is_timeout()) {
                complain("interrupted while a read or write does not end");
                process::exit(130);
            }
        }
    };
    if let Err(error) = ctrlc::set_handler(on_ctrl_c) {
        complain(format_args!("cannot handle Ctrl-C: {error}"));
        return ExitCode::FAILURE;
    }

    let progress = progress();
    let parallelism = available_parallelism().map_or(1, |n| n.get());
    let (jobs, queue) = chan::bounded(2 * parallelism);
    let (order, replies) = chan::bounded(WINDOW);
    let workers = Arc::new(WaitGroup::new());
    for _ in 0..parallelism {
        let (queue, stopped, progress) = (queue.clone(), stopped.clone(), progress.clone());
        workers.go(move || work(queue, &stopped, &progress));
    }
    // So that the workers hold the only receivers, and the walker's sends fail when they have left.
    drop(queue);
    let walker = {
        let stopped = stopped.clone();
        let feed = Feed { order, jobs, found: Vec::new(), bytes: 0 };
        go(move || walk(dir, feed, &stopped))
    };

    let printed = print_in_order(replies, &stopped, &progress);
    // This stops the others if printing failed. It fails if Ctrl-C was faster.
    let interrupted = stop.close().is_err();
    walker.join().expect("the walker panicked");
    workers.wait();
    progress.finish_and_clear();
    drop(running);
    match printed {
        _ if interrupted => ExitCode::from(130),
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => cannot_print(&error),
    }
}

/// The first stage: finds the files, in order. `None` if it was stopped.
fn walk(dir: Option<PathBuf>, mut feed: Feed, stopped: &Receiver<()>) -> Option<()> {
    let output = Output::new();
    let everything = dir.is_some();
    let mut current = dir.unwrap_or_else(|| PathBuf::from("."));
    let entries = WalkDir::new(&current)
        .follow_root_links(false)
        .sort_by(by_full_path)
        .into_iter()
        .filter_entry(|entry| everything || !is_left_out(entry));
    for entry in entries {
        if stopped.is_closed() {
            return None;
        }
        match entry {
            Ok(entry) if entry.file_type().is_dir() => current = entry.into_path(),
            Ok(entry) if entry.file_type().is_file() => match entry.metadata() {
                Ok(metadata) if output.is(&metadata) => feed.push(Found::Output(entry.into_path()), 0)?,
                Ok(metadata) => feed.push(Found::File(entry.into_path()), metadata.len())?,
                Err(error) => feed.push(failure(&error, &current), 0)?,
            },
            Ok(_) => {}
            Err(error) => feed.push(failure(&error, &current), 0)?,
        }
    }
    feed.flush()
}

/// What depth-first order must be for whole paths to come out sorted by their bytes: a directory counts as its name with
/// a separator, since that is how all paths in it go on. So `a.c` comes before `a/b`.
fn by_full_path(a: &DirEntry, b: &DirEntry) -> Ordering {
    let (x, y) = (a.file_name().as_encoded_bytes(), b.file_name().as_encoded_bytes());
    let common = x.len().min(y.len());
    let next = |entry: &DirEntry, name: &[u8]| {
        name.get(common).copied().or(entry.file_type().is_dir().then_some(MAIN_SEPARATOR as u8))
    };
    x[..common].cmp(&y[..common]).then_with(|| next(a, x).cmp(&next(b, y)))
}

/// An error of the walk. If it comes without a path, it is about reading the directory that came last.
fn failure(error: &walkdir::Error, current: &Path) -> Found {
    let path = error.path().unwrap_or(current);
    Found::Failure(match error.io_error() {
        Some(error) => format!("{path:?}: {error}"),
        None => format!("{path:?}: {error}"),
    })
}

fn is_left_out(entry: &DirEntry) -> bool {
    entry.depth() == 1 && entry.file_type().is_dir() && [".git", "target"].iter().any(|name| entry.file_name() == *name)
}

/// The walker's ends of the channels, and the batch that it is filling. `None` means that the others have left.
struct Feed {
    order: Sender<Receiver<Reply>>,
    jobs: Sender<Batch>,
    found: Vec<Found>,
    bytes: u64,
}

impl Feed {
    fn push(&mut self, found: Found, bytes: u64) -> Option<()> {
        // Small files must not wait for a large one behind them, which is then alone.
        if self.bytes + bytes > BATCH_BYTES {
            self.flush()?;
        }
        self.found.push(found);
        self.bytes += bytes;
        if self.found.len() < BATCH_FILES { Some(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Option<()> {
        if self.found.is_empty() {
            return Some(());
        }
        self.bytes = 0;
        let found = std::mem::take(&mut self.found);
        let (reply, receiver) = chan::bounded(1);
        self.order.send(receiver).ok()?;
        self.jobs.send(Batch { found, reply }).ok()
    }
}

/// The middle stage, of which several run: hashes the files of a batch. It stops by dropping the batch, reply and all.
fn work(queue: Receiver<Batch>, stopped: &Receiver<()>, progress: &ProgressBar) {
    let mut buffer = vec![0; CHUNK];
    for batch in queue {
        let mut reply = Reply::default();
        for found in batch.found {
            match found {
                Found::File(path) => match sha256(&path, &mut buffer, stopped, progress) {
                    Ok(Some(sum)) => write_line(&mut reply.sums, &sum, &path),
                    Ok(None) => return,
                    Err(error) => {
                        reply.messages.push(format!("{path:?}: {error}"));
                        reply.failed = true;
                    }
                },
                Found::Output(path) => reply.messages.push(format!("{path:?}: left out, the output goes there")),
                Found::Failure(message) => {
                    reply.messages.push(message);
                    reply.failed = true;
                }
            }
        }
        // Fails if the printer has left; then `stop` is closed, or about to be.
        let _ = batch.reply.send(reply);
    }
}

/// `None` if it was stopped.
fn sha256(
    path: &Path,
    buffer: &mut [u8],
    stopped: &Receiver<()>,
    progress: &ProgressBar,
) -> io::Result<Option<[u8; 32]>> {
    let mut file = open(path)?;
    let mut hash = Sha256::new();
    while !stopped.is_closed() {
        match file.read(buffer) {
            Ok(0) => return Ok(Some(hash.finalize().into())),
            Ok(n) => {
                hash.update(&buffer[..n]);
                progress.inc(n as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Opens what was a regular file when the walker saw it. If it is a named pipe now, opening must not wait for a writer.
fn open(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file any more")) }
}

/// One line as GNU `sha256sum` writes it: a name that would break the line is escaped, which a backslash in front of the
/// line says.
fn write_line(line: &mut Vec<u8>, sum: &[u8], path: &Path) {
    let path = path.as_os_str().as_encoded_bytes();
    if path.iter().any(|byte| b"\\\n\r".contains(byte)) {
        line.push(b'\\');
    }
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    line.extend(sum.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    line.extend(b"  ");
    for &byte in path {
        match byte {
            b'\\' => line.extend(br"\\"),
            b'\n' => line.extend(br"\n"),
            b'\r' => line.extend(br"\r"),
            _ => line.push(byte),
        }
    }
    line.push(b'\n');
}

/// The last stage: prints the replies in order. Whether there was no failure.
fn print_in_order(
    replies: Receiver<Receiver<Reply>>,
    stopped: &Receiver<()>,
    progress: &ProgressBar,
) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    let on_terminal = stdout.is_terminal();
    let mut success = true;
    for reply in replies {
        // Fails if the batch was dropped because of `stop`.
        let Ok(reply) = reply.recv() else { break };
        if stopped.is_closed() {
            break;
        }
        success &= !reply.failed;
        let mut write = || {
            reply.messages.iter().for_each(complain);
            stdout.write_all(&reply.sums)?;
            stdout.flush()
        };
        // What appears on the terminal too must not get into the progress line.
        if on_terminal || !reply.messages.is_empty() { progress.suspend(write)? } else { write()? }
    }
    Ok(success)
}

/// A progress line, unless it would be of no use or would get into the output of a command after a pipe.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() || Output::new().is_pipe() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {bytes} in {elapsed}, {bytes_per_sec}");
    ProgressBar::new_spinner().with_style(style.expect("the template is valid"))
}

/// Writes a message to stderr. If that fails there is nobody left to tell.
fn complain(message: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "digest: {message}");
}

fn say(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cannot_print(&error),
    }
}

fn cannot_print(error: &io::Error) -> ExitCode {
    // A reader that has seen enough needs no message.
    if error.kind() != io::ErrorKind::BrokenPipe {
        complain(format_args!("cannot write the output: {error}"));
    }
    ExitCode::FAILURE
}

/// What stdout is, where the platform tells.
struct Output(#[cfg(unix)] Option<Metadata>);

#[cfg(unix)]
impl Output {
    fn new() -> Output {
        let stdout = io::stdout().as_fd().try_clone_to_owned();
        Output(stdout.and_then(|stdout| File::from(stdout).metadata()).ok())
    }

    /// Whether it is this regular file.
    fn is(&self, file: &Metadata) -> bool {
        self.0.as_ref().is_some_and(|output| (output.dev(), output.ino()) == (file.dev(), file.ino()))
    }

    fn is_pipe(&self) -> bool {
        self.0.as_ref().is_some_and(|output| output.file_type().is_fifo() || output.file_type().is_socket())
    }
}

#[cfg(not(unix))]
impl Output {
    fn new() -> Output {
        Output()
    }

    fn is(&self, _: &Metadata) -> bool {
        false
    }

    fn is_pipe(&self) -> bool {
        !io::stdout().is_terminal()
    }
}
