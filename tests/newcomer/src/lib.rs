//! Counts words: by a pool of workers, from two sources until it is told to stop, and until its time is up.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use gosync::chan::{self, Receiver, SendError};
use gosync::context::{Context, ContextError};
use gosync::{select, Mutex, WaitGroup};

struct Job {
    line: usize,
    text: &'static str,
}

/// The number of words of each line, by three workers.
pub fn pool(text: &'static str) -> Result<BTreeMap<usize, usize>, Box<dyn Error>> {
    let (jobs, queue) = chan::bounded(4);
    let counts = Arc::new(Mutex::new(BTreeMap::new()));
    let workers = Arc::new(WaitGroup::new());
    for _ in 0..3 {
        let (queue, counts) = (queue.clone(), counts.clone());
        workers.go(move || {
            for Job { line, text } in queue {
                counts.lock().insert(line, text.split_whitespace().count());
            }
        });
    }
    for (line, text) in text.lines().enumerate() {
        jobs.send(Job { line, text })?;
    }
    jobs.close()?;
    workers.wait();
    let counts = counts.lock().clone();
    Ok(counts)
}

/// Why [`merge`] has ended.
#[derive(Debug, PartialEq)]
pub enum End {
    /// Both sources are closed.
    Drained,
    Stopped,
}

/// What comes from two sources, until both have ended or it is to stop.
pub fn merge<T>(a: &Receiver<T>, b: &Receiver<T>, stop: &Receiver<()>, mut each: impl FnMut(T)) -> End {
    let (mut a, mut b) = (Some(a), Some(b));
    while a.is_some() || b.is_some() {
        select! {
            recv(a) -> value => match value {
                Ok(value) => each(value),
                Err(_) => a = None,
            },
            recv(b) -> value => match value {
                Ok(value) => each(value),
                Err(_) => b = None,
            },
            recv(stop) -> _ => return End::Stopped,
        }
    }
    End::Drained
}

/// Numbers, until nobody wants them any more or the context ends.
pub fn count(ctx: &Context) -> Receiver<u64> {
    let (tx, rx) = chan::bounded(0);
    let ctx = ctx.clone();
    gosync::go(move || {
        for n in 0.. {
            select! {
                send(tx, n) -> sent => if let Err(SendError(_)) = sent { return },
                recv(ctx.done()) -> _ => return,
            }
        }
    });
    rx
}

/// Waits for the answer, for so long.
pub fn ask(ctx: &Context, answer: &Receiver<u64>, patience: Duration) -> Result<u64, ContextError> {
    let (ctx, _cancel) = ctx.with_timeout(patience);
    select! {
        recv(answer) -> answer => Ok(answer.unwrap_or(0)),
        recv(ctx.done()) -> _ => Err(ctx.err().unwrap()),
    }
}

#[cfg(test)]
mod tests {
    use gosync::go;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_pool() {
        let counts = pool("a\nb c\n\nd e f").unwrap();
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [1, 2, 0, 3]);
    }

    #[test]
    fn a_select_loop_that_drains() {
        let ((ta, a), (tb, b)) = (chan::bounded(0), chan::unbounded());
        let (_running, stop) = chan::bounded(0);
        go(move || (0..10).for_each(|n| ta.send(n).unwrap()));
        go(move || (10..20).for_each(|n| tb.send(n).unwrap()));
        let mut all = Vec::new();
        assert_eq!(merge(&a, &b, &stop, |n| all.push(n)), End::Drained);
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn a_select_loop_that_is_stopped() {
        let ((_ta, a), (_tb, b)) = (chan::bounded::<u8>(1), chan::bounded(1));
        let (running, stop) = chan::bounded(0);
        let merged = go(move || merge(&a, &b, &stop, |_| ()));
        running.close().unwrap();
        assert_eq!(merged.join().unwrap(), End::Stopped);
    }

    #[test]
    fn a_context() {
        let (ctx, cancel) = Context::background().with_cancel();
        let numbers = count(&ctx);
        assert_eq!(numbers.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(ask(&ctx, &numbers, LONG), Ok(3));
        cancel.cancel();
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
        assert!(numbers.iter().all(|n| n > 3), "it ends");
    }

    #[test]
    fn a_timeout() {
        let (_answering, answer) = chan::bounded(0);
        let background = Context::background();
        assert_eq!(ask(&background, &answer, Duration::from_millis(10)), Err(ContextError::DeadlineExceeded));
        let (parent, cancel) = background.with_cancel();
        go(move || cancel.cancel());
        assert_eq!(ask(&parent, &answer, LONG), Err(ContextError::Canceled));
    }
}
