//! Bounds of what is used: memory after a burst and while many wait, processor time of what is blocked, and that all goes on
//! where threads are many and processors few.
//!
//! | module | covers |
//! | --- | --- |
//! | `memory` | bursts of a million messages; a hundred thousand tasks and a thousand selects that wait at one channel |
//! | `idle` | the processor time of a thread that is blocked in any way (Linux) |
//! | `few_cpus` | 64 threads on two processors, and on one (Linux) |

#[cfg(target_os = "linux")]
mod few_cpus;
#[cfg(target_os = "linux")]
mod idle;
mod memory;
#[path = "../stress/watchdog.rs"]
mod watchdog;
