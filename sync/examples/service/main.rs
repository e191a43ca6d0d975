//! A small service: a pool of workers that gets its jobs at a limited rate, stops when it is told to, and finishes what it
//! has begun. The port of [`service.go`](service.go), function by function.
//!
//! ```console
//! $ cargo run --release --example service
//! $ sync/examples/service/compare    # both, where there is a Go, and whether they print the same
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use gosync::chan::{self, Ticker};
use gosync::context::{Cause, ContextError, error_as};
use gosync::errgroup::Group;
use gosync::{Context, select};

const WORKERS: usize = 3;

/// What a job comes to.
type Outcome = Result<usize, Box<dyn Error + Send + Sync>>;

/// Hands out the jobs 1 to n, one per tick, until there are no more, one has failed, or `ctx` is done. Those that were
/// handed out are finished.
fn serve<F>(ctx: &Context, n: usize, work: F) -> (Vec<usize>, Result<(), Cause>)
where
    F: Fn(&Context, usize) -> Outcome + Send + Sync + 'static,
{
    let (group, ctx) = Group::with_context(ctx);
    let (jobs, queue) = chan::bounded(0);
    let (tx, results) = chan::bounded(n);

    group.go({
        let ctx = ctx.clone();
        move || {
            // `jobs` goes with this closure, and that closes the queue; so does the ticker.
            let ticker = Ticker::new(Duration::from_millis(1));
            for id in 1..=n {
                select! {
                    recv(ctx.done()) -> _ => return Ok(()),
                    recv(ticker.channel()) -> _ => {}
                }
                select! {
                    recv(ctx.done()) -> _ => return Ok(()),
                    send(jobs, id) -> sent => sent?,
                }
            }
            Ok(())
        }
    });
    let work = Arc::new(work);
    for _ in 0..WORKERS {
        let (ctx, queue, tx, work) = (ctx.clone(), queue.clone(), tx.clone(), Arc::clone(&work));
        group.go(move || {
            for id in queue {
                let result = work(&ctx, id).map_err(|error| Failed { id, error })?;
                tx.send(result)?;
            }
            Ok(())
        });
    }
    // Only the workers have senders now, and queues.
    drop((queue, tx));

    let result = group.wait();
    let mut all: Vec<usize> = results.iter().collect();
    all.sort();
    (all, result)
}

/// A job that has failed: Go's `fmt.Errorf("job %d: %w", ..)`.
#[derive(Debug)]
struct Failed {
    id: usize,
    error: Box<dyn Error + Send + Sync>,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "job {}: {}", self.id, self.error)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

/// As Go prints an error that may be nil.
fn text(result: &Result<(), Cause>) -> String {
    result.as_ref().err().map_or("<nil>".to_owned(), |error| error.to_string())
}

/// Go's `errors.Is(err, context.DeadlineExceeded)`.
fn is_late(result: &Result<(), Cause>) -> bool {
    result.as_ref().is_err_and(|cause| error_as(&**cause) == Some(&ContextError::DeadlineExceeded))
}

/// Serves four times: to the end, to a stop, to an error, and to a deadline.
pub(crate) fn run(ctx: &Context, out: &mut dyn Write) -> io::Result<()> {
    let (results, result) = serve(ctx, 10, |_, id| Ok(id * id));
    let results: Vec<String> = results.iter().map(ToString::to_string).collect();
    writeln!(out, "all: [{}] {}", results.join(" "), text(&result))?;

    // A stop in the middle: what was handed out by then is done, and nothing else.
    let (stopped, cancel) = ctx.with_cancel();
    let (results, result) = serve(&stopped, 1000, move |_, id| {
        if id == 12 {
            cancel.cancel();
        }
        Ok(id)
    });
    let complete = (12..1000).contains(&results.len()) && results.iter().copied().eq(1..=results.len());
    writeln!(out, "stopped: {complete} {}", text(&result))?;

    let (results, result) = serve(ctx, 1000, |_, id| if id == 7 { Err("does not work".into()) } else { Ok(id) });
    writeln!(out, "failed: {} {}", results.len() < 1000, text(&result))?;

    let (late, _cancel) = ctx.with_timeout(Duration::from_millis(20));
    let (results, result) = serve(&late, 1000, |ctx, _| {
        _ = ctx.done().recv();
        ctx.check()?;
        Ok(0)
    });
    writeln!(out, "late: {} {}", results.len(), is_late(&result))
}

#[allow(dead_code, reason = "the tests have this file as a module")]
fn main() -> io::Result<()> {
    let (ctx, stop) = Context::background().with_cancel();
    ctrlc::set_handler(move || stop.cancel()).expect("nobody else handles Ctrl-C");
    run(&ctx, &mut io::stdout().lock())
}
