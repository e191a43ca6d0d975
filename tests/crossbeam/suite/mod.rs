//! The suite. `super::channel` is the crate that is asked.

use super::channel;

mod choice;
mod disconnect;
mod drops;
mod dynamic;
mod errors;
mod exits;
mod fairness;
mod grammar;
mod handles;
mod linearizable;
mod pairing;
mod ready;
mod timeouts;
mod timers;
mod traits;

/// A channel of each kind: `Some` capacity, or unbounded.
fn make<T>(capacity: Option<usize>) -> (channel::Sender<T>, channel::Receiver<T>) {
    match capacity {
        Some(capacity) => channel::bounded(capacity),
        None => channel::unbounded(),
    }
}

/// One of each kind: no buffer, the least, a few, no bound.
const KINDS: [Option<usize>; 4] = [Some(0), Some(1), Some(7), None];
/// Those that hold messages.
const BUFFERS: [Option<usize>; 3] = [Some(1), Some(7), None];
