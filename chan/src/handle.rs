//! What all handles have in common: one pointer, null for nil, and every operation on it.
//!
//! [`Sender`](crate::Sender), [`Receiver`](crate::Receiver) and [`Chan`](crate::Chan) own counts in the
//! [`Shared`] allocation and offer the parts of this that their direction allows.

use std::fmt;
use std::ptr::NonNull;
use std::time::Instant;

use gosync_atomic::__sys::Futex;

use crate::error::{CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};
use crate::raw::select::Port;
use crate::raw::{Channel, Grant, Pace, Patience, RecvFailure, SendFailure, Setting, Shared, Side, Unsent};

/// A channel or nil. Owns nothing: the wrappers count.
#[repr(transparent)]
pub(crate) struct Handle<T> {
    shared: Option<NonNull<Shared<T>>>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Handle<T> {
        *self
    }
}

impl<T> Copy for Handle<T> {}

/// Blocks as an operation on a nil channel does: until the deadline.
#[cold]
fn block_on_nil(deadline: Option<Instant>) {
    // Nobody else knows this word, so nobody changes or wakes it.
    let word = Futex::new(0);
    while word.wait_until(0, deadline) {}
}

/// Blocks as an operation on a nil channel does: for ever.
#[cold]
fn block_for_ever() -> ! {
    loop {
        block_on_nil(None);
    }
}

impl<T> Handle<T> {
    pub(crate) const fn nil() -> Handle<T> {
        Handle { shared: None }
    }

    /// A new channel that counts one handle on each side.
    pub(crate) fn new(capacity: usize) -> Handle<T> {
        Handle { shared: Some(Shared::new(capacity)) }
    }

    /// A timer's channel, which counts one receiver.
    pub(crate) fn timer(
        setting: Setting,
        pace: Pace,
        value: fn(Instant) -> T,
        instant: fn(&T) -> Instant,
    ) -> Handle<T> {
        Handle { shared: Some(Shared::timer(Channel::timer(setting, pace, value, instant))) }
    }

    /// A channel that its users cannot close, which counts one handle on each side.
    pub(crate) fn receive_only() -> Handle<T> {
        Handle { shared: Some(Shared::receive_only()) }
    }

    /// Closes a channel whoever may.
    pub(crate) fn end(&self) {
        if let Some(shared) = self.shared() {
            shared.channel().close();
        }
    }

    /// Sets a timer: see [`Channel::set_timer`].
    pub(crate) fn set_timer(&self, setting: Setting) -> bool {
        self.shared().is_some_and(|shared| shared.channel().set_timer(setting))
    }

    #[inline(always)]
    fn shared(&self) -> Option<&Shared<T>> {
        // SAFETY: a handle is used only by a wrapper that owns a count, which keeps the allocation alive.
        self.shared.map(|shared| unsafe { shared.as_ref() })
    }

    pub(crate) fn acquire(&self, side: Side) {
        if let Some(shared) = self.shared() {
            shared.acquire(side);
        }
    }

    /// # Safety
    ///
    /// The caller owns a count of that side, and does not use this handle with it again.
    pub(crate) unsafe fn release(self, side: Side) {
        if let Some(shared) = self.shared {
            // SAFETY: the caller's contract.
            unsafe { Shared::release(shared, side) };
        }
    }

    #[inline]
    pub(crate) fn send(&self, value: T) -> Result<(), SendError<T>> {
        match self.shared() {
            None => block_for_ever(),
            Some(shared) => shared.channel().send(value, Patience::Until(None)).map_err(|failure| match failure {
                // Without a deadline a send does not end as full.
                SendFailure::Full(value) | SendFailure::Closed(value) => SendError(value),
            }),
        }
    }

    pub(crate) fn send_many(&self, values: &mut Vec<T>) -> Result<(), SendError<()>> {
        let Some(shared) = self.shared() else { return if values.is_empty() { Ok(()) } else { block_for_ever() } };
        shared.channel().send_many(&mut Unsent::new(values), Patience::Until(None)).map_err(|_| SendError(()))
    }

    pub(crate) fn try_send_many(&self, values: &mut Vec<T>) -> Result<usize, TrySendError<()>> {
        let Some(shared) = self.shared() else {
            return if values.is_empty() { Ok(0) } else { Err(TrySendError::Full(())) };
        };
        let mut unsent = Unsent::new(values);
        match shared.channel().try_send_many(&mut unsent) {
            Err(SendFailure::Full(())) if unsent.sent() == 0 => Err(TrySendError::Full(())),
            Err(SendFailure::Closed(())) if unsent.sent() == 0 => Err(TrySendError::Disconnected(())),
            _ => Ok(unsent.sent()),
        }
    }

    pub(crate) fn recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        let Some(shared) = self.shared() else { return if limit == 0 { Ok(0) } else { block_for_ever() } };
        shared.channel().recv_many(into, limit, Patience::Until(None)).map_err(|_| RecvError)
    }

    pub(crate) fn try_recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, TryRecvError> {
        let Some(shared) = self.shared() else { return if limit == 0 { Ok(0) } else { Err(TryRecvError::Empty) } };
        shared.channel().try_recv_many(into, limit).map_err(|failure| match failure {
            RecvFailure::Empty => TryRecvError::Empty,
            RecvFailure::Closed => TryRecvError::Disconnected,
        })
    }

    #[inline]
    pub(crate) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        match self.shared() {
            None => Err(TrySendError::Full(value)),
            Some(shared) => shared.channel().try_send(value).map_err(|failure| match failure {
                SendFailure::Full(value) => TrySendError::Full(value),
                SendFailure::Closed(value) => TrySendError::Disconnected(value),
            }),
        }
    }

    pub(crate) fn send_until(&self, value: T, deadline: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        match self.shared() {
            None => {
                block_on_nil(deadline);
                Err(SendTimeoutError::Timeout(value))
            }
            Some(shared) => shared.channel().send(value, Patience::Until(deadline)).map_err(|failure| match failure {
                SendFailure::Full(value) => SendTimeoutError::Timeout(value),
                SendFailure::Closed(value) => SendTimeoutError::Disconnected(value),
            }),
        }
    }

    /// For a small value a part of the caller: as a call it would be a fifth dearer. A large one is copied less often by a call.
    #[inline(always)]
    pub(crate) fn recv(&self) -> Result<T, RecvError> {
        const SMALL: usize = 4 * size_of::<usize>();
        if const { size_of::<T>() <= SMALL } { self.recv_here() } else { self.recv_apart() }
    }

    #[inline(never)]
    fn recv_apart(&self) -> Result<T, RecvError> {
        self.recv_here()
    }

    #[inline(always)]
    fn recv_here(&self) -> Result<T, RecvError> {
        match self.shared() {
            None => block_for_ever(),
            // Without a deadline a receive does not end as empty.
            Some(shared) => shared.channel().recv(Patience::Until(None)).map_err(|_| RecvError),
        }
    }

    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.shared() {
            None => Err(TryRecvError::Empty),
            Some(shared) => shared.channel().try_recv().map_err(|failure| match failure {
                RecvFailure::Empty => TryRecvError::Empty,
                RecvFailure::Closed => TryRecvError::Disconnected,
            }),
        }
    }

    pub(crate) fn recv_until(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        match self.shared() {
            None => {
                block_on_nil(deadline);
                Err(RecvTimeoutError::Timeout)
            }
            Some(shared) => shared.channel().recv(Patience::Until(deadline)).map_err(|failure| match failure {
                RecvFailure::Empty => RecvTimeoutError::Timeout,
                RecvFailure::Closed => RecvTimeoutError::Disconnected,
            }),
        }
    }

    /// The channel; `None` is nil.
    pub(crate) fn channel(&self) -> Option<&Channel<T>> {
        self.shared().map(Shared::channel)
    }

    /// The channel, for who knows better how long it lives; `None` is nil.
    ///
    /// # Safety
    ///
    /// As long as what is returned is used, somebody owns a count.
    #[cfg(feature = "async")]
    #[inline(always)]
    pub(crate) unsafe fn channel_of_owner<'a>(self) -> Option<&'a Channel<T>> {
        // SAFETY: the caller's contract: the allocation is alive.
        self.shared.map(|shared| unsafe { shared.as_ref() }.channel())
    }

    /// The channel as a select sees it; `None` is nil.
    pub(crate) fn port(&self) -> Option<&dyn Port> {
        self.shared().map(|shared| shared.channel() as &dyn Port)
    }

    /// Sends with a permit.
    pub(crate) fn send_granted(&self, grant: Grant, value: T) -> Result<(), SendError<T>> {
        match self.shared() {
            None => block_for_ever(),
            Some(shared) => shared.channel().send_granted(grant, value).map_err(SendError),
        }
    }

    /// Sends with a permit, and does not wait for a partner.
    #[cfg(feature = "async")]
    pub(crate) fn send_granted_by_task(&self, grant: Grant, value: T) -> Result<(), SendError<T>> {
        match self.shared() {
            // No permit is for the nil channel.
            None => Err(SendError(value)),
            Some(shared) => shared.channel().send_granted_by_task(grant, value).map_err(SendError),
        }
    }

    /// Receives with a permit.
    pub(crate) fn recv_granted(&self, grant: Grant) -> Result<T, RecvError> {
        match self.shared() {
            None => block_for_ever(),
            Some(shared) => shared.channel().recv_granted(grant).ok_or(RecvError),
        }
    }

    pub(crate) fn close(&self) -> Result<(), CloseError> {
        let shared = self.shared().ok_or(CloseError::Nil)?;
        if shared.channel().is_receive_only() {
            return Err(CloseError::ReceiveOnly);
        }
        if shared.channel().close() { Ok(()) } else { Err(CloseError::Closed) }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared().is_some_and(|shared| shared.channel().is_closed())
    }

    pub(crate) fn len(&self) -> usize {
        self.shared().map_or(0, |shared| shared.channel().len())
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        self.shared().map_or(Some(0), |shared| shared.channel().capacity())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.capacity().is_some_and(|capacity| self.len() >= capacity)
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.shared.is_none()
    }

    pub(crate) fn count(&self, side: Side) -> usize {
        self.shared().map_or(0, |shared| shared.handles(side))
    }

    pub(crate) fn same_channel(&self, other: &Handle<T>) -> bool {
        self.shared == other.shared
    }

    /// What tells one channel from another, as long as both are there; null for nil.
    pub(crate) fn address(&self) -> *const () {
        self.shared.map_or(std::ptr::null(), |shared| shared.as_ptr().cast_const().cast())
    }

    /// The common part of the handles' `Debug`.
    pub(crate) fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_nil() {
            return write!(f, "{name}(nil)");
        }
        f.debug_struct(name)
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
