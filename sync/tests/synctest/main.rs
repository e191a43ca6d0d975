//! Bubbles: Go's own tests of `testing/synctest`, written anew, and what each primitive does in one.
//!
//! ```console
//! $ cargo test -p gosync --features synctest --test synctest
//! ```
//!
//! All of it is exact: a clock that moved a nanosecond too far or too early fails a test, on a machine as busy as you like.

mod clock;
mod end;
mod join;
mod members;
mod outside;
mod primitives;
mod timers;
mod wait;

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, RecvTimeoutError, Ticker, Timer};
use gosync::context::{Context, ContextError};
use gosync::errgroup::Group;
use gosync::semaphore::Weighted;
use gosync::{Cond, Mutex, Once, RwMutex, WaitGroup, go, select, synctest, time};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).expect("a panic has a text")
}

/// The text of the panic by which this ends.
fn panic_of(f: impl FnOnce() + Send + 'static) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| synctest::test(f))).expect_err("it panics");
    text(&*payload).to_owned()
}

thread_local! {
    /// The file in which this thread has panicked last.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The file that this panics in, as the hook is told, and the text.
fn place_and_text(f: impl FnOnce()) -> (String, String) {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            PLACE.set(info.location().map_or_else(String::new, |location| location.file().to_owned()));
            before(info);
        }));
    });
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    (PLACE.take(), text(&*payload).to_owned())
}

/// Runs it in a bubble, in which so much time passes, and hardly any outside.
fn takes(expected: Duration, f: impl FnOnce() + Send + 'static) {
    let took = synctest::test(|| {
        let start = time::now();
        f();
        time::now() - start
    });
    assert_eq!(took, expected);
}

/// Goes down when a thread of the bubble goes on that should not.
fn flag() -> (Arc<AtomicBool>, Arc<AtomicBool>) {
    let flag = Arc::new(AtomicBool::new(false));
    (Arc::clone(&flag), flag)
}
