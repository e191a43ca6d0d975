//! Atomics with Go's methods, `Value` and `Pointer`, counters, and the lock-free [`Stack`]: the crate
//! [`gosync_atomic`], whose page lists Go's names.
//!
//! ```
//! use gosync::atomic::Int64;
//!
//! static HITS: Int64 = Int64::new(0);
//! assert_eq!(HITS.add(2), 2);
//! ```

// A module and not the crate under another name, as `chan`.
#[doc(inline)]
pub use gosync_atomic::*;
