//! A program that was written for crossbeam-channel 0.5.

pub mod fan_in;
pub mod pipeline;
pub mod supervisor;
