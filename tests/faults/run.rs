//! A scenario that is running: what it has done, how long it goes on, and who waits for what if it hangs.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::process::abort;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The payload of every injected panic; the hook is silent about it.
#[derive(Debug)]
pub(crate) struct Fault;

/// When a scenario ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    Time(Duration),
    Operations(u64),
}

pub(crate) struct Run {
    budget: Budget,
    start: Instant,
    operations: AtomicU64,
    faults: AtomicU64,
    violations: Mutex<Vec<String>>,
}

impl Run {
    pub(crate) fn new(budget: Budget) -> Run {
        Run {
            budget,
            start: Instant::now(),
            operations: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            violations: Mutex::default(),
        }
    }

    /// The rounds that there is time for.
    pub(crate) fn rounds(&self) -> impl Iterator<Item = usize> + '_ {
        (0..).take_while(|_| match self.budget {
            Budget::Time(time) => self.start.elapsed() < time,
            Budget::Operations(n) => self.operations() < n,
        })
    }

    /// Counts what the calling thread has done since it last said so.
    pub(crate) fn settle(&self) {
        self.operations.fetch_add(OPERATIONS.take(), Ordering::Relaxed);
        self.faults.fetch_add(FAULTS.take(), Ordering::Relaxed);
    }

    pub(crate) fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    pub(crate) fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    pub(crate) fn violation(&self, text: impl Into<String>) {
        self.violations.lock().unwrap().push(text.into());
    }

    pub(crate) fn expect(&self, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.violation(text());
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }
}

thread_local! {
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
    static FAULTS: Cell<u64> = const { Cell::new(0) };
    static PLACE: RefCell<Option<Arc<Place>>> = const { RefCell::new(None) };
}

/// What a thread is doing.
struct Place {
    thread: String,
    doing: Mutex<(&'static str, Instant)>,
    gone: AtomicBool,
}

static PLACES: Mutex<Vec<Arc<Place>>> = Mutex::new(Vec::new());

/// Notes that the calling thread begins an operation: it is counted, and named if it never ends.
pub(crate) fn doing(what: &'static str) {
    OPERATIONS.set(OPERATIONS.get() + 1);
    note(what);
}

fn note(what: &'static str) {
    PLACE.with_borrow_mut(|place| {
        let place = place.get_or_insert_with(|| {
            let thread = format!("{:?}", thread::current().id());
            let place =
                Arc::new(Place { thread, doing: Mutex::new((what, Instant::now())), gone: AtomicBool::new(false) });
            let mut places = PLACES.lock().unwrap();
            places.retain(|place| !place.gone.load(Ordering::Relaxed));
            places.push(Arc::clone(&place));
            place
        });
        *place.doing.lock().unwrap() = (what, Instant::now());
    });
}

static ROUND: Mutex<String> = Mutex::new(String::new());

/// Says what is played, for the watchdog's list.
pub(crate) fn playing(round: String) {
    *ROUND.lock().unwrap() = round;
}

/// Notes that the calling thread does nothing that could hang any more.
pub(crate) fn done() {
    if let Some(place) = PLACE.take() {
        place.gone.store(true, Ordering::Relaxed);
    }
}

/// Far beyond what any operation takes.
const HANG: Duration = Duration::from_secs(20);

/// Starts the watchdog: if a thread has been at one operation for long, all are listed, and the process is aborted.
pub(crate) fn watch() {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            let places = PLACES.lock().unwrap();
            let at = |place: &Arc<Place>| *place.doing.lock().unwrap();
            let lives = |place: &&Arc<Place>| !place.gone.load(Ordering::Relaxed);
            if !places.iter().filter(lives).any(|place| at(place).1.elapsed() > HANG) {
                continue;
            }
            let mut stderr = io::stderr();
            writeln!(stderr, "it hangs: {}", ROUND.lock().unwrap()).ok();
            for place in places.iter().filter(lives) {
                let (what, since) = at(place);
                writeln!(stderr, "{:>14} {:>6.1} s  {what}", place.thread, since.elapsed().as_secs_f64()).ok();
            }
            abort();
        }
    });
}

/// Counts a fault that is no panic.
pub(crate) fn fault() {
    FAULTS.set(FAULTS.get() + 1);
}

/// Panics, as a user's code may.
pub(crate) fn inject() -> ! {
    fault();
    panic_any(Fault)
}

/// Runs what may end by an injected panic: `None` if it does. Every other panic goes on.
pub(crate) fn survive<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => Some(result),
        Err(payload) if is_fault(&*payload) => None,
        Err(payload) => resume_unwind(payload),
    }
}

pub(crate) fn is_fault(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Fault>()
}
