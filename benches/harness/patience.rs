//! An end to measurements that do not end: a peer that loses a wake-up would keep the program waiting for ever, and say nothing.
//!
//! Measurements run in a thread of their own. If one does not end, its threads are left to themselves, asleep, another
//! thread takes the place of that one, and the measurement begins anew. Who hangs again and again is left out of the scenario,
//! and named. Ours must not hang: that ends the program, and so do threads that are left and do not sleep, for they would be
//! in all other figures.

use std::process::exit;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::OURS;
use super::measure::{Sample, cpu_time};

/// For one measurement, which takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// So often a measurement may begin.
const ATTEMPTS: usize = 3;

/// Measures so many operations.
pub type Measurement = dyn Fn(usize) -> Option<Sample> + Send + Sync;

/// Who was left out of what.
static LEFT_OUT: Mutex<Vec<(&str, &str)>> = Mutex::new(Vec::new());

/// Who measures now.
static MEASURER: Mutex<Option<Measurer>> = Mutex::new(None);

/// A thread that measures what it is asked to.
struct Measurer {
    requests: Sender<(Arc<Measurement>, usize)>,
    samples: Receiver<Option<Sample>>,
}

impl Measurer {
    fn start() -> Measurer {
        let (requests, to_measure) = channel::<(Arc<Measurement>, usize)>();
        let (measured, samples) = channel();
        thread::spawn(move || {
            for (measurement, n) in to_measure {
                if measured.send(measurement(n)).is_err() {
                    return;
                }
            }
        });
        Measurer { requests, samples }
    }

    /// `None` if it does not end.
    fn measure(&self, measurement: &Arc<Measurement>, n: usize) -> Option<Option<Sample>> {
        let is_there = self.requests.send((Arc::clone(measurement), n)).is_ok();
        match self.samples.recv_timeout(PATIENCE) {
            Ok(sample) if is_there => Some(sample),
            Err(RecvTimeoutError::Timeout) => None,
            // It has said why.
            _ => exit(101),
        }
    }
}

/// Measures, but does not wait for ever: `None` also if an implementation hangs, which is [told](left_out).
pub fn measure(scenario: &'static str, name: &'static str, measurement: &Arc<Measurement>, n: usize) -> Option<Sample> {
    let mut measurer = MEASURER.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..ATTEMPTS {
        if let Some(sample) = measurer.get_or_insert_with(Measurer::start).measure(measurement, n) {
            return sample;
        }
        eprintln!("{scenario}: a measurement of {name} has not ended in {} s", PATIENCE.as_secs());
        *measurer = None;
        if name == OURS || some_are_awake() {
            eprintln!("that may not be, or cannot be lived with");
            exit(1);
        }
    }
    let mut left_out = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    left_out.push((scenario, name));
    None
}

/// Who was left out so far because it hangs: scenario and implementation.
pub fn left_out() -> Vec<(&'static str, &'static str)> {
    LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Whether a thread besides this one does not sleep. Where CPU time is unknown, it is unknown in the figures, too.
fn some_are_awake() -> bool {
    const WHILE: Duration = Duration::from_millis(200);
    let before = cpu_time();
    thread::sleep(WHILE);
    cpu_time() - before > WHILE.as_nanos() as f64 / 100.0
}
