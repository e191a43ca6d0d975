//! gosync-chan under crossbeam-channel's name. See `docs/PORTING.md`.

pub use gosync_chan::*;
