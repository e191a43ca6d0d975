//! Histories of concurrent operations, and the search for an order that explains them: linearizability.
//!
//! | module | covers |
//! | --- | --- |
//! | `checker` | the search, and what is shown of a violation |
//! | `record` | rounds of random operations by four threads |
//! | `model` | what channels are to do |
//! | `channels` | channels at capacity 0, 1, 2, 3, 8 and without a bound: plain operations, tries, deadlines, selects, tasks, closes |
//! | `registers` | `Mutex` around a value, `Value` and its `Reader`, a typed atomic |
//! | `stack` | `Stack` |
//! | `maps` | `Map`: each key, and at one instant all of them |
//! | `pools` | `Pool`: what is handed out was in it, and what there is room for stays |
//! | `locks` | `Mutex`, `RwMutex`, `ShardedRwMutex`: sections of readers and writers, downgrades, tries, deadlines, tasks |
//! | `counts` | `semaphore::Weighted`, `WaitGroup` |
//! | `conds` | `Cond`: who is woken, by whom |
//! | `calls` | `Once`, `singleflight::Group` |
//! | `contexts` | `Context`: a tree, cancelled from several places |
//! | `seeded` | broken objects, which must be convicted |
//!
//! `GOSYNC_SEED` sets the choices, `GOSYNC_SECONDS` how long each test plays.

mod calls;
mod channels;
mod checker;
mod conds;
mod contexts;
mod counts;
mod locks;
mod maps;
mod model;
mod pools;
mod record;
mod registers;
#[path = "../stress/rng.rs"]
#[allow(dead_code, reason = "the stress tests use more of it")]
mod rng;
mod seeded;
mod stack;
mod task;
#[path = "../stress/watchdog.rs"]
mod watchdog;
