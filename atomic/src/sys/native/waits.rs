//! Who waits where, and whether anybody is left to wake them: feature `deadlock`.
//!
//! Every sleep of every primitive is a [`Futex::wait`](super::Futex::wait). With this feature such a sleep stands in a list
//! while it lasts: its thread, its word, the value that the word must keep for the sleep to go on, whether it has a
//! deadline, and what the public operation was and where it was called, which [`Waits::enter`] has noted in the thread.
//!
//! # When it is a deadlock
//!
//! A sleep without a deadline is cut into slices. At the end of one, the thread whose sleep is the oldest of all looks:
//!
//! 1. no sleep has a deadline;
//! 2. there are as many sleeps as the process has threads;
//! 3. every word has the value that its sleep was begun with.
//!
//! Then no thread can ever run on. By 2, at the instant at which the kernel has counted the threads, each of them was in
//! the list, for a thread leaves the list before it goes on, which takes the lock that the looker holds. So since then none
//! has done anything but sleep, return from its sleep, or look at its word again; all of these leave words alone; and by 3
//! none of them finds anything new in its word. What a word says is all that a sleeper acts on. A thread that
//! was woken and has not run yet is no exception: its word was changed before the wake-up was sent, or, if it was changed
//! back since, it goes to sleep again.
//!
//! A thread that is not in the list, because it computes, reads a file, sleeps, or waits by something that is not gosync's,
//! makes 2 false, as does any thread of another library, such as an executor's. So there are no false reports, but missed
//! ones: where such a thread exists, and where the platform does not say how many threads there are (anywhere but on Linux).
//! What runs without a thread is not seen: a signal handler that wakes somebody.
//!
//! # Invariants
//!
//! 1. A `Sleep` is in the list from `join` to `leave`, which its own thread calls in one function that does not unwind
//!    in between; so it stays where it is meanwhile, and its word lives. Nor could whoever called that function unwind from it, with
//!    a node of its own in a queue. So what a user has set to be done with a report, which is done in between, ends the process if it
//!    panics.
//! 2. Links and fields of sleeps are read and written under the lock of the list only.
//!
//! Nothing is allocated under the lock of the list: who waits may be inside of the allocator.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write as _};
use std::panic::{Location, catch_unwind};
use std::process::abort;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a sleep lasts before its thread may look, in nanoseconds. A deadlock is reported after one to two of them.
static SLICE: AtomicU64 = AtomicU64::new(250_000_000);

/// Sets that, so that tests have many looks.
pub fn set_slice(nanoseconds: u64) {
    SLICE.store(nanoseconds, Ordering::Relaxed);
}

/// What a thread does at the moment, as it was called from outside.
#[derive(Clone, Copy)]
struct Operation {
    what: &'static str,
    at: &'static Location<'static>,
}

thread_local! {
    // No destructor, so there is no time in the life of a thread at which it cannot be used.
    static OPERATION: Cell<Option<Operation>> = const { Cell::new(None) };
}

/// What the calling thread does, and where it was called.
#[cfg(feature = "synctest")]
pub(super) fn operation() -> Option<(&'static str, &'static Location<'static>)> {
    OPERATION.get().map(|operation| (operation.what, operation.at))
}

/// While it lives, the thread's sleeps are said to be of this operation.
#[derive(Debug)]
pub struct Waits {
    is_outermost: bool,
}

impl Waits {
    /// Notes what the thread does from here on, unless it is part of something that was noted.
    #[must_use]
    pub fn enter(what: &'static str, at: &'static Location<'static>) -> Waits {
        let is_outermost = OPERATION.get().is_none();
        if is_outermost {
            OPERATION.set(Some(Operation { what, at }));
        }
        Waits { is_outermost }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        if self.is_outermost {
            OPERATION.set(None);
        }
    }
}

/// A sleep: a node of the list, on the stack of the thread that sleeps.
struct Sleep {
    thread: u32,
    operation: Option<Operation>,
    since: Instant,
    deadline: Option<Instant>,
    word: *const AtomicU32,
    expected: u32,
    /// Whether this one has been in a report.
    reported: bool,
    older: Option<NonNull<Sleep>>,
    younger: Option<NonNull<Sleep>>,
}

/// All sleeps, the oldest first.
struct Sleeps {
    oldest: Option<NonNull<Sleep>>,
    youngest: Option<NonNull<Sleep>>,
    len: usize,
}

// SAFETY: what it points to is used under the lock that it is in, from whichever thread (invariant 2).
unsafe impl Send for Sleeps {}

static SLEEPS: Mutex<Sleeps> = Mutex::new(Sleeps { oldest: None, youngest: None, len: 0 });

fn sleeps() -> MutexGuard<'static, Sleeps> {
    // Nothing panics under the lock, but a hook for panics might end up here.
    SLEEPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sleeps by `sleep`, which is told how long at most, while the word is `expected`; in the list meanwhile. May return for
/// no reason; `false` once the deadline has passed.
pub(super) fn listed(
    word: &AtomicU32,
    expected: u32,
    deadline: Option<Instant>,
    mut sleep: impl FnMut(Duration),
) -> bool {
    let since = Instant::now();
    let left = deadline.map(|deadline| deadline.saturating_duration_since(since));
    if left.is_some_and(|left| left.is_zero()) {
        return false;
    }
    let mut node = Sleep {
        thread: thread_number(),
        operation: OPERATION.get(),
        since,
        deadline,
        word,
        expected,
        reported: false,
        older: None,
        younger: None,
    };
    let node = NonNull::from(&mut node);
    join(node);
    match left {
        Some(left) => sleep(left),
        None => loop {
            let start = Instant::now();
            let slice = Duration::from_nanos(SLICE.load(Ordering::Relaxed));
            sleep(slice);
            // Relaxed: the caller looks again.
            if start.elapsed() < slice || word.load(Ordering::Relaxed) != expected {
                break;
            }
            look(node);
        },
    }
    leave(node);
    true
}

fn join(mut node: NonNull<Sleep>) {
    let mut sleeps = sleeps();
    let older = sleeps.youngest.replace(node);
    match older {
        // SAFETY: it is in the list, so it is there (invariant 1), and this is under the lock (2).
        Some(mut older) => unsafe { older.as_mut() }.younger = Some(node),
        None => sleeps.oldest = Some(node),
    }
    // SAFETY: it is the caller's own, and this is under the lock (2).
    unsafe { node.as_mut() }.older = older;
    sleeps.len += 1;
}

fn leave(node: NonNull<Sleep>) {
    let mut sleeps = sleeps();
    // SAFETY: it is the caller's own, and this is under the lock (2).
    let Sleep { older, younger, .. } = *unsafe { node.as_ref() };
    match older {
        // SAFETY: it is in the list, so it is there (invariant 1), and this is under the lock (2).
        Some(mut older) => unsafe { older.as_mut() }.younger = younger,
        None => sleeps.oldest = younger,
    }
    match younger {
        // SAFETY: as above.
        Some(mut younger) => unsafe { younger.as_mut() }.older = older,
        None => sleeps.youngest = older,
    }
    sleeps.len -= 1;
}

impl Sleeps {
    fn iter(&self) -> impl Iterator<Item = NonNull<Sleep>> + use<> {
        // SAFETY: it is in the list, so it is there (invariant 1), and `self` is under the lock (2).
        std::iter::successors(self.oldest, |node| unsafe { node.as_ref() }.younger)
    }

    /// Whether nobody can wake any of them; see the head of this file.
    fn are_for_ever(&self) -> bool {
        // SAFETY: as in `iter`.
        let without_deadline = |node: NonNull<Sleep>| unsafe { node.as_ref() }.deadline.is_none();
        let is_unchanged = |node: NonNull<Sleep>| {
            // SAFETY: as in `iter`.
            let node = unsafe { node.as_ref() };
            // SAFETY: the word of a sleep in the list lives (invariant 1).
            let word = unsafe { &*node.word };
            // Acquire: sees what was written before any change that it sees; 2 has ruled out later ones.
            word.load(Ordering::Acquire) == node.expected
        };
        self.iter().all(without_deadline) && threads() == Some(self.len) && self.iter().all(is_unchanged)
    }

    /// Whether there is a sleep that has not been in a report.
    fn has_news(&self) -> bool {
        // SAFETY: as in `iter`.
        self.iter().any(|node| !unsafe { node.as_ref() }.reported)
    }

    /// Notes that all of them have been in one; whether that is news.
    fn mark_reported(&self) -> bool {
        let mark = |mut node: NonNull<Sleep>| {
            // SAFETY: as in `iter`.
            !std::mem::replace(&mut unsafe { node.as_mut() }.reported, true)
        };
        self.iter().fold(false, |is_news, node| mark(node) | is_news)
    }

    /// Who waits, if there is room for all of them; but for the threads' names.
    fn copy_to(&self, entries: &mut Vec<Waiting>) -> bool {
        let entry = |node: NonNull<Sleep>| {
            // SAFETY: as in `iter`.
            let node = unsafe { node.as_ref() };
            Waiting {
                thread: node.thread,
                name: None,
                what: node.operation.map(|operation| operation.what),
                at: node.operation.map(|operation| operation.at),
                since: node.since,
                deadline: node.deadline,
            }
        };
        let has_room = entries.capacity() >= self.len;
        if has_room {
            entries.extend(self.iter().map(entry));
        }
        has_room
    }
}

/// Who waits, provided that `is_wanted`, which is asked under the lock.
fn snapshot(is_wanted: impl Fn(&Sleeps) -> bool) -> Option<Report> {
    let mut entries = Vec::new();
    loop {
        let sleeps = sleeps();
        if !is_wanted(&sleeps) {
            return None;
        }
        if sleeps.copy_to(&mut entries) {
            drop(sleeps);
            entries.iter_mut().for_each(|entry| entry.name = thread_name(entry.thread));
            return Some(Report(entries));
        }
        // Without the lock.
        let len = sleeps.len;
        drop(sleeps);
        entries.reserve(len + 8);
    }
}

/// Looks whether all sleep for ever, if `node` is the oldest, and says so once. Does not unwind: invariant 1.
fn look(node: NonNull<Sleep>) {
    let told = catch_unwind(|| {
        let report = snapshot(|sleeps| sleeps.oldest == Some(node) && sleeps.are_for_ever() && sleeps.has_news());
        if let Some(report) = report.filter(|_| sleeps().mark_reported()) {
            tell(&report);
        }
    });
    if told.is_err() {
        // It was reported by the hook for panics.
        abort();
    }
}

fn tell(report: &Report) {
    let hook = HOOK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(hook) = hook else {
        // There may be nobody to be told.
        _ = writeln!(io::stderr(), "fatal error: all goroutines are asleep - deadlock!\n\n{report}");
        abort();
    };
    hook(report);
}

type Hook = Arc<dyn Fn(&Report) + Send + Sync>;

static HOOK: Mutex<Option<Hook>> = Mutex::new(None);

/// Sets what is called instead of an abort, on the thread that has slept longest.
pub fn set_hook(hook: Hook) {
    replace_hook(Some(hook));
}

/// Goes back to the abort.
pub fn clear_hook() {
    replace_hook(None);
}

fn replace_hook(hook: Option<Hook>) {
    let old = std::mem::replace(&mut *HOOK.lock().unwrap_or_else(PoisonError::into_inner), hook);
    // Without the lock: what it owns is a user's.
    drop(old);
}

/// Who waits at the moment.
#[must_use]
pub fn dump() -> Report {
    snapshot(|_| true).unwrap_or_else(|| unreachable!("it is wanted"))
}

/// A thread that waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Waiting {
    /// The system's number for the thread; on other platforms than Linux one of ours.
    pub thread: u32,
    /// The thread's name, where the system tells, as far as it keeps it.
    pub name: Option<String>,
    /// What it waits for.
    pub what: Option<&'static str>,
    /// Where it was called.
    pub at: Option<&'static Location<'static>>,
    /// When its sleep began. A wait may sleep several times.
    pub since: Instant,
    /// When it gives up.
    pub deadline: Option<Instant>,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {}", self.thread)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        write!(f, ": {}", self.what.unwrap_or("waits"))?;
        if let Some(at) = self.at {
            write!(f, " at {at}")?;
        }
        let now = Instant::now();
        write!(f, ", for {:.1} s", now.saturating_duration_since(self.since).as_secs_f64())?;
        match self.deadline {
            Some(deadline) => write!(f, ", {:.1} s left", deadline.saturating_duration_since(now).as_secs_f64()),
            None => Ok(()),
        }
    }
}

/// All threads that wait, those that began to sleep first in front. `Display` has a line for each.
#[derive(Clone, Debug)]
pub struct Report(Vec<Waiting>);

impl Report {
    /// The threads.
    #[must_use]
    pub fn waiting(&self) -> &[Waiting] {
        &self.0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|waiting| writeln!(f, "{waiting}"))
    }
}

/// The calling thread's number.
#[cfg(target_os = "linux")]
fn thread_number() -> u32 {
    // SAFETY: no preconditions.
    unsafe { libc::gettid() }.unsigned_abs()
}

/// The calling thread's number.
#[cfg(not(target_os = "linux"))]
fn thread_number() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    thread_local! { static NUMBER: Cell<u32> = const { Cell::new(0) } }
    if NUMBER.get() == 0 {
        // Relaxed: only that they differ matters.
        NUMBER.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
    }
    NUMBER.get()
}

/// As much of a file as there is room for.
#[cfg(target_os = "linux")]
fn head_of<'a>(path: &str, room: &'a mut [u8]) -> Option<&'a str> {
    use std::io::Read;
    let len = std::fs::File::open(path).ok()?.read(room).ok()?;
    std::str::from_utf8(&room[..len]).ok()
}

/// The number of threads of this process at one instant, where the system tells.
#[cfg(target_os = "linux")]
fn threads() -> Option<usize> {
    // The 20th field; the second is a name in parentheses, which may have anything in it.
    head_of("/proc/self/stat", &mut [0; 1024])?.rsplit_once(')')?.1.split_whitespace().nth(17)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn threads() -> Option<usize> {
    None
}

#[cfg(target_os = "linux")]
fn thread_name(thread: u32) -> Option<String> {
    Some(head_of(&format!("/proc/self/task/{thread}/comm"), &mut [0; 64])?.trim_end().to_owned())
}

#[cfg(not(target_os = "linux"))]
fn thread_name(_thread: u32) -> Option<String> {
    None
}
