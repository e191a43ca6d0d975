//! What a program that was written for crossbeam-channel 0.5 relies on: one suite, compiled twice into this binary.
//!
//! `twin` asks crossbeam-channel and `ours` asks gosync, in the same words, so the tests state crossbeam-channel's behaviour
//! and not ours. Where the two differ on purpose the suite is silent, and [`differences`] speaks of both.
//!
//! | module | covers |
//! | --- | --- |
//! | `grammar` | all that `select!` and `select_biased!` accept: forms, operands, arms, the message that is evaluated late |
//! | `choice` | what the macros choose: ready, not ready, timed out, while blocked |
//! | `dynamic` | `Select`: its list of operations, all ways to select, completion |
//! | `ready` | `Select::ready` and its family |
//! | `fairness` | how often each of several ready operations is chosen; the order of biased ones |
//! | `pairing` | one partner for each: a thread never meets itself, facing selects meet, nothing is lost or doubled |
//! | `disconnect` | the end of a channel, as every operation sees it |
//! | `errors` | all error types: fields, questions, conversions, formats |
//! | `handles` | length and capacity, identity, clones, formats, iterators |
//! | `timeouts` | deadlines that passed, that are far away, that are due |
//! | `linearizable` | what a thread has sent can be received at once |
//! | `drops` | every message is dropped once; messages whose drop panics |
//! | `exits` | blocking while a thread's locals are being destroyed |
//! | `traits` | `Send`, `Sync`, unwind safety, generic code, borrowed messages |
//! | `timers` | `after`, `at`, `tick`, alone and among other operations |

// `forms::thirty_two_arms` takes more steps than a crate has by itself, in the twin as in ours.
#![recursion_limit = "256"]

mod differences;
#[path = "../stress/watchdog.rs"]
mod watchdog;

/// The original.
// Loaded twice, which is the purpose.
#[allow(clippy::duplicate_mod)]
#[path = "."]
mod twin {
    use crossbeam_channel as channel;

    mod suite;
}

/// The replacement.
#[allow(clippy::duplicate_mod)]
#[path = "."]
mod ours {
    use gosync::chan as channel;

    mod suite;
}

use std::thread;
use std::time::Duration;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Lets other threads come as far as where they block. No verdict depends on whether they do.
fn settle() {
    thread::sleep(ms(5));
}

/// Far beyond what any test takes.
const LONG: Duration = Duration::from_secs(100);
