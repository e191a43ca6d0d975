//! Suppression of duplicate calls: Go's `golang.org/x/sync/singleflight`.
//!
//! See [`Group`].

#[cfg(feature = "async")]
mod call_async;
mod flight;

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};

use gosync_atomic::__sys::{Arc, const_fn, contained, step, waits};
use gosync_once::__Failure as Failure;

use crate::chan::{self, Receiver};
use crate::{Mutex, go};
use flight::{Entry, Flight, Outcome};

/// Runs one call per key at a time; concurrent calls with the same key wait for it and share its result: Go's
/// `singleflight.Group`.
///
/// For expensive work that several threads often request at once, such as filling a cache. [`call`](Group::call) runs
/// its function if no call with an equal key is in progress, and otherwise waits for that one. Results are not kept.
///
/// `V` is cloned for each caller that shares it. It may be a `Result`; if clones are expensive, use an `Arc`.
///
/// `Hash` and `Eq` of keys are called under a lock, and must not use the group.
///
/// # Panics
///
/// If a function panics, every call that shares it panics. The call that ran it gets the original payload; the others
/// get the same message if it is a `&'static str` or a `String`, and otherwise an [`OncePanic`](crate::OncePanic).
/// The group stays usable.
///
/// # Memory ordering
///
/// The completion of the function happens before the return of every call that shares its result, and before the receive
/// of a result by a channel (`singleflight.fn-before-every-return`).
///
/// # Differences from Go
///
/// A panic in the function of a [`call_chan`](Group::call_chan) ends a Go program. Here it ends a thread, and closes the
/// channels.
///
/// # Examples
///
/// ```
/// use std::thread;
///
/// use gosync::singleflight::Group;
///
/// static PAGES: Group<String, String> = Group::new();
///
/// fn page(name: &str) -> String {
///     let (page, _shared) = PAGES.call(name.to_owned(), || format!("what the disk has of {name}"));
///     page
/// }
///
/// thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| assert_eq!(page("index"), "what the disk has of index"));
///     }
/// });
/// ```
#[doc(alias = "singleflight.Group")]
pub struct Group<K, V> {
    /// Those under way that can be joined.
    flights: Mutex<Option<HashSet<Entry<K, V>>>>,
}

// Whoever shares a call that panics is told, and nobody sees anything half made.
impl<K, V> UnwindSafe for Group<K, V> {}
impl<K, V> RefUnwindSafe for Group<K, V> {}

impl<K, V> Group<K, V> {
    const_fn! {
        /// A group without calls. Go: `var group singleflight.Group`.
        #[must_use]
        pub const fn new() -> Group<K, V> {
            Group { flights: Mutex::new(None) }
        }
    }
}

/// A call's part in a flight.
enum Role<K, V> {
    /// It carries it out.
    Lead(Arc<Flight<K, V>>),
    /// It waits for another one's; with its own key.
    Follow(Arc<Flight<K, V>>, K),
}

impl<K: Eq + Hash, V: Clone> Group<K, V> {
    /// Returns the result of `f`, or of the call in progress with an equal key, and whether the result is shared.
    /// Blocks meanwhile. Go: `group.Do(key, f)`.
    ///
    /// # Panics
    ///
    /// If the function that is run panics: see [`Group`].
    ///
    /// A function that calls with its own key deadlocks, as in Go.
    ///
    /// # Examples
    ///
    /// ```
    /// let group = gosync::singleflight::Group::new();
    /// assert_eq!(group.call("key", || 1), (1, false));
    /// // Nothing is kept.
    /// assert_eq!(group.call("key", || 2), (2, false));
    /// ```
    #[track_caller]
    #[doc(alias = "Do")]
    pub fn call(&self, mut key: K, f: impl FnOnce() -> V) -> (V, bool) {
        loop {
            match self.join(key, false) {
                Role::Lead(flight) => return Lead::new(self, flight).run(f),
                Role::Follow(flight, own) => {
                    waits!("waits for a call with the same key");
                    key = own;
                    flight.over.wait();
                    // If not: it was a task's, which has gone.
                    if let Some(value) = flight.landed() {
                        drop((flight, key, f)); // Invariant 3 of `flight.rs`.
                        return (value, true);
                    }
                }
            }
        }
    }

    /// Like [`call`](Group::call), without blocking: the result arrives on a channel. Go: `group.DoChan(key, f)`.
    ///
    /// If no call with an equal key is in progress, `f` runs on a new thread. The channel delivers one value: the
    /// result, and whether it is shared. It is closed without a value if the function, or the clone of the result,
    /// panics.
    ///
    /// For a group in a `static`: [`call_chan_static`](Group::call_chan_static).
    ///
    /// # Panics
    ///
    /// If no thread can be started. Callers that have joined this call meanwhile run their own function; channels are
    /// closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use gosync::select;
    /// use gosync::singleflight::Group;
    ///
    /// let group = Arc::new(Group::new());
    /// let result = group.call_chan("key", || 1);
    /// select! {
    ///     recv(result) -> result => assert_eq!(result, Ok((1, false))),
    ///     default(Duration::from_secs(60)) => panic!("too late"),
    /// }
    /// ```
    #[doc(alias = "DoChan")]
    pub fn call_chan<F>(self: &std::sync::Arc<Self>, key: K, f: F) -> Receiver<(V, bool)>
    where
        F: FnOnce() -> V + Send + 'static,
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        call_chan(std::sync::Arc::clone(self), key, f)
    }

    /// Like [`call_chan`](Group::call_chan), for a group in a `static`. Go: `group.DoChan(key, f)` on a global.
    ///
    /// # Panics
    ///
    /// Same as [`call_chan`](Group::call_chan).
    ///
    /// # Examples
    ///
    /// ```
    /// use gosync::singleflight::Group;
    ///
    /// static GROUP: Group<&str, i32> = Group::new();
    /// assert_eq!(GROUP.call_chan_static("key", || 1).recv(), Ok((1, false)));
    /// ```
    #[doc(alias = "DoChan")]
    pub fn call_chan_static<F>(&'static self, key: K, f: F) -> Receiver<(V, bool)>
    where
        F: FnOnce() -> V + Send + 'static,
        K: Send + Sync,
        V: Send + Sync,
    {
        call_chan(self, key, f)
    }

    /// Later calls with this key do not join the one in progress, if there is one. Go: `group.Forget(key)`.
    ///
    /// Callers that have joined still get its result.
    ///
    /// # Examples
    ///
    /// ```
    /// let group = gosync::singleflight::Group::new();
    /// let (outer, _) = group.call("key", || {
    ///     group.forget(&"key");
    ///     group.call("key", || 1).0 + 1
    /// });
    /// assert_eq!(outer, 2);
    /// ```
    #[doc(alias = "Forget")]
    pub fn forget(&self, key: &K) {
        // What is taken out is dropped without the lock.
        let _entry = self.flights.lock().as_mut().and_then(|flights| flights.take(key));
    }

    /// Joins the flight of this key, or begins one.
    #[allow(clippy::mutable_key_type, reason = "what changes in a flight is not its key")]
    fn join(&self, key: K, by_task: bool) -> Role<K, V> {
        // Dropped after the lock is released, whatever panics.
        let made;
        let stale;
        {
            let mut flights = self.flights.lock();
            let flights = flights.get_or_insert_with(HashSet::new);
            if let Some(Entry(found)) = flights.get(&key) {
                // One that is closed is about to be taken out; or cannot be, because a comparison has panicked.
                if found.join() {
                    return Role::Follow(Arc::clone(found), key);
                }
            }
            made = Arc::new(Flight::new(key, by_task));
            stale = flights.replace(Entry(Arc::clone(&made)));
        }
        // Its key may panic. That is reported, and is not this call's affair: nobody else leads the flight, and others may join it.
        contained(|| drop(stale));
        Role::Lead(made)
    }

    /// The flight has come to this end. Tells all who have joined it; whether there are any.
    fn end(&self, flight: &Arc<Flight<K, V>>, outcome: Outcome<V>) -> bool {
        // Whatever panics: nobody is left behind.
        let _over = flight.begin_end(outcome);
        let (joined, channels) = flight.close();
        // It compares keys. If that panics, it is the leader's affair.
        let taken_out = catch_unwind(AssertUnwindSafe(|| self.take_out(flight)));
        for channel in channels {
            // A clone that panics is that channel's affair; it closes.
            contained(|| _ = flight.landed().map(|value| channel.try_send((value, true))));
        }
        taken_out.unwrap_or_else(|payload| resume_unwind(payload));
        joined
    }

    /// It is closed, and of no use in the set.
    fn take_out(&self, flight: &Arc<Flight<K, V>>) {
        let mut flights = self.flights.lock();
        let Some(flights) = flights.as_mut() else { return };
        let is_it = |Entry(found): &Entry<K, V>| step!("singleflight.own-entry", Arc::ptr_eq(found, flight), else true);
        if flights.get(&flight.key).is_some_and(is_it) {
            // Not the last reference, so nothing of the user's is dropped here.
            flights.take(&flight.key);
        }
    }
}

/// The one that carries a flight out, perhaps on its way to a thread. Dropped before the end, it gives the flight up.
struct Lead<G: Deref<Target = Group<K, V>>, K: Eq + Hash, V: Clone> {
    group: G,
    flight: Option<Arc<Flight<K, V>>>,
}

impl<G: Deref<Target = Group<K, V>>, K: Eq + Hash, V: Clone> Lead<G, K, V> {
    fn new(group: G, flight: Arc<Flight<K, V>>) -> Lead<G, K, V> {
        Lead { group, flight: Some(flight) }
    }

    /// Carries it out, and returns what comes of it.
    #[track_caller]
    fn run(mut self, f: impl FnOnce() -> V) -> (V, bool) {
        // The closure is gone after a panic, which goes on.
        match catch_unwind(AssertUnwindSafe(f)) {
            Ok(value) => self.land(value),
            Err(payload) => self.fail(payload),
        }
    }

    /// The value, and whether others have it too.
    fn land(&mut self, value: V) -> (V, bool) {
        let (flight, joined) = self.finish(Outcome::Value(value));
        let value = match Arc::try_unwrap(flight) {
            Ok(flight) => flight.into_value(),
            Err(flight) => {
                let value = flight.landed();
                drop(flight); // It may be the last by now: invariant 3 of `flight.rs`.
                value
            }
        };
        (value.expect("it has just landed"), joined)
    }

    fn fail(&mut self, payload: Box<dyn Any + Send>) -> ! {
        self.finish(Outcome::Failure(Failure::new(&*payload)));
        resume_unwind(payload);
    }

    fn finish(&mut self, outcome: Outcome<V>) -> (Arc<Flight<K, V>>, bool) {
        let flight = self.flight.take().expect("it ends once");
        let joined = self.group.end(&flight, outcome);
        (flight, joined)
    }
}

impl<G: Deref<Target = Group<K, V>>, K: Eq + Hash, V: Clone> Drop for Lead<G, K, V> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.group.end(&flight, Outcome::GivenUp);
        }
    }
}

fn call_chan<G, K, V, F>(group: G, key: K, f: F) -> Receiver<(V, bool)>
where
    G: Deref<Target = Group<K, V>> + Send + 'static,
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    F: FnOnce() -> V + Send + 'static,
{
    let (sender, receiver) = chan::bounded(1);
    match group.join(key, false) {
        Role::Lead(flight) => {
            // If no thread starts it is dropped.
            let lead = Lead::new(group, flight);
            // A receiver that has gone is no matter.
            go(move || _ = sender.try_send(lead.run(f)));
        }
        // A task's flight may be given up: then this call is to begin one of its own.
        Role::Follow(flight, key) if !flight.notify(&sender) => {
            go(move || {
                flight.over.wait();
                let result = flight.landed().map_or_else(|| group.call(key, f), |value| (value, true));
                let _ = sender.try_send(result);
            });
        }
        Role::Follow(flight, key) => drop((flight, key, f)), // Invariant 3 of `flight.rs`.
    }
    receiver
}

impl<K, V> Default for Group<K, V> {
    fn default() -> Group<K, V> {
        Group::new()
    }
}

impl<K, V> fmt::Debug for Group<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Group");
        if let Some(flights) = self.flights.try_lock() {
            fields.field("calls", &flights.as_ref().map_or(0, HashSet::len));
        }
        fields.finish_non_exhaustive()
    }
}
