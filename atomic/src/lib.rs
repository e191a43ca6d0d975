//! The bottom of gosync.
//!
//! What is public here so far is nothing: the crate holds the seam between gosync's primitives and the platform,
//! hidden in [`__sys`] and exempt from semver. Use the `gosync` facade, or the crate of the primitive that you want.

#[doc(hidden)]
#[path = "sys/mod.rs"]
pub mod __sys;
