//! What allocates and what does not, counted by a global allocator, per thread.
//!
//! A channel costs one allocation, its buffer one when it is first used and one for each doubling, a `WaitGroup`, a
//! `Once` and a `Mutex` none; no operation and no select, blocked or not, costs any, but a `Select` of more than eight
//! operations. A task's operation costs none either, a stream one when it is made, and the close of a channel a list of the
//! tasks that wait, if any do. A timer is two allocations, and using it none. A `Stack`, a `Pool` or a `Map` allocates when it
//! outgrows itself, a `Value` when something is stored. A context is two, a value in it two, and using them none. Tests warm up first
//! where something is set up once per process or thread.

mod channels;
mod cond;
mod context;
mod counter;
mod map;
mod mutex;
mod once;
mod pool;
mod rwmutex;
mod select;
mod stack;
mod tasks;
mod timers;
mod value;
mod waitgroup;
#[path = "../stress/watchdog.rs"]
mod watchdog;
