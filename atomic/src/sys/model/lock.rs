//! [`Lock`]: the checker's mutex, or the shipped lock on request.
//!
//! What is built on the lock relies on its contract alone (`lock.rs`), which has models of its own. Putting the checker's
//! mutex in its place keeps the models of everything else small; two-thread models of channels also run on the real one.

use super::engine::{Mutex, MutexGuard};
use super::{Pacer, control};
use crate::__sys::RawLock;

/// Mutual exclusion without data.
#[derive(Debug)]
pub struct Lock {
    kind: Kind,
    rank: usize,
}

#[derive(Debug)]
enum Kind {
    Model(Mutex<()>),
    Real(RawLock),
}

/// Releases its [`Lock`] when dropped.
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a> {
    held: Held<'a>,
}

#[derive(Debug)]
enum Held<'a> {
    Model { _guard: MutexGuard<'a, ()> },
    Real(&'a RawLock),
}

impl Lock {
    /// A free lock.
    #[must_use]
    pub fn new() -> Lock {
        let kind = if control::settings().real_lock { Kind::Real(RawLock::new()) } else { Kind::Model(Mutex::new(())) };
        Lock { kind, rank: control::next_lock() }
    }

    /// Takes the lock. Blocks; not re-entrant.
    ///
    /// # Panics
    ///
    /// Never: its mutex is poisoned only by a model that has failed already.
    pub fn lock(&self) -> LockGuard<'_> {
        let held = match &self.kind {
            Kind::Model(mutex) => Held::Model { _guard: mutex.lock().expect("a model that failed") },
            Kind::Real(raw) => {
                raw.lock();
                Held::Real(raw)
            }
        };
        LockGuard { held }
    }

    /// The same: a model has no time.
    pub fn lock_paced(&self, _pacer: impl FnOnce() -> Pacer) -> LockGuard<'_> {
        self.lock()
    }

    /// Takes the lock if that needs no waiting.
    pub fn try_lock(&self) -> Option<LockGuard<'_>> {
        let held = match &self.kind {
            Kind::Model(mutex) => Held::Model { _guard: mutex.try_lock().ok()? },
            Kind::Real(raw) => raw.try_lock().then_some(Held::Real(raw))?,
        };
        Some(LockGuard { held })
    }

    /// Whether nobody holds the lock, for who knows that nobody will take it any more: it is the caller's then.
    pub fn is_free(&self) -> bool {
        match &self.kind {
            Kind::Model(mutex) => mutex.try_lock().is_ok(),
            Kind::Real(raw) => raw.is_free(),
        }
    }

    /// Where this lock stands in the order in which several locks are taken: by creation.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }
}

impl Default for Lock {
    fn default() -> Lock {
        Lock::new()
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        if let Held::Real(raw) = self.held {
            // SAFETY: a guard exists only while its lock is held, and releases it once.
            unsafe { raw.unlock() }
        }
    }
}
