//! Counts the lines, words and bytes of every file below a directory, in the manner of `wc`, sorted by path:
//!
//! ```console
//! $ cargo run --release --features async --example bridge src
//! ```
//!
//! Tasks are for waiting, threads for computing. So tasks read the files, and threads count, with channels between them
//! that both sides use as they are:
//!
//! ```text
//!        paths             files              counts
//! walk ─────────► read, N ─────────► count, M ─────────► collect
//! thread          tasks              threads             task
//! ```
//!
//! A thread calls `send` and `recv`, a task `send_async` and `recv_async`; they share one queue. The channels are
//! bounded: if counting is slow, the readers' sends wait, without a thread each, and then the walk does. What is in memory
//! are the files that are being read, that wait in the channel, and that are being counted.
//!
//! It ends from the front: the walk drops its sender, the readers see the end of `paths` and drop theirs, and so on. An end
//! from the back works as well: when the collector leaves, every send fails.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use gosync::chan::{Receiver, Sender, bounded};
use walkdir::{DirEntry, WalkDir};

/// So many tasks read at the same time: more than threads, because they wait for the disk.
const READERS: usize = 16;
/// So many files may wait for a thread.
const WAITING: usize = 8;

/// What is known of a file in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) words: u64,
    pub(crate) bytes: u64,
}

impl Counts {
    /// Counts bytes: a line is what ends with a newline, a word whatever stands between spaces of ASCII.
    pub(crate) fn of(text: &[u8]) -> Counts {
        let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
        Counts {
            lines: text.iter().filter(|&&byte| byte == b'\n').count() as u64,
            words: text.split(space).filter(|word| !word.is_empty()).count() as u64,
            bytes: text.len() as u64,
        }
    }

    fn add(&mut self, other: Counts) {
        self.lines += other.lines;
        self.words += other.words;
        self.bytes += other.bytes;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8} {:>8} {:>9}", self.lines, self.words, self.bytes)
    }
}

/// All results, in the order of the output.
pub(crate) type Results = BTreeMap<PathBuf, io::Result<Counts>>;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let dir = match &args[..] {
        [] => None,
        [dir] if !dir.as_encoded_bytes().starts_with(b"-") => Some(Path::new(dir)),
        _ => {
            eprintln!("Usage: bridge [DIR]\n\nWithout DIR: the current directory, without .git and target in it.");
            return ExitCode::from(2);
        }
    };
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    match count_all(dir, threads).and_then(|results| print(&results, &mut io::stdout().lock())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bridge: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the pipeline, is its last stage, and takes it down.
pub(crate) fn count_all(dir: Option<&Path>, threads: usize) -> io::Result<Results> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let (path, paths) = bounded(READERS);
    let (file, files) = bounded(WAITING);
    let (count, counts) = bounded(WAITING);
    thread::scope(|s| {
        s.spawn(move || walk(dir, &path));
        for _ in 0..READERS {
            runtime.spawn(read(paths.clone(), file.clone()));
        }
        for _ in 0..threads.max(1) {
            let (files, count) = (files.clone(), count.clone());
            s.spawn(move || work(&files, &count));
        }
        // What this thread keeps would keep the channels from ending.
        drop((paths, file, files, count));
        Ok(runtime.block_on(collect(counts)))
    })
}

/// The first stage, a thread: finds the files.
fn walk(dir: Option<&Path>, paths: &Sender<io::Result<PathBuf>>) {
    let leave_out = |entry: &DirEntry| {
        dir.is_none() && entry.depth() == 1 && [".git", "target"].iter().any(|name| entry.file_name() == *name)
    };
    let entries = WalkDir::new(dir.unwrap_or(Path::new("."))).into_iter().filter_entry(|entry| !leave_out(entry));
    for entry in entries {
        let path = match entry {
            Ok(entry) if entry.file_type().is_file() => Ok(entry.into_path()),
            Ok(_) => continue,
            Err(error) => Err(error.into()),
        };
        if paths.send(path).is_err() {
            return;
        }
    }
}

/// The second stage, a task: reads files. A failure goes the way of a file.
async fn read(paths: Receiver<io::Result<PathBuf>>, files: Sender<(PathBuf, io::Result<Vec<u8>>)>) {
    while let Ok(path) = paths.recv_async().await {
        let file = match path {
            Ok(path) => {
                let text = tokio::fs::read(&path).await;
                (path, text)
            }
            // The message says which.
            Err(error) => (PathBuf::new(), Err(error)),
        };
        if files.send_async(file).await.is_err() {
            return;
        }
    }
}

/// The third stage, a thread: counts.
fn work(files: &Receiver<(PathBuf, io::Result<Vec<u8>>)>, counts: &Sender<(PathBuf, io::Result<Counts>)>) {
    for (path, text) in files {
        if counts.send((path, text.map(|text| Counts::of(&text)))).is_err() {
            return;
        }
    }
}

/// The last stage, a task: waits for the results.
async fn collect(counts: Receiver<(PathBuf, io::Result<Counts>)>) -> Results {
    let mut results = Results::new();
    while let Ok((path, count)) = counts.recv_async().await {
        results.insert(path, count);
    }
    results
}

/// Prints a line for each file and the sum. Whether there was no failure.
pub(crate) fn print(results: &Results, out: &mut impl Write) -> io::Result<bool> {
    let mut total = Counts::default();
    let mut success = true;
    for (path, counts) in results {
        match counts {
            Ok(counts) => {
                total.add(*counts);
                writeln!(out, "{counts} {}", path.display())?;
            }
            Err(error) => {
                success = false;
                eprintln!("bridge: {}: {error}", path.display());
            }
        }
    }
    writeln!(out, "{total} total")?;
    Ok(success)
}
