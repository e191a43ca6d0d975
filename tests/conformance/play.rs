//! A case as it is played, and what it notes: the twin of `go/main.go`.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A line of `golden/cases.txt`.
pub(crate) struct Case {
    pub(crate) name: String,
    run: Box<dyn Fn(&mut Play) + Send + Sync>,
}

pub(crate) fn case(name: impl Into<String>, run: impl Fn(&mut Play) + Send + Sync + 'static) -> Case {
    Case { name: name.into(), run: Box::new(run) }
}

impl Case {
    /// What it notes, with a limit to how long an operation may take before it counts as blocked.
    pub(crate) fn play(&self, pause: Duration) -> String {
        let mut play = Play { pause, out: Vec::new() };
        (self.run)(&mut play);
        play.out.join("; ")
    }
}

/// One run of a case.
pub(crate) struct Play {
    pause: Duration,
    out: Vec<String>,
}

impl Play {
    pub(crate) fn say(&mut self, what: impl Display) {
        self.out.push(what.to_string());
    }

    /// Notes what an operation of this thread does, which does not block.
    pub(crate) fn run(&mut self, operation: impl FnOnce() -> String) {
        self.say(fails(operation));
    }

    /// Starts an operation on a thread of its own, and lets it come to its end or to where it blocks. One that blocks for
    /// good stays there.
    pub(crate) fn start(&self, operation: impl FnOnce() -> String + Send + 'static) -> Task {
        let task = Task(Arc::default());
        let done = Arc::clone(&task.0);
        thread::Builder::new()
            .name(PLAYER.to_owned())
            .spawn(move || {
                let result = fails(operation);
                *done.0.lock().unwrap() = Some(result);
                done.1.notify_all();
            })
            .unwrap();
        task.result(self.pause);
        task
    }

    pub(crate) fn start_all(
        &self,
        n: usize,
        operation: impl Fn(usize) -> String + Clone + Send + 'static,
    ) -> Vec<Task> {
        let start = |i| {
            let operation = operation.clone();
            self.start(move || operation(i))
        };
        (0..n).map(start).collect()
    }

    /// Notes what tasks did.
    pub(crate) fn see<'a>(&mut self, tasks: impl IntoIterator<Item = &'a Task>) {
        for task in tasks {
            self.say(task.result(self.pause).unwrap_or_else(|| "blocks".to_owned()));
        }
    }

    /// Plays a round many times, and notes all that happened, sorted.
    pub(crate) fn choices(&mut self, round: impl Fn() -> String) {
        let mut seen: Vec<_> = (0..200).map(|_| fails(&round)).collect();
        seen.sort();
        seen.dedup();
        self.say(seen.join(" | "));
    }
}

/// An operation on a thread of its own.
pub(crate) struct Task(Arc<(Mutex<Option<String>>, Condvar)>);

impl<'a> IntoIterator for &'a Task {
    type Item = &'a Task;
    type IntoIter = std::iter::Once<&'a Task>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

impl Task {
    fn result(&self, pause: Duration) -> Option<String> {
        let end = Instant::now() + pause;
        let mut result = self.0.0.lock().unwrap();
        while result.is_none() {
            let left = end.checked_duration_since(Instant::now())?;
            result = self.0.1.wait_timeout(result, left).unwrap().0;
        }
        result.clone()
    }
}

/// The name of the threads whose panics are results: the hook is silent about them.
pub(crate) const PLAYER: &str = "player";

/// Runs an operation; what it returns, or what it panicked with.
pub(crate) fn fails(operation: impl FnOnce() -> String) -> String {
    catch_unwind(AssertUnwindSafe(operation)).unwrap_or_else(|payload| format!("fails: {}", text(&*payload)))
}

fn text(payload: &(dyn Any + Send)) -> String {
    let texts = (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>(), payload.downcast_ref::<i32>());
    match texts {
        (Some(text), ..) => (*text).to_owned(),
        (_, Some(text), _) => text.clone(),
        (.., Some(number)) => number.to_string(),
        _ => "?".to_owned(),
    }
}

/// An error in the normal form.
pub(crate) fn failed(error: impl Display) -> String {
    format!("fails: {error}")
}
