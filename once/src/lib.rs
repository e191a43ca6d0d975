//! The place of gosync's `Once`, `OnceFunc`, `OnceValue` and `OnceValues`.
//!
//! It is empty: nothing here is implemented yet, and the `gosync` facade does not re-export it.
