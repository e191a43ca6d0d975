//! A hidden line of sleeping threads. It is std's and invisible to the checker, so it adds no edges and no turns.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::engine::{self, Thread, ThreadId};

#[derive(Debug, Default)]
pub(super) struct Sleepers(Mutex<VecDeque<Thread>>);

impl Sleepers {
    fn line(&self) -> MutexGuard<'_, VecDeque<Thread>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, me: Thread) {
        self.line().push_back(me);
    }

    /// Sleeps until somebody else takes this thread out.
    pub(super) fn sleep(&self, me: ThreadId) {
        engine::sleep_while(|| self.has(me));
    }

    pub(super) fn has(&self, thread: ThreadId) -> bool {
        self.line().iter().any(|sleeper| sleeper.id() == thread)
    }

    /// Takes a thread out, if it is still there.
    pub(super) fn remove(&self, thread: ThreadId) -> Option<Thread> {
        let mut line = self.line();
        let at = line.iter().position(|sleeper| sleeper.id() == thread)?;
        line.remove(at)
    }

    /// Wakes the first, and says whether there was one.
    pub(super) fn wake_one(&self) -> bool {
        // The line is free again by then: whoever is woken looks at it.
        let first = self.line().pop_front();
        first.inspect(engine::wake).is_some()
    }
}
