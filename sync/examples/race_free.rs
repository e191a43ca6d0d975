//! Three counters without a data race, and a map that one thread owns: share memory by communicating, or guard it.
//!
//! ```console
//! $ cargo run --release --example race_free
//! ```
//!
//! What several threads do with one variable has to be ordered, or it is a data race; in Go that is a bug that the race
//! detector may find, in Rust a program that does not compile. There are three ways to order it:
//!
//! | | who changes the number | in what order |
//! | --- | --- | --- |
//! | [`with_mutex`] | every thread, inside of a lock | an unlock happens before the next lock |
//! | [`with_atomic`] | every thread, in one step | all operations are in one order |
//! | [`with_channel`] | the one thread that owns it | a send happens before its receive |
//!
//! For a number the atomic is the shortest, and the fastest where threads seldom meet. (Where they always do, as here, the mutex may be
//! faster: a thread that runs takes it many times in a row, while an atomic's cache line moves for nearly every addition.) A lock also
//! works for what is not a number. A channel is for data that has an owner: [`words`] has a map without a lock, because only one thread
//! ever touches it, and the others ask.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use gosync::atomic::Int64;
use gosync::chan::{self, Sender};
use gosync::{Mutex, WaitGroup, go};

/// A lock around the number.
pub(crate) fn with_mutex(threads: usize, times: usize) -> i64 {
    let count = Arc::new(Mutex::new(0));
    in_threads(threads, || {
        let count = Arc::clone(&count);
        move || (0..times).for_each(|_| *count.lock() += 1)
    });
    let count = count.lock();
    *count
}

/// A number that changes in one step.
pub(crate) fn with_atomic(threads: usize, times: usize) -> i64 {
    let count = Arc::new(Int64::new(0));
    in_threads(threads, || {
        let count = Arc::clone(&count);
        move || (0..times).for_each(|_| _ = count.add(1))
    });
    count.load()
}

/// A number that nobody else can reach: what it is to become comes through a channel.
pub(crate) fn with_channel(threads: usize, times: usize) -> i64 {
    let (additions, queue) = chan::bounded(64);
    let owner = go(move || queue.iter().sum());
    in_threads(threads, || {
        let additions = additions.clone();
        move || (0..times).for_each(|_| additions.send(1).expect("the owner stays until all senders have gone"))
    });
    // That ends the owner's loop.
    drop(additions);
    owner.join().expect("it does not panic")
}

/// Runs so many threads to their end.
fn in_threads<F: FnOnce() + Send + 'static>(threads: usize, thread: impl Fn() -> F) {
    let group = Arc::new(WaitGroup::new());
    (0..threads).for_each(|_| group.go(thread()));
    group.wait();
}

/// What the owner of the map is asked to do.
enum Request {
    /// Count this word.
    Count(String),
    /// Tell how often this word was counted so far. The answer goes where the second says.
    Ask(String, Sender<usize>),
}

/// Starts the thread that owns a map of words, and returns the way to it. When all senders have gone, so does the thread; it
/// returns the map.
fn words() -> (Sender<Request>, gosync::JoinHandle<BTreeMap<String, usize>>) {
    let (requests, queue) = chan::bounded(16);
    let owner = go(move || {
        let mut map = BTreeMap::new();
        for request in queue {
            match request {
                Request::Count(word) => *map.entry(word).or_default() += 1,
                // Who asked may have gone, which is no matter.
                Request::Ask(word, answer) => _ = answer.try_send(map.get(&word).copied().unwrap_or(0)),
            }
        }
        map
    });
    (requests, owner)
}

/// Counts the words of each text in a thread of its own; the map at the end.
pub(crate) fn count_words(texts: &[&'static str]) -> BTreeMap<String, usize> {
    let (requests, owner) = words();
    let group = Arc::new(WaitGroup::new());
    for &text in texts {
        let requests = requests.clone();
        group.go(move || {
            for word in text.split_whitespace() {
                requests.send(Request::Count(word.to_lowercase())).expect("the owner stays");
                // This thread's own requests are answered in their order, so this word has been counted.
                let (answer, answers) = chan::bounded(1);
                requests.send(Request::Ask(word.to_lowercase(), answer)).expect("the owner stays");
                assert!(answers.recv().expect("the owner answers") > 0);
            }
        });
    }
    group.wait();
    drop(requests);
    owner.join().expect("it does not panic")
}

const TEXTS: [&str; 3] = [
    "do not communicate by sharing memory",
    "share memory by communicating",
    "the owner has the memory and the others have a channel to the owner",
];

/// A way for so many threads to count so many times each; the number at the end.
type Way = fn(usize, usize) -> i64;

/// Counts in each way, and prints how far it came and how long it took; and then the words.
pub(crate) fn run(threads: usize, times: usize, out: &mut impl Write) -> io::Result<()> {
    let ways: [(&str, Way); 3] = [("mutex", with_mutex), ("atomic", with_atomic), ("channel", with_channel)];
    for (name, way) in ways {
        let start = Instant::now();
        let count = way(threads, times);
        let each = start.elapsed().as_nanos() / (threads * times).max(1) as u128;
        writeln!(out, "{name:<8} {count:>8}  {each} ns each")?;
    }
    for (word, count) in count_words(&TEXTS).iter().filter(|(_, count)| **count > 1) {
        writeln!(out, "{word:<8} {count:>8}")?;
    }
    Ok(())
}

#[allow(dead_code, reason = "the tests have this file as a module")]
fn main() -> io::Result<()> {
    run(4, 100_000, &mut io::stdout().lock())
}
