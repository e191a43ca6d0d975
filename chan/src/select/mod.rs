//! [`Select`]: a select whose cases are known at run time.

#[doc(hidden)]
pub mod cases;
mod error;
mod list;
mod macros;
#[cfg(feature = "async")]
mod task;

use std::fmt;
use std::marker::PhantomData;
use std::mem::forget;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr;
use std::time::{Duration, Instant};

use gosync_atomic::__sys::{deadline_after, waits};

pub use error::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};

use self::list::Operations;
use crate::error::{RecvError, SendError};
use crate::raw::select::{How, Name, Operation, Port, select_any};
use crate::raw::{Grant, Patience, Side};
use crate::receiver::Receiver;
use crate::sender::Sender;

/// A select over a list of operations that is built at run time; for a fixed list there is
/// [`select!`](crate::select).
///
/// Operations are added with [`send`](Select::send) and [`recv`](Select::recv), which return the index of the
/// operation. A `Select` can be reused. It works in two steps: [`select`](Select::select) chooses and reserves an
/// operation, and the returned [`SelectedOperation`] must then be completed, with the same handle. A value to send is
/// needed only then. [`ready`](Select::ready) and its variants only report which operation could be done.
///
/// An operation on the nil channel is never ready. One on a closed channel is ready, and reports that when it is
/// completed. Of several ready operations one is chosen uniformly at random. Exactly one is done. O(operations);
/// blocking is O(operations²) if they are not added in the order of their channels' addresses. Up to 8 operations
/// allocate nothing.
///
/// Go: `reflect.Select`.
///
/// # Panics
///
/// The methods that choose or wait panic with 2²⁴ operations or more, and if a send is chosen for which the buffer
/// has to grow and the allocation fails. Then nothing was chosen, and the caller keeps the value.
///
/// # Memory ordering
///
/// The operation that is completed has the edges of a plain one ([`Sender`]); those that were not chosen have none
/// (`select.executed-case-only`). A `try_select` that finds nothing ready, and `ready`, order nothing.
///
/// # Examples
///
/// ```
/// use gosync_chan::{Select, unbounded};
///
/// let inputs: Vec<_> = (0..3).map(|_| unbounded()).collect();
/// inputs[1].0.send("hello").unwrap();
///
/// let mut select = Select::new();
/// for (_, rx) in &inputs {
///     select.recv(rx);
/// }
/// let operation = select.select();
/// let number = operation.index();
/// assert_eq!((number, operation.recv(&inputs[number].1)), (1, Ok("hello")));
/// ```
///
/// Readiness, non-blocking selects, and removal of an operation:
///
/// ```
/// use std::time::Duration;
///
/// use gosync_chan::{ReadyTimeoutError, Select, SelectTimeoutError, TryReadyError, TrySelectError, bounded};
///
/// const SHORT: Duration = Duration::from_millis(1);
///
/// let ((ta, a), (tb, b)) = (bounded(1), bounded(1));
/// let mut select = Select::new_biased();
/// let (first, second) = (select.recv(&a), select.recv(&b));
/// assert_eq!(select.try_ready(), Err(TryReadyError));
/// assert_eq!(select.ready_timeout(SHORT), Err(ReadyTimeoutError));
/// assert_eq!(select.try_select().unwrap_err(), TrySelectError);
/// assert_eq!(select.select_timeout(SHORT).unwrap_err(), SelectTimeoutError);
///
/// (ta.send(1).unwrap(), tb.send(2).unwrap());
/// assert_eq!(select.ready(), first);
/// select.remove(first);
/// assert_eq!(select.ready(), second);
/// ```
#[derive(Clone)]
pub struct Select<'a> {
    operations: Operations<'a>,
    next: usize,
    biased: bool,
}

// SAFETY: what a port does on behalf of a `Select` moves values between the nodes and the ring of its channel under its
// lock, and never runs code of theirs. Completing an operation needs the handle, which can be sent if its values can.
unsafe impl Send for Select<'_> {}
// SAFETY: as above; and a shared `Select` offers nothing but to be cloned.
unsafe impl Sync for Select<'_> {}

impl<'a> Select<'a> {
    /// A `Select` without operations.
    #[must_use]
    pub fn new() -> Select<'a> {
        Select { operations: Operations::new(), next: 0, biased: false }
    }

    /// A `Select` that chooses the ready operation that was added first.
    ///
    /// An early operation that is always ready starves the others.
    #[must_use]
    pub fn new_biased() -> Select<'a> {
        Select { biased: true, ..Select::new() }
    }

    #[inline]
    fn add(&mut self, port: Option<&'a (dyn Port + 'a)>, side: Side) -> usize {
        let number = self.next;
        self.operations.push(Operation::of(port, side, Name::Number(number)));
        self.next += 1;
        number
    }

    /// Adds a send, and returns its index. A handle may be added several times.
    #[inline]
    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        self.add(sender.port(), Side::Senders)
    }

    /// Adds a receive, and returns its index. A handle may be added several times.
    #[inline]
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.add(receiver.port(), Side::Receivers)
    }

    /// Removes an operation. The other indices stay valid, and this one is not reused.
    ///
    /// # Panics
    ///
    /// If there is no operation with this index.
    #[track_caller]
    pub fn remove(&mut self, number: usize) {
        let at = self
            .operations
            .iter()
            .position(|operation| matches!(operation.name(), Name::Number(known) if known == number));
        let Some(at) = at else { panic!("no operation {number} in this select") };
        self.operations.remove(at);
    }

    /// Chooses an operation that is ready, if there is one. Go: `select` with `default`. Its completion may still
    /// block until the partner completes its own operation: see [`SelectedOperation`].
    ///
    /// # Errors
    ///
    /// If there was an instant at which no operation was ready.
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.choose(Patience::Try).ok_or(TrySelectError)
    }

    /// Chooses an operation, blocking until one is ready.
    ///
    /// # Panics
    ///
    /// If there are no operations.
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        waits!("selects");
        assert!(!self.operations.is_empty(), "no operations have been added to `Select`");
        loop {
            // Without a deadline it ends with an operation.
            if let Some(operation) = self.choose(Patience::Until(None)) {
                return operation;
            }
        }
    }

    /// Like [`select`](Select::select), but blocks for at most `timeout`. Without operations it blocks that long.
    ///
    /// # Errors
    ///
    /// If no operation was ready in time.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn select_timeout(&mut self, timeout: Duration) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        waits!("selects");
        self.choose(Patience::Until(deadline_after(timeout))).ok_or(SelectTimeoutError)
    }

    /// Like [`select_timeout`](Select::select_timeout), with an instant.
    ///
    /// # Errors
    ///
    /// If no operation was ready in time.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn select_deadline(&mut self, deadline: Instant) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        waits!("selects");
        self.choose(Patience::Until(Some(deadline))).ok_or(SelectTimeoutError)
    }

    /// The index of an operation that is ready, if there is one. Another thread may still take it first.
    ///
    /// # Errors
    ///
    /// If there was an instant at which no operation was ready.
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.watch(Patience::Try).ok_or(TryReadyError)
    }

    /// Blocks until an operation is ready, and returns its index. Another thread may still take it first; then try
    /// the operation, and call this again if it fails.
    ///
    /// # Panics
    ///
    /// If there are no operations.
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        waits!("selects");
        assert!(!self.operations.is_empty(), "no operations have been added to `Select`");
        loop {
            // Without a deadline it ends with a number.
            if let Some(number) = self.watch(Patience::Until(None)) {
                return number;
            }
        }
    }

    /// Like [`ready`](Select::ready), but blocks for at most `timeout`. Without operations it blocks that long.
    ///
    /// # Errors
    ///
    /// If no operation was ready in time.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        waits!("selects");
        self.watch(Patience::Until(deadline_after(timeout))).ok_or(ReadyTimeoutError)
    }

    /// Like [`ready_timeout`](Select::ready_timeout), with an instant.
    ///
    /// # Errors
    ///
    /// If no operation was ready in time.
    #[cfg_attr(feature = "deadlock", track_caller)]
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        waits!("selects");
        self.watch(Patience::Until(Some(deadline))).ok_or(ReadyTimeoutError)
    }

    fn choose(&self, patience: Patience) -> Option<SelectedOperation<'a>> {
        let how = How { patience, biased: self.biased, only_news: false };
        let (at, outcome) = select_any(&self.operations, how)?;
        let operation = &self.operations[at];
        let Name::Number(number) = operation.name() else { return None };
        let (side, port) = (operation.side(), operation.port()?);
        let grant = Grant::of(outcome);
        Some(SelectedOperation { number, side, port, grant, not_send: PhantomData })
    }

    fn watch(&self, patience: Patience) -> Option<usize> {
        let how = How { patience, biased: self.biased, only_news: true };
        let (at, _) = select_any(&self.operations, how)?;
        let Name::Number(number) = self.operations[at].name() else { return None };
        Some(number)
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Select::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("operations", &self.operations.len()).finish_non_exhaustive()
    }
}

/// An operation that a [`Select`] has chosen. Complete it with the handle that was added.
///
/// A buffer slot, a value, or a blocked partner is reserved for it. If it is dropped, the reservation goes to the
/// next waiter, and a value back to the front of the buffer, which another receiver may have found closed and drained
/// in between. If it is leaked ([`std::mem::forget`]), the reservation is lost: the buffer has room for one value
/// less, one value stays in it for ever, or the partner never returns.
///
/// A reserved partner waits for the completion, beyond its own deadline if it has one. If two operations have chosen
/// each other, at capacity 0, the one that is completed first blocks until the other is; if that is dropped instead,
/// it continues as a plain send or receive. A task never blocks: its send completes at once, and its value is kept
/// for the other operation; if that is dropped, the value stays in the buffer, if need be beyond the capacity.
///
/// # Memory ordering
///
/// See [`Select`](Select#memory-ordering).
///
/// # Examples
///
/// ```
/// use gosync_chan::{Select, bounded};
///
/// let (tx, rx) = bounded(1);
/// let mut select = Select::new();
/// select.send(&tx);
/// select.recv(&rx);
///
/// let operation = select.select();
/// assert_eq!(operation.index(), 0, "there is room, and nothing to receive");
/// operation.send(&tx, 5).unwrap();
/// let operation = select.select();
/// assert_eq!(operation.index(), 1);
/// drop(operation); // changes its mind
/// assert_eq!(select.select().recv(&rx), Ok(5));
/// ```
#[must_use = "what was set aside for the operation is given back when it is dropped"]
pub struct SelectedOperation<'a> {
    number: usize,
    side: Side,
    port: &'a (dyn Port + 'a),
    grant: Grant,
    not_send: PhantomData<*const ()>,
}

// No user code runs inside the channel, so no panic can leave it half changed.
impl UnwindSafe for SelectedOperation<'_> {}
impl RefUnwindSafe for SelectedOperation<'_> {}

impl SelectedOperation<'_> {
    /// The index of the operation, as [`Select::send`] or [`Select::recv`] returned it.
    #[inline]
    #[must_use]
    pub fn index(&self) -> usize {
        self.number
    }

    /// Takes the grant, if the handle is that of the operation.
    #[inline]
    #[track_caller]
    fn claim(self, port: Option<&dyn Port>, side: Side, misuse: &str) -> Grant {
        let same = port.is_some_and(|port| ptr::addr_eq(port, self.port)) && side == self.side;
        assert!(same, "{misuse}");
        let grant = self.grant;
        forget(self);
        grant
    }

    /// Completes a send.
    ///
    /// # Errors
    ///
    /// If the channel is closed, or has no receiver left. The value is in the error.
    ///
    /// # Panics
    ///
    /// If the operation is not a send to this channel.
    #[track_caller]
    pub fn send<T>(self, sender: &Sender<T>, value: T) -> Result<(), SendError<T>> {
        let grant = self.claim(sender.port(), Side::Senders, "passed a sender that wasn't selected");
        sender.send_granted(grant, value)
    }

    /// Completes a receive.
    ///
    /// # Errors
    ///
    /// If the channel is closed, or has no sender left, and has been drained.
    ///
    /// # Panics
    ///
    /// If the operation is not a receive from this channel.
    #[track_caller]
    pub fn recv<T>(self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        let grant = self.claim(receiver.port(), Side::Receivers, "passed a receiver that wasn't selected");
        receiver.recv_granted(grant)
    }
}

impl Drop for SelectedOperation<'_> {
    #[inline]
    fn drop(&mut self) {
        self.port.give_back(self.side, self.grant);
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectedOperation").field("index", &self.number).finish_non_exhaustive()
    }
}
