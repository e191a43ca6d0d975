//! The tests of gosync are the binaries in this folder: see `Cargo.toml` for the list. What is here are the documents of the
//! repository, so that `cargo test` compiles and runs the Rust in them.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../docs/PORTING.md")]
mod porting {}
