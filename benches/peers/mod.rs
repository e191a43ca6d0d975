//! The implementations under test, behind one trait for each kind of thing.

pub mod channels;
pub mod conds;
pub mod counters;
pub mod go;
pub mod locks;
pub mod maps;
pub mod onces;
pub mod pools;
pub mod rw_locks;
pub mod selects;
pub mod semaphores;
pub mod stacks;
pub mod task_channels;
pub mod values;
pub mod wait_groups;
