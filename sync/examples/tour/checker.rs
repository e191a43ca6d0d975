//! The model checker: runs a small program in all the ways that the memory model allows, and says whether one goes wrong.
//!
//! In safe Rust most of the mistakes do not compile. So the programs here are written on loom's types: its threads, its
//! atomics, and [`Plain`], a variable that is not protected, as all of Go's are. Loom decides who runs next and which of
//! the values that may be seen is seen, and does that again until it has tried everything.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::cell::UnsafeCell;

/// An ordinary variable, which threads may use as they like; loom reports those that do it at the same time.
pub(crate) struct Plain<T>(UnsafeCell<T>);

// SAFETY: loom checks every access, and ends the program at the first that meets another.
unsafe impl<T: Send> Sync for Plain<T> {}

impl<T: Copy> Plain<T> {
    pub(crate) fn new(value: T) -> Plain<T> {
        Plain(UnsafeCell::new(value))
    }

    pub(crate) fn get(&self) -> T {
        // SAFETY: loom has ended the program if another thread may write meanwhile.
        self.0.with(|value| unsafe { *value })
    }

    pub(crate) fn set(&self, value: T) {
        // SAFETY: loom has ended the program if another thread may use it meanwhile.
        self.0.with_mut(|place| unsafe { *place = value });
    }
}

/// What became of a program.
pub(crate) struct Verdict {
    executions: usize,
    problem: Option<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Some(problem) => write!(f, "{problem} (in execution {})", self.executions),
            None => write!(f, "holds in all executions ({})", self.executions),
        }
    }
}

/// The name of the threads that models run in; what panics there is no news.
const MODEL: &str = "model";

/// Runs the program in all ways, or until one goes wrong.
pub(crate) fn check(program: fn()) -> Verdict {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() != Some(MODEL) {
                hook(info);
            }
        }));
    });
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&executions);
    // A thread of its own: what loom keeps in the thread is in no order after a panic.
    let thread = std::thread::Builder::new().name(MODEL.to_owned()).spawn(move || {
        let run = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            program();
        };
        panic::catch_unwind(AssertUnwindSafe(|| loom::model(run))).err().map(|panic| text(&*panic))
    });
    let problem = thread.expect("the system has a thread for the model").join().expect("its panic was caught");
    Verdict { executions: executions.load(Ordering::Relaxed), problem }
}

/// The first line of a panic's message that says something.
fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let mut lines = text.unwrap_or("a panic without a text").lines().filter(|line| !line.trim().is_empty());
    lines.next().unwrap_or("a panic with an empty text").to_owned()
}
