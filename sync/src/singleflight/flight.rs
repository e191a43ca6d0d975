//! [`Flight`]: one call that is carried out, and those who have joined it.
//!
//! 1. The outcome is written once, by the one that leads, before it is done with `over`; it is read by who has waited for
//!    that, or by the one that has written it.
//! 2. Who has joined is known under a lock of its own, which is taken with the group's lock held, or without.
//! 3. A key, a function or a future, whose drop may panic, is dropped before something is returned, and not after it, as arguments
//!    are: by then what is returned has its place at the caller's, and nobody would drop it.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::mem;

use gosync_atomic::__sys::{Arc, UnsafeCell, step};
use gosync_once::__Failure as Failure;

use crate::chan::Sender;
use crate::{Mutex, WaitGroup};

pub(super) struct Flight<K, V> {
    pub(super) key: K,
    /// Counts 1 until the outcome is there.
    pub(super) over: WaitGroup,
    /// A task can be dropped half-way.
    by_task: bool,
    joined: Mutex<Joined<V>>,
    outcome: UnsafeCell<Outcome<V>>,
}

// SAFETY: the outcome is handed on and then shared (invariant 1).
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Flight<K, V> {}

struct Joined<V> {
    /// Nobody can join any more.
    closed: bool,
    others: bool,
    channels: Vec<Sender<(V, bool)>>,
}

pub(super) enum Outcome<V> {
    Pending,
    Value(V),
    Failure(Failure),
    /// Whoever has joined makes the call himself.
    GivenUp,
}

impl<K, V> Flight<K, V> {
    pub(super) fn new(key: K, by_task: bool) -> Flight<K, V> {
        let over = WaitGroup::new();
        over.add(1);
        let joined = Mutex::new(Joined { closed: false, others: false, channels: Vec::new() });
        Flight { key, over, by_task, joined, outcome: UnsafeCell::new(Outcome::Pending) }
    }

    /// One more wants what comes of it; `false` if it is too late.
    pub(super) fn join(&self) -> bool {
        let mut joined = self.joined.lock();
        joined.others |= !joined.closed;
        !joined.closed
    }

    /// Lets the result come through this channel; `false`, and nothing else, if there may be none, or it may be there
    /// already.
    pub(super) fn notify(&self, channel: &Sender<(V, bool)>) -> bool {
        let mut joined = self.joined.lock();
        let yes = !self.by_task && !joined.closed;
        if yes {
            joined.channels.push(channel.clone());
        }
        yes
    }

    /// The outcome is there. When the guard is dropped all who wait are told.
    pub(super) fn begin_end(&self, outcome: Outcome<V>) -> impl Drop + use<'_, K, V> {
        // SAFETY: invariant 1: this is the one time.
        self.outcome.with_mut(|place| unsafe { *place = outcome });
        Over(&self.over)
    }

    /// Nobody joins any more; whether somebody has, and the channels.
    pub(super) fn close(&self) -> (bool, Vec<Sender<(V, bool)>>) {
        let mut joined = self.joined.lock();
        joined.closed = true;
        (joined.others, mem::take(&mut joined.channels))
    }

    /// For the last one who has a reference: the value, if there is one.
    pub(super) fn into_value(self) -> Option<V> {
        let Flight { key, outcome, .. } = self;
        let outcome = outcome.into_inner();
        drop(key); // Invariant 3.
        match outcome {
            Outcome::Value(value) => Some(value),
            _ => None,
        }
    }
}

impl<K, V: Clone> Flight<K, V> {
    /// When it is over: a clone of the value, or `None` if it was given up. Panics if the call has.
    #[track_caller]
    pub(super) fn landed(&self) -> Option<V> {
        // SAFETY: invariant 1: it is over, so nobody changes it.
        match self.outcome.with(|outcome| unsafe { &*outcome }) {
            Outcome::Value(value) => Some(value.clone()),
            Outcome::Failure(failure) => failure.raise(),
            Outcome::GivenUp | Outcome::Pending => None,
        }
    }
}

struct Over<'a>(&'a WaitGroup);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        step!("singleflight.over", self.0.done());
    }
}

/// In the group's set, found by its key.
pub(super) struct Entry<K, V>(pub(super) Arc<Flight<K, V>>);

impl<K, V> Borrow<K> for Entry<K, V> {
    fn borrow(&self) -> &K {
        &self.0.key
    }
}

impl<K: Hash, V> Hash for Entry<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

impl<K: PartialEq, V> PartialEq for Entry<K, V> {
    fn eq(&self, other: &Entry<K, V>) -> bool {
        self.0.key == other.0.key
    }
}

impl<K: Eq, V> Eq for Entry<K, V> {}
