//! Go's own tests of channels, select, contexts, `WaitGroup`, `Once`, `Mutex`, `RWMutex`, `Cond`, `Map`, `Pool` and atomics,
//! written anew under Go's names. The README of this folder lists Go's tests and what stands here for each of them.

mod atomic;
mod chan;
mod chanbarrier;
mod closedchan;
mod cond;
mod context;
mod context_after_func;
mod errgroup;
mod ken;
mod lfstack;
mod map;
mod mutex;
mod once;
mod package;
mod pool;
mod powser;
mod programs;
mod random;
mod rwmutex;
mod select;
mod select3;
mod select_programs;
mod semaphore;
mod sieve2;
mod singleflight;
mod timers;
mod typeparam;
mod value;
mod waitgroup;
#[path = "../stress/watchdog.rs"]
mod watchdog;

use std::ops::Range;
use std::thread;
use std::time::Duration;

/// The capacities of `TestChan` (the short run).
fn capacities() -> Range<usize> {
    0..20
}

/// Lets other threads come as far as where they block. No verdict depends on whether they do.
fn settle() {
    thread::sleep(Duration::from_millis(1));
}
