//! The tests of gosync are the binaries in this folder: see `Cargo.toml` for the list. What is here are the documents of the
//! repository, so that `cargo test` compiles and runs the Rust in them; and
//! [`times`], which all of them may use.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../docs/PORTING.md")]
mod porting {}

/// So many rounds of a loop that looks for something rare; in Miri a hundredth of them, and ten at least.
///
/// For Miri each takes a thousand times as long as for a processor. It makes up for that: what it looks for is wrong in every
/// order that leads there, whether or not that order makes a difference, and it looks at each access.
#[must_use]
pub const fn times(n: usize) -> usize {
    let few = if n / 100 > 10 { n / 100 } else { 10 };
    if cfg!(miri) && few < n { few } else { n }
}
