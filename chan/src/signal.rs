//! [`Signal`]: a channel that carries nothing and ends once, when its owner says so. What a context is done with.

use crate::chan::Chan;
use crate::handle::Handle;
use crate::receiver::Receiver;

/// Hidden, for gosync: no part of the interface. One pointer.
///
/// It is raised by [`raise`](Signal::raise), and when it is dropped. What comes before that happens before a receive that
/// reports the end (chan.close-before-closed-recv); nobody but the owner can close the channel.
#[derive(Debug)]
#[doc(hidden)]
pub struct Signal(Chan<()>);

impl Signal {
    /// One that was not raised.
    #[must_use]
    pub fn new() -> Signal {
        Signal(Chan::adopt(Handle::receive_only()))
    }

    /// The end of this channel is the signal.
    #[inline]
    #[must_use]
    pub fn receiver(&self) -> &Receiver<()> {
        self.0.as_ref()
    }

    /// Ends the channel, if that has not happened yet.
    pub fn raise(&self) {
        self.0.end();
    }
}

impl Default for Signal {
    fn default() -> Signal {
        Signal::new()
    }
}
