//! What has a deadline: by the clock in an ordinary test; in a model, where time does not pass, by a cancellation.

use gosync::chan;
use gosync::context::{Context, ContextError};
use user_model::first;

#[cfg(not(gosync_loom))]
#[test]
fn in_time_or_late() {
    use std::time::Duration;

    let (results, received) = chan::bounded(1);
    let (ctx, _cancel) = Context::background().with_timeout(Duration::from_secs(600));
    results.send(4).unwrap();
    assert_eq!(first(&received, &ctx), Ok(4));
    let (ctx, _cancel) = ctx.with_timeout(Duration::from_millis(10));
    assert_eq!(first(&received, &ctx), Err(ContextError::DeadlineExceeded));
}

#[cfg(gosync_loom)]
#[test]
fn in_time_or_late_in_every_order() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    // std's, so that loom does not see them: they outlive the executions.
    static IN_TIME: AtomicBool = AtomicBool::new(false);
    static LATE: AtomicBool = AtomicBool::new(false);

    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let (results, received) = chan::bounded(1);
        let (ctx, cancel) = Context::background().with_cancel();
        let sender = gosync::go(move || results.send(4).is_ok());
        let clock = gosync::go(move || cancel.cancel());
        match first(&received, &ctx) {
            Ok(result) => {
                assert_eq!(result, 4);
                IN_TIME.store(true, Relaxed);
            }
            Err(error) => {
                assert_eq!(error, ContextError::Canceled);
                LATE.store(true, Relaxed);
            }
        }
        assert!(sender.join().unwrap(), "there is room, and somebody to receive");
        clock.join().unwrap();
    });
    assert!(IN_TIME.load(Relaxed) && LATE.load(Relaxed), "the model has tried both");
}
