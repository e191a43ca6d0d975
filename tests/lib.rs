//! Nothing: the tests of gosync are the binaries in this folder. See `Cargo.toml` for the list.
