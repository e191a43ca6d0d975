//! The bottom of gosync: [`Stack`], a lock-free stack for any type.
//!
//! The crate also holds the seam between gosync's primitives and the platform, hidden in [`__sys`] and exempt from semver.

mod stack;

pub use stack::{Stack, TakeAll};

#[doc(hidden)]
#[path = "sys/mod.rs"]
pub mod __sys;
