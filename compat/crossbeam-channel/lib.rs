//! gosync-chan under crossbeam-channel's name. See `docs/PORTING.md`.

pub use gosync_chan::*;

/// What crossbeam-channel's `select!` expands to. It is no part of its interface, but its own tests use it, without bias.
#[doc(hidden)]
#[macro_export]
macro_rules! crossbeam_channel_internal {
    ($($cases:tt)*) => { $crate::select! { $($cases)* } };
}
