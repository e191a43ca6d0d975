//! Go's `sync.Once` and its family for Rust threads: [`Once`], [`OnceFunc`], [`OnceValue`], [`OnceValues`]; and Go's package
//! initialisation: [`package!`].
//!
//! | Go | here | |
//! | --- | --- | --- |
//! | `sync.Once` | [`Once`] | four bytes |
//! | `sync.OnceFunc(f)` | [`OnceFunc`] | every call panics if `f` did |
//! | `sync.OnceValue(f)` | [`OnceValue`] | the same, and returns `&T` |
//! | `sync.OnceValues(f)` | [`OnceValues`] | the same, and returns `(&A, &B)` |
//! | package variables, `func init()`, imports | [`package!`] | in Go's order; a cycle panics |
//!
//! All of them are `const`, so they fit in statics. A function that calls its own `Once` deadlocks in Go; here it panics.

mod frames;
mod once;
pub mod package;
mod value;
mod wrappers;

pub use once::Once;
#[doc(hidden)]
pub use value::Failure as __Failure;
pub use value::{OncePanic, OnceValue};
pub use wrappers::{OnceFunc, OnceValues};
