//! Channels, select and timers: the crate [`gosync_chan`], whose page lists Go's names and describes the behaviour.
//!
//! ```
//! use gosync::chan;
//!
//! let (tx, rx) = chan::bounded(1);
//! tx.send("hello").unwrap();
//! assert_eq!(rx.recv(), Ok("hello"));
//! ```

// A module and not the crate under another name: so the compiler's messages spell a path that a user can write.
#[doc(inline)]
pub use gosync_chan::*;
