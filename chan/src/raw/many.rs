//! Sends and receives of several values at a time.
//!
//! They are what as many single operations would be, one after the other, and others may come in between; but in a
//! [lane](super::lanes), and in the ring under the lock, as many as there is room for, or as there are, take one turn: one locked
//! instruction, one look at the other side. What there is more to than the ring, a peer that waits, or to wait, is left to the
//! single operations.
//!
//! A turn is short, for others wait for its end awake: it moves [`CHUNK`] bytes at most. And as in every turn in a lane, nothing is called
//! there that could panic, or block: memory for what is received is there before, and what is sent is not an iterator's to
//! make.
//!
//! A receive waits for its first value as a single one does. After that it takes what is in the buffer, and the values of blocked
//! senders as they get there; but it does not wait for a select that was given the room and has yet to evaluate its message
//! ([`Patience::TryItem`]): that may take for ever, if its task is one that only the caller's thread can poll.

use std::mem::MaybeUninit;

use gosync_atomic::__sys::step;

use super::held::Held;
use super::lane::Barred;
use super::lanes::Attempt;
use super::state::{Company, signs};
use super::{Channel, Patience, RecvFailure, SendFailure};

/// The most bytes of values that a turn moves, but for a value that is larger.
const CHUNK: usize = 2048;

/// The values of a turn, at most.
const fn chunk_of<T>() -> usize {
    match size_of::<T>() {
        0 => CHUNK,
        size if size < CHUNK => CHUNK / size,
        _ => 1,
    }
}

/// What is still to be sent of a vector. Its drop leaves that in the vector, and nothing else.
pub(crate) struct Unsent<'a, T> {
    /// Its length is 0; but behind it are values, from `sent` to `len`.
    values: &'a mut Vec<T>,
    sent: usize,
    len: usize,
}

impl<'a, T> Unsent<'a, T> {
    pub(crate) fn new(values: &'a mut Vec<T>) -> Unsent<'a, T> {
        let len = values.len();
        // SAFETY: no longer than it was. The values are this one's.
        unsafe { values.set_len(0) };
        Unsent { values, sent: 0, len }
    }

    fn left(&self) -> usize {
        self.len - self.sent
    }

    /// How many have been sent.
    pub(crate) fn sent(&self) -> usize {
        self.sent
    }

    /// Where the first of those that are left is.
    fn first(&mut self) -> *mut T {
        // SAFETY: no further than the values go.
        unsafe { self.values.as_mut_ptr().add(self.sent) }
    }

    fn take(&mut self) -> T {
        debug_assert!(self.left() > 0);
        // SAFETY: there is one left, and it is counted out below.
        let value = unsafe { self.first().read() };
        self.sent += 1;
        value
    }

    /// Undoes [`take`](Unsent::take).
    fn put_back(&mut self, value: T) {
        self.sent -= 1;
        // SAFETY: it was there.
        unsafe { self.first().write(value) };
    }
}

impl<T> Drop for Unsent<'_, T> {
    fn drop(&mut self) {
        let (left, first) = (self.left(), self.first());
        let values = self.values.as_mut_ptr();
        // SAFETY: both are in the vector, and there are so many values from the first one on.
        unsafe { first.copy_to(values, left) };
        // SAFETY: there they are now.
        unsafe { self.values.set_len(left) };
    }
}

impl<T> Channel<T> {
    /// Sends the values, in order, blocking as long as there is patience. If it fails, those that are left are not sent.
    pub(crate) fn send_many(&self, values: &mut Unsent<'_, T>, patience: Patience) -> Result<(), SendFailure<()>> {
        while values.left() > 0 {
            let attempt = match self.send_some_in_lane(values) {
                Attempt::Done(()) => continue,
                Attempt::Locked if self.send_some_locked(values) => continue,
                attempt => attempt,
            };
            let value = values.take();
            match self.send_otherwise(value, patience, attempt) {
                Ok(()) => {}
                Err(SendFailure::Full(value)) => {
                    step!("many.put-back-full", values.put_back(value));
                    return Err(SendFailure::Full(()));
                }
                Err(SendFailure::Closed(value)) => {
                    step!("many.put-back-closed", values.put_back(value));
                    return Err(SendFailure::Closed(()));
                }
            }
        }
        Ok(())
    }

    /// As [`send_many`](Channel::send_many), without blocking.
    pub(crate) fn try_send_many(&self, values: &mut Unsent<'_, T>) -> Result<(), SendFailure<()>> {
        if values.left() > 0 && !self.may_proceed(signs::SEND) {
            return Err(SendFailure::Full(()));
        }
        self.send_many(values, Patience::Try)
    }

    /// Receives so many values at most, and waits for the first, as long as there is patience; not for more, nor for a sender that was
    /// promised. How many.
    pub(crate) fn recv_many(&self, into: &mut Vec<T>, limit: usize, patience: Patience) -> Result<usize, RecvFailure> {
        let before = into.len();
        loop {
            let received = into.len() - before;
            let left = limit - received;
            // Without a buffer there is none but a sender's.
            if left == 0 || (received > 0 && self.front.capacity == 0) {
                return Ok(received);
            }
            // Before the values are taken: there may be no memory.
            into.reserve(if into.capacity() == into.len() {
                left.min(received.max(chunk_of::<T>().min(32)))
            } else {
                0
            });
            let patience = if received > 0 { Patience::TryItem } else { patience };
            let attempt = match self.recv_some_in_lane(into, left) {
                Attempt::Done(true) => continue,
                // There were no more.
                Attempt::Done(false) => return Ok(into.len() - before),
                Attempt::Impossible if received > 0 => return Ok(received),
                Attempt::Locked if self.recv_some_locked(into, left) => continue,
                Attempt::Impossible => Attempt::Impossible,
                Attempt::Busy => Attempt::Busy,
                Attempt::Early => Attempt::Early,
                Attempt::Locked => Attempt::Locked,
            };
            match self.recv_otherwise(patience, attempt) {
                Ok(value) => into.push(value),
                Err(_) if received > 0 => return Ok(received),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// As [`recv_many`](Channel::recv_many), without blocking.
    pub(crate) fn try_recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvFailure> {
        if limit > 0 && !self.may_proceed(signs::RECV | signs::TIMER) {
            return Err(RecvFailure::Empty);
        }
        self.recv_many(into, limit, Patience::Try)
    }

    /// As [`try_recv_many`](Channel::try_recv_many), of what is in the buffer: waits for no sender that was promised.
    #[cfg(feature = "async")]
    pub(crate) fn recv_many_items(&self, into: &mut Vec<T>, limit: usize) -> usize {
        if self.front.capacity == 0 || limit == 0 || !self.may_proceed(signs::RECV | signs::TIMER) {
            return 0;
        }
        self.recv_many(into, limit, Patience::TryItem).unwrap_or(0)
    }

    /// Sends what there is room for, one value at least, in one turn in the lane.
    fn send_some_in_lane(&self, values: &mut Unsent<'_, T>) -> Attempt<()> {
        let (own, other) = (&self.lanes.send, &self.lanes.recv);
        let at = match own.enter() {
            Ok(at) => at,
            Err(Barred::Busy) => return Attempt::Busy,
            Err(Barred::Shut) => return Attempt::Locked,
        };
        self.state.with(|state| {
            // SAFETY: nobody changes the ring while a lane is open, and this one is busy.
            let ring = unsafe { &(*state).ring };
            let limit = ring.limit();
            let most = values.left().min(chunk_of::<T>());
            // SAFETY: in the lane.
            let mut room = limit.saturating_sub(at.since(unsafe { own.seen() }));
            if room < most {
                // SAFETY: as above.
                step!("many.see", room = limit.saturating_sub(at.since(unsafe { own.see(other) })));
            }
            if room == 0 {
                // SAFETY: in the lane.
                unsafe { own.leave() };
                return if limit == self.front.capacity { Attempt::Impossible } else { Attempt::Locked };
            }
            let n = room.min(most);
            let first = values.first();
            for i in 0..n {
                // SAFETY: so many are left, and are counted out below.
                let value = unsafe { first.wrapping_add(i).read() };
                // SAFETY: there are slots, and so many are free, as in `send_in_lane`.
                unsafe { ring.put(at.ahead(i).index(), value) };
            }
            step!("many.sent", values.sent += n);
            // SAFETY: in the lane.
            unsafe { own.advance(at.ahead(n)) };
            // SAFETY: in the lane, which has got so far.
            unsafe { own.leave() };
            Attempt::Done(())
        })
    }

    /// Receives what is there and has a place in the vector, one value at least, in one turn in the lane. Whether there may be more.
    fn recv_some_in_lane(&self, into: &mut Vec<T>, limit: usize) -> Attempt<bool> {
        let len = into.len();
        let places = into.spare_capacity_mut();
        let most = places.len().min(limit).min(chunk_of::<T>());
        let (own, other) = (&self.lanes.recv, &self.lanes.send);
        let at = match own.enter() {
            Ok(at) => at,
            Err(Barred::Busy) => return Attempt::Busy,
            Err(Barred::Shut) => return Attempt::Locked,
        };
        // SAFETY: in the lane.
        let mut seen = unsafe { own.seen() };
        if seen.since(at) < most {
            let was_empty = seen == at;
            seen = other.position();
            if seen == at {
                // SAFETY: in the lane.
                unsafe { own.leave() };
                return Attempt::Impossible;
            }
            // SAFETY: in the lane.
            if was_empty && unsafe { self.lanes.heels.are_close(seen.since(at)) } {
                // SAFETY: in the lane, where nothing has been done, and no look is known of.
                unsafe { own.leave() };
                return Attempt::Early;
            }
            // SAFETY: in the lane.
            unsafe { own.note(seen) };
        }
        let n = seen.since(at).min(most);
        let is_over = self.state.with(|state| {
            // SAFETY: nobody changes the ring while a lane is open, and this one is busy.
            let ring = unsafe { &(*state).ring };
            for (i, place) in places[..n].iter_mut().enumerate() {
                // SAFETY: senders have got further than this value, and only who is in this lane moves one out.
                place.write(unsafe { ring.get(at.ahead(i).index()) });
            }
            n == seen.since(at) && ring.is_large()
        });
        // SAFETY: in the lane.
        unsafe { own.advance(at.ahead(n)) };
        // SAFETY: in the lane, which has got so far.
        unsafe { own.leave() };
        // SAFETY: so many were written.
        step!("many.received", unsafe { into.set_len(len + n) });
        if is_over {
            self.settling().ring.tidy();
        }
        Attempt::Done(n == most)
    }

    /// As [`send_some_in_lane`](Channel::send_some_in_lane), with the lock, if the lanes are shut, and there is nothing to it but the
    /// ring, which has room: whether it was so.
    fn send_some_locked(&self, values: &mut Unsent<'_, T>) -> bool {
        let lock = self.front.lock();
        // SAFETY: the lock is held, and released after the last use of this.
        let Some(held) = (unsafe { Held::unless_lanes_are_open(self, true) }) else { return false };
        let most = values.left().min(chunk_of::<T>());
        // SAFETY: so many are left, and those that are taken are counted out.
        let n = unsafe { held.push_some(values.first(), most) };
        step!("many.sent-locked", values.sent += n);
        drop(lock);
        n > 0
    }

    /// As [`recv_some_in_lane`](Channel::recv_some_in_lane), in the same way.
    fn recv_some_locked(&self, into: &mut Vec<T>, limit: usize) -> bool {
        let len = into.len();
        let places = into.spare_capacity_mut();
        let most = places.len().min(limit).min(chunk_of::<T>());
        let lock = self.front.lock();
        // SAFETY: the lock is held, and released after the last use of this.
        let Some(held) = (unsafe { Held::unless_lanes_are_open(self, true) }) else { return false };
        let n = held.pop_some(&mut places[..most]);
        drop(lock);
        // SAFETY: so many were written.
        step!("many.received-locked", unsafe { into.set_len(len + n) });
        n > 0
    }
}

impl<T> Held<'_, T> {
    /// Appends values to the ring, if there is nothing else to it, as many as need no memory: how many.
    ///
    /// # Safety
    ///
    /// From `first` on there are so many values, and those that were appended are not used again.
    unsafe fn push_some(mut self, first: *const T, most: usize) -> usize {
        let capacity = self.capacity();
        let state = self.state();
        if state.company != Company::Nobody {
            return 0;
        }
        let before = state.ring.len();
        // It may hold a value too many.
        let n = state.ring.limit().saturating_sub(before).min(most);
        if n == 0 {
            return 0;
        }
        for i in 0..n {
            // SAFETY: the caller's contract. It needs no memory: there are as many slots as the limit.
            state.ring.push(unsafe { first.wrapping_add(i).read() }, capacity);
        }
        let len = state.ring.len();
        step!("many.sent.publish-len", self.publish_len());
        if len == capacity {
            self.publish(signs::RECV);
        } else if before == 0 {
            step!("many.sent.publish", self.publish(signs::RECV | signs::SEND));
        }
        self.note_calm();
        n
    }

    /// Takes the oldest values out of the ring, if there is nothing else to it: how many.
    fn pop_some(mut self, places: &mut [MaybeUninit<T>]) -> usize {
        let capacity = self.capacity();
        let state = self.state();
        let is_closed = state.company == Company::Closed;
        if !is_closed && state.company != Company::Nobody {
            return 0;
        }
        let before = state.ring.len();
        let n = places.iter_mut().map_while(|place| state.ring.pop().map(|value| place.write(value))).count();
        if n == 0 {
            return 0;
        }
        let len = state.ring.len();
        step!("many.received.publish-len", self.publish_len());
        if step!("many.received.closed", is_closed, else false) {
            // The signs stay as they are: after the last value there is the end to report.
            return n;
        }
        if len == 0 {
            step!("many.received.publish-all", self.publish(signs::SEND));
        } else if before == capacity {
            step!("many.received.publish-some", self.publish(signs::RECV | signs::SEND));
        }
        self.note_calm();
        n
    }
}
