//! [`Futex`] for models: a word and a hidden queue of sleepers.
//!
//! The kernel checks the word and enqueues the thread in one step; here no operation that the checker sees lies between the
//! check and the sleep, so it is one step too. The check reads the newest value, as the kernel does, by a compare-exchange
//! that cannot store: a read-modify-write that stored would run into loom's mix-up of stores and read-modify-writes (loom
//! #254). The same probe stands before a wake-up, because waking a thread is no scheduling point: without it the change of
//! the word and the wake would be one step, and late wake-ups would never be tried.
//!
//! The word lives in an allocation of its own, so that a [`Waker`] that outlives its futex touches no freed memory; that
//! the *futex* is not used after its end is what `alive` checks.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::{self, Relaxed};
use std::time::Instant;

use super::control;
use super::engine::atomic::AtomicU32;
use super::engine::{self, InUse, ThreadId};
use super::sleepers::Sleepers;
#[cfg(feature = "synctest")]
use crate::__sys::bubble;
use crate::__sys::{Bucket, Lines, QueueGuard};

/// A 32-bit word that threads can sleep on.
#[derive(Debug)]
pub struct Futex {
    inner: Arc<Inner>,
    alive: InUse,
}

#[derive(Debug)]
struct Inner {
    word: AtomicU32,
    sleepers: Sleepers,
    /// Apart from those: a store ends dozes, and wakes nobody else.
    dozers: Sleepers,
    /// `None` in a futex that is part of a bucket: that of the bucket's lock.
    bucket: Option<Bucket>,
}

/// In how many turns, on average, a deadline comes, where deadlines come by themselves.
const LONG: usize = 8;

thread_local! {
    static MAKING_A_BUCKET: Cell<bool> = const { Cell::new(false) };
}

/// The line of those who wait for one [`Futex`], which may be gone by then.
#[derive(Clone, Debug)]
pub struct WaitQueue(Arc<Inner>);

impl WaitQueue {
    /// Locks it.
    pub fn lock(&self) -> QueueGuard<'_> {
        self.0.bucket.as_ref().expect("nobody queues up for a bucket's own lock").lock(0)
    }
}

/// Wakes the sleepers of one [`Futex`], which may be gone by then.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Inner>);

impl Inner {
    /// Whether the newest value of the word is `expected`. Stores nothing.
    fn is(&self, expected: u32) -> bool {
        let impossible = !expected;
        matches!(self.word.compare_exchange(impossible, impossible, Relaxed, Relaxed), Err(value) if value == expected)
    }

    /// Sleeps in the line until woken, or, where deadlines come by themselves, until this one has: `false`.
    fn sleep(&self, me: ThreadId, timed: bool) -> bool {
        if !(timed && engine::DEADLINES_COME) {
            self.sleepers.sleep(me);
            return true;
        }
        while self.sleepers.has(me) {
            if control::choose(LONG) + 1 == LONG {
                return self.sleepers.remove(me).is_none();
            }
            engine::thread::yield_now();
        }
        true
    }

    /// Wakes this thread, if it still sleeps here.
    fn wake(&self, id: ThreadId) {
        self.sleepers.remove(id).iter().for_each(engine::wake);
    }
}

#[allow(missing_docs, clippy::missing_errors_doc, reason = "as the native futex's")]
impl Futex {
    #[must_use]
    pub fn new(value: u32) -> Futex {
        let bucket = (!MAKING_A_BUCKET.replace(true)).then(|| {
            let bucket = Bucket::new();
            MAKING_A_BUCKET.set(false);
            bucket
        });
        let inner =
            Inner { word: AtomicU32::new(value), sleepers: Sleepers::default(), dozers: Sleepers::default(), bucket };
        Futex { inner: Arc::new(inner), alive: InUse::new() }
    }

    /// Works on the word, in one operation. The checker may let others run before that, and it is then that this has to be alive.
    fn during<R>(&self, f: impl FnOnce(&AtomicU32) -> R) -> R {
        let inner = Arc::clone(&self.inner);
        self.alive.during(|| f(&inner.word))
    }

    pub fn load(&self, order: Ordering) -> u32 {
        self.during(|word| word.load(order))
    }

    /// Ends every [`doze`](Futex::doze).
    pub fn store(&self, new: u32, order: Ordering) {
        // It may be gone once it is stored.
        let inner = Arc::clone(&self.inner);
        self.during(|word| word.store(new, order));
        while inner.dozers.wake_one() {}
    }

    pub fn compare_exchange(&self, current: u32, new: u32, ok: Ordering, err: Ordering) -> Result<u32, u32> {
        self.during(|word| word.compare_exchange(current, new, ok, err))
    }

    pub fn test_and_set(&self, clear: u32, set: u32, order: Ordering) -> bool {
        self.during(|word| super::test_and_set(word, clear, set, order))
    }

    pub fn swap(&self, new: u32, order: Ordering) -> u32 {
        self.during(|word| word.swap(new, order))
    }

    pub fn fetch_add(&self, n: u32, order: Ordering) -> u32 {
        self.during(|word| word.fetch_add(n, order))
    }

    pub fn fetch_sub(&self, n: u32, order: Ordering) -> u32 {
        self.during(|word| word.fetch_sub(n, order))
    }

    pub fn fetch_or(&self, bits: u32, order: Ordering) -> u32 {
        self.during(|word| word.fetch_or(bits, order))
    }

    pub fn fetch_and(&self, bits: u32, order: Ordering) -> u32 {
        self.during(|word| word.fetch_and(bits, order))
    }

    /// Sleeps while the word is `expected`, until woken; returns for no reason if the model armed that.
    pub fn wait(&self, expected: u32) {
        #[cfg(feature = "synctest")]
        if bubble::sleep(self, expected, None).is_some() {
            return;
        }
        self.wait_aside(expected);
    }

    pub(in crate::__sys) fn wait_aside(&self, expected: u32) {
        let _ = self.wait_or_be_late(expected, false);
    }

    #[cfg(feature = "synctest")]
    pub(in crate::__sys) fn is(&self, expected: u32) -> bool {
        self.alive.used();
        self.inner.is(expected)
    }

    #[cfg(feature = "synctest")]
    pub(in crate::__sys) fn key(&self) -> usize {
        Arc::as_ptr(&self.inner).addr()
    }

    fn wait_or_be_late(&self, expected: u32, timed: bool) -> bool {
        if control::spurious() {
            return true;
        }
        let me = engine::current();
        self.alive.used();
        if !self.inner.is(expected) {
            return true;
        }
        let id = me.id();
        self.inner.sleepers.push(me);
        self.inner.sleep(id, timed)
    }

    /// As [`wait`](Futex::wait). A deadline is a choice: it has passed, or it never does (in loom) or at any time (in
    /// shuttle); or the model has a clock that says.
    #[must_use]
    pub fn wait_until(&self, expected: u32, deadline: Option<Instant>) -> bool {
        #[cfg(feature = "synctest")]
        if let Some(in_time) = bubble::sleep(self, expected, deadline) {
            return in_time;
        }
        if super::has_passed(deadline) {
            return false;
        }
        let Some(deadline) = deadline.filter(|&deadline| control::is_over(deadline).is_some()) else {
            return self.wait_or_be_late(expected, deadline.is_some());
        };
        let (me, inner) = (engine::current(), Arc::clone(&self.inner));
        self.alive.used();
        if !self.inner.is(expected) {
            return true;
        }
        // The clock may have been set since the look above; from here to the sleep it cannot be.
        if control::is_over(deadline) == Some(true) {
            return false;
        }
        let id = me.id();
        let wake: Rc<dyn Fn()> = Rc::new(move || inner.wake(id));
        self.inner.sleepers.push(me);
        control::wake_at(deadline, Rc::clone(&wake));
        self.inner.sleepers.sleep(id);
        control::forget(&wake);
        true
    }

    /// In the order of the kernel: in line at the gate, a look there, in line here, a look here.
    #[must_use]
    pub fn wait_beside(&self, expected: u32, gate: &Futex, at_gate: u32) -> bool {
        #[cfg(feature = "synctest")]
        if bubble::is_inside() {
            return false;
        }
        if control::spurious() {
            return true;
        }
        let (me, id) = (engine::current(), engine::current().id());
        let (here, there) = (&self.inner.sleepers, &gate.inner.sleepers);
        gate.alive.used();
        there.push(me);
        if !gate.inner.is(at_gate) {
            // Whoever has woken it meanwhile has.
            return there.remove(id).is_none();
        }
        self.alive.used();
        here.push(engine::current());
        if !self.inner.is(expected) {
            here.remove(id);
            return there.remove(id).is_none();
        }
        engine::sleep_while(|| here.has(id) && there.has(id));
        here.remove(id);
        there.remove(id);
        true
    }

    /// Sleeps until a store changes the word, as a doze that ends by itself does sooner or later; that it may end before is
    /// of no interest. A loop of yields would do, but two of them keep each other busy while the others wait.
    pub fn doze(&self, expected: u32) {
        if control::spurious() {
            return;
        }
        let me = engine::current();
        self.alive.used();
        if self.inner.is(expected) {
            let id = me.id();
            self.inner.dozers.push(me);
            self.inner.dozers.sleep(id);
        }
    }

    #[must_use]
    pub fn queue(&self, _: Lines) -> WaitQueue {
        self.alive.used();
        WaitQueue(Arc::clone(&self.inner))
    }

    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.inner))
    }
}

impl Drop for Futex {
    fn drop(&mut self) {
        self.alive.ended();
    }
}

impl Waker {
    /// In a model a word has one bucket, and uses one of its lines.
    #[must_use]
    pub fn second_queue(&self, _: Lines) -> WaitQueue {
        WaitQueue(Arc::clone(&self.0))
    }

    /// The store has done it.
    pub fn rouse(self) {}

    /// Wakes one sleeper, if there is one.
    pub fn wake_one(self) {
        #[cfg(feature = "synctest")]
        bubble::wake(Arc::as_ptr(&self.0).addr(), 1);
        self.wake_one_aside();
    }

    pub(in crate::__sys) fn wake_one_aside(self) {
        self.0.is(u32::MAX);
        self.0.sleepers.wake_one();
    }

    /// Wakes all sleepers.
    pub fn wake_all(self) {
        #[cfg(feature = "synctest")]
        bubble::wake(Arc::as_ptr(&self.0).addr(), usize::MAX);
        self.0.is(u32::MAX);
        while self.0.sleepers.wake_one() {}
    }
}
